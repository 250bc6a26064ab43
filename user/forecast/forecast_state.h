/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The room's memory of one container: fixed size, no pointers, at most 0.6 KiB. Only foresee/
 * looks inside; each detector owns the struct that bears its name. Sizes are KiB in floats unless
 * the name says otherwise; times are seconds. All zero is the state of a container that was never
 * seen.
 */
#ifndef HEADROOM_FORECAST_FORECAST_STATE_H
#define HEADROOM_FORECAST_FORECAST_STATE_H

#include <stdint.h>

#define FORECAST_SCALES  6
#define FORECAST_RINGS   4
#define FORECAST_BUCKETS 57 /* over all rings; floor.c divides them up */
#define FORECAST_KINDS   6  /* parts of memory whose growth is told apart, leak.c */

struct forecast_scale { /* drift.c: one time scale */
	float drift;    /* KiB/s */
	float seconds;  /* weight of the evidence behind it, at most tau */
	float noise;    /* KiB²/s: squared error of its own forecasts, per second ahead */
	float anchor_age, anchor_rise, anchor_drift; /* the forecast that is being checked */
};

struct forecast_change { /* changepoint.c: one side of Page–Hinkley */
	float sum;       /* in standard deviations */
	float age, rise; /* since the sum last stood at zero */
};

struct forecast_swing {    /* swing.c: peaks and troughs of a sawtooth, in KiB used of what binds */
	float extreme;     /* of the leg that is under way */
	float start;       /* where the leg began */
	float extreme_age; /* since the extreme */
	float peak,
		peak_error; /* exponentially weighted over cycles; error: mean absolute surprise */
	float peak_step;    /* from peak to peak */
	float trough, trough_step;
	float period; /* peak to peak */
	float since_peak;
};

struct forecast_floor { /* floor.c: bucketed minima and maxima, and the trend last read from them */
	uint16_t min[FORECAST_BUCKETS],
		max[FORECAST_BUCKETS];      /* units of 2^shift KiB; EMPTY where no sample fell */
	float slope, slope_low, slope_high; /* of the minima, KiB/s */
	float max_slope;                    /* of the maxima */
	float window;                       /* seconds that the trend rests on; 0: none */
};

struct forecast_leak {
	uint16_t kind_base[FORECAST_KINDS]; /* slow averages, in floor's units */
	uint16_t held_minutes;              /* how long the verdict's condition has failed */
	float rate;                         /* KiB/s */
};

struct forecast_stall {
	uint32_t psi_full_us, refaults, stall_us; /* counters as last seen, low bits */
	float full_fast, full_slow; /* share of time with everybody stalled: 10 s, 60 s */
	float refault_share;        /* of the usage, read back per second */
};

struct forecast_score {             /* calibrate.c: how good this container's own forecasts were */
	float due, rise, low, high; /* pending: seconds to go, KiB so far, KiB/s foreseen */
	float widen;                /* log of the factor on the interval's width */
	uint16_t checked, covered;
};

struct forecast_state {
	uint64_t birth_ns, last_t_ns; /* birth: where floor's buckets count from */
	uint32_t headroom_pages, limit_pages, used_pages, rss_pages; /* as last seen, 4 KiB each */
	float typical_dt;
	float used_drift, rss_drift;
	float at_limit_seconds; /* how long headroom has been as good as zero */
	struct forecast_scale scale[FORECAST_SCALES];
	struct forecast_change up, down;
	float quickens; /* changepoint: by what share a second the growth has grown of late */
	struct forecast_swing swing;
	struct forecast_floor floor;
	struct forecast_leak leak;
	struct forecast_stall stall;
	struct forecast_score score;
	uint32_t oom_kills; /* counter as last seen, low bits */
	uint16_t
		ground; /* leak: the highest hourly floor that it has come down from, in floor's units */
	uint16_t cycles;                 /* swing: whole ones seen */
	uint16_t alarm_calm;             /* quarter seconds below the alarm's end */
	uint8_t blocks[FORECAST_SCALES]; /* forecasts checked per scale, saturating */
	uint8_t seen : 1, rising : 1;
	uint8_t quickened : 1; /* changepoint: growth has grown before */
	uint8_t level;
	uint8_t deaths,
		/* kept over restarts: ramps that ended in a kill, peaks near the limit that did not
		 */
		survivals;
	uint8_t alarm, alarm_held /* quarter seconds */, leak_state, leak_of;
	uint8_t floor_shift, floor_ring;
	uint8_t floor_straight; /* growth, in quarters of what a random walk would have strayed */
	uint8_t under_oom_seconds; /* stall: saturating */
	uint8_t floor_late;        /* % of the growth that fell in the later half of the window */
	uint8_t past_pace; /* leak: how fast the life before leaked to its end, leak.c's code; 0: not */
	uint8_t trough_rises; /* swing: troughs in a row that lay above the one before */
};

_Static_assert(sizeof(struct forecast_state) <= 614, "O(1) memory: 0.6 KiB per container");

#endif
