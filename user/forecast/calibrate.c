// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Calibration: the observed probability for a sum of log-odds. The backtest makes the shipped table
 * from its tuning seeds (pool adjacent violators: Ayer et al. 1955; Zadrozny & Elkan
 * 2002). In addition, each container corrects the width of its own intervals by how often they held
 * (online quantile tracking: Gibbs & Candès 2021).
 */
#include "risk.h"

#include "calibrate_table.h"

#define STEP_WIDER    0.16f /* on a miss; a hit narrows by a quarter of it: they balance at 80 % */
#define STEP_NARROWER 0.04f
#define QUANTILE      1.2816f /* of the normal distribution at 90 % */
#define LEAST_WIDEN   -0.7f
#define MOST_WIDEN    1.4f
#define LEAST_WAIT    2.0f /* seconds, and five samples */
#define MOST_WAIT     RISK_SECONDS

float calibrate(float log_odds, unsigned int horizon)
{
	const float *table = calibration[horizon < HORIZONS ? horizon : HORIZONS - 1];
	float at = (log_odds - CALIBRATION_FIRST) / CALIBRATION_STEP;
	int i;

	if (at <= 0)
		return table[0] * logistic_f(log_odds) / logistic_f(CALIBRATION_FIRST);
	if (at >= CALIBRATION_KNOTS - 1)
		return table[CALIBRATION_KNOTS - 1];
	i = (int)at;
	return table[i] + (at - (float)i) * (table[i + 1] - table[i]);
}

void calibrate_spread(struct forecast_state *state, const struct step *step,
		      const struct verdict *verdict)
{
	struct forecast_score *s = &state->score;

	if (s->due > 0 && (step->gap || step->moved)) {
		s->due = 0;
	} else if (s->due > 0) {
		s->due -= step->dt;
		s->rise += step->eaten;
		if (s->due <= 0) {
			bool hit = s->rise >= s->low && s->rise <= s->high;

			s->widen = clamp_f(s->widen + (hit ? -STEP_NARROWER : STEP_WIDER),
					   LEAST_WIDEN, MOST_WIDEN);
			if (s->checked < UINT16_MAX) {
				s->checked++;
				s->covered += hit;
			}
		}
	}
	if (s->due <= 0 && verdict->seconds > 0 && verdict->drift > 0) {
		float wait = clamp_f(verdict->seconds / 2, max_f(LEAST_WAIT, 5 * state->typical_dt),
				     MOST_WAIT);
		float jitter,
			factor = exp_f(QUANTILE * min_f(verdict->spread * exp_f(s->widen), 1.5f));

		s->due = wait;
		s->rise = 0;
		/* The jitter of the level widens this check, but not the time to OOM. */
		jitter = QUANTILE * sqrtf(state->scale[2].noise * drift_tau[2] / 2) + step->grain;
		s->low = verdict->drift * wait / factor - jitter;
		s->high = verdict->drift * wait * factor + jitter;
	}
}
