/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* From the detectors' terms to risk, alarm, reasons and quantiles of the time to OOM. */
#ifndef HEADROOM_FORECAST_RISK_H
#define HEADROOM_FORECAST_RISK_H

#include "detector.h"

void risk_begin(struct verdict *verdict);
void risk_conclude(struct forecast_state *state, const struct step *step,
		   const struct verdict *verdict, struct hr_forecast *forecast);

/* calibrate.c: chance of death within RISK_SECONDS, from summed log-odds and the horizon they rest
 * on. */
float calibrate(float log_odds, unsigned int horizon);
/* Learns from what came of earlier forecasts how wide this container's own intervals must be to cover
 * 80 %: e^state->score.widen times what they were. */
void calibrate_spread(struct forecast_state *state, const struct step *step,
		      const struct verdict *verdict);

#endif
