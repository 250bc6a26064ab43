// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host explained: memory, forecast, containers at risk below their own limits. Never allocates; what is unknown is left
 * out or said to be unknown. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8_clean.h"
#include "display_name.h"
#include "snapshot.h"
#include "explain.h"
#include "explain_line.h"
#include "enum_text.h"
#include "phrase.h"

#define MOST_NAMED 5

static void add_identity(struct explanation *s, const struct hr_host *host, uint64_t now_ns)
{
	struct line *l = explain_line(s, STYLE_BOLD);
	char node[128], kernel[128];

	text_clean(host->node, sizeof(host->node), node, sizeof(node));
	text_clean(host->kernel, sizeof(host->kernel), kernel, sizeof(kernel));
	line_add(l, "Host%s%s", *node ? " " : "", node);
	if (*kernel)
		line_add(l, ", kernel %s", kernel);
	if (host->started_ns && host->started_ns != HR_UNKNOWN && host->started_ns <= now_ns)
		line_add_ms(l, ", monitored for ", (now_ns - host->started_ns) / NS_PER_MS, "");
}

static void add_memory(struct explanation *s, const struct hr_host *host)
{
	struct line *l = explain_line(s, STYLE_PLAIN);

	if (!host->mem_total || host->mem_total == HR_UNKNOWN ||
	    host->mem_available == HR_UNKNOWN) {
		line_add(l, "Available memory unknown.");
		return;
	}
	line_add_bytes(l, "Memory ", host->mem_total, "");
	line_add_bytes(l, ", available ", host->mem_available, "");
	if (!host->swap_total)
		line_add(l, "; no swap");
	else
		line_add_bytes(l, "; swap ", host->swap_total, "");
	if (host->swap_total && host->swap_total != HR_UNKNOWN)
		line_add_bytes(l, ", free ", host->swap_free, "");
	line_add(l, ".");
}

/* Alarms of containers that their own limit or a parent's would stop: one at host level concerns every container. */
static void add_at_risk(struct explanation *s, const struct hr_slot *slots, size_t n)
{
	struct line *l = NULL;
	size_t named = 0, all = 0;
	char label[640];

	for (int alarm = HR_ALARM_ACT; alarm >= HR_ALARM_WARN; alarm--)
		for (size_t i = 0; i < n; i++) {
			const struct hr_slot *slot = &slots[i];
			struct record_text from = record_text_slot(slot);

			if (slot_gone(slot) || slot->forecast.alarm != alarm ||
			    slot->binding.level == HR_LEVEL_HOST)
				continue;
			if (all++ >= MOST_NAMED)
				continue;
			if (!l)
				l = explain_line(s, alarm == HR_ALARM_ACT ? STYLE_BAD : STYLE_WARN);
			identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
			line_add(l, "%s%s (alarm %s)",
				 named++ ? ", " : "At risk below their own limits: ", label,
				 or_unknown(alarm_word(slot->forecast.alarm)));
		}
	if (all > named)
		line_add(l, " and %zu more", all - named);
	if (all)
		line_add(l, ".");
}

void explain_host(struct explanation *s, const struct hr_host *host, const struct hr_slot *slots,
		  size_t n, const struct hr_event *const *kill, uint64_t now_ns)
{
	struct line *l;

	add_identity(s, host, now_ns);
	explain_forecast(s, &host->forecast);
	add_memory(s, host);
	explain_pressure(s, &host->pressure);
	add_at_risk(s, slots, n);
	if (host->process[0].pid) {
		l = explain_line(s, STYLE_PLAIN);
		line_add(l, "Largest processes outside containers: ");
		phrase_processes(l, host->process, HR_HOST_PROCESSES);
		line_add(l, ".");
	}
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Since boot: ");
	if (host->oom_kills == HR_UNKNOWN)
		line_add(l, "OOM kills unknown.");
	else
		line_add(l, "%llu OOM kill%s.", (unsigned long long)host->oom_kills,
			 host->oom_kills == 1 ? "" : "s");
	explain_list(s, kill, now_ns);
	explain_score(s, &host->score);
}
