// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Change points: a two-sided Page–Hinkley test (Page 1954, Hinkley 1971) on the consumption beyond
 * what the drift predicts, in standard deviations. When it fires, the time scales for which the
 * change is unusual restart with the slope since the change began. A single step is no change of
 * drift: one sample counts at most WINSOR deviations, fewer than it takes to fire.
 */
#include "detector.h"

#define WINSOR 4.0f
/* half the smallest shift to detect, in deviations: the usual choice */
#define SLACK 0.5f
/* three samples at the bound; in Gaussian noise once in about e^(2·0.5·9) = 8000 samples */
#define FIRE     9.0f
#define SAMPLES  16.0f /* the reference drift covers this many samples */
#define MEASURED 3     /* a scale's deviations count once it has checked this many forecasts */
/* a scale starts anew when the change exceeds this many of its own deviations */
#define UNUSUAL 3.0f
#define ONSET \
	8.0f /* times the slope before: this is growth that begins, not growth that accelerates */

static const struct forecast_scale *reference(const struct forecast_state *state)
{
	unsigned int k = 0;

	while (k + 1 < FORECAST_SCALES && drift_tau[k] < SAMPLES * state->typical_dt)
		k++;
	return &state->scale[k];
}

static bool accumulate(struct forecast_change *side, float z, float dt, float eaten)
{
	side->sum += z - SLACK;
	if (side->sum <= 0) {
		*side = (struct forecast_change){0, 0, 0};
		return false;
	}
	side->age += dt;
	side->rise += eaten;
	return side->sum > FIRE;
}

/* Two increases of the slope in a row are acceleration: the ratio of the slopes over the time between
 * their evidence. A single one may be the rest of an onset. */
static void update_acceleration(struct forecast_state *state, const struct forecast_scale *scale,
				const struct forecast_change *fired)
{
	float slope = fired->rise / fired->age, tau = drift_tau[scale - state->scale], age;

	if (fired != &state->up || slope <= scale->drift || ONSET * scale->drift <= slope) {
		state->acceleration = 0;
		state->accelerated = 0;
		return;
	}
	age = scale->seconds * (0.5f + 0.5f * scale->seconds / tau);
	if (state->accelerated)
		state->acceleration =
			(slope / scale->drift - 1) / max_f(age - fired->age / 2, 0.25f * age);
	state->accelerated = 1;
}

static void changepoint_update(struct forecast_state *state, const struct step *step)
{
	const struct forecast_scale *scale = reference(state);
	struct forecast_change *fired = NULL;
	float z;

	if (step->gap) {
		state->up = state->down = (struct forecast_change){0, 0, 0};
		return;
	}
	if (step->dt <= 0 || scale->seconds <= 0)
		return;
	/* An exponential would have fired again by now, so the estimate decays within twice its own
	 * time. */
	state->acceleration /= 1 + 0.5f * state->acceleration * step->dt;
	z = (step->eaten - scale->drift * step->dt) /
	    sqrtf(scale->noise * step->dt + step->grain * step->grain);
	z = clamp_f(z, -WINSOR, WINSOR);
	if (accumulate(&state->up, z, step->dt, step->eaten))
		fired = &state->up;
	if (accumulate(&state->down, -z, step->dt, step->eaten))
		fired = &state->down;
	if (!fired)
		return;
	update_acceleration(state, scale, fired);
	for (unsigned int k = 0; k < FORECAST_SCALES; k++) {
		struct forecast_scale *s = &state->scale[k];
		float unexpected = fired->rise - s->drift * fired->age;

		if (state->blocks[k] < MEASURED ||
		    unexpected * unexpected >
			    UNUSUAL * UNUSUAL * s->noise * max_f(fired->age, drift_tau[k] / 2)) {
			s->drift = fired->rise / fired->age;
			s->seconds = min_f(fired->age, drift_tau[k]);
			s->anchor_age = s->anchor_rise = 0;
			s->anchor_drift = s->drift;
		}
	}
	state->up = state->down = (struct forecast_change){0, 0, 0};
}

const struct forecast_detector detector_changepoint = {.name = "changepoint",
						       .update = changepoint_update};
