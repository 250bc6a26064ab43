/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The policy engine: forecasts and time in, actions out. Pure: no I/O, no clock, no allocation after engine_init(); the same
 * code runs in the daemon, in `headroom policy test` and in `headroom replay --policy`. It decides which target, when and
 * which action; enforce/ carries the action out, and engine_action_done() brings the result back. Whether an action helped is
 * judged here, from the samples that follow.
 *
 * An *escalation* is one policy and one target (a container; for host_available one of the containers that it matches; a
 * process or a process group outside containers), from the moment its conditions held for `for` until they are calm again or
 * its last step is over. One target never has two escalations (a policy that only notifies runs beside another one's), and
 * one escalation never kills twice. Callers: the daemon's loop thread, or one thread of a command.
 */
#ifndef HEADROOM_POLICY_ENGINE_H
#define HEADROOM_POLICY_ENGINE_H

#include "action.h"
#include "process_group.h"

#define POLICY_ESCALATIONS    256 /* at once; further ones wait, and are counted */
#define POLICY_PROCESS_GROUPS 32  /* outside containers */

/* All inputs at one moment. Slots may be copies; they do not change during a call. */
struct policy_snapshot {
	uint64_t now_ns; /* monotonic, any zero point */
	const struct hr_host *host;
	uint32_t slots;                                           /* indices 0 … slots-1 */
	const struct hr_slot *(*slot)(uint32_t index, void *arg); /* NULL: free */
	void *arg;
	uint64_t self_memcg_id; /* the daemon's own cgroup; 0 */
	const struct process_group *pgroup;
	uint32_t pgroups;
	uint64_t pgroups_ns; /* when they were listed; 0: at any time */
	bool pgroups_new; /* listed for too short a time to know what they held: `recent` is not the most */
};

struct engine_callbacks { /* each may be NULL */
	void (*action)(const struct action *action, void *arg);
	void (*outcome)(const struct outcome *outcome, void *arg);
	/* A step that the engine does not ask for: HR_STATUS_REFUSED (rate limit, hold-off: `reason`) or HR_STATUS_SKIPPED
	 * (throttle where nothing can be reclaimed: HR_SKIP_NONE). For the log only; once per step and escalation. A refused
	 * step may be asked for later. */
	void (*not_taken)(const struct action *action, enum hr_action_status status,
			  enum hr_skip_reason reason, void *arg);
	/* The next action of a slot changed (policy NULL: none): for the board. */
	void (*next)(uint32_t slot, const struct policy *policy, enum hr_action_kind kind,
		     void *arg);
	void *arg;
};

struct policy_engine;

int engine_init(struct policy_engine **ret_engine, uint32_t slots,
		const struct engine_callbacks *calls); /* 0 or -ENOMEM */
void engine_free(struct policy_engine *engine);        /* takes NULL */
/* Replaces the policies at once; `set` must outlive its use (the old one is not read afterwards). NULL: none. An escalation
 * under way continues where the policy of the same name still has the same steps, and otherwise ends (outcome() then lets the
 * daemon lift a throttle). */
void engine_set_policies(struct policy_engine *engine, const struct policy_set *set);
/* Whatever the policies say, no mode above this one; MODE_ENFORCE: no limit. A change ends the escalations under way, and no
 * cooldown of a dry run remains. */
void engine_limit_mode(struct policy_engine *engine, enum policy_mode most);
/* The board grew: slots keep their indices. Allocates; call it when memory is not short. */
int engine_grow(struct policy_engine *engine, uint32_t slots);

/* When processes outside containers were last chosen because the host was short; 0: never. */
uint64_t engine_chosen_ns(const struct policy_engine *engine);

/* After each sweep. */
void engine_update(struct policy_engine *engine, const struct policy_snapshot *snapshot);
/* One container has fresh values: only its own escalations and policies. */
void engine_update_slot(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			uint32_t slot);
/* An action is done, failed, skipped or refused. */
void engine_action_done(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			const struct action_result *result);
/* Call it before engine_action_done(). Did this action end something in vain, which frees nothing? Then its escalation, under way
 * or over, is no longer counted by the rate limit. False: it freed memory, that is not known, or too many were in vain. */
bool engine_refund(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		   const struct action_result *result);
/* The kernel OOM-killed here (HR_UNKNOWN_U32: for want of the host's memory): hold off; the OOM kill was not averted. */
void engine_oom_kill(struct policy_engine *engine, uint32_t slot, uint64_t now_ns);
/* Why no policy acted before the kernel OOM-killed in this slot (HR_UNKNOWN_U32: in none that is known), at a limit or for want
 * of the host's memory: the first policy for such a case that matches it and came near, else the first that matches. Call it
 * before engine_oom_kill(). False: no policy that would do more than notify matches. */
bool engine_not_acted(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		      uint32_t slot, bool host, const struct policy **ret_policy,
		      enum hr_skip_reason *ret_reason);
/* A cgroup was created below this slot's: its protection covers the parent from now on, not from the next sweep. */
void engine_child_created(struct policy_engine *engine, uint32_t parent);
/* The slot's cgroup is gone; the index may be reused from now on. */
void engine_slot_gone(struct policy_engine *engine, uint32_t slot, uint64_t memcg_id,
		      uint64_t now_ns);
/* BPF's reflex has killed: the kill counts against the rate limit, and the escalation continues from there. Fills *ret_action
 * as the engine would have asked for it, for the event; false: no policy asks for a reflex here any more. */
bool engine_reflex_fired(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			 uint32_t slot, struct action *ret_action);
/* Was a kill of this slot's container asked for that has no result yet? */
bool engine_kills_now(const struct policy_engine *engine, uint32_t slot);
/* What found its table full; reported, never silent. */
struct engine_counts {
	uint64_t
		turned_away; /* escalations that found the table full, or gave way to a stronger one */
	uint64_t untimed; /* hold timers that found no room: their `for` or cooldown was not kept */
	uint32_t escalations; /* under way */
};
void engine_counts(const struct policy_engine *engine, struct engine_counts *ret_counts);

/* When to call engine_update() or engine_update_slot() next at the latest (monotonic ns); 0: no deadline. */
uint64_t engine_deadline(const struct policy_engine *engine);

/* Why the target of this escalation must be left alone by now: it is protected, or its policy matches it no longer. HR_SKIP_NONE:
 * nothing speaks against it. */
enum hr_skip_reason engine_recheck(struct policy_engine *engine,
				   const struct policy_snapshot *snapshot, uint32_t escalation);

/* How many escalations the rate limit still lets kill now; UINT64_MAX: no limit. For BPF, which kills without asking. */
uint64_t engine_kills_left(const struct policy_engine *engine, uint64_t now_ns);

/* The policy that arms a reflex or a tripwire for this slot, and at how many bytes of usage (HR_UNKNOWN: a share of a limit that is not
 * known yet); false: none. */
bool engine_trigger(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		    uint32_t slot, const struct policy **ret_policy, uint64_t *ret_threshold,
		    bool *ret_reflex);

/* exempt.c. Why this is never a target, whatever the policies say; HR_SKIP_NONE: it may be one. */
enum hr_skip_reason policy_exempt(const struct policy_set *set,
				  const struct policy_snapshot *snapshot, uint32_t slot);
enum hr_skip_reason policy_exempt_process_group(const struct policy_set *set,
						const struct policy_snapshot *snapshot,
						uint32_t pgroup);
/* How many bytes of a slot's path root chose, for process_place_of(); 0: not known. */
size_t policy_unit_bytes(const struct hr_slot *slot, const char *path);
/* A single process outside containers: its name (own: a user chose it), and its cgroup's slot (NULL: not known). */
enum hr_skip_reason policy_exempt_process(const struct policy_set *set, const char comm[16],
					  bool own, const struct hr_slot *slot);
/* Is it a name that `protect` lists as a process? Of a name that a user chose that is a wish. */
bool policy_protects_name(const struct policy_set *set, const char comm[16]);

#endif
