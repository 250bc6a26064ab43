/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * When the daemon makes room for more cgroups, and when it gives the memory of those that are gone back. Pure: decides only; the main
 * loop has it done. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_GROWTH_H
#define HEADROOM_DAEMON_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define GROW_WAIT_NS \
	(20 *        \
	 NS_PER_SEC) /* for a time without danger, then it grows all the same; and after a failure */

struct growth {
	uint32_t want_capacity; /* > 0: this capacity with the next job without danger */
	bool smaller;           /* … which gives memory back: that can wait for calm */
	uint64_t want_ns;       /* monotonic; since when */
	uint64_t failed_ns;     /* monotonic; when it last failed; 0 */
	uint64_t roomy_ns;      /* monotonic; since when less than half would do; 0 */
	uint64_t without_slot;  /* containers.without_slot when the board last grew */
	bool full_emitted;
};

struct growth_sight { /* after a sweep */
	uint64_t now_ns;
	uint32_t slots, most; /* there is room for, now and ever */
	uint32_t running;     /* cgroups */
	uint32_t needed;      /* capacity for them, and for those that are still displayed */
	bool refused;         /* there was no room for one */
};

void growth_consider(struct growth *growth, const struct growth_sight *sight);

#endif
