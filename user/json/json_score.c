// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The score of the forecasts as JSON: counters, and the few figures derived from them. */
#include <math.h>

#include "json.h"
#include "format/score_text.h"

static json_t *count(uint64_t n) { return json_integer((json_int_t)n); }

static json_t *share(uint64_t part, uint64_t all)
{
	return all ? json_real((double)part / (double)all) : json_null();
}

static json_t *figure(double x) { return isnan(x) ? json_null() : json_real(x); }

static json_t *histogram(const struct hr_score *score, const struct score_histogram *h)
{
	const uint64_t *bucket = (const uint64_t *)((const char *)score + h->buckets);
	uint64_t sum = *(const uint64_t *)((const char *)score + h->sum);
	json_t *bounds = json_array(), *counts = json_array();
	double bound = h->first;

	for (unsigned int i = 0; i < h->n; i++, bound *= h->factor) {
		if (i + 1 < h->n)
			json_array_append_new(bounds, json_real(bound));
		json_array_append_new(counts, count(bucket[i]));
	}
	return json_pack("{so so so so}", "bounds", bounds, "counts", counts, "sum",
			 json_real((double)sum * h->sum_scale), "median",
			 figure(score_median(score, h)));
}

static json_t *verdicts(const struct hr_alarm_stats *v)
{
	return json_pack("{so so so so}", "right", count(v->right), "wrong", count(v->wrong),
			 "undecided", count(v->undecided), "precision",
			 share(v->right, v->right + v->wrong));
}

static json_t *predicted(const struct hr_oom_stats *f)
{
	return json_pack("{so so so}", "warned", count(f->warned), "missed", count(f->missed),
			 "recall", share(f->warned, f->warned + f->missed));
}

/* Compared with always predicting the mean. */
static json_t *brier_skill(const struct hr_score *s)
{
	double n = (double)s->risks, base = n ? (double)s->risks_observed / n : 0;

	if (base <= 0 || base >= 1)
		return json_null();
	return json_real(1 - (double)s->brier_sum_micro / 1e6 / n / (base * (1 - base)));
}

static json_t *coverage(uint64_t checked, uint64_t covered)
{
	return json_pack("{so so so}", "checked", count(checked), "covered", count(covered),
			 "coverage", share(covered, checked));
}

json_t *json_get_score(const struct record_text *from, const void *at)
{
	const struct hr_score *s = at;

	return json_pack("{so so so so so so so so so}", "warn", verdicts(&s->warn), "act",
			 verdicts(&s->act), "oom_kills", predicted(&s->oom_kills), "stalls",
			 predicted(&s->stalls), "lead_seconds", histogram(s, score_lead()), "times",
			 coverage(s->times, s->times_covered), "time_error",
			 histogram(s, score_time_error()), "intervals",
			 coverage(s->intervals, s->intervals_covered), "risks",
			 json_pack("{so so so so}", "checked", count(s->risks), "observed",
				   count(s->risks_observed), "predicted",
				   json_real((double)s->risk_sum_milli / 1e3), "brier_skill",
				   brier_skill(s)));
}
