// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From an input to a forecast: computes the step (what changed, in which time, towards which limit),
 * detects restarts, gaps and clock jumps, and runs the detectors. Never reads a clock, a file or
 * another container.
 */
#include "forecast.h"

#include <string.h>

#include "detector.h"
#include "risk.h"

#define PAGE_BYTES    4096u
#define NS_PER_SECOND 1000000000u
#define MOST_COUNTED  100
/* an interval longer than this and than GAP_TIMES the usual spacing is not used for the drift */
#define GAP_SECONDS 300.0f
#define ECHO_TIMES  16.0f /* closer than the usual spacing divided by this, … */
#define ECHO_SECONDS \
	0.02f /* … or than this (the daemon's shortest is 50 ms): counted as one sample */
#define GAP_TIMES 20.0f /* the daemon was suspended, or the clock jumped */
/* the kernel charges by batches of 64 pages per CPU: mm/memcontrol.c, MEMCG_CHARGE_BATCH */
#define GRAIN_KIB   128.0f
#define GRAIN_SHARE 1e-4f /* of the limit */
/* usage fell at once below this share while counters restarted: the workload was restarted */
#define RESTART_SHARE 0.15f

/* In this order: a later detector may read what earlier ones put into the verdict. */
static const struct forecast_detector *const detectors[] = {
	&detector_changepoint,   &detector_drift,       &detector_sawtooth, &detector_rise_odds,
	&detector_history_prior, &detector_memory_high, &detector_baseline, &detector_leak,
	&detector_stall,         &detector_reclaim,
};

void forecast_init(struct forecast_state *state) { memset(state, 0, sizeof(*state)); }

void forecast_input_init(struct forecast_input *input)
{
	memset(input, 0xff, sizeof(*input));
	input->t_ns = 0;
	input->binding_level = HR_LEVEL_OWN;
	input->under_oom = input->restarted = input->claims_changed = 0;
}

/* The workload was restarted: resets all but the counts of how earlier runs ended. */
static void start_over(struct forecast_state *state, const struct forecast_input *input,
		       bool killed)
{
	uint8_t kills = state->kills, clean_exits = state->clean_exits;
	uint8_t previous_pace =
		state->seen ? leak_pace_at_end(state, killed) : state->previous_pace;

	if (state->seen && !killed && clean_exits < MOST_COUNTED)
		clean_exits++;
	forecast_init(state);
	state->kills = kills;
	state->clean_exits = clean_exits;
	state->previous_pace = previous_pace;
	state->start_ns = input->t_ns;
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

/* In pages; limit 0: none; headroom UINT32_MAX: not known. */
struct sizes {
	uint32_t used, headroom, limit, rss;
};

/* False where the input has no usable size. */
static bool read_sizes(const struct forecast_state *state, const struct forecast_input *input,
		       struct sizes *ret)
{
	uint64_t used = input->unreclaimable != HR_UNKNOWN ? input->unreclaimable : input->usage;
	uint64_t limit = input->limit, space = input->headroom, pending, waits;

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
	/* Page cache that waits to be written is used; but the kernel waits for it rather than kill. */
	pending = input->pending == HR_UNKNOWN ? 0 : input->pending < used ? input->pending : used;
	used -= pending;
	waits = input->binding_level == HR_LEVEL_ANCESTOR && input->above_pending != HR_UNKNOWN
			? input->above_pending
			: pending;
	if (space != HR_UNKNOWN && waits <= UINT64_MAX / 4)
		space += waits;
	if (space != HR_UNKNOWN && claimed_by_others(input))
		space -= input->claimed < space ? input->claimed : space;
	if (input->swap != HR_UNKNOWN && used <= UINT64_MAX / 2 && input->swap <= UINT64_MAX / 4)
		used += input->swap;
	ret->used = to_pages(used);
	ret->headroom = to_pages(space);
	ret->limit = limit == HR_UNKNOWN ? 0 : to_pages(limit);
	ret->rss = to_pages(input->rss);
	return true;
}

/* Headroom consumed since the last sample, without changes of the limit. */
static float eaten_since(const struct forecast_state *state, const struct forecast_input *input,
			 const struct sizes *now)
{
	bool same = now->headroom != UINT32_MAX && state->headroom_pages != UINT32_MAX &&
		    now->limit && state->limit_pages && state->level == input->binding_level;

	if (input->claims_changed) /* the two headrooms leave out different cgroups */
		return 0;
	/* At the limit the headroom stays zero: consumption is visible in the usage only. */
	if (same && input->binding_level == HR_LEVEL_OWN &&
	    (!now->headroom || !state->headroom_pages))
		same = false;
	return same ? pages_rise(now->limit, state->limit_pages) -
			       pages_rise(now->headroom, state->headroom_pages)
		    : pages_rise(now->used, state->used_pages);
}

/* The two trends that are displayed, over half a minute; and the usual spacing. */
static void follow_trends(struct forecast_state *state, const struct sizes *now, float dt)
{
	float keep = 30 / (30 + dt), used = pages_rise(now->used, state->used_pages);

	state->typical_dt += (state->typical_dt > 0 ? 0.1f : 1) * (dt - state->typical_dt);
	state->used_drift = keep * state->used_drift + (1 - keep) * used / dt;
	if (now->rss != UINT32_MAX && state->rss_pages != UINT32_MAX)
		state->rss_drift = keep * state->rss_drift +
				   (1 - keep) * pages_rise(now->rss, state->rss_pages) / dt;
}

/* True if there was an OOM kill since the last sample. */
static bool count_kills(struct forecast_state *state, const struct forecast_input *input)
{
	uint32_t kills = (uint32_t)input->events_oom_kill, before = state->oom_kills;

	if (input->events_oom_kill == HR_UNKNOWN)
		return false;
	state->oom_kills = kills;
	if (!state->seen || kills == before)
		return false;
	if (state->kills < MOST_COUNTED)
		state->kills++;
	return true;
}

/* Samples in far quicker succession than usual count as one for the drift: the interval between them
 * is too short for a speed. */
static bool is_echo(const struct forecast_state *state, float dt)
{
	return dt > 0 && dt < max_f(ECHO_SECONDS, state->typical_dt / ECHO_TIMES);
}

/* Fills step; false where the input has no usable size. */
static bool make_step(struct forecast_state *state, const struct forecast_input *input,
		      struct step *step)
{
	struct sizes now;
	bool killed;
	float dt = 0;

	if (!read_sizes(state, input, &now))
		return false;
	killed = count_kills(state, input);
	if (!state->seen || restarted(state, input, now.used))
		start_over(state, input, killed);
	count_kills(state, input);
	if (input->t_ns < state->last_t_ns) /* the clock went back: shift the start with it */
		state->start_ns -= state->last_t_ns - input->t_ns;
	else if (state->seen)
		dt = (float)((double)(input->t_ns - state->last_t_ns) / 1e9);
	memset(step, 0, sizeof(*step));
	step->killed = killed;
	step->input = input;
	step->dt = dt;
	step->first = !state->seen;
	step->age = (uint32_t)((input->t_ns - state->start_ns) / NS_PER_SECOND);
	step->age_before = step->age;
	if (dt > 0)
		step->age_before = (uint32_t)((state->last_t_ns - state->start_ns) / NS_PER_SECOND);
	step->gap = state->typical_dt > 0 && dt > GAP_SECONDS && dt > GAP_TIMES * state->typical_dt;
	/* The host's limit follows what its free swap is worth (zram, zswap): that changes with each sample, and workloads do not react to it. */
	step->moved = state->seen &&
		      (state->level != input->binding_level ||
		       (state->limit_pages != now.limit && input->binding_level != HR_LEVEL_HOST));
	step->used = 4.0f * (float)now.used;
	step->distance = now.headroom == UINT32_MAX ? -1 : 4.0f * (float)now.headroom;
	step->limit = max_f(now.limit ? 4.0f * (float)now.limit : 2 * step->used, 4);
	step->level = step->distance < 0 ? step->used : step->limit - step->distance;
	step->grain = max_f(GRAIN_KIB, GRAIN_SHARE * step->limit);
	if (is_echo(state, dt) &&
	    !step->moved) { /* the next sample is compared with the one before */
		if (state->typical_dt > 0)
			state->typical_dt += 0.1f * (dt - state->typical_dt);
		step->dt = 0;
		step->age = step->age_before;
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

void forecast_evaluate(struct forecast_state *state, const struct forecast_input *input,
		       struct verdict *ret_verdict, struct hr_forecast *ret_forecast)
{
	struct step step;
	bool first, whole;

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
	whole = step.distance >= 0 && input->binding_level == HR_LEVEL_OWN &&
		!claimed_by_others(input);
	ret_forecast->drift_bytes_per_second =
		to_bytes(whole ? ret_verdict->drift : state->used_drift);
	if (input->rss != HR_UNKNOWN)
		ret_forecast->rss_drift_bytes_per_second = to_bytes(state->rss_drift);
}

void forecast_update(struct forecast_state *state, const struct forecast_input *input,
		     struct hr_forecast *ret_forecast)
{
	struct verdict verdict;

	forecast_evaluate(state, input, &verdict, ret_forecast);
}

void forecast_carry_over(struct forecast_state *state, const struct forecast_state *before)
{
	state->previous_pace = leak_pace_at_end(before, false);
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
	if (above->oom_in_p50_ms < forecast->oom_in_p50_ms && !forecast_is_low(above)) {
		forecast->oom_in_p10_ms = above->oom_in_p10_ms;
		forecast->oom_in_p50_ms = above->oom_in_p50_ms;
		forecast->oom_in_p90_ms = above->oom_in_p90_ms;
	}
	memcpy(forecast->reason, above->reason, sizeof(forecast->reason));
	for (size_t i = 0; i < HR_REASONS; i++)
		if (forecast->reason[i].kind)
			forecast->reason[i].reserved = level;
}

void forecast_accuracy(const struct forecast_state *state, struct forecast_accuracy *ret_accuracy)
{
	ret_accuracy->checked = state->score.checked;
	ret_accuracy->covered = state->score.covered;
}
