// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * All processes: a count and the sum of their RSS for each memcg, and one row for each process with an
 * RSS above the threshold. Of the smaller ones one in some has a row, which stands for the
 * others: ten thousand of them are memory, too. RSS is what the kernel's counters say without a
 * sum over CPUs: late by some pages a CPU (see compat_rss).
 */
#include "memcg_row.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, u32);
	__type(value, struct task_sample);
} tasks SEC(".maps");

/* `n`: 0 for a thread of a process that was counted by its leader. */
static __always_inline void pids_count(struct sweep_state *state, u64 id, u64 rss, u32 n)
{
	struct pids_value *counted = bpf_map_lookup_elem(&pids, &id);
	struct pids_value first = {.generation = state->task_generation, .count = n, .rss = rss};

	if (!counted) {
		if (bpf_map_update_elem(&pids, &id, &first, BPF_ANY))
			lost_count(LOST_MAP_FULL);
	} else if (counted->generation != first.generation) {
		*counted = first;
	} else {
		counted->count += n;
		counted->rss += rss;
	}
}

/* Its process group or session, which outlives the leader: what a shell or a build started together. */
static __always_inline u32 group_of(struct task_struct *task, u32 index)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *group = NULL;

	bpf_core_read(&group, sizeof(group), &signal->pids[index & 3]);
	return group ? BPF_CORE_READ(group, numbers[0].nr) : 0;
}

#define USER_NAMESPACES \
	33 /* nested at most, with the initial one (kernel/user_namespace.c, create_user_ns()) */

/* Its real uid; in a user namespace the owner of the outermost one: within, a user has 65,536 uids to choose from. One that
 * root made is a service's (PrivateUsers=). */
static __always_inline u32 user_of(const struct cred *cred)
{
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
	u32 owner = 0;

	for (int i = 0; i < USER_NAMESPACES && ns && BPF_CORE_READ(ns, level) > 0; i++) {
		owner = BPF_CORE_READ(ns, owner.val);
		ns = BPF_CORE_READ(ns, parent);
	}
	return owner ? owner : BPF_CORE_READ(cred, uid.val);
}

static __always_inline u32 flags_of(struct task_struct *leader, const struct cred *cred)
{
	return !BPF_CORE_READ(cred, uid.val) && !BPF_CORE_READ(cred, euid.val) &&
			       !BPF_CORE_READ(cred, user_ns, level) &&
			       !BPF_CORE_READ(leader, thread_pid, level)
		       ? TASK_HOST_ROOT
		       : 0;
}

static __always_inline void name_executable(struct task_sample *row, struct mm_struct *mm)
{
	const unsigned char *name = BPF_CORE_READ(mm, exe_file, f_path.dentry, d_name.name);

	row->exe[0] = '\0';
	if (name)
		bpf_probe_read_kernel_str(row->exe, sizeof(row->exe), name);
}

/* The thread that stands for its process: the first, or, when that has ended (pthread_exit()), the first after it that has
 * memory, as the kernel's find_lock_task_mm() has it. The list of threads begins with the leader. */
static __always_inline bool stands_for_process(struct task_struct *task)
{
	struct mm_struct *mm = NULL;
	u64 before;

	if (task->pid == task->tgid)
		return true;
	if (!task->mm || task->group_leader->mm)
		return false;
	before = (u64)BPF_CORE_READ(task, thread_node.prev) -
		 bpf_core_field_offset(struct task_struct, thread_node);
	bpf_probe_read_kernel(&mm, sizeof(mm),
			      (void *)(before + bpf_core_field_offset(struct task_struct, mm)));
	return !mm;
}

static __always_inline void fill_identity(struct task_sample *row, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	row->start_boottime_ns = BPF_CORE_READ(leader, start_boottime);
	row->pgid = group_of(leader, bpf_core_enum_value(enum pid_type, PIDTYPE_PGID));
	row->sid = group_of(leader, bpf_core_enum_value(enum pid_type, PIDTYPE_SID));
	row->user = user_of(cred);
	row->flags = flags_of(leader, cred);
	bpf_probe_read_kernel(row->comm, sizeof(row->comm),
			      __builtin_preserve_access_index(&leader->comm));
}

SEC("iter/task")
int sweep_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct sweep_state *state = sweep_get();
	struct task_sample *row;
	struct mm_struct *mm;
	u64 id, rss = 0, file = 0, shmem = 0;
	u32 index, weight = 1;

	if (!task || !state || !stands_for_process(task))
		return 0;
	id = compat_css_id_direct(compat_task_css_direct(task));
	mm = task->mm;
	if (mm) {
		file = compat_rss_direct(mm, RSS_FILE) << config.page_shift;
		shmem = compat_rss_direct(mm, RSS_SHMEM) << config.page_shift;
		rss = (compat_rss_direct(mm, RSS_ANON) << config.page_shift) + file + shmem;
	}
	pids_count(state, id, rss, task->pid == task->tgid);
	if (!mm)
		return 0;
	if (rss < state->min_rss) {
		state->small++;
		if (state->small_left) {
			state->small_left--;
			return 0;
		}
		weight = state->small_one_in;
		state->small_left = weight - 1;
	}
	index = state->tasks;
	row = bpf_map_lookup_elem(&tasks, &index);
	if (!row) {
		state->tasks_lost++;
		return 0;
	}
	state->tasks = index + 1;
	row->pid = task->tgid;
	row->oom_score_adj = task->signal->oom_score_adj;
	row->memcg_id = id;
	row->rss = rss;
	row->file = file;
	row->shmem = shmem;
	row->pss = RECORD_UNKNOWN;
	row->mm = (u64)mm;
	row->swap = compat_rss_direct(mm, RSS_SWAP) << config.page_shift;
	row->weight = weight;
	row->reserved = 0;
	fill_identity(row, task);
	name_executable(row, mm);
	return 0;
}
