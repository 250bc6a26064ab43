/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OOM kills from the kernel to the board: one `oom_kill` event for each victim, and an `outcome` when the victim has
 * exited. Counts a kill at once; its event waits up to 700 ms for the command lines and the identity of a container that
 * is younger than its state files. A kill that only a counter shows gets its event, too. Fixed tables. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_OOM_EVENTS_H
#define HEADROOM_DAEMON_OOM_EVENTS_H

#include "oom_record.h"

#define OOM_PENDING_MAX 32 /* OOM kills that wait for names, or for the victim's exit */

struct oom_outcome {  /* a victim that has not exited yet */
	uint32_t pid; /* 0: free */
	uint64_t start_boottime_ns;
	uint64_t ref;       /* seq of its oom_kill */
	uint64_t killed_ns; /* monotonic */
	uint64_t bytes, memcg_id;
};

struct oom_events {
	struct containers *containers;
	/* The kernel OOM-killed in this cgroup or at its limit; NULL: for want of the host's memory. */
	void (*oom_kill)(const struct track *track, void *arg);
	void *arg;
	struct pending_oom pending[OOM_PENDING_MAX];
	struct oom_outcome outcome[OOM_PENDING_MAX];
	uint64_t chosen_memcg_id; /* of the last kill that was no further member of a group; 0 */
	uint32_t chosen_by;       /* its trigger's tid */
	uint64_t next_tag;
};

/* A record of the kernel. */
void oom_events_on_record(struct oom_events *oom, const struct record_oom *record);
/* The resolver's answers: about a process, and a line of the kernel log. */
void oom_events_on_answer(struct oom_events *oom, const struct resolve_answer *answer);
void oom_events_on_kmsg(struct oom_events *oom, const struct resolve_answer *answer);
/* A watched process has exited: its memory is free. */
void oom_events_on_exit(struct oom_events *oom, const struct record_process *record);
/* After each sample of a cgroup: is its counter ahead of the events? */
void oom_events_check_counter(struct oom_events *oom, struct track *track, uint64_t now_ns);
/* Posts what is complete or has waited long enough; true while some are left. */
bool oom_events_settle(struct oom_events *oom, uint64_t now_ns);

#endif
