/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Processes that the kernel OOM-killed and that have not exited yet: when the last one of an `oom_kill` event has, its `outcome` is
 * posted, with the memory of all of them. A fixed table. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_OOM_EXITS_H
#define HEADROOM_DAEMON_OOM_EXITS_H

#include "oom_record.h"

#define OOM_EXITS_MAX 128

struct oom_exit {
	uint64_t tag;       /* of the pending event, also when that is posted; 0: free */
	uint64_t ref;       /* seq of the event; 0: not posted yet */
	uint64_t killed_ns; /* monotonic; of the event's first victim */
	uint64_t exited_ns; /* monotonic; 0: not yet */
	uint64_t start_boottime_ns;
	uint64_t bytes; /* of this one, and of those of its event that have exited */
	uint64_t memcg_id;
	uint32_t pid;
};

struct oom_exits {
	struct oom_exit exit[OOM_EXITS_MAX];
};

/* The full table forgets the oldest kill. */
void oom_exits_expect(struct oom_exits *exits, const struct pending_oom *pending,
		      const struct record_task *victim);
/* The event of the pending kill is on the board. */
void oom_exits_posted(struct oom_exits *exits, struct containers *containers, uint64_t tag,
		      uint64_t seq);
/* A watched process has exited: its memory is free. */
void oom_exits_on_exit(struct oom_exits *exits, struct containers *containers,
		       const struct record_process *record);

#endif
