// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host's figures, its forecast, and the daemon's own cost. */
#include "sampling.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "events.h"

#define HOST_STALL_ENTER 1000 /* PSI full avg10, hundredths of a per cent */
#define HOST_STALL_LEAVE 500

static void score_host(struct sampling *sampling, const struct hr_host *host, uint64_t now_ns)
{
	struct score_sight sight = {
		.t_ns = now_ns,
		.forecast = &host->forecast,
		.limit = host->mem_total,
		.level = HR_LEVEL_OWN,
		.alarm = host->forecast.alarm,
		.full_avg10_centi = host->pressure.full_avg10_centi,
	};

	forecast_accuracy(&sampling->host_forecast, &sight.record);
	score_look(&sampling->containers->host_score, &sight, &sampling->containers->score);
}

static void forecast_host(struct sampling *sampling, struct hr_host *host, uint64_t now_ns)
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
	forecast_update(&sampling->host_forecast, &input, &host->forecast);
	score_host(sampling, host, now_ns);
}

static void emit_changes(struct sampling *sampling, uint8_t alarm_before)
{
	const struct hr_host *host = board_host(sampling->board);
	uint32_t full = host->pressure.full_avg10_centi;

	if (host->forecast.alarm != alarm_before)
		events_alarm(sampling->board, TRACK_NONE, alarm_before, host->forecast.alarm);
	if (full != HR_UNKNOWN_U32 &&
	    (sampling->host_stalled ? full < HOST_STALL_LEAVE : full >= HOST_STALL_ENTER)) {
		sampling->host_stalled = !sampling->host_stalled;
		events_pressure(sampling->board, TRACK_NONE,
				sampling->host_stalled ? HR_PRESSURE_ENTERED : HR_PRESSURE_LEFT);
	}
}

void sampling_host(struct sampling *sampling, uint64_t lost)
{
	const struct worker_job *job = &sampling->worker.job;
	struct hr_host *host = board_host_begin(sampling->board);
	uint8_t alarm = host->forecast.alarm;
	struct host_counts counts;

	if (!job->host_error) {
		sampling->host = job->host;
		sampling->has_host = true;
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
		forecast_host(sampling, host, job->begun_ns);
	}
	if (!collect_host_counts(sampling->collector, &counts)) {
		host->kswapd_wakes = counts.kswapd_wakes;
		host->throttled_ns = counts.throttled_ns;
	}
	host->sampled_ns = clock_wall_ns();
	host->rss_bytes = job->rss;
	host->heap_bytes = job->heap;
	host->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	host->sweep_ns = job->sweep_cpu_ns;
	host->sweeps = job->number;
	host->events_lost = lost;
	host->containers = sampling->containers->tracks.running;
	host->capacity = sampling->containers->tracks.capacity;
	host->danger = fast_poll_count(&sampling->fast_poll);
	host->interval_ms = sampling->config->interval_ms;
	host->score = sampling->containers->score;
	board_host_end(sampling->board);
	emit_changes(sampling, alarm);
}
