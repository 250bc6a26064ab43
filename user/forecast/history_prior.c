// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What happened to this workload before: time at the limit without an OOM kill lowers the risk; OOM
 * kills of earlier runs raise it.
 */
#include "detector.h"

#define AT_LIMIT_SHARE  0.01f
#define AT_LIMIT_UNIT   10.0f /* seconds */
#define MOST_SURVIVED   6.0f
#define YOUNG           -3.0f /* a starting process loads data, and most such growth stops by itself … */
#define YOUNG_SECONDS   20.0f  /* … within a few of these */
#define STANDS_SHARE    0.025f /* so close to the limit without growth for … */
#define STANDS_SECONDS  900.0f /* … 10 to 15 minutes: five-minute buckets, the open one included */
#define STANDS_LOG_ODDS 0.12f
#define MOST_RESTARTS   2.3f /* log-odds: at most ten to one, however many runs ended the same way */

static void history_prior_update(struct forecast_state *state, const struct step *step)
{
	if (step->distance < 0)
		return;
	if (step->distance <= max_f(step->grain, AT_LIMIT_SHARE * step->limit))
		/* A new maximum still moves towards the limit. */
		state->at_limit_seconds = state->rising && state->sawtooth.extreme_age <= 0
						  ? 0.5f * state->at_limit_seconds
						  : state->at_limit_seconds + step->dt;
	else if (step->distance > max_f(2 * step->grain, 0.03f * step->limit))
		state->at_limit_seconds = 0;
}

/* Close below the limit for ten minutes: a small increment is enough. It is the less probable the longer it has not come (Lindy: 1/t). At the
 * limit itself the kernel reclaims, and surviving there is evidence of its own. */
static void judge_standing(const struct forecast_state *state, const struct step *step,
			   struct verdict *verdict)
{
	float seconds, share = step->distance / step->limit;

	if (share <= AT_LIMIT_SHARE || share > STANDS_SHARE || state->at_limit_seconds > 0 ||
	    step->input->binding_level != HR_LEVEL_OWN || step->input->high < step->input->limit)
		return;
	seconds = baseline_stood(state, step->used - (STANDS_SHARE - share) * step->limit);
	if (seconds >= STANDS_SECONDS)
		verdict_other(verdict, CAUSE_STANDING, HR_REASON_NEAR_LIMIT,
			      STANDS_LOG_ODDS - log_f(seconds / STANDS_SECONDS) -
				      verdict->other[CAUSE_STANDING],
			      to_bytes(step->distance), to_ms(seconds), 0);
}

static void history_prior_judge(const struct forecast_state *state, const struct step *step,
				struct verdict *verdict)
{
	float weight, age;

	judge_standing(state, step, verdict);
	if (verdict->chance_risk < 1e-3f) /* too small for these terms to matter */
		return;
	age = (float)(state->last_t_ns - state->start_ns) / 1e9f;
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
	if (!state->kills && !state->clean_exits)
		return;
	weight = log_f((1 + (float)state->kills) / (1 + (float)state->clean_exits));
	weight = clamp_f(weight, -MOST_RESTARTS, MOST_RESTARTS) * verdict->chance_risk;
	if (weight > 0.01f)
		verdict_add(verdict, HR_REASON_KILLED_BEFORE, weight, state->kills, 0, 0);
	else if (weight < -0.01f)
		verdict_add(verdict, HR_REASON_NO_KILL_BEFORE, weight, state->clean_exits, 0, 0);
}

const struct forecast_detector detector_history_prior = {
	.name = "history_prior", .update = history_prior_update, .judge = history_prior_judge};
