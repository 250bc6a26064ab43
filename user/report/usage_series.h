/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memory usage of one workload over time, from snapshots of the board and the history in each slot. Pure over readers.
 */
#ifndef HEADROOM_REPORT_USAGE_SERIES_H
#define HEADROOM_REPORT_USAGE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>
#include "demand.h"
#include "format/incident.h"

struct series_point { /* bytes; HR_UNKNOWN */
	uint64_t time_ns;
	uint64_t usage, unreclaimable, headroom;
	uint64_t limit; /* the effective limit */
	bool begins;    /* the first after a restart: no line leads here */
};

enum series_role { ROLE_SUBJECT, ROLE_SIBLING, ROLE_GROWER };

struct series {
	char name[INCIDENT_NAME];
	enum series_role role;
	uint64_t cgroup_id, workload; /* workload 0: of that cgroup alone */
	struct series_point *point;   /* oldest first */
	size_t n, space;
	uint64_t last_cgroup; /* of the newest point */
	uint64_t before, at,
		peak; /* usage at the begin of the window, at the incident, and the highest */
};

/* Appends the history and the present figures of a slot that are newer than the newest point, from from_ns to to_ns. 0 or
 * -ENOMEM. */
int series_add_slot(struct series *s, const struct hr_slot *slot, uint64_t created_ns,
		    uint64_t from_ns, uint64_t to_ns);
/* Adds the points in an OOM kill event, where there are none nearby, and the kill's own. 0 or -ENOMEM. */
int series_add_kill(struct series *s, const struct hr_event_oom_kill *oom, uint64_t from_ns);
/* Then: the fall after the kill as its outcome has it; NULL or unknown: a gap up to the next point. 0 or -ENOMEM. */
int series_add_fall(struct series *s, const struct hr_event_oom_kill *oom,
		    const struct hr_event_outcome *outcome);
/* Fills before, at, peak; time_ns: of the incident. */
void series_sum(struct series *s, uint64_t time_ns);
void series_done(struct series *s);
/* Non-reclaimable usage, or usage where that is unknown. */
static inline uint64_t series_point_demand(const struct series_point *point)
{
	return point->unreclaimable == HR_UNKNOWN ? point->usage : point->unreclaimable;
}
/* What it shows up to that time. */
void series_demand(const struct series *s, uint64_t until_ns, struct demand *ret);

/* Usage at that time, or shortly before; HR_UNKNOWN. */
uint64_t series_usage_at(const struct series *s, uint64_t time_ns);

/* Calls `see` for each snapshot between the two times and the last one before, oldest first; a live board is one snapshot.
 * Damaged ones are skipped. Stops when `see` returns other than 0, and returns that. */
int pictures_walk(struct hr_reader *reader, uint64_t from_ns, uint64_t to_ns,
		  int (*see)(void *context, struct hr_reader *reader, uint64_t time_ns),
		  void *context);

#endif
