/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * All drift between kernels, 5.10 to 7.x: a flavour (struct x___since) for each shape that changed,
 * one accessor for each fact, with the version where it changed. Which shape runs is asked of BTF
 * (CO-RE), never of a version number. The rest of bpf/ knows one kernel only: this header.
 */
#ifndef HEADROOM_COMPAT_BPF_H
#define HEADROOM_COMPAT_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "bpf_config.h"

/* Set by the loader before the load, so that the verifier drops what cannot be. */
const volatile struct bpf_config config SEC(".rodata.config") = {.page_shift = 12, .cpus = 1};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Task RSS: an array of atomics inside struct mm_rss_stat up to 6.1; an array of percpu_counter
 * since 6.2 (f1a7941243c1, "mm: convert mm's rss stats into percpu_counter"). */
struct mm_rss_stat___510 {
	atomic_long_t count[4];
};
struct mm_struct___510 {
	struct mm_rss_stat___510 rss_stat;
};
struct percpu_counter {
	s64 count;
	s32 *counters;
};
struct mm_struct___602 {
	struct percpu_counter rss_stat[4];
};

/* memcg counters: an array of atomics inside mem_cgroup up to 5.12; since 5.13 rstat (2d146aa3aa84,
 * "mm: memcontrol: switch to rstat"), late until a flush; behind a pointer since 6.0.
 * state[] holds every item up to 6.9; since 6.10 only those that are used, through an index table
 * (ff48c71c26aa, "memcg: reduce memory for the lruvec and memcg stats"). The embedded rstat shape
 * of 5.13 to 5.19 is not read: nothing there could flush it, so memory.stat is better. */
struct mem_cgroup___510 {
	atomic_long_t vmstats[64];
};
struct memcg_vmstats___600 {
	long state[64];
};
struct mem_cgroup___600 {
	struct memcg_vmstats___600 *vmstats;
};

/* PSI of a cgroup: embedded up to 5.19, a pointer since 6.0 (57899a6610e6). */
struct cgroup___510 {
	struct psi_group psi;
};
struct cgroup___600 {
	struct psi_group *psi;
};

/* total[NR_PSI_AGGREGATORS][NR_PSI_STATES - 1] and avg[NR_PSI_STATES - 1][3] of a psi_group: pahole
 * wrote flat arrays to BTF until 1.29 or so. The memory is the same. */
struct psi_group___nested {
	u64 total[2][6];
	unsigned long avg[6][3];
};

/* How many of its css_sets hold tasks: of the cgroup up to 7.0, of its self css later (each css
 * counts its own). */
struct cgroup___populated {
	int nr_populated_csets;
};
struct cgroup_subsys_state___702 {
	int nr_populated_csets;
};

/* A per-CPU array map: where its element 0 is, as a per-CPU pointer. */
struct bpf_array {
	void *pptrs[0];
};

/* v1 only, compiled out where CONFIG_MEMCG_V1=n (since 6.11): kernel memory, and how many groups
 * from here up are under OOM. */
struct mem_cgroup___v1 {
	struct page_counter kmem;
	int under_oom;
};

#pragma clang attribute pop

/* MM_FILEPAGES …: include/linux/mm_types_task.h, the same on all */
enum { RSS_FILE, RSS_ANON, RSS_SWAP, RSS_SHMEM };

/* An index that the compiler does not see as a constant is multiplied by the size of our struct,
 * not the kernel's. */
static __always_inline struct percpu_counter *compat_rss_counter(struct mm_struct *mm, int member)
{
	return (void *)mm + bpf_core_field_offset(((struct mm_struct___602 *)mm)->rss_stat) +
	       member * bpf_core_type_size(struct percpu_counter);
}

static __always_inline bool compat_rss_is_atomic(void)
{
	return bpf_core_field_exists(((struct mm_struct___510 *)0)->rss_stat.count);
}

/* Pages, not below 0. Up to 6.1 late by at most 64 pages a thread (per-task caching); later by
 * (CPUs × batch). */
static __always_inline u64 compat_rss(struct mm_struct *mm, int member)
{
	long pages;

	if (compat_rss_is_atomic())
		pages = BPF_CORE_READ((struct mm_struct___510 *)mm, rss_stat.count[member].counter);
	else
		pages = BPF_CORE_READ(compat_rss_counter(mm, member), count);
	return pages < 0 ? 0 : pages;
}

/* The memory css that charges this task; on v2 that may be an ancestor's of its cgroup. */
static __always_inline struct cgroup_subsys_state *compat_task_css(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	bpf_core_read(&css, sizeof(css),
		      &set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)]);
	return css;
}

/* The cgroup's own memory css, or NULL: it has none, or what stands there is an ancestor's. */
static __always_inline struct cgroup_subsys_state *compat_cgroup_css(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css = NULL;

	bpf_core_read(&css, sizeof(css),
		      &cgrp->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)]);
	if (!css || BPF_CORE_READ(css, cgroup) != cgrp)
		return NULL;
	return css;
}

/*
 * The same by plain loads, for iterators: their ctx->task and ctx->cgroup are pointers that the
 * verifier knows by BTF, and so is what is reached from them; a load costs a tenth of a
 * bpf_probe_read_kernel() call.
 */
static __always_inline struct cgroup_subsys_state *compat_task_css_direct(struct task_struct *task)
{
	return task->cgroups->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)];
}

static __always_inline struct cgroup_subsys_state *compat_cgroup_css_direct(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css =
		cgrp->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)];

	return css && css->cgroup == cgrp ? css : NULL;
}

static __always_inline u64 compat_css_id_direct(struct cgroup_subsys_state *css)
{
	return css ? css->cgroup->kn->id : 0;
}

static __always_inline u64 compat_rss_direct(struct mm_struct *mm, const int member)
{
	long pages;

	/* An atomic inside an array inside a struct is more than the verifier of 6.1 can follow. */
	if (compat_rss_is_atomic())
		return compat_rss(mm, member);
	pages = compat_rss_counter(mm, member)->count;
	return pages < 0 ? 0 : pages;
}

/* css is the first member of struct mem_cgroup, on all kernels. */
static __always_inline struct mem_cgroup *compat_memcg(struct cgroup_subsys_state *css)
{
	return (struct mem_cgroup *)css;
}

static __always_inline u64 compat_css_id(struct cgroup_subsys_state *css)
{
	return css ? BPF_CORE_READ(css, cgroup, kn, id) : 0;
}

/* A page_counter in one read instead of six. Its layout moved (6.11 pads it to cache lines): fields
 * by their offset. */
#define COMPAT_COUNTER_BYTES 256
struct compat_counter {
	u8 bytes[COMPAT_COUNTER_BYTES];
};

#define compat_counter_read(copy, memcg, counter)                                            \
	bpf_probe_read_kernel((copy)->bytes,                                                 \
			      bpf_core_type_size(struct page_counter) < COMPAT_COUNTER_BYTES \
				      ? bpf_core_type_size(struct page_counter)              \
				      : COMPAT_COUNTER_BYTES,                                \
			      __builtin_preserve_access_index(&(memcg)->counter))
#define compat_counter_field(copy, field) \
	(*(u64 *)((copy)->bytes + bpf_core_field_offset(struct page_counter, field)))

/* All of memory_events[] in one read. */
#define COMPAT_EVENTS 16
#define compat_events_read(copy, memcg, array)                                   \
	bpf_probe_read_kernel(copy,                                              \
			      bpf_core_field_size((memcg)->array) < sizeof(copy) \
				      ? bpf_core_field_size((memcg)->array)      \
				      : sizeof(copy),                            \
			      __builtin_preserve_access_index(&(memcg)->array))
#define compat_events_one(copy, event)                                          \
	(bpf_core_enum_value_exists(enum memcg_memory_event, event)             \
		 ? (copy)[bpf_core_enum_value(enum memcg_memory_event, event) & \
			  (COMPAT_EVENTS - 1)]                                  \
		 : RECORD_UNKNOWN)

/* Indices of memory_events[] moved: ask by name. RECORD_UNKNOWN where this kernel has no such
 * event. */
#define compat_event(memcg, array, event)                                                          \
	({                                                                                         \
		u64 count_ = RECORD_UNKNOWN;                                                       \
		if (bpf_core_enum_value_exists(enum memcg_memory_event, event)) {                  \
			long raw_ = 0;                                                             \
			bpf_core_read(&raw_, sizeof(raw_),                                         \
				      &(memcg)->array[bpf_core_enum_value(enum memcg_memory_event, \
									  event)]);                \
			count_ = raw_;                                                             \
		}                                                                                  \
		count_;                                                                            \
	})

/* memory.oom.group (4.19); v1 has no file that could set it. */
static __always_inline bool compat_oom_group(struct mem_cgroup *memcg)
{
	return bpf_core_field_exists(memcg->oom_group) && BPF_CORE_READ(memcg, oom_group);
}

enum compat_vmstats { VMSTATS_NONE, VMSTATS_ATOMIC, VMSTATS_PLAIN, VMSTATS_COMPACTED };

static __always_inline enum compat_vmstats compat_vmstats_shape(void)
{
	if (bpf_core_field_exists(((struct mem_cgroup___510 *)0)->vmstats))
		return VMSTATS_ATOMIC;
	if (!bpf_core_field_exists(((struct mem_cgroup___600 *)0)->vmstats))
		return VMSTATS_NONE;
	if (bpf_core_field_size(((struct memcg_vmstats___600 *)0)->state) / sizeof(long) ==
	    bpf_core_enum_value(enum memcg_stat_item, MEMCG_NR_STAT))
		return VMSTATS_PLAIN;
	return config.stats_index ? VMSTATS_COMPACTED : VMSTATS_NONE;
}

/* One counter of the memcg and all below it, in the kernel's own unit (pages; bytes for *_B).
 * `shape` as above. */
static __always_inline u64 compat_vmstats_read(struct mem_cgroup *memcg, enum compat_vmstats shape,
					       u32 item)
{
	const u8 *table = (const u8 *)config.stats_index;
	struct memcg_vmstats___600 *vmstats;
	u8 first = 0, index = 0;
	long value = 0;

	if (shape == VMSTATS_ATOMIC) {
		bpf_core_read(&value, sizeof(value),
			      &((struct mem_cgroup___510 *)memcg)->vmstats[item]);
		return value < 0 ? 0 : value;
	}
	vmstats = BPF_CORE_READ((struct mem_cgroup___600 *)memcg, vmstats);
	if (shape == VMSTATS_COMPACTED) {
		/* 6.10 and 6.11 count from 1, later kernels from 0. The first item of the table is
		 * the same on all. */
		bpf_probe_read_kernel(
			&first, 1,
			table + bpf_core_enum_value(enum node_stat_item, NR_INACTIVE_ANON));
		bpf_probe_read_kernel(&index, 1, table + item);
		item = (u8)(index - first);
	}
	bpf_core_read(&value, sizeof(value), &vmstats->state[item]);
	return value < 0 ? 0 : value;
}

static __always_inline struct psi_group *compat_psi(struct cgroup *cgrp)
{
	if (bpf_core_field_exists(((struct cgroup___600 *)cgrp)->psi))
		return BPF_CORE_READ((struct cgroup___600 *)cgrp, psi);
	return __builtin_preserve_access_index(&((struct cgroup___510 *)cgrp)->psi);
}

/* Init of its own pid namespace? numbers[] ends with the innermost. */
static __always_inline bool compat_is_init(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	unsigned int level = BPF_CORE_READ(pid, level);
	int nr = 0;

	if (!pid)
		return false;
	bpf_core_read(&nr, sizeof(nr),
		      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      (u64)level * bpf_core_type_size(struct upid));
	return nr == 1;
}

/* Time stalled since boot, ns: the first aggregator's (PSI_AVGS) row. Up to 2 s late: only a reader
 * of the file, or the averages' own timer, brings it up to date. */
static __always_inline u64 compat_psi_total(struct psi_group *psi, u32 state)
{
	u32 at = bpf_core_field_exists(psi->total)
			 ? bpf_core_field_offset(psi->total)
			 : bpf_core_field_offset(((struct psi_group___nested *)psi)->total);
	u64 total = 0;

	bpf_probe_read_kernel(&total, sizeof(total), (void *)psi + at + state * sizeof(total));
	return total;
}

/* Share of time over the last 10 s, in hundredths of a percent; fixed point, 11 bits
 * (include/linux/sched/loadavg.h). */
static __always_inline u32 compat_psi_avg10(struct psi_group *psi, u32 state)
{
	u32 at = bpf_core_field_exists(psi->avg)
			 ? bpf_core_field_offset(psi->avg)
			 : bpf_core_field_offset(((struct psi_group___nested *)psi)->avg);
	unsigned long avg = 0;

	bpf_probe_read_kernel(&avg, sizeof(avg), (void *)psi + at + 3 * state * sizeof(avg));
	return (u64)avg * 100 >> 11;
}

/* By plain loads: for iterators. */
static __always_inline bool compat_has_tasks(struct cgroup *cgrp)
{
	if (bpf_core_field_exists(((struct cgroup___populated *)cgrp)->nr_populated_csets))
		return ((struct cgroup___populated *)cgrp)->nr_populated_csets > 0;
	return ((struct cgroup_subsys_state___702 *)&cgrp->self)->nr_populated_csets > 0;
}

/* Bytes of kernel memory as v1 counts them. */
static __always_inline u64 compat_kmem(struct mem_cgroup *memcg)
{
	struct mem_cgroup___v1 *v1 = (struct mem_cgroup___v1 *)memcg;

	return bpf_core_field_exists(v1->kmem)
		       ? (u64)BPF_CORE_READ(v1, kmem.usage.counter) << config.page_shift
		       : RECORD_UNKNOWN;
}

static __always_inline bool compat_under_oom(struct mem_cgroup *memcg)
{
	struct mem_cgroup___v1 *v1 = (struct mem_cgroup___v1 *)memcg;

	return bpf_core_field_exists(v1->under_oom) && BPF_CORE_READ(v1, under_oom) > 0;
}

#endif
