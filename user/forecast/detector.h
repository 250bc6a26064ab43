/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the detectors of this room share. foresee.c turns an input into a step and walks the list of
 * detectors twice: all update() first, then all judge(). A detector is one file with one `const
 * struct forecast_detector` at its end and one line in foresee.c's list. update() learns from the
 * step; judge() only reads, and adds its terms to the verdict.
 */
#ifndef HEADROOM_FORECAST_DETECTOR_H
#define HEADROOM_FORECAST_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "forecast.h"
#include "fastmath.h"
#include "reason_text.h"

#define HORIZONS     4
#define RISK_SECONDS 900.0f /* risk is the chance of death within this: DESIGN.md */
#define DAY_SECONDS  86400.0f

struct step { /* sizes in KiB, times in seconds */
	const struct forecast_input *input;
	float dt; /* since the last sample; 0: first, or no time has passed */
	/* headroom eaten since the last sample, limit changes taken out; may be negative */
	float eaten;
	float used;                 /* what the container itself holds: unreclaimable + swap */
	float distance;             /* headroom; < 0 where not known */
	float limit;                /* of what binds, > 0 */
	float level;                /* limit - distance: what is used of what binds */
	float grain;                /* changes below this are noise of accounting */
	uint32_t life, life_before; /* whole seconds of this life, now and at the last sample */
	bool first;                 /* of this life */
	bool gap; /* longer silence than the fast scales can bridge: learn nothing from dt */
	/* another level binds, or its limit changed: levels before and after don't compare */
	bool moved;
};

struct term {
	uint16_t kind; /* enum hr_reason_kind */
	float weight;  /* log-odds */
	int64_t arg[3];
};

/* What a container can die of besides an OOM kill: told apart, so that what speaks against one says
 * nothing of another. */
enum { CAUSE_STALL, CAUSE_HEAP, OTHER_CAUSES };

#define TERMS 16
struct verdict {
	float chance
		/* drift alone: fused chance of reaching the limit within each horizon */
		[HORIZONS];
	float chance_risk; /* the greatest of them: within RISK_SECONDS at least */
	uint8_t horizon;   /* where the greatest stands */
	float drift;       /* KiB/s, fused for the time to OOM */
	float seconds;     /* median time to OOM; 0: none foreseen */
	float rough;       /* the same, however unsure; 0: never */
	float come; /* KiB: how far the rise under way has come; known where there is a chance at all */
	float spread;              /* standard deviation of its logarithm */
	float log_odds;            /* of an OOM kill */
	float other[OTHER_CAUSES]; /* log-odds of dying otherwise */
	uint8_t terms;
	struct term term[TERMS];
};

struct forecast_detector {
	const char *name;
	void (*update)(struct forecast_state *state, const struct step *step); /* or NULL */
	void (*judge)(const struct forecast_state *state, const struct step *step,
		      struct verdict *verdict);
};

extern const struct forecast_detector detector_changepoint, detector_drift, detector_swing,
	detector_floor, detector_leak, detector_rise, detector_barrier, detector_stall,
	detector_past;

/* forecast_update(), and what it rests on: for those who tune and explain. */
void forecast_look(struct forecast_state *state, const struct forecast_input *input,
		   struct verdict *ret_verdict, struct hr_forecast *ret_forecast);

/* drift.c */
extern const float drift_tau[FORECAST_SCALES];
/* rise.c: how far the rise under way has come, KiB: above where it turned and all that was held lately
 */
float rise_come(const struct forecast_state *state, const struct step *step);

/* floor.c: least and greatest of the minutes and hours that are still held, KiB; false: nothing yet
 */
bool floor_range(const struct forecast_state *state, unsigned int ring, float *ret_low,
		 float *ret_high);

/* The least of this hour and the last. */
float floor_lately(const struct forecast_state *state, const struct step *step);
/* The height it has come down from before; false: none. */
bool floor_ground(const struct forecast_state *state, float *ret);
bool floor_oldest(const struct forecast_state *state, float *ret);
bool floor_before(const struct forecast_state *state, float seconds, float *ret_high);

/* Have the closed minutes that are held risen step by step, none much less or more than the others?
 * Their pace, KiB/s. */
bool floor_even(const struct forecast_state *state, float *ret_pace);
/* For how long the five minutes have reached above `low` (KiB), without a break: seconds. */
float floor_above(const struct forecast_state *state, float low);

/* leak.c: what is to be remembered of a life that is over; 0: nothing, it did not end by leaking. */
uint8_t leak_past(const struct forecast_state *state, bool killed);

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

/* A term of the log-odds of another death. */
static inline void verdict_other(struct verdict *verdict, unsigned int cause, uint16_t kind,
				 float weight, int64_t a, int64_t b, int64_t c)
{
	verdict->other[cause] += weight;
	verdict_report(verdict, kind, weight, a, b, c);
}

/* KiB to bytes and seconds to milliseconds, saturating: what leaves the room is never out of range.
 */
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
