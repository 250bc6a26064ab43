/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An OOM kill that waits for names, and how the `oom_kill` event is made of it. Caller: the loop. */
#ifndef HEADROOM_DAEMON_OOM_RECORD_H
#define HEADROOM_DAEMON_OOM_RECORD_H

#include "containers.h"

struct pending_oom {
	struct record_oom record;
	uint64_t wall_ns, deadline_ns; /* deadline: monotonic */
	uint64_t tag;                  /* of its questions; 0: free */
	bool wait_victim, wait_trigger;
	bool counted; /* only a counter showed it */
	/* the forecast at the moment of the kill: a moment later it is calm again */
	uint16_t risk_centi;
	uint64_t oom_in_p50_ms, warned_before_ms;
	uint64_t exited_ns; /* monotonic; the victim has exited already; 0 */
	bool has_victim_id, has_trigger_id;
	struct resolve_answer victim_answer, trigger_answer;
};

/* Posts the event. Returns its seq. */
uint64_t oom_record_post(struct containers *containers, const struct pending_oom *pending);

#endif
