// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From events to incidents, in three passes: drafts (kills, actions, alarms, blocked cgroups); merging (the alarm goes to
 * the kill it warned of); related events (outcomes, restarts, leaks, pressure). Knows nothing of how a report looks.
 */
#include "incident.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "event_log.h"
#include "incident_build.h"
#include "incident_text.h"

#define BEFORE_NS (900 * NS_PER_SEC) /* leaks and stalls this long before belong to it */
#define AFTER_NS  (60 * NS_PER_SEC)  /* restarts and further alarms this long after */
#define SOON_NS \
	(2 * NS_PER_SEC) /* a kill so shortly before an action or an alarm: that came too late */

/* ---- merging ---- */

static bool overlap(const struct draft *d, uint64_t from_ns, uint64_t to_ns)
{
	return d->i.time_ns <= to_ns && d->last_ns >= from_ns;
}

static uint64_t before(uint64_t ns, uint64_t by) { return ns > by ? ns - by : 0; }

/* Whether `small` is a part of `big`, which may have ended `late_ns` before an alarm. */
static bool belongs(const struct draft *small, const struct draft *big, uint64_t late_ns)
{
	uint64_t from = small->i.time_ns, to = small->last_ns;
	bool notice = small->i.kind == INCIDENT_ACTION && !small->action;

	if (small == big || big->merged || small->i.instance != big->i.instance)
		return false;
	if (notice && big->i.kind == INCIDENT_NEAR_MISS) /* it reported the alarm */
		return draft_about(big, small->i.cgroup_id, small->i.workload) &&
		       overlap(big, before(from, GRACE_NS), to + GRACE_NS);
	if (big->i.kind >= small->i.kind)
		return false;
	if (big->i.kind == INCIDENT_ACTION && !big->action)
		return false;
	if (!draft_about(big, small->i.cgroup_id, small->i.workload))
		return false;
	if (small->i.kind ==
	    INCIDENT_ACTION) /* an action that did not help is part of the same OOM */
		return overlap(big, before(from, SOON_NS),
			       to + (small->averted ? SOON_NS : BEFORE_NS));
	return overlap(big, before(from, late_ns), small->i.open ? UINT64_MAX : to + GRACE_NS);
}

static int merge(struct draft *small, struct draft *big)
{
	for (size_t i = 0; i < small->n; i++)
		if (draft_attach(big, small->event[i]))
			return -ENOMEM;
	for (size_t i = 0; i < small->subjects; i++)
		draft_add_subject(big, small->subject[i]);
	small->merged = true;
	return 0;
}

static struct draft *parent_within(struct drafts *all, const struct draft *small, uint64_t late_ns)
{
	for (unsigned int kind = 0; kind < INCIDENT_KINDS; kind++)
		for (size_t i = 0; i < all->n; i++)
			if (all->draft[i].i.kind == kind && belongs(small, &all->draft[i], late_ns))
				return &all->draft[i];
	return NULL;
}

/* The draft that it is a part of: a kill before an action. A kill has the kernel's time and is seen later: an alarm that is raised
 * meanwhile belongs to it, unless it warned of another. NULL: none. */
static struct draft *find_parent(struct drafts *all, const struct draft *small)
{
	struct draft *big = parent_within(all, small, 0);

	return big ? big : parent_within(all, small, SOON_NS);
}

/* Actions into kills, blocked cgroups into both, alarms into what followed. */
static int join(struct drafts *all)
{
	static const enum incident_kind order[] = {INCIDENT_ACTION, INCIDENT_HANG,
						   INCIDENT_NEAR_MISS};

	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; i < all->n; i++) {
			struct draft *small = &all->draft[i], *big;

			if (small->i.kind != order[k] || small->merged)
				continue;
			big = find_parent(all, small);
			if (big && merge(small, big))
				return -ENOMEM;
		}
	return 0;
}

/* ---- related events ---- */

static bool around(const struct draft *d, const struct hr_event *e)
{
	const struct hr_event_outcome *outcome = (const void *)e;

	if (e->instance != d->i.instance)
		return false;
	if (e->type == HR_EVENT_OUTCOME) {
		for (size_t i = 0; i < d->n; i++)
			if (d->event[i]->seq == outcome->ref)
				return true;
		return false;
	}
	if (e->type == HR_EVENT_DAEMON || !draft_about(d, e->cgroup_id, e->id.workload))
		return false;
	return e->time_ns + BEFORE_NS >= d->i.time_ns && e->time_ns <= d->last_ns + AFTER_NS;
}

static uint64_t distance(const struct draft *d, const struct hr_event *e)
{
	return e->time_ns < d->i.time_ns ? d->i.time_ns - e->time_ns
	       : e->time_ns > d->last_ns ? e->time_ns - d->last_ns
					 : 0;
}

/* Each remaining event goes to the nearest incident that it can belong to. */
static int gather(struct drafts *all)
{
	for (size_t i = 0; i < all->event_log->n; i++) {
		const struct hr_event *e = all->event_log->event[i];
		struct draft *best = NULL;

		for (size_t j = 0; !all->taken[i] && j < all->n; j++) {
			struct draft *d = &all->draft[j];

			if (d->merged || !around(d, e))
				continue;
			if (!best || distance(d, e) < distance(best, e))
				best = d;
		}
		if (best && draft_attach(best, e))
			return -ENOMEM;
	}
	return 0;
}

/* ---- the result ---- */

static int by_time(const void *a, const void *b)
{
	const struct hr_event *x = *(const struct hr_event *const *)a,
			      *y = *(const struct hr_event *const *)b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int newest_first(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns > y->time_ns ? -1 : 1;
	return x->seq > y->seq ? -1 : x->seq < y->seq;
}

const char *incident_id(uint64_t time_ns, uint64_t seq, char id[INCIDENT_ID])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(id, INCIDENT_ID, "%Y%m%dT%H%M%S", &tm);
	snprintf(id + n, INCIDENT_ID - n, "-%llu", (unsigned long long)seq);
	return id;
}

static int finish(struct draft *d, struct incident *out)
{
	qsort((void *)d->event, d->n, sizeof(const struct hr_event *), by_time);
	d->i.begin_ns = d->event[0]->time_ns;
	d->i.end_ns = d->event[d->n - 1]->time_ns;
	if (d->i.end_ns < d->last_ns)
		d->i.end_ns = d->last_ns;
	for (size_t i = 0; i < d->n; i++)
		if (d->event[i]->severity > d->i.severity)
			d->i.severity = d->event[i]->severity;
	if (d->i.kind == INCIDENT_ACTION && !d->action) /* a notice is no action */
		d->i.kind = INCIDENT_NEAR_MISS;
	if (d->i.kind == INCIDENT_NEAR_MISS && d->ended)
		d->i.kind = INCIDENT_ENDED;
	d->i.dry_run &= d->i.kind == INCIDENT_ACTION;
	incident_id(d->i.time_ns, d->i.seq, d->i.id);
	incident_describe(&d->i, d->event, d->n, d->key);
	d->i.seqs = calloc(d->n, sizeof(uint64_t));
	if (!d->i.seqs)
		return -ENOMEM;
	for (size_t i = 0; i < d->n; i++)
		d->i.seqs[d->i.n_seqs++] = d->event[i]->seq;
	*out = d->i;
	return 0;
}

/* An alarm that still stands is not an incident yet. */
static bool worth(const struct draft *d)
{
	return !d->merged && !(d->i.kind == INCIDENT_NEAR_MISS && d->i.open);
}

static int conclude(struct drafts *all, struct incidents *ret)
{
	struct incidents out = {.incident = calloc(all->n + 1, sizeof(struct incident))};

	if (!out.incident)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++) {
		if (!worth(&all->draft[i]))
			continue;
		if (finish(&all->draft[i], &out.incident[out.n])) {
			incidents_done(&out);
			return -ENOMEM;
		}
		out.n++;
	}
	qsort(out.incident, out.n, sizeof(struct incident), newest_first);
	incidents_done(ret);
	*ret = out;
	return 0;
}

int incidents_of(const struct event_log *event_log, struct incidents *ret)
{
	_cleanup_(drafts_done) struct drafts all = {.event_log = event_log};
	int r;

	all.taken = calloc(event_log->n + 1, sizeof(bool));
	if (!all.taken)
		return -ENOMEM;
	r = drafts_make(&all);
	if (!r)
		r = join(&all);
	if (!r)
		r = gather(&all);
	return r ? r : conclude(&all, ret);
}

int incidents_find(struct hr_reader *reader, struct incidents *ret)
{
	_cleanup_(event_log_done) struct event_log event_log = {0};
	int r = event_log_load(&event_log, reader);

	return r ? r : incidents_of(&event_log, ret);
}

const struct incident *incidents_latest(const struct incidents *incidents)
{
	for (size_t i = 0; i < incidents->n; i++)
		if (incidents->incident[i].kind == INCIDENT_OOM_KILL || incidents->incident[i].ends)
			return &incidents->incident[i];
	return incidents->n ? &incidents->incident[0] : NULL;
}

void incidents_done(struct incidents *incidents)
{
	for (size_t i = 0; i < incidents->n; i++)
		free(incidents->incident[i].seqs);
	free(incidents->incident);
	memset(incidents, 0, sizeof(*incidents));
}
