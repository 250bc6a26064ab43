/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs share: the maps (one set over all objects; the loader reuses the first
 * object's), the configuration, and how a task, a memcg and a lost record are written down. Every
 * object includes this once.
 */
#ifndef HEADROOM_COMMON_BPF_H
#define HEADROOM_COMMON_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "records.h"
#include "compat.bpf.h"

#define ENODATA 61

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RECORDS_BYTES);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOST_COUNT);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

static __always_inline void lost_count(u32 index)
{
	u64 *count = bpf_map_lookup_elem(&lost, &index);

	if (count)
		*count += 1;
}

/* A record in the ring, or NULL (counted). */
#define record_reserve(T, record_type)                                 \
	({                                                             \
		T *new_ = bpf_ringbuf_reserve(&records, sizeof(T), 0); \
		if (new_) {                                            \
			new_->r.type = record_type;                    \
			new_->r.bytes = sizeof(T);                     \
			new_->r.time_ns = bpf_ktime_get_ns();          \
		} else {                                               \
			lost_count(LOST_RING_FULL);                    \
		}                                                      \
		new_;                                                  \
	})

/* Forced: the kernel's own choice (flags 0) wakes only a reader that has caught up, and records
 * that were submitted lazily before this one mean that it has not. */
#define RECORD_WAKES BPF_RB_FORCE_WAKEUP

/* What happens by the thousand does not wake the reader; it is read with the next record that does,
 * at the reader's next tick, or when a quarter of the ring is full. */
static __always_inline u64 record_lazily(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) < RECORDS_BYTES / 4 ? BPF_RB_NO_WAKEUP
										  : RECORD_WAKES;
}

/* Pages of a page_counter as bytes; its "no limit" as RECORD_UNKNOWN. */
static __always_inline u64 counter_bytes(u64 pages)
{
	if (pages >= (~0UL >> 1) >> config.page_shift) /* PAGE_COUNTER_MAX, 64 bit */
		return RECORD_UNKNOWN;
	return pages << config.page_shift;
}

#endif
