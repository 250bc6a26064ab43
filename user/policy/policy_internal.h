/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Shared by the engine's files: the inputs of a policy, the timers it keeps from sample to sample, the escalations under way.
 * engine_init() and engine_grow() reserve everything; nothing here reads a clock. Private to policy/.
 */
#ifndef HEADROOM_POLICY_POLICY_INTERNAL_H
#define HEADROOM_POLICY_POLICY_INTERNAL_H

#include "action_table.h"
#include "condition_table.h"
#include "engine.h"

#define NS_PER_MS    1000000ULL
#define NONE32       UINT32_MAX
#define POLICY_DEPTH 64 /* levels of cgroups; a damaged board may have cycles */

/* ---- inputs.c: the values of one target that a policy can test ---- */
struct inputs {
	uint64_t at[INPUTS]; /* enum condition_id, enum input; HR_UNKNOWN: not known */
	uint64_t key;        /* of timers: the memcg id, or a process group's key; 0: no target */
	bool parent;         /* there are cgroups below it */
};

/* ---- rule.c ---- */
enum holds { HOLDS_UNKNOWN, HOLDS_NOT, HOLDS };

struct test {           /* one condition, ready to be compared */
	uint8_t id, of; /* enum condition_id; the input that it is a share of, INPUTS: of none */
	bool below;
	uint32_t milli, calm_milli, calm_ms;
	uint64_t threshold;
};
struct condition_set {
	uint32_t n;
	struct test test[CONDITIONS];
};

void condition_set_read(const struct policy *policy, struct condition_set *ret_rule);
enum holds condition_set_holds(const struct condition_set *rule, const struct inputs *inputs);
/* Certainly over: one of its conditions is past its hysteresis. ret_ms (may be NULL): for how long it must stay so. */
void condition_set_read_host(const struct policy *policy,
			     struct condition_set *ret_rule); /* only what is about the host */
bool condition_set_calm(const struct condition_set *rule, const struct inputs *inputs,
			uint32_t *ret_ms);
/* In bytes, for this target; HR_UNKNOWN: not known. */
uint64_t condition_set_threshold(const struct condition_set *rule, enum condition_id id,
				 const struct inputs *inputs);

/* ---- selector.c ---- */
bool selector_wild(const char *glob); /* it has a wildcard */
bool selector_glob(const char *glob, const char *text);
const char *selector_key_text(const struct hr_slot *slot, uint32_t key);
bool selector_any_glob(const struct policy_set *set, const struct policy_match *selector,
		       const char *text);
/* The name of a process. */
bool selector_match_name(const struct policy_set *set, const struct policy_match *selector,
			 const char name[16]);
bool selector_match_one(const struct policy_set *set, const struct policy_match *selector,
			const struct hr_slot *slot);
bool selector_match(const struct policy_set *set, const struct policy *policy,
		    const struct hr_slot *slot);
bool selector_match_process_group(const struct policy_set *set, const struct policy *policy,
				  const struct policy_snapshot *snapshot,
				  const struct process_group *pgroup, const struct hr_slot *slot);
/* Which of its processes the policy means, and their bytes; 0: none. */
uint64_t selector_members(const struct policy_set *set, const struct policy *policy,
			  const struct policy_snapshot *snapshot,
			  const struct process_group *pgroup, struct process_members *ret_members);
/* ---- exempt.c: see engine.h for policy_exempt() ---- */
/* Does `protect` use keys that are known only once a container is resolved? */
bool policy_protects_names(const struct policy_set *set);
/* Why this policy may not act on this slot; HR_SKIP_NONE: it may. `parent`: it may have cgroups below. */
enum hr_skip_reason selector_allowed(const struct policy_set *set,
				     const struct policy_snapshot *snapshot,
				     const struct policy *policy, uint32_t slot, bool parent);
/* The same for a cgroup that may still be empty. */
enum hr_skip_reason selector_exempt(const struct policy_set *set,
				    const struct policy_snapshot *snapshot,
				    const struct policy *policy, uint32_t slot, bool parent);
/* The same for a process group. */
enum hr_skip_reason selector_process_group_allowed(const struct policy_set *set,
						   const struct policy_snapshot *snapshot,
						   const struct policy *policy, uint32_t pgroup);
const struct hr_slot *selector_slot(const struct policy_snapshot *snapshot, uint32_t slot);
/* The slot of a running cgroup; NULL: there is none. */
const struct hr_slot *selector_slot_of_cgroup(const struct policy_snapshot *snapshot,
					      uint64_t memcg_id);

/* ---- hold_timers.c: since when a policy holds for a target, and its cooldown ---- */
struct timer {
	uint64_t key, workload;
	uint64_t since_ns; /* holds since; 0: it does not */
	uint64_t until_ns; /* cooldown; 0: none */
	uint32_t seen;     /* the last round in which it held or was not calm */
	uint32_t next;     /* in its bucket, or in the free list */
	uint16_t policy;   /* index */
	uint8_t step; /* during the cooldown: where a relapse of the same target continues; POLICY_ACTIONS: nowhere */
	bool till_calm;  /* the cooldown begins when the condition is calm */
	bool reported;   /* not_acted.c: of this episode; over when the condition no longer holds */
	uint8_t without; /* during the cooldown: as struct escalation has it */
};
#define HOLD_TIMERS_HINTS 1024u
struct timers {
	struct timer *timer;
	uint32_t *bucket;
	uint32_t space, mask, free, used;
	uint32_t cooling
		[HOLD_TIMERS_HINTS]; /* timers with a cooldown, by a hash of their workload; 0: certainly none */
	uint64_t lost;
	uint32_t of_policy[POLICY_MOST]; /* how many timers each policy has */
};

int hold_timers_init(struct timers *timers, uint32_t space);
void hold_timers_done(struct timers *timers);
void hold_timers_clear(struct timers *timers);
struct timer *hold_timers_find(struct timers *timers, uint32_t policy, uint64_t key);
struct timer *hold_timers_make(struct timers *timers, uint32_t policy,
			       uint64_t key); /* NULL: full, counted */
/* After a round: clears since_ns of what did not hold in it, and frees what is not needed any more. */
void hold_timers_purge(struct timers *timers, const struct policy_set *set, uint32_t round,
		       uint64_t now_ns);
/* map[old]: the new index, UINT16_MAX: gone. keep[old]: what stays of its timers. */
enum hold_timers_keep { HOLD_TIMERS_NONE, HOLD_TIMERS_COOLDOWN, HOLD_TIMERS_ALL };
void hold_timers_remap(struct timers *timers, const uint16_t *map, const uint8_t *keep);
/* Starts this timer's cooldown. */
void hold_timers_cool(struct timers *timers, struct timer *timer, uint64_t workload,
		      uint64_t until_ns, uint32_t step);
/* A cooldown of this policy for a cgroup of this workload; NULL: none. */
const struct timer *hold_timers_cooling(const struct timers *timers, uint32_t policy,
					uint64_t workload, uint64_t now_ns);

/* ---- rate_limit.c ---- */
#define RATE_LIMIT_MOST 1024u /* a larger limit counts as this */
struct rate_limit {
	uint64_t spent_ns[RATE_LIMIT_MOST]; /* circular */
	uint32_t by[RATE_LIMIT_MOST];       /* number of the escalation */
	uint64_t n;                         /* total, never reset */
};
/* When one more kill is allowed: 0: now; UINT64_MAX: never. */
uint64_t rate_limit_wait(const struct rate_limit *rate_limit, const struct policy_set *set,
			 uint64_t now_ns);
/* How many kills are allowed now; UINT64_MAX: no limit. */
uint64_t rate_limit_left(const struct rate_limit *rate_limit, const struct policy_set *set,
			 uint64_t now_ns);
void rate_limit_spend(struct rate_limit *rate_limit, uint64_t now_ns, uint32_t by);
struct rate_limits {
	struct rate_limit all;
	struct rate_limit host; /* of these, for a shortage of the host: which only these hold up */
	struct rate_limit useless; /* refunds of what freed nothing: bounded */
};
/* As rate_limit_wait(); `host`: for an escalation about the host's memory. */
uint64_t rate_limits_wait(const struct rate_limits *limits, const struct policy_set *set,
			  uint64_t now_ns, bool host);
/* True: the limit was reached but for the host's reserve. */
bool rate_limits_spend(struct rate_limits *limits, const struct policy_set *set, uint64_t now_ns,
		       bool host, uint32_t by);
/* Each: false where this escalation is not charged. */
bool rate_limits_refund(struct rate_limits *limits, uint32_t by); /* nothing was killed */
/* It was, and that freed nothing. False as well: there were too many of them. */
bool rate_limits_refund_useless(struct rate_limits *limits, const struct policy_set *set,
				uint64_t now_ns, uint32_t by);
/* Does this action end processes, and so count? */
bool rate_limit_ends(const struct policy_action *spec);

/* ---- the state ---- */
struct place {                                /* of a slot */
	uint64_t memcg_id;                    /* as last seen; 0: free */
	uint64_t hold_off_ns;                 /* until then: the kernel has just OOM-killed here */
	uint32_t escalation;                  /* index + 1; 0: none */
	uint16_t next_policy, emitted_policy; /* UINT16_MAX: none */
	uint8_t next_action, emitted_action;
};

struct escalation {
	uint32_t number; /* 0: free */
	uint16_t policy;
	uint8_t step;      /* how many steps are behind it */
	uint8_t requested; /* the last step that was asked for, from 1; 0: none */
	uint8_t hardest;   /* action_severity() of those asked for */
	uint8_t refused;   /* enum hr_skip_reason that was reported for the next step */
	uint8_t without;   /* enum hr_skip_reason: why the last step had no effect */
	enum policy_mode mode;
	bool host;   /* its policy is about the host's memory */
	bool ending; /* term, kill or reflex was asked for: charged to the rate limit */
	bool killed, oom_killed, gone, on_exit_requested;
	bool notified; /* some callback has reported it */
	bool awaited;  /* the result of the step that was asked for last */
	bool missed;   /* its processes were others by the time of the action */
	struct action_target target;
	uint64_t key, workload;
	uint8_t charged_step; /* by which it was charged, from 1 */
	bool reserve;         /* to the reserve for the host */
	uint64_t held_ns;     /* since when its policy holds */
	uint64_t acted_ns,
		requested_ns;      /* the first step that is more than a notice; the last step */
	uint64_t until_ns;         /* when the next step is due */
	uint64_t calm_ns, band_ns; /* since when it is calm; neither calm nor holding; 0 */
	uint64_t gone_ns;
	uint64_t usage_at, over; /* bytes at its start; the excess */
	uint64_t
		outlives; /* its cache, shared memory and tmpfs at the last reading: no process's; HR_UNKNOWN */
	uint64_t freed, freed_ms;
	struct hr_inputs inputs; /* at its start */
	uint32_t skipped_count;
	struct action_skipped skipped[HR_SKIPPED];
};

struct candidate {
	uint32_t slot, pgroup; /* one of them NONE32 */
	uint64_t size;         /* that its end frees for sure */
	int64_t growth;        /* bytes a second, HR_UNKNOWN_I64 */
	uint8_t reason;        /* enum hr_skip_reason: why it may not be chosen */
	bool grows;            /* now; its growth looks back some minutes */
	uint8_t rank[3];       /* large enough, above its memory.low, growth × risk */
};

#define PGROUP_NOTES 64
struct pgroup_note { /* a process group as it was first seen */
	uint64_t key, first_ns, first_rss, seen_ns;
};

struct policy_engine {
	struct engine_callbacks calls;
	const struct policy_set *set;
	enum policy_mode mode_most;
	uint32_t slots;
	struct place *place;
	struct inputs *inputs;       /* of slots, then of process groups */
	struct candidate *candidate; /* room for all of them */
	uint32_t *index;             /* memcg id to slot: open addressing */
	uint32_t index_mask;
	struct timers timers;
	struct rate_limits limits[2]; /* of dry runs, of enforcement */
	struct escalation escalation[POLICY_ESCALATIONS];
	struct pgroup_note pgroup_note[PGROUP_NOTES];
	uint32_t last_number, round, under_way;
	uint64_t now_ns; /* never goes back */
	uint64_t host_hold_off_ns;
	uint64_t host_ended_ns;    /* when a policy on the host last ended a target; 0 */
	uint64_t host_ended_bytes; /* what that freed; HR_UNKNOWN */
	uint64_t watch_ns;         /* since when a choice waits; 0 */
	uint64_t chosen_ns;        /* when processes were last chosen; 0 */
	uint32_t
		misses; /* choices of processes in a row that were others by the time of the action */
	uint64_t turned_away;
	struct { /* scratch of engine_set_policies() */
		uint16_t bucket[2 * POLICY_MOST], map[POLICY_MOST];
		uint8_t keep[POLICY_MOST]; /* enum hold_timers_keep */
	} reload;
	const struct policy_snapshot *snapshot; /* during a call */
	bool busy; /* inside a call: a result that arrives is only recorded */
};

/* ---- inputs.c ---- */
void inputs_read(struct policy_engine *engine); /* of all targets */
/* The slot is free or another cgroup's: withdraws the next action that was reported for it. */
void inputs_forget(struct policy_engine *engine, uint32_t slot);
void inputs_host(const struct policy_engine *engine, struct inputs *f); /* the host's own */
void inputs_read_slot(struct policy_engine *engine, uint32_t slot);
uint32_t inputs_find(const struct policy_engine *engine, uint64_t memcg_id); /* the slot; NONE32 */
uint64_t inputs_process_group_key(const struct process_group *pgroup);
struct inputs *inputs_of_process_group(const struct policy_engine *engine, uint32_t pgroup);
void inputs_record(const struct policy_engine *engine, const struct inputs *inputs,
		   const struct action_target *target, struct hr_inputs *ret_inputs);

/* ---- escalation_steps.c ---- */
enum policy_mode steps_mode(const struct policy_set *set, const struct policy *policy);
/* The same, and at most what the engine is allowed: engine_limit_mode(). */
enum policy_mode steps_engine_mode(const struct policy_engine *engine, const struct policy *policy);
/* The most severe of its actions from a step on, as action_severity() has it. */
unsigned int steps_hardest(const struct policy *policy, uint32_t from);
bool steps_only_notify(const struct policy *policy);
/* The step that is due next from `step` on; POLICY_ACTIONS: none. */
uint32_t steps_next(const struct policy *policy, uint32_t step, bool killed, enum policy_mode mode);
uint64_t steps_patience_ms(const struct policy_action *spec, enum policy_mode mode);
const struct inputs *steps_inputs(const struct policy_engine *engine,
				  const struct escalation *escalation);
/* The action of this step, without its plan. */
void steps_action(const struct policy_engine *engine, const struct escalation *escalation,
		  uint32_t step, enum hr_action_kind kind, struct action *ret_action);
/* `step` was asked for, or BPF's reflex took it. */
void steps_started(struct policy_engine *engine, struct escalation *escalation, uint32_t step);
/* The rate limit has room again: what it held up need not wait for its time. */
void steps_refunded(struct policy_engine *engine, uint64_t now_ns);
/* The target is gone. */
void steps_gone(struct policy_engine *engine, struct escalation *escalation);
void steps_result(struct policy_engine *engine, struct escalation *escalation,
		  const struct action_result *result);
/* Continues as far as time and inputs allow; the escalation may be over afterwards. */
void steps_advance(struct policy_engine *engine, struct escalation *escalation);

/* ---- victim_select.c ---- */
/* The best candidate of a policy about the host's memory, which holds since then. Leaves all of them in
 * engine->candidate[0 … *ret_n - 1]. False: none may be chosen. */
bool victim_choose(struct policy_engine *engine, uint32_t policy, uint64_t since_ns,
		   struct candidate *ret_best, uint32_t *ret_n);
/* Is it too early for this choice of the n candidates? For some seconds at most. */
bool victim_watch(struct policy_engine *engine, const struct candidate *best, uint32_t n);
/* Fills skipped: from the first n candidates; or (n 0) with the protected containers for which the policy also holds. */
void victim_fill_skipped(struct policy_engine *engine, struct escalation *escalation, uint32_t n);

/* ---- escalation.c ---- */
#define HOST_KEY (UINT64_MAX - 1) /* of timers for the host's own conditions */
struct escalation *escalation_find(struct policy_engine *engine, uint32_t number);
struct escalation *escalation_of(struct policy_engine *engine, uint32_t slot, uint64_t key);
/* A cooldown forbids it. Else *ret_step says at which step it starts. */
bool escalation_blocked(struct policy_engine *engine, uint32_t policy, uint64_t key,
			uint64_t workload, uint32_t *ret_step);
/* A policy has held for its time: begins an escalation, unless a cooldown, another escalation or a full table forbids it. One
 * of slot and pgroup is NONE32; n: candidates, see victim_choose(). */
void escalation_begin(struct policy_engine *engine, uint32_t policy, uint32_t slot, uint32_t pgroup,
		      uint64_t held_ns, uint32_t n);
/* The reflex has killed: its escalation, begun now if there was none; another policy's for this target ends. NULL: no room. */
struct escalation *escalation_reflex(struct policy_engine *engine, uint32_t policy, uint32_t slot);
void escalation_finish(struct policy_engine *engine, struct escalation *escalation,
		       uint32_t averted, bool calm);
/* An escalation about the host is under way that a policy with this first step must not take over from. */
bool escalation_host_busy(struct policy_engine *engine, uint32_t policy, uint32_t first_step);

/* ---- not_acted.c ---- */
/* A policy about the host's memory has held since then, and none of the n candidates in engine->candidate may be chosen. */
void not_acted_no_candidate(struct policy_engine *engine, uint32_t policy, uint64_t since_ns,
			    uint32_t n);
/* A policy that leaves this target to a reflex holds: says so if the rate limit keeps it from firing. */
void not_acted_reflex(struct policy_engine *engine, uint32_t policy, uint32_t slot,
		      uint64_t since_ns);
/* The reflex fired: until the condition no longer holds, that the rate limit allows no other is no news. */
void not_acted_reflex_fired(struct policy_engine *engine, uint32_t policy, uint64_t key);

static inline struct rate_limits *engine_limits(struct policy_engine *engine, enum policy_mode mode)
{
	return &engine->limits[mode == MODE_ENFORCE];
}

static inline const struct policy *engine_policy(const struct policy_engine *engine, uint32_t i)
{
	return policy_at(engine->set, i);
}

#endif
