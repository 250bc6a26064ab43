// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A process with an unknown group is a group by itself. Reads no file. */
#include "process_groups.h"

#include <string.h>

#include "base/cleanup.h"

/* By comm, its first 15 characters. A process can spare itself with such a name: to leave one process to the kernel is
 * better than to kill a runtime. */
static const char *const runtimes[] = {
	"dockerd",        "docker-proxy", "containerd", "containerd-shim",
	"conmon",         "crio",         "kubelet",    "podman",
	"runc",           "crun",         "lxc-start",  "lxc-monitord",
	"systemd-nspawn", "k3s-server",
};

static bool is_runtime(const char comm[RECORD_COMM])
{
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (!strncmp(comm, runtimes[i], RECORD_COMM - 1))
			return true;
	return false;
}

static uint32_t flags_of(const struct task_sample *task, uint32_t own)
{
	uint32_t flags = task->pid == 1 ? PGROUP_INIT : 0;

	if (is_runtime(task->comm))
		flags |= PGROUP_RUNTIME;
	if (task->pgid == own)
		flags |= PGROUP_SELF;
	return flags;
}

void process_groups_begin(struct process_groups *groups) { groups->n_all = 0; }

static struct process_group *group_of(struct process_groups *groups, uint32_t pgid)
{
	for (uint32_t i = 0; i < groups->n_all; i++)
		if (groups->all[i].pgid == pgid)
			return &groups->all[i];
	if (groups->n_all == PROCESS_GROUPS_SEEN)
		return NULL;
	groups->all[groups->n_all] =
		(struct process_group){.pgid = pgid,
				       .leader_start_ns = HR_UNKNOWN,
				       .growth_bytes_per_second = HR_UNKNOWN_I64};
	return &groups->all[groups->n_all++];
}

void process_groups_add(struct process_groups *groups, const struct task_sample *task, uint32_t own)
{
	struct process_group *group = group_of(groups, task->pgid ? task->pgid : task->pid);

	if (!group)
		return;
	group->processes++;
	group->rss += task->rss;
	group->flags |= flags_of(task, own);
	if (task->pid == group->pgid)
		group->leader_start_ns = task->start_boottime_ns;
	if (group->pid && task->rss <= group->largest_rss)
		return;
	group->pid = task->pid;
	group->start_boottime_ns = task->start_boottime_ns;
	group->memcg_id = task->memcg_id;
	group->largest_rss = task->rss;
	group->flags &= ~PGROUP_EXEMPT;
	if (task->oom_score_adj == PROCESS_GROUPS_EXEMPT)
		group->flags |= PGROUP_EXEMPT;
	memcpy(group->comm, task->comm, sizeof(group->comm));
}

struct process_group *process_groups_of_member(struct process_groups *groups,
					       const struct task_sample *task)
{
	uint32_t pgid = task->pgid ? task->pgid : task->pid;

	for (uint32_t i = 0; i < groups->n_all; i++)
		if (groups->all[i].pgid == pgid)
			return groups->all[i].pid == task->pid ? NULL : &groups->all[i];
	return NULL;
}

static const struct process_groups_seen *seen_before(const struct process_groups *groups,
						     uint32_t pgid)
{
	for (uint32_t i = 0; i < groups->n_before; i++)
		if (groups->before[i].pgid == pgid)
			return &groups->before[i];
	return NULL;
}

/* Began after the last pass: all that it holds has come since. */
static bool newborn(const struct process_groups *groups, const struct process_group *group)
{
	return group->start_boottime_ns > groups->pass_boot_ns &&
	       (group->leader_start_ns == HR_UNKNOWN ||
		group->leader_start_ns > groups->pass_boot_ns);
}

static void find_growth(struct process_groups *groups, uint64_t elapsed_ns)
{
	for (uint32_t i = 0; i < groups->n_all && elapsed_ns; i++) {
		struct process_group *group = &groups->all[i];
		const struct process_groups_seen *seen = seen_before(groups, group->pgid);
		double grown = (double)group->rss;

		if (seen ? seen->leader_start_ns != group->leader_start_ns
			 : !newborn(groups, group))
			continue;
		grown -= seen ? (double)seen->rss : 0;
		group->growth_bytes_per_second = (int64_t)(grown * 1e9 / (double)elapsed_ns);
	}
}

/* The largest ones, by insertion: qsort() would allocate. */
static void keep_largest(struct process_groups *groups)
{
	groups->n = 0;
	for (uint32_t i = 0; i < groups->n_all; i++) {
		uint32_t at = groups->n;

		while (at > 0 && groups->group[at - 1].rss < groups->all[i].rss)
			at--;
		if (at == POLICY_PROCESS_GROUPS)
			continue;
		if (groups->n < POLICY_PROCESS_GROUPS)
			groups->n++;
		memmove(&groups->group[at + 1], &groups->group[at],
			(groups->n - at - 1) * sizeof(*groups->group));
		groups->group[at] = groups->all[i];
	}
}

void process_groups_end(struct process_groups *groups, uint64_t now_ns, uint64_t boot_ns)
{
	find_growth(groups, groups->pass_ns ? now_ns - groups->pass_ns : 0);
	groups->pass_ns = now_ns;
	groups->pass_boot_ns = boot_ns;
	groups->n_before = groups->n_all;
	for (uint32_t i = 0; i < groups->n_all; i++)
		groups->before[i] = (struct process_groups_seen){
			.pgid = groups->all[i].pgid,
			.rss = groups->all[i].rss,
			.leader_start_ns = groups->all[i].leader_start_ns};
	keep_largest(groups);
}
