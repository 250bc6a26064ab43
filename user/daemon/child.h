/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A process that the supervisor watches: by pidfd, so that it need not be the parent.
 */
#ifndef HEADROOM_DAEMON_CHILD_H
#define HEADROOM_DAEMON_CHILD_H

#include <stdint.h>
#include <sys/types.h>

struct child {
	const char *name;
	pid_t pid; /* 0: not running */
	int pidfd;
	uint64_t started_ns, restart_ns; /* monotonic; restart 0: nothing planned */
	unsigned int falls;              /* in quick succession */
};

/* How long to wait before the start after so many ends in quick succession: from 50 ms, doubling up to `most_ns`. */
uint64_t child_pause_ns(unsigned int falls, uint64_t most_ns);
int child_pidfd(pid_t pid); /* or -errno */
void child_watch(struct child *child, pid_t pid);
/* One that another process started; if it is gone already, a new one is due. */
void child_adopt(struct child *child, pid_t pid);
int child_kill(const struct child *child, int sig); /* 0 or -errno */
/* Its status as waitpid(2) has it; -1 for one that was adopted: its status is unknown. */
int child_reap(const struct child *child);

#endif
