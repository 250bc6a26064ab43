// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The lists of a report: alarms, actions, timeline, facts. One sentence per entry; says nothing that the records do not
 * hold. */
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
#include "format/action_text.h"
#include "format/enum_text.h"
#include "format/phrase.h"

#define TEXT 2048

const char *report_clock(uint64_t time_ns, char text[REPORT_TIME])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, REPORT_TIME, "%H:%M:%S", &tm);
	return text;
}

const char *report_day(uint64_t time_ns, char text[REPORT_TIME])
{
	return clock_format_local(time_ns, text);
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

/* ---- forecast ---- */

static void alarm_text(struct line *l, const struct report_alarm *a,
		       const struct hr_forecast *forecast)
{
	line_add(l, "alarm %s, ", or_unknown(alarm_word(a->level)));
	phrase_risk(l, a->risk_centi);
	line_add(l, ", ");
	phrase_oom_in(l, forecast);
	line_add_bytes(l, ", headroom ", a->headroom, "");
	line_add(l, "; ");
	phrase_reasons(l, forecast);
	line_add_ms(l, ". Observed: ", a->took_ms, "");
}

static int build_alarms(const struct context *s)
{
	struct report *r = s->report;

	for (size_t i = 0; i < s->n_events; i++) {
		const struct hr_event_forecast *o = (const void *)s->event[i];
		char text[TEXT];
		struct line l = line_in(text, sizeof(text));
		struct report_alarm *a;

		if (s->event[i]->type != HR_EVENT_RISK || o->to <= o->from || o->to < HR_ALARM_WARN)
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

/* ---- actions ---- */

static int build_actions(const struct context *s)
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
		cut = strstr(text, "; skipped: "); /* listed separately */
		if (cut && a->skipped_count)
			*cut = 0;
		d->text = report_keep(r, "%s", text);
		l = line_in(text, sizeof(text));
		phrase_skipped(&l, a);
		if (l.used)
			d->skipped = report_keep(r, "%s", text);
		if (!d->text || (l.used && !d->skipped))
			return -ENOMEM;
	}
	return 0;
}

/* ---- timeline ---- */

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
		       : o->to > o->from        ? MARK_NOTE
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
	static const char *const alarms[] = {"alarm cleared", "alarm notice", "alarm warn",
					     "alarm act"};
	static const char *const pressures[] = {"stall", "stall ended", "blocked", "unblocked"};
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
		return a->kind == HR_ACTION_NOTIFY ? "notice" : "action";
	case HR_EVENT_OUTCOME:
		return "outcome";
	case HR_EVENT_PRESSURE:
		return p->what < ARRAY_SIZE(pressures) ? pressures[p->what] : "pressure";
	case HR_EVENT_CONTAINER:
		return c->what == HR_CONTAINER_RESTARTED ? "restarted" : "ended";
	case HR_EVENT_MEMORY_MAP:
		return "memory map";
	default:
		return "daemon";
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

/* The text of an event; of an alarm in short, since a section of its own has it in full. */
static void moment_text(const struct hr_event *e, char text[EVENT_LINE_TEXT])
{
	const struct hr_event_forecast *o = (const void *)e;
	struct line l = line_in(text, EVENT_LINE_TEXT);

	if (e->type == HR_EVENT_OUTCOME) {
		phrase_outcome(&l, (const void *)e);
		return;
	}
	if (e->type != HR_EVENT_RISK) {
		event_text(e, text);
		return;
	}
	phrase_risk(&l, o->forecast.risk_centi);
	line_add(&l, ", ");
	phrase_oom_in(&l, &o->forecast);
	line_add_bytes(&l, ", headroom ", o->headroom, "");
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

/* The daemon's own events that limit what could be observed. */
static bool daemon_matters(const struct context *s, const struct hr_event *e)
{
	const struct hr_event_daemon *g = (const void *)e;
	const struct incident *i = &s->report->incident;

	return e->type == HR_EVENT_DAEMON && e->time_ns + 60 * NS_PER_SEC >= i->begin_ns &&
	       e->time_ns <= i->end_ns &&
	       (g->what <= HR_DAEMON_CAPACITY || g->what == HR_DAEMON_LOST ||
		g->what == HR_DAEMON_RECOVERED);
}

static int build_timeline(const struct context *s)
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

/* ---- facts ---- */

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

static void add_cmdline(struct line *l, const struct hr_event_oom_kill *oom,
			const struct hr_oom_process *p)
{
	const char *cmdline = hr_event_text(&oom->event, p->cmdline);
	char clean[400];

	if (cmdline)
		line_add(l, "; command line: %s",
			 text_clean(cmdline, SIZE_MAX, clean, sizeof(clean)));
}

static int add_kill_facts(struct report *r)
{
	const struct hr_event_oom_kill *oom = r->kill;
	const struct hr_oom_process *v = &oom->victim;
	struct memory_parts parts = memory_parts_of_process(v);
	char text[TEXT];
	struct line l = line_in(text, sizeof(text));
	int e;

	if (v->pid) {
		phrase_process(&l, v->comm, v->pid);
		phrase_memory(&l, ": ", &parts);
		line_add(&l, "; oom_score_adj %d", v->oom_score_adj);
		add_cmdline(&l, oom, v);
	} else {
		line_add(&l, "unknown (counter only)");
	}
	if (r->incident.kills > 1)
		line_add(&l, "; %u more killed", r->incident.kills - 1);
	e = add_fact(r, "Victim", text);
	l = line_in(text, sizeof(text));
	phrase_oom_trigger(&l, oom);
	if (oom->trigger.pid != v->pid)
		add_cmdline(&l, oom, &oom->trigger);
	if (!e)
		e = add_fact(r, "Trigger", text);
	l = line_in(text, sizeof(text));
	phrase_oom_cause(&l, oom);
	line_add_bytes(&l, ", usage ", oom->limit_usage, "");
	if (oom->flags & HR_OOM_INFERRED)
		line_add(&l, " (inferred from counters)");
	return e ? e : add_fact(r, "Cause", text);
}

static int add_memory_fact(const struct context *s)
{
	const struct facts *f = &s->report->found;
	struct memory_parts parts = {f->anon,        f->file, f->shmem,  f->kernel,
				     f->memory.sock, f->swap, HR_UNKNOWN};
	char text[TEXT];
	struct line l = line_in(text, sizeof(text));

	if (!s->slot_before)
		return 0;
	line_add_bytes(&l, "usage ", f->own_usage, "");
	phrase_memory(&l, l.used ? ": " : "", &parts);
	return add_fact(s->report, "Memory before", text);
}

static int add_outcome_fact(struct report *r)
{
	const struct hr_event_outcome *o = r->outcome;
	char text[TEXT], span[REPORT_TIME];
	struct line l = line_in(text, sizeof(text));

	if (o)
		phrase_outcome(&l, o);
	if (r->restarted_ns && (!o || o->restarted_after_ms == HR_UNKNOWN))
		line_add(&l, "%srestarted %s", l.used ? "; " : "",
			 report_offset(r->incident.time_ns, r->restarted_ns, span));
	return add_fact(r, "Outcome", text);
}

static int build_facts(const struct context *s)
{
	struct report *r = s->report;
	const char *cgroup = s->have_slot ? hr_slot_text(&s->slot, s->slot.id.cgroup) : NULL;
	const char *image = s->have_slot ? hr_slot_text(&s->slot, s->slot.id.image) : NULL;
	char clean[1024];
	int e = r->kill ? add_kill_facts(r) : 0;

	if (!e)
		e = add_memory_fact(s);
	if (!e)
		e = add_outcome_fact(r);
	if (!e && image)
		e = add_fact(r, "Image", text_clean(image, SIZE_MAX, clean, sizeof(clean)));
	if (!e && cgroup)
		e = add_fact(r, "Cgroup", text_clean(cgroup, SIZE_MAX, clean, sizeof(clean)));
	return e;
}

int report_text_build(const struct context *s)
{
	int e = build_alarms(s);

	if (!e)
		e = build_actions(s);
	if (!e)
		e = build_timeline(s);
	if (!e)
		e = build_facts(s);
	return e ? e : summary_build(s);
}
