// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sentences on an event: who was killed, by whose limit, triggered by whom, what came before, what
 * had been foreseen, what came of it. Reads no further than the record's bytes. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "history.h"
#include "display_name.h"
#include "event_line.h"
#include "explain_action.h"
#include "explain_line.h"

static void add_task(struct explanation *s, const struct hr_oom_process *party)
{
	char clean[80];

	explain_add(s, "%s[%u]", text_clean(party->comm, 16, clean, sizeof(clean)), party->pid);
}

static void describe_head(struct explanation *s, const struct hr_event *event)
{
	struct record_text from = record_text_event(event);
	char label[640], time[CLOCK_TEXT];

	identity_label(&from, &event->id, event->cgroup_id, label, sizeof(label));
	clock_format_rfc3339(event->time_ns, time);
	explain_line(s, STYLE_BOLD);
	explain_add(s, "Event %llu, %.19sZ: OOM kill in %s", (unsigned long long)event->seq, time,
		    label);
}

static void describe_victim(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	const struct hr_oom_process *v = &oom->victim;
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anon", v->anon},
		    {"file", v->file},
		    {"shmem", v->shmem},
		    {"swap", v->swap},
		    {"page tables", v->pgtables}};
	const char *cmdline = hr_event_text(&oom->event, v->cmdline), *before = " It held ";
	char text[UNITS_TEXT], clean[2048];

	explain_line(s, STYLE_PLAIN);
	if (!v->pid) {
		explain_add(s, oom->flags & HR_OOM_COUNTED
				       ? "Only a counter rose: who was killed is not known."
				       : "Who was killed is not known.");
		return;
	}
	add_task(s, v);
	explain_add(s, " was killed%s.", oom->flags & HR_OOM_GROUP ? " with its whole group" : "");
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		if (part[i].bytes == HR_UNKNOWN || !part[i].bytes)
			continue;
		explain_add(s, "%s%s %s", before, units_bytes(part[i].bytes, text), part[i].word);
		before = ", ";
	}
	explain_add(s, "%s Its oom_score_adj was %d.", *before == ',' ? "." : "", v->oom_score_adj);
	if (cmdline) {
		explain_line(s, STYLE_PLAIN);
		explain_add(s, "Its command line: %s",
			    text_clean(cmdline, SIZE_MAX, clean, sizeof(clean)));
	}
}

static void describe_limit(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	const char *cgroup = hr_event_text(&oom->event, oom->limit_cgroup);
	char limit[UNITS_TEXT], used[UNITS_TEXT], clean[1024];

	explain_line(s, STYLE_PLAIN);
	units_bytes(oom->limit_max, limit);
	text_clean(cgroup ? cgroup : "a cgroup", SIZE_MAX, clean, sizeof(clean));
	if (oom->flags & HR_OOM_SYSRQ)
		explain_add(s, "It was asked for by SysRq, no limit was hit");
	else if (oom->level == HR_LEVEL_OWN)
		explain_add(s, "Its own limit of %s was hit", limit);
	else if (oom->level == HR_LEVEL_ANCESTOR)
		explain_add(s, "The limit of %s of %s above it was hit", limit, clean);
	else if (oom->level == HR_LEVEL_HOST)
		explain_add(s, "The host ran out of memory");
	else
		explain_add(s, "Whose limit was hit is not known");
	if (oom->limit_usage != HR_UNKNOWN && oom->level < HR_LEVEL_HOST)
		explain_add(s, ", with %s used", units_bytes(oom->limit_usage, used));
	explain_add(s, "%s.",
		    oom->flags & HR_OOM_INFERRED ? " (inferred, not told by the kernel)" : "");
}

static void describe_trigger(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	const struct hr_oom_process *t = &oom->trigger;
	struct record_text from = record_text_event(&oom->event);
	char label[640];

	explain_line(s, STYLE_PLAIN);
	if (!t->pid) {
		explain_add(s, "Who asked for the memory is not known.");
		return;
	}
	explain_add(s, "The memory was asked for by ");
	if (oom->victim.pid == t->pid)
		explain_add(s, "the victim itself");
	else
		add_task(s, t);
	if (t->cgroup_id != oom->victim.cgroup_id) {
		identity_label(&from, &t->id, t->cgroup_id, label, sizeof(label));
		explain_add(s, " in %s", label);
	}
	if (oom->order > 0)
		explain_add(s, " (%llu pages at once)", 1ULL << (oom->order & 31));
	explain_add(s, ".");
}

static void describe_before(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	size_t n = oom->history_count < HR_OOM_HISTORY ? oom->history_count : HR_OOM_HISTORY;
	const struct hr_point *first = oom->history, *last = oom->history + (n ? n - 1 : 0);
	char a[UNITS_TEXT], b[UNITS_TEXT], time[UNITS_TEXT];

	if (n < 2 || last->t_centis < first->t_centis)
		return;
	explain_line(s, STYLE_PLAIN);
	explain_add(s, "Before: from %s used to %s within %s.",
		    units_bytes(history_bytes(first->usage_kib), a),
		    units_bytes(history_bytes(last->usage_kib), b),
		    units_duration_ms((uint64_t)(last->t_centis - first->t_centis) * 10, time));
}

static void describe_predicted(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	bool warned = oom->warned_before_ms != HR_UNKNOWN;
	char time[UNITS_TEXT];

	explain_line(s, warned ? STYLE_PLAIN : STYLE_WARN);
	if (warned)
		explain_add(s, "It was warned of %s before",
			    units_duration_ms(oom->warned_before_ms, time));
	else
		explain_add(s, "It was not warned of");
	if (oom->risk_centi != UINT16_MAX)
		explain_add(s, "; the risk last stood at %u of 100",
			    (oom->risk_centi + 50u) / 100u);
	if (oom->oom_in_p50_ms != HR_UNKNOWN)
		explain_add(s, ", with OOM foreseen in %s",
			    units_duration_ms(oom->oom_in_p50_ms, time));
	explain_add(s, ".");
}

static void describe_after(struct explanation *s, const struct hr_event *event)
{
	const struct hr_event_outcome *o = (const void *)event;
	char freed[UNITS_TEXT], time[UNITS_TEXT];

	if (!event || event->bytes < sizeof(*o))
		return;
	explain_line(s, STYLE_PLAIN);
	explain_add(s, "Afterwards");
	if (o->freed != HR_UNKNOWN)
		explain_add(s, ": %s freed", units_bytes(o->freed, freed));
	if (o->freed_after_ms != HR_UNKNOWN)
		explain_add(s, " after %s", units_duration_ms(o->freed_after_ms, time));
	if (o->restarted_after_ms != HR_UNKNOWN)
		explain_add(s, "; restarted after %s",
			    units_duration_ms(o->restarted_after_ms, time));
	explain_add(s, " (event %llu).", (unsigned long long)event->seq);
}

void explain_event(struct explanation *s, const struct hr_event *event,
		   const struct hr_event *outcome, uint64_t now_ns)
{
	const struct hr_event_oom_kill *oom = (const void *)event;
	char text[EVENT_LINE_TEXT];

	if (event->type == HR_EVENT_ACTION && event->bytes >= sizeof(struct hr_event_action)) {
		explain_action(s, event, outcome);
		return;
	}
	if (event->type != HR_EVENT_OOM_KILL || event->bytes < sizeof(*oom)) {
		explain_line(s, STYLE_BOLD);
		explain_add(s, "Event %llu: %s", (unsigned long long)event->seq,
			    event_line(event, now_ns, text));
		return;
	}
	describe_head(s, event);
	describe_victim(s, oom);
	describe_limit(s, oom);
	describe_trigger(s, oom);
	describe_before(s, oom);
	describe_predicted(s, oom);
	describe_after(s, outcome);
}
