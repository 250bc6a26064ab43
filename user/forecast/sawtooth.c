// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Sawtooths: usage that rises and falls in cycles (garbage collectors, batch jobs, days). A zigzag
 * filter finds peaks and troughs; their level, error and step from peak to peak give the probability
 * that the next peak reaches the limit. It lowers the risk of a rise only within the range of earlier
 * peaks; above it the drift alone counts.
 */
#include "detector.h"

#define REVERSAL_SHARE  0.02f /* of the limit: smaller turns are noise */
#define REVERSAL_GRAINS 8.0f
#define REVERSAL_NOISE  4.0f /* standard deviations of the error of the 8 s scale */
#define REVERSAL_MOST   0.08f
#define REVERSAL_CYCLE  0.25f /* of the usual amplitude */
#define MEMORY          0.25f /* minimum weight of the newest cycle */
#define TROUGH_MEMORY   0.5f
/* of the limit: minimum rise of a trough over the one before */
#define RISE_SHARE 0.004f
#define SUCCESSION 1.5f /* exponent: collectors and jobs are more regular than independent trials */
/* of the amplitude: assumed error of the next peak after one cycle */
#define FIRST_ERROR 0.15f
#define LEAST_ERROR 0.004f /* of the limit */
#define MOST_TERM   7.0f

static void peak(struct forecast_state *state, const struct step *step)
{
	struct forecast_sawtooth *w = &state->sawtooth;
	float share = max_f(1 / (float)(state->cycles + 1), MEMORY), at = w->extreme;
	float period = w->since_peak - w->extreme_age;

	if (!state->cycles) {
		w->peak = at;
		w->peak_error = FIRST_ERROR * max_f(at - w->start, 0);
		w->period = 0; /* needs two peaks */
	} else {
		float surprise = at - (w->peak + w->peak_step);

		w->peak_error += share * (fabsf(surprise) - w->peak_error);
		w->peak_step += share * (at - w->peak - w->peak_step);
		w->peak = at;
		w->period = w->period > 0 ? w->period + share * (period - w->period) : period;
	}
	w->since_peak = w->extreme_age;
	if (state->cycles < UINT8_MAX)
		state->cycles++;
}

static void trough(struct forecast_state *state, const struct step *step)
{
	struct forecast_sawtooth *w = &state->sawtooth;
	float rise = w->extreme - w->trough;

	if (rise < RISE_SHARE * step->limit)
		state->trough_rises = 0;
	else if (state->trough_rises < UINT8_MAX)
		state->trough_rises++;
	w->trough_step += TROUGH_MEMORY / 2 * ((state->cycles < 2 ? 0 : rise) - w->trough_step);
	w->trough = w->extreme;
}

/* Minimum reversal that counts as a turn: larger than the noise, and than ripples on known cycles. */
static float reversal(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_sawtooth *w = &state->sawtooth;
	float turn = max_f(REVERSAL_SHARE * step->limit, REVERSAL_GRAINS * step->grain);

	if (state->cycles)
		return max_f(turn, REVERSAL_CYCLE * (w->peak - w->trough));
	return max_f(turn, min_f(REVERSAL_NOISE * sqrtf(state->scale[1].noise * drift_tau[1] / 2),
				 REVERSAL_MOST * step->limit));
}

static void sawtooth_update(struct forecast_state *state, const struct step *step)
{
	struct forecast_sawtooth *w = &state->sawtooth;
	float turn = reversal(state, step), y = step->level;

	if (!w->extreme || step->moved) {
		*w = (struct forecast_sawtooth){.extreme = y, .start = y, .trough = y};
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

static void sawtooth_judge(const struct forecast_state *state, const struct step *step,
			   struct verdict *verdict)
{
	const struct forecast_sawtooth *w = &state->sawtooth;
	float error, expected, inside, doubt;

	if (!state->cycles || step->distance < 0 || verdict->chance_risk < 1e-3f)
		return;
	error = max_f(w->peak_error, LEAST_ERROR * step->limit);
	error = max_f(error, FIRST_ERROR * max_f(w->peak - w->trough, 0) /
				     (float)(state->cycles * state->cycles));
	expected = w->peak + max_f(w->peak_step, 0);
	if (state->baseline.slope_low > 0)
		expected += max_f(state->baseline.max_slope, 0) * RISK_SECONDS;
	inside = clamp_f((expected + 3 * error - step->level) / (2 * error), 0, 1);
	/* The next peak is taken as logistic: ln P(peak > limit | peak > here). */
	doubt = softplus_f((step->level - expected) / error) -
		softplus_f((step->limit - expected) / error);
	/* n cycles ended below the limit: the rule of succession (Laplace) gives the next one at most
	 * one in n + 1. Only while no trend moves the peaks towards the limit. */
	if (expected + error < step->limit)
		doubt = min_f(doubt, -SUCCESSION * log_f(1 + 2 * (float)state->cycles));
	doubt = max_f(doubt, -MOST_TERM) * inside;
	if (doubt < -0.05f)
		verdict_add(verdict, HR_REASON_SAWTOOTH, doubt, to_bytes(w->peak), state->cycles,
			    to_bytes(max_f(step->limit - w->peak, 0)));
}

const struct forecast_detector detector_sawtooth = {
	.name = "sawtooth", .update = sawtooth_update, .judge = sawtooth_judge};
