// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The attach plan's table. Nothing is loaded here, nothing decided: order is preference, and a gate
 * only avoids a try that cannot succeed.
 */
#include <string.h>
#include <linux/types.h>
#include "../../bpf/bpf_config.h" /* the skeletons name its struct */
#include "lifecycle.skel.h"
#include "oom.skel.h"
#include "reclaim.skel.h"
#include "reflex.skel.h"
#include "sweep_cgroup.skel.h"
#include "sweep_ancestors.skel.h"
#include "sweep_task.skel.h"
#include "threshold_timer.skel.h"
#include "base/cleanup.h"
#include "attach_plan.h"

/* clang-format off */
#define NONE { .name = "none" }
#define USES(from, ...) .object = from, .programs = { __VA_ARGS__ }

const struct plan_signal plan[SIGNAL_COUNT] = {
	[SIGNAL_OOM_KILL] = { "oom_kill", "victim, allocating task, limit", {
		/* oom_control has the memcg at its limit. fentry costs less than a kprobe. */
		{ .name = "mark_victim + fentry",
		  USES("oom", "oom_signal", "oom_mark_victim", "oom_fentry") },
		{ .name = "mark_victim + kprobe",
		  USES("oom", "oom_signal", "oom_mark_victim", "oom_kprobe"),
		  .needs = NEEDS(FEATURE_KPROBE) },
		{ .name = "mark_victim, limit inferred",
		  USES("oom", "oom_signal", "oom_mark_victim") },
		{ .name = "memory.events" },	/* that it happened, and in which group; not the victim */
	} },
	[SIGNAL_STALLS] = { "reclaim_stalls", "how long threads of a group wait for reclaim", {
		{ .name = "vmscan tracepoints",
		  USES("reclaim", "reclaim_direct_begin", "reclaim_direct_end",
		       "reclaim_memcg_begin", "reclaim_memcg_end") },
		{ .name = "memory.pressure" },
	} },
	[SIGNAL_KSWAPD] = { "kswapd", "how often the host's reclaim is woken", {
		{ .name = "vmscan tracepoint", USES("reclaim", "reclaim_kswapd_wake") },
		NONE,
	} },
	[SIGNAL_THROTTLED] = { "throttled", "how long allocations are held back", {
		{ .name = "vmscan tracepoint", USES("reclaim", "reclaim_throttled") },	/* since 5.16 */
		NONE,
	} },
	[SIGNAL_LIFECYCLE] = { "lifecycle", "cgroups that come and go", {
		{ .name = "cgroup tracepoints",
		  USES("lifecycle", "lifecycle_mkdir", "lifecycle_rmdir") },
		{ .name = "difference of sweeps" },
	} },
	[SIGNAL_EXEC] = { "exec", "programs started, watched ones that exit, victims' arguments", {
		{ .name = "sched tracepoints",
		  USES("lifecycle", "lifecycle_exec", "lifecycle_exit") },
		NONE,
	} },
	[SIGNAL_OOM_SCORE_ADJ] = { "oom_score_adj", "changes of oom_score_adj", {
		{ .name = "oom tracepoint",
		  USES("lifecycle", "lifecycle_oom_score_adj") },
		NONE,
	} },
	[SIGNAL_SWEEP] = { "memcg_sweep", "usage, limits and events of every memory cgroup", {
		{ .name = "iter/cgroup, memcg kfuncs", USES("sweep_cgroup", "sweep_cgroup_kfuncs"),
		  .needs = NEEDS(FEATURE_ITER_CGROUP) | NEEDS(FEATURE_MEMCG_KFUNCS) },
		{ .name = "iter/cgroup, rstat flush", USES("sweep_cgroup", "sweep_cgroup_rstat"),
		  .needs = NEEDS(FEATURE_ITER_CGROUP) | NEEDS(FEATURE_RSTAT_FLUSH) |
			   NEEDS(FEATURE_VMSTATS_INDEXED) },
		{ .name = "iter/cgroup", USES("sweep_cgroup", "sweep_cgroup"),
		  .needs = NEEDS(FEATURE_ITER_CGROUP) },
		{ .name = "iter/task climb", USES("sweep_ancestors", "sweep_ancestors") },
		{ .name = "cgroup files" },
	} },
	/* Which programs give the statistics is settled by which sweep runs. */
	[SIGNAL_STAT] = { "memcg_stat", "anon, file, slab … of a memory cgroup", {
		{ .name = "memcg kfuncs", .with = "iter/cgroup, memcg kfuncs" },
		{ .name = "vmstats, rstat flush", .with = "iter/cgroup, rstat flush" },
		{ .name = "vmstats, atomic", .with = "iter/task climb",
		  .needs = NEEDS(FEATURE_VMSTATS_ATOMIC) },
		{ .name = "memory.stat" },
	} },
	[SIGNAL_TASKS] = { "tasks", "resident memory of every process, processes of every group", {
		{ .name = "iter/task", USES("sweep_task", "sweep_task") },
		NONE,
	} },
	/* Order of programs: where reclaim begins, then the hot one. trigger_bpf.c attaches them. */
	[SIGNAL_REFLEX] = { "reflex", "SIGKILL in the kernel for a task that charges past a threshold", {
		{ .name = "rss_stat + reclaim, any task", .late = true,
		  USES("reflex", "reflex_reclaim_any", "reflex_rss_any"),
		  .needs = NEEDS(FEATURE_SEND_TASK) | NEEDS(FEATURE_CURRENT_BTF) },
		{ .name = "rss_stat + reclaim", .late = true,
		  USES("reflex", "reflex_reclaim", "reflex_rss"),
		  .needs = NEEDS(FEATURE_CURRENT_BTF) },
		{ .name = "rss_stat + reclaim, probing", .late = true,
		  USES("reflex", "reflex_reclaim", "reflex_rss_probe") },
		{ .name = "reclaim only", .late = true, USES("reflex", "reflex_reclaim") },
		NONE,
	} },
	[SIGNAL_THRESHOLD] = { "tripwire", "at once, when a group crosses a threshold", {
		{ .name = "eventfd", .needs = NEEDS(FEATURE_V1) },
		{ .name = "BPF timer", .late = true, USES("threshold_timer", "threshold_timer_find"),
		  .needs = NEEDS(FEATURE_ITER_CGROUP) | NEEDS(FEATURE_TIMER) },
		{ .name = "rss_stat while close", .late = true,
		  USES("reflex", "reflex_rss_probe") },
		{ .name = "close watch" },	/* the daemon's, 20 a second */
	} },
};
/* clang-format on */

unsigned int plan_variants(const struct plan_signal *signal)
{
	unsigned int n = 0;

	while (n < PLAN_VARIANTS && signal->variants[n].name)
		n++;
	return n;
}

static const struct {
	const char *name;
	const void *(*elf)(size_t *ret_bytes);
} objects[] = {
	{"lifecycle", lifecycle_bpf__elf_bytes},
	{"oom", oom_bpf__elf_bytes},
	{"reclaim", reclaim_bpf__elf_bytes},
	{"sweep_cgroup", sweep_cgroup_bpf__elf_bytes},
	{"sweep_ancestors", sweep_ancestors_bpf__elf_bytes},
	{"sweep_task", sweep_task_bpf__elf_bytes},
	{"reflex", reflex_bpf__elf_bytes},
	{"threshold_timer", threshold_timer_bpf__elf_bytes},
};

const void *plan_object(const char *name, size_t *ret_bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (strcmp(objects[i].name, name) == 0)
			return objects[i].elf(ret_bytes);
	return NULL;
}
