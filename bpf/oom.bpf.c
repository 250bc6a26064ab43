// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OOM kills: one record for each victim, with the trigger (current) and the memcg at its limit.
 * Read-only: nothing here changes what the kernel kills.
 *
 * mark_victim is a raw tracepoint here, not tp_btf: its argument is a pid up to 6.1 and a task
 * later (and backported to stable 6.1), and a tp_btf program with other types does not load
 * at all.
 */
#include "oom_context.bpf.h"
#include "task.bpf.h"

#define SIGKILL 9
#define SEND_SIG_PRIV \
	1 /* include/linux/sched/signal.h: (struct kernel_siginfo *)1, the same on all */
#define LIMIT_SLACK \
	64 /* pages: other CPUs' stocked charges may leave that much below the limit \
	    */

/* The kernel's OOM killer sends SIGKILL, then marks the victim. A mark without the signal is of a
 * process that was exiting anyway (task_will_free_mem). It also identifies a bare pid. */
SEC("raw_tp/signal_generate")
int oom_signal(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[2];
	struct thread_value *thread;

	if ((int)ctx->args[0] != SIGKILL || ctx->args[1] != SEND_SIG_PRIV)
		return 0;
	thread = thread_current();
	if (thread) {
		thread->signalled = BPF_CORE_READ(task, tgid);
		thread->signalled_task = (u64)task;
	}
	return 0;
}

static __always_inline int oom_control_remember(struct oom_control *oc)
{
	struct thread_value *thread = thread_current();
	struct mem_cgroup *memcg = BPF_CORE_READ(oc, memcg);

	if (!thread)
		return 0;
	thread->emitted = 1;
	thread->limit_flags = 0;
	thread->gfp = BPF_CORE_READ(oc, gfp_mask);
	thread->order = BPF_CORE_READ(oc, order);
	thread->constraint = BPF_CORE_READ(oc, constraint);
	thread->chosen = BPF_CORE_READ(oc, chosen, tgid);
	/* totalpages is the size of the domain, not of the victim: for the host RAM and swap. */
	thread->limit_id = 0;
	thread->limit_usage = RECORD_UNKNOWN;
	thread->limit_max = counter_bytes(BPF_CORE_READ(oc, totalpages));
	if (memcg) {
		thread->limit_id = compat_css_id(__builtin_preserve_access_index(&memcg->css));
		thread->limit_usage = counter_bytes(BPF_CORE_READ(memcg, memory.usage.counter));
		thread->limit_max = counter_bytes(BPF_CORE_READ(memcg, memory.max));
	}
	return 0;
}

SEC("fentry/oom_kill_process")
int BPF_PROG(oom_fentry, struct oom_control *oc) { return oom_control_remember(oc); }

SEC("kprobe/oom_kill_process")
int BPF_KPROBE(oom_kprobe, struct oom_control *oc) { return oom_control_remember(oc); }

/* Is this page_counter at its limit? Keeps the closest one so far in *ret_margin and *rec. */
static __always_inline bool limit_look(struct record_oom *rec, struct page_counter *counter, u64 id,
				       u64 *ret_margin, u32 flag)
{
	u64 max = BPF_CORE_READ(counter, max), usage = BPF_CORE_READ(counter, usage.counter);
	u64 margin = max > usage ? max - usage : 0;

	if (counter_bytes(max) == RECORD_UNKNOWN || margin >= *ret_margin)
		return false;
	*ret_margin = margin;
	rec->limit_memcg_id = id;
	rec->limit_usage = counter_bytes(usage);
	rec->limit_max = counter_bytes(max);
	rec->flags = (rec->flags & ~RECORD_OOM_MEMSW) | flag;
	return margin < LIMIT_SLACK + 1;
}

/* Pages that are left; ~0: no limit. */
static __always_inline u64 counter_left(struct page_counter *counter)
{
	u64 max = BPF_CORE_READ(counter, max), usage = BPF_CORE_READ(counter, usage.counter);

	return counter_bytes(max) == RECORD_UNKNOWN ? ~0ULL : max > usage ? max - usage : 0;
}

/* The same of a memcg, by its css: of memory, or on v1 of memory and swap together if less is left there. A global function, which
 * the verifier looks at once and by itself, not once for each way through each level of the loop below: that took 787,000 of its
 * million instructions. What goes in and out is a number, since the verifier of 5.10 takes no more. */
__noinline u64 limit_left(u64 at)
{
	struct mem_cgroup *memcg = compat_memcg((void *)at);
	u64 left = counter_left(__builtin_preserve_access_index(&memcg->memory)), both;

	if (left <= LIMIT_SLACK || !(config.flags & CONFIG_V1))
		return left;
	both = counter_left(__builtin_preserve_access_index(&memcg->memsw));
	return both < left ? both : left;
}

/* From the css `at` upwards, the first without space left, else the one with the least; only the memcg `wanted` where that is known.
 * 0: none has a limit. */
__noinline u64 limit_find(u64 at, u64 wanted)
{
	struct cgroup_subsys_state *css = (void *)at;
	u64 least = ~0ULL, ret = 0, left;

	for (u32 level = 0; level < RECORD_LEVELS && css; level++) {
		if (wanted) {
			if (compat_css_id(css) == wanted)
				return (u64)css;
		} else {
			left = limit_left((u64)css);
			if (left <= LIMIT_SLACK)
				return (u64)css;
			if (left < least) {
				least = left;
				ret = (u64)css;
			}
		}
		css = BPF_CORE_READ(css, parent);
	}
	if (css)
		lost_count(LOST_TOO_DEEP);
	return ret;
}

/* The memcg at its limit, without an oom_control: the first level above the trigger with no space left; else
 * the one with the least. A thread that last entered direct reclaim of the host reached the limit of
 * the host. */
static __always_inline void limit_infer(struct record_oom *rec, struct cgroup_subsys_state *css,
					const struct thread_value *thread)
{
	u64 wanted = thread ? thread->reclaim_id : 0;
	u32 kind = thread ? thread->kind : RECLAIM_NONE;
	u64 margin = ~0ULL;

	rec->flags |= RECORD_OOM_INFERRED;
	if (kind == RECLAIM_DIRECT)
		return;
	css = (void *)limit_find((u64)css, wanted);
	if (css) {
		struct mem_cgroup *memcg = compat_memcg(css);
		u64 id = compat_css_id(css);

		if (!limit_look(rec, __builtin_preserve_access_index(&memcg->memory), id, &margin,
				0) &&
		    (config.flags & CONFIG_V1))
			limit_look(rec, __builtin_preserve_access_index(&memcg->memsw), id, &margin,
				   RECORD_OOM_MEMSW);
	}
	if (wanted)
		rec->limit_memcg_id = wanted;
	else if (
		kind == RECLAIM_NONE &&
		margin >
			LIMIT_SLACK) /* no memcg is at a limit, and nothing says it was a memcg's */
		rec->limit_memcg_id = 0, rec->limit_usage = rec->limit_max = RECORD_UNKNOWN;
	if (rec->limit_memcg_id)
		rec->constraint = bpf_core_enum_value(enum oom_constraint, CONSTRAINT_MEMCG);
}

/* As mem_cgroup_get_oom_group() looks for it: from the victim's memcg `at` up to the one at its limit (0: the host's). */
__noinline bool group_find(u64 at, u64 limit_id)
{
	struct cgroup_subsys_state *css = (void *)at;

	for (u32 level = 0; level < RECORD_LEVELS && css; level++) {
		if (compat_oom_group(compat_memcg(css)))
			return true;
		if (compat_css_id(css) == limit_id)
			break;
		css = BPF_CORE_READ(css, parent);
	}
	return false;
}

static __always_inline void victim_fill(struct record_task *ret, struct task_struct *task,
					bool is_current)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	task_fill(ret, task, is_current);
	/* The victim is the process: its name, not that of the thread that still had the memory. */
	bpf_probe_read_kernel(ret->comm, sizeof(ret->comm),
			      __builtin_preserve_access_index(&leader->comm));
}

/* A bare pid of which nothing else is known. */
static __always_inline void victim_unknown(struct record_task *ret, u32 pid)
{
	__builtin_memset(ret, 0, __builtin_offsetof(struct record_task, args));
	ret->pid = ret->tid = pid;
	ret->uid = ~0u;
	ret->anon = ret->file = ret->shmem = ret->swap = ret->pgtables = RECORD_UNKNOWN;
}

/* The memcg at its limit: known, or inferred for the first victim and kept for the others. The first one marked
 * is the chosen one; what this thread marks besides, before it reclaims again, is a member of the
 * same group, and of the same limit, though usage falls by now. */
static __always_inline void limit_settle(struct record_oom *rec, struct task_struct *trigger,
					 struct thread_value *thread, u32 pid)
{
	bool group = thread && thread->chosen && thread->chosen != pid;

	if (group)
		rec->flags |= RECORD_OOM_GROUP;
	if (thread && (thread->emitted || group)) {
		rec->constraint = thread->constraint;
		rec->limit_memcg_id = thread->limit_id;
		rec->limit_usage = thread->limit_usage;
		rec->limit_max = thread->limit_max;
		rec->flags |= thread->limit_flags;
	} else {
		limit_infer(rec, compat_task_css(trigger), thread);
	}
	if (!thread)
		return;
	thread->constraint = rec->constraint;
	thread->limit_id = rec->limit_memcg_id;
	thread->limit_usage = rec->limit_usage;
	thread->limit_max = rec->limit_max;
	thread->limit_flags = rec->flags & (RECORD_OOM_INFERRED | RECORD_OOM_MEMSW);
	thread->chosen = thread->chosen ?: pid;
	rec->chosen = thread->chosen;
	thread->signalled = 0;
	thread->signalled_task = 0;
}

SEC("raw_tp/mark_victim")
int oom_mark_victim(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *trigger = (struct task_struct *)bpf_get_current_task();
	struct thread_value *thread = thread_current();
	struct task_struct *victim = NULL;
	struct record_oom *rec;
	u8 watch = 1;
	u32 pid;

	if (config.flags & CONFIG_VICTIM_TASK) {
		victim = (struct task_struct *)ctx->args[0];
	} else {
		pid = ctx->args[0];
		if (thread && thread->signalled_task)
			victim = (struct task_struct *)thread->signalled_task;
		if ((u32)BPF_CORE_READ(trigger, pid) == pid)
			victim = trigger;
		if (victim && (u32)BPF_CORE_READ(victim, pid) != pid)
			victim = NULL;
	}
	if (victim)
		pid = BPF_CORE_READ(victim, tgid);
	else
		pid = ctx->args[0];

	rec = record_reserve(struct record_oom, RECORD_OOM);
	if (!rec)
		return 0;
	rec->limit_memcg_id = 0;
	rec->limit_usage = rec->limit_max = RECORD_UNKNOWN;
	rec->gfp = thread ? thread->gfp : RECORD_UNKNOWN;
	rec->order = thread ? thread->order : -1;
	rec->constraint = RECORD_CONSTRAINT_UNKNOWN;
	rec->flags = rec->chosen = 0;

	task_fill(&rec->trigger, trigger, true);
	if (victim)
		victim_fill(&rec->victim, victim, pid == rec->trigger.pid);
	else
		victim_unknown(&rec->victim, pid);

	if (thread && thread->signalled != pid)
		rec->flags |= RECORD_OOM_EXITING;
	limit_settle(rec, trigger, thread, pid);
	if (victim && group_find((u64)compat_task_css(victim), rec->limit_memcg_id))
		rec->flags |= RECORD_OOM_WHOLE;
	bpf_map_update_elem(&watched, &pid, &watch,
			    BPF_ANY); /* full: its exit is not reported, no more than that */
	bpf_ringbuf_submit(rec, RECORD_WAKES);
	return 0;
}
