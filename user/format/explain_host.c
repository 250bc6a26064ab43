// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sentences on the host: what it has left, what is foreseen, who is in danger on it. Never allocates; what is not known
 * is left out or said to be unknown. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "display_name.h"
#include "snapshot.h"
#include "explain.h"
#include "explain_line.h"
#include "enum_text.h"

#define MOST_NAMED 5

static void describe_identity(struct explanation *s, const struct hr_host *host, uint64_t now_ns)
{
	char node[128], kernel[128], age[UNITS_TEXT];

	text_clean(host->node, sizeof(host->node), node, sizeof(node));
	text_clean(host->kernel, sizeof(host->kernel), kernel, sizeof(kernel));
	explain_line(s, STYLE_BOLD);
	explain_add(s, "The host%s%s", *node ? " " : "", node);
	if (*kernel)
		explain_add(s, ", kernel %s", kernel);
	if (host->started_ns && host->started_ns != HR_UNKNOWN && host->started_ns <= now_ns)
		explain_add(s, ", watched for %s",
			    units_duration_ms((now_ns - host->started_ns) / NS_PER_MS, age));
}

static void describe_memory(struct explanation *s, const struct hr_host *host)
{
	char a[UNITS_TEXT], b[UNITS_TEXT];

	explain_line(s, STYLE_PLAIN);
	if (!host->mem_total || host->mem_total == HR_UNKNOWN ||
	    host->mem_available == HR_UNKNOWN) {
		explain_add(s, "How much memory it has left is not known yet.");
		return;
	}
	explain_add(s, "Of its %s of memory %s are available", units_bytes(host->mem_total, a),
		    units_bytes(host->mem_available, b));
	if (host->swap_total == HR_UNKNOWN)
		explain_add(s, ".");
	else if (!host->swap_total)
		explain_add(s, "; it has no swap.");
	else
		explain_add(s, "; of %s of swap %s are free.", units_bytes(host->swap_total, a),
			    units_bytes(host->swap_free, b));
}

/* Who warns where its own limit (or one above it) binds: whom the host endangers is everybody. */
static void describe_endangered(struct explanation *s, const struct hr_slot *slots, size_t n)
{
	const char *before = "In danger below their own limits: ";
	size_t emitted = 0, all = 0;
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
			if (!emitted++)
				explain_line(s, alarm == HR_ALARM_ACT ? STYLE_BAD : STYLE_WARN);
			identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
			explain_add(s, "%s%s: %s", before, label,
				    or_unknown(alarm_word(slot->forecast.alarm)));
			before = ", ";
		}
	if (all > emitted)
		explain_add(s, " and %zu more", all - emitted);
	if (all)
		explain_add(s, ".");
}

void explain_host(struct explanation *s, const struct hr_host *host, const struct hr_slot *slots,
		  size_t n, const struct hr_event *const *kill, uint64_t now_ns)
{
	describe_identity(s, host, now_ns);
	describe_memory(s, host);
	explain_forecast(s, &host->forecast);
	explain_risk(s, &host->forecast);
	explain_pressure(s, &host->pressure);
	describe_endangered(s, slots, n);
	if (host->process[0].pid) {
		explain_line(s, STYLE_PLAIN);
		explain_add(s, "The largest outside containers: ");
		explain_processes(s, host->process, HR_HOST_PROCESSES);
		explain_add(s, ".");
	}
	explain_line(s, STYLE_PLAIN);
	if (host->oom_kills == HR_UNKNOWN)
		explain_add(s, "How often its OOM killer was at work is not known.");
	else if (!host->oom_kills)
		explain_add(s, "Nobody was OOM-killed since it was booted.");
	else
		explain_add(s, "%llu OOM kill%s since it was booted.",
			    (unsigned long long)host->oom_kills, host->oom_kills == 1 ? "" : "s");
	explain_list(s, kill, now_ns);
	explain_score(s, &host->score);
}
