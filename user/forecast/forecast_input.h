/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The input of a forecast: one sample of one container. */
#ifndef HEADROOM_FORECAST_FORECAST_INPUT_H
#define HEADROOM_FORECAST_FORECAST_INPUT_H

#include <headroom/board.h>
#include <stdbool.h>
#include <stdint.h>

/* One sample of one container. Bytes; HR_UNKNOWN where not known (limit: none). t_ns is monotonic,
 * any zero point. */
struct forecast_input {
	uint64_t t_ns;
	uint64_t usage, unreclaimable,
		headroom; /* headroom: the minimum along the path, accounting.h */
	uint64_t limit;   /* of the level that binds */
	/* Of the headroom, what cgroups below that level take first, each up to a limit of its own: it can't fill the level, and no other gets
	 * it. HR_UNKNOWN: none. `claims_changed`: since the last sample other cgroups do so. */
	uint64_t claimed;
	uint8_t binding_level; /* enum hr_level */
	uint64_t high;         /* memory.high that applies, or HR_UNKNOWN */
	uint64_t anon, file, shmem, kernel, slab, swap, swap_free, rss;
	/* of what counts as used: page cache that waits to be written; kernel memory of which it is unknown how much can be reclaimed */
	uint64_t pending, unsorted;
	/* The same, and `unreclaimable`, of the ancestor with the limit that binds (HR_LEVEL_ANCESTOR; else not read): a sibling may use them */
	uint64_t above_used, above_pending, above_unsorted;
	uint64_t refaults, stall_ns, psi_some_us, psi_full_us; /* counters */
	uint64_t events_max, events_oom_kill;                  /* counters */
	uint8_t under_oom, claims_changed;
	uint8_t restarted; /* the caller knows that the workload was restarted */
};

static inline uint64_t known_sum(uint64_t a, uint64_t b)
{
	return a == HR_UNKNOWN || b == HR_UNKNOWN ? HR_UNKNOWN : a + b;
}

/* Page cache that is dirty or under writeback; HR_UNKNOWN. No more than there is: anonymous pages on their way to swap count as writeback,
 * too. */
static inline uint64_t memory_pending(const struct hr_memory *memory)
{
	uint64_t pending = known_sum(memory->file_dirty, memory->file_writeback);
	uint64_t cache = known_sum(memory->active_file, memory->inactive_file);

	return pending == HR_UNKNOWN || cache == HR_UNKNOWN ? HR_UNKNOWN
	       : pending < cache                            ? pending
							    : cache;
}

/* v1: it does not list how much of its slab is reclaimable. */
static inline uint64_t memory_unsorted(const struct hr_memory *memory)
{
	return memory->slab_reclaimable == HR_UNKNOWN ? memory->kernel : HR_UNKNOWN;
}

#define KERNEL_NEEDED \
	32 /* page tables, stacks and structures of processes: this share of what is used */

/* Of what is used, what the kernel waits for or gives back rather than kill: pending page cache, and kernel memory of unknown kind, but
 * for what processes need. 0 where unknown. */
static inline uint64_t yielding_of(uint64_t used, uint64_t pending, uint64_t unsorted)
{
	uint64_t needed = used / KERNEL_NEEDED, sum = pending == HR_UNKNOWN ? 0 : pending;

	if (used == HR_UNKNOWN)
		return 0;
	if (unsorted != HR_UNKNOWN && unsorted > needed)
		sum += unsorted - needed;
	return sum < used ? sum : used;
}

/* The same of one cgroup. Once the kernel has killed there, kernel memory of unknown kind is taken as needed: it was not given back. */
static inline uint64_t memory_yielding(const struct hr_memory *memory, uint64_t oom_kills)
{
	bool killed = oom_kills && oom_kills != HR_UNKNOWN;

	return yielding_of(memory->unreclaimable, memory_pending(memory),
			   killed ? HR_UNKNOWN : memory_unsorted(memory));
}

/* What is used and certainly not given back: under the limit of an ancestor pending and unsorted memory are judged where that limit is. */
static inline uint64_t memory_certain(const struct hr_memory *memory)
{
	uint64_t used = memory->unreclaimable, pending = memory_pending(memory);
	uint64_t unsorted = memory_unsorted(memory);

	if (used == HR_UNKNOWN)
		return used;
	if (pending != HR_UNKNOWN)
		used -= pending < used ? pending : used;
	if (unsorted != HR_UNKNOWN)
		used -= unsorted < used ? unsorted : used;
	return used;
}

static inline bool claimed_by_others(const struct forecast_input *input)
{
	return input->claimed && input->claimed != HR_UNKNOWN;
}

/* Accuracy of this container's forecasts: 80 % intervals that were checked, and those that held. */
struct forecast_accuracy {
	uint32_t checked, covered;
};

#endif
