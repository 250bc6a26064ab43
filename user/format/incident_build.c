// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Makes a draft for each kill, escalation, alarm and blocked cgroup. Each event continues a draft, or begins one. */
#include "incident_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "phrase.h"

#define ENDED_NS \
	(5 *     \
	 NS_PER_SEC) /* an alarm that goes with the memory of a container: its end may be seen later */
#define SAME_OOM_NS (10 * NS_PER_SEC) /* the kernel may kill several processes for one shortage */

/* ---- drafts ---- */

int draft_attach(struct draft *d, const struct hr_event *event)
{
	if (d->n == d->space) {
		size_t space = d->space ? 2 * d->space : 8;
		const struct hr_event **more =
			reallocarray((void *)d->event, space, sizeof(const struct hr_event *));

		if (!more)
			return -ENOMEM;
		d->event = more;
		d->space = space;
	}
	d->event[d->n++] = event;
	return 0;
}

void draft_add_subject(struct draft *d, uint64_t cgroup_id)
{
	for (size_t i = 0; i < d->subjects; i++)
		if (d->subject[i] == cgroup_id)
			return;
	if (d->subjects < SUBJECTS)
		d->subject[d->subjects++] = cgroup_id;
}

bool draft_about(const struct draft *d, uint64_t cgroup_id, uint64_t workload)
{
	for (size_t i = 0; i < d->subjects; i++)
		if (d->subject[i] == cgroup_id)
			return true;
	return workload && d->i.workload == workload;
}

static struct draft *begin(struct drafts *all, enum incident_kind kind, const struct hr_event *key)
{
	struct draft *d;

	if (all->n == all->space) {
		size_t space = all->space ? 2 * all->space : 32;

		d = reallocarray(all->draft, space, sizeof(*d));
		if (!d)
			return NULL;
		all->draft = d;
		all->space = space;
	}
	d = &all->draft[all->n];
	*d = (struct draft){.key = key, .last_ns = key->time_ns};
	d->i = (struct incident){.kind = kind,
				 .time_ns = key->time_ns,
				 .seq = key->seq,
				 .instance = key->instance,
				 .cgroup_id = key->cgroup_id,
				 .workload = key->id.workload};
	draft_add_subject(d, key->cgroup_id);
	if (draft_attach(d, key))
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

/* ---- one function per event type: 1, it is part of a draft; 0, it is not; -ENOMEM ---- */

/* The OOM kill that an alarm warned of ends the alarm. */
static void close_alarms(struct drafts *all, const struct hr_event_oom_kill *oom)
{
	for (size_t i = all->n; i-- > 0;) {
		struct draft *d = &all->draft[i];

		if (d->i.kind != INCIDENT_NEAR_MISS || d->closed ||
		    (!draft_about(d, oom->event.cgroup_id, oom->event.id.workload) &&
		     (oom->level > HR_LEVEL_HOST || !draft_about(d, oom->limit_cgroup_id, 0))))
			continue;
		if (d->i.open)
			d->last_ns = oom->event.time_ns;
		d->i.open = false;
		d->closed = true;
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
		    e->time_ns - former->last_ns <= SAME_OOM_NS && first->level == oom->level &&
		    first->limit_cgroup_id == oom->limit_cgroup_id &&
		    (oom->limit_cgroup_id || first->event.cgroup_id == e->cgroup_id ||
		     oom->level == HR_LEVEL_HOST))
			d = former;
	}
	if (d && draft_attach(d, e))
		return -ENOMEM;
	if (!d)
		d = begin(all, INCIDENT_OOM_KILL, e);
	if (!d)
		return -ENOMEM;
	d->last_ns = e->time_ns;
	d->i.kills += oom_processes(oom);
	close_alarms(all, oom);
	draft_add_subject(d, e->cgroup_id);
	if (oom->level < HR_LEVEL_HOST)
		draft_add_subject(d, oom->limit_cgroup_id);
	else if (oom->level == HR_LEVEL_HOST)
		draft_add_subject(d, 0);
	return 1;
}

static bool is_action(const struct hr_event_action *a)
{
	return a->kind > HR_ACTION_NOTIFY && a->status <= HR_STATUS_FAILED;
}

/* A request by hand that failed, was skipped or refused: an event, no incident. */
static bool is_failed_request(const struct hr_event_action *a)
{
	const char *policy = hr_event_text(&a->event, a->policy);

	return (!policy || !*policy) && a->status >= HR_STATUS_FAILED;
}

static bool ends_something(const struct hr_event_action *a)
{
	return a->status == HR_STATUS_DONE && hr_action_ends(a->kind);
}

static int on_action(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_action *a = (const void *)e;
	uint64_t escalation = a->escalation ? a->escalation : e->seq;
	struct draft *d = NULL;

	for (size_t i = all->n; i-- > 0 && !d;)
		if (all->draft[i].i.kind == INCIDENT_ACTION &&
		    all->draft[i].i.instance == e->instance &&
		    all->draft[i].escalation == escalation)
			d = &all->draft[i];
	if (!d && is_failed_request(a))
		return 0;
	if (d && draft_attach(d, e))
		return -ENOMEM;
	if (!d) {
		d = begin(all, INCIDENT_ACTION, e);
		if (!d)
			return -ENOMEM;
		d->escalation = escalation;
		d->i.dry_run = true;
	}
	d->last_ns = e->time_ns;
	if (is_action(a) && !d->action) { /* it names the incident, not the notice before */
		d->action = true;
		d->key = e;
		d->i.time_ns = e->time_ns;
		d->i.seq = e->seq;
	}
	d->i.ends |= ends_something(a);
	d->i.dry_run &= a->status != HR_STATUS_DONE || a->kind <= HR_ACTION_NOTIFY;
	return 1;
}

/* An alarm of one container that returns within a minute is the same. */
static int on_risk(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_forecast *o = (const void *)e;
	struct draft *d = newest(all, INCIDENT_NEAR_MISS, e);

	if (d && (d->closed || (!d->i.open && e->time_ns - d->last_ns > GRACE_NS)))
		d = NULL;
	if (!d && (o->to < HR_ALARM_WARN || o->to < o->from))
		return 0;
	if (d && draft_attach(d, e))
		return -ENOMEM;
	if (!d)
		d = begin(all, INCIDENT_NEAR_MISS, e);
	if (!d)
		return -ENOMEM;
	d->i.open = o->to >= HR_ALARM_WARN;
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
	if (d && draft_attach(d, e))
		return -ENOMEM;
	if (!d)
		d = begin(all, INCIDENT_HANG, e);
	if (!d)
		return -ENOMEM;
	d->i.open = p->what == HR_PRESSURE_UNDER_OOM;
	d->last_ns = e->time_ns;
	return 1;
}

/* Is the event's cgroup in that of the draft? */
static bool is_below(const struct draft *d, const struct hr_event *e)
{
	const char *above = hr_event_text(d->key, d->key->id.cgroup),
		   *path = hr_event_text(e, e->id.cgroup);
	size_t n = above ? strlen(above) : 0;

	return n && path && !strncmp(path, above, n) && path[n] == '/';
}

/* The alarm stood when a container ended that it was about: no near miss, whatever ended it. */
static void end_alarm(struct draft *d, const struct hr_event *e)
{
	if (d->i.kind == INCIDENT_NEAR_MISS && d->i.instance == e->instance && !d->closed &&
	    (d->i.cgroup_id == e->cgroup_id || is_below(d, e)) &&
	    (d->i.open || e->time_ns <= d->last_ns + ENDED_NS))
		d->ended = true;
}

/* An open alarm or blocked cgroup ends with its container. */
static int on_container(struct drafts *all, const struct hr_event *e)
{
	const struct hr_event_container *c = (const void *)e;

	for (size_t i = all->n; c->what == HR_CONTAINER_GONE && i-- > 0;) {
		struct draft *d = &all->draft[i];

		end_alarm(d, e);
		if (d->i.open && d->i.instance == e->instance && d->i.cgroup_id == e->cgroup_id &&
		    e->cgroup_id) {
			d->i.open = false;
			d->last_ns = e->time_ns;
		}
	}
	return 0;
}

/* The outcome of an escalation is part of it; "averted" separates it from a later kill. */
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
			return draft_attach(d, e) ? -ENOMEM : 1;
		}
	}
	return 0;
}

int drafts_make(struct drafts *all)
{
	static int (*const on[HR_EVENT_COUNT])(struct drafts *, const struct hr_event *) = {
		[HR_EVENT_OOM_KILL] = on_kill,       [HR_EVENT_ACTION] = on_action,
		[HR_EVENT_RISK] = on_risk,           [HR_EVENT_PRESSURE] = on_pressure,
		[HR_EVENT_CONTAINER] = on_container, [HR_EVENT_OUTCOME] = on_outcome,
	};

	for (size_t i = 0; i < all->event_log->n; i++) {
		const struct hr_event *e = all->event_log->event[i];
		int r = on[e->type] ? on[e->type](all, e) : 0;

		if (r < 0)
			return r;
		all->taken[i] = r;
	}
	return 0;
}

void drafts_done(struct drafts *all)
{
	for (size_t i = 0; i < all->n; i++)
		free((void *)all->draft[i].event);
	free(all->draft);
	free(all->taken);
}
