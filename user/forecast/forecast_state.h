/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * State of one container: fixed size, no pointers, at most 0.6 KiB. Private to forecast/; each
 * detector owns the struct of its name. Sizes are KiB in floats unless the name says otherwise; times
 * are seconds. All zero is the state before the first sample.
 */
#ifndef HEADROOM_FORECAST_FORECAST_STATE_H
#define HEADROOM_FORECAST_FORECAST_STATE_H

#include <stdint.h>

#define FORECAST_SCALES  6
#define FORECAST_RINGS   4
#define FORECAST_BUCKETS 57 /* over all rings; see baseline.c */
#define FORECAST_KINDS   4  /* parts of memory with growth tracked separately, leak.c */

struct forecast_scale { /* drift.c: one time scale */
	float drift;    /* KiB/s */
	float seconds;  /* weight of its evidence, at most tau */
	float noise;    /* KiB²/s: squared error of its own forecasts, per second ahead */
	float anchor_age, anchor_rise, anchor_drift; /* the pending forecast */
};

struct forecast_change { /* changepoint.c: one side of Page–Hinkley */
	float sum;       /* in standard deviations */
	float age, rise; /* since the sum was last zero */
};

struct forecast_sawtooth { /* sawtooth.c: peaks and troughs, in KiB used of the binding level */
	float extreme;     /* of the current leg */
	float start;       /* where the leg began */
	float extreme_age; /* since the extreme */
	float peak,
		peak_error; /* exponentially weighted over cycles; error: mean absolute error of the prediction */
	float peak_step; /* from peak to peak */
	float trough, trough_step;
	float period; /* peak to peak */
	float since_peak;
};

struct forecast_baseline { /* baseline.c: bucketed minima and maxima, and their last trend */
	uint16_t min[FORECAST_BUCKETS],
		max[FORECAST_BUCKETS];      /* units of 2^shift KiB; EMPTY where no sample fell */
	float slope, slope_low, slope_high; /* of the minima, KiB/s */
	float max_slope;                    /* of the maxima */
	float window;                       /* seconds covered by the trend; 0: none */
};

struct forecast_leak {
	uint16_t kind_base[FORECAST_KINDS]; /* slow averages, in units of the baseline */
	uint16_t held_minutes; /* for how long the condition of the state has not held */
	float rate;            /* KiB/s */
};

struct forecast_stall {
	uint32_t psi_full_us, refaults; /* counters as last seen, low bits */
	float full_fast, full_slow;     /* share of time with all tasks stalled: 10 s, 60 s */
	float refault_share;            /* of the usage, refaulted per second */
};

struct forecast_score {             /* calibrate.c: accuracy of this container's forecasts */
	float due, rise, low, high; /* pending: seconds to go, KiB so far, predicted KiB/s */
	float widen;                /* logarithm of the factor on the width of the interval */
	uint16_t checked, covered;
};

struct forecast_state {
	uint64_t start_ns, last_t_ns; /* start: where the buckets count from */
	uint32_t headroom_pages, limit_pages, used_pages, rss_pages; /* as last seen, 4 KiB each */
	float typical_dt;
	float used_drift, rss_drift;
	float at_limit_seconds; /* for how long headroom has been near zero */
	struct forecast_scale scale[FORECAST_SCALES];
	struct forecast_change up, down;
	float acceleration; /* changepoint: recent relative acceleration per second */
	struct forecast_sawtooth sawtooth;
	struct forecast_baseline baseline;
	struct forecast_leak leak;
	struct forecast_stall stall;
	struct forecast_score score;
	uint32_t limit_hits; /* reclaim: counter as last seen, low bits */
	uint32_t oom_kills;  /* counter as last seen, low bits */
	uint16_t
		ground; /* leak: the highest hourly baseline that it has come down from, in units of the baseline */
	uint16_t not_anonymous, unsorted; /* reclaim: as last seen, in 1/65535 of the limit */
	uint16_t leap;       /* rise_odds: the largest recent increment, in 1/65535 of the limit */
	uint16_t alarm_calm; /* quarter seconds below `off` of the alarm */
	uint8_t blocks[FORECAST_SCALES]; /* forecasts checked per scale, saturating */
	uint8_t cycles;                  /* sawtooth: complete ones, saturating */
	uint8_t seen : 1, rising : 1;
	uint8_t accelerated : 1; /* changepoint: the slope has increased before */
	uint8_t level : 2;
	uint8_t kills,
		/* kept over restarts: runs that ended with and without an OOM kill */
		clean_exits;
	uint8_t alarm : 4, leak_state : 4, alarm_held /* quarter seconds */, leak_of;
	uint8_t baseline_shift, baseline_ring;
	uint8_t baseline_straight; /* growth, in quarters of the deviation of a random walk */
	uint8_t under_oom_seconds; /* stall: saturating */
	uint8_t baseline_late;     /* % of the growth that fell in the later half of the window */
	uint8_t previous_pace; /* leak: pace at which the previous run leaked to its end, coded by leak.c; 0: none */
	uint8_t reclaims; /* reclaim: how often the kernel found memory at the limit; saturating */
	uint8_t unsorted_growth; /* reclaim: how much of the recent growth is of unknown kind, in 1/255 */
	uint8_t trough_rises; /* sawtooth: troughs in a row above the one before */
};

_Static_assert(sizeof(struct forecast_state) <= 614, "O(1) memory: 0.6 KiB per container");

#endif
