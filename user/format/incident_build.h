/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Incidents while they are being found: what incident_drafts.c makes of the events, and incident.c puts together. */
#ifndef HEADROOM_FORMAT_INCIDENT_BUILD_H
#define HEADROOM_FORMAT_INCIDENT_BUILD_H

#include "base/clock.h"
#include "event_log.h"
#include "incident.h"

#define GRACE_NS (60 * NS_PER_SEC) /* an alarm that ended so shortly before was one all the same */

#define SUBJECTS 4
struct draft {
	struct incident i;
	uint64_t subject[SUBJECTS]; /* cgroups that it is about */
	size_t subjects;
	uint64_t last_ns;    /* of what made it: a kill, a deed, the end of an alarm */
	uint64_t escalation; /* of an action */
	uint32_t level;      /* an alarm's highest */
	bool action;         /* of an action: more than a notice */
	bool averted;        /* and its outcome says that it was enough */
	bool merged;         /* it went into another one */
	bool sealed;         /* an alarm that a kill ended: the next one is another life's */
	const struct hr_event **event;
	size_t n, space;
	const struct hr_event *key; /* that names it */
};

struct drafts {
	struct draft *draft;
	size_t n, space;
	const struct event_log *event_log;
	bool *taken; /* an event that belongs to one */
};

/* First walk: a draft for each kill, emergency, alarm and hang. 0 or -ENOMEM. */
int drafts_make(struct drafts *all);
void drafts_done(struct drafts *all);

/* 0 or -ENOMEM. */
int draft_attach(struct draft *d, const struct hr_event *event);
void draft_add_subject(struct draft *d, uint64_t cgroup_id);
bool draft_about(const struct draft *d, uint64_t cgroup_id, uint64_t workload);

#endif
