/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The face of the acting room: outlooks and time in, orders out. Pure: no I/O, no clock, no allocation after engine_init();
 * the same code runs in the guard, in `headroom policy test` and in `headroom replay --policy`. It decides who, when and which
 * rung; enforce/ does it and answers with engine_action_done(); what a rung brought is judged here from the samples that follow.
 *
 * An *emergency* is one rule and one target (a container; for host_available one of those it matches; a process or a job
 * outside containers), from the moment its condition held for `for` until it is calm again or the ladder is at its end.
 * Never two emergencies for one target at once (but a rule that only notifies tells beside another one's), never two kills for
 * one emergency. Callers: the guard's loop thread, or one
 * thread of the face.
 */
#ifndef HEADROOM_POLICY_ENGINE_H
#define HEADROOM_POLICY_ENGINE_H

#include <headroom/event.h>
#include "policy.h"

#define POLICY_ESCALATIONS    256 /* at once; further ones wait, and are counted */
#define POLICY_PROCESS_GROUPS 32  /* jobs outside containers */

/* A job outside containers: the processes of one process group, so that many small ones of one build are one culprit. */
struct process_group {
	uint64_t memcg_id;
	uint32_t pgid, pid;         /* pid: of its largest process */
	uint64_t start_boottime_ns; /* of pid */
	uint64_t leader_start_ns;   /* boottime of the group's leader, HR_UNKNOWN if it is gone */
	uint32_t processes;
	uint32_t flags; /* ACT_JOB_* */
	uint64_t rss, largest_rss;
	int64_t growth_bytes_per_second; /* HR_UNKNOWN_I64 before two sightings */
	char comm[16];                   /* of the largest */
};
#define PGROUP_INIT    0x1u /* holds the host's PID 1: never a target */
#define PGROUP_SELF    0x2u /* holds the guard, its supervisor, resolver … */
#define PGROUP_RUNTIME 0x4u /* holds a container runtime or its shim */
#define PGROUP_EXEMPT \
	0x8u /* its largest process has oom_score_adj -1000: the kernel would never take it */
#define PGROUP_HOLDS_OTHERS \
	0x10u /* another process of it is exempt, protected, or inside a container */

/* Everything there is to see at one moment. Slots may be copies; they stay as they are during a call. */
struct policy_snapshot {
	uint64_t now_ns; /* monotonic, any zero point */
	const struct hr_host *host;
	uint32_t slots;                                           /* indices 0 … slots-1 */
	const struct hr_slot *(*slot)(uint32_t index, void *arg); /* NULL: free */
	void *arg;
	uint64_t self_memcg_id; /* the guard's own group; 0 */
	const struct process_group *pgroup;
	uint32_t pgroups;
};

struct action_target {
	uint32_t slot; /* HR_UNKNOWN_U32: processes outside containers */
	uint64_t memcg_id;
	uint32_t pgid, pid; /* outside containers: the job and its largest process; else 0 */
	uint64_t start_boottime_ns; /* of pid */
	uint64_t leader_start_ns;
	char comm[16];
};

struct action {               /* one rung of one emergency */
	uint32_t escalation;  /* number, never reused within an act */
	uint32_t step, steps; /* of the ladder, from 1 */
	const struct policy
		*policy; /* of the set in force during the call; NULL: asked for by hand */
	const struct policy_action *spec; /* the same */
	enum hr_action_kind kind;         /* may be HR_ACTION_ON_EXIT: the command afterwards */
	enum policy_mode mode;            /* MODE_DRY_RUN: to be told, not done */
	struct action_target target;
	struct hr_inputs inputs;
	uint32_t skipped_count;
	struct hr_skipped skipped[HR_SKIPPED]; /* name.at is not filled: the caller has the slots */
	uint32_t skipped_slot[HR_SKIPPED];
	uint64_t decided_ns;
};

struct action_answer {
	uint32_t escalation, step;
	enum hr_action_status status;
	int error;      /* errno, 0 */
	uint64_t freed; /* bytes so far; HR_UNKNOWN */
};

/* How an emergency ended: for the outcome event. */
struct escalation_end {
	uint32_t escalation;
	struct action_target target;
	enum policy_mode mode;
	uint32_t
		averted; /* 1: calm again, and no kernel OOM kill; 0; HR_UNKNOWN_U32: rehearsed, cut short by
					 * a harsher rule or a reload, or a ladder that only notifies */
	uint64_t freed;          /* bytes, since its first rung; HR_UNKNOWN */
	uint64_t freed_after_ms; /* until half of what was over was gone; HR_UNKNOWN */
};

struct engine_callbacks { /* each may be NULL */
	void (*action)(const struct action *action, void *arg);
	void (*end)(const struct escalation_end *end, void *arg);
	/* A rung that this room does not even order: refused (budget, hold-off: `why`) or skipped (throttle where nothing can
	 * be reclaimed: HR_SKIP_NONE). To be told, never done; once per rung and emergency. A refused one may be ordered later. */
	void (*not_taken)(const struct action *action, enum hr_action_status status,
			  enum hr_skip_reason reason, void *arg);
	/* The next rung of a slot changed (policy NULL: none): for the board. */
	void (*next)(uint32_t slot, const struct policy *policy, enum hr_action_kind kind,
		     void *arg);
	void *arg;
};

struct policy_engine;

int engine_init(struct policy_engine **ret_engine, uint32_t slots,
		const struct engine_callbacks *calls); /* 0 or -ENOMEM */
void engine_free(struct policy_engine *engine);        /* takes NULL */
/* New rules, atomically; `set` must outlive them (the old one is not read any more afterwards). NULL: none. Emergencies under way keep their place where the policy of the same name
 * still has the same ladder, and end otherwise (what was throttled is handed back: end()). */
void engine_set_policies(struct policy_engine *engine, const struct policy_set *set);
/* The board grew: slots keep their indices. Allocates; in calm. */
int engine_grow(struct policy_engine *engine, uint32_t slots);

/* After each sweep. */
void engine_update(struct policy_engine *engine, const struct policy_snapshot *snapshot);
/* A closely watched container has a fresh figure: only its own emergencies and rules. */
void engine_update_slot(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			uint32_t slot);
/* A rung is done, failed or skipped. */
void engine_action_done(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			const struct action_answer *result);
/* The kernel's OOM killer struck here: hold off, the emergency was not averted. */
void engine_oom_kill(struct policy_engine *engine, uint32_t slot, uint64_t now_ns);
/* A cgroup began below this slot's: from now on, not from the next sweep, whoever is protected down there protects it. */
void engine_child_created(struct policy_engine *engine, uint32_t parent);
/* The slot's cgroup ended; the index may be somebody else's from now on. */
void engine_slot_gone(struct policy_engine *engine, uint32_t slot, uint64_t memcg_id,
		      uint64_t now_ns);
/* BPF's reflex struck: counted against the budget, and the emergency goes on from there. Returns the order as it would have
 * been given, for the event; false if no policy asks for it any more. */
bool engine_reflex_fired(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			 uint32_t slot, struct action *ret_order);
/* What had to wait for want of room; never silently. */
struct engine_counts {
	uint64_t
		turned_away; /* emergencies that found the table full, or made room for a harsher one */
	uint64_t
		untimed; /* sightings that found no room to be remembered: their `for` or cooldown could not be kept */
	uint32_t escalations; /* under way */
};
void engine_counts(const struct policy_engine *engine, struct engine_counts *ret_counts);

/* When the next deadline is (monotonic ns), 0: none. So that the loop need not guess: then engine_update() or engine_update_slot(). */
uint64_t engine_deadline(const struct policy_engine *engine);

/* How many emergencies may still end something now, by the budget; UINT64_MAX: no limit. For those who strike by themselves. */
uint64_t engine_kills_left(const struct policy_engine *engine, uint64_t now_ns);

/* Which policy arms the reflex or a tripwire for this slot, and at how many bytes of usage; false: none. */
bool engine_trigger(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		    uint32_t slot, const struct policy **ret_policy, uint64_t *ret_threshold,
		    bool *ret_reflex);

/* match.c. May this never be a target, whatever the rules say? HR_SKIP_NONE: it may. */
enum hr_skip_reason policy_exempt(const struct policy_set *set,
				  const struct policy_snapshot *snapshot, uint32_t slot);
enum hr_skip_reason policy_exempt_process_group(const struct policy_set *set,
						const struct policy_snapshot *snapshot,
						uint32_t pgroup);
/* A process outside containers by itself: its name, and the cgroup that it lives in (NULL: not known). */
enum hr_skip_reason policy_exempt_process(const struct policy_set *set, const char comm[16],
					  const struct hr_slot *slot);

#endif
