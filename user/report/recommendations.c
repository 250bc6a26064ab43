// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From history to a limit, a request and memory.low, with the basis. Recommends nothing from too little history, and no
 * limit for a leak. The constants of the limit are the best of those tried on the tuning half of `backtest --limits`
 * (docs/internals/limits-backtest.md).
 */
#include "recommendations.h"

#include "base/clock.h"
#include "base/human_units.h"
#include "format/phrase.h"

/* Opinions, all in one place. */
#define LEAST_MS            (30 * 60 * 1000u) /* of history: minimum */
#define WEEK_MS             (7 * 86400 * 1000u)
#define LEAST_SAMPLES       30u
#define MARGIN_PERCENT      10u /* above the highest usage */
#define SWING_PERCENT       10u /* of what it is above the median */
#define RISE_PERCENT        50u /* of what it rose from the first to the second half */
#define MOST_MARGIN_PERCENT 50u
#define GROWTH_PERCENT \
	10u /* growth without a bound: of the peak; its peak rose in each quarter, … */
#define STEADY_PERCENT         80u /* … in the last by as much of its share */
#define USUAL_PERCENT          95u
#define REQUEST_MARGIN_PERCENT 10u
#define GRAIN                  16u /* values are rounded up to a sixteenth of their power of two */

/* 337 MiB → 352 MiB: round figures for a manifest. */
static uint64_t rounded(uint64_t bytes)
{
	uint64_t step = 1 << 20;

	while (step * GRAIN * 2 <= bytes)
		step *= 2;
	return (bytes + step - 1) / step * step;
}

static uint64_t percent_more(uint64_t bytes, unsigned int percent)
{
	return bytes / 100 * (100 + percent);
}

static uint64_t rise_of(const struct demand *d)
{
	uint64_t half[DEMAND_PARTS];

	return demand_parts(d, 2, half) && half[1] > half[0] ? half[1] - half[0] : 0;
}

/* By how much its peak rose; 0: it does not grow, or the growth slows down. */
static uint64_t steady_growth(const struct demand *d)
{
	uint64_t q[DEMAND_PARTS], rise;

	if (!demand_parts(d, 4, q) || q[0] >= q[1] || q[1] >= q[2] || q[2] >= q[3])
		return 0;
	rise = q[3] - q[0];
	return rise >= q[3] / 100 * GROWTH_PERCENT && q[3] - q[2] >= rise / 300 * STEADY_PERCENT
		       ? rise
		       : 0;
}

uint64_t recommended_limit(const struct demand *d, uint64_t killed_at)
{
	uint64_t most = d->peak, limit, bound;

	if (d->peak == HR_UNKNOWN)
		return HR_UNKNOWN;
	if (killed_at != HR_UNKNOWN && killed_at > most)
		most = killed_at;
	limit = percent_more(most, MARGIN_PERCENT) +
		(d->peak - demand_percentile(d, 50)) / 100 * SWING_PERCENT +
		rise_of(d) / 100 * RISE_PERCENT;
	bound = percent_more(most, MOST_MARGIN_PERCENT);
	return rounded(limit < bound ? limit : bound);
}

static void write_basis(struct recommendation *a)
{
	struct line l = line_in(a->basis, sizeof(a->basis));

	line_add(&l, "Basis:");
	line_add_ms(&l, " ", a->span_ms, " of history");
	line_add(&l, " (%u sample%s, %u run%s)", a->samples, plural_s(a->samples), a->runs,
		 plural_s(a->runs));
	line_add(&l, ".");
	if (a->kind == RECOMMEND_TOO_LITTLE)
		line_add_ms(&l, " A recommendation needs at least ", LEAST_MS, ".");
	else if (a->span_ms < WEEK_MS)
		line_add(&l, " A week of history improves it.");
}

static void write_leak(struct recommendation *a, const struct facts *f)
{
	struct line l = line_in(a->limit_text, sizeof(a->limit_text));

	line_add(&l, "A higher limit only delays a leak.");
	if (f->leak_bytes_per_hour == HR_UNKNOWN_I64 || f->leak_bytes_per_hour <= 0 ||
	    f->limit == HR_UNKNOWN)
		return;
	a->buys_ms = units_whole((double)f->limit / (double)f->leak_bytes_per_hour * 3600 * 1000);
	line_add_bytes(&l, " It grows by ", (uint64_t)f->leak_bytes_per_hour, "/h: ");
	line_add_bytes(&l, "another ", f->limit, " of limit");
	line_add_ms(&l, " would last ", a->buys_ms, "");
	line_add(&l, ". Fix the leak; until then restart the container in time.");
}

static void write_growth(struct recommendation *a)
{
	struct line l = line_in(a->limit_text, sizeof(a->limit_text));

	a->kind = RECOMMEND_GROWS;
	line_add_bytes(&l, "Its highest usage rose by ", a->growth,
		       " from the first quarter of the history to the last");
	line_add(&l, ", and does not slow down: no limit is known to be large enough. Look for "
		     "a leak, or ask again later.");
}

static void write_limit(struct recommendation *a, const struct facts *f)
{
	struct line l = line_in(a->limit_text, sizeof(a->limit_text));

	line_add_bytes(&l, "Highest non-reclaimable usage seen: ", a->peak, "");
	line_add_bytes(&l, "; plus a margin for its swings and its growth: ", a->limit, "");
	if (a->kind == RECOMMEND_FITS)
		line_add_bytes(&l, ", covered by the limit of ", f->own_limit, "");
	line_add(&l, ".");
	if (f->killed && f->level == HR_LEVEL_OWN)
		line_add(&l,
			 " It was killed at its limit, so its real demand is unknown: this is a "
			 "minimum.");
}

static void write_request(struct recommendation *a)
{
	struct line l = line_in(a->request_text, sizeof(a->request_text));

	line_add(&l, "%u%% of the time its usage was", USUAL_PERCENT);
	line_add_bytes(&l, " at most ", a->usual, "");
	line_add(&l, "; plus a margin of %u%%.", REQUEST_MARGIN_PERCENT);
	line_add_bytes(&l, " memory.low: ", a->low, ", what it used half of the time.");
}

static void suggest_limit(struct recommendation *a, const struct facts *f, const struct demand *d)
{
	/* A container killed at its limit needed more than that limit. */
	a->limit =
		recommended_limit(d, f->killed && f->level == HR_LEVEL_OWN ? f->limit : HR_UNKNOWN);
	a->kind = RECOMMEND_RAISE;
	if (f->level == HR_LEVEL_ANCESTOR || f->level == HR_LEVEL_HOST)
		a->kind = RECOMMEND_ELSEWHERE;
	else if (f->own_limit != HR_UNKNOWN && a->limit <= f->own_limit)
		a->kind = RECOMMEND_FITS;
	write_limit(a, f);
}

void recommendations_make(struct recommendation *ret, const struct facts *f, const struct demand *d)
{
	struct recommendation a = {.limit = HR_UNKNOWN,
				   .request = HR_UNKNOWN,
				   .low = HR_UNKNOWN,
				   .buys_ms = HR_UNKNOWN,
				   .peak = d->peak,
				   .usual = demand_percentile(d, USUAL_PERCENT),
				   .median = demand_percentile(d, 50),
				   .span_ms = d->seen_ns / NS_PER_MS,
				   .samples = d->samples,
				   .runs = d->runs};

	if (hr_leak_grows(f->leak)) {
		a.kind = RECOMMEND_LEAK;
		write_leak(&a, f);
	} else if (a.span_ms >= LEAST_MS && a.samples >= LEAST_SAMPLES && a.peak != HR_UNKNOWN) {
		a.growth = steady_growth(d);
		if (a.growth)
			write_growth(&a);
		else
			suggest_limit(&a, f, d);
	}
	if (a.limit != HR_UNKNOWN) {
		a.request = rounded(percent_more(a.usual, REQUEST_MARGIN_PERCENT));
		a.request = a.request < a.limit ? a.request : a.limit;
		a.low = rounded(a.median);
		a.low = a.low < a.request ? a.low : a.request;
		write_request(&a);
	}
	write_basis(&a);
	*ret = a;
}

const char *recommendation_text(unsigned int kind)
{
	static const char *const words[RECOMMEND_KINDS] = {
		[RECOMMEND_TOO_LITTLE] = "too_little_history",
		[RECOMMEND_LEAK] = "leak",
		[RECOMMEND_GROWS] = "grows",
		[RECOMMEND_FITS] = "fits",
		[RECOMMEND_RAISE] = "raise",
		[RECOMMEND_ELSEWHERE] = "elsewhere",
	};

	return kind < RECOMMEND_KINDS ? words[kind] : NULL;
}
