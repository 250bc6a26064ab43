/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the detectors share. forecast.c turns an input into a step and runs the list of detectors
 * twice: all update() first, then all judge(). A detector is one file with one `const struct
 * forecast_detector` at its end and one line in the list of forecast.c. update() learns from the
 * step; judge() only reads, and adds its terms to the verdict.
 */
#ifndef HEADROOM_FORECAST_DETECTOR_H
#define HEADROOM_FORECAST_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/board.h>
#include "forecast_input.h"
#include "forecast_state.h"
#include "fastmath.h"
#include "reason_text.h"

#define HORIZONS 4
#define RISK_SECONDS \
	900.0f /* risk is the probability of a failure (OOM kill or stall) within this time */
#define DAY_SECONDS 86400.0f

struct step { /* sizes in KiB, times in seconds */
	const struct forecast_input *input;
	float dt; /* since the last sample; 0: first, or no time has passed */
	/* headroom consumed since the last sample, without limit changes; may be negative */
	float eaten;
	float used;               /* by the container itself: non-reclaimable + swap */
	float distance;           /* headroom; < 0 where not known */
	float limit;              /* of the binding level, > 0 */
	float level;              /* limit - distance: usage of the binding level */
	float grain;              /* changes below this are accounting noise */
	uint32_t age, age_before; /* whole seconds since the start, now and at the last sample */
	bool first;               /* sample since the start */
	bool killed;              /* an OOM kill since the last sample */
	bool gap;                 /* an interval too long for the fast scales: dt is not used */
	/* another level binds, or its limit changed: earlier levels are not comparable */
	bool moved;
};

struct term {
	uint16_t kind; /* enum hr_reason_kind */
	float weight;  /* log-odds */
	int64_t arg[3];
};

/* Failures other than an OOM kill: kept separate, since evidence against one says nothing about
 * another. */
enum { CAUSE_STALL, CAUSE_HEAP, CAUSE_STANDING, OTHER_CAUSES };

#define TERMS 16
struct verdict {
	float chance
		/* drift alone: fused probability of reaching the limit within each horizon */
		[HORIZONS];
	float chance_risk; /* the greatest of them: within RISK_SECONDS at least */
	uint8_t horizon;   /* of the greatest */
	float drift;       /* KiB/s, fused for the time to OOM */
	float seconds;     /* median time to OOM; 0: none predicted */
	float rough;       /* the same, however uncertain; 0: never */
	float come; /* KiB that the current rise has covered; set where chance_risk is not negligible */
	float spread;              /* standard deviation of its logarithm */
	float log_odds;            /* of an OOM kill */
	float step;                /* what of them is due to a rise of few increments */
	float other[OTHER_CAUSES]; /* log-odds of the other failures */
	bool unsure;               /* much of what is used may be reclaimable: no time to OOM */
	uint8_t terms;
	struct term term[TERMS];
};

struct forecast_detector {
	const char *name;
	void (*update)(struct forecast_state *state, const struct step *step); /* or NULL */
	void (*judge)(const struct forecast_state *state, const struct step *step,
		      struct verdict *verdict);
};

extern const struct forecast_detector detector_changepoint, detector_drift, detector_sawtooth,
	detector_baseline, detector_leak, detector_rise_odds, detector_memory_high, detector_stall,
	detector_history_prior, detector_reclaim;

/* forecast_update() with the verdict behind it: for the backtest and for explanations. */
void forecast_evaluate(struct forecast_state *state, const struct forecast_input *input,
		       struct verdict *ret_verdict, struct hr_forecast *ret_forecast);

/* drift.c */
extern const float drift_tau[FORECAST_SCALES];
/* rise_odds.c: KiB that the current rise has covered, above its start and above recent minima. */
float rise_so_far(const struct forecast_state *state, const struct step *step);
/* rise_odds.c: whether the current rise came in so many increments that one more sample would add little. */
bool rise_informs(const struct forecast_state *state, const struct step *step,
		  const struct verdict *verdict);

/* baseline.c: minimum and maximum of the stored buckets of a ring, KiB; false: none yet. */
bool baseline_range(const struct forecast_state *state, unsigned int ring, float *ret_low,
		    float *ret_high);

/* The minimum of this hour and the last. */
float baseline_recent(const struct forecast_state *state, const struct step *step);
/* The highest level that it has come down from; false: none. */
bool baseline_ground(const struct forecast_state *state, float *ret);
/* Whether more is used than in the last day, by more than `margin` (KiB). */
bool baseline_new_high(const struct forecast_state *state, const struct step *step, float margin);
bool baseline_oldest(const struct forecast_state *state, float *ret);
bool baseline_before(const struct forecast_state *state, float seconds, float *ret_high);

/* Whether the closed minutes rose evenly, and their pace, KiB/s. */
bool baseline_even(const struct forecast_state *state, float *ret_pace);
/* Whether the minima of the last minutes certainly rise at less than CONTRADICTS of the trend, or at more. */
enum growth { GROWTH_STOPPED, GROWTH_UNSURE, GROWTH_GOES_ON };
enum growth baseline_growth(const struct forecast_state *state);
/* Seconds for which the five-minute maxima have exceeded `low` (KiB) without a break. */
float baseline_above(const struct forecast_state *state, float low);
/* Seconds for which the five-minute minima have, and before them the hourly ones. */
float baseline_stood(const struct forecast_state *state, float low);

/* leak.c: code of the pace at which a run leaked to its end; 0: it did not end by leaking. */
uint8_t leak_pace_at_end(const struct forecast_state *state, bool killed);

static inline void verdict_report(struct verdict *verdict, uint16_t kind, float weight, int64_t a,
				  int64_t b, int64_t c)
{
	if (verdict->terms < TERMS)
		verdict->term[verdict->terms++] = (struct term){kind, weight, {a, b, c}};
}

/* A term of the log-odds of an OOM kill. */
static inline void verdict_add(struct verdict *verdict, uint16_t kind, float weight, int64_t a,
			       int64_t b, int64_t c)
{
	verdict->log_odds += weight;
	verdict_report(verdict, kind, weight, a, b, c);
}

/* A term of the log-odds of another failure. */
static inline void verdict_other(struct verdict *verdict, unsigned int cause, uint16_t kind,
				 float weight, int64_t a, int64_t b, int64_t c)
{
	verdict->other[cause] += weight;
	verdict_report(verdict, kind, weight, a, b, c);
}

/* KiB to bytes and seconds to milliseconds, saturating. */
static inline int64_t to_bytes(float kib)
{
	return kib > 8e15f / 1024    ? (int64_t)8e15
	       : kib < -8e15f / 1024 ? -(int64_t)8e15
				     : (int64_t)(kib * 1024.0);
}

static inline int64_t to_ms(float seconds)
{
	return seconds < 0 ? 0 : seconds > 1e12f ? (int64_t)1e15 : (int64_t)(seconds * 1000.0);
}

#endif
