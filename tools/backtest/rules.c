// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What people use today, as they use it: thresholds, PromQL's predict_linear, pressure,
 * regressions. */
#include "rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "headroom.h"

#define SCRAPE      30.0 /* seconds: Prometheus' usual spacing */
#define MOST_POINTS 2882

/* Least squares over a moving window, in O(1) a sample. Values are shares of the limit. */
struct window {
	double last, t[MOST_POINTS], y[MOST_POINTS];
	double n, st, sy, stt, sty, syy;
	unsigned int first, count;
	bool held;
	double held_seconds;
	struct opinion opinion;
};

static void weigh(struct window *w, double t, double y, double sign)
{
	w->n += sign;
	w->st += sign * t;
	w->sy += sign * y;
	w->stt += sign * t * t;
	w->sty += sign * t * y;
	w->syy += sign * y * y;
}

/* False between scrapes. */
static bool window_add(struct window *w, const struct sample *s, double length)
{
	unsigned int at;

	if (w->count && s->t < w->last + SCRAPE && s->t >= w->last)
		return false;
	w->last = s->t;
	while (w->count && (w->t[w->first] < s->t - length || w->count == MOST_POINTS)) {
		weigh(w, w->t[w->first], w->y[w->first], -1);
		w->first = (w->first + 1) % MOST_POINTS;
		w->count--;
	}
	at = (w->first + w->count++) % MOST_POINTS;
	w->t[at] = s->t;
	w->y[at] = s->working_set / s->limit;
	weigh(w, w->t[at], w->y[at], 1);
	return true;
}

static bool window_fit(const struct window *w, double *ret_slope, double *ret_now, double *ret_r2)
{
	double tt = w->stt - w->st * w->st / w->n, ty = w->sty - w->st * w->sy / w->n;
	double yy = w->syy - w->sy * w->sy / w->n;

	if (w->count < 3 || tt <= 0)
		return false;
	*ret_slope = ty / tt;
	*ret_now = w->sy / w->n + *ret_slope * (w->last - w->st / w->n);
	*ret_r2 = yy > 1e-12 ? ty * ty / tt / yy : 0;
	return true;
}

static double span(const struct window *w) { return w->count ? w->last - w->t[w->first] : 0; }

static void predict_linear(const struct rule *rule, void *state, const struct sample *s,
			   struct opinion *ret)
{
	struct window *w = state;
	double slope, now, r2;

	if (!window_add(w, s, rule->argument[0])) {
		*ret = w->opinion;
		return;
	}
	/* Half a window at least: PromQL would speak from two points on, which is of no use. */
	if (span(w) >= rule->argument[0] / 2 && window_fit(w, &slope, &now, &r2)) {
		ret->alarm = now + slope * rule->argument[1] >= 1;
		ret->seconds = slope > 0 ? fmax(0, (1 - now) / slope) : -1;
		ret->leak = ret->alarm;
	}
	w->opinion = *ret;
}

static void threshold(const struct rule *rule, void *state, const struct sample *s,
		      struct opinion *ret)
{
	struct window *w = state;

	if (s->working_set < rule->argument[0] * s->limit)
		w->held = false;
	else if (!w->held)
		w->held_seconds = s->t, w->held = true;
	ret->alarm = w->held && s->t - w->held_seconds >= rule->argument[1];
}

/* systemd-oomd: ManagedOOMMemoryPressureLimit 60 %, for 30 s, on full avg10. */
static void pressure(const struct rule *rule, void *state, const struct sample *s,
		     struct opinion *ret)
{
	struct window *w = state;
	double dt = s->t - w->last, share;

	if (w->count && dt > 0) {
		share = fmin(1, (s->psi_full_us - w->sy) / 1e6 / dt);
		w->st += (share - w->st) * (1 - exp(-dt / 10));
	}
	w->count = 1;
	w->last = s->t;
	w->sy = s->psi_full_us;
	if (w->st < rule->argument[0])
		w->held = false;
	else if (!w->held)
		w->held_seconds = s->t, w->held = true;
	ret->alarm = w->held && s->t - w->held_seconds >= rule->argument[1];
}

/* earlyoom, as if the container were its host: memory and swap both below 10 %. */
static void early(const struct rule *rule, void *state, const struct sample *s, struct opinion *ret)
{
	double left = s->headroom - (s->swap_free > 0 ? s->swap_free : 0);
	bool swap_low = s->swap_free < 0 ||
			s->swap_free < rule->argument[0] * (s->swap_free + fmax(s->swap, 0));

	ret->alarm = left < rule->argument[0] * s->limit && swap_low;
}

static void regression(const struct rule *rule, void *state, const struct sample *s,
		       struct opinion *ret)
{
	struct window *w = state;
	double slope, now, r2;

	if (!window_add(w, s, rule->argument[0])) {
		*ret = w->opinion;
		return;
	}
	if (span(w) >= rule->argument[0] / 4 && window_fit(w, &slope, &now, &r2) && slope > 0 &&
	    r2 >= 0.8) {
		ret->seconds = fmax(0, (1 - now) / slope);
		ret->leak = span(w) >= rule->argument[0] * 0.9;
		ret->alarm = ret->seconds <= rule->argument[1];
	}
	w->opinion = *ret;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Mann–Kendall at 5 % with Sen's slope over the last hour, one point in two minutes. */
static void mann_kendall(const struct rule *rule, void *state, const struct sample *s,
			 struct opinion *ret)
{
	struct window *w = state;
	double slope[31 * 30 / 2], t[31], y[31], sign = 0, n, m;
	unsigned int count = 0, pairs = 0;

	if (!w->count)
		w->opinion = *ret;
	if (!window_add(w, s, rule->argument[0]) || fmod(w->last, 120) >= SCRAPE) {
		*ret = w->opinion;
		return;
	}
	for (unsigned int i = 0; i < w->count && count < 31; i += 4, count++) {
		t[count] = w->t[(w->first + i) % MOST_POINTS];
		y[count] = w->y[(w->first + i) % MOST_POINTS];
	}
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int j = i + 1; j < count; j++) {
			sign += (y[j] > y[i]) - (y[j] < y[i]);
			slope[pairs++] = t[j] > t[i] ? (y[j] - y[i]) / (t[j] - t[i]) : 0;
		}
	}
	n = count;
	if (count >= 8 && sign / sqrt(n * (n - 1) * (2 * n + 5) / 18) > 1.645) {
		qsort(slope, pairs, sizeof(slope[0]), by_size);
		m = slope[pairs / 2];
		if (m > 0) {
			ret->seconds = (1 - y[count - 1]) / m;
			ret->leak = span(w) >= rule->argument[0] * 0.9;
			ret->alarm = ret->seconds <= rule->argument[1];
		}
	}
	w->opinion = *ret;
}

#define WINDOW  .bytes = sizeof(struct window)
#define QUARTER 900.0

const struct rule rules[] = {
	{"headroom warn",
	 QUARTER,
	 true,
	 true,
	 true,
	 sizeof(struct headroom),
	 true,
	 {HR_ALARM_WARN},
	 headroom_look},
	{"headroom act", QUARTER, true, true, true, 0, true, {HR_ALARM_ACT}, headroom_again},
	{"headroom notice", QUARTER, true, true, true, 0, true, {HR_ALARM_NOTICE}, headroom_again},
	{"predict_linear 10m>15m", QUARTER, true, true, false, WINDOW, .argument = {600, 900},
	 .look = predict_linear},
	{"predict_linear 1h>4h", 4 * HOUR, true, true, false, WINDOW, .argument = {HOUR, 4 * HOUR},
	 .look = predict_linear},
	{"predict_linear 6h>4h", 4 * HOUR, true, true, false, WINDOW,
	 .argument = {6 * HOUR, 4 * HOUR}, .look = predict_linear},
	{"predict_linear 6h>24h", DAY, true, true, false, WINDOW, .argument = {6 * HOUR, DAY},
	 .look = predict_linear},
	{"static 80 %", QUARTER, false, false, false, WINDOW, .argument = {0.8, 0},
	 .look = threshold},
	{"static 90 %", QUARTER, false, false, false, WINDOW, .argument = {0.9, 0},
	 .look = threshold},
	{"static 95 %", QUARTER, false, false, false, WINDOW, .argument = {0.95, 0},
	 .look = threshold},
	{"static 80 % for 15m", QUARTER, false, false, false, WINDOW, .argument = {0.8, 900},
	 .look = threshold},
	{"static 90 % for 15m", QUARTER, false, false, false, WINDOW, .argument = {0.9, 900},
	 .look = threshold},
	{"static 95 % for 15m", QUARTER, false, false, false, WINDOW, .argument = {0.95, 900},
	 .look = threshold},
	{"systemd-oomd 60 %/30 s", QUARTER, false, false, false, WINDOW, .argument = {0.6, 30},
	 .look = pressure},
	{"earlyoom 10 %", QUARTER, false, false, false, WINDOW, .argument = {0.1, 0},
	 .look = early},
	{"OLS 1h, R2 >= .8", 4 * HOUR, true, true, false, WINDOW, .argument = {HOUR, 4 * HOUR},
	 .look = regression},
	{"Mann-Kendall 1h", 4 * HOUR, true, true, false, WINDOW, .argument = {HOUR, 4 * HOUR},
	 .look = mann_kendall},
};
const unsigned int rule_count = sizeof(rules) / sizeof(rules[0]);
_Static_assert(sizeof(rules) / sizeof(rules[0]) <= MOST_RULES,
	       "the arrays of one entry for each rule");
