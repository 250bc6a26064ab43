/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is kept of each escalation from its first action to its `outcome` event: the target's identity, the events' numbers,
 * whether the workload was restarted. A fixed table; never blocks, never allocates. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_OUTCOME_H
#define HEADROOM_DAEMON_OUTCOME_H

#include "containers.h"
#include "enforce/enforce.h"
#include "policy/engine.h"

#define OUTCOMES_MAX 128 /* escalations at once; the oldest gives way */

struct pending_outcome {
	uint32_t escalation; /* its number; 0: free */
	bool ended, emitted; /* the engine has closed it; its event is posted */
	uint8_t in_flight;   /* actions in flight that belong to it */
	bool fatal;          /* a process was ended: a restart may follow */
	bool throttled;
	uint64_t touched_ns; /* monotonic */
	uint64_t first_seq,
		last_seq;   /* of its action events; last: the last that was more than a notice */
	uint64_t action_ns; /* monotonic; when that action ended */
	uint64_t workload;  /* 0: not known */
	uint64_t restarted_ns; /* monotonic; 0 */
	uint64_t cgroup_id;
	struct outcome outcome; /* as the engine judged it, once ended */
	/* the target as it was: its slot may be reused by then */
	struct hr_identity id;
	bool cut;
	char text[768];
};

struct outcomes {
	struct containers *containers;
	struct enforce *enforce;
	uint64_t lost; /* escalations that lost their place before they ended */
	struct pending_outcome outcome[OUTCOMES_MAX];
};

/* The escalation's entry, made if there is none. NULL: escalation is 0, a manual action. */
struct pending_outcome *outcome_of(struct outcomes *outcomes, uint32_t escalation,
				   const struct action_target *target);
/* The engine closed it. */
void outcome_on_end(struct outcomes *outcomes, const struct outcome *outcome);
void outcome_on_result(struct outcomes *outcomes,
		       struct pending_outcome *pending); /* one less in flight */
void outcome_settle(struct outcomes *outcomes, uint64_t now_ns);
/* The workload runs in this cgroup now, after a restart. */
void outcome_restarted(struct outcomes *outcomes, uint64_t memcg_id, uint64_t workload);
/* The subject of an event: the target as it was at the first action; pending may be NULL. */
void outcome_add_subject(const struct containers *containers, struct board_text *text,
			 struct hr_event *event, const struct pending_outcome *pending,
			 const struct action_target *target);

#endif
