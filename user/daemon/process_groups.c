// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Processes outside containers, grouped into jobs. Reads no file; a process without a known group is a job by itself. */
#include "process_groups.h"

#include <string.h>

#include "base/cleanup.h"

/* By comm, 15 characters of it. A process that takes such a name is spared by it: better one hog too many left to the kernel
 * than a runtime ended. */
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

void process_groups_begin(struct jobs *jobs) { jobs->n_all = 0; }

static struct process_group *job_of(struct jobs *jobs, uint32_t pgid)
{
	for (uint32_t i = 0; i < jobs->n_all; i++)
		if (jobs->all[i].pgid == pgid)
			return &jobs->all[i];
	if (jobs->n_all == PROCESS_GROUPS_SEEN)
		return NULL;
	jobs->all[jobs->n_all] = (struct process_group){.pgid = pgid,
							.leader_start_ns = HR_UNKNOWN,
							.growth_bytes_per_second = HR_UNKNOWN_I64};
	return &jobs->all[jobs->n_all++];
}

void process_groups_add(struct jobs *jobs, const struct task_sample *task, uint32_t own)
{
	struct process_group *job = job_of(jobs, task->pgid ? task->pgid : task->pid);

	if (!job)
		return;
	job->processes++;
	job->rss += task->rss;
	job->flags |= flags_of(task, own);
	if (task->pid == job->pgid)
		job->leader_start_ns = task->start_boottime_ns;
	if (job->pid && task->rss <= job->largest_rss)
		return;
	job->pid = task->pid;
	job->start_boottime_ns = task->start_boottime_ns;
	job->memcg_id = task->memcg_id;
	job->largest_rss = task->rss;
	job->flags &= ~PGROUP_EXEMPT;
	if (task->oom_score_adj == PROCESS_GROUPS_EXEMPT)
		job->flags |= PGROUP_EXEMPT;
	memcpy(job->comm, task->comm, sizeof(job->comm));
}

struct process_group *process_groups_add_member(struct jobs *jobs, const struct task_sample *task)
{
	uint32_t pgid = task->pgid ? task->pgid : task->pid;

	for (uint32_t i = 0; i < jobs->n_all; i++)
		if (jobs->all[i].pgid == pgid)
			return jobs->all[i].pid == task->pid ? NULL : &jobs->all[i];
	return NULL;
}

static const struct process_groups_seen *seen_before(const struct jobs *jobs, uint32_t pgid)
{
	for (uint32_t i = 0; i < jobs->n_before; i++)
		if (jobs->before[i].pgid == pgid)
			return &jobs->before[i];
	return NULL;
}

/* Began after the last pass: all that it holds has come since. */
static bool newborn(const struct jobs *jobs, const struct process_group *job)
{
	return job->start_boottime_ns > jobs->pass_boot_ns &&
	       (job->leader_start_ns == HR_UNKNOWN || job->leader_start_ns > jobs->pass_boot_ns);
}

static void find_growth(struct jobs *jobs, uint64_t elapsed_ns)
{
	for (uint32_t i = 0; i < jobs->n_all && elapsed_ns; i++) {
		struct process_group *job = &jobs->all[i];
		const struct process_groups_seen *seen = seen_before(jobs, job->pgid);
		double grown = (double)job->rss;

		if (seen ? seen->leader_start_ns != job->leader_start_ns : !newborn(jobs, job))
			continue;
		grown -= seen ? (double)seen->rss : 0;
		job->growth_bytes_per_second = (int64_t)(grown * 1e9 / (double)elapsed_ns);
	}
}

/* The largest ones, by insertion: qsort() would allocate. */
static void keep_largest(struct jobs *jobs)
{
	jobs->n = 0;
	for (uint32_t i = 0; i < jobs->n_all; i++) {
		uint32_t at = jobs->n;

		while (at > 0 && jobs->job[at - 1].rss < jobs->all[i].rss)
			at--;
		if (at == POLICY_PROCESS_GROUPS)
			continue;
		if (jobs->n < POLICY_PROCESS_GROUPS)
			jobs->n++;
		memmove(&jobs->job[at + 1], &jobs->job[at],
			(jobs->n - at - 1) * sizeof(*jobs->job));
		jobs->job[at] = jobs->all[i];
	}
}

void process_groups_end(struct jobs *jobs, uint64_t now_ns, uint64_t boot_ns)
{
	find_growth(jobs, jobs->pass_ns ? now_ns - jobs->pass_ns : 0);
	jobs->pass_ns = now_ns;
	jobs->pass_boot_ns = boot_ns;
	jobs->n_before = jobs->n_all;
	for (uint32_t i = 0; i < jobs->n_all; i++)
		jobs->before[i] = (struct process_groups_seen){
			.pgid = jobs->all[i].pgid,
			.rss = jobs->all[i].rss,
			.leader_start_ns = jobs->all[i].leader_start_ns};
	keep_largest(jobs);
}
