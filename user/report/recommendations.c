// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From history to a limit and a request, with the basis. Recommends nothing from too little history, and no limit for a
 * leak. */
#include "recommendations.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "format/phrase.h"

/* Opinions, all in one place. */
#define LEAST_MS               (30 * 60 * 1000u) /* of history: minimum */
#define LEAST_SAMPLES          30u
#define MARGIN_PERCENT         25u /* above the highest usage */
#define USUAL_PERCENT          95u
#define REQUEST_MARGIN_PERCENT 10u
#define MOST_STEP_NS           (120 * NS_PER_SEC) /* maximum weight of one sample */
#define GRAIN                  16u /* values are rounded up to a sixteenth of their power of two */

struct weighed {
	uint64_t bytes, ns;
};

static int by_bytes(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

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

/* The time each point stands for: until the next one of the same run. */
static uint64_t duration(const struct series *s, size_t i, uint64_t until_ns)
{
	uint64_t end = i + 1 < s->n ? s->point[i + 1].time_ns : until_ns, ns;

	if (i + 1 < s->n && s->point[i + 1].begins)
		return 0;
	ns = end > s->point[i].time_ns ? end - s->point[i].time_ns : 0;
	return ns < MOST_STEP_NS ? ns : MOST_STEP_NS;
}

/* Non-reclaimable memory: the USUAL_PERCENT percentile over time. */
static uint64_t usual(const struct series *s, uint64_t until_ns)
{
	_cleanup_free_ struct weighed *w = calloc(s->n + 1, sizeof(*w));
	uint64_t whole = 0, sum = 0;
	size_t n = 0;

	if (!w)
		return HR_UNKNOWN;
	for (size_t i = 0; i < s->n && s->point[i].time_ns <= until_ns; i++) {
		uint64_t held = s->point[i].unreclaimable;

		if (held == HR_UNKNOWN)
			held = s->point[i].usage;
		if (held == HR_UNKNOWN)
			continue;
		w[n] = (struct weighed){held, duration(s, i, until_ns)};
		whole += w[n++].ns;
	}
	if (!n)
		return HR_UNKNOWN;
	qsort(w, n, sizeof(*w), by_bytes);
	for (size_t i = 0; i < n; i++) {
		sum += w[i].ns;
		if (sum >= whole / 100 * USUAL_PERCENT)
			return w[i].bytes;
	}
	return w[n - 1].bytes;
}

static void measure(struct recommendation *a, const struct series *s, uint64_t until_ns)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < s->n && s->point[i].time_ns <= until_ns; i++) {
		uint64_t use = s->point[i].unreclaimable;

		if (use == HR_UNKNOWN)
			use = s->point[i].usage;
		a->samples++;
		a->runs += s->point[i].begins;
		ns += duration(s, i, until_ns);
		if (use != HR_UNKNOWN && (a->peak == HR_UNKNOWN || use > a->peak))
			a->peak = use;
	}
	a->span_ms = ns / NS_PER_MS;
	a->usual = usual(s, until_ns);
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
	else
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

static void write_limit(struct recommendation *a, const struct facts *f)
{
	struct line l = line_in(a->limit_text, sizeof(a->limit_text));

	line_add_bytes(&l, "Highest non-reclaimable usage seen: ", a->peak, "");
	line_add(&l, "; with a margin of %u%%", MARGIN_PERCENT);
	line_add_bytes(&l, ": ", a->limit, "");
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
}

static void suggest_limit(struct recommendation *a, const struct facts *f)
{
	uint64_t most = a->peak;

	/* A container killed at its limit needed more than that limit. */
	if (f->killed && f->level == HR_LEVEL_OWN && f->limit != HR_UNKNOWN && f->limit > most)
		most = f->limit;
	a->limit = rounded(percent_more(most, MARGIN_PERCENT));
	a->kind = RECOMMEND_RAISE;
	if (f->level == HR_LEVEL_ANCESTOR || f->level == HR_LEVEL_HOST)
		a->kind = RECOMMEND_ELSEWHERE;
	else if (f->own_limit != HR_UNKNOWN && a->limit <= f->own_limit)
		a->kind = RECOMMEND_FITS;
	write_limit(a, f);
}

void recommendations_make(struct recommendation *ret, const struct facts *f,
			  const struct series *past, uint64_t until_ns)
{
	struct recommendation a = {.limit = HR_UNKNOWN,
				   .request = HR_UNKNOWN,
				   .peak = HR_UNKNOWN,
				   .usual = HR_UNKNOWN,
				   .buys_ms = HR_UNKNOWN};

	measure(&a, past, until_ns);
	if (hr_leak_grows(f->leak)) {
		a.kind = RECOMMEND_LEAK;
		write_leak(&a, f);
	} else if (a.span_ms >= LEAST_MS && a.samples >= LEAST_SAMPLES && a.peak != HR_UNKNOWN) {
		suggest_limit(&a, f);
	}
	if (a.kind != RECOMMEND_TOO_LITTLE && a.kind != RECOMMEND_LEAK && a.usual != HR_UNKNOWN) {
		a.request = rounded(percent_more(a.usual, REQUEST_MARGIN_PERCENT));
		if (a.limit != HR_UNKNOWN && a.request > a.limit)
			a.request = a.limit;
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
		[RECOMMEND_FITS] = "fits",
		[RECOMMEND_RAISE] = "raise",
		[RECOMMEND_ELSEWHERE] = "elsewhere",
	};

	return kind < RECOMMEND_KINDS ? words[kind] : NULL;
}
