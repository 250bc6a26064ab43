/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Signals to all that belong together: a container's processes, or a process group's. Each is named by a pidfd, looked up
 * once more in the list that it came from, and only then signalled, the largest first; a second look finds those that were
 * forked meanwhile. (copy_process() gives up when a signal is pending: who was signalled forks no more.) Private to the room.
 */
#ifndef HEADROOM_ENFORCE_SIGNAL_SWEEP_H
#define HEADROOM_ENFORCE_SIGNAL_SWEEP_H

#include "enforce_internal.h"
#include "proc.h"

#define SIGNAL_SWEEP_BATCH 128 /* pidfds open at once */

struct signal_sweep {
	struct worker *worker;
	struct running_action *running;
	int signal;
	bool spare_inits; /* of pid namespaces: the whole container is not meant */
	bool spare_deaf;  /* those that would discard the signal */
	unsigned signalled, exempt;
	unsigned fresh; /* of the signalled: born since since_ticks */
	uint64_t since_ticks;
	unsigned deaf; /* of the spared: would discard the signal */
	const char *exempt_reason;
	struct victim batch[SIGNAL_SWEEP_BATCH];
	unsigned n;
	bool more;        /* the batch was full */
	bool froze;       /* for the moment */
	unsigned exiting; /* had begun to end before, and stand in no list: not signalled */
};

/* One batch: lists, checks, signals those not signalled yet. How many new ones were listed, dead by now or not; 0: all have
 * their signal. -errno: none could be signalled. The largest stay in deed->victim with their pidfds. */
int signal_sweep_batch(struct signal_sweep *sweep);
/* This one before all others, if it belongs to them: it holds most of the memory. */
void signal_sweep_first(struct signal_sweep *sweep, uint32_t pid);
/* One process: pidfd and figures into *ret_victim. 0; -ESRCH; -EPERM: a never-target (ret_reason says what); -errno. */
int signal_sweep_look(struct signal_sweep *sweep, uint32_t pid, struct victim *ret_victim,
		      const char **ret_reason);
/* Keeps it among the deed's largest, or lets it go. */
void signal_sweep_keep(struct running_action *running, const struct victim *victim);
void signal_sweep_release(struct running_action *running); /* closes their pidfds */
/* Is this group of processes the one that was meant? -ESRCH: no. */
int signal_sweep_check_job(struct signal_sweep *sweep);

#endif
