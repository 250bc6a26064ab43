/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What acting.c, flights.c, ends.c, deeds.c and by_hand.c share, and nobody else sees: rungs on their way, and what is
 * known of each emergency. Fixed tables, touched at start.
 */
#ifndef HEADROOM_DAEMON_POLICY_DRIVER_STATE_H
#define HEADROOM_DAEMON_POLICY_DRIVER_STATE_H

#include "policy/engine.h"
#include "enforce/enforce.h"
#include "policy_driver.h"
#include "trigger_sync.h"
#include "host_poll.h"
#include "process_groups.h"
#include "events.h"
#include "policy_memfd.h"

#define INFLIGHT_MAX (POLICY_ESCALATIONS + 16) /* one rung each, and some by hand */
#define OUTCOMES_MAX 128 /* emergencies that are remembered; the oldest gives way */
#define POLICY_NAME  96  /* bytes of its name in an event; longer ones are cut */
#define NO_CLIENT    (-1)

enum inflight_state {
	INFLIGHT_FREE,
	INFLIGHT_FRESH,   /* ordered within this call of act */
	INFLIGHT_QUEUED,  /* enforce's queue was full */
	INFLIGHT_OUT,     /* a worker has it */
	INFLIGHT_COMMAND, /* the supervisor has it */
};

/* A rung on its way from the order to its `action` event. */
struct inflight {
	enum inflight_state state;
	uint64_t tag;
	struct action action; /* its policy and rung: only while FRESH, a reload unmaps them */
	char policy[POLICY_NAME];
	char skipped_comm[HR_SKIPPED][16]; /* of those outside containers */
	/* the deed, as enforce is asked for it */
	bool whole, largest;
	bool awaited; /* by the outcome of its emergency */
	bool aside;   /* its event is told; only the end of a command is awaited */
	enum hr_action_status
		not_taken; /* skipped or refused before it was ordered: only told of, in its turn; else DONE */
	enum hr_skip_reason reason; /* … because of that */
	int signal;
	uint64_t size, for_ms, watch_ms;
	uint64_t deadline_ns; /* COMMAND: then it counts as failed */
	uint32_t by_uid;      /* HR_UNKNOWN_U32: a policy's */
	int client;           /* by hand: who waits for the answer */
};

/* How a rung came out. Unknown quantities as in the event. */
struct action_result {
	enum hr_action_status status;
	int error, signal;
	uint32_t pid, processes;
	uint64_t start_boottime_ns, ended_ns, freed;
	char comm[16];
	const char *detail;
};

/* One emergency: what its events have in common, and what its `outcome` needs. */
struct outcome {
	uint32_t escalation; /* act's number; 0: free, or by hand */
	bool ended, emitted; /* act has closed it; its outcome was posted */
	uint8_t out;         /* rungs on their way: what they bring belongs to the outcome */
	bool fatal;          /* a process was ended: a restart may follow */
	bool throttled;
	uint64_t touched_ns; /* monotonic */
	uint64_t first_seq,
		last_seq;      /* of its actions; last: the last that was more than a notice */
	uint64_t action_ns;    /* monotonic; when that was done */
	uint64_t workload;     /* 0: not known */
	uint64_t restarted_ns; /* monotonic; 0 */
	uint64_t cgroup_id;
	struct escalation_end end;
	/* who it was: the slot may be somebody else's by then */
	struct hr_identity id;
	bool cut;
	char text[768];
};

struct policy_driver {
	struct policy_engine *engine;
	struct enforce *enforce;
	struct rules rules;
	struct jobs jobs;
	struct trigger_sync trigger_sync;
	struct host_poll host_poll;
	struct policy_snapshot snapshot;
	uint64_t self_memcg_id;
	int deadline_fd;
	bool v1, settling, next_dirty, fresh;
	uint64_t next_tag, lost_orders;
	uint64_t
		lost_outcomes; /* emergencies that were forgotten for want of room before they ended */
	uint64_t lost_emitted, lost_ns; /* want of room: as last told; monotonic */
	struct loop_watch w_enforce, w_deadline;
	struct inflight inflight[INFLIGHT_MAX];
	struct outcome outcome[OUTCOMES_MAX];
};

/* acting.c */
const struct policy_snapshot *policy_driver_world(struct daemon *daemon);
struct engine_callbacks policy_driver_calls(struct daemon *daemon);
void policy_driver_start(struct daemon *daemon); /* the first rules take effect */

/* flights.c: orders to deeds. */
struct inflight *inflight_new(struct policy_driver *policy_driver, const struct action *action);
void inflight_dispatch(struct daemon *daemon); /* all that are fresh or queued */
void inflight_expire(struct daemon *daemon, uint64_t now_ns);
void inflight_result(struct daemon *daemon, const struct enforce_result *result);
/* Ends a flight: its event, act's answer, the client's. */
void inflight_conclude(struct daemon *daemon, struct inflight *inflight,
		       const struct action_result *result);
/* The slot is still whom the order meant. */
bool inflight_slot(const struct daemon *daemon, const struct action_target *target,
		   uint32_t *ret_slot);

/* ends.c: from the first action of an emergency to its outcome. */
struct outcome *outcome_of(struct daemon *daemon, uint32_t escalation,
			   const struct action_target *target);
void outcome_on_end(struct daemon *daemon, const struct escalation_end *end);
void outcome_on_answer(struct daemon *daemon,
		       struct outcome *outcome); /* a rung that was on its way is done */
void outcome_settle(struct daemon *daemon, uint64_t now_ns);

/* deeds.c: the events. */
uint64_t action_post(struct daemon *daemon, const struct inflight *inflight,
		     const struct action_result *result, const struct outcome *outcome);
void outcome_post(struct daemon *daemon, const struct outcome *outcome);

/* expand.c: the words of a command. 0 with a message to send, or -EINVAL and one line: why not. */
int words_expand(const struct daemon *daemon, const struct inflight *inflight,
		 const struct outcome *outcome, const struct policy_set *set,
		 const struct policy_command *command, struct daemon_message *ret_message,
		 char reason[160]);

#endif
