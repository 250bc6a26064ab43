// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The rules on courses of real noise: alarms, times and leaks by sampling interval and by class. An alarm is right if the kill comes within
 * the rule's horizon, or ten samples where that is longer. A time is asked for after a quarter, a half, three quarters and nine tenths of
 * the growth. A leak is late if it is named more than ten minutes and three samples after the growth has ended.
 */
#include "real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headroom.h"
#include "rules.h"
#include "score.h"

#define CLASSES   16
#define INTERVALS 5
#define ASKED     4
#define GRACE     60.0

static const double intervals[INTERVALS] = {1, 5, 15, 60, 300};
static const double asked_at[ASKED] = {0.25, 0.5, 0.75, 0.9};

/* Estimates that know the samples only: regression over the last 20 and 100, and the mean increment of the last 30. */
enum { OLS_SHORT, OLS_LONG, WIENER, ESTIMATES };
static const char *const estimate_names[ESTIMATES] = {"OLS20", "OLS100", "Wiener"};

struct alarms {
	unsigned long fatal, found, right, wrong;
	struct values lead;
};

struct cell { /* one class at one interval */
	struct alarms notice, warn, act;
	unsigned long times, named, covered;
	unsigned long leaks, leaks_named, named_growing, named_late;
	struct values error, estimate[ESTIMATES];
	double days;
};

struct tables {
	struct cell cell[INTERVALS][CLASSES];
	struct alarms rule[INTERVALS][MOST_RULES];
};

struct alarm_watch {
	bool on;
	double from, last;
	unsigned int right, wrong;
};

static double estimate(const struct course *c, unsigned int at, unsigned int which)
{
	static const unsigned int window[ESTIMATES] = {20, 100, 30};
	unsigned int n = window[which] < at ? window[which] : at, first = at + 1 - n;
	double st = 0, sy = 0, stt = 0, sty = 0, slope, now = c->level[at];

	if (n < 3)
		return -1;
	for (unsigned int i = first; i <= at; i++) {
		st += c->t[i] - c->t[first];
		sy += c->level[i];
	}
	for (unsigned int i = first; i <= at; i++) {
		double t = c->t[i] - c->t[first] - st / n;

		stt += t * t;
		sty += t * (c->level[i] - sy / n);
	}
	slope = stt > 0 ? sty / stt : 0;
	if (which == WIENER)
		slope = (c->level[at] - c->level[first]) / (c->t[at] - c->t[first]);
	else
		now = sy / n + slope * (c->t[at] - c->t[first] - st / n);
	return slope > 0 ? fmax(0, (1 - now) / slope) : -1;
}

static void watch(struct alarm_watch *w, bool alarm, double t, const struct course *c,
		  double horizon)
{
	if (alarm && !w->on) {
		w->from = t;
		if (c->killed_at >= 0 && c->killed_at - t <= horizon)
			w->right++;
		else
			w->wrong++;
	}
	w->on = alarm;
	if (alarm)
		w->last = t;
}

static void watched(struct alarms *a, const struct alarm_watch *w, const struct course *c,
		    double interval)
{
	bool found = c->killed_at >= 0 && (w->right + w->wrong) &&
		     c->killed_at - w->last <= fmax(GRACE, 1.5 * interval) + interval;

	a->right += w->right;
	a->wrong += w->wrong;
	if (c->killed_at < 0)
		return;
	/* one that began too early but stands at the kill is right, as everywhere in the backtest */
	if (found && !w->right) {
		a->right++;
		a->wrong -= w->wrong > 0;
	}
	a->fatal++;
	a->found += found;
	values_add(&a->lead, found ? c->killed_at - w->from : 0);
}

static void ask_time(struct cell *cell, const struct course *c, unsigned int at,
		     const struct opinion *o)
{
	double truth = c->killed_at - c->t[at];

	cell->times++;
	for (unsigned int e = 0; e < ESTIMATES; e++) {
		double seconds = estimate(c, at, e);

		values_add(&cell->estimate[e],
			   seconds < 0 ? 1 : fmin(1, fabs(seconds - truth) / truth));
	}
	if (o->seconds < 0)
		return;
	cell->named++;
	cell->covered += o->low <= truth && truth <= o->high;
	values_add(&cell->error, fmin(9, fabs(o->seconds - truth) / truth));
}

static void fill_sample(const struct course *c, const struct base *base, unsigned int i,
			struct sample *s)
{
	*s = (struct sample){.high = -1, .swap_free = -1, .level = HR_LEVEL_OWN};
	s->t = c->t[i];
	s->limit = base->limit;
	s->usage = s->working_set = s->unreclaimable = s->anon = c->level[i] * base->limit;
	s->headroom = s->limit - s->unreclaimable;
}

static void note_leak(struct cell *cell, const struct course *c, const struct course_class *class,
		      double first, bool growing, bool late)
{
	if (class->leak) {
		cell->leaks++;
		cell->leaks_named +=
			first >= 0 && first - c->grows_from <= 0.5 * (c->killed_at - c->grows_from);
	}
	cell->named_growing += !class->leak && growing;
	cell->named_late += late;
}

static void play_course(struct tables *tables, const struct course *c, const struct base *base,
			unsigned int k, unsigned int which)
{
	static void *states[MOST_RULES];
	struct cell *cell = &tables->cell[k][which];
	struct alarm_watch watches[MOST_RULES] = {0};
	double horizon, ends = c->killed_at >= 0 ? c->killed_at : 1e18, first_leak = -1;
	bool growing = false, late = false;
	unsigned int asked = 0;
	struct sample s;
	void *state = NULL;

	for (unsigned int r = 0; r < rule_count; r++) {
		if (rules[r].bytes && !states[r])
			states[r] = calloc(1, rules[r].bytes);
		if (rules[r].bytes && states[r])
			memset(states[r], 0, rules[r].bytes);
	}
	for (unsigned int i = 0; i < c->samples; i++) {
		fill_sample(c, base, i, &s);
		for (unsigned int r = 0; r < rule_count; r++) {
			struct opinion o = {.seconds = -1, .low = -1, .high = -1, .chance = -1};

			state = rules[r].bytes ? states[r] : state;
			rules[r].look(&rules[r], state, &s, &o);
			horizon = fmax(rules[r].horizon, 10 * intervals[k]);
			watch(&watches[r], o.alarm, s.t, c, horizon);
			if (r)
				continue;
			if (o.leak && first_leak < 0)
				first_leak = s.t;
			growing |= o.leak && s.t <= c->grows_until;
			late |= o.leak && s.t > c->grows_until + fmax(600, 3 * intervals[k]);
			if (asked < ASKED && c->killed_at >= 0 && c->grows_until >= ends &&
			    s.t >= c->grows_from + asked_at[asked] * (ends - c->grows_from)) {
				ask_time(cell, c, i, &o);
				asked++;
			}
		}
	}
	cell->days += c->samples * intervals[k] / DAY;
	note_leak(cell, c, &course_classes[which], first_leak, growing, late);
	watched(&cell->warn, &watches[0], c, intervals[k]);
	watched(&cell->act, &watches[1], c, intervals[k]);
	watched(&cell->notice, &watches[2], c, intervals[k]);
	for (unsigned int r = 0; r < rule_count; r++)
		watched(&tables->rule[k][r], &watches[r], c, intervals[k]);
}

static void add_alarms(struct alarms *sum, const struct alarms *a)
{
	sum->fatal += a->fatal, sum->found += a->found;
	sum->right += a->right, sum->wrong += a->wrong;
	for (size_t i = 0; i < a->lead.n; i++)
		values_add(&sum->lead, a->lead.v[i]);
}

static void add_cell(struct cell *sum, const struct cell *c)
{
	add_alarms(&sum->notice, &c->notice);
	add_alarms(&sum->warn, &c->warn);
	add_alarms(&sum->act, &c->act);
	sum->times += c->times, sum->named += c->named, sum->covered += c->covered;
	sum->leaks += c->leaks, sum->leaks_named += c->leaks_named;
	sum->named_growing += c->named_growing, sum->named_late += c->named_late;
	sum->days += c->days;
	for (size_t i = 0; i < c->error.n; i++)
		values_add(&sum->error, c->error.v[i]);
	for (unsigned int e = 0; e < ESTIMATES; e++)
		for (size_t i = 0; i < c->estimate[e].n; i++)
			values_add(&sum->estimate[e], c->estimate[e].v[i]);
}

static void print_ratio(unsigned long part, unsigned long all)
{
	if (all)
		printf(" %5.2f", (double)part / (double)all);
	else
		printf("     -");
}

static void print_alarms(struct alarms *a)
{
	printf("|%4lu/%-4lu%4lu", a->found, a->fatal, a->wrong);
	print_ratio(a->right, a->right + a->wrong);
}

static void print_head(const char *what)
{
	printf("%-18s|%-18s|%-18s|%-18s|%5s %5s %5s", what, "notice found wrong",
	       "warn: found, wrong", "act: found, wrong", "named", "cover", "error");
	for (unsigned int e = 0; e < ESTIMATES; e++)
		printf(" %6s", estimate_names[e]);
	printf("|%-9s %4s %4s\n", "leak half", "grew", "late");
}

static void print_cell(const char *name, struct cell *c)
{
	printf("%-18s", name);
	print_alarms(&c->notice);
	print_alarms(&c->warn);
	print_alarms(&c->act);
	printf("|");
	print_ratio(c->named, c->times);
	print_ratio(c->covered, c->named);
	printf(" %5.2f", values_quantile(&c->error, 0.5));
	for (unsigned int e = 0; e < ESTIMATES; e++)
		printf(" %6.2f", values_quantile(&c->estimate[e], 0.5));
	printf("|%4lu/%-4lu %4lu %4lu\n", c->leaks_named, c->leaks, c->named_growing,
	       c->named_late);
}

/* Median time from the alarm to the kill; of kills without the alarm 0. */
static void print_leads(struct tables *tables)
{
	printf("%-18s %7s %7s %7s\n", "median lead", "notice", "warn", "act");
	for (unsigned int k = 0; k < INTERVALS; k++) {
		struct cell sum = {0};

		for (unsigned int which = 0; which < course_class_count; which++)
			add_cell(&sum, &tables->cell[k][which]);
		printf("%16g s %6.0fs %6.0fs %6.0fs\n", intervals[k],
		       values_quantile(&sum.notice.lead, 0.5), values_quantile(&sum.warn.lead, 0.5),
		       values_quantile(&sum.act.lead, 0.5));
	}
}

static void print_sums(struct tables *tables, bool each_class)
{
	char name[64];

	print_head("class");
	for (unsigned int which = 0; which < course_class_count; which++) {
		struct cell sum = {0};

		for (unsigned int k = 0; k < INTERVALS; k++)
			add_cell(&sum, &tables->cell[k][which]);
		print_cell(course_classes[which].name, &sum);
		for (unsigned int k = 0; each_class && k < INTERVALS; k++) {
			snprintf(name, sizeof(name), "  at %g s", intervals[k]);
			print_cell(name, &tables->cell[k][which]);
		}
	}
	print_head("interval");
	for (unsigned int k = 0; k < INTERVALS; k++) {
		struct cell sum = {0};

		for (unsigned int which = 0; which < course_class_count; which++)
			add_cell(&sum, &tables->cell[k][which]);
		snprintf(name, sizeof(name), "%g s", intervals[k]);
		print_cell(name, &sum);
	}
}

static void print_rules(struct tables *tables)
{
	printf("%-24s", "found / wrong at");
	for (unsigned int k = 0; k < INTERVALS; k++)
		printf(" | %7g s, precision", intervals[k]);
	printf("\n");
	for (unsigned int r = 0; r < rule_count; r++) {
		printf("%-24s", rules[r].name);
		for (unsigned int k = 0; k < INTERVALS; k++) {
			struct alarms *a = &tables->rule[k][r];

			printf(" |%4lu/%-4lu%5lu", a->found, a->fatal, a->wrong);
			print_ratio(a->right, a->right + a->wrong);
		}
		printf("\n");
	}
}

int real_play(const char *folder, int half, unsigned int variants, bool each_class)
{
	static struct course course;
	struct tables *tables = calloc(1, sizeof(*tables));
	unsigned int count, courses = 0;
	struct base *bases;
	int err = bases_read(folder, &bases, &count);

	if (err || !tables) {
		free(tables);
		return err ? err : -1;
	}
	for (unsigned int b = 0; b < count; b++) {
		if (half >= 0 && (int)(b % 2) != half)
			continue;
		printf("%s: %u samples, %g s apart\n", bases[b].name, bases[b].samples,
		       bases[b].spacing);
		for (unsigned int k = 0; k < INTERVALS; k++)
			for (unsigned int which = 0; which < course_class_count; which++)
				for (unsigned int v = 0; v < variants; v++)
					if (course_make(&course, &bases[b], &course_classes[which],
							intervals[k],
							((b * 8ul + k) * 32 + which) * 1024 + v)) {
						play_course(tables, &course, &bases[b], k, which);
						courses++;
					}
	}
	printf("%u courses, %s\n", courses,
	       half < 0 ? "all recordings"
	       : half   ? "the held-out recordings"
			: "the tuning recordings");
	print_sums(tables, each_class);
	print_leads(tables);
	print_rules(tables);
	free(tables); /* the values in it end with the process */
	bases_free(bases, count);
	return 0;
}
