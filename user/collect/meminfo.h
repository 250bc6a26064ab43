/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The host's own memory: /proc/meminfo, /proc/vmstat, /proc/pressure/memory below `root`, with
 * descriptors kept open. Any one thread at a time. Allocates in host_open() only.
 */
#ifndef HEADROOM_COLLECT_MEMINFO_H
#define HEADROOM_COLLECT_MEMINFO_H

#include <linux/types.h>
#include "../../bpf/records.h"

struct host;

struct host_sample { /* RECORD_UNKNOWN where unknown */
	__u64 mem_total, mem_available, swap_total, swap_free;
	__u64 psi_some_us, psi_full_us;
	__u32 psi_some_avg10_centi, psi_full_avg10_centi;
	__u64 oom_kills; /* /proc/vmstat oom_kill */
};

/* -errno if there is no meminfo; PSI may be missing. */
int host_open(const char *root, struct host **ret_host);
void host_close(struct host *host); /* takes NULL */
/* RECORD_UNKNOWN for what this kernel does not report (PSI compiled out or off, vmstat without
 * oom_kill). -errno only if meminfo cannot be read. MemAvailable is RECORD_UNKNOWN before Linux
 * 3.14. */
int host_read(struct host *host, struct host_sample *ret_sample);
/* The figures of meminfo alone, the rest RECORD_UNKNOWN: tens of microseconds, no lock that is held for long. */
int host_read_memory(struct host *host, struct host_sample *ret_sample);

#endif
