/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keeps score. A life of a container is a run; each rule's alarms are episodes in it; when the run
 * is over and its deaths are known, every episode, forecast and verdict is judged.
 *	right alarm: a death within the rule's own horizon of its start, or while it stands (a
 *	minute's grace)
 *	recall: deaths with a right alarm standing, or gone for less than a minute
 *	lead: from that alarm's start to the death, no more than the ramp itself
 */
#ifndef BACKTEST_SCORE_H
#define BACKTEST_SCORE_H

#include "rules.h"

struct values { /* grows; for medians and percentiles */
	double *v;
	size_t n, space;
};

struct tally {                                   /* one rule's, over many runs */
	unsigned long failures_ramp, found_ramp; /* ramps of 30 s and more */
	unsigned long failures_burst, found_burst;
	unsigned long failures_stall, found_stall;
	unsigned long failures_heap, found_heap;
	unsigned long alarms_right, alarms_wrong;
	unsigned long alarms_early; /* of the wrong: the same life ended so within EARLY seconds */
	unsigned long leaks, leaks_found, leaks_wrong, leaks_late;
	unsigned long
		leaks_asked; /* of the wrong: growth that must be called a leak, by the rule */
	unsigned long intervals, covered, asked, named;
	unsigned long leaks_short,
		short_found; /* over within two hours: no rule is asked for them */
	double brier, brier_weight, brier_failures;
	double container_days;
	struct values lead_long, lead_ramp, lead_burst, error_smooth, error_saw;
};

struct run;

/* label: for --verbose. */
struct run *run_new(void);
void run_free(struct run *run);
void run_begin(struct run *run);
/* What is held in memory, for the truth about growth. */
void run_sample(struct run *run, double t, double used);
void run_opinion(struct run *run, unsigned int rule, double t, double dt,
		 const struct opinion *opinion);
void run_failure(struct run *run, double at, double ramp_start, enum failure kind,
		 enum category category);
/* An action came: what stands now, or is about to come true, is not judged. */
void run_averted(struct run *run, double at);
/* leak_rate, leak_since: the truth; limit for shares. Adds everything to tallies[rule_count]. */
void run_end(struct run *run, const struct world *world, struct tally *tallies);
/* After run_end: did this rule raise a wrong alarm, or miss a death? */
bool run_wrong(const struct run *run, unsigned int rule);
bool run_missed(const struct run *run, unsigned int rule);
bool run_leak_wrong(const struct run *run, unsigned int rule);
bool run_leak_missed(const struct run *run, unsigned int rule);
/* Was there a death in (t, t + seconds]? Until run_begin. */
bool run_failed_within(const struct run *run, double t, double seconds);
bool run_killed_within(const struct run *run, double t, double seconds); /* by OOM */
/* Death comes within 15 minutes, but the rise to it has not begun: no rule can know, and how often
 * that happens is the mix of shapes, not the world. Left out of Brier score and calibration. */
bool run_not_begun(const struct run *run, double t);

void values_add(struct values *values, double x);
double values_quantile(struct values *values, double q); /* NaN when empty */
void tally_print_head(void);
void tally_print(const char *name, struct tally *tally);
void tally_sum(struct tally *sum, const struct tally *other);
void tally_done(struct tally *tally);

#endif
