/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OOM kills from the kernel to the board: one `oom_kill` event for each incident and container, also where memory.oom.group takes
 * many processes at once, and an `outcome` when all of them have exited. Counts a kill at once; its event waits up to 700 ms for the
 * command lines, the identity of a container that is younger than its state files, and the rest of a group. A kill that only a
 * counter shows gets its event, too. Fixed tables. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_OOM_EVENTS_H
#define HEADROOM_DAEMON_OOM_EVENTS_H

#include "oom_exits.h"
#include "oom_record.h"

#define OOM_PENDING_MAX 32 /* OOM kills that wait for names */

struct oom_events {
	struct containers *containers;
	/* The kernel OOM-killed in this cgroup or at its limit; NULL: for want of the host's memory. */
	void (*oom_kill)(const struct track *track, void *arg);
	/* What the reflex of the cgroup or of the nearest above it did so far; NULL: not asked. */
	void (*reflex)(uint64_t memcg_id, struct oom_reflex *ret, void *arg);
	/* Before oom_kill: why no policy acted (engine_not_acted()): the policy's name into pending, or "". */
	void (*not_acted)(const struct track *subject, bool host, struct pending_oom *pending,
			  void *arg);
	void *arg;
	struct pending_oom pending[OOM_PENDING_MAX];
	struct oom_exits exits;
	uint64_t
		incident; /* number of the last one; the kernel's oom_lock lets one at a time kill */
	uint32_t incident_by,
		incident_chosen; /* its trigger's tid, the pid that was chosen first */
	uint64_t next_tag;
	uint64_t counted; /* kills that only a counter showed */
};

/* A record of the kernel. */
void oom_events_on_record(struct oom_events *oom, const struct record_oom *record);
/* Is its victim's cgroup, or the limit's, not on the board yet? */
bool oom_events_is_new(const struct oom_events *oom, const struct record_oom *record);
/* The resolver's answers: about a process, and a line of the kernel log. */
void oom_events_on_answer(struct oom_events *oom, const struct resolve_answer *answer);
void oom_events_on_kmsg(struct oom_events *oom, const struct resolve_answer *answer);
/* A reflex killed: its record may be read after that of the OOM kill that it did not prevent. */
void oom_events_on_reflex(struct oom_events *oom, const struct record_trigger *record);
/* After each sample of a cgroup: is its counter ahead of the events? */
void oom_events_check_counter(struct oom_events *oom, struct track *track, uint64_t now_ns);
/* Posts what is complete or has waited long enough; true while some are left. */
bool oom_events_settle(struct oom_events *oom, uint64_t now_ns);

#endif
