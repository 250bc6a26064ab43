// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Stalls: a container can fail without an OOM kill, when all its tasks wait for memory (memory.high
 * without swap, refault storms, swap thrashing), or on v1 hang under_oom. These signals only raise
 * the risk: for anonymous memory without swap PSI stays silent until the OOM kill.
 */
#include "detector.h"

#define FAST_SECONDS 10.0f
#define SLOW_SECONDS 60.0f
#define FULL_STARTS  0.10f /* share of time with all tasks stalled from which it counts … */
#define FULL_PER \
	14.0f /* … log-odds per share beyond that: .6 for a minute is a probability of one half */
#define MOST_TERM      9.0f
#define REFAULT_STARTS 0.05f /* of the usage read back per second */
#define REFAULT_PER    6.0f
#define MOST_REFAULT   3.0f
/* memory.stat is not read at each sweep: the counter stands for up to so many seconds, and then has risen by all that came meanwhile,
 * as if in one (sweep_worker.c, STAT_AGE_NS). The mean over a minute is the same. */
#define REFAULT_SECONDS 17.0f
#define UNDER_OOM       12.0f
#define UNDER_OOM_AFTER 2 /* seconds */
#define PAGE_KIB        4.0f

/* Increase of a counter since the last sample; 0 the first time, and after a restart. */
static uint32_t counter_rise(uint64_t now, uint32_t *last, bool first)
{
	uint32_t rise = (uint32_t)now - *last;

	*last = (uint32_t)now;
	return first || rise > UINT32_MAX / 2 ? 0 : rise;
}

static void follow(float *mean, float share, float most, float tau, float dt)
{
	*mean += (min_f(share, most) - *mean) * dt / (tau + dt);
}

static void stall_update(struct forecast_state *state, const struct step *step)
{
	const struct forecast_input *in = step->input;
	struct forecast_stall *s = &state->stall;
	bool first = step->dt <= 0 || step->gap;
	float share, dt = step->dt;

	if (in->psi_full_us != HR_UNKNOWN) {
		share = (float)counter_rise(in->psi_full_us, &s->psi_full_us, first);
		if (!first) {
			follow(&s->full_fast, share / 1e6f / dt, 1, FAST_SECONDS, dt);
			follow(&s->full_slow, share / 1e6f / dt, 1, SLOW_SECONDS, dt);
		}
	}
	if (in->refaults != HR_UNKNOWN) {
		share = PAGE_KIB * (float)counter_rise(in->refaults, &s->refaults, first);
		if (!first)
			follow(&s->refault_share, share / dt / max_f(step->used, 1),
			       REFAULT_SECONDS, SLOW_SECONDS, dt);
	}
	state->under_oom_seconds =
		in->under_oom && !first
			? (uint8_t)min_f((float)state->under_oom_seconds + max_f(dt, 1), UINT8_MAX)
			: 0;
}

static void stall_judge(const struct forecast_state *state, const struct step *step,
			struct verdict *verdict)
{
	const struct forecast_stall *s = &state->stall;
	float full = min_f(s->full_fast, 1.5f * s->full_slow);

	if (full > FULL_STARTS)
		verdict_other(verdict, CAUSE_STALL, HR_REASON_STALL,
			      min_f(FULL_PER * (full - FULL_STARTS), MOST_TERM),
			      (int64_t)(100 * s->full_fast), (int64_t)(100 * s->full_slow), 0);
	if (s->refault_share > REFAULT_STARTS)
		verdict_other(
			verdict, CAUSE_STALL, HR_REASON_REFAULT,
			min_f(REFAULT_PER * (s->refault_share - REFAULT_STARTS), MOST_REFAULT),
			(int64_t)(100 * s->refault_share), 0, 0);
	if (state->under_oom_seconds >= UNDER_OOM_AFTER)
		verdict_other(verdict, CAUSE_STALL, HR_REASON_UNDER_OOM, UNDER_OOM,
			      to_ms(state->under_oom_seconds), 0, 0);
}

const struct forecast_detector detector_stall = {
	.name = "stall", .update = stall_update, .judge = stall_judge};
