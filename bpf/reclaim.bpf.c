// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Reclaim stalls: the time that threads of a memcg spend in direct and memcg reclaim, as a
 * histogram for each memcg; and how often kswapd is woken and allocations are throttled. All of it
 * runs only when memory is short.
 *
 * Raw tracepoints, not tp_btf: *_reclaim_begin is (order, gfp) up to 6.18 and (gfp, order, memcg)
 * in 7.x.
 */
#include "oom_context.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, u64);
	__type(value, struct stall_value);
} stalls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct host_counts);
} host_counts SEC(".maps");

static __always_inline int reclaim_begin(struct bpf_raw_tracepoint_args *ctx,
					 enum reclaim_kind kind)
{
	struct thread_value *thread = thread_current();

	if (!thread)
		return 0;
	thread->begin_ns = bpf_ktime_get_ns();
	thread->kind = kind;
	if (config.flags & CONFIG_GFP_FIRST) {
		thread->gfp = (u32)ctx->args[0];
		thread->order = (s32)ctx->args[1];
	} else {
		thread->order = (s32)ctx->args[0];
		thread->gfp = (u32)ctx->args[1];
	}
	thread->reclaim_id = 0;
	if ((config.flags & CONFIG_MEMCG_ARG) && kind == RECLAIM_MEMCG && ctx->args[2]) {
		struct mem_cgroup *memcg = (struct mem_cgroup *)ctx->args[2];

		thread->reclaim_id = compat_css_id(__builtin_preserve_access_index(&memcg->css));
	}
	/* A new attempt: what an earlier OOM kill of this thread left behind is void. */
	thread->emitted = 0;
	thread->chosen = 0;
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int reclaim_direct_begin(struct bpf_raw_tracepoint_args *ctx)
{
	return reclaim_begin(ctx, RECLAIM_DIRECT);
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int reclaim_memcg_begin(struct bpf_raw_tracepoint_args *ctx)
{
	return reclaim_begin(ctx, RECLAIM_MEMCG);
}

/* 0 for less than STALL_FIRST_NS, then one bucket for each doubling; the last one holds the rest.
 */
static __always_inline u32 stall_bucket(u64 ns)
{
	u32 bucket = 0;

#pragma unroll
	for (u32 i = 0; i < STALL_BUCKETS - 1; i++)
		bucket += ns >= (u64)STALL_FIRST_NS << i;
	return bucket;
}

static __always_inline int reclaim_end(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct thread_value *thread = bpf_map_lookup_elem(&threads, &tid);
	struct stall_value zero = {}, *stall;
	u64 id, ns;
	u32 bucket;

	if (!thread || !thread->begin_ns)
		return 0;
	ns = bpf_ktime_get_ns() - thread->begin_ns;
	thread->begin_ns = 0;
	id = compat_css_id(compat_task_css((struct task_struct *)bpf_get_current_task()));
	stall = bpf_map_lookup_elem(&stalls, &id);
	if (!stall) {
		bpf_map_update_elem(&stalls, &id, &zero, BPF_NOEXIST);
		stall = bpf_map_lookup_elem(&stalls, &id);
	}
	if (!stall) {
		lost_count(LOST_MAP_FULL);
		return 0;
	}
	bucket = stall_bucket(ns);
	__sync_fetch_and_add(&stall->count, 1);
	__sync_fetch_and_add(&stall->total_ns, ns);
	if (bucket < STALL_BUCKETS)
		__sync_fetch_and_add(&stall->bucket[bucket], 1);
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int reclaim_direct_end(struct bpf_raw_tracepoint_args *ctx) { return reclaim_end(); }

SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int reclaim_memcg_end(struct bpf_raw_tracepoint_args *ctx) { return reclaim_end(); }

static __always_inline struct host_counts *host_counts_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&host_counts, &zero);
}

SEC("raw_tp/mm_vmscan_kswapd_wake")
int reclaim_kswapd_wake(struct bpf_raw_tracepoint_args *ctx)
{
	struct host_counts *counts = host_counts_get();

	if (counts)
		__sync_fetch_and_add(&counts->kswapd_wakes, 1);
	return 0;
}

/* (nid, usec_timeout, usec_delayed, reason); since 5.16 */
SEC("raw_tp/mm_vmscan_throttled")
int reclaim_throttled(struct bpf_raw_tracepoint_args *ctx)
{
	struct host_counts *counts = host_counts_get();

	if (counts) {
		__sync_fetch_and_add(&counts->throttled, 1);
		__sync_fetch_and_add(&counts->throttled_ns, (u64)(u32)ctx->args[2] * 1000);
	}
	return 0;
}
