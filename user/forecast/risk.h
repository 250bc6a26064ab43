/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* From the terms of the detectors to risk, alarm, reasons and quantiles of the time to OOM. */
#ifndef HEADROOM_FORECAST_RISK_H
#define HEADROOM_FORECAST_RISK_H

#include "detector.h"

void risk_begin(struct verdict *verdict);
void risk_conclude(struct forecast_state *state, const struct step *step,
		   const struct verdict *verdict, struct hr_forecast *forecast);

/* calibrate.c: probability of a failure within RISK_SECONDS, from the summed log-odds and their
 * horizon. */
float calibrate(float log_odds, unsigned int horizon);
/* Adapts the width of this container's intervals so that they cover 80 %: e^state->score.widen is the
 * factor. */
void calibrate_spread(struct forecast_state *state, const struct step *step,
		      const struct verdict *verdict);

#endif
