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

#include <stdbool.h>
#include <stdint.h>
#include <headroom/board.h>
#include "forecast_input.h"
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
 * (HR_LEVEL_HOST) if its risk is higher; times only where that risk is not low. Drift and leak remain the container's own. */
void forecast_inherit(struct hr_forecast *forecast, const struct hr_forecast *above,
		      enum hr_level level);
/* Risk below 20 without an alarm: a time is then a trend drawn on, which may not last. Texts name it as low, lists leave
 * it out. */
#define FORECAST_LOW_CENTI 2000
static inline bool forecast_is_low(const struct hr_forecast *forecast)
{
	return forecast->risk_centi < FORECAST_LOW_CENTI && !forecast->alarm;
}
void forecast_accuracy(const struct forecast_state *state, struct forecast_accuracy *ret_accuracy);

#endif
