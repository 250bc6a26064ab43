/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is armed at the moment (sense/arm.h): act says which container, at which size and whether the kernel may strike; the
 * worker registers it, since that may wait; disarming is the loop's, at once. Decides nothing. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_TRIGGER_SYNC_H
#define HEADROOM_DAEMON_TRIGGER_SYNC_H

#include <stdbool.h>
#include <stdint.h>
#include "collect/trigger.h"

#define TRIGGER_SYNC_MOST 64

struct daemon;
struct worker_job;

enum trigger_sync_state {
	TRIGGER_SYNC_FREE,
	TRIGGER_SYNC_WANTED,
	TRIGGER_SYNC_ASKED,
	TRIGGER_SYNC_READY,
	TRIGGER_SYNC_SHOT
};

struct trigger_sync_one {
	enum trigger_sync_state state;
	uint64_t memcg_id, threshold;
	uint32_t limit_milli, flags; /* TRIGGER_* */
	uint32_t preferred_pid;
	uint64_t retry_ns; /* monotonic; WANTED after a failure: not before */
	uint64_t owner_ns; /* monotonic; when the owner's word was last asked for */
	bool owned;        /* he said that it is protected: no reflex until he is asked again */
};

struct trigger_sync {
	struct trigger_sync_one one[TRIGGER_SYNC_MOST];
	uint32_t n;    /* in use */
	uint32_t hand; /* slot where the round goes on */
	uint32_t owner_hand;
	bool any; /* a rule that could arm something is in force */
	bool close,
		fast_poll_asked; /* the hot tracepoint: is on; was asked for with the job under way */
	bool full_emitted, reflex_emitted;
	uint64_t nameless; /* the oldest cgroup whose path is not known yet; 0: none */
	uint64_t near_ns;  /* monotonic; when somebody was last near */
};

bool trigger_sync_any(const struct daemon *daemon);
void trigger_sync_start(struct daemon *daemon);
/* Other rules: all is looked at again. */
void trigger_sync_rules(struct daemon *daemon);
/* After a sweep; after a slot has a fresh figure or a name. */
void trigger_sync_swept(struct daemon *daemon, uint64_t now_ns);
void trigger_sync_consider(struct daemon *daemon, uint32_t slot, uint64_t now_ns);
/* A cgroup has begun, or has a name now: what is armed above it is looked at again. */
void trigger_sync_born(struct daemon *daemon, uint32_t slot);
/* Whatever was spent, or may be spent again, is told to the kernel. */
void trigger_sync_settle(struct daemon *daemon);
void trigger_sync_gone(struct daemon *daemon, uint64_t memcg_id);
/* After a process pass: whom to hit rather than who happens to charge. */
void trigger_sync_prefer(struct daemon *daemon);
/* Before a job and after it. */
bool trigger_sync_ask(struct daemon *daemon, struct worker_job *job, uint64_t now_ns);
void trigger_sync_take(struct daemon *daemon, struct worker_job *job, uint64_t now_ns);
/* A larger sense takes over. */
void trigger_sync_move(struct daemon *daemon, struct collector *to);
/* Told by the kernel. */
void trigger_sync_on_record(struct daemon *daemon, const struct record_trigger *record);

/* Between arming.c and trigger_sync_doubt.c. */
struct trigger_sync_one *trigger_sync_find(struct trigger_sync *trigger_sync, uint64_t memcg_id);
void trigger_sync_enter(struct daemon *daemon, struct trigger_sync_one *one,
			enum trigger_sync_state state);
void trigger_sync_path(const struct daemon *daemon, uint32_t slot, char path[RECORD_PATH]);
void trigger_sync_known(struct daemon *daemon); /* everybody on the board has been looked at */
void trigger_sync_owned(struct daemon *daemon, struct trigger_sync_one *one, uint64_t now_ns);
void trigger_sync_ask_owners(struct daemon *daemon, struct worker_job *job, uint64_t now_ns);
void trigger_sync_take_owners(struct daemon *daemon, struct worker_job *job, uint64_t now_ns);

#endif
