/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What acting.c, flights.c, ends.c, deeds.c and by_hand.c share, and nobody else sees: rungs on their way, and what is
 * known of each emergency. Fixed tables, touched at start.
 */
#ifndef HEADROOM_ACTING_STATE_H
#define HEADROOM_ACTING_STATE_H

#include "act/act.h"
#include "enforce/enforce.h"
#include "acting.h"
#include "arming.h"
#include "host_watch.h"
#include "jobs.h"
#include "notice.h"
#include "rules.h"

#define FLIGHTS		(ACT_EMERGENCIES + 16)	/* one rung each, and some by hand */
#define DOSSIERS	128			/* emergencies that are remembered; the oldest gives way */
#define POLICY_NAME	96			/* bytes of its name in an event; longer ones are cut */
#define NO_CLIENT	(-1)

enum flight_state {
	FLIGHT_FREE,
	FLIGHT_FRESH,		/* ordered within this call of act */
	FLIGHT_QUEUED,		/* enforce's queue was full */
	FLIGHT_OUT,		/* a worker has it */
	FLIGHT_COMMAND,		/* the supervisor has it */
};

/* A rung on its way from the order to its `action` event. */
struct flight {
	enum flight_state state;
	uint64_t tag;
	struct act_order order;		/* its policy and rung: only while FRESH, a reload unmaps them */
	char policy[POLICY_NAME];
	char passed_comm[HR_PASSED_OVER][16];	/* of those outside containers */
	/* the deed, as enforce is asked for it */
	bool whole, largest;
	bool awaited;			/* by the outcome of its emergency */
	bool aside;			/* its event is told; only the end of a command is awaited */
	enum hr_deed not_taken;		/* skipped or refused before it was ordered: only told of, in its turn; else DONE */
	enum hr_why why;		/* … because of that */
	int signal;
	uint64_t size, for_ms, watch_ms;
	uint64_t deadline_ns;		/* COMMAND: then it counts as failed */
	uint32_t by_uid;		/* HR_UNKNOWN_U32: a policy's */
	int client;			/* by hand: who waits for the answer */
};

/* How a rung came out. Unknown quantities as in the event. */
struct deed {
	enum hr_deed deed;
	int error, signal;
	uint32_t pid, processes;
	uint64_t start_boottime_ns, ended_ns, freed;
	char comm[16];
	const char *detail;
};

/* One emergency: what its events have in common, and what its `outcome` needs. */
struct dossier {
	uint32_t emergency;		/* act's number; 0: free, or by hand */
	bool ended, told;		/* act has closed it; its outcome was posted */
	uint8_t out;			/* rungs on their way: what they bring belongs to the outcome */
	bool fatal;			/* a process was ended: a restart may follow */
	bool throttled;
	uint64_t touched_ns;		/* monotonic */
	uint64_t first_seq, last_seq;	/* of its actions; last: the last that was more than a notice */
	uint64_t deed_ns;		/* monotonic; when that was done */
	uint64_t workload;		/* 0: not known */
	uint64_t restarted_ns;		/* monotonic; 0 */
	uint64_t cgroup_id;
	struct act_end end;
	/* who it was: the slot may be somebody else's by then */
	struct hr_identity id;
	bool cut;
	char text[768];
};

struct acting {
	struct act *act;
	struct enforce *enforce;
	struct rules rules;
	struct jobs jobs;
	struct arming arming;
	struct host_watch host_watch;
	struct act_world world;
	uint64_t self_memcg_id;
	int deadline_fd;
	bool v1, settling, next_dirty, fresh;
	uint64_t next_tag, lost_orders;
	uint64_t lost_outcomes;			/* emergencies that were forgotten for want of room before they ended */
	uint64_t lost_told, lost_ns;	/* want of room: as last told; monotonic */
	struct loop_watch w_enforce, w_deadline;
	struct flight flight[FLIGHTS];
	struct dossier dossier[DOSSIERS];
};

/* acting.c */
const struct act_world *acting_world(struct guard *guard);
struct act_calls acting_calls(struct guard *guard);
void acting_start(struct guard *guard);		/* the first rules take effect */

/* flights.c: orders to deeds. */
struct flight *flight_new(struct acting *acting, const struct act_order *order);
void flights_dispatch(struct guard *guard);		/* all that are fresh or queued */
void flights_expire(struct guard *guard, uint64_t now_ns);
void flight_result(struct guard *guard, const struct enforce_result *result);
/* Ends a flight: its event, act's answer, the client's. */
void flight_conclude(struct guard *guard, struct flight *flight, const struct deed *deed);
/* The slot is still whom the order meant. */
bool flight_slot(const struct guard *guard, const struct act_target *target, uint32_t *ret_slot);

/* ends.c: from the first action of an emergency to its outcome. */
struct dossier *dossier_of(struct guard *guard, uint32_t emergency, const struct act_target *target);
void ends_on_end(struct guard *guard, const struct act_end *end);
void ends_on_answer(struct guard *guard, struct dossier *dossier);	/* a rung that was on its way is done */
void ends_settle(struct guard *guard, uint64_t now_ns);

/* deeds.c: the events. */
uint64_t deed_post(struct guard *guard, const struct flight *flight, const struct deed *deed,
		   const struct dossier *dossier);
void outcome_post(struct guard *guard, const struct dossier *dossier);

/* expand.c: the words of a command. 0 with a message to send, or -EINVAL and one line: why not. */
int words_expand(const struct guard *guard, const struct flight *flight, const struct dossier *dossier,
		 const struct policy_set *set, const struct policy_command *command,
		 struct guard_message *ret_message, char why[160]);

#endif
