// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host explained: memory, forecast, containers at risk below their own limits. Never allocates; what is unknown is left
 * out or said to be unknown. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "alert_text.h"
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
	char node[128], kernel[128], age[UNITS_TEXT];

	text_clean(host->node, sizeof(host->node), node, sizeof(node));
	text_clean(host->kernel, sizeof(host->kernel), kernel, sizeof(kernel));
	line_add(l, "Host%s%s", *node ? " " : "", node);
	if (*kernel)
		line_add(l, ", kernel %s", kernel);
	if (host->started_ns && host->started_ns != HR_UNKNOWN && host->started_ns <= now_ns)
		line_add(l, ", monitored for %s", units_age_ns(now_ns - host->started_ns, age));
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
	if (hr_host_usable(host) != host->mem_total) {
		line_add_bytes(l, ", ", host->memory.hugetlb, " of it reserved huge pages: ");
		line_add_bytes(l, "", hr_host_usable(host), " can be had");
	}
	line_add_bytes(l, ", available ", host->mem_available, "");
	if (!host->swap_total)
		line_add(l, "; no swap");
	else
		line_add_bytes(l, "; swap ", host->swap_total, "");
	if (host->swap_total && host->swap_total != HR_UNKNOWN)
		line_add_bytes(l, ", free ", host->swap_free, "");
	line_add(l, ".");
}

/* Free swap that is kept in memory when it is used. */
static void add_swap_cost(struct explanation *s, const struct hr_host *host)
{
	bool zram = host->zram_swap_total && host->zram_swap_total != HR_UNKNOWN;
	struct line *l;

	if (host->swap_cost_milli == UINT32_MAX || host->swap_free == HR_UNKNOWN ||
	    !host->swap_total)
		return;
	if (!zram && !host->swap_cost)
		return;
	l = explain_line(s, STYLE_PLAIN);
	if (zram)
		line_add_bytes(l, "Swap on zram, in memory: ", host->zram_swap_total, "");
	else
		line_add(l, "zswap keeps swapped pages in memory");
	if (zram)
		line_add_bytes(l, ", ", host->zram_swap_used, " used");
	if (host->memory.zram != HR_UNKNOWN && zram)
		line_add_bytes(l, ", which take ", host->memory.zram, "");
	if (!zram && host->memory.zswap != HR_UNKNOWN)
		line_add_bytes(l, ": ", host->memory.zswap, " now");
	line_add_bytes(l, ". Free swap of ", host->swap_free, "");
	line_add_bytes(l, " is worth ",
		       host->swap_free > host->swap_cost ? host->swap_free - host->swap_cost : 0,
		       " of memory");
	line_add(l, " (pages compressed to %u%%, %s).", host->swap_cost_milli / 10,
		 host->swap_cost_measured ? "measured" : "assumed");
}

/* Kinds of the host's memory that are no process's and at least a hundredth of it, largest first. */
static void add_other_memory(struct explanation *s, const struct hr_host *host)
{
	static const struct {
		const char *words;
		size_t offset;
	} kinds[] = {
#define HR_HOST_MEMORY(name, words, key) {words, offsetof(struct hr_host_memory, name)},
#include <headroom/host_memory.def>
	};
	bool shown[ARRAY_SIZE(kinds)] = {false};
	struct line *l = NULL;

	for (;;) {
		uint64_t most = 0, bytes;
		size_t best = 0;

		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			memcpy(&bytes, (const char *)&host->memory + kinds[i].offset,
			       sizeof(bytes));
			if (shown[i] || bytes == HR_UNKNOWN || bytes <= most)
				continue;
			most = bytes;
			best = i;
		}
		if (host->mem_total == HR_UNKNOWN || !most || most < host->mem_total / 100)
			break;
		if (!l)
			l = explain_line(s, STYLE_PLAIN);
		line_add(l, "%s%s ", l->used ? ", " : "Other memory: ", kinds[best].words);
		line_add_bytes(l, "", most, "");
		shown[best] = true;
	}
	if (l)
		line_add(l, ".");
}

/* Alarms of containers that their own limit or a parent's would stop: one at host level concerns every container. */
static void add_at_risk(struct explanation *s, const struct hr_slot *slots, size_t n)
{
	struct line *l = NULL;
	size_t named = 0, all = 0;
	char label[640];

	for (unsigned int alarm = HR_ALARM_ACT; alarm >= HR_ALARM_NOTICE; alarm--)
		for (size_t i = 0; i < n; i++) {
			const struct hr_slot *slot = &slots[i];
			struct record_text from = record_text_slot(slot);

			if (slot_gone(slot) || slot->forecast.alarm != alarm ||
			    slot->binding.level == HR_LEVEL_HOST)
				continue;
			if (all++ >= MOST_NAMED)
				continue;
			if (!l)
				l = explain_line(s, alarm_style(alarm));
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
	add_swap_cost(s, host);
	add_other_memory(s, host);
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
			 plural_s(host->oom_kills));
	explain_list(s, kill, now_ns);
	explain_score(s, &host->score);
}
