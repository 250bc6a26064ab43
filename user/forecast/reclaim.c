// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What counts as used, and may be reclaimable after all. v1 does not say how much of the kernel's memory is: directory entries, which the
 * kernel gives back, look like pipes, which it can't. Growth of unknown kind is no reason to act by itself. And the kernel's own
 * answer: the limit was hit, no process was killed, and what is not anonymous has shrunk. That answer holds for this kind of memory only: it
 * counts by its share, so that a leak of anonymous memory stays a leak. Page cache that is reclaimed beside one is no answer: it is not
 * part of what is used.
 */
#include "detector.h"

#define UNSORTED_SHARE  0.25f /* of what is used */
#define RECENT_SHARE    16    /* growth is recent for this part of the limit */
#define UNSORTED_GROWTH 0.5f  /* of the recent growth */
#define MOST_ODDS       0.7f  /* log-odds: a probability of two thirds */
#define SHRUNK_SHARE    0.02f /* of the limit: more than what comes and goes */
#define PER_RECLAIM     5.0f
#define MOST_RECLAIMED  8.0f

/* KiB used that are not anonymous; all of it where that is unknown. */
static float not_anonymous(const struct step *step)
{
	uint64_t anon = step->input->anon;

	return anon == HR_UNKNOWN ? step->used : max_f(step->used - (float)(anon / 1024), 0);
}

static uint16_t of_limit(const struct step *step, float kib)
{
	return (uint16_t)(65535 * (step->limit > 0 ? clamp_f(kib / step->limit, 0, 1) : 0));
}

static float from_limit(const struct step *step, uint16_t part)
{
	return step->limit * (float)part / 65535;
}

/* Under the limit of an ancestor all count that share it. */
static bool shares(const struct step *step)
{
	return step->input->binding_level == HR_LEVEL_ANCESTOR &&
	       step->input->above_unsorted != HR_UNKNOWN && step->input->above_used != HR_UNKNOWN;
}

static float unsorted(const struct step *step)
{
	uint64_t bytes = shares(step) ? step->input->above_unsorted : step->input->unsorted;

	return bytes == HR_UNKNOWN ? 0 : (float)(bytes / 1024);
}

static float used(const struct step *step)
{
	return shares(step) ? (float)(step->input->above_used / 1024) : step->used;
}

/* Directory entries may fill what anonymous memory, which is most of it, leaves: not what is there counts then, but what grows. */
static void follow_growth(struct forecast_state *state, const struct step *step)
{
	float grown = unsorted(step) - from_limit(step, state->unsorted);
	float share = (float)state->unsorted_growth / 255, part;

	if (!step->first && step->eaten > 0 && step->limit > 0) {
		part = clamp_f(grown / step->eaten, 0, 1);
		share += min_f(RECENT_SHARE * step->eaten / step->limit, 1) * (part - share);
		state->unsorted_growth = (uint8_t)(255 * share + 0.5f);
	}
	state->unsorted = of_limit(step, unsorted(step));
}

static bool of_unknown_kind(const struct forecast_state *state, const struct step *step)
{
	float kib = unsorted(step);

	return kib >= UNSORTED_SHARE * used(step) ||
	       (kib > used(step) / KERNEL_NEEDED &&
		(float)state->unsorted_growth > 255 * UNSORTED_GROWTH);
}

/* Was the limit hit since the last sample? */
static bool hit(struct forecast_state *state, const struct step *step)
{
	uint32_t now = (uint32_t)step->input->events_max, rise = now - state->limit_hits;

	if (step->input->events_max == HR_UNKNOWN)
		return false;
	state->limit_hits = now;
	return !step->first && rise && rise < UINT32_MAX / 2;
}

static void reclaim_update(struct forecast_state *state, const struct step *step)
{
	float other = not_anonymous(step), shrunk = from_limit(step, state->not_anonymous) - other;

	if (hit(state, step) && !step->killed && state->reclaims < UINT8_MAX &&
	    step->input->anon != HR_UNKNOWN &&
	    shrunk > max_f(step->grain, SHRUNK_SHARE * step->limit))
		state->reclaims++;
	if (step->killed)
		state->reclaims = 0;
	state->not_anonymous = of_limit(step, other);
	follow_growth(state, step);
}

static void reclaim_judge(const struct forecast_state *state, const struct step *step,
			  struct verdict *verdict)
{
	float weight;

	if (state->reclaims && verdict->chance_risk > 1e-3f && step->used > 0) {
		weight = min_f(PER_RECLAIM * log_f(1 + state->reclaims), MOST_RECLAIMED);
		weight *= min_f(not_anonymous(step) / step->used, 1) * verdict->chance_risk;
		verdict_add(verdict, HR_REASON_RECLAIMED, -weight, state->reclaims,
			    to_bytes(step->limit), 0);
	}
	if (step->input->unsorted == HR_UNKNOWN || state->kills)
		return;
	verdict->unsure = of_unknown_kind(state, step);
	if (verdict->unsure && verdict->log_odds > MOST_ODDS)
		verdict_add(verdict, HR_REASON_UNSORTED, MOST_ODDS - verdict->log_odds,
			    to_bytes(unsorted(step)), to_bytes(used(step)), 0);
}

const struct forecast_detector detector_reclaim = {
	.name = "reclaim", .update = reclaim_update, .judge = reclaim_judge};
