/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The host's own memory: /proc/meminfo, /proc/vmstat, /proc/pressure/memory below `root`, with
 * descriptors kept open. Any one thread at a time. Allocates in host_open() only.
 */
#ifndef HEADROOM_COLLECT_MEMINFO_H
#define HEADROOM_COLLECT_MEMINFO_H

#include <headroom/board.h>
#include <linux/types.h>
#include "../../bpf/records.h"

struct host;

struct host_sample { /* RECORD_UNKNOWN where unknown */
	__u64 mem_total, mem_available, swap_total, swap_free;
	__u64 psi_some_us, psi_full_us;
	__u32 psi_some_avg10_centi, psi_full_avg10_centi;
	__u64 oom_kills; /* /proc/vmstat oom_kill */
	struct hr_host_memory memory;
	/* zswapped: uncompressed size of what is in zswap. The rest as on the board; all 0 where no swap is in memory. */
	__u64 zswapped, swap_cost, zram_swap_total, zram_swap_used;
	__u32 swap_cost_milli, swap_cost_measured;
};

/* What the free swap is worth in memory; RECORD_UNKNOWN where that is unknown. */
static inline __u64 host_sample_swap_worth(const struct host_sample *s)
{
	return s->swap_free == RECORD_UNKNOWN ? RECORD_UNKNOWN
	       : s->swap_cost > s->swap_free  ? 0
					      : s->swap_free - s->swap_cost;
}
/* Available memory, and the free swap for what it is worth; RECORD_UNKNOWN where the memory is not known. */
static inline __u64 host_sample_headroom(const struct host_sample *s)
{
	__u64 worth = host_sample_swap_worth(s), sum;

	if (s->mem_available == RECORD_UNKNOWN || worth == RECORD_UNKNOWN)
		return s->mem_available;
	return __builtin_add_overflow(s->mem_available, worth, &sum) || sum == RECORD_UNKNOWN
		       ? RECORD_UNKNOWN - 1
		       : sum;
}
/* hr_memory_and_swap(): this less available memory and the worth of the free swap is what is used, in bytes of memory, whatever the free swap is taken to be
 * worth: what is swapped out has cost what zram and zswap take now. */
static inline __u64 host_sample_capacity(const struct host_sample *s)
{
	return hr_memory_and_swap(s->mem_total, s->swap_total, s->swap_cost, &s->memory);
}

/* -errno if there is no meminfo; PSI may be missing. */
int host_open(const char *root, struct host **ret_host);
void host_close(struct host *host); /* takes NULL */
/* RECORD_UNKNOWN for what this kernel does not report (PSI compiled out or off, vmstat without
 * oom_kill). -errno only if meminfo cannot be read. MemAvailable is RECORD_UNKNOWN before Linux
 * 3.14. */
int host_read(struct host *host, struct host_sample *ret_sample);
/* The figures of meminfo alone, the rest RECORD_UNKNOWN (swap_cost 0): tens of microseconds, no lock that is held for long. */
int host_read_memory(struct host *host, struct host_sample *ret_sample);

#endif
