/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is armed at the moment (sense/arm.h): act says which container, at which size and whether the kernel may strike; the
 * worker registers it, since that may wait; disarming is the loop's, at once. Decides nothing. Caller: the loop.
 */
#ifndef HEADROOM_ARMING_H
#define HEADROOM_ARMING_H

#include <stdbool.h>
#include <stdint.h>
#include "sense/arm.h"

#define ARMING_MOST 64

struct guard;
struct worker_job;

enum arming_state { ARMING_FREE, ARMING_WANTED, ARMING_ASKED, ARMING_READY, ARMING_SHOT };

struct arming_one {
	enum arming_state state;
	uint64_t memcg_id, threshold;
	uint32_t limit_milli, flags;	/* ARM_* */
	uint32_t preferred_pid;
	uint64_t retry_ns;		/* monotonic; WANTED after a failure: not before */
	uint64_t owner_ns;		/* monotonic; when the owner's word was last asked for */
	bool owned;			/* he said that it is protected: no reflex until he is asked again */
};

struct arming {
	struct arming_one one[ARMING_MOST];
	uint32_t n;			/* in use */
	uint32_t hand;			/* slot where the round goes on */
	uint32_t owner_hand;
	bool any;			/* a rule that could arm something is in force */
	bool close, close_asked;	/* the hot tracepoint: is on; was asked for with the job under way */
	bool full_told, reflex_told;
	uint64_t nameless;		/* the oldest cgroup whose path is not known yet; 0: none */
	uint64_t near_ns;		/* monotonic; when somebody was last near */
};

bool arming_any(const struct guard *guard);
void arming_start(struct guard *guard);
/* Other rules: all is looked at again. */
void arming_rules(struct guard *guard);
/* After a sweep; after a slot has a fresh figure or a name. */
void arming_swept(struct guard *guard, uint64_t now_ns);
void arming_consider(struct guard *guard, uint32_t slot, uint64_t now_ns);
/* A cgroup has begun, or has a name now: what is armed above it is looked at again. */
void arming_born(struct guard *guard, uint32_t slot);
/* Whatever was spent, or may be spent again, is told to the kernel. */
void arming_settle(struct guard *guard);
void arming_gone(struct guard *guard, uint64_t memcg_id);
/* After a process pass: whom to hit rather than who happens to charge. */
void arming_prefer(struct guard *guard);
/* Before a job and after it. */
bool arming_ask(struct guard *guard, struct worker_job *job, uint64_t now_ns);
void arming_take(struct guard *guard, struct worker_job *job, uint64_t now_ns);
/* A larger sense takes over. */
void arming_move(struct guard *guard, struct sense *to);
/* Told by the kernel. */
void arming_on_record(struct guard *guard, const struct record_arm *record);

/* Between arming.c and arming_doubt.c. */
struct arming_one *arming_find(struct arming *arming, uint64_t memcg_id);
void arming_enter(struct guard *guard, struct arming_one *one, enum arming_state state);
void arming_path(const struct guard *guard, uint32_t slot, char path[RECORD_PATH]);
void arming_known(struct guard *guard);		/* everybody on the board has been looked at */
void arming_owned(struct guard *guard, struct arming_one *one, uint64_t now_ns);
void arming_ask_owners(struct guard *guard, struct worker_job *job, uint64_t now_ns);
void arming_take_owners(struct guard *guard, struct worker_job *job, uint64_t now_ns);

#endif
