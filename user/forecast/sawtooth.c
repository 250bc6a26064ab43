// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Sawtooths: what goes up and comes down again (garbage collectors, batch jobs, days). A zigzag
 * filter finds peaks and troughs; their level, surprise and step from peak to peak tell how likely
 * the next peak is to reach the limit. It lowers the risk of a rise only inside the band that
 * earlier peaks have shown; above it the drift speaks alone.
 */
#include "detector.h"

#define REVERSAL_SHARE  0.02f /* of the limit: smaller turns are noise */
#define REVERSAL_GRAINS 8.0f
#define REVERSAL_NOISE  4.0f /* deviations of what the 8 s scale fails to foresee */
#define REVERSAL_MOST   0.08f
#define REVERSAL_SWING  0.25f /* of the usual amplitude */
#define MEMORY          0.25f /* least weight of the newest cycle */
#define TROUGH_MEMORY   0.5f
/* of the limit: a trough that lies so much above those before has risen */
#define RISE_SHARE 0.004f
#define SUCCESSION 1.5f /* collectors and jobs are more regular than coins */
/* of the amplitude: how far off the next peak is taken to be after one cycle */
#define FIRST_ERROR 0.15f
#define LEAST_ERROR 0.004f /* of the limit */
#define MOST_TERM   7.0f

static void peak(struct forecast_state *state, const struct step *step)
{
	struct forecast_swing *w = &state->swing;
	float share = max_f(1 / (float)(state->cycles + 1), MEMORY), at = w->extreme;
	float period = w->since_peak - w->extreme_age;

	if (!state->cycles) {
		w->peak = at;
		w->peak_error = FIRST_ERROR * max_f(at - w->start, 0);
		w->period = 0; /* one peak is no period */
	} else {
		float surprise = at - (w->peak + w->peak_step);

		w->peak_error += share * (fabsf(surprise) - w->peak_error);
		w->peak_step += share * (at - w->peak - w->peak_step);
		w->peak = at;
		w->period = w->period > 0 ? w->period + share * (period - w->period) : period;
	}
	w->since_peak = w->extreme_age;
	if (state->cycles < UINT16_MAX)
		state->cycles++;
}

static void trough(struct forecast_state *state, const struct step *step)
{
	struct forecast_swing *w = &state->swing;
	float rise = w->extreme - w->trough;

	if (rise < RISE_SHARE * step->limit)
		state->trough_rises = 0;
	else if (state->trough_rises < UINT8_MAX)
		state->trough_rises++;
	w->trough_step += TROUGH_MEMORY / 2 * ((state->cycles < 2 ? 0 : rise) - w->trough_step);
	w->trough = w->extreme;
}

/* How far it must turn back to count: out of the noise, and no mere ripple on the swings that are
 * known. */
static float reversal(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_swing *w = &state->swing;
	float turn = max_f(REVERSAL_SHARE * step->limit, REVERSAL_GRAINS * step->grain);

	if (state->cycles)
		return max_f(turn, REVERSAL_SWING * (w->peak - w->trough));
	return max_f(turn, min_f(REVERSAL_NOISE * sqrtf(state->scale[1].noise * drift_tau[1] / 2),
				 REVERSAL_MOST * step->limit));
}

static void swing_update(struct forecast_state *state, const struct step *step)
{
	struct forecast_swing *w = &state->swing;
	float turn = reversal(state, step), y = step->level;

	if (!w->extreme || step->moved) {
		*w = (struct forecast_swing){.extreme = y, .start = y, .trough = y};
		state->cycles = 0;
		state->trough_rises = 0;
		state->rising = 1;
		return;
	}
	w->since_peak += step->dt;
	w->extreme_age += step->dt;
	if (state->rising ? y > w->extreme : y < w->extreme) {
		w->extreme = y;
		w->extreme_age = 0;
	} else if (fabsf(y - w->extreme) > turn) {
		if (state->rising)
			peak(state, step);
		else
			trough(state, step);
		w->start = w->extreme;
		w->extreme = y;
		w->extreme_age = 0;
		state->rising = !state->rising;
	}
}

static void swing_judge(const struct forecast_state *state, const struct step *step,
			struct verdict *verdict)
{
	const struct forecast_swing *w = &state->swing;
	float error, expected, inside, doubt;

	if (!state->cycles || step->distance < 0 || verdict->chance_risk < 1e-3f)
		return;
	error = max_f(w->peak_error, LEAST_ERROR * step->limit);
	error = max_f(error, FIRST_ERROR * max_f(w->peak - w->trough, 0) /
				     (float)(state->cycles * state->cycles));
	expected = w->peak + max_f(w->peak_step, 0);
	if (state->floor.slope_low > 0)
		expected += max_f(state->floor.max_slope, 0) * RISK_SECONDS;
	inside = clamp_f((expected + 3 * error - step->level) / (2 * error), 0, 1);
	/* The next peak is taken as logistic: ln P(peak > limit | peak > here). */
	doubt = softplus_f((step->level - expected) / error) -
		softplus_f((step->limit - expected) / error);
	/* n cycles like this one ended well: the rule of succession gives the next one at most one
	 * in n + 1 (Laplace). Only as long as no trend carries the peaks towards the limit. */
	if (expected + error < step->limit)
		doubt = min_f(doubt, -SUCCESSION * log_f(1 + 2 * (float)state->cycles));
	doubt = max_f(doubt, -MOST_TERM) * inside;
	if (doubt < -0.05f)
		verdict_add(verdict, HR_REASON_SAWTOOTH, doubt, to_bytes(w->peak), state->cycles,
			    to_bytes(max_f(step->limit - w->peak, 0)));
}

const struct forecast_detector detector_swing = {
	.name = "swing", .update = swing_update, .judge = swing_judge};
