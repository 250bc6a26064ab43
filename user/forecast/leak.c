// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Leaks: a baseline that keeps rising above everything that the container used in the last day, by
 * enough and for long enough. none → suspected → confirmed → exhausting, and back when the trend
 * has been gone for a while; ended as soon as the growth of a confirmed leak certainly is. The kind is the part of memory that has grown most over its own slow
 * average. A daily rhythm rises to its level of the day before, and is no leak.
 */
#include "detector.h"

#define SUSPECT_SECONDS 1200.0f
#define SUSPECT_SHARE   0.005f /* of the limit, grown within the trend's window */
/* just under an hour, so that a leak is confirmed within 90 minutes */
#define CONFIRM_SECONDS 3300.0f
#define CONFIRM_SHARE   0.01f
#define FAST_SHARE      0.15f      /* this much growth in a shorter window is suspected too */
#define KNOWN_RATE      97000.0f   /* KiB an hour: "more than 100 MB/h" … */
#define KNOWN_LIMIT     8400000.0f /* … on limits up to 8 GB */
#define ALMOST_DAY      75600.0f   /* 21 hours, of the 23 that are held */
#define BEYOND_WALK     3          /* standard deviations of a random walk: 1 in 400 goes further */
#define DAY_GROWTH      0.004f     /* of the limit: growth that lasts all day may be small */
#define DAY_SHARE       0.8f /* of the trend's growth: minimum rise over the same hour a day ago */
#define LITTLE_ODDS     3.0f /* growth relative to the remaining distance: rise_odds.c */
#define SOME_SHARE      0.1f
#define CYCLES          8
#define CYCLES_SHARE    0.3f
#define NEW_SHARE       0.25f /* of the growth: by so much it must exceed earlier levels */
#define LARGE_SHARE     0.5f
/* % of the growth in the later half of the window: growth that levels off is no leak */
#define LATE_PERCENT 38
/* A rise has covered so many times its remaining distance: it arrives 20 times in 21 (rise_odds.c),
 * slightly more often than the other rules here are right, so that their precision holds */
#define LATE_ODDS     20.0f
#define LATE_SECONDS  900.0f
#define LATE_STRAIGHT 0.7f  /* of its mean pace since it began: minimum recent pace */
#define GROUND_SHARE  0.08f /* of the rise: a level below that is where it began */
/* The previous run covered so many times its remaining distance, or was killed … */
#define PAST_ODDS       5.0f
#define SAME_PACE       0.5f /* … at the same pace: maximum difference of the logarithms */
#define PACE_STEPS      8.0f /* previous_pace: steps to a factor e … */
#define PACE_ZERO       7.0f /* … from 0.001 KiB/s on */
#define EXHAUST_SECONDS 3600.0f
#define GONE_MINUTES    20 /* without the trend before the state goes down by one */
#define ENDED_MINUTES   60 /* for so long it is said that a leak has ended */
#define KIND_TAU        2700.0f

static void parts(const struct forecast_input *in, uint64_t ret[FORECAST_KINDS])
{
	ret[0] = in->anon;
	ret[1] = in->shmem;
	ret[2] = in->slab;
	ret[3] = in->kernel;
}

static const uint8_t kind_of[FORECAST_KINDS] = {HR_LEAK_ANON, HR_LEAK_SHMEM, HR_LEAK_SLAB,
						HR_LEAK_KERNEL};

/* Updates the slow averages, and finds the part that exceeds its own by most. */
static void follow_kinds(struct forecast_state *state, const struct step *step, float seconds)
{
	uint64_t part[FORECAST_KINDS];
	float best = 0, above[FORECAST_KINDS];
	float unit = (float)(1u << state->baseline_shift);
	uint8_t of = HR_LEAK_UNKNOWN;

	parts(step->input, part);
	for (unsigned int i = 0; i < FORECAST_KINDS; i++) {
		uint16_t *base = &state->leak.kind_base[i];
		float now, share;

		above[i] = 0;
		if (part[i] == HR_UNKNOWN)
			continue;
		now = min_f((float)(part[i] >> 10) / unit, 65000);
		above[i] = now - (float)*base;
		share = seconds / (KIND_TAU + seconds) * above[i];
		/* Whole units only: the sample's time dithers the fraction, so that slow growth is
		 * followed. */
		share += (float)(step->input->t_ns >> 12 & 1023) / 1024;
		*base = step->dt > 0 && state->typical_dt > 0
				? (uint16_t)clamp_f((float)*base + floorf(share), 0, 65000)
				: (uint16_t)now;
		if (i < 3 && above[i] > best) {
			best = above[i];
			of = kind_of[i];
		}
	}
	if (above[3] - max_f(above[2], 0) > best) /* slab is part of kernel */
		of = HR_LEAK_KERNEL;
	if (state->leak_state == HR_LEAK_NONE || of != HR_LEAK_UNKNOWN)
		state->leak_of = of;
}

/* Whether it still grows in the later half of the window, and exceeds every baseline before the
 * window. */
static bool goes_on(const struct forecast_state *state, const struct step *step, float growth)
{
	float before;

	if (state->baseline_late < LATE_PERCENT || baseline_growth(state) == GROWTH_STOPPED)
		return false;
	if (state->baseline.window >= 2 * ALMOST_DAY)
		return true;
	if (baseline_ground(state, &before) &&
	    baseline_recent(state, step) < before + NEW_SHARE * growth)
		return false;
	if (state->baseline.window >= ALMOST_DAY) /* the same hour a day ago */
		return baseline_oldest(state, &before) &&
		       baseline_recent(state, step) >
			       before + DAY_SHARE * state->baseline.slope * state->baseline.window;
	return !baseline_before(state, state->baseline.window, &before) ||
	       step->used > before + NEW_SHARE * growth;
}

/* Troughs of a sawtooth that rose one after the other: by chance once in CYCLES!. */
static bool troughs_rise(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_sawtooth *w = &state->sawtooth;
	float rise = w->trough_step * (float)state->trough_rises, before;

	if (baseline_before(state, w->period * (float)state->trough_rises, &before) &&
	    w->trough < before + NEW_SHARE * rise)
		return false;
	return state->trough_rises >= CYCLES &&
	       w->period * (float)state->trough_rises >= SUSPECT_SECONDS &&
	       rise >= CYCLES_SHARE * step->limit && w->since_peak < 3 * w->period;
}

/* A leak differs from the rising half of a daily rhythm by one of: a rate above 100 MB an hour on a
 * limit up to 8 GB, a duration of nearly a day, its size, little time left, or rising troughs. Growth
 * is taken at the lower end of its interval. */
static bool confirmed(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_baseline *f = &state->baseline;
	float growth = f->slope_low * f->window, all = step->used + max_f(step->distance, 0);

	if (f->window < CONFIRM_SECONDS ||
	    growth < (f->window >= ALMOST_DAY ? DAY_GROWTH : CONFIRM_SHARE) * step->limit ||
	    !goes_on(state, step, growth))
		return false;
	if (f->window >= ALMOST_DAY && state->baseline_straight < 4 * BEYOND_WALK)
		return false;
	return (f->slope * 3600 >= KNOWN_RATE && step->limit <= KNOWN_LIMIT) ||
	       f->window >= ALMOST_DAY || growth >= LARGE_SHARE * all ||
	       (step->distance >= 0 && growth >= LITTLE_ODDS * step->distance &&
		growth >= SOME_SHARE * step->limit);
}

/* A linear rise that has almost reached the limit: shorter than a confirmed leak, but too far to be
 * chance. A rise that memory.high will throttle first does not count. */
static bool nearly_there(const struct forecast_state *state, const struct step *step, float come,
			 float pace)
{
	float seconds;

	if (come < LATE_ODDS * step->distance)
		return false;
	seconds = baseline_above(state, step->used - (1 - GROUND_SHARE) * come);
	return seconds >= LATE_SECONDS && pace * seconds >= LATE_STRAIGHT * come;
}

/* The previous run ended by leaking at this pace. */
static bool same_pace_again(const struct forecast_state *state, float pace)
{
	float past = (float)state->previous_pace / PACE_STEPS - PACE_ZERO;

	return state->previous_pace && fabsf(log_f(pace) - past) <= SAME_PACE;
}

static bool confirmed_early(const struct forecast_state *state, const struct step *step)
{
	float come, pace;

	if (step->distance < 0 || step->input->binding_level != HR_LEVEL_OWN ||
	    step->input->high < step->input->limit ||
	    (!state->previous_pace && step->used < LATE_ODDS * step->distance))
		return false;
	come = rise_so_far(state, step);
	return come >= FAST_SHARE * step->limit && baseline_even(state, &pace) &&
	       (same_pace_again(state, pace) || nearly_there(state, step, come, pace));
}

/* Uses the maximum of the last minutes: after the end of a run little is left. */
uint8_t leak_pace_at_end(const struct forecast_state *state, bool killed)
{
	float limit = 4 * (float)state->limit_pages, low, high, ground, unused, pace;

	if (state->level != HR_LEVEL_OWN || !limit || state->leak_state < HR_LEAK_SUSPECTED ||
	    !baseline_range(state, 0, &low, &high) || !baseline_even(state, &pace))
		return 0;
	if (baseline_range(state, 1, &ground, &unused))
		low = min_f(low, ground);
	if (!killed && state->leak_state < HR_LEAK_CONFIRMED &&
	    high - low < PAST_ODDS * max_f(limit - high, 0))
		return 0;
	return (uint8_t)clamp_f(PACE_STEPS * (log_f(pace) + PACE_ZERO) + 0.5f, 1, UINT8_MAX);
}

static uint8_t verdict_now(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_baseline *f = &state->baseline;
	float growth = f->slope * f->window;

	if (troughs_rise(state, step))
		return state->sawtooth.period * (float)state->trough_rises >= CONFIRM_SECONDS
			       ? HR_LEAK_CONFIRMED
			       : HR_LEAK_SUSPECTED;
	if (f->window <= 0 || f->slope_low <= 0 || growth < 2 * step->grain)
		return HR_LEAK_NONE;
	if (confirmed(state, step) || confirmed_early(state, step))
		return HR_LEAK_CONFIRMED;
	if (f->window >= SUSPECT_SECONDS && growth >= SUSPECT_SHARE * step->limit)
		return HR_LEAK_SUSPECTED;
	return growth >= FAST_SHARE * step->limit ? HR_LEAK_SUSPECTED : HR_LEAK_NONE;
}

static void leak_update(struct forecast_state *state, const struct step *step)
{
	uint8_t now, base = state->leak_state == HR_LEAK_EXHAUSTING ? HR_LEAK_CONFIRMED
								    : state->leak_state;
	uint32_t minutes = step->age / 60 - step->age_before / 60;

	/* A leak near its end may be confirmed before the minute is over. */
	if (!minutes && !step->first &&
	    (state->leak_state != HR_LEAK_SUSPECTED || step->distance < 0 ||
	     step->used < LATE_ODDS * step->distance))
		return;
	follow_kinds(state, step, 60 * (float)minutes);
	now = verdict_now(state, step);
	if (base == HR_LEAK_CONFIRMED && now < base && baseline_growth(state) == GROWTH_STOPPED) {
		state->leak_state = HR_LEAK_ENDED;
		state->leak.held_minutes = 0;
		state->leak.rate = 0;
		return;
	}
	if (base == HR_LEAK_ENDED) {
		state->leak.held_minutes += (uint16_t)(minutes < 60 ? minutes : 60);
		if ((now < HR_LEAK_CONFIRMED || baseline_growth(state) != GROWTH_GOES_ON) &&
		    state->leak.held_minutes < ENDED_MINUTES)
			return;
		base = now;
		state->leak.held_minutes = 0;
	} else if (now >= base) {
		base = now;
		state->leak.held_minutes = 0;
	} else {
		state->leak.held_minutes += (uint16_t)(minutes < 60 ? minutes : 60);
		if (state->leak.held_minutes >= GONE_MINUTES) {
			base = base ? base - 1 : 0;
			state->leak.held_minutes = 0;
		}
	}
	state->leak_state = base;
	if (state->baseline.slope_low > 0)
		state->leak.rate = state->baseline.slope;
	else if (base && state->trough_rises >= CYCLES)
		state->leak.rate = state->sawtooth.trough_step / state->sawtooth.period;
	else if (!base)
		state->leak.rate = 0;
	if (base == HR_LEAK_CONFIRMED && step->distance >= 0 && state->leak.rate > 0 &&
	    step->distance / state->leak.rate < EXHAUST_SECONDS)
		state->leak_state = HR_LEAK_EXHAUSTING;
}

static void leak_judge(const struct forecast_state *state, const struct step *step,
		       struct verdict *verdict)
{
	if (hr_leak_grows(state->leak_state) && verdict->chance_risk > 0.01f)
		verdict_add(verdict, HR_REASON_LEAK, 0.3f, to_bytes(state->leak.rate * 3600),
			    state->leak_of, to_ms(state->baseline.window));
}

const struct forecast_detector detector_leak = {
	.name = "leak", .update = leak_update, .judge = leak_judge};
