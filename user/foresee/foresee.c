// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The trend of one container. Never reads a clock, a file or another container. This is the first detector: one time
 * scale of exponentially weighted drift; what it can't say yet it leaves unknown.
 */
#include "foresee.h"

#include <math.h>
#include <string.h>

#define DRIFT_TAU_SECONDS 10.0		/* remembers about the last ten seconds */
#define GAP_SECONDS 300.0		/* after a longer silence the trend starts anew */

void foresee_init(struct foresee_state *state)
{
	memset(state, 0, sizeof(*state));
}

static double difference(uint64_t now, uint64_t before)
{
	return now >= before ? (double)(now - before) : -(double)(before - now);
}

static void unknown_outlook(struct hr_outlook *outlook)
{
	memset(outlook, 0, sizeof(*outlook));
	outlook->drift_bytes_per_second = HR_UNKNOWN_I64;
	outlook->rss_drift_bytes_per_second = HR_UNKNOWN_I64;
	outlook->oom_in_p10_ms = outlook->oom_in_p50_ms = outlook->oom_in_p90_ms = HR_UNKNOWN;
	outlook->risk_centi = UINT16_MAX;
	outlook->leak_bytes_per_hour = HR_UNKNOWN_I64;
}

void foresee_update(struct foresee_state *state, const struct foresee_input *input, struct hr_outlook *ret_outlook)
{
	double dt, keep;
	int fresh = input->restarted || !state->last_t_ns || input->t_ns < state->last_t_ns;

	unknown_outlook(ret_outlook);
	if (input->unreclaimable == HR_UNKNOWN)
		return;
	dt = fresh ? 0 : (double)(input->t_ns - state->last_t_ns) / 1e9;
	if (fresh || dt > GAP_SECONDS) {
		foresee_init(state);
	} else if (dt > 0) {
		keep = exp(-dt / DRIFT_TAU_SECONDS);
		state->weight = 1 - (1 - state->weight) * keep;
		state->drift = keep * state->drift +
			(1 - keep) * difference(input->unreclaimable, state->last_unreclaimable) / dt;
		if (input->rss != HR_UNKNOWN && state->last_rss != HR_UNKNOWN)
			state->rss_drift = keep * state->rss_drift +
				(1 - keep) * difference(input->rss, state->last_rss) / dt;
		ret_outlook->drift_bytes_per_second = (int64_t)(state->drift / state->weight);
		ret_outlook->rss_drift_bytes_per_second =
			input->rss == HR_UNKNOWN ? HR_UNKNOWN_I64 : (int64_t)(state->rss_drift / state->weight);
	}
	state->last_t_ns = input->t_ns;
	state->last_unreclaimable = input->unreclaimable;
	state->last_rss = input->rss;
}
