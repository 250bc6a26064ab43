// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reads the snapshots around an incident twice: first all containers, then the usage of the chosen co-tenants. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report_internal.h"
#include "format/history.h"
#include "format/snapshot.h"

bool context_is_subject(const struct context *s, uint64_t cgroup_id, uint64_t workload)
{
	const struct incident *i = &s->report->incident;

	if (!i->cgroup_id)
		return false;
	return cgroup_id == i->cgroup_id || (workload && workload == i->workload);
}

/* ---- the subject ---- */

static int add_host_point(struct series *s, const struct hr_host *host)
{
	struct hr_slot slot = {.sampled_ns = host->sampled_ns};
	uint64_t used = host_used(host);

	/* A slot with one point: the host's. */
	if (used == HR_UNKNOWN)
		return 0;
	slot.binding.limit = hr_host_capacity(host);
	slot.history.fine_count = 1;
	slot.history.fine[0] = (struct hr_point){.usage_kib = (uint32_t)(used >> 10),
						 .unreclaimable_kib = (uint32_t)(used >> 10),
						 .headroom_kib = (uint32_t)(host->headroom >> 10)};
	return series_add_slot(s, &slot, host->sampled_ns, 0, UINT64_MAX);
}

static void note_slot(struct context *s, const struct hr_slot *slot)
{
	bool before = slot->sampled_ns <= s->time_ns && slot->state == HR_SLOT_RUNNING;
	uint32_t full = slot->pressure.full_avg10_centi;

	if (slot->sampled_ns <= s->time_ns && slot->state == HR_SLOT_GONE && slot->sampled_ns)
		before = true; /* its last figures are from before its end */
	if (before && s->pids_first == HR_UNKNOWN_U32)
		s->pids_first = slot->pids;
	if (before && s->high_first == HR_UNKNOWN)
		s->high_first = slot->counts.high;
	if (before && full != HR_UNKNOWN_U32 &&
	    (s->stall_centi == HR_UNKNOWN_U32 || full > s->stall_centi))
		s->stall_centi = full;
	if (s->have_slot && s->slot_before && !before)
		return;
	s->slot = *slot;
	s->have_slot = true;
	s->slot_before = before;
}

static int see_subject(struct context *s, const struct hr_slot *slot, uint64_t created_ns)
{
	struct report *r = s->report;
	int e = series_add_slot(&s->past, slot, created_ns, 0, s->time_ns);

	if (!e)
		e = series_add_slot(&r->series, slot, created_ns, r->from_ns, r->to_ns);
	note_slot(s, slot);
	return e;
}

/* ---- first pass: all containers ---- */

static void see_host(struct context *s, const struct hr_host *host, uint64_t time_ns)
{
	bool before = host->sampled_ns <= s->time_ns;

	if (s->have_host && s->host_before && !before)
		return;
	s->host = *host;
	s->have_host = true;
	s->host_before = before;
}

/* One picture is whole. One from before the incident is better than one after it. */
static void keep_outlived(struct context *s, uint64_t time_ns)
{
	bool before = time_ns <= s->time_ns;

	if (s->seen.left == HR_UNKNOWN || (s->have_outlived && !before))
		return;
	outlived_end(&s->seen);
	s->outlived = s->seen;
	s->have_outlived = true;
}

static int see_all(void *context, struct hr_reader *reader, uint64_t time_ns)
{
	struct context *s = context;
	struct report *r = s->report;
	struct hr_board_header header;
	bool window = time_ns >= r->from_ns || !hr_reader_is_recording(reader);
	uint64_t limits = 0;
	struct hr_host host;
	struct hr_slot slot;
	int e = 0;

	hr_reader_header(reader, &header);
	s->created_ns = header.created_ns;
	r->snapshots++;
	if (!hr_reader_host(reader, &host)) {
		see_host(s, &host, time_ns);
		if (!r->incident.cgroup_id && host.sampled_ns >= r->from_ns &&
		    host.sampled_ns <= r->to_ns)
			e = add_host_point(&r->series, &host);
	}
	s->seen = (struct outlived){.left = HR_UNKNOWN};
	for (uint32_t i = 0; !e && !hr_reader_slot(reader, &i, &slot);) {
		outlived_see(&s->seen, s->report->kill ? s->report->kill->limit_cgroup_id : 0,
			     &slot);
		if (slot.state == HR_SLOT_RUNNING && slot.memory.limit != HR_UNKNOWN &&
		    (slot.id.kind == HR_KIND_CONTAINER || slot.id.kind == HR_KIND_UNIT))
			limits += slot.memory.limit;
		if (context_is_subject(s, slot.cgroup_id, slot.id.workload))
			e = see_subject(s, &slot, header.created_ns);
		if (!e && window)
			e = candidates_see(s, &slot, header.created_ns, time_ns);
	}
	keep_outlived(s, time_ns);
	if (time_ns <= s->time_ns || s->limits_sum == HR_UNKNOWN)
		s->limits_sum = limits;
	return e;
}

/* ---- second pass: the co-tenants ---- */

static int see_co_tenants(void *context, struct hr_reader *reader, uint64_t time_ns)
{
	struct report *r = ((struct context *)context)->report;
	struct hr_board_header header;
	struct hr_slot slot;
	int e = 0;

	hr_reader_header(reader, &header);
	for (uint32_t i = 0; !e && !hr_reader_slot(reader, &i, &slot);)
		for (size_t j = 0; !e && j < r->co_tenants; j++) {
			struct series *s = &r->co_tenant[j];

			if (slot.cgroup_id == s->cgroup_id ||
			    (s->workload && slot.id.workload == s->workload))
				e = series_add_slot(s, &slot, header.created_ns, r->from_ns,
						    r->to_ns);
		}
	return e;
}

/* NULL: not known yet, or unknown. */
static const struct hr_event_outcome *kill_outcome(const struct context *s)
{
	for (size_t i = 0; i < s->n_events; i++) {
		const struct hr_event_outcome *o = (const void *)s->event[i];

		if (s->event[i]->type == HR_EVENT_OUTCOME && o->ref == s->report->kill->event.seq)
			return o;
	}
	return NULL;
}

int context_look(struct context *s, struct hr_reader *const *readers, size_t n)
{
	struct report *r = s->report;
	int e = 0;

	for (size_t i = 0; !e && i < n; i++)
		e = pictures_walk(readers[i], 0, r->to_ns, see_all, s);
	if (e == -ENOMEM)
		return e;
	if (r->kill) {
		const struct hr_event_oom_kill *oom = r->kill;

		if (r->incident.cgroup_id && (series_add_kill(&r->series, oom, r->from_ns) ||
					      series_add_fall(&r->series, oom, kill_outcome(s)) ||
					      series_add_kill(&s->past, oom, 0)))
			return -ENOMEM;
	}
	e = candidates_choose(s);
	for (size_t i = 0; !e && r->co_tenants && i < n; i++)
		e = pictures_walk(readers[i], r->from_ns, r->to_ns, see_co_tenants, s);
	snprintf(r->series.name, sizeof(r->series.name), "%s", r->incident.name);
	series_sum(&r->series, s->time_ns);
	for (size_t i = 0; i < r->co_tenants; i++)
		series_sum(&r->co_tenant[i], s->time_ns);
	return e == -ENOMEM ? e : 0;
}

void context_done(struct context *s)
{
	series_done(&s->past);
	candidates_free(s->candidates);
	free((void *)s->event);
}
