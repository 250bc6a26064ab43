// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Points of one workload as a series. Times never decrease; the gap of a restart stays a gap. */
#include "usage_series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "format/history.h"

#define MOST_POINTS  20000 /* then every second one is dropped */
#define MOST_DAMAGED 64
#define NEAR_NS      (500 * NS_PER_MS) /* a point this near to another one is skipped */

static int push(struct series *s, size_t at, const struct series_point *point)
{
	if (s->n == MOST_POINTS) {
		for (s->n = 0; s->n < MOST_POINTS / 2; s->n++)
			s->point[s->n] = s->point[2 * s->n];
		at = s->n;
	}
	if (s->n == s->space) {
		size_t space = s->space ? 2 * s->space : 128;
		struct series_point *more = reallocarray(s->point, space, sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->point = more;
		s->space = space;
	}
	memmove(&s->point[at + 1], &s->point[at], (s->n - at) * sizeof(*point));
	s->point[at] = *point;
	s->n++;
	return 0;
}

/* A restart begins a new line. */
static int append(struct series *s, struct series_point *point, uint64_t cgroup_id)
{
	point->begins = !s->n || cgroup_id != s->last_cgroup;
	s->last_cgroup = cgroup_id;
	return push(s, s->n, point);
}

int series_add_slot(struct series *s, const struct hr_slot *slot, uint64_t created_ns,
		    uint64_t from_ns, uint64_t to_ns)
{
	struct hr_point was[HISTORY_POINTS];
	size_t n = history_points(&slot->history, was);

	for (size_t i = 0; i < n; i++) {
		struct series_point point = {.time_ns = history_time_ns(&was[i], created_ns),
					     .usage = history_bytes(was[i].usage_kib),
					     .unreclaimable =
						     history_bytes(was[i].unreclaimable_kib),
					     .headroom = history_bytes(was[i].headroom_kib),
					     .limit = slot->binding.limit};

		if (point.time_ns < from_ns || point.time_ns > to_ns ||
		    (s->n && point.time_ns <= s->point[s->n - 1].time_ns))
			continue;
		if (append(s, &point, slot->cgroup_id))
			return -ENOMEM;
	}
	return 0;
}

/* Replaces a point of the same time, but not its usage by an unknown one. */
static int insert(struct series *s, struct series_point *point)
{
	size_t at = s->n;

	while (at && s->point[at - 1].time_ns > point->time_ns)
		at--;
	if (!at || s->point[at - 1].time_ns < point->time_ns)
		return push(s, at, point);
	point->begins = s->point[at - 1].begins;
	if (point->usage == HR_UNKNOWN) {
		point->usage = s->point[at - 1].usage;
		point->unreclaimable = s->point[at - 1].unreclaimable;
	}
	s->point[at - 1] = *point;
	return 0;
}

/* At the moment of an OOM kill nothing more could be reclaimed: usage is held memory, headroom is 0. */
static int add_moment(struct series *s, const struct hr_event_oom_kill *oom)
{
	uint64_t usage = oom->level == HR_LEVEL_OWN ? oom->limit_usage : HR_UNKNOWN;
	struct series_point kill = {.time_ns = oom->event.time_ns,
				    .usage = usage,
				    .unreclaimable = usage,
				    .headroom = 0,
				    .limit = oom->limit_max,
				    .begins = !s->n || s->point[0].time_ns > oom->event.time_ns};

	return insert(s, &kill);
}

int series_add_kill(struct series *s, const struct hr_event_oom_kill *oom, uint64_t from_ns)
{
	size_t n = oom->history_count < HR_OOM_HISTORY ? oom->history_count : HR_OOM_HISTORY;

	/* Its last point is the moment itself, to 10 ms. */
	if (n && oom->history[n - 1].unreclaimable_kib == HR_UNKNOWN_U32)
		n--;
	for (size_t i = 0; i < n; i++) {
		struct series_point point = {
			.time_ns = history_time_ns(&oom->history[i], oom->created_ns),
			.usage = history_bytes(oom->history[i].usage_kib),
			.unreclaimable = history_bytes(oom->history[i].unreclaimable_kib),
			.headroom = history_bytes(oom->history[i].headroom_kib),
			.limit = oom->limit_max};
		size_t at = 0;

		while (at < s->n && s->point[at].time_ns < point.time_ns)
			at++;
		if (point.time_ns < from_ns || point.time_ns > oom->event.time_ns ||
		    (at && point.time_ns - s->point[at - 1].time_ns < NEAR_NS) ||
		    (at < s->n && s->point[at].time_ns - point.time_ns < NEAR_NS))
			continue;
		point.begins = !at;
		if (at < s->n && s->point[at].begins &&
		    s->point[at].time_ns <= oom->event.time_ns) {
			s->point[at].begins = false; /* an older point of the same run */
			point.begins = true;
		}
		if (push(s, at, &point))
			return -ENOMEM;
	}
	return oom->level <= HR_LEVEL_ANCESTOR && oom->limit_max != HR_UNKNOWN ? add_moment(s, oom)
									       : 0;
}

int series_add_fall(struct series *s, const struct hr_event_oom_kill *oom,
		    const struct hr_event_outcome *outcome)
{
	uint64_t kill_ns = oom->event.time_ns, usage = oom->limit_usage;
	size_t next = 0;

	while (next < s->n && s->point[next].time_ns <= kill_ns)
		next++;
	if (!outcome || outcome->freed == HR_UNKNOWN || outcome->freed_after_ms == HR_UNKNOWN ||
	    oom->limit_max == HR_UNKNOWN || usage == HR_UNKNOWN) {
		if (next < s->n)
			s->point[next].begins = true; /* how it fell is not known */
		return 0;
	}
	usage = usage > outcome->freed ? usage - outcome->freed : 0;
	struct series_point fallen = {
		.time_ns = kill_ns + outcome->freed_after_ms * NS_PER_MS,
		.usage = oom->level == HR_LEVEL_OWN ? usage : HR_UNKNOWN,
		.unreclaimable = oom->level == HR_LEVEL_OWN ? usage : HR_UNKNOWN,
		.headroom = oom->limit_max > usage ? oom->limit_max - usage : 0,
		.limit = oom->limit_max};

	while (next < s->n && s->point[next].time_ns <= fallen.time_ns)
		next++; /* a sample before the victim had gone */
	return push(s, next, &fallen);
}

uint64_t series_usage_at(const struct series *s, uint64_t time_ns)
{
	uint64_t usage = HR_UNKNOWN;

	for (size_t i = 0; i < s->n && s->point[i].time_ns <= time_ns; i++)
		if (s->point[i].usage != HR_UNKNOWN)
			usage = s->point[i].usage;
	return usage;
}

void series_sum(struct series *s, uint64_t time_ns)
{
	s->before = s->n ? s->point[0].usage : HR_UNKNOWN;
	s->at = series_usage_at(s, time_ns);
	s->peak = HR_UNKNOWN;
	for (size_t i = 0; i < s->n; i++)
		if (s->point[i].usage != HR_UNKNOWN &&
		    (s->peak == HR_UNKNOWN || s->point[i].usage > s->peak))
			s->peak = s->point[i].usage;
}

void series_demand(const struct series *s, uint64_t until_ns, struct demand *ret)
{
	demand_init(ret);
	for (size_t i = 0; i < s->n && s->point[i].time_ns <= until_ns; i++) {
		const struct series_point *p = &s->point[i];

		demand_add(ret, p->time_ns, series_point_demand(p), p->begins);
	}
	demand_until(ret, until_ns);
}

void series_done(struct series *s)
{
	free(s->point);
	s->point = NULL;
	s->n = s->space = 0;
}

int pictures_walk(struct hr_reader *reader, uint64_t from_ns, uint64_t to_ns,
		  int (*see)(void *context, struct hr_reader *reader, uint64_t time_ns),
		  void *context)
{
	int r;

	if (!hr_reader_is_recording(reader))
		return see(context, reader, hr_reader_frame_time(reader));
	r = hr_reader_seek_frame(reader, from_ns);
	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		uint64_t time_ns = hr_reader_frame_time(reader);

		if (r == -ENODATA || (!r && time_ns > to_ns))
			return 0;
		if (r && r != -EBADMSG)
			return r;
		r = r ? 0 : see(context, reader, time_ns);
		if (r)
			return r;
		r = hr_reader_next_frame(reader);
	}
	return 0;
}
