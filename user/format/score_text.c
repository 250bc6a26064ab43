// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The score's counters as a table and as clauses. Formats what the guard counted. */
#include "score_text.h"

#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/human_units.h"

#define AT(field_) offsetof(struct hr_score, field_)
#define ALARMS(alarm_, field_)                                                                    \
	{                                                                                         \
		"headroom_forecast_alarms", "alarm=\"" #alarm_ "\",verdict=\"" #field_ "\"",      \
			"Alarms that were judged: right (an OOM kill or stall followed), wrong, " \
			"or cut short.",                                                          \
			AT(alarm_.field_), 1                                                      \
	}

const struct score_counter score_counters[] = {
	{"headroom_forecast_intervals_checked", "",
	 "80 % intervals of growth that were checked halfway.", AT(intervals), 1},
	{"headroom_forecast_intervals_held", "", "Of these, how many held.", AT(intervals_held), 1},
	{"headroom_forecast_times_checked", "",
	 "Times to OOM that an OOM kill could be held against.", AT(times), 1},
	{"headroom_forecast_times_held", "", "Of these, how many were within p10 to p90.",
	 AT(times_held), 1},
	ALARMS(warn, right),
	ALARMS(warn, wrong),
	ALARMS(warn, cut),
	ALARMS(act, right),
	ALARMS(act, wrong),
	ALARMS(act, cut),
	{"headroom_forecast_oom_kills", "announced=\"yes\"",
	 "OOM kills, by whether an alarm stood.", AT(oom_kills.warned), 1},
	{"headroom_forecast_oom_kills", "announced=\"no\"", "OOM kills, by whether an alarm stood.",
	 AT(oom_kills.missed), 1},
	{"headroom_forecast_stalls", "announced=\"yes\"",
	 "Stalls without end, by whether an alarm stood.", AT(stalls.warned), 1},
	{"headroom_forecast_stalls", "announced=\"no\"",
	 "Stalls without end, by whether an alarm stood.", AT(stalls.missed), 1},
	{"headroom_forecast_risks_checked", "", "Risks that were looked back on after 15 minutes.",
	 AT(risks), 1},
	{"headroom_forecast_risks_died", "", "Of these, how many had died.", AT(risks_died), 1},
	{"headroom_forecast_risks_expected", "",
	 "How many deaths these risks let expect (their sum).", AT(risk_sum_milli), 1e-3},
	{"headroom_forecast_brier", "", "Sum of the squared errors of these risks.",
	 AT(brier_sum_micro), 1e-6},
	{0},
};

enum { TIME_ERROR, LEAD };
const struct score_histogram score_histograms[] = {
	[TIME_ERROR] = {"headroom_forecast_time_error_ratio",
			"Relative error of the times to OOM that came true.", AT(time_error),
			AT(time_error_sum_milli), HR_SCORE_ERRORS, HR_SCORE_ERROR_MILLI / 1e3, 2,
			1e-3},
	[LEAD] = {"headroom_forecast_lead_seconds", "From the alarm to the OOM kill.", AT(lead),
		  AT(lead_sum_ms), HR_SCORE_LEADS, HR_SCORE_LEAD_MS / 1e3, 10, 1e-3},
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
	for (; i + 1 < h->n && below + (double)bucket[i] < all / 2; i++, bound *= h->factor)
		below += (double)bucket[i];
	if (i + 1 == h->n)
		return bound / h->factor; /* at least that */
	below = (all / 2 - below) / (double)bucket[i];
	return i ? bound / h->factor + below * (bound - bound / h->factor) : below * bound;
}

static void add_deaths(struct line *w, const char *one, const char *many,
		       const struct hr_oom_stats *deaths)
{
	unsigned long long all = deaths->warned + deaths->missed;

	if (all)
		line_add(w, "%s%llu of %llu %s %s announced", w->used ? "; " : "",
			 (unsigned long long)deaths->warned, all, all == 1 ? one : many,
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
	add_deaths(&w, "OOM kill", "OOM kills", &s->oom_kills);
	if (!isnan(lead))
		line_add(&w, ", about %s before", units_duration_ms((uint64_t)(lead * 1e3), text));
	add_deaths(&w, "stall", "stalls", &s->stalls);
	return buf;
}

const char *score_times_text(const struct hr_score *s, char buf[SCORE_TEXT])
{
	double error = score_median(s, score_time_error());
	struct line w = {.text = buf, .bytes = SCORE_TEXT};

	*buf = 0;
	if (s->times)
		line_add(&w,
			 "times to OOM were off by %.0f%% (median of %llu), %.0f%% within their "
			 "range",
			 100 * error, (unsigned long long)s->times,
			 100.0 * (double)s->times_held / (double)s->times);
	if (s->intervals)
		line_add(&w, "%s%.0f%% of %llu intervals of growth held (80%% should)",
			 w.used ? "; " : "",
			 100.0 * (double)s->intervals_held / (double)s->intervals,
			 (unsigned long long)s->intervals);
	if (s->risks)
		line_add(&w, "%s%.1f deaths were to be expected by the risks told, %llu came",
			 w.used ? "; " : "", (double)s->risk_sum_milli / 1e3,
			 (unsigned long long)s->risks_died);
	return buf;
}
