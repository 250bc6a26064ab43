/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OOM kills of one cgroup as incidents, from the kernel's counters. The kernel counts processes (memory.events oom_kill); where
 * memory.oom.group is set one incident takes all of them, counts the chosen one twice (oom_kill_process(), then again in the
 * walk through the group; mm/oom_kill.c, 5.10 to 7.x), and raises oom_group_kill (5.17, b6bf9abb0aa4) by one, in the
 * topmost cgroup with the flag that the OOM reached. One incident counts once in each cgroup that lost a process.
 * Pure: no clock, no I/O. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_KILL_COUNT_H
#define HEADROOM_DAEMON_KILL_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/* One reading of a cgroup: memory.events.local, and memory.oom.group. */
struct kill_reading {
	uint64_t kills;  /* oom_kill */
	uint64_t groups; /* oom_group_kill; HR_UNKNOWN: this kernel has none */
	uint64_t
		groups_above; /* the sum of oom_group_kill of the cgroups above it; 0 where unknown */
	bool group, group_above; /* memory.oom.group is set: here, above it */
};

struct kill_count { /* all zero: of a cgroup that has had no OOM kill */
	uint64_t incidents;
	uint64_t kills, groups; /* up to which incidents were counted */
	uint64_t above;         /* groups_above of the last reading */
	uint8_t waits; /* a kill of a group that is perhaps not counted yet: so many more readings decide */
	uint8_t above_rose; /* so many more readings may bring the members of a group of the cgroup above */
	uint8_t group; /* so many more readings may bring further members of a group */
};

/* The next reading. Returns how many incidents it has brought. */
uint64_t kill_count_update(struct kill_count *count, const struct kill_reading *now);
/* `kills` processes, found in the counters of the cgroup above after this one was removed, and `groups` of the incidents among them
 * (HR_UNKNOWN: not known). Returns how many incidents these are. */
uint64_t kill_count_late(struct kill_count *count, uint64_t kills, uint64_t groups, bool group);

#endif
