/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Signals all processes of a container or a process group. Each is opened as a pidfd, looked up once more in the list that it
 * came from, and only then signalled, the largest first; a second sweep finds those that were forked meanwhile.
 * (copy_process() fails when a signal is pending: a signalled process forks no more.) Private to enforce/.
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
	bool spare_inits;      /* of pid namespaces: the target is not the whole container */
	bool spare_discarding; /* processes that would discard the signal */
	bool spare_paused;     /* processes that would not handle the signal now: paused.c */
	unsigned signalled, exempt;
	unsigned fresh; /* of the signalled: started since since_ticks */
	uint64_t since_ticks;
	unsigned earlier; /* of the signalled: started before begun_ticks */
	uint64_t begun_ticks;
	unsigned discarding; /* of the exempt: would discard the signal */
	unsigned paused;     /* of the exempt: paused or stopped */
	unsigned released,
		held; /* killed while v1's freezer held them: ended all the same, or not */
	const char *exempt_reason;
	unsigned refused; /* could not be signalled, though they are there … */
	int refusal;      /* … with this errno */
	bool unseen;      /* … since /proc does not show one of them */
	struct victim batch[SIGNAL_SWEEP_BATCH];
	unsigned n;
	bool more; /* the batch was full, or the list failed */
	uint64_t
		list_until_ns; /* a list of a container takes no longer; monotonic, 0: as long as it takes */
	bool froze;            /* the container was frozen meanwhile */
	unsigned exiting; /* were exiting before, and are in no list: not signalled */
};

/* One batch: lists, checks, signals those not signalled yet. How many new ones were listed, ended by now or not; 0: all are
 * signalled. -errno: none could be signalled. The largest stay in running->victim with their pidfds. */
int signal_sweep_batch(struct signal_sweep *sweep);
/* The target's process before all others: it holds most of the memory, and is followed by pid and start time, whatever group
 * it has joined since. False: it is gone, or never a target. */
bool signal_sweep_first(struct signal_sweep *sweep);
/* One process: its pidfd and memory into *ret_victim. 0; -ESRCH; SIGNAL_SWEEP_NEVER: never a target (*ret_reason says why);
 * -errno: refused, or not visible. */
#define SIGNAL_SWEEP_NEVER (-4096) /* no errno: those are a refusal's */
int signal_sweep_look(struct signal_sweep *sweep, uint32_t pid, struct victim *ret_victim,
		      const char **ret_reason);
/* Why `error` came of it: ": CAP_KILL is missing", or "" where the errno says it; in `text`. */
const char *signal_sweep_refusal(const struct signal_sweep *sweep, int error,
				 char text[REFUSAL_TEXT]);
/* Keeps it among the action's largest victims, or closes it. */
void signal_sweep_keep(struct running_action *running, const struct victim *victim);
void signal_sweep_release(struct running_action *running); /* closes their pidfds */
/* paused.c. Why a signal other than SIGKILL would wait, in words; NULL: it would not. `state`: of struct proc_stat. */
const char *paused_reason(const struct enforce *e, uint32_t pid, char state);
/* After SIGKILL: lets those end that v1's freezer holds. */
void paused_release(struct signal_sweep *sweep);
/* Is this process group still the one that was chosen? -ESRCH: no. */
int signal_sweep_check_process_group(struct signal_sweep *sweep);

#endif
