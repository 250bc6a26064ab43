/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Forecasts: samples in, struct hr_forecast out. Pure: no I/O, no allocation, no clock of its own;
 * the same code runs in the daemon, in `headroom replay` and in the backtest. One state per
 * container, embedded by the owner, initialised by forecast_init(). docs/explanation/forecast.md
 * derives the methods.
 *
 * A sample may come at any spacing, after a gap, or with a time that went back (processed as if no
 * time had passed). Counters may restart at any time. A caller with a tree calls forecast_update()
 * for every node, parents first, and then forecast_inherit() from each node to its children: a
 * container on a host that runs out of memory inherits the host's risk.
 */
#ifndef HEADROOM_FORECAST_FORECAST_H
#define HEADROOM_FORECAST_FORECAST_H

#include <stdint.h>
#include <headroom/board.h>

/* One sample of one container. Bytes; HR_UNKNOWN where not known (limit: none). t_ns is monotonic,
 * any zero point. */
struct forecast_input {
	uint64_t t_ns;
	uint64_t usage, unreclaimable,
		headroom;      /* headroom: the minimum along the path, accounting.h */
	uint64_t limit;        /* of the level that binds */
	uint8_t binding_level; /* enum hr_level */
	uint64_t high;         /* memory.high that applies, or HR_UNKNOWN */
	uint64_t anon, file, shmem, kernel, slab, swap, swap_free, rss;
	uint64_t refaults, stall_ns, psi_some_us, psi_full_us; /* counters */
	uint64_t events_max, events_oom_kill;                  /* counters */
	uint8_t under_oom;
	uint8_t restarted; /* the caller knows that the workload was restarted */
	uint64_t sock,
		page_tables; /* parts of kernel; 0 or HR_UNKNOWN where not known separately */
};

/* Accuracy of this container's forecasts: 80 % intervals that were checked, and those that held. */
struct forecast_accuracy {
	uint32_t checked, covered;
};

struct forecast_state;

/* sizeof is public so that tables of states can be reserved; the fields are private. */
#include "forecast_state.h"

/* Sets every input to unknown. */
void forecast_input_init(struct forecast_input *input);
void forecast_init(struct forecast_state *state);
/* Fills every field of ret_forecast but next_action (0). Never NaN; unknown is HR_UNKNOWN… as board.h
 * has it. */
void forecast_update(struct forecast_state *state, const struct forecast_input *input,
		     struct hr_forecast *ret_forecast);
/* Carries over how the previous run of the workload, in another cgroup, ended: a leak that repeats at
 * the same pace is confirmed sooner. */
void forecast_carry_over(struct forecast_state *state, const struct forecast_state *before);
/* Takes over risk, times, alarm and reasons of an ancestor (HR_LEVEL_ANCESTOR) or of the host
 * (HR_LEVEL_HOST) if its risk is higher. Drift and leak remain the container's own. */
void forecast_inherit(struct hr_forecast *forecast, const struct hr_forecast *above,
		      enum hr_level level);
void forecast_accuracy(const struct forecast_state *state, struct forecast_accuracy *ret_accuracy);

#endif
