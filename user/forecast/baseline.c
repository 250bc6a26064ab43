// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Baseline: minimum and maximum usage in buckets of a minute, five minutes, an hour and a day, and
 * the trend of the minima. The minimum is what a garbage collection leaves behind; it grows only if
 * something leaks. Buckets are joined until each spans at least two collections, so that its minimum
 * belongs to a collection.
 */
#include "detector.h"

#include <string.h>

#include "theil_sen.h"

#define EMPTY        UINT16_MAX
#define MINUTE       60u
#define HOUR         3600u
#define GROUND_FALL  0.02f /* of the limit */
#define GROUND_HOURS 256
#define MINUTES      8u
#define MOST_UNITS   65000u
#define LEAST_POINTS 5
#define EVEN_STEPS   4u
#define EVEN         2.0f /* each minute grows by at least half and at most twice the mean */
#define DAYS         3    /* index of the ring of days */
#define LEAST_DAYS   4    /* four rising days in a row happen by chance once in 24 */
#define DAY_PERIODS  0.8f /* one bucket of a day covers a daily collection */
#define PERIODS      2.0f /* collections that a bucket must span */
/* the next shorter ring ends a trend when its upper bound is below this share of the slope */
#define CONTRADICTS 0.3f
/* beyond this the baseline predicts the time to OOM better than the drift does */
#define LONG_SECONDS 1800.0f
#define JITTER       0.3f /* of the range of minutes: the limit may be reached anywhere in it */

#define STOP_PART   12.0f /* of the window: a pause in the growth is shorter */
#define STOP_MOST   2400.0f
#define STOP_SURE   2.0f /* standard errors */
#define LEAST_STEPS 3u

#define HEAP_CYCLES   8
#define HEAP_LAST     0.08f /* of the peak: size of the last cycle */
#define HEAP_CLIMB    0.25f
#define HEAP_CYCLE    0.12f /* of the usage: what a collection of a healthy heap frees */
#define HEAP_RISES    3
#define HEAP_PERIODS  4.0f   /* without a peak for so long: collections no longer free memory */
#define HEAP_MARGIN   0.03f  /* of the limit, between the heap's own maximum and the limit */
#define HEAP_LOG_ODDS 1.3f   /* enough for `warn`, not for `act`: the limit is not reached */
#define HEAP_FADES    450.0f /* seconds until then that lower the log-odds by 1 */

static const struct ring {
	uint32_t seconds, buckets, first;
} rings[FORECAST_RINGS] = {{MINUTE, MINUTES, 0}, {300, 18, 8}, {3600, 24, 26}, {86400, 7, 50}};

_Static_assert(8 + 18 + 24 + 7 == FORECAST_BUCKETS, "the rings share the buckets");

static uint64_t age_seconds(const struct forecast_state *state)
{
	return (state->last_t_ns - state->start_ns) / 1000000000u;
}

static float unit(const struct forecast_state *state)
{
	return (float)(1u << state->baseline_shift);
}

/* At most MOST_UNITS: the coarsest unit does not reach figures of exabytes, which a damaged series may hold. */
static uint16_t to_units(const struct forecast_state *state, float kib)
{
	return (uint16_t)clamp_f(kib / unit(state), 0, MOST_UNITS);
}

/* Coarser units when the usage outgrows them: all stored values are rounded down too. */
static void widen(struct forecast_state *state, float kib)
{
	struct forecast_baseline *f = &state->baseline;

	while (kib / unit(state) > MOST_UNITS && state->baseline_shift < 31) {
		for (size_t i = 0; i < FORECAST_BUCKETS; i++) {
			f->min[i] = f->min[i] == EMPTY ? EMPTY : f->min[i] / 2;
			f->max[i] = f->max[i] == EMPTY ? EMPTY : f->max[i] / 2;
		}
		for (size_t i = 0; i < FORECAST_KINDS; i++)
			state->leak.kind_base[i] /= 2;
		state->ground /= 2;
		state->baseline_shift++;
	}
}

/* The closed buckets of a ring, oldest first, `join` of them to a point; empty ones are left out. */
static void collect(const struct forecast_state *state, const struct ring *ring, uint64_t open,
		    unsigned int join, struct points *ret)
{
	const struct forecast_baseline *f = &state->baseline;
	unsigned int held = open < ring->buckets ? (unsigned int)open : ring->buckets - 1;
	unsigned int groups = held / join;

	ret->n = 0;
	for (unsigned int g = groups; g > 0; g--) {
		uint16_t low = EMPTY, high = 0;

		for (unsigned int i = 0; i < join; i++) {
			uint64_t index = open - (uint64_t)g * join + i;
			unsigned int at = ring->first + (unsigned int)(index % ring->buckets);

			if (f->min[at] == EMPTY)
				continue;
			low = f->min[at] < low ? f->min[at] : low;
			high = f->max[at] > high ? f->max[at] : high;
		}
		if (low == EMPTY)
			continue;
		ret->t[ret->n] = (float)((groups - g) * join) * (float)ring->seconds;
		ret->low[ret->n] = (float)low * unit(state);
		ret->high[ret->n] = (float)high * unit(state);
		ret->n++;
	}
}

static void read_trend(struct forecast_state *state, unsigned int r, uint64_t open)
{
	struct forecast_baseline *f = &state->baseline, found = {.window = 0};
	const struct forecast_sawtooth *w = &state->sawtooth;
	unsigned int join = 1;
	struct points p;
	uint8_t late;
	bool take;

	/* Where the rise from peak to peak exceeds the amplitude, single buckets do. */
	if (state->cycles && w->period > 0 && 2 * w->peak_step < w->peak - w->trough)
		join = 1 + (unsigned int)min_f((r == DAYS ? DAY_PERIODS : PERIODS) * w->period /
						       (float)rings[r].seconds,
					       1000);
	collect(state, &rings[r], open, join, &p);
	if (!theil_sen(&p, r == DAYS ? LEAST_DAYS : LEAST_POINTS, &found, &late)) {
		/* A trend read before the period was known may be one rise of the sawtooth. */
		if (r == state->baseline_ring && f->window < 2 * PERIODS * w->period)
			f->window = f->slope_low = 0;
		return;
	}
	take = f->window <= 0 || r == state->baseline_ring;
	take = take || (found.slope_low > 0 && (f->slope_low <= 0 || r > state->baseline_ring));
	/* The next shorter ring may end a trend, except that a quiet day does not end a week's. */
	take = take || (r + 1 == state->baseline_ring && state->baseline_ring < DAYS &&
			found.slope_high < CONTRADICTS * f->slope);
	if (!take)
		return;
	memcpy(&f->slope, &found.slope, sizeof(*f) - offsetof(struct forecast_baseline, slope));
	state->baseline_late = late;
	state->baseline_ring = (uint8_t)r;
	state->baseline_straight = theil_sen_straightness(&p, found.slope);
}

static void hold(struct forecast_baseline *f, unsigned int at, uint16_t low, uint16_t high)
{
	if (f->min[at] == EMPTY || low < f->min[at])
		f->min[at] = low;
	if (f->max[at] == EMPTY || high > f->max[at])
		f->max[at] = high;
}

/* Adds the minute that ended to its five minutes, hour and day; then reads the trend of each ring
 * that closed a bucket. */
static void close_minute(struct forecast_state *state, uint32_t now, uint32_t before)
{
	struct forecast_baseline *f = &state->baseline;
	unsigned int minute = rings[0].first + before / rings[0].seconds % rings[0].buckets;
	uint16_t low = f->min[minute], high = f->max[minute];

	for (unsigned int r = 0; r < FORECAST_RINGS; r++) {
		const struct ring *ring = &rings[r];
		uint32_t open = now / ring->seconds, last = before / ring->seconds;

		if (r > 0 && low != EMPTY)
			hold(f, ring->first + last % ring->buckets, low, high);
		if (open == last)
			continue;
		if (open - last > ring->buckets)
			last = open - ring->buckets;
		for (uint32_t i = last + 1; i <= open; i++) {
			f->min[ring->first + i % ring->buckets] = EMPTY;
			f->max[ring->first + i % ring->buckets] = EMPTY;
		}
		read_trend(state, r, open);
	}
}

/* Where the hour that ended lies well below the highest hour in the ring, that height is ground
 * covered before: usage that returns to it has not grown. It decays over ten days. */
static void note_ground(struct forecast_state *state, uint32_t open, float limit)
{
	const struct ring *hours = &rings[2];
	uint16_t last = state->baseline.min[hours->first + (open - 1) % hours->buckets];
	uint16_t fall = to_units(state, GROUND_FALL * limit), high = 0;

	if (last == EMPTY)
		return;
	for (unsigned int i = hours->first; i < hours->first + hours->buckets; i++)
		if (state->baseline.min[i] != EMPTY && state->baseline.min[i] > high)
			high = state->baseline.min[i];
	if (state->ground > last)
		state->ground -= (state->ground - last) / GROUND_HOURS;
	if (high > state->ground && high - last > fall)
		state->ground = high;
}

float baseline_recent(const struct forecast_state *state, const struct step *step)
{
	const struct ring *hours = &rings[2];
	uint32_t open = (uint32_t)(age_seconds(state) / HOUR);
	float low = step->used;

	for (uint32_t i = open ? open - 1 : 0; i <= open; i++)
		if (state->baseline.min[hours->first + i % hours->buckets] != EMPTY)
			low = min_f(low,
				    (float)state->baseline.min[hours->first + i % hours->buckets] *
					    unit(state));
	return low;
}

bool baseline_ground(const struct forecast_state *state, float *ret)
{
	*ret = (float)state->ground * unit(state);
	return state->ground > 0;
}

static void baseline_update(struct forecast_state *state, const struct step *step)
{
	struct forecast_baseline *f = &state->baseline;
	uint16_t used;

	if (step->first) {
		memset(f->min, 0xff, sizeof(f->min));
		memset(f->max, 0xff, sizeof(f->max));
	}
	widen(state, step->used);
	used = to_units(state, step->used);
	if (step->age / MINUTE != step->age_before / MINUTE)
		close_minute(state, step->age, step->age_before);
	if (step->age / HOUR != step->age_before / HOUR)
		note_ground(state, step->age / HOUR, step->limit);
	hold(f, rings[0].first + step->age / MINUTE % MINUTES, used, used);
}

bool baseline_range(const struct forecast_state *state, unsigned int ring, float *ret_low,
		    float *ret_high)
{
	const struct ring *r = &rings[ring];
	uint16_t low = EMPTY, high = 0;

	for (unsigned int i = r->first; i < r->first + r->buckets; i++) {
		if (state->baseline.min[i] == EMPTY)
			continue;
		low = state->baseline.min[i] < low ? state->baseline.min[i] : low;
		high = state->baseline.max[i] > high ? state->baseline.max[i] : high;
	}
	if (low == EMPTY)
		return false;
	*ret_low = (float)low * unit(state);
	*ret_high = (float)high * unit(state);
	return true;
}

bool baseline_new_high(const struct forecast_state *state, const struct step *step, float margin)
{
	float low, high;

	for (unsigned int ring = 1; ring < DAYS; ring++)
		if (baseline_range(state, ring, &low, &high) && high + margin >= step->used)
			return false;
	return true;
}

/* The highest baseline of the last day before the last `seconds`; false: not recorded. */
bool baseline_before(const struct forecast_state *state, float seconds, float *ret_high)
{
	const struct ring *hours = &rings[2];
	uint64_t open = age_seconds(state) / hours->seconds;
	uint64_t back = 1 + (uint64_t)(seconds / (float)hours->seconds);
	bool found = false;

	for (; back < hours->buckets && back <= open; back++) {
		uint16_t low =
			state->baseline
				.min[hours->first + (unsigned int)((open - back) % hours->buckets)];

		if (low == EMPTY || (found && (float)low * unit(state) <= *ret_high))
			continue;
		*ret_high = (float)low * unit(state);
		found = true;
	}
	return found;
}

/* The baseline of the oldest hour in the ring; false: fewer than two. */
bool baseline_oldest(const struct forecast_state *state, float *ret)
{
	const struct ring *hours = &rings[2];
	uint64_t open = age_seconds(state) / hours->seconds;

	for (uint64_t back = hours->buckets - 1; back > 1; back--) {
		unsigned int at = hours->first + (unsigned int)((open - back) % hours->buckets);

		if (back > open || state->baseline.min[at] == EMPTY)
			continue;
		*ret = (float)state->baseline.min[at] * unit(state);
		return true;
	}
	return false;
}

bool baseline_even(const struct forecast_state *state, float *ret_pace)
{
	uint64_t open = age_seconds(state) / MINUTE, back = open < MINUTES ? open : MINUTES - 1;
	float first, last, pace, least = 0, most = 0;
	int n = 0;

	if (back <= EVEN_STEPS || state->baseline.min[(open - back) % MINUTES] == EMPTY)
		return false;
	for (first = last = state->baseline.min[(open - back) % MINUTES]; --back > 0; n++) {
		uint16_t low = state->baseline.min[(open - back) % MINUTES];

		if (low == EMPTY)
			return false;
		least = n ? min_f(least, (float)low - last) : (float)low - last;
		most = max_f(most, (float)low - last);
		last = low;
	}
	pace = (last - first) / (float)n;
	if (pace <= 0 || least < pace / EVEN || most > EVEN * pace)
		return false;
	*ret_pace = pace * unit(state) / (float)MINUTE;
	return true;
}

/* Growth of the closed minima of a ring over its last `over` seconds: pace (KiB/s) and the standard error of that, from the scatter of the
 * steps. False: not recorded. */
static bool recent_pace(const struct forecast_state *state, const struct ring *ring, float over,
			float *ret_pace, float *ret_error)
{
	uint64_t open = age_seconds(state) / ring->seconds;
	unsigned int steps = (unsigned int)(over / (float)ring->seconds + 0.99f);
	unsigned int n = 0, oldest = 0, newest = 0;
	float first = 0, last = 0, squares = 0, mean, per;

	steps = steps < LEAST_STEPS ? LEAST_STEPS : steps - (steps == ring->buckets - 1);
	if (steps + 1 >= ring->buckets || steps + 1 > open)
		return false;
	for (unsigned int back = steps + 1; back > 0; back--) {
		uint16_t low = state->baseline.min[ring->first + (open - back) % ring->buckets];

		if (low == EMPTY)
			continue;
		if (n++ == 0)
			first = last = low, oldest = back;
		squares += ((float)low - last) * ((float)low - last);
		last = low;
		newest = back;
	}
	if (n < LEAST_STEPS || oldest - newest < steps - 1)
		return false;
	mean = (last - first) / (float)(n - 1);
	squares = max_f(squares / (float)(n - 1) - mean * mean, 0);
	per = unit(state) / (float)((oldest - newest) * ring->seconds);
	*ret_pace = (last - first) * per;
	*ret_error = sqrtf(squares) * per;
	return true;
}

enum growth baseline_growth(const struct forecast_state *state)
{
	const struct forecast_baseline *f = &state->baseline;
	float over = min_f(f->window / STOP_PART, STOP_MOST), pace, error;

	if (state->cycles)
		over = max_f(over, PERIODS * state->sawtooth.period);
	for (unsigned int r = 0; r < 2; r++) {
		if (!recent_pace(state, &rings[r], over, &pace, &error))
			continue;
		pace -= CONTRADICTS * f->slope;
		error *= STOP_SURE;
		return pace < -error  ? GROWTH_STOPPED
		       : pace > error ? GROWTH_GOES_ON
				      : GROWTH_UNSURE;
	}
	return GROWTH_UNSURE;
}

/* Of the newest buckets of a ring, those above `low` without a break. */
static float above(const struct forecast_state *state, const struct ring *ring,
		   const uint16_t levels[FORECAST_BUCKETS], float low)
{
	uint64_t open = age_seconds(state) / ring->seconds;
	float seconds = 0;

	for (uint64_t back = 0; back < ring->buckets && back <= open; back++) {
		uint16_t level = levels[ring->first + (open - back) % ring->buckets];

		if (level != EMPTY && (float)level * unit(state) <= low)
			break;
		seconds += (float)ring->seconds;
	}
	return seconds;
}

float baseline_above(const struct forecast_state *state, float low)
{
	return above(state, &rings[1], state->baseline.max, low);
}

float baseline_stood(const struct forecast_state *state, float low)
{
	float seconds = above(state, &rings[1], state->baseline.min, low);

	return seconds < (float)(rings[1].seconds * rings[1].buckets)
		       ? seconds
		       : max_f(seconds, above(state, &rings[2], state->baseline.min, low));
}

/* Whether the stored minutes contain a real collection, larger than noise. */
static bool has_collected(const struct forecast_state *state, const struct step *step)
{
	uint16_t much = to_units(state, HEAP_CYCLE * step->used);

	for (unsigned int i = rings[0].first; i < rings[2].first; i++)
		if (state->baseline.min[i] != EMPTY &&
		    state->baseline.max[i] - state->baseline.min[i] > much)
			return true;
	return false;
}

/* Collections no longer free memory: after many cycles none has occurred for a while, the last one was
 * small, and usage stays at its peak, far above where it started. */
static bool heap_met(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_sawtooth *w = &state->sawtooth;
	float low = step->used, ring_low, ring_high;

	if (state->cycles < HEAP_CYCLES || step->level < 0.97f * w->peak ||
	    w->since_peak < max_f(HEAP_PERIODS * w->period, HEAP_PERIODS * state->typical_dt) ||
	    w->peak - w->trough > HEAP_LAST * w->peak)
		return false;
	for (unsigned int ring = 0; ring < 3; ring++)
		if (baseline_range(state, ring, &ring_low, &ring_high))
			low = min_f(low, ring_low);
	return step->used - low > HEAP_CLIMB * step->used && has_collected(state, step);
}

/* The heap fills up below the container's limit: the troughs rise one after the other towards peaks
 * that stay constant. When they meet, the process fails or thrashes, without an OOM kill. */
static void judge_heap(const struct forecast_state *state, const struct step *step,
		       struct verdict *verdict)
{
	const struct forecast_baseline *f = &state->baseline;
	const struct forecast_sawtooth *w = &state->sawtooth;
	float amplitude = w->peak - w->trough, seconds, weight;
	bool met = heap_met(state, step);

	if (state->cycles < HEAP_CYCLES || w->period <= 0 ||
	    step->limit - w->peak < HEAP_MARGIN * step->limit ||
	    step->level > w->peak + 4 * w->peak_error)
		return;
	if (met)
		seconds = 0;
	else if (state->trough_rises >= HEAP_RISES && f->window > 0 && f->slope_low > 0 &&
		 f->max_slope < 0.25f * f->slope)
		seconds = max_f(amplitude, 0) / f->slope;
	else
		return;
	weight = HEAP_LOG_ODDS - seconds / HEAP_FADES - verdict->other[CAUSE_HEAP];
	if (met) /* the longer it goes on like that, the likelier it is a plateau */
		weight -= log_f(1 + w->since_peak / RISK_SECONDS);
	if (weight <= 0)
		return;
	verdict_other(verdict, CAUSE_HEAP, HR_REASON_HEAP, weight, to_bytes(w->peak),
		      to_ms(seconds), to_bytes(step->distance));
	verdict->seconds = seconds;
	verdict->spread = 0.3f;
}

/* The time to OOM from the baseline: for a sawtooth, until its peaks reach the limit; else for slow
 * growth. */
static void baseline_judge(const struct forecast_state *state, const struct step *step,
			   struct verdict *verdict)
{
	const struct forecast_baseline *f = &state->baseline;
	const struct forecast_sawtooth *w = &state->sawtooth;
	bool sawtooth = state->cycles >= 3 && w->period > 0 &&
			w->since_peak < HEAP_PERIODS * w->period &&
			step->level < w->peak + 3 * w->peak_error;
	float slope = f->slope, distance = step->distance, seconds, low, high, jitter = 0;
	bool sooner; /* the drift has certainly accelerated */

	/* Where others claim a part of the headroom, the growth of the whole is theirs, too. */
	if (distance < 0 || step->input->binding_level != HR_LEVEL_OWN ||
	    claimed_by_others(step->input))
		return;
	if (sawtooth && (f->window <= 0 || f->slope_low <= 0))
		verdict->seconds = 0; /* the current rise is one of many */
	if (f->window > 0 && f->slope_low > 0) {
		if (sawtooth) {
			slope = f->max_slope > 0.3f * f->slope ? f->max_slope : 0;
			distance = max_f(step->limit - w->peak - w->peak_error, 0);
			jitter = w->peak_error / (distance + w->peak_error + step->grain);
		} else if (baseline_range(state, 0, &low, &high)) {
			/* The maxima of a noisy series reach the limit first. */
			distance = max_f(distance - max_f(high - step->used, 0), 0);
			jitter = JITTER * (high - low) /
				 (distance + JITTER * (high - low) + step->grain);
		}
		seconds = slope > 0 ? distance / slope : 0;
		sooner = verdict->seconds > 0 &&
			 verdict->seconds * exp_f(SURE * verdict->spread) < seconds;
		if (sawtooth || (!sooner && seconds > LONG_SECONDS && seconds > f->window / 4)) {
			verdict->seconds = seconds;
			verdict->spread = (f->slope_high - f->slope_low) /
					  (2 * SURE * max_f(f->slope, 1e-9f));
			verdict->spread =
				sqrtf(verdict->spread * verdict->spread + jitter * jitter) + 0.02f;
			verdict->drift = sawtooth ? f->slope : verdict->drift;
			if (seconds > 0 && seconds < DAY_SECONDS)
				verdict_add(verdict, HR_REASON_BASELINE, 0.1f,
					    to_bytes(f->slope * 3600), to_ms(seconds),
					    to_ms(f->window));
		}
	}
	judge_heap(state, step, verdict);
}

const struct forecast_detector detector_baseline = {
	.name = "baseline", .update = baseline_update, .judge = baseline_judge};
