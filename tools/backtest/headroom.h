/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The project's own forecast as a rule: the code that runs in the daemon, fed with the same samples as
 * the others. */
#ifndef BACKTEST_HEADROOM_H
#define BACKTEST_HEADROOM_H

#include "forecast/detector.h"
#include "rules.h"

struct headroom {
	struct forecast_state state;
	struct hr_forecast forecast;
	struct verdict verdict;
};

void headroom_look(const struct rule *rule, void *state, const struct sample *sample,
		   struct opinion *ret);
/* The same state, already brought up to this sample. */
void headroom_again(const struct rule *rule, void *state, const struct sample *sample,
		    struct opinion *ret);
void headroom_input(const struct sample *sample, struct forecast_input *ret);

#endif
