/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The host's available memory, looked at the more often the sooner a rule on host_available could hold: a host may lose
 * in a tenth of a second what a sweep looks at once in one. Only while there is such a rule. Decides nothing; caller: the
 * loop.
 */
#ifndef HEADROOM_DAEMON_HOST_POLL_H
#define HEADROOM_DAEMON_HOST_POLL_H

#include "base/loop.h"
#include "collect/meminfo.h"

struct daemon;

struct host_poll {
	struct host *files; /* of the loop's own; NULL: can't be read */
	int timer_fd;
	struct loop_watch watch;
	uint64_t threshold;            /* bytes; the highest of all such rules; 0: there is none */
	bool jobs;                     /* one of them may take what runs outside containers */
	uint64_t available, read_ns;   /* the last look; monotonic */
	uint64_t rate;                 /* bytes a second it loses, smoothed */
	uint64_t below_ns, emitted_ns; /* below the threshold since; act was last told */
};

int host_poll_open(struct daemon *daemon); /* 0 or -errno; adds itself to the loop */
void host_poll_close(struct daemon *daemon);
void host_poll_rules(struct daemon *daemon); /* they have changed, or the host's size has */
/* So near that who is to blame should be known to the tenth of a second. */
bool host_poll_near(const struct daemon *daemon, uint64_t now_ns);
/* … and between two process passes then: who may be taken must be on the list. */
uint64_t host_poll_tasks_ns(const struct daemon *daemon);

#endif
