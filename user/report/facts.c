// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From snapshots and events to the facts that the rules of factors.c read. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "report_internal.h"
#include "format/display_name.h"

#define HOUR_NS         (3600 * NS_PER_SEC)
#define SAME_OOM_NS     (10 * NS_PER_SEC)
#define LIMIT_CHANGE_NS (900 * NS_PER_SEC) /* a limit changed within this time before */
#define NOISE           0.02               /* a rise may drop by this share of its height */

/* The index of the point where the last rise before the incident began. */
static size_t rise_begin(const struct series *s, size_t last)
{
	uint64_t least = s->point[last].unreclaimable, top = least;
	size_t begin = last;

	for (size_t i = last; i-- > 0 && !s->point[i + 1].begins;) {
		uint64_t u = s->point[i].unreclaimable;

		if (u == HR_UNKNOWN)
			continue;
		if (u > least && (double)(u - least) > NOISE * (double)top)
			break;
		if (u < least) {
			least = u;
			begin = i;
		}
	}
	return begin;
}

static void find_rise(const struct context *s, struct facts *f)
{
	const struct series *past = &s->past;
	size_t last = past->n, begin;

	while (last && (past->point[last - 1].time_ns > s->time_ns ||
			past->point[last - 1].unreclaimable == HR_UNKNOWN))
		last--; /* a kill at the limit of a parent has no figure of its own */
	if (!last--)
		return;
	begin = rise_begin(past, last);
	if (begin < last && past->point[last].unreclaimable > past->point[begin].unreclaimable) {
		f->rise = past->point[last].unreclaimable - past->point[begin].unreclaimable;
		f->rise_ms = (past->point[last].time_ns - past->point[begin].time_ns) / NS_PER_MS;
	}
	for (size_t i = 0; i < begin; i++) {
		uint64_t u = past->point[i].unreclaimable;

		if (u != HR_UNKNOWN && (f->earlier_peak == HR_UNKNOWN || u > f->earlier_peak))
			f->earlier_peak = u;
	}
}

static void find_limit_change(const struct context *s, struct facts *f)
{
	const struct series *past = &s->past;

	for (size_t i = 1; i < past->n && past->point[i].time_ns <= s->time_ns; i++) {
		uint64_t was = past->point[i - 1].limit, is = past->point[i].limit;

		if (was == is || was == HR_UNKNOWN || is == HR_UNKNOWN ||
		    past->point[i].time_ns + LIMIT_CHANGE_NS < s->time_ns)
			continue;
		f->limit_before = was;
		f->limit_changed_ago_ms = (s->time_ns - past->point[i].time_ns) / NS_PER_MS;
	}
}

static void from_slot(const struct context *s, struct facts *f)
{
	const struct hr_memory *m = &s->slot.memory;

	if (!s->have_slot)
		return;
	f->own_limit = m->limit;
	f->high = m->high;
	f->swap_limit = m->swap_limit;
	f->policy = hr_slot_text(&s->slot, s->slot.next_policy) != NULL;
	if (f->level == HR_LEVEL_COUNT && !f->killed) {
		f->level = s->slot.binding.level;
		f->limit = s->slot.binding.limit;
	}
	if (s->slot.started_ns != HR_UNKNOWN && s->slot.started_ns <= s->time_ns)
		f->age_ms = (s->time_ns - s->slot.started_ns) / NS_PER_MS;
	if (f->age_ms != HR_UNKNOWN && f->rise_ms != HR_UNKNOWN && f->rise_ms > f->age_ms)
		f->rise_ms = f->age_ms; /* the points before are of another with its name */
	if (!s->slot_before)
		return;
	f->own_usage = m->usage;
	f->anon = m->anon;
	f->file = m->file;
	f->shmem = m->shmem;
	f->kernel = m->kernel;
	f->memory = *m;
	f->swap = m->swap;
	f->pids_before = s->pids_first;
	f->pids = s->slot.pids;
	f->stall_centi = s->stall_centi;
	if (s->high_first != HR_UNKNOWN && s->slot.counts.high != HR_UNKNOWN &&
	    s->slot.counts.high >= s->high_first)
		f->high_events = s->slot.counts.high - s->high_first;
	f->leak = s->slot.forecast.leak;
	f->leak_of = s->slot.forecast.leak_of;
	if (f->leak)
		f->leak_bytes_per_hour = s->slot.forecast.leak_bytes_per_hour;
}

static void from_outlived(const struct context *s, struct facts *f)
{
	if (!s->have_outlived)
		return;
	f->outlived = s->outlived.left;
	f->outlived_filled = s->outlived.filled;
	snprintf(f->filler, sizeof(f->filler), "%s", s->outlived.filler);
}

static void from_kill(const struct context *s, struct facts *f)
{
	const struct hr_event_oom_kill *oom = s->report->kill;
	struct record_text from;

	if (!oom)
		return;
	f->killed = true;
	f->level = oom->level;
	f->limit = oom->limit_max;
	f->usage = oom->limit_usage;
	f->group = oom->flags & HR_OOM_GROUP;
	f->constraint = oom->constraint;
	f->order = oom->order;
	f->warned = oom->warned_before_ms != HR_UNKNOWN;
	if (oom->victim.pid) {
		f->score_adj = oom->victim.oom_score_adj;
		f->pgtables = oom->victim.pgtables;
	}
	f->other_trigger = oom->trigger.pid && oom->victim.pid && oom->trigger.cgroup_id &&
			   oom->trigger.cgroup_id != oom->victim.cgroup_id;
	from = record_text_event(&oom->event);
	identity_label(&from, &oom->trigger.id, oom->trigger.cgroup_id, f->trigger,
		       sizeof(f->trigger));
}

/* Without a snapshot from before, or where the victim alone had more than it shows: the victim's own figures, and those of
 * its cgroup in the event. */
static void from_victim(const struct context *s, struct facts *f)
{
	const struct hr_event_oom_kill *oom = s->report->kill;

	if (f->own_usage == HR_UNKNOWN)
		f->own_usage = series_usage_at(&s->past, s->time_ns);
	if (!oom || (s->slot_before && (oom->victim.anon == HR_UNKNOWN || f->anon == HR_UNKNOWN ||
					oom->victim.anon <= f->anon)))
		return;
	if (oom->level == HR_LEVEL_OWN) {
		f->own_limit = oom->limit_max;
		if (oom->limit_usage != HR_UNKNOWN)
			f->own_usage = oom->limit_usage;
	}
	f->anon = oom->victim.anon;
	f->shmem = oom->victim.shmem;
	f->swap = oom->victim.swap;
}

static void from_host(const struct context *s, struct facts *f)
{
	if (!s->have_host)
		return;
	f->host_total = s->host.mem_total;
	f->host_huge = s->host.memory.hugetlb;
	f->host_zram = s->host.zram_swap_total;
	f->host_swap_total = s->host.swap_total;
	f->mode = s->host.mode;
	f->limits_sum = s->limits_sum;
	if (!s->report->incident.cgroup_id && s->host.mem_total != HR_UNKNOWN) {
		f->level = HR_LEVEL_HOST;
		f->limit = hr_host_capacity(&s->host);
	}
	if (!s->host_before)
		return;
	f->host_available = s->host.mem_available;
	f->host_swap_free = s->host.swap_free;
	f->host_swap_cost = s->host.swap_cost;
}

/* Events of the subject up to the incident. */
static void from_events(const struct context *s, struct facts *f)
{
	const struct event_log *c = s->event_log;
	uint64_t last_ns = 0;

	for (size_t i = 0; i < c->n && c->event[i]->time_ns <= s->time_ns; i++) {
		const struct hr_event *e = c->event[i];
		const struct hr_event_forecast *o = (const void *)e;
		const struct hr_event_pressure *p = (const void *)e;

		if (!context_is_subject(s, e->cgroup_id, e->id.workload))
			continue;
		if (e->type == HR_EVENT_LEAK) {
			f->leak = o->to;
			f->leak_of = o->forecast.leak_of;
			f->leak_bytes_per_hour = o->forecast.leak_bytes_per_hour;
		} else if (e->type == HR_EVENT_PRESSURE &&
			   e->time_ns + LIMIT_CHANGE_NS > s->time_ns &&
			   p->pressure.full_avg10_centi != HR_UNKNOWN_U32 &&
			   (f->stall_centi == HR_UNKNOWN_U32 ||
			    p->pressure.full_avg10_centi > f->stall_centi)) {
			f->stall_centi = p->pressure.full_avg10_centi;
		} else if (e->type == HR_EVENT_OOM_KILL && e->time_ns + HOUR_NS > s->time_ns &&
			   e->time_ns + SAME_OOM_NS < s->time_ns &&
			   (!last_ns || e->time_ns - last_ns > SAME_OOM_NS)) {
			f->kills_before++;
			last_ns = e->time_ns;
		}
	}
	for (size_t i = 0; i < s->n_events; i++) {
		f->warned |= !s->report->kill && s->event[i]->type == HR_EVENT_RISK &&
			     ((const struct hr_event_forecast *)s->event[i])->to >= HR_ALARM_WARN &&
			     s->event[i]->time_ns < s->time_ns;
		f->policy |= s->event[i]->type == HR_EVENT_ACTION;
	}
}

static uint64_t grew(const struct series *s)
{
	return s->at != HR_UNKNOWN && s->before != HR_UNKNOWN && s->at > s->before
		       ? s->at - s->before
		       : 0;
}

static void from_co_tenants(const struct context *s, struct facts *f)
{
	const struct report *r = s->report;

	if (!r->series.n)
		return;
	f->own_rise = grew(&r->series);
	for (size_t i = 0; i < r->co_tenants; i++) {
		const struct series *n = &r->co_tenant[i];

		if ((n->role != ROLE_SIBLING && f->level != HR_LEVEL_HOST) ||
		    (f->sibling_rise != HR_UNKNOWN && grew(n) <= f->sibling_rise))
			continue;
		f->sibling_rise = grew(n);
		snprintf(f->sibling, sizeof(f->sibling), "%s", n->name);
	}
}

void context_facts(const struct context *s, struct facts *ret)
{
	struct facts f;

	facts_init(&f);
	f.hung = s->report->incident.kind == INCIDENT_HANG;
	f.host = !s->report->incident.cgroup_id;
	from_kill(s, &f);
	from_outlived(s, &f);
	from_slot(s, &f);
	from_victim(s, &f);
	from_host(s, &f);
	from_events(s, &f);
	from_co_tenants(s, &f);
	find_rise(s, &f);
	find_limit_change(s, &f);
	*ret = f;
}
