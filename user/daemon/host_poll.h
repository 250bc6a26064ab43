/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The host's available memory, read the more often the sooner a policy's host_available could hold: a host may lose in a
 * tenth of a second what a sweep sees once a second. Only while there is such a policy. Decides nothing; caller: the loop.
 */
#ifndef HEADROOM_DAEMON_HOST_POLL_H
#define HEADROOM_DAEMON_HOST_POLL_H

#include "base/loop.h"
#include "board/board.h"
#include "collect/meminfo.h"
#include "policy/policy.h"

struct host_poll_ops {
	/* Below the threshold: the policies are to be evaluated now. */
	void (*below)(void *arg);
	/* Near it: a sweep or a process pass may be due. */
	void (*near)(void *arg);
};

/* When sampling last asked for a sweep, and last published a process pass; monotonic. */
struct sample_times {
	uint64_t sweep_ns, processes_ns;
};

struct host_poll {
	struct board *board;
	const struct sample_times *times;
	const struct host_poll_ops *ops;
	void *ops_arg;
	struct host *files; /* NULL: can't be read */
	int timer_fd;
	struct loop_watch watch;
	/* The highest of all policies: a size, a share of what can be had (which huge pages, a balloon and hotplug change), and
	 * the higher of both in bytes; 0: there is none. */
	uint64_t size;
	uint32_t milli;
	uint64_t threshold;
	bool process_groups;           /* one of them may select processes outside containers */
	uint64_t available, read_ns;   /* the last reading; monotonic */
	uint64_t rate;                 /* bytes a second that the host loses, smoothed */
	uint64_t below_ns, emitted_ns; /* below the threshold since; last ops->below() */
};

/* Adds itself to the loop. 0 or -errno. */
int host_poll_open(struct host_poll *poll, struct loop *loop, struct board *board, const char *root,
		   const struct sample_times *times, const struct host_poll_ops *ops,
		   void *ops_arg);
void host_poll_close(struct host_poll *poll);
/* The policies in force. */
void host_poll_set_policies(struct host_poll *poll, const struct policy_set *set);
/* So near that the culprit should be known to the tenth of a second. */
bool host_poll_near(const struct host_poll *poll, uint64_t now_ns);
/* The time between two process passes then. */
uint64_t host_poll_processes_ns(const struct host_poll *poll);

#endif
