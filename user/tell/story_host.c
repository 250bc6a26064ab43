// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sentences on the host: what it has left, what is foreseen, who is in danger on it. Never allocates; what is not known
 * is left out or said to be unknown. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "names.h"
#include "snapshot.h"
#include "story.h"
#include "story_line.h"
#include "words.h"

#define MOST_NAMED 5

static void tell_who(struct story *s, const struct hr_host *host, uint64_t now_ns)
{
	char node[128], kernel[128], age[UNITS_TEXT];

	text_clean(host->node, sizeof(host->node), node, sizeof(node));
	text_clean(host->kernel, sizeof(host->kernel), kernel, sizeof(kernel));
	story_begin(s, STYLE_BOLD);
	story_add(s, "The host%s%s", *node ? " " : "", node);
	if (*kernel)
		story_add(s, ", kernel %s", kernel);
	if (host->started_ns && host->started_ns != HR_UNKNOWN && host->started_ns <= now_ns)
		story_add(s, ", watched for %s",
			  units_duration_ms((now_ns - host->started_ns) / NS_PER_MS, age));
}

static void tell_memory(struct story *s, const struct hr_host *host)
{
	char a[UNITS_TEXT], b[UNITS_TEXT];

	story_begin(s, STYLE_PLAIN);
	if (!host->mem_total || host->mem_total == HR_UNKNOWN ||
	    host->mem_available == HR_UNKNOWN) {
		story_add(s, "How much memory it has left is not known yet.");
		return;
	}
	story_add(s, "Of its %s of memory %s are available", units_bytes(host->mem_total, a),
		  units_bytes(host->mem_available, b));
	if (host->swap_total == HR_UNKNOWN)
		story_add(s, ".");
	else if (!host->swap_total)
		story_add(s, "; it has no swap.");
	else
		story_add(s, "; of %s of swap %s are free.", units_bytes(host->swap_total, a),
			  units_bytes(host->swap_free, b));
}

/* Who warns where its own limit (or one above it) binds: whom the host endangers is everybody. */
static void tell_endangered(struct story *s, const struct hr_slot *slots, size_t n)
{
	const char *before = "In danger below their own limits: ";
	size_t told = 0, all = 0;
	char label[640];

	for (int alarm = HR_ALARM_ACT; alarm >= HR_ALARM_WARN; alarm--)
		for (size_t i = 0; i < n; i++) {
			const struct hr_slot *slot = &slots[i];
			struct record_text from = record_text_slot(slot);

			if (slot_gone(slot) || slot->outlook.alarm != alarm ||
			    slot->binding.level == HR_LEVEL_HOST)
				continue;
			if (all++ >= MOST_NAMED)
				continue;
			if (!told++)
				story_begin(s, alarm == HR_ALARM_ACT ? STYLE_BAD : STYLE_WARN);
			identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
			story_add(s, "%s%s: %s", before, label,
				  story_or(alarm_word(slot->outlook.alarm)));
			before = ", ";
		}
	if (all > told)
		story_add(s, " and %zu more", all - told);
	if (all)
		story_add(s, ".");
}

void story_of_host(struct story *s, const struct hr_host *host, const struct hr_slot *slots,
		   size_t n, const struct hr_event *const *kill, uint64_t now_ns)
{
	tell_who(s, host, now_ns);
	tell_memory(s, host);
	story_forecast(s, &host->outlook);
	story_risk(s, &host->outlook);
	story_waiting(s, &host->pressure);
	tell_endangered(s, slots, n);
	if (host->process[0].pid) {
		story_begin(s, STYLE_PLAIN);
		story_add(s, "The largest outside containers: ");
		story_processes(s, host->process, HR_HOST_PROCESSES);
		story_add(s, ".");
	}
	story_begin(s, STYLE_PLAIN);
	if (host->oom_kills == HR_UNKNOWN)
		story_add(s, "How often its OOM killer was at work is not known.");
	else if (!host->oom_kills)
		story_add(s, "Nobody was OOM-killed since it was booted.");
	else
		story_add(s, "%llu OOM kill%s since it was booted.",
			  (unsigned long long)host->oom_kills, host->oom_kills == 1 ? "" : "s");
	story_list_kills(s, kill, now_ns);
	story_of_score(s, &host->score);
}
