// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Builds the model of a report: window, snapshots, factors, texts. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "report_internal.h"
#include "format/enum_text.h"

#define LEAST_BEFORE_NS (120 * NS_PER_SEC)  /* the charts reach back at least so far … */
#define MOST_BEFORE_NS  (1800 * NS_PER_SEC) /* … and at most so far */
#define BEFORE_TIMES    3                   /* times as long as the alarm stood */
#define LEAST_AFTER_NS  (40 * NS_PER_SEC)
#define MOST_AFTER_NS   (300 * NS_PER_SEC)

static int copy_incident(struct report *r, const struct incident *incident)
{
	r->incident = *incident;
	r->incident.seqs = calloc(incident->n_seqs + 1, sizeof(uint64_t));
	if (!r->incident.seqs)
		return -ENOMEM;
	memcpy(r->incident.seqs, incident->seqs, incident->n_seqs * sizeof(uint64_t));
	return 0;
}

static int find_events(struct context *s)
{
	struct report *r = s->report;

	s->event = calloc(r->incident.n_seqs + 1, sizeof(const struct hr_event *));
	if (!s->event)
		return -ENOMEM;
	for (size_t i = 0; i < r->incident.n_seqs; i++) {
		const struct hr_event *e =
			event_log_find(s->event_log, r->incident.instance, r->incident.seqs[i]);
		const struct hr_event_container *c = (const void *)e;

		if (!e)
			continue;
		s->event[s->n_events++] = e;
		if (e->type == HR_EVENT_OOM_KILL && !r->kill)
			r->kill = (const void *)e;
		if (e->type == HR_EVENT_OUTCOME)
			r->outcome = (const void *)e;
		if (e->type == HR_EVENT_CONTAINER && c->what == HR_CONTAINER_RESTARTED &&
		    !r->restarted_ns)
			r->restarted_ns = e->time_ns;
	}
	return 0;
}

static uint64_t clamp(uint64_t x, uint64_t low, uint64_t high)
{
	return x < low ? low : x > high ? high : x;
}

/* The widest window read. */
static void widest_window(struct report *r)
{
	const struct incident *i = &r->incident;
	uint64_t begin = i->time_ns < i->begin_ns ? i->time_ns : i->begin_ns;

	r->from_ns = i->time_ns - clamp(MOST_BEFORE_NS, 0, i->time_ns);
	r->from_ns = begin < r->from_ns ? begin : r->from_ns;
	r->to_ns = i->end_ns + MOST_AFTER_NS;
}

static void cut(struct series *s, uint64_t from_ns, uint64_t to_ns, uint64_t time_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->point[i].time_ns >= from_ns && s->point[i].time_ns <= to_ns)
			s->point[n++] = s->point[i];
	s->n = n;
	series_sum(s, time_ns);
}

/* A chart begins and ends with data. */
static void shrink_to_data(struct report *r)
{
	const struct incident *i = &r->incident;
	const struct series *s = &r->series;
	uint64_t first, last;

	if (s->n < 2)
		return;
	first = s->point[0].time_ns < i->begin_ns ? s->point[0].time_ns : i->begin_ns;
	for (size_t j = 0; j < r->co_tenants; j++)
		if (r->co_tenant[j].n && r->co_tenant[j].point[0].time_ns < first)
			first = r->co_tenant[j].point[0].time_ns;
	last = s->point[s->n - 1].time_ns > i->end_ns ? s->point[s->n - 1].time_ns : i->end_ns;
	if (r->from_ns < first)
		r->from_ns = first;
	if (r->to_ns > last + NS_PER_SEC)
		r->to_ns = last + NS_PER_SEC;
}

/* The charts show the last rise, or three times the duration of the alarm, and some time after. */
static void narrow_window(struct report *r)
{
	const struct incident *i = &r->incident;
	uint64_t alarmed = i->time_ns - i->begin_ns, rise = 0, before, after;

	if (i->kind == INCIDENT_NEAR_MISS || i->kind == INCIDENT_ENDED)
		alarmed = i->end_ns - i->begin_ns;
	if (r->found.rise_ms != HR_UNKNOWN)
		rise = clamp(r->found.rise_ms, 0, MOST_BEFORE_NS / NS_PER_MS) * NS_PER_MS;
	before =
		BEFORE_TIMES * alarmed > rise + rise / 4 ? BEFORE_TIMES * alarmed : rise + rise / 4;
	before = clamp(before, LEAST_BEFORE_NS, i->time_ns - r->from_ns);
	after = clamp(before / 5, LEAST_AFTER_NS, MOST_AFTER_NS);
	r->from_ns = i->time_ns - before;
	r->to_ns = i->end_ns + after;
	cut(&r->series, r->from_ns, r->to_ns, i->time_ns);
	for (size_t j = 0; j < r->co_tenants; j++)
		cut(&r->co_tenant[j], r->from_ns, r->to_ns, i->time_ns);
	shrink_to_data(r);
}

static int keep_host(struct context *s)
{
	struct report *r = s->report;
	char clean[3][256];

	if (!s->have_host)
		return 0;
	r->node =
		report_keep(r, "%s", text_clean(s->host.node, sizeof(s->host.node), clean[0], 256));
	r->kernel = report_keep(r, "%s",
				text_clean(s->host.kernel, sizeof(s->host.kernel), clean[1], 256));
	r->version = report_keep(
		r, "%s", text_clean(s->host.version, sizeof(s->host.version), clean[2], 256));
	r->mode = mode_word(s->host.mode);
	return r->node && r->kernel && r->version ? 0 : -ENOMEM;
}

static int find_factors(struct context *s)
{
	struct report *r = s->report;
	struct demand demand;

	context_facts(s, &r->found);
	/* The host's memory dwarfs most containers: it is charted only where it was exhausted. */
	r->limited = r->found.limit != HR_UNKNOWN &&
		     (r->found.level <= HR_LEVEL_ANCESTOR || !r->incident.cgroup_id ||
		      (r->kill && r->found.level == HR_LEVEL_HOST));
	r->shared = r->limited && r->found.level != HR_LEVEL_OWN && r->incident.cgroup_id;
	r->factor = calloc(FACTORS_MOST, sizeof(*r->factor));
	if (!r->factor)
		return -ENOMEM;
	r->factors = factors_find(&r->found, r->factor, FACTORS_MOST);
	series_demand(&s->past, s->time_ns, &demand);
	recommendations_make(&r->recommendation, &r->found, &demand);
	if (!r->incident.cgroup_id)
		snprintf(r->recommendation.basis, sizeof(r->recommendation.basis),
			 "The host has no limit to set: limit the containers that grow, or add "
			 "memory.");
	return 0;
}

int report_build(struct report *ret, const struct incident *incident,
		 const struct event_log *event_log, struct hr_reader *const *readers, size_t n)
{
	_cleanup_free_ struct context *s = calloc(1, sizeof(*s));
	int e;

	if (!s)
		return -ENOMEM;
	*s = (struct context){.report = ret,
			      .event_log = event_log,
			      .time_ns = incident->time_ns,
			      .pids_first = HR_UNKNOWN_U32,
			      .stall_centi = HR_UNKNOWN_U32,
			      .high_first = HR_UNKNOWN,
			      .limits_sum = HR_UNKNOWN};
	memset(ret, 0, sizeof(*ret));
	e = copy_incident(ret, incident);
	if (!e)
		e = find_events(s);
	if (!e) {
		widest_window(ret);
		e = context_look(s, readers, n);
	}
	if (!e)
		e = keep_host(s);
	if (!e)
		e = find_factors(s);
	if (!e) {
		narrow_window(ret);
		e = report_text_build(s);
	}
	context_done(s);
	if (e)
		report_done(ret);
	return e;
}
