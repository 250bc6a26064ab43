// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From an input to an outlook: makes the step (what changed, over which time, towards which limit),
 * recognises restarts, gaps and clocks that jump, and walks the detectors. Never reads a clock, a
 * file or another container.
 */
#include "forecast.h"

#include <string.h>

#include "detector.h"
#include "risk.h"

#define PAGE_BYTES    4096u
#define NS_PER_SECOND 1000000000u
#define MOST_DEATHS   100
/* a silence longer than this and GAP_TIMES the usual spacing teaches no drift: */
#define GAP_SECONDS  300.0f
#define ECHO_TIMES   16.0f /* closer than the usual spacing over this, … */
#define ECHO_SECONDS 0.02f /* … or than this (the guard's least is 50 ms): one sample */
#define GAP_TIMES    20.0f /* the guard slept, or the clock jumped */
/* the kernel charges by batches of 64 pages per CPU: mm/memcontrol.c, MEMCG_CHARGE_BATCH */
#define GRAIN_KIB   128.0f
#define GRAIN_SHARE 1e-4f /* of the limit */
/* usage fell at once to below this share: with counters that start anew, a new life */
#define RESTART_SHARE 0.15f

/* In this order: what comes later may look at what the verdict says so far. */
static const struct forecast_detector *const detectors[] = {
	&detector_changepoint, &detector_drift, &detector_swing, &detector_rise,  &detector_past,
	&detector_barrier,     &detector_floor, &detector_leak,  &detector_stall,
};

void forecast_init(struct forecast_state *state) { memset(state, 0, sizeof(*state)); }

void forecast_input_init(struct forecast_input *input)
{
	memset(input, 0xff, sizeof(*input));
	input->t_ns = 0;
	input->binding_level = HR_LEVEL_OWN;
	input->under_oom = input->restarted = 0;
	input->sock = input->page_tables = 0;
}

/* A new life: everything is forgotten but the counters of what happened to this workload. */
static void new_life(struct forecast_state *state, const struct forecast_input *input, bool killed)
{
	uint8_t deaths = state->deaths, survivals = state->survivals;
	uint8_t past_pace = state->seen ? leak_past(state, killed) : state->past_pace;

	if (state->seen && !killed && survivals < MOST_DEATHS)
		survivals++;
	forecast_init(state);
	state->deaths = deaths;
	state->survivals = survivals;
	state->past_pace = past_pace;
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

static bool restarted(const struct forecast_state *state, const struct forecast_input *input,
		      uint32_t used)
{
	if (input->restarted)
		return true;
	return state->seen && input->psi_full_us != HR_UNKNOWN &&
	       (uint32_t)input->psi_full_us < state->stall.psi_full_us &&
	       state->stall.psi_full_us - (uint32_t)input->psi_full_us < UINT32_MAX / 2 &&
	       used < (uint32_t)(RESTART_SHARE * (float)state->used_pages);
}

/* The sizes that count, in pages; limit 0: none; headroom UINT32_MAX: not known. */
struct sizes {
	uint32_t used, headroom, limit, rss;
};

/* False where there is nothing to learn from: no size at all. */
static bool read_sizes(const struct forecast_state *state, const struct forecast_input *input,
		       struct sizes *ret)
{
	uint64_t used = input->unreclaimable != HR_UNKNOWN ? input->unreclaimable : input->usage;
	uint64_t limit = input->limit, space = input->headroom;

	if (used == HR_UNKNOWN)
		return false;
	/* cgroup v1 writes "none" as 2^63 rounded to pages. */
	if (limit == 0 || limit >= UINT64_MAX / 4)
		limit = HR_UNKNOWN;
	if (space == HR_UNKNOWN && limit != HR_UNKNOWN)
		space = limit > used ? limit - used : 0;
	if (limit == HR_UNKNOWN && space != HR_UNKNOWN)
		limit = state->seen && state->limit_pages
				? (uint64_t)state->limit_pages * PAGE_BYTES
				: space + used;
	if (input->swap != HR_UNKNOWN && used <= UINT64_MAX / 2 && input->swap <= UINT64_MAX / 4)
		used += input->swap;
	ret->used = to_pages(used);
	ret->headroom = to_pages(space);
	ret->limit = limit == HR_UNKNOWN ? 0 : to_pages(limit);
	ret->rss = to_pages(input->rss);
	return true;
}

/* What was eaten of the headroom since the last sample, changes of the limit taken out. */
static float eaten_since(const struct forecast_state *state, const struct forecast_input *input,
			 const struct sizes *now)
{
	bool same = now->headroom != UINT32_MAX && state->headroom_pages != UINT32_MAX &&
		    now->limit && state->limit_pages && state->level == input->binding_level;

	/* At the limit the headroom is cut off at zero: what was eaten there shows in use only. */
	if (same && input->binding_level == HR_LEVEL_OWN &&
	    (!now->headroom || !state->headroom_pages))
		same = false;
	return same ? pages_rise(now->limit, state->limit_pages) -
			       pages_rise(now->headroom, state->headroom_pages)
		    : pages_rise(now->used, state->used_pages);
}

/* The two plain trends for people, over half a minute; and the usual spacing. */
static void follow_trends(struct forecast_state *state, const struct sizes *now, float dt)
{
	float keep = 30 / (30 + dt), used = pages_rise(now->used, state->used_pages);

	state->typical_dt += (state->typical_dt > 0 ? 0.1f : 1) * (dt - state->typical_dt);
	state->used_drift = keep * state->used_drift + (1 - keep) * used / dt;
	if (now->rss != UINT32_MAX && state->rss_pages != UINT32_MAX)
		state->rss_drift = keep * state->rss_drift +
				   (1 - keep) * pages_rise(now->rss, state->rss_pages) / dt;
}

/* True if there was one since the last sample. */
static bool note_kills(struct forecast_state *state, const struct forecast_input *input)
{
	uint32_t kills = (uint32_t)input->events_oom_kill, before = state->oom_kills;

	if (input->events_oom_kill == HR_UNKNOWN)
		return false;
	state->oom_kills = kills;
	if (!state->seen || kills == before)
		return false;
	if (state->deaths < MOST_DEATHS)
		state->deaths++;
	return true;
}

/* Samples that come in far quicker succession than usual are one to the drift: what happened between
 * them has a size, but hardly a speed. */
static bool is_echo(const struct forecast_state *state, float dt)
{
	return dt > 0 && dt < max_f(ECHO_SECONDS, state->typical_dt / ECHO_TIMES);
}

/* Fills in step; false where there is nothing to learn from. */
static bool make_step(struct forecast_state *state, const struct forecast_input *input,
		      struct step *step)
{
	struct sizes now;
	bool killed;
	float dt = 0;

	if (!read_sizes(state, input, &now))
		return false;
	killed = note_kills(state, input);
	if (!state->seen || restarted(state, input, now.used))
		new_life(state, input, killed);
	note_kills(state, input);
	if (input->t_ns < state->last_t_ns) /* the clock went back: move its zero along */
		state->birth_ns -= state->last_t_ns - input->t_ns;
	else if (state->seen)
		dt = (float)((double)(input->t_ns - state->last_t_ns) / 1e9);
	memset(step, 0, sizeof(*step));
	step->input = input;
	step->dt = dt;
	step->first = !state->seen;
	step->life = (uint32_t)((input->t_ns - state->birth_ns) / NS_PER_SECOND);
	step->life_before = step->life;
	if (dt > 0)
		step->life_before =
			(uint32_t)((state->last_t_ns - state->birth_ns) / NS_PER_SECOND);
	step->gap = state->typical_dt > 0 && dt > GAP_SECONDS && dt > GAP_TIMES * state->typical_dt;
	step->moved = state->seen &&
		      (state->level != input->binding_level || state->limit_pages != now.limit);
	step->used = 4.0f * (float)now.used;
	step->distance = now.headroom == UINT32_MAX ? -1 : 4.0f * (float)now.headroom;
	step->limit = max_f(now.limit ? 4.0f * (float)now.limit : 2 * step->used, 4);
	step->level = step->distance < 0 ? step->used : step->limit - step->distance;
	step->grain = max_f(GRAIN_KIB, GRAIN_SHARE * step->limit);
	if (is_echo(state, dt) && !step->moved) { /* the next one is held against the one before */
		if (state->typical_dt > 0)
			state->typical_dt += 0.1f * (dt - state->typical_dt);
		step->dt = 0;
		step->life = step->life_before;
		return true;
	}
	if (state->seen)
		step->eaten = eaten_since(state, input, &now);
	if (dt > 0 && !step->gap)
		follow_trends(state, &now, dt);
	state->headroom_pages = now.headroom;
	state->limit_pages = now.limit;
	state->used_pages = now.used;
	state->rss_pages = now.rss;
	state->level = input->binding_level;
	state->last_t_ns = input->t_ns;
	return true;
}

static void unknown_forecast(struct hr_forecast *forecast)
{
	memset(forecast, 0, sizeof(*forecast));
	forecast->drift_bytes_per_second = HR_UNKNOWN_I64;
	forecast->rss_drift_bytes_per_second = HR_UNKNOWN_I64;
	forecast->oom_in_p10_ms = forecast->oom_in_p50_ms = forecast->oom_in_p90_ms = HR_UNKNOWN;
	forecast->risk_centi = UINT16_MAX;
	forecast->leak_bytes_per_hour = HR_UNKNOWN_I64;
}

void forecast_look(struct forecast_state *state, const struct forecast_input *input,
		   struct verdict *ret_verdict, struct hr_forecast *ret_forecast)
{
	struct step step;
	bool first;

	unknown_forecast(ret_forecast);
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
	risk_conclude(state, &step, ret_verdict, ret_forecast);
	if (first)
		return;
	ret_forecast->drift_bytes_per_second = to_bytes(
		step.distance >= 0 && input->binding_level == HR_LEVEL_OWN ? ret_verdict->drift
									   : state->used_drift);
	if (input->rss != HR_UNKNOWN)
		ret_forecast->rss_drift_bytes_per_second = to_bytes(state->rss_drift);
}

void forecast_update(struct forecast_state *state, const struct forecast_input *input,
		     struct hr_forecast *ret_forecast)
{
	struct verdict verdict;

	forecast_look(state, input, &verdict, ret_forecast);
}

void forecast_succeed(struct forecast_state *state, const struct forecast_state *before)
{
	state->past_pace = leak_past(before, false);
}

void forecast_inherit(struct hr_forecast *forecast, const struct hr_forecast *above,
		      enum hr_level level)
{
	if (above->risk_centi == UINT16_MAX ||
	    (forecast->risk_centi != UINT16_MAX && forecast->risk_centi >= above->risk_centi))
		return;
	forecast->risk_centi = above->risk_centi;
	forecast->confidence_milli = above->confidence_milli;
	if (above->alarm > forecast->alarm)
		forecast->alarm = above->alarm;
	if (above->oom_in_p50_ms < forecast->oom_in_p50_ms) {
		forecast->oom_in_p10_ms = above->oom_in_p10_ms;
		forecast->oom_in_p50_ms = above->oom_in_p50_ms;
		forecast->oom_in_p90_ms = above->oom_in_p90_ms;
	}
	memcpy(forecast->reason, above->reason, sizeof(forecast->reason));
	for (size_t i = 0; i < HR_REASONS; i++)
		if (forecast->reason[i].kind)
			forecast->reason[i].reserved = level;
}
