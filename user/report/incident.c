// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From events to incidents, in three walks: what makes an incident (kills, deeds, alarms, hangs); who
 * belongs to whom (the alarm to the kill it warned of); and what happened around (outcomes,
 * restarts, leaks, pressure). Knows nothing of how a report looks.
 */
#include "incident.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "chronicle.h"
#include "incident_words.h"

#define SAME_DEATH_NS (10 * NS_PER_SEC) /* the kernel may kill several before there is room again */
#define GRACE_NS (60 * NS_PER_SEC) /* an alarm that ended so shortly before was one all the same */
#define BEFORE_NS (900 * NS_PER_SEC) /* leaks and stalls this long before belong to the story */
#define AFTER_NS (60 * NS_PER_SEC) /* restarts and further alarms this long after */
#define SOON_NS (2 * NS_PER_SEC) /* a kill so shortly before a deed: the deed came too late */

#define SUBJECTS 4
struct draft {
	struct incident i;
	uint64_t subject[SUBJECTS]; /* cgroups that it is about */
	size_t subjects;
	uint64_t last_ns; /* of what made it: a kill, a deed, the end of an alarm */
	uint64_t emergency; /* of an action */
	uint32_t level; /* an alarm's highest */
	bool deed; /* of an action: more than a notice */
	bool averted; /* and its outcome says that it was enough */
	bool merged; /* it went into another one */
	bool sealed; /* an alarm that a kill ended: the next one is another life's */
	const struct hr_event **event;
	size_t n, room;
	const struct hr_event *key; /* that names it */
};

struct drafts {
	struct draft *draft;
	size_t n, room;
	const struct chronicle *chronicle;
	bool *taken; /* an event that belongs to one */
};

/* ---- drafts ---- */

static int attach(struct draft *d, const struct hr_event *event)
{
	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 8;
		const struct hr_event **more =
			reallocarray((void *)d->event, room, sizeof(const struct hr_event *));

		if (!more)
			return -ENOMEM;
		d->event = more;
		d->room = room;
	}
	d->event[d->n++] = event;
	return 0;
}

static void add_subject(struct draft *d, uint64_t cgroup_id)
{
	for (size_t i = 0; i < d->subjects; i++)
		if (d->subject[i] == cgroup_id)
			return;
	if (d->subjects < SUBJECTS)
		d->subject[d->subjects++] = cgroup_id;
}

static bool about(const struct draft *d, uint64_t cgroup_id, uint64_t workload)
{
	for (size_t i = 0; i < d->subjects; i++)
		if (d->subject[i] == cgroup_id)
			return true;
	return workload && d->i.workload == workload;
}

static struct draft *begin(struct drafts *all, enum incident_kind kind, const struct hr_event *key)
{
	struct draft *d;

	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 32;

		d = reallocarray(all->draft, room, sizeof(*d));
		if (!d)
			return NULL;
		all->draft = d;
		all->room = room;
	}
	d = &all->draft[all->n];
	*d = (struct draft){.key = key, .last_ns = key->time_ns};
	d->i = (struct incident){.kind = kind,
				 .time_ns = key->time_ns,
				 .seq = key->seq,
				 .instance = key->instance,
				 .cgroup_id = key->cgroup_id,
				 .workload = key->id.workload};
	add_subject(d, key->cgroup_id);
	if (attach(d, key))
		return NULL;
	all->n++;
	return d;
}

static struct draft *newest(struct drafts *all, enum incident_kind kind, const struct hr_event *e)
{
	for (size_t i = all->n; i-- > 0;)
		if (all->draft[i].i.kind == kind && all->draft[i].i.instance == e->instance &&
		    all->draft[i].i.cgroup_id == e->cgroup_id)
			return &all->draft[i];
	return NULL;
}

/* ---- what makes one; each takes its event, or leaves it ---- */

/* What was feared has come. */
static void seal(struct drafts *all, const struct hr_event_oom_kill *oom)
{
	for (size_t i = all->n; i-- > 0;) {
		struct draft *d = &all->draft[i];

		if (d->i.kind != INCIDENT_NEAR_MISS || d->sealed ||
		    (!about(d, oom->event.cgroup_id, oom->event.id.workload) &&
		     !about(d, oom->limit_cgroup_id, 0)))
			continue;
		if (d->i.open)
			d->last_ns = oom->event.time_ns;
		d->i.open = false;
		d->sealed = true;
	}
}

static int on_kill(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_oom_kill *oom = (const void *)e;
	struct draft *d = NULL;

	for (size_t i = all->n; i-- > 0 && !d;) {
		struct draft *former = &all->draft[i];
		const struct hr_event_oom_kill *first = (const void *)former->key;

		if (former->i.kind == INCIDENT_OOM_KILL &&
		    e->time_ns - former->last_ns <= SAME_DEATH_NS && first->level == oom->level &&
		    first->limit_cgroup_id == oom->limit_cgroup_id &&
		    (oom->limit_cgroup_id || first->event.cgroup_id == e->cgroup_id ||
		     oom->level == HR_LEVEL_HOST))
			d = former;
	}
	if (d && attach(d, e))
		return -ENOMEM;
	if (!d)
		d = begin(all, INCIDENT_OOM_KILL, e);
	if (!d)
		return -ENOMEM;
	d->last_ns = e->time_ns;
	d->i.kills++;
	seal(all, oom);
	add_subject(d, e->cgroup_id);
	if (oom->level < HR_LEVEL_HOST)
		add_subject(d, oom->limit_cgroup_id);
	else if (oom->level == HR_LEVEL_HOST)
		add_subject(d, 0);
	return 1;
}

static bool is_deed(const struct hr_event_action *a)
{
	return a->rung > HR_RUNG_NOTIFY && a->deed <= HR_DEED_FAILED;
}

static int on_action(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_action *a = (const void *)e;
	uint64_t emergency = a->emergency ? a->emergency : e->seq;
	struct draft *d = NULL;

	for (size_t i = all->n; i-- > 0 && !d;)
		if (all->draft[i].i.kind == INCIDENT_ACTION &&
		    all->draft[i].i.instance == e->instance && all->draft[i].emergency == emergency)
			d = &all->draft[i];
	if (d && attach(d, e))
		return -ENOMEM;
	if (!d) {
		d = begin(all, INCIDENT_ACTION, e);
		if (!d)
			return -ENOMEM;
		d->emergency = emergency;
		d->i.rehearsed = true;
	}
	d->last_ns = e->time_ns;
	if (is_deed(a) && !d->deed) { /* that names it, rather than the notice before */
		d->deed = true;
		d->key = e;
		d->i.time_ns = e->time_ns;
		d->i.seq = e->seq;
	}
	d->i.rehearsed &= a->deed != HR_DEED_DONE || a->rung <= HR_RUNG_NOTIFY;
	return 1;
}

/* An alarm of one container that comes back within a minute is the same. */
static int on_risk(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_outlook *o = (const void *)e;
	struct draft *d = newest(all, INCIDENT_NEAR_MISS, e);

	if (d && (d->sealed || (!d->i.open && e->time_ns - d->last_ns > GRACE_NS)))
		d = NULL;
	if (!d && (o->to == HR_ALARM_NONE || o->to < o->from))
		return 0;
	if (d && attach(d, e))
		return -ENOMEM;
	if (!d)
		d = begin(all, INCIDENT_NEAR_MISS, e);
	if (!d)
		return -ENOMEM;
	d->i.open = o->to != HR_ALARM_NONE;
	d->last_ns = e->time_ns;
	if (o->to > d->level)
		d->level = o->to;
	return 1;
}

static int on_pressure(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_pressure *p = (const void *)e;
	struct draft *d = newest(all, INCIDENT_HANG, e);

	if (p->what != HR_PRESSURE_UNDER_OOM && p->what != HR_PRESSURE_UNDER_OOM_LEFT)
		return 0;
	if (d && !d->i.open)
		d = NULL;
	if (!d && p->what == HR_PRESSURE_UNDER_OOM_LEFT)
		return 0;
	if (d && attach(d, e))
		return -ENOMEM;
	if (!d)
		d = begin(all, INCIDENT_HANG, e);
	if (!d)
		return -ENOMEM;
	d->i.open = p->what == HR_PRESSURE_UNDER_OOM;
	d->last_ns = e->time_ns;
	return 1;
}

/* What ends with its container. */
static int on_container(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_container *c = (const void *)e;

	for (size_t i = all->n; c->what == HR_CONTAINER_GONE && i-- > 0;) {
		struct draft *d = &all->draft[i];

		if (d->i.open && d->i.instance == e->instance && d->i.cgroup_id == e->cgroup_id &&
		    e->cgroup_id) {
			d->i.open = false;
			d->last_ns = e->time_ns;
		}
	}
	return 0;
}

/* Of an emergency: it is part of it, and may say that no kill of later was its end. */
static int on_outcome(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_outcome *o = (const void *)e;

	for (size_t i = all->n; i-- > 0;) {
		struct draft *d = &all->draft[i];

		for (size_t j = 0; d->i.kind == INCIDENT_ACTION && j < d->n; j++) {
			if (d->event[j]->seq != o->ref || d->i.instance != e->instance)
				continue;
			d->averted |= o->averted == 1;
			d->last_ns = e->time_ns > d->last_ns ? e->time_ns : d->last_ns;
			return attach(d, e) ? -ENOMEM : 1;
		}
	}
	return 0;
}

static int make(struct drafts *all)
{
	static int (*const on[HR_EVENT_COUNT])(struct drafts *, const struct hr_event *) = {
		[HR_EVENT_OOM_KILL] = on_kill,	     [HR_EVENT_ACTION] = on_action,
		[HR_EVENT_RISK] = on_risk,	     [HR_EVENT_PRESSURE] = on_pressure,
		[HR_EVENT_CONTAINER] = on_container, [HR_EVENT_OUTCOME] = on_outcome,
	};

	for (size_t i = 0; i < all->chronicle->n; i++) {
		const struct hr_event *e = all->chronicle->event[i];
		int r = on[e->type] ? on[e->type](all, e) : 0;

		if (r < 0)
			return r;
		all->taken[i] = r;
	}
	return 0;
}

/* ---- who belongs to whom ---- */

static bool overlap(const struct draft *d, uint64_t from_ns, uint64_t to_ns)
{
	return d->i.time_ns <= to_ns && d->last_ns >= from_ns;
}

static uint64_t before(uint64_t ns, uint64_t by) { return ns > by ? ns - by : 0; }

/* Whether `small` is a part of the story that `big` tells. */
static bool belongs(const struct draft *small, const struct draft *big)
{
	uint64_t from = small->i.time_ns, to = small->last_ns;

	if (small == big || big->merged || big->i.kind >= small->i.kind ||
	    small->i.instance != big->i.instance)
		return false;
	if (big->i.kind == INCIDENT_ACTION && !big->deed)
		return false;
	if (!about(big, small->i.cgroup_id, small->i.workload))
		return false;
	if (small->i.kind == INCIDENT_ACTION) /* what did not help was part of the same end */
		return overlap(big, before(from, SOON_NS),
			       to + (small->averted ? SOON_NS : BEFORE_NS));
	return overlap(big, from, small->i.open ? UINT64_MAX : to + GRACE_NS);
}

static int merge(struct draft *small, struct draft *big)
{
	for (size_t i = 0; i < small->n; i++)
		if (attach(big, small->event[i]))
			return -ENOMEM;
	for (size_t i = 0; i < small->subjects; i++)
		add_subject(big, small->subject[i]);
	small->merged = true;
	return 0;
}

/* The kill before the deed, of what it may belong to. */
static struct draft *whole_of(struct drafts *all, const struct draft *small)
{
	for (unsigned int kind = 0; kind < small->i.kind; kind++)
		for (size_t i = 0; i < all->n; i++)
			if (all->draft[i].i.kind == kind && belongs(small, &all->draft[i]))
				return &all->draft[i];
	return NULL;
}

/* Deeds into kills, hangs into both, alarms into what came of them. */
static int join(struct drafts *all)
{
	static const enum incident_kind order[] = {INCIDENT_ACTION, INCIDENT_HANG,
						   INCIDENT_NEAR_MISS};

	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; i < all->n; i++) {
			struct draft *small = &all->draft[i], *big;

			if (small->i.kind != order[k] || small->merged)
				continue;
			big = whole_of(all, small);
			if (big && merge(small, big))
				return -ENOMEM;
		}
	return 0;
}

/* ---- what happened around ---- */

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
	if (e->type == HR_EVENT_GUARD || !about(d, e->cgroup_id, e->id.workload))
		return false;
	return e->time_ns + BEFORE_NS >= d->i.time_ns && e->time_ns <= d->last_ns + AFTER_NS;
}

static uint64_t distance(const struct draft *d, const struct hr_event *e)
{
	return e->time_ns < d->i.time_ns ? d->i.time_ns - e->time_ns
	       : e->time_ns > d->last_ns ? e->time_ns - d->last_ns
					 : 0;
}

/* Each goes to the nearest that it can belong to. */
static int gather(struct drafts *all)
{
	for (size_t i = 0; i < all->chronicle->n; i++) {
		const struct hr_event *e = all->chronicle->event[i];
		struct draft *best = NULL;

		for (size_t j = 0; !all->taken[i] && j < all->n; j++) {
			struct draft *d = &all->draft[j];

			if (d->merged || !around(d, e))
				continue;
			if (!best || distance(d, e) < distance(best, e))
				best = d;
		}
		if (best && attach(best, e))
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

static void name_it(struct incident *i)
{
	time_t seconds = (time_t)(i->time_ns / NS_PER_SEC);
	struct tm tm;
	char day[24];

	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y%m%dT%H%M%S", &tm);
	snprintf(i->id, sizeof(i->id), "%s-%llu", day, (unsigned long long)i->seq);
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
	if (d->i.kind == INCIDENT_ACTION && !d->deed) /* a notice is no deed */
		d->i.kind = INCIDENT_NEAR_MISS;
	d->i.rehearsed &= d->i.kind == INCIDENT_ACTION;
	name_it(&d->i);
	incident_tell(&d->i, d->event, d->n, d->key);
	d->i.seqs = calloc(d->n, sizeof(uint64_t));
	if (!d->i.seqs)
		return -ENOMEM;
	for (size_t i = 0; i < d->n; i++)
		d->i.seqs[d->i.n_seqs++] = d->event[i]->seq;
	*out = d->i;
	return 0;
}

/* An alarm that still stands is none that ended. */
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

static void drafts_done(struct drafts *all)
{
	for (size_t i = 0; i < all->n; i++)
		free((void *)all->draft[i].event);
	free(all->draft);
	free(all->taken);
}

int incidents_of(const struct chronicle *chronicle, struct incidents *ret)
{
	_cleanup_(drafts_done) struct drafts all = {.chronicle = chronicle};
	int r;

	all.taken = calloc(chronicle->n + 1, sizeof(bool));
	if (!all.taken)
		return -ENOMEM;
	r = make(&all);
	if (!r)
		r = join(&all);
	if (!r)
		r = gather(&all);
	return r ? r : conclude(&all, ret);
}

int incidents_find(struct hr_reader *reader, struct incidents *ret)
{
	_cleanup_(chronicle_done) struct chronicle chronicle = {0};
	int r = chronicle_load(&chronicle, reader);

	return r ? r : incidents_of(&chronicle, ret);
}

void incidents_done(struct incidents *incidents)
{
	for (size_t i = 0; i < incidents->n; i++)
		free(incidents->incident[i].seqs);
	free(incidents->incident);
	memset(incidents, 0, sizeof(*incidents));
}
