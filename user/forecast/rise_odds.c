// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Distance covered against distance left. A rise of unknown end stops anywhere, under a
 * scale-invariant prior (Gott 1993): having risen by R, it continues for another D with odds R : D.
 * So a drift towards the limit is the more credible the longer it has lasted. A step is no trend: what came in one or two increments says
 * nothing of a pace.
 */
#include "detector.h"

#define MOST_TERM  5.0f
#define LEAP_TAU   1800.0f /* seconds in which an increment is forgotten */
#define LEAP_UNIT  65535.0f
#define INCREMENTS 3.0f  /* of the largest one's size: fewer are a step */
#define INFORMS    4.0f  /* increments that are enough without another sample */
#define STEP       -6.0f /* log-odds of a rise that came in one increment */

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

static void rise_odds_update(struct forecast_state *state, const struct step *step)
{
	float leap = LEAP_TAU / (LEAP_TAU + step->dt) * (float)state->leap;

	if (step->moved)
		leap = 0;
	if (step->dt > 0)
		state->leap = (uint16_t)min_f(max_f(leap, LEAP_UNIT * step->eaten / step->limit),
					      LEAP_UNIT);
}

bool rise_informs(const struct forecast_state *state, const struct step *step,
		  const struct verdict *verdict)
{
	return verdict->come >= INFORMS * (float)state->leap / LEAP_UNIT * step->limit;
}

/* A rise of fewer increments than INCREMENTS. */
static void judge_step(const struct forecast_state *state, const struct step *step,
		       struct verdict *verdict)
{
	float leap = (float)state->leap / LEAP_UNIT * step->limit, few;

	if (verdict->come >= INCREMENTS * leap)
		return;
	few = (INCREMENTS - max_f(verdict->come / leap, 1)) / (INCREMENTS - 1);
	verdict->step = STEP * few * verdict->chance_risk;
	verdict_add(verdict, HR_REASON_STEP, verdict->step, to_bytes(leap), to_bytes(verdict->come),
		    0);
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
	judge_step(state, step, verdict);
}

const struct forecast_detector detector_rise_odds = {
	.name = "rise", .update = rise_odds_update, .judge = rise_odds_judge};
