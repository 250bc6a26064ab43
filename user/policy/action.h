/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One action from choice to event. policy/ fills `struct action` (what to do, to which target, why), the daemon keeps a copy
 * while the action is in flight, enforce/ carries it out and fills `struct action_result`; both reach the `action` event
 * unchanged. `struct outcome` is what all actions of one escalation came to, as policy/ judges it from the samples that
 * follow. Plain data: copies are cheap and independent of the policy set, except for `policy` and `spec`.
 */
#ifndef HEADROOM_POLICY_ACTION_H
#define HEADROOM_POLICY_ACTION_H

#include <string.h>
#include <headroom/event.h>
#include "policy.h"
#include "process_group.h"

#define ACTION_POLICY 96  /* bytes of a policy's name in an event; a longer name is cut */
#define ACTION_DETAIL 160 /* bytes of one line of explanation */

struct action_target {
	uint32_t slot; /* HR_UNKNOWN_U32: processes outside containers */
	bool guest; /* a container's or a user's: attributes that these can set protect nothing */
	uint64_t memcg_id;
	uint32_t pgid,
		pid; /* outside containers: the process group (0: pid alone) and its largest process; else 0 */
	uint64_t start_boottime_ns; /* of pid: a reused pid is another process */
	uint64_t leader_start_ns;   /* of pgid's leader; HR_UNKNOWN: it is gone */
	char comm[16];
	struct process_members members; /* where pgid is not 0 */
};

struct action_skipped {           /* a candidate that was not chosen */
	struct hr_skipped record; /* name is not filled: the daemon has the slots */
	uint32_t slot;            /* HR_UNKNOWN_U32: a process group */
	char comm[16];            /* of a process group's largest process; "" */
};

struct action {
	uint64_t tag; /* the daemon's, for the way back; policy/ leaves it 0 */
	/* what asks for it */
	uint32_t escalation;  /* number, never reused within an engine; 0: a manual action */
	uint32_t step, steps; /* of the escalation, from 1 */
	char policy_name[ACTION_POLICY]; /* "": a manual action */
	const struct policy
		*policy; /* of the set in force during the call; NULL: a manual action */
	const struct policy_action *spec; /* the same; NULL for HR_ACTION_ON_EXIT, too */
	/* what to do */
	enum hr_action_kind kind; /* may be HR_ACTION_ON_EXIT: the command after the end */
	enum policy_mode mode;    /* MODE_DRY_RUN: logged only */
	struct action_target target;
	bool whole;   /* KILL: the whole container */
	bool largest; /* KILL: only the container's largest process; of a process group: only pid */
	int signal;   /* TERM; 0: SIGTERM */
	bool reserve; /* the rate limit is reached: charged to its reserve for the host's memory */
	uint64_t
		bytes; /* RECLAIM: how much; THROTTLE: memory.high; RESIZE: the limit; HR_UNKNOWN */
	uint32_t swappiness; /* RECLAIM: one more than the value; 0: the kernel's */
	uint64_t most;       /* RESIZE: never higher than this; HR_UNKNOWN: twice the old limit */
	uint64_t for_ms; /* THROTTLE, RESIZE: until it is undone; TERM: grace period; HR_UNKNOWN */
	uint64_t
		watch_ms; /* how long the target's memory is watched before the result; 0: not at all */
	/* why */
	struct hr_inputs inputs;
	uint32_t skipped_count;
	struct action_skipped skipped[HR_SKIPPED];
	uint64_t decided_ns; /* monotonic */
};

struct action_result {
	uint64_t tag; /* as in the action; so are escalation and step */
	uint32_t escalation, step;
	enum hr_action_status status;
	enum hr_skip_reason reason; /* of a skipped one, where a word says it; else HR_SKIP_NONE */
	int error;                  /* errno of the step that failed; 0 */
	int signal;                 /* that was sent; 0 */
	uint32_t pid, processes;    /* of the process that is named; how many were signalled */
	char comm[16];
	uint64_t start_boottime_ns;
	uint64_t usage_before, usage_after, freed; /* bytes; of a process group: RSS; HR_UNKNOWN */
	uint64_t set;                              /* RESIZE: the limit that was set; HR_UNKNOWN */
	uint64_t began_ns, ended_ns; /* monotonic; the action itself, without the watch after it */
	uint64_t
		freed_ns; /* monotonic; when half of usage_before, or the victim's RSS, was gone; 0 */
	char detail[ACTION_DETAIL]; /* one line, or "" */
};

/* What an escalation came to. */
struct outcome {
	uint32_t escalation;
	struct action_target target;
	enum policy_mode mode;
	/* 1: calm again without a kernel OOM kill; 0: not; HR_UNKNOWN_U32: a dry run, a policy that only notifies, or an
	 * escalation that a stronger policy or a reload cut short. */
	uint32_t averted;
	uint64_t freed;          /* bytes since its first action; HR_UNKNOWN */
	uint64_t freed_after_ms; /* until half of the excess was gone; HR_UNKNOWN */
};

/* Fills in what to do from the action's kind and spec: `slot` is the target's, NULL for a process group. */
void action_plan(struct action *action, const struct hr_slot *slot);

/* Of a limit: by how much (a share is one of it), and the most. */
void action_plan_resize(struct action *action, const struct hr_slot *slot,
			const struct policy_amount *by, uint64_t most);

/* Why the limit of a container is not raised, as far as its slot shows it; HR_SKIP_NONE: it may be. */
enum hr_skip_reason action_resize_refusal(const struct hr_slot *slot);

/* Whether a cgroup belongs to a container or a user, so that these can set its attributes. */
static inline bool action_guest(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.container_id.at || slot->id.chosen;
}

/* A result of this action that names its target and has measured nothing yet. */
static inline void action_result_init(struct action_result *ret_result, const struct action *action,
				      enum hr_action_status status)
{
	*ret_result = (struct action_result){
		.tag = action->tag,
		.escalation = action->escalation,
		.step = action->step,
		.status = status,
		.pid = action->target.pid,
		.start_boottime_ns = action->target.start_boottime_ns,
		.usage_before = HR_UNKNOWN,
		.usage_after = HR_UNKNOWN,
		.freed = HR_UNKNOWN,
		.set = HR_UNKNOWN,
	};
	memcpy(ret_result->comm, action->target.comm, sizeof(ret_result->comm));
}

#endif
