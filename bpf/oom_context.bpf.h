/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a thread went through on its way to an OOM kill: written by the reclaim programs and the oom
 * programs, read at mark_victim. The kernel does reclaim, choice and kill in one thread's context,
 * so the thread id ties them together.
 */
#ifndef HEADROOM_OOM_CONTEXT_BPF_H
#define HEADROOM_OOM_CONTEXT_BPF_H

#include "common.bpf.h"

enum reclaim_kind { RECLAIM_NONE, RECLAIM_DIRECT, RECLAIM_MEMCG };

struct thread_value {
	u64 begin_ns; /* of the reclaim under way; 0: none */
	u64 gfp;
	s32 order;
	u32 kind;       /* enum reclaim_kind, of the last one */
	u64 reclaim_id; /* memcg that was reclaimed from, where the tracepoint has it; else 0 */
	u32 chosen; /* process that oom_kill_process or the first mark_victim named; 0: none since
		       the last reclaim */
	u32 signalled;      /* process that got the OOM killer's SIGKILL last; 0: none */
	u64 signalled_task; /* its struct task_struct, to be read in the same call chain only */
	/* the memcg at its limit: from an oom_control, or inferred for the first victim */
	u32 emitted, constraint;
	u32 limit_flags; /* RECORD_OOM_INFERRED, RECORD_OOM_MEMSW */
	u32 reserved;
	u64 limit_id, limit_usage, limit_max;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, THREADS_ENTRIES);
	__type(key, u32);
	__type(value, struct thread_value);
} threads SEC(".maps");

/* The current thread's entry, made if need be; NULL only if the map is full of entries in use. */
static __always_inline struct thread_value *thread_current(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct thread_value *thread = bpf_map_lookup_elem(&threads, &tid);
	struct thread_value zero = {.gfp = RECORD_UNKNOWN, .order = -1};

	if (thread)
		return thread;
	if (bpf_map_update_elem(&threads, &tid, &zero, BPF_ANY))
		lost_count(LOST_MAP_FULL);
	return bpf_map_lookup_elem(&threads, &tid);
}

#endif
