// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* An event explained; an OOM kill at length: victim, limit, trigger, history, forecast, outcome. Reads no further than the
 * record's bytes. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "display_name.h"
#include "event_line.h"
#include "explain_line.h"
#include "history.h"
#include "phrase.h"

struct line *explain_event_head(struct explanation *s, const struct hr_event *event)
{
	struct line *l = explain_line(s, STYLE_BOLD);
	struct record_text from = record_text_event(event);
	char label[640], time[CLOCK_TEXT];

	identity_label(&from, &event->id, event->cgroup_id, label, sizeof(label));
	line_add(l, "Event %llu, %s, %s: ", (unsigned long long)event->seq,
		 clock_format_local(event->time_ns, time), label);
	return l;
}

static void add_victim(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	const struct hr_oom_process *v = &oom->victim;
	struct memory_parts parts = memory_parts_of_process(v);
	const char *cmdline = hr_event_text(&oom->event, v->cmdline);
	struct line *l = explain_line(s, STYLE_PLAIN);
	char clean[2048];

	if (!v->pid) {
		line_add(l, oom->flags & HR_OOM_COUNTED ? "Victim: unknown (counter only)."
							: "Victim: unknown.");
		return;
	}
	line_add(l, "Victim: ");
	phrase_process(l, v->comm, v->pid);
	phrase_memory(l, ", ", &parts);
	line_add(l, ", oom_score_adj %d.", v->oom_score_adj);
	if (cmdline)
		line_add(explain_line(s, STYLE_PLAIN), "Command line: %s",
			 text_clean(cmdline, SIZE_MAX, clean, sizeof(clean)));
}

static void add_cause(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	struct line *l = explain_line(s, STYLE_PLAIN);

	line_add(l, "Cause: ");
	phrase_oom_cause(l, oom);
	if (oom->level < HR_LEVEL_HOST)
		line_add_bytes(l, ", usage ", oom->limit_usage, "");
	line_add(l, "%s.", oom->flags & HR_OOM_INFERRED ? " (inferred from counters)" : "");
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Triggered by: ");
	phrase_oom_trigger(l, oom);
	if (oom->order > 0)
		line_add(l, " (%llu contiguous pages)", 1ULL << (oom->order & 31));
	line_add(l, ".");
}

static void add_history(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	size_t n = oom->history_count < HR_OOM_HISTORY ? oom->history_count : HR_OOM_HISTORY;
	const struct hr_point *first = oom->history, *last = oom->history + (n ? n - 1 : 0);
	struct line *l;

	if (n < 2 || last->t_centis < first->t_centis)
		return;
	l = explain_line(s, STYLE_PLAIN);
	line_add_bytes(l, "Before: usage from ", history_bytes(first->usage_kib), "");
	line_add_bytes(l, " to ", history_bytes(last->usage_kib), "");
	if (last->t_centis > first->t_centis)
		line_add_ms(l, " in ", (uint64_t)(last->t_centis - first->t_centis) * 10, "");
	line_add(l, ".");
}

static void add_predicted(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	struct line *l =
		explain_line(s, oom->warned_before_ms != HR_UNKNOWN ? STYLE_PLAIN : STYLE_WARN);

	line_add(l, "Forecast: ");
	phrase_kill_forecast(l, oom);
	line_add(l, ".");
	if (oom->policy.at) {
		l = explain_line(s, STYLE_WARN);
		line_add(l, "Policies: ");
		phrase_not_acted(l, oom);
		line_add(l, ".");
	}
}

static void add_reflex(struct explanation *s, const struct hr_event_oom_kill *oom)
{
	struct line *l;

	if (oom->reflex == HR_REFLEX_NONE)
		return;
	l = explain_line(s, STYLE_WARN);
	line_add(l, "Reflex: ");
	phrase_reflex(l, oom);
	line_add(l, ".");
}

void explain_outcome(struct explanation *s, const struct hr_event *outcome)
{
	const struct hr_event_outcome *o = (const void *)outcome;
	struct line *l;

	if (!outcome || outcome->bytes < sizeof(*o) || outcome_is_empty(o))
		return;
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Outcome: ");
	phrase_outcome(l, o);
	line_add(l, " (event %llu).", (unsigned long long)outcome->seq);
}

void explain_event(struct explanation *s, const struct hr_event *event,
		   const struct hr_event *outcome, uint64_t now_ns)
{
	const struct hr_event_oom_kill *oom = (const void *)event;
	char text[EVENT_LINE_TEXT];
	struct line *l;

	if (event->type == HR_EVENT_ACTION && event->bytes >= sizeof(struct hr_event_action)) {
		explain_action(s, event, outcome);
		return;
	}
	if (event->type != HR_EVENT_OOM_KILL || event->bytes < sizeof(*oom)) {
		line_add(explain_line(s, STYLE_BOLD), "Event %llu: %s",
			 (unsigned long long)event->seq, event_line(event, now_ns, text));
		return;
	}
	l = explain_event_head(s, event);
	phrase_oom_kill(l, oom, 1);
	add_victim(s, oom);
	add_cause(s, oom);
	add_history(s, oom);
	add_predicted(s, oom);
	add_reflex(s, oom);
	explain_outcome(s, outcome);
}
