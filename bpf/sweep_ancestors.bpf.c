// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The sweep without iter/cgroup (5.10): from each process up through its memory cgroups, each written
 * once. Needs RCU only, so it never waits for a lock; but a memcg without a process in or
 * below it is not seen, and rows come in no order.
 */
#include "memcg_row.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, u64);
	__type(value, u32);
} seen SEC(".maps");

/* A function of its own: inside the loop clang would move the relocated constants in front of it,
 * out of the branches that ask whether this kernel has them; and 5.10 refuses a program that so
 * much as reaches one that it lacks. */
static __noinline int ancestor_row(struct memcg_sample *row, struct cgroup_subsys_state *css,
				   struct sweep_state *state)
{
	if (!row || !css || !state)
		return 0;
	row_fill(row, css, css->cgroup, state);
	if (compat_vmstats_shape() == VMSTATS_ATOMIC)
		row_vmstats(row, compat_memcg(css), VMSTATS_ATOMIC);
	return 0;
}

SEC("iter/task")
int sweep_ancestors(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct sweep_state *state = sweep_get();
	struct cgroup_subsys_state *css;
	int level;

	/* threads of one process may differ in their cgroups on v1, but the memory is charged to
	 * the leader's */
	if (!task || !state || task->pid != task->tgid)
		return 0;
	css = compat_task_css_direct(task);
	if (!css)
		return 0;
	/* From the root those levels: a container is there, and may nest further ones as deep as it likes. */
	level = css->cgroup->level;
	if (level >= RECORD_LEVELS)
		lost_count(LOST_TOO_DEEP);
	for (int i = 0; i < (int)TRIGGER_DEPTH && css && level >= RECORD_LEVELS; i++, level--)
		css = css->parent;
	for (level = 0; level < RECORD_LEVELS && css; level++) {
		u32 generation = state->generation, *last;
		u64 id = compat_css_id_direct(css);
		struct memcg_sample *row;

		last = bpf_map_lookup_elem(&seen, &id);
		if (last && *last == generation)
			return 0; /* and so were all above it */
		if (bpf_map_update_elem(&seen, &id, &generation, BPF_ANY)) {
			state->rows_lost++;
			return 0;
		}
		row = row_next(state);
		if (!row)
			return 0;
		ancestor_row(row, css, state);
		css = css->parent;
	}
	return 0;
}
