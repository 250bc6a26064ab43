// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Distance covered against distance left. A rise of unknown end stops anywhere, under a
 * scale-invariant prior (Gott 1993): having risen by R, it continues for another D with odds R : D.
 * So a drift towards the limit is the more credible the longer it has lasted.
 */
#include "detector.h"

#define MOST_TERM 5.0f

float rise_so_far(const struct forecast_state *state, const struct step *step)
{
	float low = state->rising ? state->sawtooth.start : state->sawtooth.extreme, ring_low,
	      ring_high;

	for (unsigned int ring = 0; ring < 2; ring++)
		if (step->input->binding_level == HR_LEVEL_OWN &&
		    baseline_range(state, ring, &ring_low, &ring_high))
			low = min_f(low, ring_low);
	return max_f(step->level - low, 0);
}

static void rise_odds_judge(const struct forecast_state *state, const struct step *step,
			    struct verdict *verdict)
{
	float weight, seconds = -1;

	if (verdict->chance_risk < 1e-3f || step->distance < 0)
		return;
	verdict->come = rise_so_far(state, step);
	weight = log_f((verdict->come + step->grain) / (step->distance + step->grain));
	weight = clamp_f(weight, -MOST_TERM, MOST_TERM) * verdict->chance_risk;
	if (verdict->drift >
	    0) /* at the present rate; it cannot have begun before the target itself */
		seconds = min_f(verdict->come / verdict->drift,
				(float)(state->last_t_ns - state->start_ns) / 1e9f);
	verdict_add(verdict, HR_REASON_RISE, weight, to_bytes(verdict->come),
		    to_bytes(step->distance), seconds > 0 ? to_ms(seconds) : -1);
}

const struct forecast_detector detector_rise_odds = {.name = "rise", .judge = rise_odds_judge};
