// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The reflex: when a task of a group with a trigger charges past the group's threshold, or begins to
 * reclaim at its limit, the program sends it SIGKILL from the task's own context. It checks every
 * condition of docs/explanation/reflex.md at that moment, on live figures; in doubt it does not kill. The same
 * two tracepoints also report a crossed threshold.
 *
 * rss_stat is hot, and attached only while a group is close to its threshold; memcg_reclaim_begin
 * costs nothing until a memcg is at its limit. tp_btf, not raw_tp: kfuncs can be called from there.
 */
#include "trigger.bpf.h"

#define SIGKILL           9
#define OOM_SCORE_ADJ_MIN (-1000)    /* include/uapi/linux/oom.h */
#define PF_EXITING        0x00000004 /* include/linux/sched.h, the same on all */
#define PF_KTHREAD        0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h, the same on all */
#define VFORK_NS          100000000ULL

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
extern int bpf_send_signal_task(struct task_struct *task, int sig, enum pid_type type,
				u64 value) __ksym __weak;

/* Exempt from the reflex. The value is the process's start_boottime; of a memcg 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIGGER_EXEMPT);
	__type(key, struct exempt_key);
	__type(value, u64);
} exempt SEC(".maps");

/* memcg id → which levels from highest_below() upwards have a trigger. Ids are never reused, and a cgroup never
 * gets another parent, so this is true for as long as the epoch is. */
struct above_value {
	u32 epoch;
	u32 levels; /* bit 0: that level */
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ABOVE_ENTRIES);
	__type(key, u64);
	__type(value, struct above_value);
} triggers_above SEC(".maps");

/* Process → its resident memory when it was last over a threshold, in pages. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RSS_SEEN_ENTRIES);
	__type(key, u32);
	__type(value, u64);
} rss_seen SEC(".maps");

/* `at`: the css of the memcg `id`. */
__noinline u32 levels_find(u64 at, u64 id, u32 epoch)
{
	struct cgroup_subsys_state *css = (void *)highest_below(at);
	struct above_value now = {.epoch = epoch};

	if (!css)
		lost_count(LOST_TOO_DEEP);
	for (u32 i = 0; i < TRIGGER_LEVELS && css; i++) {
		u64 above = compat_css_id(css);

		if (bpf_map_lookup_elem(&triggers, &above))
			now.levels |= 1u << i;
		css = BPF_CORE_READ(css, parent);
	}
	bpf_map_update_elem(&triggers_above, &id, &now, BPF_ANY);
	return now.levels;
}

/* `id`: of current's memcg. Its css is read again where that is not known yet, since a function takes a number for it, and no pointer
 * that the verifier knows. */
static __always_inline u32 levels_with_trigger(u64 id, u32 epoch)
{
	struct above_value *known = bpf_map_lookup_elem(&triggers_above, &id);
	struct task_struct *task;

	if (known && known->epoch == epoch)
		return known->levels;
	task = (struct task_struct *)bpf_get_current_task();
	return levels_find((u64)compat_task_css(task), id, epoch);
}

static __always_inline bool reflex_has_fired(const struct crossing *crossing)
{
	struct fired_key key = {crossing->id, crossing->trigger.generation};

	return bpf_map_lookup_elem(&fired, &key) != NULL;
}

/* One kill for each generation of a trigger: true for exactly one caller. */
static __always_inline bool reflex_claim(const struct crossing *crossing)
{
	struct fired_key key = {crossing->id, crossing->trigger.generation};
	u64 now = bpf_ktime_get_ns();

	return bpf_map_update_elem(&fired, &key, &now, BPF_NOEXIST) == 0;
}

/* Takes one kill from what is granted. Of several CPUs that want the last one, possibly none gets it
 * (each tries again with its next page), never two: an atomic add that returns the old value exists
 * in BPF since 5.12 only. */
static __always_inline bool grant_take(void)
{
	u32 zero = 0;
	struct triggers_state *state = bpf_map_lookup_elem(&triggers_state, &zero);
	u64 *taken = bpf_map_lookup_elem(&kills_taken, &zero);

	if (!state || !taken || *(volatile u64 *)taken >= state->granted)
		return false;
	__sync_fetch_and_add(taken, 1);
	if (*(volatile u64 *)taken <= state->granted)
		return true;
	__sync_fetch_and_add(taken, -1);
	return false;
}

static __always_inline void grant_return(void)
{
	u32 zero = 0;
	u64 *taken = bpf_map_lookup_elem(&kills_taken, &zero);

	if (taken)
		__sync_fetch_and_add(taken, -1);
}

/* The last conditions before a kill: the trigger is unchanged, a kill is granted, and this generation
 * has not fired. */
static __always_inline bool may_kill(const struct crossing *crossing)
{
	if (!crossing_stands(crossing) || !grant_take())
		return false;
	if (reflex_claim(crossing))
		return true;
	grant_return();
	return false;
}

/* Is it below the group with the trigger, without an exempt group between, or one so young that user
 * space has not yet checked whether it is protected? Ids only grow (kernfs_new_node(), since 5.5). */
__noinline int path_allows(u64 at, u64 trigger_id)
{
	struct cgroup_subsys_state *css = (void *)at;
	u32 zero = 0;
	struct triggers_state *state = bpf_map_lookup_elem(&triggers_state, &zero);
	u64 id = compat_css_id(css);

	/* A cgroup is younger than all above it. */
	if (id != trigger_id && (!state || id > state->known))
		return 0;
	css = (void *)highest_below(at);
	for (u32 i = 0; i < TRIGGER_LEVELS && css; i++) {
		struct exempt_key key = {.memcg_id = compat_css_id(css)};

		if (bpf_map_lookup_elem(&exempt, &key))
			return 0;
		if (key.memcg_id == trigger_id)
			return 1;
		css = BPF_CORE_READ(css, parent);
	}
	return 0;
}

static __always_inline u64 victim_pages(struct mm_struct *mm)
{
	return compat_rss(mm, RSS_ANON) + compat_rss(mm, RSS_SHMEM);
}

/* Shared memory is charged to the group of its owner (mem_cgroup_from_task(mm->owner)). Another process that grows it is at fault as
 * its owner would be, but not between vfork and exec: the parent waits, and killing the child frees nothing. */
static __always_inline bool sharer_allowed(struct task_struct *task, struct task_struct *leader,
					   struct task_struct *owner, u64 trigger_id)
{
	if (BPF_CORE_READ(task, vfork_done) &&
	    bpf_ktime_get_boot_ns() - BPF_CORE_READ(leader, start_boottime) < VFORK_NS)
		return false;
	return owner && path_allows((u64)compat_task_css(owner), trigger_id);
}

/* May this trigger kill the task's process? Every condition but those of may_kill(). */
__noinline int victim_allowed(u64 at, u64 trigger_id, u32 flags, u64 least_rss)
{
	struct task_struct *task = (void *)at;
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct exempt_key key = {.pid = BPF_CORE_READ(task, tgid)};
	struct task_struct *owner;
	u64 *start;

	if (!mm || BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_EXITING) ||
	    BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return 0;
	owner = BPF_CORE_READ(mm, owner);
	if (BPF_CORE_READ(owner, tgid) != key.pid &&
	    !sharer_allowed(task, leader, owner, trigger_id))
		return 0;
	if (key.pid == 1 || (!(flags & TRIGGER_WHOLE) && compat_is_init(leader)))
		return 0;
	start = bpf_map_lookup_elem(&exempt, &key);
	if (start && *start == BPF_CORE_READ(leader, start_boottime))
		return 0;
	/* The kernel itself never kills it; setting that takes CAP_SYS_RESOURCE. */
	if (!(flags & TRIGGER_WHOLE) &&
	    BPF_CORE_READ(task, signal, oom_score_adj) == OOM_SCORE_ADJ_MIN)
		return 0;
	if (!(flags & TRIGGER_WHOLE) && victim_pages(mm) << config.page_shift < least_rss)
		return 0;
	return path_allows((u64)compat_task_css(task), trigger_id);
}

static __always_inline bool allowed(struct task_struct *task, const struct crossing *crossing)
{
	u64 least = crossing->trigger.least_rss;

	return victim_allowed((u64)task, crossing->id, crossing->trigger.flags,
			      least == RECORD_UNKNOWN ? crossing->threshold / 8 : least);
}

static __always_inline void reflex_record(const struct crossing *crossing,
					  struct task_struct *current, struct task_struct *victim,
					  u32 hook, int error)
{
	struct task_struct *leader = BPF_CORE_READ(victim, group_leader);
	struct mm_struct *mm = BPF_CORE_READ(victim, mm);
	struct record_trigger *rec = trigger_record(RECORD_REFLEX, crossing, hook);

	if (!rec)
		return;
	trigger_record_task(rec, current);
	if (rec->limit == RECORD_UNKNOWN)
		rec->limit = effective_limit((u64)compat_task_css(current));
	rec->victim_pid = BPF_CORE_READ(victim, tgid);
	if (rec->victim_pid != rec->pid)
		rec->flags = RECORD_TRIGGER_OTHER;
	rec->error = error;
	rec->victim_start_boottime_ns = BPF_CORE_READ(leader, start_boottime);
	if (mm)
		rec->victim_rss = (victim_pages(mm) + compat_rss(mm, RSS_FILE))
				  << config.page_shift;
	bpf_probe_read_kernel(rec->victim_comm, sizeof(rec->victim_comm),
			      __builtin_preserve_access_index(&leader->comm));
	bpf_ringbuf_submit(rec, RECORD_WAKES);
}

/* The process that user space prefers as the victim, if it is still that process and larger than the
 * charging one. True if the reflex fired on it. */
static __always_inline bool kill_preferred(const struct crossing *crossing,
					   struct task_struct *current, u32 hook)
{
	struct mm_struct *mm, *own = BPF_CORE_READ(current, mm);
	u32 pid = crossing->trigger.preferred_pid;
	struct task_struct *task, *leader;
	bool used = false;

	if (!pid || pid == bpf_get_current_pid_tgid() >> 32)
		return false;
	task = bpf_task_from_pid(pid);
	if (!task)
		return false;
	leader = BPF_CORE_READ(task, group_leader); /* itself, as a number */
	mm = BPF_CORE_READ(leader, mm);
	if (BPF_CORE_READ(leader, pid) == pid && mm && own &&
	    victim_pages(mm) > victim_pages(own) &&
	    BPF_CORE_READ(leader, start_boottime) == crossing->trigger.preferred_start_ns &&
	    allowed(leader, crossing) && may_kill(crossing)) {
		used = true;
		reflex_record(crossing, current, leader, hook,
			      bpf_send_signal_task(task, SIGKILL,
						   bpf_core_enum_value(enum pid_type, PIDTYPE_TGID),
						   0));
	}
	bpf_task_release(task);
	return used;
}

/* Has the task's own memory grown since it was last seen here? rss_stat also fires for a task that
 * frees memory or maps a cached file. */
static __always_inline bool task_grows(struct task_struct *task)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 now = victim_pages(BPF_CORE_READ(task, mm)),
	    *last = bpf_map_lookup_elem(&rss_seen, &pid);
	bool rises = last && now > *last;

	if (!last || now != *last)
		bpf_map_update_elem(&rss_seen, &pid, &now, BPF_ANY);
	return rises;
}

/* `any`, a constant: this kernel can signal another task. */
static __always_inline void kill_task(struct crossing *crossing, struct task_struct *current,
				      u32 hook, const bool any)
{
	if (any && kill_preferred(crossing, current, hook))
		return;
	if (!allowed(current, crossing) || !may_kill(crossing))
		return;
	reflex_record(crossing, current, current, hook, bpf_send_signal(SIGKILL));
}

enum over { OVER_NOT, OVER_REPORT, OVER_REFLEX };

/* Is the memcg of this css over its threshold; with a reflex that has not fired yet? */
__noinline u32 over_at(u64 at, u64 slack)
{
	struct cgroup_subsys_state *css = (void *)at;
	struct crossing crossing;

	if (!crossing_look(&crossing, css, compat_css_id(css)) ||
	    crossing.usage + slack < crossing.threshold)
		return OVER_NOT;
	return (crossing.trigger.flags & TRIGGER_REFLEX) && !reflex_has_fired(&crossing)
		       ? OVER_REFLEX
		       : OVER_REPORT;
}

/* So that the verifier knows as much of the result on each way through over_find(): nothing. */
__noinline u64 first_of(u64 one, u64 other) { return one ? one : other; }

/* The first group from `at` upwards that is over its threshold and has a reflex not yet fired, else the first that is over; 0: none.
 * `levels`: bits as in above_value. A global function that looks by another one: with all of it in the loop the verifier processed
 * 45,000 instructions. */
__noinline u64 over_find(u64 at, u32 levels, u64 slack)
{
	struct cgroup_subsys_state *css = (void *)highest_below(at);
	u64 found = first_of(0, 0);

	for (u32 i = 0; i < TRIGGER_LEVELS && css && levels; i++, levels >>= 1) {
		u32 over = levels & 1 ? over_at((u64)css, slack) : OVER_NOT;

		if (over == OVER_REFLEX)
			return (u64)css;
		if (over == OVER_REPORT)
			found = first_of(found, (u64)css);
		css = BPF_CORE_READ(css, parent);
	}
	return found;
}

/* As over_find() found it, if it still is. */
static __always_inline bool find_over(struct crossing *ret, struct cgroup_subsys_state *css,
				      u32 levels, u64 slack)
{
	css = (void *)over_find((u64)css, levels, slack);
	return css && crossing_look(ret, css, compat_css_id(css)) &&
	       ret->usage + slack >= ret->threshold;
}

/* A task of a group with a trigger charges, or is about to reclaim. */
static __always_inline int look(u32 levels, u32 hook, const bool any)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();
	struct cgroup_subsys_state *css = compat_task_css(current);
	u64 slack =
		hook == TRIGGER_HOOK_RECLAIM ? (u64)TRIGGER_SLACK_PAGES << config.page_shift : 0;
	struct emitted_value *emitted;
	struct crossing over;

	if (!find_over(&over, css, levels, slack))
		return 0;
	if ((over.trigger.flags & TRIGGER_REFLEX) && !reflex_has_fired(&over) &&
	    (hook == TRIGGER_HOOK_RECLAIM || task_grows(current)))
		kill_task(&over, current, hook, any);
	emitted = emitted_get(over.id);
	if (emitted)
		crossing_report(&over, emitted, css, EMITTED_OVER, current, hook);
	return 0;
}

static __always_inline struct triggers_state *triggers_any(void)
{
	u32 zero = 0;
	struct triggers_state *state = bpf_map_lookup_elem(&triggers_state, &zero);

	return state && state->count ? state : NULL;
}

/* Where another process reads or writes a cgroup file that makes the kernel reclaim (a lowered
 * limit, memory.reclaim), it does so in its own context: current is then not
 * below the group with the trigger. */
static __always_inline int reclaim(const bool any)
{
	struct triggers_state *state = triggers_any();
	struct cgroup_subsys_state *css;
	u32 levels;

	if (!state)
		return 0;
	css = compat_task_css((struct task_struct *)bpf_get_current_task());
	levels = levels_with_trigger(compat_css_id(css), state->epoch);
	return levels ? look(levels, TRIGGER_HOOK_RECLAIM, any) : 0;
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int reflex_reclaim(void *ctx) { return reclaim(false); }

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int reflex_reclaim_any(void *ctx) { return reclaim(true); }

/* Only current's own memory, and only what is charged for it; a fork's child, another's pages that
 * are swapped out, and mapped files come here as well. */
static __always_inline bool rss_own(struct mm_struct *mm, int member, struct mm_struct *own)
{
	return mm == own && (member == RSS_ANON || member == RSS_SHMEM);
}

/* Every page fault of the host passes here: plain loads, one lookup. */
static __always_inline int rss(struct mm_struct *mm, int member, const bool any)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct triggers_state *state = triggers_any();
	struct cgroup_subsys_state *css;
	u32 levels;

	if (!state || !rss_own(mm, member, current->mm))
		return 0;
	css = compat_task_css_direct(current);
	if (!css)
		return 0;
	levels = levels_with_trigger(compat_css_id_direct(css), state->epoch);
	return levels ? look(levels, TRIGGER_HOOK_RSS_STAT, any) : 0;
}

SEC("tp_btf/rss_stat")
int BPF_PROG(reflex_rss, struct mm_struct *mm, int member) { return rss(mm, member, false); }

SEC("tp_btf/rss_stat")
int BPF_PROG(reflex_rss_any, struct mm_struct *mm, int member) { return rss(mm, member, true); }

/* Before 5.11, where current cannot be had as a pointer to load from; and where it fires once for
 * 64 faults. */
SEC("tp_btf/rss_stat")
int BPF_PROG(reflex_rss_probe, struct mm_struct *mm, int member)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();
	struct triggers_state *state = triggers_any();
	struct cgroup_subsys_state *css;
	u32 levels;

	if (!state || !rss_own(mm, member, BPF_CORE_READ(current, mm)))
		return 0;
	css = compat_task_css(current);
	levels = levels_with_trigger(compat_css_id(css), state->epoch);
	return levels ? look(levels, TRIGGER_HOOK_RSS_STAT, false) : 0;
}
