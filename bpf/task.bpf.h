/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A process as a record shows it: identity, memory split, and the raw arguments remembered from its
 * exec. Included by the objects that write record_task or keep the arguments.
 */
#ifndef HEADROOM_TASK_BPF_H
#define HEADROOM_TASK_BPF_H

#include "common.bpf.h"

/* Processes with a reported exit: victims, and those that user space names. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WATCHED_ENTRIES);
	__type(key, u32);
	__type(value, u8);
} watched SEC(".maps");

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h, the same on all */

struct args_value {
	u64 start_boottime_ns; /* of the process: a reused pid is not it */
	u64 arg_start;         /* a forked child that never exec'ed has its parent's */
	u32 bytes;
	u32 reserved;
	char args[RECORD_ARGS];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ARGS_ENTRIES);
	__type(key, u32);
	__type(value, struct args_value);
} args SEC(".maps");

/* Arguments of the current process, from its own memory. Returns the bytes read; a page that is not
 * there reads as none. */
static __always_inline u32 args_read_current(char *ret, u64 *ret_arg_start)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 start, bytes;

	if (!mm)
		return 0;
	start = BPF_CORE_READ(mm, arg_start);
	bytes = BPF_CORE_READ(mm, arg_end) - start;
	*ret_arg_start = start;
	if (bytes > RECORD_ARGS)
		bytes = RECORD_ARGS;
	/* The verifier of 5.10 wants to see the bound at the call. */
	asm volatile("" : "+r"(bytes));
	if (bytes == 0 || bytes > RECORD_ARGS)
		return 0;
	return bpf_probe_read_user(ret, bytes, (void *)start) ? 0 : bytes;
}

/* Arguments of a process that is not current: its own exec's, or, forked and never exec'ed, a near
 * ancestor's. */
static __always_inline void args_attach(struct record_task *ret, struct task_struct *leader,
					struct mm_struct *mm)
{
	u64 arg_start = mm ? BPF_CORE_READ(mm, arg_start) : 0;
	struct task_struct *at = leader;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		u32 pid = BPF_CORE_READ(at, tgid);
		struct args_value *found = bpf_map_lookup_elem(&args, &pid);

		if (found && found->start_boottime_ns == BPF_CORE_READ(at, start_boottime) &&
		    found->arg_start == arg_start) {
			bpf_probe_read_kernel(ret->args, RECORD_ARGS, found->args);
			ret->args_bytes = found->bytes;
			return;
		}
		at = BPF_CORE_READ(at, real_parent, group_leader);
	}
}

/* CPUs beyond this are left to the counter's own (late) total. */
#define EXACT_CPUS 256

/* What the CPUs have not added to a percpu_counter yet; `parts` is its per-CPU pointer. How far a CPU's area is from such a pointer is
 * seen in a map of our own, since __per_cpu_offset is a data symbol, which kallsyms has with CONFIG_KALLSYMS_ALL alone. A map
 * and its elements become numbers by way of the stack: the verifier lets no pointer be subtracted from a number. A global
 * function: it is verified once, not once for each counter of each task. Both helpers are older than percpu_counters of RSS. */
__noinline s64 rss_pending(u64 parts)
{
	void *map = &lost, *element;
	u64 address = 0, first = 0;
	u32 zero = 0;
	s64 sum = 0;

	if (compat_rss_is_atomic())
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address), &map);
	bpf_probe_read_kernel(&first, sizeof(first),
			      (void *)address + bpf_core_field_offset(struct bpf_array, pptrs));
	for (u32 cpu = 0; cpu < EXACT_CPUS && cpu < config.cpus; cpu++) {
		s32 part = 0;

		element = bpf_map_lookup_percpu_elem(&lost, &zero, cpu);
		if (!element)
			continue;
		bpf_probe_read_kernel(&address, sizeof(address), &element);
		bpf_probe_read_kernel(&part, sizeof(part), (void *)(parts + (address - first)));
		sum += part;
	}
	return sum;
}

/* compat_rss() to the page: for victims, not for sweeps. */
static __always_inline u64 rss_exact(struct mm_struct *mm, int member)
{
	struct percpu_counter *counter;
	s64 sum;

	if (compat_rss_is_atomic())
		return compat_rss(mm, member);
	counter = compat_rss_counter(mm, member);
	sum = BPF_CORE_READ(counter, count) + rss_pending((u64)BPF_CORE_READ(counter, counters));
	return sum < 0 ? 0 : sum;
}

/* The record of the process that `task` is a thread of; `mm` is where its memory is (a leader that
 * exited has none). comm and tid are the thread's own, as the kernel's log has them. */
static __always_inline void task_fill(struct record_task *ret, struct task_struct *task,
				      bool is_current)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 ignored;

	ret->pid = BPF_CORE_READ(task, tgid);
	ret->tid = BPF_CORE_READ(task, pid);
	ret->uid = BPF_CORE_READ(task, real_cred, uid.val);
	ret->oom_score_adj = BPF_CORE_READ(task, signal, oom_score_adj);
	ret->start_boottime_ns = BPF_CORE_READ(leader, start_boottime);
	ret->memcg_id = compat_css_id(compat_task_css(task));
	ret->anon = ret->file = ret->shmem = ret->swap = ret->pgtables = RECORD_UNKNOWN;
	if (mm) {
		ret->anon = rss_exact(mm, RSS_ANON) << config.page_shift;
		ret->file = rss_exact(mm, RSS_FILE) << config.page_shift;
		ret->shmem = rss_exact(mm, RSS_SHMEM) << config.page_shift;
		ret->swap = rss_exact(mm, RSS_SWAP) << config.page_shift;
		ret->pgtables = BPF_CORE_READ(mm, pgtables_bytes.counter);
	}
	bpf_probe_read_kernel(ret->comm, sizeof(ret->comm),
			      __builtin_preserve_access_index(&task->comm));
	ret->flags = (BPF_CORE_READ(task, flags) & PF_KTHREAD ? RECORD_TASK_KTHREAD : 0) |
		     (compat_is_init(leader) ? RECORD_TASK_INIT : 0);
	ret->args_bytes = 0;
	if (is_current)
		ret->args_bytes = args_read_current(ret->args, &ignored);
	if (!ret->args_bytes)
		args_attach(ret, leader, mm);
}

#endif
