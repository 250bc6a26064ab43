/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The host's available memory, looked at the more often the sooner a rule on host_available could hold: a host may lose
 * in a tenth of a second what a sweep looks at once in one. Only while there is such a rule. Decides nothing; caller: the
 * loop.
 */
#ifndef HEADROOM_HOST_WATCH_H
#define HEADROOM_HOST_WATCH_H

#include "base/loop.h"
#include "sense/host.h"

struct guard;

struct host_watch {
	struct host *files; /* of the loop's own; NULL: can't be read */
	int timer_fd;
	struct loop_watch watch;
	uint64_t threshold; /* bytes; the highest of all such rules; 0: there is none */
	bool jobs; /* one of them may take what runs outside containers */
	uint64_t available, read_ns; /* the last look; monotonic */
	uint64_t rate; /* bytes a second it loses, smoothed */
	uint64_t below_ns, told_ns; /* below the threshold since; act was last told */
};

int host_watch_open(struct guard *guard); /* 0 or -errno; adds itself to the loop */
void host_watch_close(struct guard *guard);
void host_watch_rules(struct guard *guard); /* they have changed, or the host's size has */
/* So near that who is to blame should be known to the tenth of a second. */
bool host_watch_near(const struct guard *guard, uint64_t now_ns);
/* … and between two process passes then: who may be taken must be on the list. */
uint64_t host_watch_tasks_ns(const struct guard *guard);

#endif
