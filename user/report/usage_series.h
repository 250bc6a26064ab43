/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How one workload used memory over a time, put together from pictures of the board and from what
 * each slot itself remembers. Pure over readers.
 */
#ifndef HEADROOM_REPORT_USAGE_SERIES_H
#define HEADROOM_REPORT_USAGE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>
#include "format/incident.h"

struct series_point { /* bytes; HR_UNKNOWN */
	uint64_t time_ns;
	uint64_t usage, unreclaimable, headroom;
	uint64_t limit; /* that binds it */
	bool begins;    /* the first of a life: no line leads here */
};

enum series_role { ROLE_SUBJECT, ROLE_SIBLING, ROLE_GROWER };

struct series {
	char name[INCIDENT_NAME];
	enum series_role role;
	uint64_t cgroup_id, workload; /* of whom; workload 0: of that cgroup alone */
	struct series_point *point;   /* oldest first */
	size_t n, space;
	uint64_t last_cgroup; /* of the newest point */
	uint64_t before, at,
		peak; /* usage when the window begins, when it happened, and the highest in it */
};

/* What a slot remembers and what it says now, as far as it is newer than the newest point and not before from_ns, nor
 * after to_ns. 0 or -ENOMEM. */
int series_add_slot(struct series *s, const struct hr_slot *slot, uint64_t created_ns,
		    uint64_t from_ns, uint64_t to_ns);
/* The points that an OOM kill carries, where there are no others nearby. 0 or -ENOMEM. */
int series_add_kill(struct series *s, const struct hr_event_oom_kill *oom, uint64_t from_ns);
/* Fills before, at, peak; time_ns: when it happened. */
void series_sum(struct series *s, uint64_t time_ns);
void series_done(struct series *s);

/* Usage at that time, or shortly before; HR_UNKNOWN. */
uint64_t series_usage_at(const struct series *s, uint64_t time_ns);

/* Calls `see` for each picture between the two times and the last one before, oldest first; a live board is one picture.
 * Damaged ones are passed over. Stops at what `see` returns other than 0, and returns it. */
int pictures_walk(struct hr_reader *reader, uint64_t from_ns, uint64_t to_ns,
		  int (*see)(void *context, struct hr_reader *reader, uint64_t time_ns),
		  void *context);

#endif
