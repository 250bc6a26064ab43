/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An OOM kill that waits for names, and how the `oom_kill` event is made of it. Caller: the loop. */
#ifndef HEADROOM_DAEMON_OOM_RECORD_H
#define HEADROOM_DAEMON_OOM_RECORD_H

#include "containers.h"
#include "policy/action.h"

/* What the reflex did about it, as in the event. */
struct oom_reflex {
	enum hr_reflex what;
	uint64_t memcg_id;          /* that has it; 0 */
	uint64_t armed_ns, shot_ns; /* monotonic; 0: not */
	uint32_t pid;
};

struct pending_oom {
	struct record_oom record;
	uint64_t wall_ns, deadline_ns; /* a stamp (board.h); monotonic */
	uint64_t tag;                  /* of its questions; 0: free */
	uint64_t incident;             /* struct oom_events */
	uint64_t hold_ns; /* monotonic; until then further members of the group may come; 0 */
	uint64_t subject; /* memcg id of the container, else of the victim's cgroup */
	uint32_t
		more; /* processes of the same incident and subject beside the victim; HR_UNKNOWN_U32 */
	bool wait_victim, wait_trigger;
	bool counted;       /* only a counter showed it */
	bool parent_warned; /* warned_before_ms is of an alarm above the victim's container */
	/* the forecast at the moment of the kill: a moment later it is calm again */
	uint16_t risk_centi;
	uint64_t oom_in_p50_ms, warned_before_ms;
	struct oom_reflex reflex;
	char policy[ACTION_POLICY]; /* that had not acted; "" */
	uint8_t not_acted;          /* enum hr_skip_reason */
	bool has_victim_id, has_trigger_id;
	struct resolve_answer victim_answer, trigger_answer;
};

/* Posts the event. Returns its seq. */
uint64_t oom_record_post(struct containers *containers, const struct pending_oom *pending);

#endif
