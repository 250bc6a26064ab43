/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Signals to all that belong together: a container's processes, or a process group's. Each is named by a pidfd, looked up
 * once more in the list that it came from, and only then signalled, the largest first; a second look finds those that were
 * forked meanwhile. (copy_process() gives up when a signal is pending: who was signalled forks no more.) Private to the room.
 */
#ifndef HEADROOM_ENFORCE_HUNT_H
#define HEADROOM_ENFORCE_HUNT_H

#include "private.h"
#include "proc.h"

#define HUNT_BATCH 128			/* pidfds open at once */

struct hunt {
	struct worker *worker;
	struct deed *deed;
	int signal;
	bool spare_inits;		/* of pid namespaces: the whole container is not meant */
	bool spare_deaf;		/* those that would discard the signal */
	unsigned signalled, spared;
	unsigned fresh;			/* of the signalled: born since since_ticks */
	uint64_t since_ticks;
	unsigned deaf;			/* of the spared: would discard the signal */
	const char *spared_why;
	struct victim batch[HUNT_BATCH];
	unsigned n;
	bool more;			/* the batch was full */
	bool froze;			/* for the moment */
	unsigned dying;			/* had begun to end before, and stand in no list: not signalled */
};

/* One batch: lists, checks, signals those not signalled yet. How many new ones were listed, dead by now or not; 0: all have
 * their signal. -errno: none could be signalled. The largest stay in deed->victim with their pidfds. */
int hunt_batch(struct hunt *hunt);
/* This one before all others, if it belongs to them: it holds most of the memory. */
void hunt_first(struct hunt *hunt, uint32_t pid);
/* One process: pidfd and figures into *ret_victim. 0; -ESRCH; -EPERM: a never-target (ret_why says what); -errno. */
int hunt_look(struct hunt *hunt, uint32_t pid, struct victim *ret_victim, const char **ret_why);
/* Keeps it among the deed's largest, or lets it go. */
void hunt_keep(struct deed *deed, const struct victim *victim);
void hunt_release(struct deed *deed);	/* closes their pidfds */
/* Is this group of processes the one that was meant? -ESRCH: no. */
int hunt_check_job(struct hunt *hunt);

#endif
