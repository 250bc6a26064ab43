// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What this workload has been through: standing at the limit without being killed speaks against
 * the next minute's kill; kills in earlier lives speak for it.
 */
#include "detector.h"

#define AT_LIMIT_SHARE 0.01f
#define AT_LIMIT_UNIT  10.0f /* seconds */
#define MOST_SURVIVED  6.0f
#define YOUNG          -3.0f /* what starts, loads: most of it stops by itself … */
#define YOUNG_SECONDS  20.0f /* … within some of these */
#define MOST_LIVES     2.3f  /* log-odds: however many lives ended one way, ten to one */

static void past_update(struct forecast_state *state, const struct step *step)
{
	if (step->distance < 0)
		return;
	if (step->distance <= max_f(step->grain, AT_LIMIT_SHARE * step->limit))
		/* A new high is no standing: it still moves towards the limit. */
		state->at_limit_seconds = state->rising && state->swing.extreme_age <= 0
						  ? 0.5f * state->at_limit_seconds
						  : state->at_limit_seconds + step->dt;
	else if (step->distance > max_f(2 * step->grain, 0.03f * step->limit))
		state->at_limit_seconds = 0;
}

static void past_judge(const struct forecast_state *state, const struct step *step,
		       struct verdict *verdict)
{
	float weight, age;

	if (verdict->chance_risk < 1e-3f) /* nothing that any of this would change */
		return;
	age = (float)(state->last_t_ns - state->birth_ns) / 1e9f;
	weight = age < 6 * YOUNG_SECONDS
			 ? YOUNG * verdict->chance_risk * exp_f(-age / YOUNG_SECONDS)
			 : 0;
	if (weight < -0.01f)
		verdict_add(verdict, HR_REASON_YOUNG, weight, to_ms(age), 0, 0);
	if (state->at_limit_seconds > 0) {
		weight = -min_f(1.2f * log_f(1 + state->at_limit_seconds / AT_LIMIT_UNIT),
				MOST_SURVIVED);
		verdict_add(verdict, HR_REASON_SURVIVED, weight * verdict->chance_risk,
			    to_ms(state->at_limit_seconds), to_bytes(step->limit), 0);
	}
	if (!state->deaths && !state->survivals)
		return;
	weight = log_f((1 + (float)state->deaths) / (1 + (float)state->survivals));
	weight = clamp_f(weight, -MOST_LIVES, MOST_LIVES) * verdict->chance_risk;
	if (weight > 0.01f)
		verdict_add(verdict, HR_REASON_KILLED_BEFORE, weight, state->deaths, 0, 0);
	else if (weight < -0.01f)
		verdict_add(verdict, HR_REASON_LIVED_BEFORE, weight, state->survivals, 0, 0);
}

const struct forecast_detector detector_past = {
	.name = "past", .update = past_update, .judge = past_judge};
