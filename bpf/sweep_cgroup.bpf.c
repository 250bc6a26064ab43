// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The sweep by iter/cgroup: one visit to every cgroup, parents first, one row each into a mapped
 * array. The walk holds cgroup_mutex: it belongs into a worker thread, never on the daemon's loop.
 *
 * Three programs, for three ways to current statistics: flushed through the memcg kfuncs (7.x),
 * flushed through cgroup_rstat_flush (6.1 to 6.15), or not at all. Not the seq output: that stops
 * after one buffer of 32 KiB.
 */
#include "memcg_row.bpf.h"

extern void cgroup_rstat_flush(struct cgroup *cgrp) __ksym __weak;
extern struct mem_cgroup *bpf_get_mem_cgroup(struct cgroup_subsys_state *css) __ksym __weak;
extern void bpf_put_mem_cgroup(struct mem_cgroup *memcg) __ksym __weak;
extern void bpf_mem_cgroup_flush_stats(struct mem_cgroup *memcg) __ksym __weak;
extern unsigned long bpf_mem_cgroup_page_state(struct mem_cgroup *memcg, int item) __ksym __weak;

static __always_inline struct memcg_sample *sweep_row(struct cgroup *cgrp,
						      struct cgroup_subsys_state **ret_css)
{
	struct cgroup_subsys_state *css = compat_cgroup_css_direct(cgrp);
	struct sweep_state *state = sweep_get();
	struct memcg_sample *row;

	if (!css || !state)
		return NULL;
	row = row_next(state);
	if (row)
		row_fill(row, css, cgrp, state);
	*ret_css = css;
	return row;
}

/* No flush. Where the counters are atomics they need none, but that kernel (5.10) has no
 * iter/cgroup. */
SEC("iter/cgroup")
int sweep_cgroup(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;
	struct cgroup_subsys_state *css;

	if (cgrp)
		sweep_row(cgrp, &css);
	return 0;
}

SEC("iter.s/cgroup")
int sweep_cgroup_rstat(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;
	enum compat_vmstats shape = compat_vmstats_shape();
	struct cgroup_subsys_state *css = NULL;
	struct memcg_sample *row;

	if (!cgrp)
		return 0;
	if (ctx->meta->seq_num == 0) /* the topmost: brings all below it up to date */
		cgroup_rstat_flush(cgrp);
	row = sweep_row(cgrp, &css);
	if (row && shape != VMSTATS_NONE)
		row_vmstats(row, compat_memcg(css), shape);
	return 0;
}

#define state_bytes(memcg, item) \
	bpf_mem_cgroup_page_state(memcg, bpf_core_enum_value(enum node_stat_item, item))

/* The kernel's own functions give bytes (events in ones), and are as fresh as memory.stat. v2 and
 * v1 alike. */
static __always_inline void row_kfuncs(struct memcg_sample *row, struct mem_cgroup *memcg)
{
#define ITEM_PAGES(item)                                    state_bytes(memcg, item)
#define ITEM_BYTES(item)                                    state_bytes(memcg, item)
#define ITEM_EVENTS(item)                                   state_bytes(memcg, item)
#define HR_MEMORY_STAT(name, unit, kind, meaning, bpf, ...) HR_APPLY(STAT_READ, name, bpf)
#define HR_COUNTER(name, unit, kind, meaning, bpf, ...)     HR_APPLY(STAT_READ, name, bpf)
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
#undef ITEM_PAGES
#undef ITEM_BYTES
#undef ITEM_EVENTS
	row->kernel = bpf_mem_cgroup_page_state(
		memcg, bpf_core_enum_value(enum memcg_stat_item, MEMCG_KMEM));
	row_stat_done(row);
}

SEC("iter.s/cgroup")
int sweep_cgroup_kfuncs(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;
	struct cgroup_subsys_state *css;
	struct memcg_sample *row;
	struct mem_cgroup *memcg;

	if (!cgrp)
		return 0;
	row = sweep_row(cgrp, &css);
	if (!row)
		return 0;
	memcg = bpf_get_mem_cgroup(&cgrp->self);
	if (!memcg)
		return 0;
	if (ctx->meta->seq_num == 0)
		bpf_mem_cgroup_flush_stats(memcg);
	row_kfuncs(row, memcg);
	bpf_put_mem_cgroup(memcg);
	return 0;
}
