// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From an input to an outlook: makes the step (what changed, over which time, towards which limit),
 * recognises restarts, gaps and clocks that jump, and walks the detectors. Never reads a clock, a
 * file or another container.
 */
#include "foresee.h"

#include <string.h>

#include "detector.h"
#include "risk.h"

#define PAGE_BYTES 4096u
/* a silence longer than this and GAP_TIMES the usual spacing teaches no drift: */
#define GAP_SECONDS 300.0f
#define GAP_TIMES 20.0f /* the guard slept, or the clock jumped */
/* the kernel charges by batches of 64 pages per CPU: mm/memcontrol.c, MEMCG_CHARGE_BATCH */
#define GRAIN_KIB 128.0f
#define GRAIN_SHARE 1e-4f /* of the limit */
/* usage fell at once to below this share: with counters that start anew, a new life */
#define RESTART_SHARE 0.15f

/* In this order: what comes later may look at what the verdict says so far. */
static const struct foresee_detector *const detectors[] = {
	&detector_changepoint, &detector_drift, &detector_swing, &detector_rise,  &detector_past,
	&detector_barrier,     &detector_floor, &detector_leak,	 &detector_stall,
};

void foresee_init(struct foresee_state *state) { memset(state, 0, sizeof(*state)); }

void foresee_input_init(struct foresee_input *input)
{
	memset(input, 0xff, sizeof(*input));
	input->t_ns = 0;
	input->binding_level = HR_LEVEL_OWN;
	input->under_oom = input->restarted = 0;
	input->sock = input->page_tables = 0;
}

/* A new life: everything is forgotten but the counters of what happened to this workload. */
static void new_life(struct foresee_state *state, const struct foresee_input *input, bool killed)
{
	uint8_t deaths = state->deaths, survivals = state->survivals;

	foresee_init(state);
	state->deaths = (uint8_t)(deaths + (killed && deaths < 100));
	state->survivals = survivals;
	state->birth_ns = input->t_ns;
}

static uint32_t to_pages(uint64_t bytes)
{
	return bytes / PAGE_BYTES >= UINT32_MAX ? UINT32_MAX : (uint32_t)(bytes / PAGE_BYTES);
}

static float pages_rise(uint32_t now, uint32_t before)
{
	return 4.0f * (float)((int64_t)now - before);
}

static bool restarted(const struct foresee_state *state, const struct foresee_input *input,
		      uint32_t used)
{
	if (input->restarted)
		return true;
	return state->seen && input->psi_full_us != HR_UNKNOWN &&
	       (uint32_t)input->psi_full_us < state->stall.psi_full_us &&
	       state->stall.psi_full_us - (uint32_t)input->psi_full_us < UINT32_MAX / 2 &&
	       used < (uint32_t)(RESTART_SHARE * (float)state->used_pages);
}

/* Fills in step; false where there is nothing to learn from (no size at all). */
static bool make_step(struct foresee_state *state, const struct foresee_input *input,
		      struct step *step)
{
	uint64_t used = input->unreclaimable != HR_UNKNOWN ? input->unreclaimable : input->usage;
	uint64_t limit = input->limit, room = input->headroom;
	uint32_t headroom_pages, limit_pages, used_pages, rss_pages;
	bool killed;
	float dt;

	if (used == HR_UNKNOWN)
		return false;
	if (limit == 0 ||
	    limit >= UINT64_MAX / 4) /* cgroup v1 writes "none" as 2^63 rounded to pages */
		limit = HR_UNKNOWN;
	if (room == HR_UNKNOWN && limit != HR_UNKNOWN)
		room = limit > used ? limit - used : 0;
	if (limit == HR_UNKNOWN && room != HR_UNKNOWN)
		limit = state->seen && state->limit_pages
				? (uint64_t)state->limit_pages * PAGE_BYTES
				: room + used;
	if (input->swap != HR_UNKNOWN)
		used = used > UINT64_MAX / 2 ? used : used + input->swap;
	used_pages = to_pages(used);
	headroom_pages = to_pages(room);
	limit_pages = limit == HR_UNKNOWN ? 0 : to_pages(limit);
	rss_pages = to_pages(input->rss);
	killed = state->seen && input->events_oom_kill != HR_UNKNOWN &&
		 (uint32_t)input->events_oom_kill != state->oom_kills;
	if (!state->seen || restarted(state, input, used_pages))
		new_life(state, input, killed);
	if (input->t_ns <
	    state->last_t_ns) /* the clock went back: keep what is known, move its zero */
		state->birth_ns -= state->last_t_ns - input->t_ns;
	dt = state->seen && input->t_ns > state->last_t_ns
		     ? (float)((double)(input->t_ns - state->last_t_ns) / 1e9)
		     : 0;
	memset(step, 0, sizeof(*step));
	step->input = input;
	step->dt = dt;
	step->first = !state->seen;
	step->life = (uint32_t)((input->t_ns - state->birth_ns) / 1000000000u);
	step->life_before = dt > 0 ? (uint32_t)((state->last_t_ns - state->birth_ns) / 1000000000u)
				   : step->life;
	step->gap = state->typical_dt > 0 && dt > GAP_SECONDS && dt > GAP_TIMES * state->typical_dt;
	step->moved = state->seen &&
		      (state->level != input->binding_level || state->limit_pages != limit_pages);
	step->used = 4.0f * (float)used_pages;
	step->distance = room == HR_UNKNOWN ? -1 : 4.0f * (float)headroom_pages;
	step->limit = max_f(limit_pages ? 4.0f * (float)limit_pages : 2 * step->used, 4);
	step->level = step->distance < 0 ? step->used : step->limit - step->distance;
	step->grain = max_f(GRAIN_KIB, GRAIN_SHARE * step->limit);
	if (state->seen) {
		bool comparable = step->distance >= 0 && state->limit_pages &&
				  state->level == input->binding_level;

		step->eaten = comparable ? pages_rise(limit_pages, state->limit_pages) -
						   pages_rise(headroom_pages, state->headroom_pages)
					 : pages_rise(used_pages, state->used_pages);
		/* At the limit the headroom is cut off at zero: what was eaten there shows in the
		 * usage only. */
		if (comparable && (!headroom_pages || !state->headroom_pages) &&
		    input->binding_level == HR_LEVEL_OWN)
			step->eaten = pages_rise(used_pages, state->used_pages);
	}
	if (dt > 0 && !step->gap) {
		float keep =
			30 / (30 + dt); /* the two plain trends for people: over half a minute */

		state->typical_dt = state->typical_dt > 0
					    ? state->typical_dt + 0.1f * (dt - state->typical_dt)
					    : dt;
		state->used_drift = keep * state->used_drift +
				    (1 - keep) * pages_rise(used_pages, state->used_pages) / dt;
		if (rss_pages != UINT32_MAX && state->rss_pages != UINT32_MAX)
			state->rss_drift =
				keep * state->rss_drift +
				(1 - keep) * pages_rise(rss_pages, state->rss_pages) / dt;
	}
	state->headroom_pages = headroom_pages;
	state->limit_pages = limit_pages;
	state->used_pages = used_pages;
	state->rss_pages = rss_pages;
	state->level = input->binding_level;
	state->last_t_ns = input->t_ns;
	if (input->events_oom_kill != HR_UNKNOWN)
		state->oom_kills = (uint32_t)input->events_oom_kill;
	return true;
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

void foresee_look(struct foresee_state *state, const struct foresee_input *input,
		  struct verdict *ret_verdict, struct hr_outlook *ret_outlook)
{
	struct step step;
	bool first;

	unknown_outlook(ret_outlook);
	memset(ret_verdict, 0, offsetof(struct verdict, term));
	if (!make_step(state, input, &step))
		return;
	first = !state->seen;
	state->seen = 1;
	for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++)
		if (detectors[i]->update)
			detectors[i]->update(state, &step);
	risk_begin(ret_verdict);
	for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++)
		if (detectors[i]->judge)
			detectors[i]->judge(state, &step, ret_verdict);
	risk_conclude(state, &step, ret_verdict, ret_outlook);
	if (first)
		return;
	ret_outlook->drift_bytes_per_second = to_bytes(
		step.distance >= 0 && input->binding_level == HR_LEVEL_OWN ? ret_verdict->drift
									   : state->used_drift);
	if (input->rss != HR_UNKNOWN)
		ret_outlook->rss_drift_bytes_per_second = to_bytes(state->rss_drift);
}

void foresee_update(struct foresee_state *state, const struct foresee_input *input,
		    struct hr_outlook *ret_outlook)
{
	struct verdict verdict;

	foresee_look(state, input, &verdict, ret_outlook);
}

void foresee_inherit(struct hr_outlook *outlook, const struct hr_outlook *above,
		     enum hr_level level)
{
	if (above->risk_centi == UINT16_MAX ||
	    (outlook->risk_centi != UINT16_MAX && outlook->risk_centi >= above->risk_centi))
		return;
	outlook->risk_centi = above->risk_centi;
	outlook->confidence_milli = above->confidence_milli;
	if (above->alarm > outlook->alarm)
		outlook->alarm = above->alarm;
	if (above->oom_in_p50_ms < outlook->oom_in_p50_ms) {
		outlook->oom_in_p10_ms = above->oom_in_p10_ms;
		outlook->oom_in_p50_ms = above->oom_in_p50_ms;
		outlook->oom_in_p90_ms = above->oom_in_p90_ms;
	}
	memcpy(outlook->reason, above->reason, sizeof(outlook->reason));
	for (size_t i = 0; i < HR_REASONS; i++)
		if (outlook->reason[i].kind)
			outlook->reason[i].reserved = level;
}
