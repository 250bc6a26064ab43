// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The forecast score's counters as a table of metrics and as clauses. */
#include "score_text.h"

#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/human_units.h"

#define AT(field_) offsetof(struct hr_score, field_)
#define ALARMS(alarm_, field_)                                                               \
	{                                                                                    \
		"headroom_forecast_alarms", "alarm=\"" #alarm_ "\",verdict=\"" #field_ "\"", \
			"Alarms by verdict: right (an OOM kill or stall followed), wrong, "  \
			"or undecided.",                                                     \
			AT(alarm_.field_), 1                                                 \
	}

const struct score_counter score_counters[] = {
	{"headroom_forecast_intervals_checked", "",
	 "80% growth intervals checked at half their horizon.", AT(intervals), 1},
	{"headroom_forecast_intervals_covered", "",
	 "Checked 80% growth intervals that covered the outcome.", AT(intervals_covered), 1},
	{"headroom_forecast_times_checked", "", "Forecast times to OOM compared with an OOM kill.",
	 AT(times), 1},
	{"headroom_forecast_times_covered", "",
	 "Compared times to OOM where the kill came between p10 and p90.", AT(times_covered), 1},
	ALARMS(warn, right),
	ALARMS(warn, wrong),
	ALARMS(warn, undecided),
	ALARMS(act, right),
	ALARMS(act, wrong),
	ALARMS(act, undecided),
	{"headroom_forecast_oom_kills", "warned=\"yes\"",
	 "OOM kills, by whether an alarm preceded them.", AT(oom_kills.warned), 1},
	{"headroom_forecast_oom_kills", "warned=\"no\"",
	 "OOM kills, by whether an alarm preceded them.", AT(oom_kills.missed), 1},
	{"headroom_forecast_stalls", "warned=\"yes\"",
	 "Permanent stalls, by whether an alarm preceded them.", AT(stalls.warned), 1},
	{"headroom_forecast_stalls", "warned=\"no\"",
	 "Permanent stalls, by whether an alarm preceded them.", AT(stalls.missed), 1},
	{"headroom_forecast_risks_checked", "", "Risk forecasts checked after 15 minutes.",
	 AT(risks), 1},
	{"headroom_forecast_risks_observed", "",
	 "OOM kills and permanent stalls observed after these risks.", AT(risks_observed), 1},
	{"headroom_forecast_risks_predicted", "",
	 "OOM kills and permanent stalls predicted: the sum of these risks.", AT(risk_sum_milli),
	 1e-3},
	{"headroom_forecast_brier", "", "Sum of the squared errors of the checked risks.",
	 AT(brier_sum_micro), 1e-6},
	{0},
};

enum { TIME_ERROR, LEAD };
const struct score_histogram score_histograms[] = {
	[TIME_ERROR] = {"headroom_forecast_time_error_ratio",
			"Relative error of the forecast time to OOM, where an OOM kill came.",
			AT(time_error), AT(time_error_sum_milli), HR_SCORE_ERRORS,
			HR_SCORE_ERROR_MILLI / 1e3, 2, 1e-3},
	[LEAD] = {"headroom_forecast_lead_seconds", "Time from the alarm to the OOM kill.",
		  AT(lead), AT(lead_sum_ms), HR_SCORE_LEADS, HR_SCORE_LEAD_MS / 1e3, 10, 1e-3},
	{0},
};

const struct score_histogram *score_time_error(void) { return &score_histograms[TIME_ERROR]; }
const struct score_histogram *score_lead(void) { return &score_histograms[LEAD]; }

double score_median(const struct hr_score *score, const struct score_histogram *h)
{
	const uint64_t *bucket = (const uint64_t *)((const char *)score + h->buckets);
	double bound = h->first, below = 0, all = 0;
	unsigned int i = 0;

	for (unsigned int k = 0; k < h->n; k++)
		all += (double)bucket[k];
	if (!all)
		return NAN;
	/* A bucket is wide: one that holds all is known better by its sum. */
	for (unsigned int k = 0; k < h->n; k++)
		if (all == (double)bucket[k])
			return (double)*(const uint64_t *)((const char *)score + h->sum) *
			       h->sum_scale / all;
	for (; i + 1 < h->n && below + (double)bucket[i] < all / 2; i++, bound *= h->factor)
		below += (double)bucket[i];
	if (i + 1 == h->n)
		return bound / h->factor; /* a lower bound */
	below = (all / 2 - below) / (double)bucket[i];
	return i ? bound / h->factor + below * (bound - bound / h->factor) : below * bound;
}

static void add_announced(struct line *w, const char *one, const char *many,
			  const struct hr_oom_stats *kills)
{
	unsigned long long all = kills->warned + kills->missed;

	if (all)
		line_add(w, "%s%llu of %llu %s %s announced", w->used ? "; " : "",
			 (unsigned long long)kills->warned, all, all == 1 ? one : many,
			 all == 1 ? "was" : "were");
}

const char *score_alarms_text(const struct hr_score *s, char buf[SCORE_TEXT])
{
	const struct {
		const char *one, *many;
		const struct hr_alarm_stats *v;
	} alarms[] = {{"warning", "warnings", &s->warn}, {"act alarm", "act alarms", &s->act}};
	struct line w = {.text = buf, .bytes = SCORE_TEXT};
	double lead = score_median(s, score_lead());
	char text[UNITS_TEXT];

	*buf = 0;
	for (size_t i = 0; i < ARRAY_SIZE(alarms); i++) {
		const struct hr_alarm_stats *v = alarms[i].v;
		unsigned long long all = v->right + v->wrong;

		if (all)
			line_add(&w, "%s%llu of %llu %s came true", w.used ? ", " : "",
				 (unsigned long long)v->right, all,
				 all == 1 ? alarms[i].one : alarms[i].many);
	}
	add_announced(&w, "OOM kill", "OOM kills", &s->oom_kills);
	if (!isnan(lead))
		line_add(&w, ", about %s before", units_duration_ms(units_whole(lead * 1e3), text));
	add_announced(&w, "stall", "stalls", &s->stalls);
	return buf;
}

const char *score_times_text(const struct hr_score *s, char buf[SCORE_TEXT])
{
	double error = score_median(s, score_time_error());
	struct line w = {.text = buf, .bytes = SCORE_TEXT};

	*buf = 0;
	if (s->times)
		line_add(&w,
			 "times to OOM: median error %.0f%% of %llu, %.0f%% within their interval",
			 100 * error, (unsigned long long)s->times,
			 100.0 * (double)s->times_covered / (double)s->times);
	if (s->intervals)
		line_add(&w, "%s80%% intervals of growth: %.0f%% of %llu held", w.used ? "; " : "",
			 100.0 * (double)s->intervals_covered / (double)s->intervals,
			 (unsigned long long)s->intervals);
	if (s->risks)
		line_add(&w, "%sOOM kills: predicted %.1f, observed %llu", w.used ? "; " : "",
			 (double)s->risk_sum_milli / 1e3, (unsigned long long)s->risks_observed);
	return buf;
}
