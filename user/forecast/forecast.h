/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The face of the foreseeing room: time and samples in, outlook out. Pure: no I/O, no allocation,
 * no clock of its own; the same code runs in the guard, in `headroom replay` and in the backtest.
 * One state per container, embedded by the owner, zero-initialised by forecast_init().
 * docs/foresight.md derives what is done.
 *
 * A sample may come at any spacing, after a gap, or with a time that went back (learnt from as if
 * no time had passed). Counters may start anew at any time. Whoever has a tree calls
 * forecast_update() for every node, parents first, and then forecast_inherit() from each node to
 * those below it: a container on a host that runs full inherits the host's risk.
 */
#ifndef HEADROOM_FORECAST_FORECAST_H
#define HEADROOM_FORECAST_FORECAST_H

#include <stdint.h>
#include <headroom/board.h>

/* One look at one container. Bytes; HR_UNKNOWN where not known (limit: none). t_ns is monotonic,
 * any zero point. */
struct forecast_input {
	uint64_t t_ns;
	uint64_t usage, unreclaimable, headroom; /* headroom: the least along the path, account.h */
	uint64_t limit;                          /* of the level that binds */
	uint8_t binding_level;                   /* enum hr_level */
	uint64_t high;                           /* memory.high that applies, or HR_UNKNOWN */
	uint64_t anon, file, shmem, kernel, slab, swap, swap_free, rss;
	uint64_t refaults, stall_ns, psi_some_us, psi_full_us; /* counters */
	uint64_t events_max, events_oom_kill;                  /* counters */
	uint8_t under_oom;
	uint8_t restarted;          /* the caller knows that this is a new life */
	uint64_t sock, page_tables; /* parts of kernel; 0 or HR_UNKNOWN where not told apart */
};

/* How good this container's own forecasts were: intervals of 80 % that were checked, and those that
 * held. */
struct forecast_record {
	uint32_t checked, covered;
};

struct forecast_state;

/* sizeof is public so that tables of states can be reserved; the fields are the room's own. */
#include "forecast_state.h"

/* All inputs unknown: fill in what you have. */
void forecast_input_init(struct forecast_input *input);
void forecast_init(struct forecast_state *state);
/* Fills every field of ret_forecast but next_action (0). Never NaN; unknown is HR_UNKNOWN… as board.h
 * has it. */
void forecast_update(struct forecast_state *state, const struct forecast_input *input,
		     struct hr_forecast *ret_forecast);
/* What a workload's life before, in another cgroup, ended with: a leak that comes again at the same
 * pace is known sooner. */
void forecast_succeed(struct forecast_state *state, const struct forecast_state *before);
/* The whole path: an ancestor (or the host) that is worse off lends its risk, times, alarm and
 * reasons. `level` says what the ancestor is to the container: HR_LEVEL_ANCESTOR or HR_LEVEL_HOST.
 * Drift and leak stay the container's own. */
void forecast_inherit(struct hr_forecast *forecast, const struct hr_forecast *above,
		      enum hr_level level);
void forecast_record(const struct forecast_state *state, struct forecast_record *ret_record);

#endif
