// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * All processes: a count and the sum of their RSS for each memcg, and one row for each process with an
 * RSS above the threshold. RSS is what the kernel's counters say without a sum over CPUs: late by
 * some pages a CPU (see compat_rss).
 */
#include "memcg_row.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, u32);
	__type(value, struct task_sample);
} tasks SEC(".maps");

static __always_inline void pids_count(struct sweep_state *state, u64 id, u64 rss)
{
	struct pids_value *counted = bpf_map_lookup_elem(&pids, &id);
	struct pids_value first = {.generation = state->task_generation, .count = 1, .rss = rss};

	if (!counted) {
		if (bpf_map_update_elem(&pids, &id, &first, BPF_ANY))
			lost_count(LOST_MAP_FULL);
	} else if (counted->generation != first.generation) {
		*counted = first;
	} else {
		counted->count++;
		counted->rss += rss;
	}
}

/* Its process group, which outlives the leader: what a shell or a build started together. */
static __always_inline u32 pgid_of(struct task_struct *task)
{
	u32 index = bpf_core_enum_value(enum pid_type, PIDTYPE_PGID) & 3;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *group = NULL;

	bpf_core_read(&group, sizeof(group), &signal->pids[index]);
	return group ? BPF_CORE_READ(group, numbers[0].nr) : 0;
}

SEC("iter/task")
int sweep_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct sweep_state *state = sweep_get();
	struct task_sample *row;
	struct mm_struct *mm;
	u64 id, rss = 0;
	u32 index;

	if (!task || !state || task->pid != task->tgid)
		return 0;
	id = compat_css_id_direct(compat_task_css_direct(task));
	mm = task->mm;
	if (mm)
		rss = (compat_rss_direct(mm, RSS_ANON) + compat_rss_direct(mm, RSS_FILE) +
		       compat_rss_direct(mm, RSS_SHMEM))
		      << config.page_shift;
	pids_count(state, id, rss);
	if (!mm || rss < state->min_rss)
		return 0;
	index = state->tasks;
	row = bpf_map_lookup_elem(&tasks, &index);
	if (!row) {
		state->tasks_lost++;
		return 0;
	}
	state->tasks = index + 1;
	row->pid = task->tgid;
	row->oom_score_adj = task->signal->oom_score_adj;
	row->start_boottime_ns = task->start_boottime;
	row->memcg_id = id;
	row->rss = rss;
	row->swap = compat_rss_direct(mm, RSS_SWAP) << config.page_shift;
	row->pgid = pgid_of(task);
	row->reserved = 0;
	bpf_probe_read_kernel(row->comm, sizeof(row->comm),
			      __builtin_preserve_access_index(&task->comm));
	return 0;
}
