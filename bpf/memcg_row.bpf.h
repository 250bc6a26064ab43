/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One memcg as a row of the sweep. Included by the two sweeps; writes to the mapped array only.
 *
 * usage, limits and events are the kernel's own counters, current at the moment. The stat block is
 * filled only where it is current, too (SAMPLE_STAT): from atomics (5.10: at most 32 pages × CPUs
 * late), or after a flush. Unflushed rstat counters are up to 2.1 s old: those are left to
 * memory.stat.
 */
#ifndef HEADROOM_MEMCG_ROW_BPF_H
#define HEADROOM_MEMCG_ROW_BPF_H

#include "common.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, u32);
	__type(value, struct memcg_sample);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sweep_state);
} sweep SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, u64);
	__type(value, struct pids_value);
} pids SEC(".maps");

static __always_inline struct sweep_state *sweep_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&sweep, &zero);
}

/* The next free row, or NULL (counted): the array is full. */
static __always_inline struct memcg_sample *row_next(struct sweep_state *state)
{
	u32 index = state->rows;
	struct memcg_sample *row = bpf_map_lookup_elem(&rows, &index);

	if (row)
		state->rows = index + 1;
	else
		state->rows_lost++;
	return row;
}

static __always_inline void row_psi(struct memcg_sample *row, struct cgroup *cgrp)
{
	const u32 some = bpf_core_enum_value(enum psi_states, PSI_MEM_SOME);
	const u32 full = bpf_core_enum_value(enum psi_states, PSI_MEM_FULL);
	/* the root's is the host's, and kept elsewhere */
	struct psi_group *psi = (config.flags & CONFIG_PSI) && row->level ? compat_psi(cgrp) : NULL;

	row->psi_some_us = row->psi_full_us = RECORD_UNKNOWN;
	row->psi_some_avg10_centi = row->psi_full_avg10_centi = ~0u;
	if (!psi)
		return;
	row->psi_some_us = compat_psi_total(psi, some) / 1000;
	row->psi_full_us = compat_psi_total(psi, full) / 1000;
	row->psi_some_avg10_centi = compat_psi_avg10(psi, some);
	row->psi_full_avg10_centi = compat_psi_avg10(psi, full);
}

static __always_inline void row_events(struct memcg_sample *row, struct mem_cgroup *memcg)
{
	u64 events[COMPAT_EVENTS] = {};

	/* v2: with all below, as memory.events; v1 counts its own only */
	compat_events_read(events, memcg, memory_events);
#define EVENT_READ(name, how, ...)                    EVENT_READ_##how(name, __VA_ARGS__)
#define EVENT_READ_EVENT(name, item)                  row->event_##name = compat_events_one(events, item);
#define HR_EVENT(name, unit, kind, meaning, bpf, ...) HR_APPLY(EVENT_READ, name, bpf)
#include <headroom/fields.def>
	row->own_oom_kills = compat_event(memcg, memory_events_local, MEMCG_OOM_KILL);
	row->own_oom_groups = compat_event(memcg, memory_events_local, MEMCG_OOM_GROUP_KILL);
	if (compat_oom_group(memcg))
		row->flags |= SAMPLE_OOM_GROUP;
}

static __always_inline void row_counter(struct memcg_sample *row, struct mem_cgroup *memcg,
					bool root)
{
	struct compat_counter copy = {};

	compat_counter_read(&copy, memcg, memory);
#define COUNTER_READ(name, how, ...) COUNTER_READ_##how(name, __VA_ARGS__)
#define COUNTER_READ_PAGE_COUNTER(name, member) \
	row->name = counter_bytes(compat_counter_field(&copy, member));
#define COUNTER_READ_OWN(...)
#define HR_MEMORY(name, unit, kind, meaning, bpf, ...) HR_APPLY(COUNTER_READ, name, bpf)
#define HR_MEMORY_STAT(...)
#define HR_MEMORY_DERIVED(...)
#include <headroom/fields.def>
	if (root)
		row->usage = row->peak = RECORD_UNKNOWN;
}

static __always_inline void row_swap(struct memcg_sample *row, struct mem_cgroup *memcg)
{
	u64 swap, limit;

	if (!(config.flags & CONFIG_V1)) {
		row->swap = counter_bytes(BPF_CORE_READ(memcg, swap.usage.counter));
		row->swap_limit = counter_bytes(BPF_CORE_READ(memcg, swap.max));
		return;
	}
	/* memsw counts both together, and the two counters are not read at one moment */
	swap = counter_bytes(BPF_CORE_READ(memcg, memsw.usage.counter));
	limit = counter_bytes(BPF_CORE_READ(memcg, memsw.max));
	row->swap = swap > row->usage ? swap - row->usage : 0;
	row->swap_limit = RECORD_UNKNOWN;
	if (limit != RECORD_UNKNOWN && row->limit != RECORD_UNKNOWN)
		row->swap_limit = limit > row->limit ? limit - row->limit : 0;
}

static __always_inline void row_stat_unknown(struct memcg_sample *row)
{
#define HR_MEMORY_STAT(name, ...) row->name = RECORD_UNKNOWN;
#define HR_COUNTER(name, ...)     row->name = RECORD_UNKNOWN;
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
}

/* The root charges nothing itself: what it uses is what is mapped and cached on the host, as
 * memory.usage_in_bytes has it. */
static __always_inline void row_stat_done(struct memcg_sample *row)
{
	row->flags |= SAMPLE_STAT;
	if (row->level == 0)
		row->usage = row->anon + row->file;
}

/* The fields of the stat block that are plain items: `ITEM_PAGES(item)`, `ITEM_BYTES(item)` and `ITEM_EVENTS(item)`, which
 * the place of use defines, read one. */
#define STAT_READ(name, how, ...)          STAT_READ_##how(name, __VA_ARGS__)
#define STAT_READ_PAGES(name, item)        row->name = ITEM_PAGES(item);
#define STAT_READ_BYTES_ITEM(name, item)   row->name = ITEM_BYTES(item);
#define STAT_READ_SUM(name, first, second) row->name = ITEM_EVENTS(first) + ITEM_EVENTS(second);
#define STAT_READ_OWN(...)

#define vmstat(memcg, shape, enum_type, item) \
	compat_vmstats_read(memcg, shape, bpf_core_enum_value(enum enum_type, item))

/* The stat block from the memcg's own counters. */
static __always_inline void row_vmstats(struct memcg_sample *row, struct mem_cgroup *memcg,
					enum compat_vmstats shape)
{
	const u32 shift = config.page_shift;

#define ITEM_PAGES(item)                                    (vmstat(memcg, shape, node_stat_item, item) << shift)
#define ITEM_BYTES(item)                                    vmstat(memcg, shape, node_stat_item, item)
#define ITEM_EVENTS(item)                                   vmstat(memcg, shape, node_stat_item, item)
#define HR_MEMORY_STAT(name, unit, kind, meaning, bpf, ...) HR_APPLY(STAT_READ, name, bpf)
#define HR_COUNTER(name, unit, kind, meaning, bpf, ...)     HR_APPLY(STAT_READ, name, bpf)
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
#undef ITEM_PAGES
#undef ITEM_BYTES
#undef ITEM_EVENTS
	if (config.flags & CONFIG_V1)
		row->kernel = compat_kmem(memcg);
	else if (bpf_core_enum_value_exists(enum memcg_stat_item, MEMCG_KMEM)) /* since 5.18 */
		row->kernel = vmstat(memcg, shape, memcg_stat_item, MEMCG_KMEM) << shift;
	else
		row->kernel = (vmstat(memcg, shape, node_stat_item, NR_KERNEL_STACK_KB) << 10) +
			      vmstat(memcg, shape, memcg_stat_item, MEMCG_PERCPU_B) +
			      row->slab_reclaimable +
			      vmstat(memcg, shape, node_stat_item, NR_SLAB_UNRECLAIMABLE_B);
	row_stat_done(row);
}

/* Everything but the stat block. css and cgrp are pointers of an iterator (BTF). */
static __always_inline void row_fill(struct memcg_sample *row, struct cgroup_subsys_state *css,
				     struct cgroup *cgrp, const struct sweep_state *state)
{
	struct cgroup_subsys_state *parent = css->parent;
	struct mem_cgroup *memcg = compat_memcg(css);
	struct pids_value *counted;
	bool uncounted;
	u64 id;

	id = row->id = cgrp->kn->id;
	row->level = cgrp->level;
	row->parent_id = parent && parent->parent ? compat_css_id_direct(parent) : 0;
	row->flags = config.flags & CONFIG_V1 ? SAMPLE_V1 : 0;
	row->reserved = 0;
	if (compat_has_tasks(cgrp))
		row->flags |= SAMPLE_POPULATED | SAMPLE_HAS_TASKS;
	else if (cgrp->nr_populated_domain_children + cgrp->nr_populated_threaded_children > 0)
		row->flags |= SAMPLE_POPULATED;
	if ((config.flags & CONFIG_V1) && compat_under_oom(memcg))
		row->flags |= SAMPLE_UNDER_OOM;

	row_counter(row, memcg, !parent);
	row_swap(row, memcg);
	row_events(row, memcg);
	row_psi(row, cgrp);
	row_stat_unknown(row);
	if (config.flags & CONFIG_V1) /* a counter, as current as the usage */
		row->kernel = compat_kmem(memcg);

	counted = state->task_generation ? bpf_map_lookup_elem(&pids, &id) : NULL;
	/* With tasks of which the last walk saw none: it shows the tasks of our PID namespace only (task_seq_get_next()), or
	 * they are newer. */
	uncounted = !state->task_generation || (row->flags & SAMPLE_HAS_TASKS);
	row->pids = uncounted ? ~0u : 0;
	row->rss = uncounted ? RECORD_UNKNOWN : 0;
	if (counted && counted->generation == state->task_generation) {
		row->pids = counted->count;
		row->rss = counted->rss;
	}
}

#endif
