// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sentences on a container: what it uses, what binds it, what is foreseen and why, who is large
 * inside. Never allocates; what is not known is left out or said to be unknown. */
#include "explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "forecast/reason_text.h"
#include "display_name.h"
#include "score_text.h"
#include "event_line.h"
#include "snapshot.h"
#include "explain_action.h"
#include "explain_line.h"
#include "enum_text.h"

#define STALL_WORTH 100 /* hundredths of a per cent of the last 10 s */

void explain_line(struct explanation *s, enum style style)
{
	if (s->n == EXPLANATION_LINES || s->used + 1 >= EXPLANATION_TEXT)
		return;
	s->line[s->n].style = style;
	s->line[s->n++].text = s->text + ++s->used;
}

void explain_add(struct explanation *s, const char *format, ...)
{
	size_t space = EXPLANATION_TEXT - s->used;
	va_list args;
	int n;

	if (!s->n || space < 2)
		return;
	va_start(args, format);
	n = vsnprintf(s->text + s->used, space, format, args);
	va_end(args);
	if (n > 0)
		s->used += (size_t)n < space ? (size_t)n : space - 1;
}

const char *or_unknown(const char *word) { return word ? word : "unknown"; }

static void describe_identity(struct explanation *s, const struct hr_slot *slot, uint64_t now_ns)
{
	struct record_text from = record_text_slot(slot);
	uint64_t since = slot->started_ns == HR_UNKNOWN ? slot->appeared_ns : slot->started_ns;
	char label[640], clean[512], age[UNITS_TEXT];
	const char *cgroup = hr_slot_text(slot, slot->id.cgroup);

	identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
	explain_line(s, STYLE_BOLD);
	explain_add(s, "%s", label);
	if (slot_gone(slot) && slot->gone_ns <= now_ns)
		explain_add(s, ", gone for %s; what follows was its last state",
			    units_duration_ms((now_ns - slot->gone_ns) / NS_PER_MS, age));
	else if (since && since <= now_ns)
		explain_add(s, ", %s %s", slot->started_ns == HR_UNKNOWN ? "known for" : "runs for",
			    units_duration_ms((now_ns - since) / NS_PER_MS, age));
	if (cgroup) {
		explain_line(s, STYLE_DIM);
		explain_add(s, "cgroup %s", text_clean(cgroup, SIZE_MAX, clean, sizeof(clean)));
	}
}

static void describe_use(struct explanation *s, const struct hr_slot *slot)
{
	const struct hr_memory *m = &slot->memory;
	char a[UNITS_TEXT], b[UNITS_TEXT];

	explain_line(s, STYLE_PLAIN);
	if (m->usage == HR_UNKNOWN) {
		explain_add(s, "How much it uses is not known yet.");
		return;
	}
	explain_add(s, "It uses %s", units_bytes(m->usage, a));
	if (m->limit != HR_UNKNOWN)
		explain_add(s, " of its own limit of %s", units_bytes(m->limit, b));
	else
		explain_add(s, " and has no limit of its own");
	if (m->unreclaimable != HR_UNKNOWN)
		explain_add(s, "; %s of that can't be given back",
			    units_bytes(m->unreclaimable, a));
	explain_add(s, ".");
}

static void describe_binding(struct explanation *s, const struct hr_slot *slot)
{
	const struct hr_binding *b = &slot->binding;
	const char *cgroup = hr_slot_text(slot, b->cgroup);
	char limit[UNITS_TEXT], left[UNITS_TEXT], clean[512];

	if (slot_gone(slot))
		return;
	explain_line(s, STYLE_PLAIN);
	units_bytes(b->limit, limit);
	if (b->level == HR_LEVEL_OWN)
		explain_add(s, "Its own limit of %s comes first", limit);
	else if (b->level == HR_LEVEL_ANCESTOR)
		explain_add(s, "The limit of %s of %s above it comes first", limit,
			    cgroup ? text_clean(cgroup, SIZE_MAX, clean, sizeof(clean))
				   : "a cgroup");
	else if (b->limit != HR_UNKNOWN)
		explain_add(s, "The host's memory of %s comes first", limit);
	else
		explain_add(s, "The host's memory comes first");
	if (slot->memory.headroom != HR_UNKNOWN)
		explain_add(s, ": %s are left", units_bytes(slot->memory.headroom, left));
	explain_add(s, ".");
}

static void describe_trend(struct explanation *s, int64_t drift)
{
	char text[UNITS_TEXT];

	if (drift == HR_UNKNOWN_I64)
		explain_add(s, "How it moves is not known yet");
	else if (!drift)
		explain_add(s, "It holds still");
	else
		explain_add(s, "It %s by %s a second", drift > 0 ? "grows" : "shrinks",
			    units_bytes(drift > 0 ? (uint64_t)drift : 0 - (uint64_t)drift, text));
}

void explain_forecast(struct explanation *s, const struct hr_forecast *o)
{
	char p10[UNITS_TEXT], p50[UNITS_TEXT], p90[UNITS_TEXT];

	explain_line(s, STYLE_PLAIN);
	describe_trend(s, o->drift_bytes_per_second);
	if (o->oom_in_p50_ms == HR_UNKNOWN && o->oom_in_p10_ms == HR_UNKNOWN) {
		explain_add(s, "; running out is not foreseen within a day.");
		return;
	}
	units_duration_ms(o->oom_in_p10_ms, p10);
	units_duration_ms(o->oom_in_p90_ms, p90);
	if (o->oom_in_p50_ms == HR_UNKNOWN)
		explain_add(s, "; it may run out in %s (one chance in ten), or not within a day.",
			    p10);
	else if (o->oom_in_p90_ms == HR_UNKNOWN)
		explain_add(s,
			    "; it runs out in about %s: in nine cases of ten after %s, in one not "
			    "within a day.",
			    units_duration_ms(o->oom_in_p50_ms, p50), p10);
	else
		explain_add(s,
			    "; it runs out in about %s, in eight cases of ten between %s and %s.",
			    units_duration_ms(o->oom_in_p50_ms, p50), p10, p90);
}

static enum style alarm_style(unsigned int alarm)
{
	return alarm >= HR_ALARM_ACT    ? STYLE_BAD
	       : alarm == HR_ALARM_WARN ? STYLE_WARN
					: STYLE_PLAIN;
}

static void describe_reasons(struct explanation *s, const struct hr_forecast *o)
{
	char text[REASON_TEXT], clean[REASON_TEXT];

	for (size_t i = 0; i < HR_REASONS && o->reason[i].kind; i++) {
		int weight = o->reason[i].weight_centi;

		reason_text(&o->reason[i], text);
		explain_line(s, STYLE_PLAIN);
		explain_add(s, "  %+d.%d %s", weight / 100,
			    (weight < 0 ? -weight : weight) / 10 % 10,
			    text_clean(text, sizeof(text), clean, sizeof(clean)));
	}
}

void explain_risk(struct explanation *s, const struct hr_forecast *o)
{
	explain_line(s, alarm_style(o->alarm));
	if (o->risk_centi == UINT16_MAX) {
		explain_add(s, "The risk is not known yet.");
		return;
	}
	explain_add(s, "The risk of an OOM or of standing still within 15 minutes is %u of 100",
		    (o->risk_centi + 50u) / 100u);
	if (o->confidence_milli)
		explain_add(s, " (confidence %u%%)", (o->confidence_milli + 5u) / 10u);
	explain_add(s, "%s%s%s", o->alarm ? ": alarm " : "",
		    o->alarm ? or_unknown(alarm_word(o->alarm)) : "",
		    o->reason[0].kind ? ". What speaks for it (+) and against it (-):" : ".");
	describe_reasons(s, o);
}

static void describe_leak(struct explanation *s, const struct hr_slot *slot)
{
	const struct hr_forecast *o = &slot->forecast;
	const char *of = forecast_leak_kind_name(o->leak_of);
	char text[UNITS_TEXT];

	explain_line(s, o->leak >= HR_LEAK_CONFIRMED ? STYLE_WARN : STYLE_PLAIN);
	if (o->leak == HR_LEAK_NONE) {
		explain_add(s, "No leak is seen.");
		return;
	}
	explain_add(s, "A leak is %s",
		    o->leak == HR_LEAK_EXHAUSTING ? "confirmed, and uses up what is left"
						  : or_unknown(forecast_leak_state_name(o->leak)));
	if (o->leak_bytes_per_hour != HR_UNKNOWN_I64 && o->leak_bytes_per_hour > 0)
		explain_add(s, ": %s an hour%s%s",
			    units_bytes((uint64_t)o->leak_bytes_per_hour, text), of ? " of " : "",
			    of ? of : "");
	explain_add(s, ".");
}

void explain_pressure(struct explanation *s, const struct hr_pressure *pressure)
{
	uint32_t some = pressure->some_avg10_centi, full = pressure->full_avg10_centi;

	if (some == HR_UNKNOWN_U32 || some < STALL_WORTH)
		return;
	explain_line(s, STYLE_PLAIN);
	explain_add(s, "Its tasks waited for memory for %u.%u%% of the last 10 s", some / 100,
		    some / 10 % 10);
	if (full != HR_UNKNOWN_U32)
		explain_add(s, ", all at once for %u.%u%%", full / 100, full / 10 % 10);
	explain_add(s, ".");
}

static void describe_stalls(struct explanation *s, const struct hr_slot *slot)
{
	if (slot->flags & HR_SLOT_UNDER_OOM) {
		explain_line(s, STYLE_BAD);
		explain_add(s, "It hangs at its limit: its OOM killer is switched off.");
	}
	explain_pressure(s, &slot->pressure);
}

size_t explain_processes(struct explanation *s, const struct hr_process *process, size_t most)
{
	char text[UNITS_TEXT], rate[UNITS_TEXT], comm[80];
	size_t n = 0;

	for (; n < most && process[n].pid; n++) {
		const struct hr_process *p = &process[n];

		explain_add(s, "%s%s[%u] %s", n ? ", " : "",
			    text_clean(p->comm, sizeof(p->comm), comm, sizeof(comm)), p->pid,
			    units_bytes(p->rss_bytes, text));
		if (p->growth_bytes_per_second != HR_UNKNOWN_I64 && p->growth_bytes_per_second)
			explain_add(s, " (%s)", units_rate(p->growth_bytes_per_second, rate));
	}
	return n;
}

static void describe_inside(struct explanation *s, const struct hr_slot *slot)
{
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anon", slot->memory.anon},
		    {"file", slot->memory.file},
		    {"shmem", slot->memory.shmem},
		    {"kernel", slot->memory.kernel},
		    {"swap", slot->memory.swap}};
	char text[UNITS_TEXT];
	const char *before = "Its memory is ";

	explain_line(s, STYLE_PLAIN);
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		if (part[i].bytes == HR_UNKNOWN || !part[i].bytes)
			continue;
		explain_add(s, "%s%s %s", before, part[i].word, units_bytes(part[i].bytes, text));
		before = ", ";
	}
	if (*before == ',')
		explain_add(s, ". ");
	if (!slot->process[0].pid) {
		explain_add(s, "Which processes are inside is not known.");
		return;
	}
	explain_add(s, "The largest inside: ");
	explain_processes(s, slot->process, HR_PROCESSES);
	explain_add(s, ".");
}

static void describe_next(struct explanation *s, const struct hr_slot *slot,
			  const struct hr_host *host)
{
	const char *fate = action_future(slot->forecast.next_action);
	const char *policy = hr_slot_text(slot, slot->next_policy);
	char clean[256];

	if (slot_gone(slot))
		return;
	explain_line(s, STYLE_PLAIN);
	if (fate)
		explain_add(s, "Next it would %s by policy %s (mode %s).", fate,
			    text_clean(policy ? policy : "?", SIZE_MAX, clean, sizeof(clean)),
			    or_unknown(mode_word(host->mode)));
	else if (slot->forecast.next_action)
		explain_add(s, "What the policy would do next this version has no word for.");
	else
		explain_add(s, "No policy would do anything (mode %s).",
			    or_unknown(mode_word(host->mode)));
	if (slot->flags & HR_SLOT_REFLEX)
		explain_add(
			s,
			" At its rule's size the kernel itself ends who charges (reflex armed).");
	else if (slot->flags & HR_SLOT_TRIPWIRE)
		explain_add(s, " The kernel tells at once when it crosses its rule's size.");
}

/* What the intervals of this one were worth; the rest of the score is the host's. */
static void describe_intervals(struct explanation *s, const struct hr_slot *slot)
{
	if (!slot->intervals)
		return;
	explain_line(s, STYLE_PLAIN);
	explain_add(s, "Of its forecasts %u %s checked, %u held (eight of ten should).",
		    slot->intervals, slot->intervals == 1 ? "was" : "were",
		    slot->intervals_covered);
}

void explain_container(struct explanation *s, const struct hr_slot *slot,
		       const struct hr_host *host, uint64_t now_ns)
{
	describe_identity(s, slot, now_ns);
	describe_use(s, slot);
	describe_binding(s, slot);
	if (!slot_gone(slot)) {
		explain_forecast(s, &slot->forecast);
		explain_risk(s, &slot->forecast);
		describe_leak(s, slot);
		describe_stalls(s, slot);
	}
	describe_intervals(s, slot);
	describe_inside(s, slot);
	describe_next(s, slot, host);
}

static void describe_clauses(struct explanation *s, const char *before, const char *clauses)
{
	if (!*clauses)
		return;
	explain_line(s, STYLE_PLAIN);
	explain_add(s, "%s%s.", before, clauses);
}

void explain_score(struct explanation *s, const struct hr_score *score)
{
	char text[SCORE_TEXT];

	describe_clauses(s, "So far on this host ", score_alarms_text(score, text));
	describe_clauses(s, "Of all forecasts here: ", score_times_text(score, text));
}

void explain_list(struct explanation *s, const struct hr_event *const *kill, uint64_t now_ns)
{
	char text[EVENT_LINE_TEXT];

	for (; *kill; kill++) {
		explain_line(s, STYLE_PLAIN);
		explain_add(s, "  event %llu: %s", (unsigned long long)(*kill)->seq,
			    event_line(*kill, now_ns, text));
	}
}

void explain_actions(struct explanation *s, const struct hr_event *const *action, uint64_t now_ns)
{
	if (!*action)
		return;
	explain_line(s, STYLE_PLAIN);
	explain_add(s, "What was done about it last:");
	explain_list(s, action, now_ns);
}

void explain_kills(struct explanation *s, const struct hr_slot *slot,
		   const struct hr_event *const *kill, uint64_t now_ns)
{
	uint64_t total = slot->oom_kills_total;

	explain_line(s, STYLE_PLAIN);
	if (total == HR_UNKNOWN)
		explain_add(s, "How often it was OOM-killed is not known.");
	else if (!total)
		explain_add(s, "It was never OOM-killed as far as is known.");
	else
		explain_add(s, "It was OOM-killed %llu%s, earlier lives included.",
			    (unsigned long long)total, total == 1 ? " time" : " times");
	explain_list(s, kill, now_ns);
}
