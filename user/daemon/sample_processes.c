// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The process lists: the largest processes of each cgroup, and of all outside containers. */
#include "sampling.h"

#include <errno.h>
#include <string.h>

#include "degraded.h"

#define ROWS_MANY 1024 /* processes that a pass lists, about */
#define ROWS_FEW  256
#define RSS_LEAST (256 << 10)

static int64_t growth(uint64_t now, uint64_t before, uint64_t ns)
{
	return (int64_t)(((double)now - (double)before) * 1e9 / (double)(ns ? ns : 1));
}

static void fill_process(struct hr_process *to, const struct task_sample *task,
			 const struct hr_process *old, size_t n_old, uint64_t elapsed_ns)
{
	*to = (struct hr_process){
		.pid = task->pid,
		.oom_score_adj = (int16_t)task->oom_score_adj,
		.start_boottime_ns = task->start_boottime_ns,
		.rss_bytes = task->rss,
		.growth_bytes_per_second = HR_UNKNOWN_I64,
	};
	memcpy(to->comm, task->comm, sizeof(to->comm));
	for (size_t i = 0; i < n_old; i++)
		if (old[i].pid == task->pid && old[i].start_boottime_ns == task->start_boottime_ns)
			to->growth_bytes_per_second =
				growth(task->rss, old[i].rss_bytes, elapsed_ns);
}

/* Keeps top[0..n) sorted by rss, largest first; returns the new n. */
static size_t top_insert(uint16_t *top, size_t n, size_t most, const struct task_sample *tasks,
			 size_t index)
{
	size_t at = n;

	while (at > 0 && tasks[top[at - 1]].rss < tasks[index].rss)
		at--;
	if (at >= most)
		return n;
	if (n < most)
		n++;
	memmove(&top[at + 1], &top[at], (n - at - 1) * sizeof(*top));
	top[at] = (uint16_t)index;
	return n;
}

static void write_lists(struct sampling *sampling, uint64_t elapsed_ns)
{
	const struct worker_job *job = &sampling->worker.job;
	const struct tracks *tracks = &sampling->containers->tracks;

	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		const struct track *track = &tracks->track[slot];
		struct hr_process old[HR_PROCESSES];
		struct hr_slot *at;
		uint32_t n = track->pass == sampling->pass ? track->pass_count : 0;

		if (!track->memcg_id || track->gone_ns ||
		    (!n && !board_slot(sampling->board, slot)->process[0].pid))
			continue;
		at = board_slot_begin(sampling->board, slot);
		memcpy(old, at->process, sizeof(old));
		memset(at->process, 0, sizeof(at->process));
		for (uint32_t i = 0; i < n; i++)
			fill_process(&at->process[i], &job->tasks[track->pass_top[i]], old,
				     HR_PROCESSES, elapsed_ns);
		board_slot_end(sampling->board, slot);
	}
}

/* Only the largest are listed, and a row for each of ten thousand small ones costs more than all the rest: the threshold
 * adapts so that a pass has some hundreds of rows. */
static void adapt_threshold(struct sampling *sampling, const struct worker_job *job)
{
	if (job->n_tasks > ROWS_MANY)
		sampling->min_rss = sampling->min_rss ? 2 * sampling->min_rss : RSS_LEAST;
	else if (job->n_tasks < ROWS_FEW)
		sampling->min_rss = sampling->min_rss > RSS_LEAST ? sampling->min_rss / 2 : 0;
}

static void add_to_cgroup(struct sampling *sampling, const struct worker_job *job, size_t index)
{
	struct track *track = tracks_get(&sampling->containers->tracks, job->tasks[index].memcg_id);

	if (!track)
		return;
	if (track->pass != sampling->pass) {
		track->pass = sampling->pass;
		track->pass_count = 0;
	}
	track->pass_count = (uint32_t)top_insert(track->pass_top, track->pass_count, HR_PROCESSES,
						 job->tasks, index);
}

/* For the next pass: what these share is read for no policy. */
static void note_contained(struct worker_job *job, uint64_t memcg_id)
{
	for (uint32_t i = 0; i < job->n_contained; i++)
		if (job->contained[i] == memcg_id)
			return;
	if (job->n_contained < WORKER_CONTAINED)
		job->contained[job->n_contained++] = memcg_id;
}

bool sampling_has_processes(const struct worker_job *job)
{
	return job->want_tasks && (!job->tasks_error || job->tasks_error == -ENOSPC);
}

/* The threshold has adapted by the next pass. */
static void report_lost(const struct sampling *sampling, const struct worker_job *job)
{
	if (!job->tasks_error)
		degraded_clear(sampling->board, "processes");
	else if (!degraded_is_set(sampling->board, "processes"))
		degraded_set(
			sampling->board, "processes", HR_WARNING,
			"%zu processes had no place among the %zu that are listed: a policy on "
			"host processes may not see them",
			job->tasks_lost, job->n_tasks);
}

void sampling_processes(struct sampling *sampling)
{
	struct worker_job *job = &sampling->worker.job;
	uint64_t before = sampling->times.processes_ns;
	uint64_t elapsed = before ? job->begun_ns - before : 0;
	struct hr_process old[HR_HOST_PROCESSES];
	uint16_t top[HR_HOST_PROCESSES + 1];
	struct hr_host *host;
	size_t n_top = 0;

	sampling->times.processes_ns = job->begun_ns;
	if (!sampling_has_processes(job))
		return;
	report_lost(sampling, job);
	adapt_threshold(sampling, job);
	sampling->pass++;
	job->n_contained = 0;
	for (size_t i = 0; i < job->n_tasks && i < UINT16_MAX; i++) {
		if (containers_contained(sampling->containers, job->tasks[i].memcg_id))
			note_contained(job, job->tasks[i].memcg_id);
		else
			n_top = top_insert(top, n_top, HR_HOST_PROCESSES, job->tasks, i);
		add_to_cgroup(sampling, job, i);
	}
	write_lists(sampling, elapsed);
	host = board_host_begin(sampling->board);
	memcpy(old, host->process, sizeof(old));
	memset(host->process, 0, sizeof(host->process));
	for (size_t i = 0; i < n_top; i++)
		fill_process(&host->process[i], &job->tasks[top[i]], old, HR_HOST_PROCESSES,
			     elapsed);
	board_host_end(sampling->board);
}

void sampling_killers(struct sampling *sampling)
{
	const struct worker_job *job = &sampling->worker.job;

	if (!job->killers_root)
		return;
	if (*job->killers)
		degraded_set(sampling->board, "other_killer", HR_WARNING,
			     "%s ends processes, too, when memory is short", job->killers);
	else
		degraded_clear(sampling->board, "other_killer");
}
