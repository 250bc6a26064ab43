/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Drafts of incidents: incident_build.c makes them of events, incident.c merges and finishes them. */
#ifndef HEADROOM_FORMAT_INCIDENT_BUILD_H
#define HEADROOM_FORMAT_INCIDENT_BUILD_H

#include "base/clock.h"
#include "event_log.h"
#include "incident.h"

#define GRACE_NS (60 * NS_PER_SEC) /* an alarm that ended so shortly before still belongs */

#define SUBJECTS 4
struct draft {
	struct incident i;
	uint64_t subject[SUBJECTS]; /* cgroups that it is about */
	size_t subjects;
	uint64_t last_ns;    /* of its last kill, action or end of an alarm */
	uint64_t escalation; /* of an action */
	uint32_t level;      /* an alarm's highest */
	bool action;         /* of an action: more than a notice */
	bool averted;        /* its outcome says that no OOM kill followed */
	bool merged;         /* into another draft */
	bool ended;          /* an alarm: its container, or one in it, ended meanwhile */
	bool closed;         /* an alarm that a kill ended: a later alarm is another incident */
	const struct hr_event **event;
	size_t n, space;
	const struct hr_event *key; /* the event that names it */
};

struct drafts {
	struct draft *draft;
	size_t n, space;
	const struct event_log *event_log;
	bool *taken; /* per event: it belongs to a draft */
};

/* First pass: a draft for each kill, escalation, alarm and blocked cgroup. 0 or -ENOMEM. */
int drafts_make(struct drafts *all);
void drafts_done(struct drafts *all);

/* 0 or -ENOMEM. */
int draft_attach(struct draft *d, const struct hr_event *event);
void draft_add_subject(struct draft *d, uint64_t cgroup_id);
bool draft_about(const struct draft *d, uint64_t cgroup_id, uint64_t workload);

#endif
