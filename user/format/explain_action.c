// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sentences on an action: which rung, of whom, on what evidence, who was passed over and why, what it brought. Says only what the
 * record holds; never allocates. */
#include "explain_action.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "forecast/reason_text.h"
#include "display_name.h"
#include "explain_line.h"

#define LABEL 320

const char *action_future(unsigned int kind)
{
	static const char *const fates[HR_ACTION_COUNT] = {
		[HR_ACTION_NOTIFY] = "be reported",
		[HR_ACTION_RECLAIM] = "have memory reclaimed",
		[HR_ACTION_THROTTLE] = "be throttled",
		[HR_ACTION_TERM] = "be told to end",
		[HR_ACTION_KILL] = "be killed",
		[HR_ACTION_REFLEX] = "be killed by the reflex",
		[HR_ACTION_ON_EXIT] = "have its command run",
	};

	return kind < HR_ACTION_COUNT ? fates[kind] : NULL;
}

static const char *past_word(const struct hr_event_action *a)
{
	static const char *const words[HR_STATUS_COUNT] = {
		[HR_STATUS_DONE] = "did",        [HR_STATUS_DRY_RUN] = "rehearsed",
		[HR_STATUS_FAILED] = "failed",   [HR_STATUS_SKIPPED] = "skipped",
		[HR_STATUS_REFUSED] = "refused",
	};

	return a->status < HR_STATUS_COUNT ? words[a->status] : "unknown";
}

static void add_use(struct line *to, const struct hr_inputs *e)
{
	bool over =
		e->threshold != HR_UNKNOWN && e->usage != HR_UNKNOWN && e->usage >= e->threshold;

	line_add_bytes(to, "uses ", e->usage, "");
	if (over)
		line_add_bytes(to, ", over ", e->threshold, "");
	else if (e->usage != HR_UNKNOWN)
		line_add_bytes(to, " of ", e->limit, "");
	if (e->usage == HR_UNKNOWN)
		line_add_bytes(to, "holds ", e->rss, "");
	if (e->held_ms && e->held_ms != HR_UNKNOWN)
		line_add_ms(to,
			    over       ? " for "
			    : to->used ? "; the rule held for "
				       : "the rule held for ",
			    e->held_ms, "");
}

const char *inputs_text(const struct hr_inputs *e, char *text, size_t bytes)
{
	struct line to = {text, bytes, 0};
	char rate[UNITS_TEXT];

	text[0] = 0;
	add_use(&to, e);
	line_add_ms(&to, "; OOM in ", e->oom_in_p50_ms, "");
	if (e->risk_centi != UINT16_MAX && e->risk_centi)
		line_add(&to, "; risk %u", e->risk_centi / 100u);
	if (e->leak)
		line_add(&to, "; leak %s", or_unknown(forecast_leak_state_name(e->leak)));
	if (e->growth_bytes_per_second != HR_UNKNOWN_I64 && e->growth_bytes_per_second)
		line_add(&to, "; %s", units_rate(e->growth_bytes_per_second, rate));
	if (e->full_avg10_centi != HR_UNKNOWN_U32 && e->full_avg10_centi >= 100)
		line_add(&to, "; stalls %u%%", e->full_avg10_centi / 100);
	/* The host is worth a word where it is what ends this one, or is short itself. */
	if (e->host_available != HR_UNKNOWN && e->host_total != HR_UNKNOWN &&
	    (e->level >= HR_LEVEL_HOST || e->host_available < e->host_total / 5)) {
		line_add_bytes(&to, "; the host has ", e->host_available, "");
		line_add_bytes(&to, " of ", e->host_total, " left");
	}
	return text;
}

static const char *skipped_name(const struct hr_event_action *a, const struct hr_skipped *p,
				char *out, size_t bytes)
{
	const char *name = hr_event_text(&a->event, p->name);

	if (name)
		return text_clean(name, SIZE_MAX, out, bytes);
	if (p->pid)
		snprintf(out, bytes, "process %u", p->pid);
	else
		snprintf(out, bytes, "cgroup %llu", (unsigned long long)p->cgroup_id);
	return out;
}

static uint32_t skipped_count(const struct hr_event_action *a)
{
	return a->skipped_count < HR_SKIPPED ? a->skipped_count : HR_SKIPPED;
}

static void add_passed_over(struct line *to, const struct hr_event_action *a)
{
	char name[LABEL];

	for (uint32_t i = 0; i < skipped_count(a); i++) {
		const struct hr_skipped *p = &a->skipped[i];

		line_add(to, "%s%s (%s)",
			 i ? ", " : "; passed over: ", skipped_name(a, p, name, sizeof(name)),
			 or_unknown(hr_skip_reason_name(p->reason)));
	}
}

/* Which rung, and with what. */
static void add_action(struct line *to, const struct hr_event_action *a)
{
	char comm[80];

	line_add(to, "%s", or_unknown(hr_action_kind_name(a->kind)));
	if (a->signal > 0 && a->kind == HR_ACTION_TERM && a->signal != SIGTERM)
		line_add(to, " by signal %d", a->signal);
	if (a->kind == HR_ACTION_RECLAIM)
		line_add_bytes(to, " of ", a->size, "");
	if (a->kind == HR_ACTION_THROTTLE)
		line_add_bytes(to, " at ", a->size, "");
	if (!a->whole && a->pid)
		line_add(to, " of %s[%u]", text_clean(a->comm, 16, comm, sizeof(comm)), a->pid);
}

static void add_result(struct line *to, const struct hr_event_action *a)
{
	const char *detail = hr_event_text(&a->event, a->detail);
	char clean[LABEL];

	if (a->error)
		line_add(to, "; %s",
			 strerrordesc_np(a->error) ? strerrordesc_np(a->error) : "unknown error");
	if (detail)
		line_add(to, "; %s", text_clean(detail, SIZE_MAX, clean, sizeof(clean)));
	if (a->status == HR_STATUS_DONE && a->freed)
		line_add_bytes(to, "; ", a->freed, " freed");
}

const char *action_text(const struct hr_event_action *a, char text[ACTION_TEXT])
{
	struct line to = {text, ACTION_TEXT, 0};
	const char *policy = hr_event_text(&a->event, a->policy);
	char clean[LABEL], inputs[512];

	text[0] = 0;
	if (a->status != HR_STATUS_DONE)
		line_add(&to, "%s ", past_word(a));
	add_action(&to, a);
	if (policy && *policy)
		line_add(&to, " (%s, %u/%u)", text_clean(policy, SIZE_MAX, clean, sizeof(clean)),
			 a->step, a->steps);
	else if (a->by_uid != HR_UNKNOWN_U32)
		line_add(&to, " (asked for by uid %u)", a->by_uid);
	else
		line_add(&to, " (asked for by hand)");
	inputs_text(&a->inputs, inputs, sizeof(inputs));
	if (*inputs)
		line_add(&to, ": %s", inputs);
	add_result(&to, a);
	add_passed_over(&to, a);
	return text;
}

/* ---- explain ---- */

static void line_of(struct explanation *s, enum style style, struct line *to)
{
	if (!to->used)
		return;
	explain_line(s, style);
	explain_add(s, "%s", to->text);
	to->used = 0;
	to->text[0] = 0;
}

static void describe_result(struct explanation *s, const struct hr_event_action *a, struct line *to)
{
	const char *detail = hr_event_text(&a->event, a->detail);
	char clean[LABEL];

	if (a->status == HR_STATUS_DRY_RUN)
		line_add(to, "Nothing was done: this was a rehearsal.");
	else if (a->status == HR_STATUS_DONE)
		line_add(to, "It was done");
	else
		line_add(to, "It was not done: %s", past_word(a));
	if (a->status == HR_STATUS_DONE && a->took_ns && a->took_ns != HR_UNKNOWN)
		line_add_ms(to, " within ", (a->took_ns + NS_PER_MS - 1) / NS_PER_MS, "");
	if (a->status == HR_STATUS_DONE && a->processes)
		line_add(to, "; %u process%s signalled", a->processes,
			 a->processes == 1 ? "" : "es");
	if (a->error)
		line_add(to, "; %s",
			 strerrordesc_np(a->error) ? strerrordesc_np(a->error) : "unknown error");
	if (detail)
		line_add(to, "; %s", text_clean(detail, SIZE_MAX, clean, sizeof(clean)));
	if (a->status == HR_STATUS_DONE)
		line_add_bytes(to, "; ", a->freed, " freed by then");
	if (a->status != HR_STATUS_DRY_RUN)
		line_add(to, ".");
	line_of(s, STYLE_PLAIN, to);
}

static void describe_passed_over(struct explanation *s, const struct hr_event_action *a,
				 struct line *to)
{
	char name[LABEL], rate[UNITS_TEXT];

	for (uint32_t i = 0; i < skipped_count(a); i++) {
		const struct hr_skipped *p = &a->skipped[i];

		line_add(to, "Passed over: %s (%s)", skipped_name(a, p, name, sizeof(name)),
			 or_unknown(hr_skip_reason_name(p->reason)));
		line_add_bytes(to, ", which uses ", p->usage, "");
		if (p->drift_bytes_per_second != HR_UNKNOWN_I64 && p->drift_bytes_per_second)
			line_add(to, ", %s", units_rate(p->drift_bytes_per_second, rate));
		line_add(to, ".");
		line_of(s, STYLE_DIM, to);
	}
}

bool outcome_is_empty(const struct hr_event_outcome *o)
{
	return o->freed == HR_UNKNOWN && o->freed_after_ms == HR_UNKNOWN &&
	       o->averted == HR_UNKNOWN_U32 && o->restarted_after_ms == HR_UNKNOWN;
}

static void describe_outcome(struct explanation *s, const struct hr_event_outcome *o,
			     struct line *to)
{
	if (outcome_is_empty(o)) /* a rehearsal's */
		return;
	line_add(to, "Afterwards");
	line_add_bytes(to, ": ", o->freed, " freed");
	line_add_ms(to, " after ", o->freed_after_ms, "");
	if (o->averted != HR_UNKNOWN_U32)
		line_add(to, "%s the kernel's OOM killer was %s",
			 o->freed == HR_UNKNOWN ? ":" : ";",
			 o->averted ? "not needed" : "not averted, or the rule still held");
	line_add_ms(to, "; restarted after ", o->restarted_after_ms, "");
	line_add(to, " (event %llu).", (unsigned long long)o->event.seq);
	line_of(s, STYLE_PLAIN, to);
}

void explain_action(struct explanation *s, const struct hr_event *event,
		    const struct hr_event *outcome)
{
	const struct hr_event_action *a = (const void *)event;
	const char *policy = hr_event_text(event, a->policy);
	struct record_text from = record_text_event(event);
	char label[640], time[CLOCK_TEXT], clean[LABEL], inputs[512], text[ACTION_TEXT];
	struct line to = {text, sizeof(text), 0};

	identity_label(&from, &event->id, event->cgroup_id, label, sizeof(label));
	clock_format_rfc3339(event->time_ns, time);
	add_action(&to, a);
	explain_line(s, STYLE_BOLD);
	explain_add(s, "Event %llu, %.19sZ: %s, %s", (unsigned long long)event->seq, time, text,
		    label);
	to.used = 0;
	explain_line(s, STYLE_PLAIN);
	if (policy && *policy)
		explain_add(
			s,
			"Policy %s asked for it: step %u of %u of its ladder, mode %s, emergency "
			"%llu.",
			text_clean(policy, SIZE_MAX, clean, sizeof(clean)), a->step, a->steps,
			or_unknown(hr_mode_name(a->mode)), (unsigned long long)a->escalation);
	else if (a->by_uid != HR_UNKNOWN_U32)
		explain_add(s, "It was asked for by hand, by uid %u.", a->by_uid);
	else
		explain_add(s, "It was asked for by hand.");
	if (*inputs_text(&a->inputs, inputs, sizeof(inputs))) {
		explain_line(s, STYLE_PLAIN);
		explain_add(s, "What was seen: %s.", inputs);
	}
	describe_result(s, a, &to);
	describe_passed_over(s, a, &to);
	if (outcome && outcome->bytes >= sizeof(struct hr_event_outcome))
		describe_outcome(s, (const void *)outcome, &to);
}
