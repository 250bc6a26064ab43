// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which limit holds the demand that comes. A trial is a history and what followed. Series that end at their limit by growth,
 * and recordings with "leak" in their name, have demand without a bound: there the right recommendation is none.
 */
#include "limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "forecast/forecast.h"
#include "headroom.h"
#include "real.h"
#include "report/recommendations.h"
#include "score.h"

#define SAMPLES_MOST  400000
#define POINT_SECONDS 59.9 /* the recorder keeps a point a minute for weeks */
#define COURSES       40   /* of each class at each interval */

struct demand_series { /* without a limit */
	unsigned int n;
	double *t, *bytes;
	bool *restarted; /* NULL: never */
	double limit;    /* for the forecast, which names leaks */
	bool endless;
};

enum { SET_SHAPES, SET_RECORDINGS, SET_COURSES, SETS };
static const char *const set_names[SETS] = {"shapes", "recordings", "courses"};

#define LENGTHS 4
static const double length_ends[LENGTHS] = {HOUR, 4 * HOUR, DAY, INFINITY};
static const char *const length_names[LENGTHS] = {"30m-1h", "1h-4h", "4h-1d", "1d and more"};

static uint64_t peak_and(const struct demand *d, unsigned int percent)
{
	return d->peak / 100 * (100 + percent);
}
static uint64_t peak_only(const struct demand *d) { return d->peak; }
static uint64_t peak_15(const struct demand *d) { return peak_and(d, 15); }
static uint64_t peak_25(const struct demand *d) { return peak_and(d, 25); }
static uint64_t peak_50(const struct demand *d) { return peak_and(d, 50); }
static uint64_t p99_20(const struct demand *d) { return demand_percentile(d, 99) / 100 * 120; }
static uint64_t headroom(const struct demand *d) { return recommended_limit(d, HR_UNKNOWN); }

static const struct {
	const char *name;
	uint64_t (*limit)(const struct demand *d);
} limit_rules[] = {{"highest usage", peak_only}, {"highest + 15 %", peak_15},
		   {"highest + 25 %", peak_25},  {"highest + 50 %", peak_50},
		   {"p99 + 20 %", p99_20},       {"headroom", headroom}};
#define LIMIT_RULES ARRAY_SIZE(limit_rules)

struct outcome_sum {
	unsigned int trials, ooms, avoided;
	double reserved; /* limits, as shares of the demand's true peak */
};
struct limit_tally {
	struct outcome_sum sum[LIMIT_RULES], by_length[LENGTHS][LIMIT_RULES];
	unsigned int bounded, bounded_refused; /* demand with a bound; of these refused */
	unsigned int endless, endless_refused;
};

static void judge(struct limit_tally *tally, const struct demand *d, double needed)
{
	unsigned int length = 0;

	while ((double)d->seen_ns / NS_PER_SEC >= length_ends[length])
		length++;
	for (size_t i = 0; i < LIMIT_RULES; i++) {
		double limit = (double)limit_rules[i].limit(d);
		struct outcome_sum *sums[] = {&tally->sum[i], &tally->by_length[length][i]};

		for (size_t j = 0; j < ARRAY_SIZE(sums); j++) {
			sums[j]->trials++;
			sums[j]->ooms += needed > (double)d->peak;
			sums[j]->avoided += needed > (double)d->peak && needed <= limit;
			sums[j]->reserved += limit / fmax(needed, (double)d->peak);
		}
	}
}

static void sample_of(const struct demand_series *s, unsigned int i, struct sample *ret)
{
	*ret = (struct sample){.t = s->t[i],
			       .usage = s->bytes[i],
			       .unreclaimable = s->bytes[i],
			       .working_set = s->bytes[i],
			       .limit = s->limit,
			       .headroom = fmax(0, s->limit - s->bytes[i]),
			       .level = HR_LEVEL_OWN,
			       .restarted = s->restarted && s->restarted[i]};
	ret->high = ret->anon = ret->shmem = ret->slab = ret->sock = ret->kernel = -1;
	ret->swap = ret->swap_free = ret->psi_full_us = ret->refaults = -1;
}

/* History: samples from … to; then, up to end, what it was for. */
static void try_one(const struct demand_series *s, unsigned int from, unsigned int to,
		    unsigned int end, struct limit_tally *tally)
{
	static struct forecast_state state;
	struct recommendation recommendation;
	struct hr_forecast forecast = {0};
	double last = -INFINITY, needed = 0;
	struct demand d;
	struct facts facts;
	bool refused;

	forecast_init(&state);
	demand_init(&d);
	for (unsigned int i = from; i < to; i++) {
		struct forecast_input in;
		struct sample sample;

		sample_of(s, i, &sample);
		headroom_input(&sample, &in);
		forecast_update(&state, &in, &forecast);
		if (s->t[i] < last + POINT_SECONDS && !sample.restarted)
			continue;
		demand_add(&d, in.t_ns, in.unreclaimable, i == from || sample.restarted);
		last = s->t[i];
	}
	for (unsigned int i = to; i < end; i++)
		needed = fmax(needed, s->bytes[i]);
	facts_init(&facts);
	facts.leak = forecast.leak;
	recommendations_make(&recommendation, &facts, &d);
	if (recommendation.kind == RECOMMEND_TOO_LITTLE)
		return;
	refused = recommendation.limit == HR_UNKNOWN;
	if (s->endless) {
		tally->endless++;
		tally->endless_refused += refused;
		return;
	}
	tally->bounded++;
	tally->bounded_refused += refused;
	if (!refused)
		judge(tally, &d, needed);
}

static void play_shapes(unsigned int half, unsigned int variants, unsigned int skip,
			struct limit_tally *tally)
{
	static const double parts[] = {0.03, 0.1, 0.25, 0.5};
	struct demand_series s = {.t = calloc(SAMPLES_MOST, sizeof(double)),
				  .bytes = calloc(SAMPLES_MOST, sizeof(double)),
				  .restarted = calloc(SAMPLES_MOST, sizeof(bool))};

	if (!s.t || !s.bytes || !s.restarted)
		abort();
	for (unsigned int i = 0; i < shape_count; i++)
		for (unsigned int v = skip; v < skip + variants; v++) {
			struct world w;
			bool more = true;

			world_begin(&w, &shapes[i], 1000ul * i + 2 * v + half);
			s.limit = w.now.limit;
			for (s.n = 0; more && s.n < SAMPLES_MOST; s.n++) {
				more = world_advance(&w, fmax(w.interval, 1));
				if (w.has_failed || w.averted)
					break;
				s.t[s.n] = w.now.t;
				s.restarted[s.n] = w.now.restarted;
				s.bytes[s.n] = w.now.unreclaimable + fmax(0, w.now.swap);
			}
			s.endless = w.has_failed || w.averted;
			for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
				try_one(&s, 0, (unsigned int)(parts[p] * s.n), s.n, tally);
		}
	free(s.t);
	free(s.bytes);
	free(s.restarted);
}

/* Histories of 1/32 to 1/2 of it from 16 places, each followed by up to four times as much. */
static void play_recording(const struct base *base, struct limit_tally *tally)
{
	struct demand_series s = {.n = base->samples,
				  .t = base->t,
				  .bytes = calloc(base->samples, sizeof(double)),
				  .limit = base->limit,
				  .endless = strstr(base->name, "leak") != NULL};

	if (!s.bytes)
		abort();
	for (unsigned int i = 0; i < s.n; i++)
		s.bytes[i] = base->level[i] * base->limit;
	for (unsigned int k = 0; k < 16; k++)
		for (unsigned int part = 1; part <= 5; part++) {
			unsigned int from = s.n / 16 * k, length = s.n >> part;
			unsigned int to = from + length, end = to + 4 * length;

			if (to + length <= s.n)
				try_one(&s, from, to, end < s.n ? end : s.n, tally);
		}
	free(s.bytes);
}

static void play_courses(const struct base *base, unsigned int number, struct limit_tally *tally)
{
	static const double intervals[] = {5, 15, 60, 300};
	static double bytes[MOST_SAMPLES];
	static struct course c;

	for (unsigned int k = 0; k < ARRAY_SIZE(intervals); k++)
		for (unsigned int which = 0; which < course_class_count; which++)
			for (unsigned int v = 0; v < COURSES; v++) {
				struct demand_series s = {.t = c.t,
							  .bytes = bytes,
							  .limit = base->limit,
							  .endless = course_classes[which].fatal};

				if (!course_make(&c, base, &course_classes[which], intervals[k],
						 ((number * 8ul + k) * 32 + which) * 1024 + v))
					continue;
				s.n = c.samples;
				for (unsigned int i = 0; i < s.n; i++)
					bytes[i] = c.level[i] * base->limit;
				for (unsigned int part = 1; part <= 3; part++)
					try_one(&s, 0, s.n * part / 4, s.n, tally);
			}
}

static void print_cell(const struct outcome_sum *sum)
{
	printf(" %5.1f %%, %.3f |", 100.0 * sum->avoided / fmax(sum->ooms, 1),
	       sum->reserved / fmax(sum->trials, 1));
}

/* By set: the rules; then by length of the history, of all sets, two of them. */
static void print_tables(const struct limit_tally tally[SETS], unsigned int sets)
{
	printf("| limit: later OOMs avoided, reserved |");
	for (unsigned int set = 0; set < sets; set++)
		printf(" %s: %u histories, %u OOMs |", set_names[set], tally[set].sum[0].trials,
		       tally[set].sum[0].ooms);
	printf("\n|---|%.*s\n", (int)(4 * sets), "---|---|---|");
	for (size_t i = 0; i < LIMIT_RULES; i++) {
		printf("| %s |", limit_rules[i].name);
		for (unsigned int set = 0; set < sets; set++)
			print_cell(&tally[set].sum[i]);
		putchar('\n');
	}
	printf("\n| history | histories, OOMs | %s | %s |\n|---|---|---|---|\n",
	       limit_rules[1].name, limit_rules[LIMIT_RULES - 1].name);
	for (unsigned int length = 0; length < LENGTHS; length++) {
		struct outcome_sum all[LIMIT_RULES] = {0};

		for (unsigned int set = 0; set < sets; set++)
			for (size_t i = 0; i < LIMIT_RULES; i++) {
				const struct outcome_sum *one = &tally[set].by_length[length][i];

				all[i].trials += one->trials;
				all[i].ooms += one->ooms;
				all[i].avoided += one->avoided;
				all[i].reserved += one->reserved;
			}
		printf("| %s | %u, %u |", length_names[length], all[0].trials, all[0].ooms);
		print_cell(&all[1]);
		print_cell(&all[LIMIT_RULES - 1]);
		putchar('\n');
	}
	putchar('\n');
	puts("| refused | demand without a bound | with one |\n|---|---|---|");
	for (unsigned int set = 0; set < sets; set++)
		printf("| %s | %u of %u | %u of %u |\n", set_names[set], tally[set].endless_refused,
		       tally[set].endless, tally[set].bounded_refused, tally[set].bounded);
}

int limits_play(const char *folder, unsigned int half, unsigned int variants, unsigned int skip)
{
	static struct limit_tally tally[SETS];
	unsigned int count = 0;
	struct base *bases = NULL;

	play_shapes(half, variants, skip, &tally[SET_SHAPES]);
	if (folder && bases_read(folder, &bases, &count))
		return 1;
	for (unsigned int b = 0; b < count; b++)
		if (b % 2 == half) {
			play_recording(&bases[b], &tally[SET_RECORDINGS]);
			play_courses(&bases[b], b, &tally[SET_COURSES]);
		}
	printf("limits, %s half, %u variants of %u shapes\n\n", half ? "held-out" : "tuning",
	       variants, shape_count);
	print_tables(tally, folder ? SETS : 1);
	if (folder)
		bases_free(bases, count);
	return 0;
}
