/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keeps the kernel's table of armed containers (collect/trigger.h) in step with the policy engine, which says which container
 * is to be armed, at which usage, and whether the kernel may kill by itself. The worker arms, since that may wait; the loop
 * disarms, at once. Decides nothing. A fixed table. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_TRIGGER_SYNC_H
#define HEADROOM_DAEMON_TRIGGER_SYNC_H

#include "collect/trigger.h"
#include "containers.h"
#include "enforce/enforce.h"
#include "policy/engine.h"
#include "policy_world.h"
#include "sweep_worker.h"

#define TRIGGERS_MAX 64
#define RETRY_NS     (10 * NS_PER_SEC)

enum trigger_entry_state {
	ENTRY_FREE,
	ENTRY_WANTED,
	ENTRY_ASKED, /* the worker has it */
	ENTRY_READY,
	ENTRY_SHOT /* the reflex killed: the entry stays without one */
};

struct trigger_entry {
	enum trigger_entry_state state;
	uint64_t memcg_id, threshold; /* HR_UNKNOWN: a share of a limit that is not known yet */
	uint32_t limit_milli, flags;  /* TRIGGER_* */
	uint32_t preferred_pid;
	uint64_t retry_ns; /* monotonic; WANTED after a failure: not before */
	uint8_t failed;    /* how many times in a row it could not be armed */
	uint64_t armed_ns; /* monotonic; READY with a reflex since, SHOT: until shot_ns; 0 */
	uint64_t shot_ns;  /* monotonic; SHOT: when */
	uint32_t shot_pid;
	int shot_error;    /* errno: the signal was not sent; 0 */
	uint64_t owner_ns; /* monotonic; when the owner was last asked for protection */
	bool owned;        /* its owner protects it: no reflex until the owner is asked again */
};

struct trigger_sync {
	struct containers *containers;
	struct collector *collector;
	struct policy_engine *engine;
	struct policy_world *world;
	const struct enforce *enforce;
	const struct policy_set *set;
	struct trigger_entry entry[TRIGGERS_MAX];
	uint32_t n;    /* in use */
	uint32_t hand; /* slot where the round continues */
	uint32_t owner_hand;
	bool any;   /* a policy that could arm something is in force */
	bool close; /* the hot tracepoint is attached, or the worker was asked to */
	bool ready; /* the program where reclaim begins stays attached: arming waits for no attachment */
	bool full_emitted, no_reflex;
	uint64_t nameless; /* the oldest cgroup without a known path; 0: none */
	uint64_t near_ns;  /* monotonic; when one was last near its threshold */
};

/* The pointers are set; start: exempts the daemon's own group, and takes the first policies. */
void trigger_sync_start(struct trigger_sync *sync, const struct policy_set *set);
/* Other policies: everything is considered again. */
void trigger_sync_set_policies(struct trigger_sync *sync, const struct policy_set *set);
/* After a sweep. */
void trigger_sync_swept(struct trigger_sync *sync, uint64_t now_ns);
/* After a slot has a fresh figure or a name. */
void trigger_sync_consider(struct trigger_sync *sync, const struct track *track, uint64_t now_ns);
/* Tells the kernel how many kills the rate limit leaves. */
void trigger_sync_grant(struct trigger_sync *sync);
/* The cgroup is gone. */
void trigger_sync_gone(struct trigger_sync *sync, uint64_t memcg_id);
/* After a process pass: prefers the largest process of a container to the one that happens to charge. */
void trigger_sync_prefer(struct trigger_sync *sync);
/* Before a job, true: there is something to do; and after it. */
bool trigger_sync_ask(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns);
void trigger_sync_take(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns);
/* Another collector takes over. `anew`: it can do more than the old one, so everything is armed again. */
void trigger_sync_move(struct trigger_sync *sync, struct collector *to, bool anew);
/* The kernel posted a tripwire or a reflex of this cgroup. */
void trigger_sync_near(struct trigger_sync *sync, uint64_t now_ns);
/* The reflex of this cgroup killed. True: the policy kills the whole container. */
bool trigger_sync_shot(struct trigger_sync *sync, const struct record_trigger *record);
/* The entry of this cgroup, or of the nearest above it; NULL: none. */
const struct trigger_entry *trigger_sync_above(struct trigger_sync *sync, uint64_t memcg_id);

/* protect_recheck.c */
/* A cgroup has begun, or has a name now: it, and those armed above it, are considered again. */
void trigger_sync_child(struct trigger_sync *sync, const struct track *track);

/* Between trigger_sync.c and protect_recheck.c. */
struct trigger_entry *trigger_sync_find(struct trigger_sync *sync, uint64_t memcg_id);
void trigger_sync_enter(struct trigger_sync *sync, struct trigger_entry *entry,
			enum trigger_entry_state state);
void trigger_sync_path(const struct trigger_sync *sync, const struct track *track,
		       char path[RECORD_PATH]);
void trigger_sync_checked(struct trigger_sync *sync); /* all cgroups on the board were checked */
void trigger_sync_failed(struct trigger_sync *sync, struct trigger_entry *entry, uint64_t now_ns);
void trigger_sync_owned(struct trigger_sync *sync, struct trigger_entry *entry, uint64_t now_ns);
void trigger_sync_ask_owners(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns);
void trigger_sync_take_owners(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns);

#endif
