// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host record and the process lists: who is large, inside each container and outside of all. */
#include "slot_lifecycle.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "policy_driver.h"
#include "base/clock.h"
#include "fast_poll.h"
#include "events.h"

#define HOST_STALL_ENTER 1000 /* PSI full avg10, hundredths of a per cent */
#define HOST_STALL_LEAVE 500
#define ROWS_MANY        1024 /* processes that a pass shall bring, about */
#define ROWS_FEW         256
#define RSS_LEAST        (256 << 10)

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

static bool outside(struct daemon *daemon, uint64_t memcg_id)
{
	uint32_t slot = publish_subject(daemon, memcg_id);

	return slot == TRACK_NONE || board_slot(daemon->board, slot)->id.kind != HR_KIND_CONTAINER;
}

static void write_lists(struct daemon *daemon, uint64_t elapsed_ns)
{
	const struct worker_job *job = &daemon->worker.job;

	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		const struct track *track = &daemon->tracks.track[slot];
		struct hr_process old[HR_PROCESSES];
		struct hr_slot *at;
		uint32_t n = track->pass == daemon->pass ? track->pass_count : 0;

		if (!track->memcg_id || track->gone_ns ||
		    (!n && !board_slot(daemon->board, slot)->process[0].pid))
			continue;
		at = board_slot_begin(daemon->board, slot);
		memcpy(old, at->process, sizeof(old));
		memset(at->process, 0, sizeof(at->process));
		for (uint32_t i = 0; i < n; i++)
			fill_process(&at->process[i], &job->tasks[track->pass_top[i]], old,
				     HR_PROCESSES, elapsed_ns);
		board_slot_end(daemon->board, slot);
	}
}

/* Only the largest are listed, and a row for each of ten thousand small ones costs more than all the rest: the threshold
 * follows, so that some hundreds come. Counts and sums are made in the kernel and hold for all. */
static void adapt_threshold(struct daemon *daemon, const struct worker_job *job)
{
	if (job->n_tasks > ROWS_MANY)
		daemon->min_rss = daemon->min_rss ? 2 * daemon->min_rss : RSS_LEAST;
	else if (job->n_tasks < ROWS_FEW)
		daemon->min_rss = daemon->min_rss > RSS_LEAST ? daemon->min_rss / 2 : 0;
}

void publish_tasks(struct daemon *daemon)
{
	const struct worker_job *job = &daemon->worker.job;
	uint64_t now = job->begun_ns, elapsed = daemon->tasks_ns ? now - daemon->tasks_ns : 0;
	struct hr_process old[HR_HOST_PROCESSES];
	uint16_t top[HR_HOST_PROCESSES + 1];
	struct hr_host *host;
	size_t n_top = 0;

	daemon->tasks_ns = now;
	if (job->tasks_error && job->tasks_error != -ENOSPC)
		return;
	adapt_threshold(daemon, job);
	daemon->pass++;
	policy_driver_tasks_begin(daemon);
	for (size_t i = 0; i < job->n_tasks && i < UINT16_MAX; i++) {
		struct track *track = tracks_get(&daemon->tracks, job->tasks[i].memcg_id);

		bool no_container = outside(daemon, job->tasks[i].memcg_id);

		if (no_container)
			policy_driver_task(daemon, &job->tasks[i]);
		if (no_container)
			n_top = top_insert(top, n_top, HR_HOST_PROCESSES, job->tasks, i);
		if (!track)
			continue;
		if (track->pass != daemon->pass) {
			track->pass = daemon->pass;
			track->pass_count = 0;
		}
		track->pass_count = (uint32_t)top_insert(track->pass_top, track->pass_count,
							 HR_PROCESSES, job->tasks, i);
	}
	for (size_t i = 0; i < job->n_tasks; i++)
		policy_driver_task_beside(daemon, &job->tasks[i],
					  !outside(daemon, job->tasks[i].memcg_id));
	policy_driver_tasks_end(daemon, now);
	write_lists(daemon, elapsed);
	host = board_host_begin(daemon->board);
	memcpy(old, host->process, sizeof(old));
	memset(host->process, 0, sizeof(host->process));
	for (size_t i = 0; i < n_top; i++)
		fill_process(&host->process[i], &job->tasks[top[i]], old, HR_HOST_PROCESSES,
			     elapsed);
	board_host_end(daemon->board);
}

static void score_host(struct daemon *daemon, const struct hr_host *host, uint64_t now_ns)
{
	struct score_sight sight = {
		.t_ns = now_ns,
		.forecast = &host->forecast,
		.limit = host->mem_total,
		.level = HR_LEVEL_OWN,
		.alarm = host->forecast.alarm,
		.full_avg10_centi = host->pressure.full_avg10_centi,
	};

	forecast_record(&daemon->host_forecast, &sight.record);
	score_look(&daemon->host_score, &sight, &daemon->score);
}

static void forecast_host(struct daemon *daemon, struct hr_host *host, uint64_t now_ns)
{
	struct forecast_input input = {
		.t_ns = now_ns,
		.usage = HR_UNKNOWN,
		.unreclaimable = HR_UNKNOWN,
		.headroom = host->headroom,
		.limit = host->mem_total,
		.binding_level = HR_LEVEL_HOST,
		.high = HR_UNKNOWN,
		.anon = HR_UNKNOWN,
		.file = HR_UNKNOWN,
		.shmem = HR_UNKNOWN,
		.kernel = HR_UNKNOWN,
		.slab = HR_UNKNOWN,
		.swap = HR_UNKNOWN,
		.swap_free = host->swap_free,
		.rss = HR_UNKNOWN,
		.refaults = HR_UNKNOWN,
		.stall_ns = HR_UNKNOWN,
		.psi_some_us = host->pressure.some_total_us,
		.psi_full_us = host->pressure.full_total_us,
		.events_max = HR_UNKNOWN,
		.events_oom_kill = host->oom_kills,
	};

	if (host->mem_total != HR_UNKNOWN && host->mem_available != HR_UNKNOWN)
		input.usage = input.unreclaimable = host->mem_total - host->mem_available;
	if (input.limit != HR_UNKNOWN && host->swap_total != HR_UNKNOWN)
		input.limit += host->swap_total;
	forecast_update(&daemon->host_forecast, &input, &host->forecast);
	score_host(daemon, host, now_ns);
}

static void describe_host_changes(struct daemon *daemon, uint8_t alarm_before)
{
	const struct hr_host *host = board_host(daemon->board);
	uint32_t full = host->pressure.full_avg10_centi;

	if (host->forecast.alarm != alarm_before)
		notice_alarm(daemon, TRACK_NONE, alarm_before, host->forecast.alarm);
	if (full != HR_UNKNOWN_U32 &&
	    (daemon->host_stalled ? full < HOST_STALL_LEAVE : full >= HOST_STALL_ENTER)) {
		daemon->host_stalled = !daemon->host_stalled;
		notice_pressure(daemon, TRACK_NONE,
				daemon->host_stalled ? HR_PRESSURE_ENTERED : HR_PRESSURE_LEFT);
	}
}

void publish_host(struct daemon *daemon)
{
	const struct worker_job *job = &daemon->worker.job;
	struct hr_host *host = board_host_begin(daemon->board);
	uint8_t alarm = host->forecast.alarm;
	struct host_counts counts;

	if (!job->host_error) {
		daemon->host = job->host;
		daemon->has_host = true;
		host->mem_total = job->host.mem_total;
		host->mem_available = job->host.mem_available;
		host->swap_total = job->host.swap_total;
		host->swap_free = job->host.swap_free;
		host->oom_kills = job->host.oom_kills;
		host->headroom =
			job->host.mem_available == RECORD_UNKNOWN
				? HR_UNKNOWN
				: job->host.mem_available + (job->host.swap_free == RECORD_UNKNOWN
								     ? 0
								     : job->host.swap_free);
		host->pressure = (struct hr_pressure){job->host.psi_some_avg10_centi,
						      job->host.psi_full_avg10_centi,
						      job->host.psi_some_us, job->host.psi_full_us};
		forecast_host(daemon, host, job->begun_ns);
	}
	if (!collect_host_counts(daemon->collector, &counts)) {
		host->kswapd_wakes = counts.kswapd_wakes;
		host->throttled_ns = counts.throttled_ns;
	}
	host->sampled_ns = clock_wall_ns();
	host->rss_bytes = job->rss;
	host->heap_bytes = job->heap;
	host->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	host->sweep_ns = job->sweep_cpu_ns;
	host->sweeps = job->number;
	host->events_lost = daemon->records_lost + daemon->board_full;
	host->containers = daemon->tracks.running;
	host->capacity = daemon->tracks.capacity;
	host->danger = fast_poll_count(daemon);
	host->interval_ms = daemon->config->interval_ms;
	host->score = daemon->score;
	board_host_end(daemon->board);
	describe_host_changes(daemon, alarm);
}
