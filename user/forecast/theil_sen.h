/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The trend of a few points: Theil-Sen's slope and its interval. */
#ifndef HEADROOM_FORECAST_THEIL_SEN_H
#define HEADROOM_FORECAST_THEIL_SEN_H

#include <stdbool.h>
#include <stdint.h>
#include "forecast_state.h"

#define MOST_POINTS 24
#define SURE        1.96f /* standard errors from the median to the ends of a 95 % interval */

struct points {
	unsigned int n;
	float t[MOST_POINTS], low[MOST_POINTS], high[MOST_POINTS];
};

/* Fills the slopes and the window of *ret; ret_late: the slope of the second half, percent of the whole's. False: fewer than `least` points. */
bool theil_sen(const struct points *p, unsigned int least, struct forecast_baseline *ret,
	       uint8_t *ret_late);
/* The growth, in quarters of the standard deviation of a random walk with the same steps: the
 * Mann–Kendall test assumes independent points, and those of a walk are not. */
uint8_t theil_sen_straightness(const struct points *p, float slope);

#endif
