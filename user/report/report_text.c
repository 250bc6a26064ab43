// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The lists of a report: what was foreseen, what was done, the timeline, the facts. One sentence an
 * entry; says nothing that the records do not hold. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "report_internal.h"
#include "report_text.h"
#include "format/display_name.h"
#include "format/event_line.h"
#include "format/explain_action.h"
#include "format/enum_text.h"

#define TEXT 2048

static const char *stamp(const char *format, uint64_t time_ns, char text[REPORT_TIME])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, REPORT_TIME, format, &tm);
	return text;
}

const char *report_clock(uint64_t time_ns, char text[REPORT_TIME])
{
	return stamp("%H:%M:%S", time_ns, text);
}

const char *report_day(uint64_t time_ns, char text[REPORT_TIME])
{
	return stamp("%Y-%m-%d %H:%M:%S UTC", time_ns, text);
}

const char *report_offset(uint64_t from_ns, uint64_t to_ns, char text[REPORT_TIME])
{
	uint64_t ns = to_ns > from_ns ? to_ns - from_ns : from_ns - to_ns;
	char span[UNITS_TEXT];

	units_duration_ms(ns / NS_PER_MS, span);
	snprintf(text, REPORT_TIME, "%s%s",
		 ns < NS_PER_MS    ? ""
		 : to_ns > from_ns ? "+"
				   : "-",
		 span);
	return text;
}

/* ---- what was foreseen ---- */

static void alarm_text(struct line *l, const struct report_alarm *a,
		       const struct hr_forecast *forecast)
{
	char reason[REASON_TEXT];

	line_add(l, "%s", a->level == HR_ALARM_ACT ? "act" : "warn");
	if (a->risk_centi != UINT16_MAX)
		line_add(l, ": risk %u of 100", (a->risk_centi + 50u) / 100u);
	line_add_ms(l, ", OOM foreseen in ", a->p50_ms, "");
	line_add_ms(l, " (between ", a->p10_ms, "");
	if (a->p10_ms != HR_UNKNOWN && a->p90_ms != HR_UNKNOWN)
		line_add_ms(l, " and ", a->p90_ms, "");
	line_add(l, "%s", a->p10_ms != HR_UNKNOWN ? ")" : "");
	line_add_bytes(l, ", ", a->headroom, " left");
	reason_text(&forecast->reason[0], reason);
	if (forecast->reason[0].kind)
		line_add(l, ", because it %s", reason);
	if (a->took_ms != HR_UNKNOWN)
		line_add_ms(l, ". It took ", a->took_ms, "");
}

static int describe_alarms(const struct context *s)
{
	struct report *r = s->report;

	for (size_t i = 0; i < s->n_events; i++) {
		const struct hr_event_forecast *o = (const void *)s->event[i];
		char text[TEXT];
		struct line l = line_in(text, sizeof(text));
		struct report_alarm *a;

		if (s->event[i]->type != HR_EVENT_RISK || o->to <= o->from)
			continue;
		a = REPORT_MORE(r->alarm, r->alarms);
		if (!a)
			return -ENOMEM;
		*a = (struct report_alarm){.time_ns = o->event.time_ns,
					   .level = o->to,
					   .risk_centi = o->forecast.risk_centi,
					   .p10_ms = o->forecast.oom_in_p10_ms,
					   .p50_ms = o->forecast.oom_in_p50_ms,
					   .p90_ms = o->forecast.oom_in_p90_ms,
					   .usage = o->usage,
					   .headroom = o->headroom,
					   .took_ms = HR_UNKNOWN};
		if (r->kill && r->kill->event.time_ns >= a->time_ns)
			a->took_ms = (r->kill->event.time_ns - a->time_ns) / NS_PER_MS;
		alarm_text(&l, a, &o->forecast);
		a->text = report_keep(r, "%s", text);
		if (!a->text)
			return -ENOMEM;
	}
	return 0;
}

/* ---- what was done ---- */

static void skipped(struct line *l, const struct hr_event_action *a)
{
	for (uint32_t i = 0; i < a->skipped_count && i < HR_SKIPPED; i++) {
		const struct hr_skipped *p = &a->skipped[i];
		const char *name = hr_event_text(&a->event, p->name),
			   *reason = hr_skip_reason_name(p->reason);
		char clean[160];

		line_add(l, "%s%s (%s", i ? "; " : "",
			 name ? text_clean(name, SIZE_MAX, clean, sizeof(clean)) : "a process",
			 reason ? reason : "unknown");
		line_add_bytes(l, ", ", p->usage, "");
		line_add(l, ")");
	}
}

static int describe_actions(const struct context *s)
{
	struct report *r = s->report;

	for (size_t i = 0; i < s->n_events; i++) {
		const struct hr_event_action *a = (const void *)s->event[i];
		char text[ACTION_TEXT], *cut;
		struct report_action *d;
		struct line l;

		if (s->event[i]->type != HR_EVENT_ACTION)
			continue;
		d = REPORT_MORE(r->action, r->actions);
		if (!d)
			return -ENOMEM;
		d->action = a;
		action_text(a, text);
		cut = strstr(text, "; passed over: "); /* told apart, at length */
		if (cut && a->skipped_count)
			*cut = 0;
		d->text = report_keep(r, "%s", text);
		l = line_in(text, sizeof(text));
		skipped(&l, a);
		if (l.used)
			d->skipped = report_keep(r, "%s", text);
		if (!d->text || (l.used && !d->skipped))
			return -ENOMEM;
	}
	return 0;
}

static void outcome_text(struct line *l, const struct hr_event_outcome *o)
{
	line_add_bytes(l, "", o->freed, " freed");
	line_add_ms(l, " after ", o->freed_after_ms, "");
	if (o->averted != HR_UNKNOWN_U32)
		line_add(l, "%sthe kernel's OOM killer was %s", l->used ? "; " : "",
			 o->averted ? "not needed" : "not averted");
	line_add_ms(l, l->used ? "; restarted after " : "restarted after ", o->restarted_after_ms,
		    "");
}

/* ---- the timeline ---- */

static enum report_mark mark_of(const struct hr_event *e)
{
	const struct hr_event_forecast *o = (const void *)e;
	const struct hr_event_container *c = (const void *)e;
	const struct hr_event_action *a = (const void *)e;

	switch (e->type) {
	case HR_EVENT_OOM_KILL:
		return MARK_KILL;
	case HR_EVENT_RISK:
		return o->to == HR_ALARM_ACT    ? MARK_ACT
		       : o->to == HR_ALARM_WARN ? MARK_WARN
						: MARK_GOOD;
	case HR_EVENT_LEAK:
		return o->to ? MARK_WARN : MARK_GOOD;
	case HR_EVENT_ACTION:
		return a->kind > HR_ACTION_NOTIFY && a->status <= HR_STATUS_DRY_RUN ? MARK_ACTION
										    : MARK_NOTE;
	case HR_EVENT_CONTAINER:
		return c->what == HR_CONTAINER_RESTARTED ? MARK_GOOD : MARK_NOTE;
	default:
		return MARK_NOTE;
	}
}

static const char *what_of(const struct hr_event *e)
{
	static const char *const alarms[] = {"calm", "warning", "danger"};
	static const char *const pressures[] = {"stall", "stall over", "hang", "hang over"};
	const struct hr_event_forecast *o = (const void *)e;
	const struct hr_event_action *a = (const void *)e;
	const struct hr_event_pressure *p = (const void *)e;
	const struct hr_event_container *c = (const void *)e;

	switch (e->type) {
	case HR_EVENT_OOM_KILL:
		return "OOM kill";
	case HR_EVENT_RISK:
		return o->to < ARRAY_SIZE(alarms) ? alarms[o->to] : "alarm";
	case HR_EVENT_LEAK:
		return "leak";
	case HR_EVENT_ACTION:
		return a->status == HR_STATUS_DRY_RUN ? "dry-run"
		       : a->kind == HR_ACTION_NOTIFY  ? "notice"
						      : "action";
	case HR_EVENT_OUTCOME:
		return "outcome";
	case HR_EVENT_PRESSURE:
		return p->what < ARRAY_SIZE(pressures) ? pressures[p->what] : "pressure";
	case HR_EVENT_CONTAINER:
		return c->what == HR_CONTAINER_RESTARTED ? "back" : "ended";
	default:
		return "guard";
	}
}

static bool charted(const struct hr_event *e)
{
	const struct hr_event_forecast *o = (const void *)e;
	enum report_mark mark = mark_of(e);

	if (e->type == HR_EVENT_RISK)
		return o->to > o->from;
	return mark == MARK_KILL || mark == MARK_ACTION ||
	       (e->type == HR_EVENT_CONTAINER && mark == MARK_GOOD);
}

/* What an event says, where its own section does not say it at length. */
static void moment_text(const struct hr_event *e, char text[EVENT_LINE_TEXT])
{
	const struct hr_event_forecast *o = (const void *)e;
	struct line l = line_in(text, EVENT_LINE_TEXT);

	if (e->type == HR_EVENT_OUTCOME) {
		outcome_text(&l, (const void *)e);
		return;
	}
	if (e->type != HR_EVENT_RISK) {
		event_emitted(e, text);
		return;
	}
	if (o->forecast.risk_centi != UINT16_MAX)
		line_add(&l, "risk %u of 100", (o->forecast.risk_centi + 50u) / 100u);
	line_add_ms(&l, ", OOM foreseen in ", o->forecast.oom_in_p50_ms, "");
	line_add_bytes(&l, ", ", o->headroom, " left");
}

static int add_moment(const struct context *s, const struct hr_event *e)
{
	struct report *r = s->report;
	struct record_text from = record_text_event(e);
	struct report_moment *m = REPORT_MORE(r->moment, r->moments);
	char words[EVENT_LINE_TEXT], name[INCIDENT_NAME] = "";
	bool other = e->type != HR_EVENT_DAEMON && e->cgroup_id != r->incident.cgroup_id;

	if (!m)
		return -ENOMEM;
	identity_name(&from, &e->id, name, sizeof(name), NULL);
	other = other && name[0] && strcmp(name, r->incident.name) != 0;
	moment_text(e, words);
	*m = (struct report_moment){.time_ns = e->time_ns,
				    .seq = e->seq,
				    .mark = mark_of(e),
				    .what = what_of(e),
				    .on_chart = charted(e)};
	m->text = report_keep(r, "%s%s%s", other ? name : "", other ? ": " : "", words);
	return m->text ? 0 : -ENOMEM;
}

/* The guard's own, where they bear on what could be seen. */
static bool daemon_matters(const struct context *s, const struct hr_event *e)
{
	const struct hr_event_daemon *g = (const void *)e;
	const struct incident *i = &s->report->incident;

	return e->type == HR_EVENT_DAEMON && e->time_ns + 60 * NS_PER_SEC >= i->begin_ns &&
	       e->time_ns <= i->end_ns &&
	       (g->what <= HR_DAEMON_CAPACITY || g->what == HR_DAEMON_LOST);
}

static int describe_timeline(const struct context *s)
{
	const struct event_log *c = s->event_log;
	size_t own = 0;
	int e = 0;

	for (size_t i = 0; !e && i < c->n; i++) {
		bool mine = own < s->n_events && c->event[i] == s->event[own];

		own += mine;
		if (mine || daemon_matters(s, c->event[i]))
			e = add_moment(s, c->event[i]);
	}
	return e;
}

/* ---- the facts ---- */

static int add_fact(struct report *r, const char *label, const char *text)
{
	struct report_fact *f;

	if (!*text)
		return 0;
	f = REPORT_MORE(r->fact, r->facts);
	if (!f)
		return -ENOMEM;
	f->label = label;
	f->text = report_keep(r, "%s", text);
	return f->text ? 0 : -ENOMEM;
}

static void party(struct line *l, const struct hr_event_oom_kill *oom,
		  const struct hr_oom_process *p)
{
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anonymous", p->anon},
		    {"file", p->file},
		    {"shared", p->shmem},
		    {"swapped", p->swap},
		    {"page tables", p->pgtables}};
	const char *cmdline = hr_event_text(&oom->event, p->cmdline), *before = ": ";
	char clean[400];

	line_add_task(l, p->comm, p->pid);
	for (size_t i = 0; i < ARRAY_SIZE(part) && p == &oom->victim; i++) {
		if (!part[i].bytes || part[i].bytes == HR_UNKNOWN)
			continue;
		line_add_bytes(l, before, part[i].bytes, " ");
		line_add(l, "%s", part[i].word);
		before = ", ";
	}
	if (p == &oom->victim)
		line_add(l, "; oom_score_adj %d", p->oom_score_adj);
	if (cmdline)
		line_add(l, "; command line: %s",
			 text_clean(cmdline, SIZE_MAX, clean, sizeof(clean)));
}

static int describe_kill_facts(struct report *r)
{
	const struct hr_event_oom_kill *oom = r->kill;
	struct record_text from = record_text_event(&oom->event);
	char text[TEXT], label[INCIDENT_NAME];
	struct line l = line_in(text, sizeof(text));
	int e;

	if (oom->victim.pid)
		party(&l, oom, &oom->victim);
	else
		line_add(&l, "not known: only a counter rose");
	if (r->incident.kills > 1)
		line_add(&l, "; %u more were killed with it", r->incident.kills - 1);
	e = add_fact(r, "Victim", text);
	l = line_in(text, sizeof(text));
	if (oom->trigger.pid && oom->trigger.pid == oom->victim.pid)
		line_add(&l, "the victim itself asked for the memory");
	else if (oom->trigger.pid)
		party(&l, oom, &oom->trigger);
	else
		line_add(&l, "not known");
	if (oom->trigger.pid && oom->trigger.cgroup_id != oom->victim.cgroup_id) {
		identity_label(&from, &oom->trigger.id, oom->trigger.cgroup_id, label,
			       sizeof(label));
		line_add(&l, ", in %s", label);
	}
	if (!e)
		e = add_fact(r, "Trigger", text);
	l = line_in(text, sizeof(text));
	line_add_limit(&l, oom);
	line_add_bytes(&l, ", with ", oom->limit_usage, " used");
	if (oom->flags & HR_OOM_INFERRED)
		line_add(&l, " (inferred, not told by the kernel)");
	return e ? e : add_fact(r, "Limit", text);
}

static int describe_where(const struct context *s)
{
	const struct facts *f = &s->report->found;
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anonymous", f->anon},
		    {"file", f->file},
		    {"shared", f->shmem},
		    {"kernel", f->kernel},
		    {"swapped", f->swap}};
	char text[TEXT];
	struct line l = line_in(text, sizeof(text));

	if (!s->slot_before)
		return 0;
	line_add_bytes(&l, "", f->own_usage, " in all");
	for (size_t i = 0; i < ARRAY_SIZE(part); i++)
		if (part[i].bytes && part[i].bytes != HR_UNKNOWN) {
			line_add_bytes(&l, l.used ? ", " : "", part[i].bytes, " ");
			line_add(&l, "%s", part[i].word);
		}
	return add_fact(s->report, "Its memory, just before", text);
}

static int describe_after(struct report *r)
{
	const struct hr_event_outcome *o = r->outcome;
	char text[TEXT], span[REPORT_TIME];
	struct line l = line_in(text, sizeof(text));

	if (o)
		outcome_text(&l, o);
	if (r->restarted_ns && (!o || o->restarted_after_ms == HR_UNKNOWN))
		line_add(&l, "%srestarted %s", l.used ? "; " : "",
			 report_offset(r->incident.time_ns, r->restarted_ns, span));
	return add_fact(r, "Afterwards", text);
}

static int describe_facts(const struct context *s)
{
	struct report *r = s->report;
	const char *cgroup = s->have_slot ? hr_slot_text(&s->slot, s->slot.id.cgroup) : NULL;
	const char *image = s->have_slot ? hr_slot_text(&s->slot, s->slot.id.image) : NULL;
	char clean[1024];
	int e = r->kill ? describe_kill_facts(r) : 0;

	if (!e)
		e = describe_where(s);
	if (!e)
		e = describe_after(r);
	if (!e && image)
		e = add_fact(r, "Image", text_clean(image, SIZE_MAX, clean, sizeof(clean)));
	if (!e && cgroup)
		e = add_fact(r, "Cgroup", text_clean(cgroup, SIZE_MAX, clean, sizeof(clean)));
	return e;
}

int report_text_build(const struct context *s)
{
	int e = describe_alarms(s);

	if (!e)
		e = describe_actions(s);
	if (!e)
		e = describe_timeline(s);
	if (!e)
		e = describe_facts(s);
	return e ? e : summary_build(s);
}
