// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Life cycle: memory cgroups made and removed, processes that exec, watched ones that exit,
 * oom_score_adj changes. Also keeps each process's raw arguments from its exec, for the OOM record:
 * /proc/PID/cmdline takes the target's mmap lock and hangs exactly when it matters. Cgroups of
 * other hierarchies are not reported.
 *
 * Raw tracepoints, not tp_btf: sched_process_exit grew a bool by 6.18.
 */
#include "task.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct args_value);
} args_scratch SEC(".maps");

static __always_inline int cgroup_record(struct cgroup *cgrp, const char *path, u32 type)
{
	struct cgroup_subsys_state *css = compat_cgroup_css(cgrp), *parent;
	struct mem_cgroup *memcg = compat_memcg(css);
	struct record_cgroup *rec;
	long n;

	if (!css)
		return 0;
	rec = record_reserve(struct record_cgroup, type);
	if (!rec)
		return 0;
	rec->memcg_id = BPF_CORE_READ(cgrp, kn, id);
	parent = BPF_CORE_READ(css, parent);
	rec->parent_id = parent && BPF_CORE_READ(parent, parent) ? compat_css_id(parent) : 0;
	rec->level = BPF_CORE_READ(cgrp, level);
	rec->oom_kills = rec->oom_groups = rec->peak = RECORD_UNKNOWN;
	rec->oom_kills_all = rec->oom_groups_all = RECORD_UNKNOWN;
	if (type == RECORD_CGROUP_RMDIR) {
		rec->oom_kills = compat_event(memcg, memory_events_local, MEMCG_OOM_KILL);
		rec->oom_groups = compat_event(memcg, memory_events_local, MEMCG_OOM_GROUP_KILL);
		rec->oom_kills_all = compat_event(memcg, memory_events, MEMCG_OOM_KILL);
		rec->oom_groups_all = compat_event(memcg, memory_events, MEMCG_OOM_GROUP_KILL);
		rec->peak = counter_bytes(BPF_CORE_READ(memcg, memory.watermark));
	}
	n = bpf_probe_read_kernel_str(rec->path, sizeof(rec->path), path);
	rec->path_bytes = n > 0 ? n - 1 : 0;
	bpf_ringbuf_submit(rec, RECORD_WAKES);
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int lifecycle_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_record((struct cgroup *)ctx->args[0], (const char *)ctx->args[1],
			     RECORD_CGROUP_MKDIR);
}

SEC("raw_tp/cgroup_rmdir")
int lifecycle_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_record((struct cgroup *)ctx->args[0], (const char *)ctx->args[1],
			     RECORD_CGROUP_RMDIR);
}

static __always_inline void process_record(struct task_struct *task, u32 type, bool wake)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct record_process *rec = record_reserve(struct record_process, type);

	if (!rec)
		return;
	rec->memcg_id = compat_css_id(compat_task_css(task));
	rec->start_boottime_ns = BPF_CORE_READ(leader, start_boottime);
	rec->pid = BPF_CORE_READ(task, tgid);
	rec->oom_score_adj = BPF_CORE_READ(task, signal, oom_score_adj);
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm),
			      __builtin_preserve_access_index(&leader->comm));
	bpf_ringbuf_submit(rec, wake ? RECORD_WAKES : record_lazily());
}

/* Current has just become another program; its arguments lie at the end of its fresh stack. */
SEC("raw_tp/sched_process_exec")
int lifecycle_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u32 pid = bpf_get_current_pid_tgid() >> 32, zero = 0;
	struct args_value *value = bpf_map_lookup_elem(&args_scratch, &zero);

	if (value) {
		value->start_boottime_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		value->arg_start = 0;
		value->bytes = args_read_current(value->args, &value->arg_start);
		if (bpf_map_update_elem(&args, &pid, value, BPF_ANY))
			lost_count(LOST_MAP_FULL);
	}
	process_record(task, RECORD_EXEC, false);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int lifecycle_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u32 pid = bpf_get_current_pid_tgid() >> 32;

	/* live was lowered before this point, on all kernels: 0 means the last thread */
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	bpf_map_delete_elem(&args, &pid);
	if (!bpf_map_lookup_elem(&watched, &pid))
		return 0;
	bpf_map_delete_elem(&watched, &pid);
	process_record(task, RECORD_EXIT, true);
	return 0;
}

SEC("raw_tp/oom_score_adj_update")
int lifecycle_oom_score_adj(struct bpf_raw_tracepoint_args *ctx)
{
	process_record((struct task_struct *)ctx->args[0], RECORD_OOM_SCORE_ADJ, false);
	return 0;
}
