// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The floor: least and greatest use in buckets of a minute, five minutes, an hour and a day, and
 * the trend of the minima. What a garbage collector leaves behind is the floor; it grows only if
 * something leaks. Buckets are joined until each holds two collections at least, so that a minimum
 * is one. Trend: median of pairwise slopes (Theil 1950, Sen 1968) with Sen's interval from the
 * variance of Kendall's S (Mann 1945, Kendall 1975): where its lower end is above zero, the
 * Mann–Kendall test at 2.5 % (one-sided) is met too.
 */
#include "detector.h"

#include <string.h>

#define EMPTY        UINT16_MAX
#define MINUTE       60u
#define HOUR         3600u
#define GROUND_FALL  0.02f /* of the limit */
#define GROUND_HOURS 256
#define MINUTES      8u
#define MOST_UNITS   65000u
#define MOST_POINTS  24
#define LEAST_POINTS 5
#define EVEN_STEPS   4u
#define EVEN         2.0f /* no minute grows by less than half, or more than twice the mean */
#define DAYS         3    /* the ring of days … */
#define LEAST_DAYS   4    /* … where four in a row must do: 1 in 24 by chance */
#define SURE         1.96f
#define DAY_PERIODS  0.8f /* a day holds one collection of what is collected daily */
#define PERIODS      2.0f /* collections that a bucket must hold */
/* a shorter ring whose upper end is below this share of the slope ends an older trend */
#define CONTRADICTS 0.3f
/* beyond this the floor knows the time to OOM better than the drift does */
#define LONG_SECONDS 1800.0f
#define JITTER       0.3f /* of the range of minutes: where in it the limit is met is anybody's guess */

#define HEAP_CYCLES   8
#define HEAP_LAST     0.08f /* of the peak: the last swing's size */
#define HEAP_CLIMB    0.25f
#define HEAP_SWING    0.12f /* of the use: what a collection frees while the heap is well */
#define HEAP_RISES    3
#define HEAP_PERIODS  4.0f   /* without a peak for so long: the collections free nothing any more */
#define HEAP_MARGIN   0.03f  /* of the limit, between the heap's own maximum and it */
#define HEAP_LOG_ODDS 1.3f   /* a warning, not a reason to act: the limit is not in danger */
#define HEAP_FADES    450.0f /* seconds to go per log-odds less */

static const struct ring {
	uint32_t seconds, buckets, first;
} rings[FORECAST_RINGS] = {{MINUTE, MINUTES, 0}, {300, 18, 8}, {3600, 24, 26}, {86400, 7, 50}};

_Static_assert(8 + 18 + 24 + 7 == FORECAST_BUCKETS, "the rings share the buckets");

static uint64_t life_seconds(const struct forecast_state *state)
{
	return (state->last_t_ns - state->birth_ns) / 1000000000u;
}

static float unit(const struct forecast_state *state) { return (float)(1u << state->floor_shift); }

static uint16_t to_units(const struct forecast_state *state, float kib)
{
	return (uint16_t)(kib / unit(state));
}

/* Coarser units when the use outgrows them: everything that is held is rounded down with it. */
static void widen(struct forecast_state *state, float kib)
{
	struct forecast_floor *f = &state->floor;

	while (kib / unit(state) > MOST_UNITS && state->floor_shift < 31) {
		for (size_t i = 0; i < FORECAST_BUCKETS; i++) {
			f->min[i] = f->min[i] == EMPTY ? EMPTY : f->min[i] / 2;
			f->max[i] = f->max[i] == EMPTY ? EMPTY : f->max[i] / 2;
		}
		for (size_t i = 0; i < FORECAST_KINDS; i++)
			state->leak.kind_base[i] /= 2;
		state->ground /= 2;
		state->floor_shift++;
	}
}

struct points {
	unsigned int n;
	float t[MOST_POINTS], low[MOST_POINTS], high[MOST_POINTS];
};

/* The closed buckets of a ring, oldest first, joined by `join`; empty ones are left out. */
static void collect(const struct forecast_state *state, const struct ring *ring, uint64_t open,
		    unsigned int join, struct points *ret)
{
	const struct forecast_floor *f = &state->floor;
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

/* The k-th smallest (Hoare's quickselect); reorders. */
static float select_kth(float *v, int n, int k)
{
	int low = 0, high = n - 1;

	while (low < high) {
		float pivot = v[(low + high) / 2];
		int i = low, j = high;

		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				float swap = v[i];

				v[i++] = v[j];
				v[j--] = swap;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			break;
	}
	return v[k];
}

static int slopes(const struct points *p, unsigned int from, const float *y, float *out)
{
	int m = 0;

	for (unsigned int i = from; i < p->n; i++)
		for (unsigned int j = i + 1; j < p->n; j++)
			out[m++] = (y[j] - y[i]) / (p->t[j] - p->t[i]);
	return m;
}

/* The growth, in quarters of what a random walk with the same steps would have strayed: Mann and
 * Kendall's test takes the points as independent, and a walk's are not. */
static uint8_t straightness(const struct points *p, float slope)
{
	float squares = 0, off, growth = slope * (p->t[p->n - 1] - p->t[0]);

	for (unsigned int i = 1; i < p->n; i++) {
		off = p->low[i] - p->low[i - 1] - slope * (p->t[i] - p->t[i - 1]);
		squares += off * off;
	}
	return (uint8_t)clamp_f(4 * growth / (sqrtf(squares) + 1), 0, UINT8_MAX);
}

static bool theil_sen(const struct points *p, unsigned int least, struct forecast_floor *ret,
		      uint8_t *ret_late)
{
	float slope[MOST_POINTS * (MOST_POINTS - 1) / 2], n = (float)p->n, half, late;
	int m, low, high;

	if (p->n < least)
		return false;
	m = slopes(p, 0, p->high, slope);
	ret->max_slope = select_kth(slope, m, m / 2);
	m = slopes(p, 0, p->low, slope);
	half = SURE * sqrtf(n * (n - 1) * (2 * n + 5) / 18) / 2;
	low = (int)((float)m / 2 - half);
	high = (int)((float)m / 2 + half);
	ret->slope = select_kth(slope, m, m / 2);
	ret->slope_low = select_kth(slope, m, low < 0 ? 0 : low);
	ret->slope_high = select_kth(slope, m, high >= m ? m - 1 : high);
	ret->window = p->t[p->n - 1] - p->t[0];
	m = slopes(p, p->n / 2, p->low, slope);
	late = ret->slope > 0 ? 50 * select_kth(slope, m, m / 2) / ret->slope : 0;
	*ret_late = (uint8_t)clamp_f(late, 0, 100);
	return true;
}

static void read_trend(struct forecast_state *state, unsigned int r, uint64_t open)
{
	struct forecast_floor *f = &state->floor, found = {.window = 0};
	const struct forecast_swing *w = &state->swing;
	unsigned int join = 1;
	struct points p;
	uint8_t late;
	bool take;

	/* Ripples on a rise that is steeper than they are need no joining. */
	if (state->cycles && w->period > 0 && 2 * w->peak_step < w->peak - w->trough)
		join = 1 + (unsigned int)min_f((r == DAYS ? DAY_PERIODS : PERIODS) * w->period /
						       (float)rings[r].seconds,
					       1000);
	collect(state, &rings[r], open, join, &p);
	if (!theil_sen(&p, r == DAYS ? LEAST_DAYS : LEAST_POINTS, &found, &late)) {
		/* What was read before the period was known may be a single rise. */
		if (r == state->floor_ring && f->window < 2 * PERIODS * w->period)
			f->window = f->slope_low = 0;
		return;
	}
	take = f->window <= 0 || r == state->floor_ring;
	take = take || (found.slope_low > 0 && (f->slope_low <= 0 || r > state->floor_ring));
	/* The next shorter ring may end a trend, but a quiet day is no word against a week. */
	take = take || (r + 1 == state->floor_ring && state->floor_ring < DAYS &&
			found.slope_high < CONTRADICTS * f->slope);
	if (!take)
		return;
	f->slope = found.slope;
	f->slope_low = found.slope_low;
	f->slope_high = found.slope_high;
	f->max_slope = found.max_slope;
	f->window = found.window;
	state->floor_late = late;
	state->floor_ring = (uint8_t)r;
	state->floor_straight = straightness(&p, found.slope);
}

static void hold(struct forecast_floor *f, unsigned int at, uint16_t low, uint16_t high)
{
	if (f->min[at] == EMPTY || low < f->min[at])
		f->min[at] = low;
	if (f->max[at] == EMPTY || high > f->max[at])
		f->max[at] = high;
}

/* The minute that ended goes into the five minutes, the hour and the day it lay in; then what those
 * closed is read. */
static void close_minute(struct forecast_state *state, uint32_t now, uint32_t before)
{
	struct forecast_floor *f = &state->floor;
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

/* The hour that ended: where it lies well below the highest of those held, that height is ground that
 * was held before, and to be back there is no growth. It is forgotten over ten days. */
static void note_ground(struct forecast_state *state, uint32_t open, float limit)
{
	const struct ring *hours = &rings[2];
	uint16_t last = state->floor.min[hours->first + (open - 1) % hours->buckets];
	uint16_t fall = to_units(state, GROUND_FALL * limit), high = 0;

	if (last == EMPTY)
		return;
	for (unsigned int i = hours->first; i < hours->first + hours->buckets; i++)
		if (state->floor.min[i] != EMPTY && state->floor.min[i] > high)
			high = state->floor.min[i];
	if (state->ground > last)
		state->ground -= (state->ground - last) / GROUND_HOURS;
	if (high > state->ground && high - last > fall)
		state->ground = high;
}

float floor_lately(const struct forecast_state *state, const struct step *step)
{
	const struct ring *hours = &rings[2];
	uint32_t open = (uint32_t)(life_seconds(state) / HOUR);
	float low = step->used;

	for (uint32_t i = open ? open - 1 : 0; i <= open; i++)
		if (state->floor.min[hours->first + i % hours->buckets] != EMPTY)
			low = min_f(low,
				    (float)state->floor.min[hours->first + i % hours->buckets] *
					    unit(state));
	return low;
}

bool floor_ground(const struct forecast_state *state, float *ret)
{
	*ret = (float)state->ground * unit(state);
	return state->ground > 0;
}

static void floor_update(struct forecast_state *state, const struct step *step)
{
	struct forecast_floor *f = &state->floor;
	uint16_t used;

	if (step->first) {
		memset(f->min, 0xff, sizeof(f->min));
		memset(f->max, 0xff, sizeof(f->max));
	}
	widen(state, step->used);
	used = to_units(state, step->used);
	if (step->life / MINUTE != step->life_before / MINUTE)
		close_minute(state, step->life, step->life_before);
	if (step->life / HOUR != step->life_before / HOUR)
		note_ground(state, step->life / HOUR, step->limit);
	hold(f, rings[0].first + step->life / MINUTE % MINUTES, used, used);
}

bool floor_range(const struct forecast_state *state, unsigned int ring, float *ret_low,
		 float *ret_high)
{
	const struct ring *r = &rings[ring];
	uint16_t low = EMPTY, high = 0;

	for (unsigned int i = r->first; i < r->first + r->buckets; i++) {
		if (state->floor.min[i] == EMPTY)
			continue;
		low = state->floor.min[i] < low ? state->floor.min[i] : low;
		high = state->floor.max[i] > high ? state->floor.max[i] : high;
	}
	if (low == EMPTY)
		return false;
	*ret_low = (float)low * unit(state);
	*ret_high = (float)high * unit(state);
	return true;
}

/* The highest that the floor stood in the last day, before the last `seconds`; false: that was not
 * held. */
bool floor_before(const struct forecast_state *state, float seconds, float *ret_high)
{
	const struct ring *hours = &rings[2];
	uint64_t open = life_seconds(state) / hours->seconds;
	uint64_t back = 1 + (uint64_t)(seconds / (float)hours->seconds);
	bool found = false;

	for (; back < hours->buckets && back <= open; back++) {
		uint16_t low =
			state->floor
				.min[hours->first + (unsigned int)((open - back) % hours->buckets)];

		if (low == EMPTY || (found && (float)low * unit(state) <= *ret_high))
			continue;
		*ret_high = (float)low * unit(state);
		found = true;
	}
	return found;
}

/* The floor in the oldest hour that is held; false: not even two. */
bool floor_oldest(const struct forecast_state *state, float *ret)
{
	const struct ring *hours = &rings[2];
	uint64_t open = life_seconds(state) / hours->seconds;

	for (uint64_t back = hours->buckets - 1; back > 1; back--) {
		unsigned int at = hours->first + (unsigned int)((open - back) % hours->buckets);

		if (back > open || state->floor.min[at] == EMPTY)
			continue;
		*ret = (float)state->floor.min[at] * unit(state);
		return true;
	}
	return false;
}

bool floor_even(const struct forecast_state *state, float *ret_pace)
{
	uint64_t open = life_seconds(state) / MINUTE, back = open < MINUTES ? open : MINUTES - 1;
	float first, last, pace, least = 0, most = 0;
	int n = 0;

	if (back <= EVEN_STEPS || state->floor.min[(open - back) % MINUTES] == EMPTY)
		return false;
	for (first = last = state->floor.min[(open - back) % MINUTES]; --back > 0; n++) {
		uint16_t low = state->floor.min[(open - back) % MINUTES];

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

float floor_above(const struct forecast_state *state, float low)
{
	const struct ring *ring = &rings[1];
	uint64_t open = life_seconds(state) / ring->seconds;
	float seconds = 0;

	for (uint64_t back = 0; back < ring->buckets && back <= open; back++) {
		uint16_t high = state->floor.max[ring->first + (open - back) % ring->buckets];

		if (high != EMPTY && (float)high * unit(state) <= low)
			break;
		seconds += (float)ring->seconds;
	}
	return seconds;
}

/* Was there ever a real collection in the minutes that are held, and no ripple of noise? */
static bool has_swung(const struct forecast_state *state, const struct step *step)
{
	uint16_t much = to_units(state, HEAP_SWING * step->used);

	for (unsigned int i = rings[0].first; i < rings[2].first; i++)
		if (state->floor.min[i] != EMPTY &&
		    state->floor.max[i] - state->floor.min[i] > much)
			return true;
	return false;
}

/* The collections free nothing any more: after many swings there have been none for a while, the
 * last one was small, and it stands at its peak, high above where it came from. */
static bool heap_met(const struct forecast_state *state, const struct step *step)
{
	const struct forecast_swing *w = &state->swing;
	float low = step->used, ring_low, ring_high;

	if (state->cycles < HEAP_CYCLES || step->level < 0.97f * w->peak ||
	    w->since_peak < max_f(HEAP_PERIODS * w->period, HEAP_PERIODS * state->typical_dt) ||
	    w->peak - w->trough > HEAP_LAST * w->peak)
		return false;
	for (unsigned int ring = 0; ring < 3; ring++)
		if (floor_range(state, ring, &ring_low, &ring_high))
			low = min_f(low, ring_low);
	return step->used - low > HEAP_CLIMB * step->used && has_swung(state, step);
}

/* The heap is full below the container's limit: troughs rose one after the other towards peaks that
 * stay where they are, and will meet them, or have met them. The process fails then, or thrashes;
 * the kernel kills nobody. */
static void judge_heap(const struct forecast_state *state, const struct step *step,
		       struct verdict *verdict)
{
	const struct forecast_floor *f = &state->floor;
	const struct forecast_swing *w = &state->swing;
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

/* A time to OOM that rests on the floor: for a sawtooth, until its peaks reach the limit; else for
 * what is slow. */
static void floor_judge(const struct forecast_state *state, const struct step *step,
			struct verdict *verdict)
{
	const struct forecast_floor *f = &state->floor;
	const struct forecast_swing *w = &state->swing;
	bool sawtooth = state->cycles >= 3 && w->period > 0 &&
			w->since_peak < HEAP_PERIODS * w->period &&
			step->level < w->peak + 3 * w->peak_error;
	float slope = f->slope, distance = step->distance, seconds, low, high, jitter = 0;
	bool sooner; /* the drift has quickened beyond doubt */

	if (distance < 0 || step->input->binding_level != HR_LEVEL_OWN)
		return;
	if (sawtooth && (f->window <= 0 || f->slope_low <= 0))
		verdict->seconds = 0; /* the rise under way is one of many */
	if (f->window > 0 && f->slope_low > 0) {
		if (sawtooth) {
			slope = f->max_slope > 0.3f * f->slope ? f->max_slope : 0;
			distance = max_f(step->limit - w->peak - w->peak_error, 0);
			jitter = w->peak_error / (distance + w->peak_error + step->grain);
		} else if (floor_range(state, 0, &low, &high)) {
			/* What jitters reaches the limit with its crests. */
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
				verdict_add(verdict, HR_REASON_FLOOR, 0.1f,
					    to_bytes(f->slope * 3600), to_ms(seconds),
					    to_ms(f->window));
		}
	}
	judge_heap(state, step, verdict);
}

const struct forecast_detector detector_floor = {
	.name = "floor", .update = floor_update, .judge = floor_judge};
