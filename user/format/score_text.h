/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How good the forecasts were (struct hr_score): as a table of metrics for exporters, and in words. Pure; the daemon judges
 * the forecasts.
 */
#ifndef HEADROOM_FORMAT_SCORE_TEXT_H
#define HEADROOM_FORMAT_SCORE_TEXT_H

#include <stddef.h>
#include <headroom/board.h>

#define SCORE_TEXT 240

/* Counters under their metric names. Value: the uint64_t at `offset` of struct hr_score, times scale. */
struct score_counter {
	const char *name;   /* without the _total that a counter ends in */
	const char *labels; /* as in Prometheus' text, without braces; "": none */
	const char *help;
	size_t offset;
	double scale;
};
extern const struct score_counter
	score_counters[]; /* ended by a NULL name; rows of one name stand together */

/* Histograms. buckets: uint64_t[n], not cumulative; bucket i is below first * factor^i, the last one has no bound. */
struct score_histogram {
	const char *name, *help;
	size_t buckets, sum; /* offsets */
	unsigned int n;
	double first, factor, sum_scale;
};
extern const struct score_histogram score_histograms[]; /* ended by a NULL name */

/* Median of a histogram, interpolated within its bucket; NAN where nothing was counted. */
double score_median(const struct hr_score *score, const struct score_histogram *histogram);
const struct score_histogram *score_time_error(void), *score_lead(void);

/* "9 of 10 warnings came true; 8 of 9 OOM kills were announced, …". Returns buf; "" where nothing was judged. */
const char *score_alarms_text(const struct hr_score *score, char buf[SCORE_TEXT]);
/* "times to OOM: median error 7% of 23, …" */
const char *score_times_text(const struct hr_score *score, char buf[SCORE_TEXT]);

#endif
