// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Judging: nothing here knows how a rule came to its opinion. */
#include "score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LOG      4096
#define MOST_EPISODES 20000
#define MOST_FAILURES 64
#define GRACE         60.0
#define QUARTER       900.0
#define EARLY         3600.0 /* a death that comes this long after an alarm was forecast too early */
/* What people go by, and the aims with them: growth of more than 100 MB an hour, sustained for about
 * an hour, on a limit of up to 8 GB, is a leak. */
#define ASKED_RATE    (100e6 / 3600)
#define ASKED_SECONDS 3300.0
#define ASKED_LIMIT   8.6e9
#define SHORT_SECONDS 900.0 /* what is over sooner is no leak that a rule could name */

struct note { /* what a rule said at some time */
	double t, dt, seconds, low, high, chance;
};

struct episode {
	double from, to;
	bool right;
};

struct judged {
	struct note note[MOST_LOG];
	unsigned int notes, every, skipped, episodes;
	double dt;
	struct episode *episode;
	bool on, wrong, missed, leak_wrong, leak_missed;
	double leak_from; /* first time a leak was named; < 0: never */
};

struct fate {
	double at, ramp_start;
	enum failure kind;
	enum category category;
};

struct run {
	struct judged rule[MOST_RULES];
	struct fate failure[MOST_FAILURES];
	unsigned int failures;
	double averted[MOST_FAILURES];
	unsigned int averts;
	double last_t, first_t;
	struct {
		double t, used;
	} path[MOST_LOG];
	unsigned int points, every, skipped;
};

struct run *run_new(void)
{
	struct run *run = calloc(1, sizeof(*run));

	for (unsigned int i = 0; run && i < MOST_RULES; i++)
		run->rule[i].episode = calloc(MOST_EPISODES, sizeof(struct episode));
	return run;
}

void run_free(struct run *run)
{
	for (unsigned int i = 0; run && i < MOST_RULES; i++)
		free(run->rule[i].episode);
	free(run);
}

void run_begin(struct run *run)
{
	for (unsigned int i = 0; i < MOST_RULES; i++) {
		struct judged *j = &run->rule[i];

		j->notes = j->skipped = j->episodes = 0;
		j->every = 1;
		j->on = j->wrong = j->missed = j->leak_wrong = j->leak_missed = false;
		j->leak_from = -1;
		j->dt = 0;
	}
	run->failures = run->averts = 0;
	run->points = run->skipped = 0;
	run->every = 1;
	run->first_t = -1;
}

void run_sample(struct run *run, double t, double used)
{
	if (++run->skipped < run->every)
		return;
	run->skipped = 0;
	if (run->points == MOST_LOG) {
		for (unsigned int i = 0; i < MOST_LOG / 2; i++)
			run->path[i] = run->path[2 * i + 1];
		run->points = MOST_LOG / 2;
		run->every *= 2;
	}
	run->path[run->points].t = t;
	run->path[run->points++].used = used;
}

static double used_at(const struct run *run, double t)
{
	unsigned int i = 0;

	while (i + 1 < run->points && run->path[i + 1].t <= t)
		i++;
	return run->points ? run->path[i].used : 0;
}

/* Did it grow, in both halves of the time before t, as a leak is expected to be named for? */
static bool was_asked(const struct run *run, double t, double limit)
{
	double half = ASKED_SECONDS / 2, now = used_at(run, t), then = used_at(run, t - half);

	return limit <= ASKED_LIMIT && t - run->first_t >= ASKED_SECONDS &&
	       now - used_at(run, t - 2 * half) >= ASKED_RATE * ASKED_SECONDS &&
	       now - then >= 0.5 * ASKED_RATE * half &&
	       then - used_at(run, t - 2 * half) >= 0.5 * ASKED_RATE * half;
}

static void take_note(struct judged *j, double t, double dt, const struct opinion *o)
{
	j->dt += dt;
	if (++j->skipped < j->every)
		return;
	j->skipped = 0;
	if (j->notes ==
	    MOST_LOG) { /* every second one goes; the span it stood for passes to its neighbour */
		for (unsigned int i = 0; i < MOST_LOG / 2; i++) {
			double both = j->note[2 * i].dt + j->note[2 * i + 1].dt;

			j->note[i] = j->note[2 * i + 1];
			j->note[i].dt = both;
		}
		j->notes = MOST_LOG / 2;
		j->every *= 2;
	}
	j->note[j->notes++] = (struct note){t, j->dt, o->seconds, o->low, o->high, o->chance};
	j->dt = 0;
}

void run_opinion(struct run *run, unsigned int rule, double t, double dt, const struct opinion *o)
{
	struct judged *j = &run->rule[rule];

	if (run->first_t < 0)
		run->first_t = t;
	run->last_t = t;
	take_note(j, t, dt, o);
	if (o->alarm && !j->on && j->episodes < MOST_EPISODES)
		j->episode[j->episodes++] = (struct episode){t, t, false};
	if (o->alarm && j->episodes)
		j->episode[j->episodes - 1].to = t;
	j->on = o->alarm;
	if (o->leak && j->leak_from < 0)
		j->leak_from = t;
}

void run_failure(struct run *run, double at, double ramp_start, enum failure kind,
		 enum category category)
{
	if (run->failures < MOST_FAILURES)
		run->failure[run->failures++] = (struct fate){at, ramp_start, kind, category};
	for (unsigned int i = 0; i < MOST_RULES; i++)
		run->rule[i].on = false; /* the alarm dies with its container */
}

void run_averted(struct run *run, double at)
{
	if (run->averts < MOST_FAILURES)
		run->averted[run->averts++] = at;
	for (unsigned int i = 0; i < MOST_RULES; i++)
		run->rule[i].on = false;
}

static bool was_averted(const struct run *run, double from, double to)
{
	for (unsigned int a = 0; a < run->averts; a++)
		if (run->averted[a] >= from && run->averted[a] <= to)
			return true;
	return false;
}

bool run_failed_within(const struct run *run, double t, double seconds)
{
	for (unsigned int d = 0; d < run->failures; d++)
		if (run->failure[d].at > t && run->failure[d].at <= t + seconds)
			return true;
	return false;
}

bool run_killed_within(const struct run *run, double t, double seconds)
{
	for (unsigned int d = 0; d < run->failures; d++)
		if (run->failure[d].kind == OOM_KILL && run->failure[d].at > t &&
		    run->failure[d].at <= t + seconds)
			return true;
	return false;
}

bool run_not_begun(const struct run *run, double t)
{
	for (unsigned int d = 0; d < run->failures; d++)
		if (run->failure[d].at > t)
			return run->failure[d].at <= t + QUARTER && run->failure[d].ramp_start > t;
	return false;
}

void values_add(struct values *v, double x)
{
	if (v->n == v->space) {
		v->space = v->space ? 2 * v->space : 64;
		v->v = realloc(v->v, v->space * sizeof(*v->v));
		if (!v->v)
			abort();
	}
	v->v[v->n++] = x;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double values_quantile(struct values *v, double q)
{
	if (!v->n)
		return NAN;
	qsort(v->v, v->n, sizeof(*v->v), by_size);
	return v->v[(size_t)(q * (double)(v->n - 1) + 0.5)];
}

static void judge_failure(struct judged *j, const struct fate *f, struct tally *t)
{
	double ramp = f->at - f->ramp_start, from = -1;

	if (f->category == SUDDEN)
		return;
	for (unsigned int e = 0; e < j->episodes; e++)
		if (j->episode[e].from < f->at && j->episode[e].to >= f->at - GRACE - 0.02 * ramp &&
		    from < 0)
			from = j->episode[e].from;
	if (f->kind == HEAP_FAILURE)
		t->failures_heap++, t->found_heap += from >= 0;
	else if (f->kind == STALL_FAILURE)
		t->failures_stall++, t->found_stall += from >= 0;
	else if (ramp >= 30)
		t->failures_ramp++, t->found_ramp += from >= 0;
	else
		t->failures_burst++, t->found_burst += from >= 0;
	if (from < 0)
		j->missed = true;
	if (f->kind != OOM_KILL)
		return;
	from = from < 0 ? 0 : fmin(f->at - from, ramp);
	if (ramp >= 600)
		values_add(&t->lead_long, from);
	if (ramp >= 30)
		values_add(&t->lead_ramp, from);
	else if (ramp >= 6) /* not more than about 10 % of the limit a second */
		values_add(&t->lead_burst, from);
}

/* Forecasts with 75, 50, 25 and 10 % of the ramp still to go. */
static void judge_times(const struct rule *rule, const struct judged *j, const struct fate *f,
			struct tally *t)
{
	static const double shares[] = {0.75, 0.5, 0.25, 0.1};

	if (!rule->times || f->kind == STALL_FAILURE || f->category == SUDDEN ||
	    f->category == STALL)
		return;
	for (unsigned int s = 0; s < 4; s++) {
		double left = shares[s] * (f->at - f->ramp_start), when = f->at - left;
		const struct note *found = NULL;

		if (left > DAY || left <= 0)
			continue;
		for (unsigned int i = 0; i < j->notes && j->note[i].t <= when; i++)
			found = &j->note[i];
		if (!found || when - found->t > 0.2 * left)
			continue;
		left = f->at - found->t;
		t->asked++;
		if (found->seconds < 0)
			continue;
		t->named++;
		values_add(f->category == SAWTOOTH ? &t->error_saw : &t->error_smooth,
			   fabs(found->seconds - left) / left);
		if (rule->intervals) {
			t->intervals++;
			t->covered += left >= found->low && left <= found->high;
		}
	}
}

static void judge_leak(const struct rule *rule, struct judged *j, const struct run *run,
		       const struct world *w, struct tally *t)
{
	double until = w->leak_until > 0 ? w->leak_until : run->last_t;
	double lasted = until - w->leak_since, share = w->leak_rate * HOUR / w->now.limit;

	if (!rule->leaks)
		return;
	if (!w->leak_rate) {
		j->leak_wrong = j->leak_from >= 0;
		t->leaks_wrong += j->leak_wrong;
		t->leaks_asked += j->leak_wrong && was_asked(run, j->leak_from, w->now.limit);
		return;
	}
	if (j->leak_from >= 0 && j->leak_from < w->leak_since)
		t->leaks_wrong++;
	if (lasted >= SHORT_SECONDS && lasted < 2 * HOUR) {
		t->leaks_short++;
		t->short_found += j->leak_from >= w->leak_since;
	}
	if (share < 0.02 ||
	    lasted < 2 * HOUR) /* below the aim, or over before it can be called sustained */
		return;
	t->leaks++;
	j->leak_missed = j->leak_from < w->leak_since;
	t->leaks_found += !j->leak_missed;
	t->leaks_late += j->leak_from > w->leak_since + 1.5 * HOUR;
}

void run_end(struct run *run, const struct world *world, struct tally *tallies)
{
	for (unsigned int i = 0; i < rule_count; i++) {
		struct judged *j = &run->rule[i];
		struct tally *t = &tallies[i];

		t->container_days += (run->last_t - run->first_t) / DAY;
		for (unsigned int e = 0; e < j->episodes; e++) {
			double to = fmax(j->episode[e].to + GRACE,
					 j->episode[e].from + rules[i].horizon);

			if (was_averted(run, j->episode[e].from, to))
				continue;
			j->episode[e].right =
				run_failed_within(run, j->episode[e].from, to - j->episode[e].from);
			t->alarms_right += j->episode[e].right;
			t->alarms_wrong += !j->episode[e].right;
			t->alarms_early += !j->episode[e].right &&
					   run_failed_within(run, j->episode[e].from, EARLY);
			j->wrong |= !j->episode[e].right;
		}
		for (unsigned int d = 0; d < run->failures; d++) {
			judge_failure(j, &run->failure[d], t);
			judge_times(&rules[i], j, &run->failure[d], t);
		}
		judge_leak(&rules[i], j, run, world, t);
		for (unsigned int n = 0; n < j->notes; n++) {
			double y = run_failed_within(run, j->note[n].t, QUARTER),
			       p = j->note[n].chance;

			if (p < 0 || run_not_begun(run, j->note[n].t) ||
			    was_averted(run, j->note[n].t, j->note[n].t + QUARTER))
				continue;
			t->brier += j->note[n].dt * (p - y) * (p - y);
			t->brier_failures += j->note[n].dt * y;
			t->brier_weight += j->note[n].dt;
		}
	}
}

bool run_wrong(const struct run *run, unsigned int rule) { return run->rule[rule].wrong; }
bool run_leak_wrong(const struct run *run, unsigned int rule) { return run->rule[rule].leak_wrong; }
bool run_leak_missed(const struct run *run, unsigned int rule)
{
	return run->rule[rule].leak_missed;
}
bool run_missed(const struct run *run, unsigned int rule) { return run->rule[rule].missed; }

void tally_print_head(void)
{
	static const char format[] = "%-24s|%6s %6s %6s %6s|%6s %9s|%7s %7s %8s %8s|%6s %6s %5s "
				     "%6s|%6s|%6s %6s %6s|%5s %5s %5s %5s %5s|%5s %5s\n";

	printf(format, "", "recall", "recall", "recall", "recall", "prec-", "false per", "lead",
	       "lead", "lead p50", "lead p50", "error", "error", "cover", "named", "Brier", "leak",
	       "prec.", "leak", "right", "wrong", "of it", "wrong", "of it", "short", "of it");
	printf(format, "rule", ">=30 s", "bursts", "stalls", "heaps", "ision", "cont.day", "p5",
	       "p50", ">=10 min", "bursts", "smooth", "saw", "80 %", "", "skill", "prec.", "strict",
	       "recall", "", "", "early", "leaks", "asked", "leaks", "named");
}

static void share(const char *sep, int width, unsigned long part, unsigned long all)
{
	if (all)
		printf("%s%*.3f", sep, width, (double)part / (double)all);
	else
		printf("%s%*s", sep, width, "-");
}

static void number(const char *sep, int width, int digits, double x)
{
	if (isnan(x))
		printf("%s%*s", sep, width, "-");
	else
		printf("%s%*.*f", sep, width, digits, x);
}

void tally_print(const char *name, struct tally *t)
{
	double base = t->brier_weight > 0 ? t->brier_failures / t->brier_weight : 0;

	printf("%-24s", name);
	share("|", 6, t->found_ramp, t->failures_ramp);
	share(" ", 6, t->found_burst, t->failures_burst);
	share(" ", 6, t->found_stall, t->failures_stall);
	share(" ", 6, t->found_heap, t->failures_heap);
	share("|", 6, t->alarms_right, t->alarms_right + t->alarms_wrong);
	number(" ", 9, 4,
	       t->container_days > 0 ? (double)t->alarms_wrong / t->container_days : NAN);
	number("|", 7, 1, values_quantile(&t->lead_ramp, 0.05));
	number(" ", 7, 1, values_quantile(&t->lead_ramp, 0.5));
	number(" ", 8, 1, values_quantile(&t->lead_long, 0.5));
	number(" ", 8, 2, values_quantile(&t->lead_burst, 0.5));
	number("|", 6, 3, values_quantile(&t->error_smooth, 0.5));
	number(" ", 6, 3, values_quantile(&t->error_saw, 0.5));
	share(" ", 5, t->covered, t->intervals);
	share(" ", 6, t->named, t->asked);
	number("|", 6, 3, base > 0 ? 1 - t->brier / t->brier_weight / (base * (1 - base)) : NAN);
	share("|", 6, t->leaks_found, t->leaks_found + t->leaks_wrong - t->leaks_asked);
	share(" ", 6, t->leaks_found, t->leaks_found + t->leaks_wrong);
	share(" ", 6, t->leaks_found, t->leaks);
	printf("|%5lu %5lu %5lu %5lu %5lu|%5lu %5lu\n", t->alarms_right, t->alarms_wrong,
	       t->alarms_early, t->leaks_wrong, t->leaks_asked, t->leaks_short, t->short_found);
}

static void values_join(struct values *sum, const struct values *other)
{
	for (size_t i = 0; i < other->n; i++)
		values_add(sum, other->v[i]);
}

void tally_sum(struct tally *sum, const struct tally *o)
{
	sum->failures_ramp += o->failures_ramp, sum->found_ramp += o->found_ramp;
	sum->failures_burst += o->failures_burst, sum->found_burst += o->found_burst;
	sum->failures_stall += o->failures_stall, sum->found_stall += o->found_stall;
	sum->failures_heap += o->failures_heap, sum->found_heap += o->found_heap;
	sum->alarms_right += o->alarms_right, sum->alarms_wrong += o->alarms_wrong;
	sum->leaks += o->leaks, sum->leaks_found += o->leaks_found;
	sum->leaks_short += o->leaks_short, sum->short_found += o->short_found;
	sum->alarms_early += o->alarms_early, sum->leaks_asked += o->leaks_asked;
	sum->leaks_wrong += o->leaks_wrong, sum->leaks_late += o->leaks_late;
	sum->intervals += o->intervals, sum->covered += o->covered;
	sum->asked += o->asked, sum->named += o->named;
	sum->brier += o->brier, sum->brier_weight += o->brier_weight,
		sum->brier_failures += o->brier_failures;
	sum->container_days += o->container_days;
	values_join(&sum->lead_long, &o->lead_long);
	values_join(&sum->lead_ramp, &o->lead_ramp);
	values_join(&sum->lead_burst, &o->lead_burst);
	values_join(&sum->error_smooth, &o->error_smooth);
	values_join(&sum->error_saw, &o->error_saw);
}

void tally_done(struct tally *t)
{
	free(t->lead_long.v);
	free(t->lead_ramp.v);
	free(t->lead_burst.v);
	free(t->error_smooth.v);
	free(t->error_saw.v);
	memset(t, 0, sizeof(*t));
}
