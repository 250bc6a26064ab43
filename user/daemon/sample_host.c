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
		.limit = hr_host_usable(host),
		.level = HR_LEVEL_OWN,
		.alarm = host->forecast.alarm,
		.full_avg10_centi = host->pressure.full_avg10_centi,
	};

	forecast_accuracy(&sampling->host_forecast, &sight.record);
	score_look(&sampling->containers->host_score, &sight, &sampling->containers->score);
}

static void forecast_host(struct sampling *sampling, struct hr_host *host, uint64_t now_ns)
{
	struct shared_limit *shared = &sampling->containers->host_shared;
	struct forecast_input input = {
		.t_ns = now_ns,
		.usage = HR_UNKNOWN,
		.unreclaimable = HR_UNKNOWN,
		.headroom = host->headroom,
		.limit = host_sample_capacity(&sampling->host),
		.binding_level = HR_LEVEL_HOST,
		.claimed = shared->claimed,
		.claims_changed = shared->claims != shared->claims_seen,
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
		.events_oom_kill = host->oom_killed_processes,
	};

	if (host->mem_total != HR_UNKNOWN && host->mem_available != HR_UNKNOWN)
		input.usage = input.unreclaimable =
			hr_host_usable(host) > host->mem_available
				? hr_host_usable(host) - host->mem_available
				: 0;
	forecast_update(&sampling->host_forecast, &input, &host->forecast);
	shared->claims_seen = shared->claims;
	score_host(sampling, host, now_ns);
}

static void emit_changes(struct sampling *sampling, uint8_t alarm_before, uint64_t now_ns)
{
	const struct hr_host *host = board_host(sampling->board);
	uint32_t full = host->pressure.full_avg10_centi;

	if (host->forecast.alarm != alarm_before) {
		events_alarm(sampling->board, TRACK_NONE, alarm_before, host->forecast.alarm);
		memory_maps_alarm(sampling->maps, TRACK_NONE, host->forecast.alarm, now_ns);
	}
	if (full != HR_UNKNOWN_U32 &&
	    (sampling->host_stalled ? full < HOST_STALL_LEAVE : full >= HOST_STALL_ENTER)) {
		sampling->host_stalled = !sampling->host_stalled;
		events_pressure(sampling->board, TRACK_NONE,
				sampling->host_stalled ? HR_PRESSURE_ENTERED : HR_PRESSURE_LEFT);
	}
}

/* The kernel counts processes, at a moment other than that of the sweep which says how many of them are of one group: the least of
 * the last few differences is right, and no count may fall. */
static void count_kills(struct sampling *sampling, struct hr_host *host, uint64_t processes)
{
	uint64_t extra = sampling->containers->kills_extra, least;

	host->oom_killed_processes = processes;
	if (processes == RECORD_UNKNOWN) {
		host->oom_kills = HR_UNKNOWN;
		return;
	}
	least = processes > extra ? processes - extra : 0;
	sampling->host_kills[sampling->host_kills_next++ % HOST_KILLS] = least;
	for (size_t i = 0; i < HOST_KILLS && i < sampling->host_kills_next; i++)
		if (sampling->host_kills[i] < least)
			least = sampling->host_kills[i];
	if (sampling->host_kills_next > 1 && /* by then a sweep has been counted */
	    (host->oom_kills == HR_UNKNOWN || least > host->oom_kills))
		host->oom_kills = least;
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
		count_kills(sampling, host, job->host.oom_kills);
		host->memory = job->host.memory;
		host->swap_cost = job->host.swap_cost;
		host->swap_cost_milli = job->host.swap_cost_milli;
		host->swap_cost_measured = job->host.swap_cost_measured;
		host->zram_swap_total = job->host.zram_swap_total;
		host->zram_swap_used = job->host.zram_swap_used;
		host->headroom = host_sample_headroom(&job->host);
		host->pressure = (struct hr_pressure){job->host.psi_some_avg10_centi,
						      job->host.psi_full_avg10_centi,
						      job->host.psi_some_us, job->host.psi_full_us};
		forecast_host(sampling, host, job->begun_ns);
	}
	if (!collect_host_counts(sampling->collector, &counts)) {
		host->kswapd_wakes = counts.kswapd_wakes;
		host->throttled_ns = counts.throttled_ns;
	}
	host->sampled_ns = board_now_ns(sampling->board);
	host->rss_bytes = job->rss;
	host->heap_bytes = job->heap;
	host->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	host->sweep_ns = job->sweep_cpu_ns;
	host->sweeps = job->number;
	host->events_lost = lost;
	host->containers = sampling->containers->tracks.running;
	host->capacity = board_slots(sampling->board);
	host->danger = fast_poll_count(&sampling->fast_poll);
	host->interval_ms = sampling->config->interval_ms;
	host->score = sampling->containers->score;
	board_host_end(sampling->board);
	emit_changes(sampling, alarm, job->begun_ns);
}
