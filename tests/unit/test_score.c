// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The score: short runs of one container, each with forecasts and events, against the verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/forecast_score.h"

struct verdict {
	unsigned int warn[3], act[3];     /* right, wrong, cut */
	unsigned int kills[2], stalls[2]; /* warned, missed */
	unsigned int times, held;
};

/* Steps: what, when, and for looks the predicted time, in seconds. calm, warn, act: a look, with its alarm; lent: one with
 * an alarm from above; higher, lower: with another limit; hung, full: without progress. kill; below: of another, below. */
static const struct lifespan {
	const char *name, *steps;
	struct verdict want;
} runs[] = {
	{"nothing predicted, nothing came", "calm 1; calm 2; calm 5000", {.times = 0}},
	{"killed out of the blue", "calm 1; kill 2", {.kills = {0, 1}}},
	{"warned, then killed",
	 "calm 1; warn 10 60; act 50 20; kill 70; calm 71; calm 5000",
	 {.warn = {1}, .act = {1}, .kills = {1}, .times = 2, .held = 2}},
	{"warned, and calm again",
	 "calm 1; warn 10; calm 50; calm 909; calm 911; calm 5000",
	 {.warn = {0, 1}}},
	{"a notice is not judged, and announces no kill",
	 "notice 10; calm 50; notice 60; kill 70",
	 {.kills = {0, 1}}},
	{"a notice, then warned",
	 "notice 1; warn 10 60; notice 50; kill 70",
	 {.warn = {1}, .kills = {1}, .times = 1, .held = 1}},
	{"not due yet", "warn 10; calm 50; calm 909", {.times = 0}},
	{"it stood for hours, and was right at last",
	 "warn 10; warn 9000; kill 20000",
	 {.warn = {1}, .kills = {1}}},
	{"calm for half a minute: still announced",
	 "warn 10; calm 50; kill 80",
	 {.warn = {1}, .kills = {1}}},
	{"calm for minutes: the alarm was right, but it had ended",
	 "warn 10; calm 50; kill 600",
	 {.warn = {1}, .kills = {0, 1}}},
	{"calm for too long: wrong, and missed",
	 "warn 10; calm 50; kill 2000",
	 {.warn = {0, 1}, .kills = {0, 1}}},
	{"ended by itself while the alarm stood",
	 "act 10; cut 20",
	 {.warn = {0, 0, 1}, .act = {0, 0, 1}}},
	{"its limit was raised", "warn 10 60; higher 20; calm 5000", {.warn = {0, 0, 1}}},
	{"its limit was lowered: times are void, the alarm is not",
	 "warn 10 60; lower 20; kill 30",
	 {.warn = {1}, .kills = {1}}},
	{"an alarm that was lent announces, but is not its own",
	 "lent 10; kill 20",
	 {.kills = {1}}},
	{"an alarm that was lent and came to nothing is judged there",
	 "lent 10; calm 20; calm 5000",
	 {.times = 0}},
	{"a child was killed: right, but counted there",
	 "warn 10 60; below 70",
	 {.warn = {1}, .times = 1, .held = 1}},
	{"several victims of one death",
	 "warn 10; kill 20; kill 21; kill 29",
	 {.warn = {1}, .kills = {1}}},
	{"killed again, a minute later",
	 "warn 10; kill 20; calm 21; kill 90",
	 {.warn = {1}, .kills = {1, 1}}},
	{"an alarm that stands on after a kill announces the next",
	 "warn 10; kill 20; warn 21; kill 50",
	 {.warn = {1}, .kills = {2}}},
	{"flapping: each is an alarm",
	 "warn 10; calm 20; warn 30; calm 40; warn 50; kill 60",
	 {.warn = {3}, .kills = {1}}},
	{"flapping without end: what does not fit is wrong",
	 "act 10; calm 20; act 30; calm 40; act 50; calm 60; calm 5000",
	 {.warn = {0, 3}, .act = {0, 3}}},
	{"a sample after the kill that is reported late",
	 "calm 10; warn 30; kill 20",
	 {.kills = {0, 1}}},
	{"a time is noted when it halves",
	 "calm 0 100; calm 10 90; calm 49 51; calm 51 49; calm 76 24; calm 88 12; kill 100",
	 {.kills = {0, 1}, .times = 4, .held = 4}},
	{"a time that jumps to and fro is noted no faster than it can tell",
	 "calm 0 100; calm 1 10; calm 2 100; calm 20 10; kill 30",
	 {.kills = {0, 1}, .times = 2, .held = 1}},
	{"a time that was withdrawn is no forecast of what comes later",
	 "calm 0 100; calm 50; calm 100; kill 4000",
	 {.kills = {0, 1}}},
	{"a time that was far off is held against what came",
	 "calm 0 100; kill 300",
	 {.kills = {0, 1}, .times = 1}},
	{"v1 hangs without a victim",
	 "act 10; hung 20; hung 25; calm 5000",
	 {.warn = {1}, .act = {1}, .stalls = {1}}},
	{"stalled, unannounced",
	 "calm 10; full 20; full 190; full 201; full 300; calm 310",
	 {.stalls = {0, 1}}},
	{"a stall that passes is no death", "full 20; full 190; calm 195; full 201", {.times = 0}},
};

static uint64_t ns(double t) { return (uint64_t)((1000 + t) * 1e9); }

struct stage {
	struct score_watch watch;
	uint64_t limit;
	uint8_t alarm;
};

static void look(struct stage *stage, const char *what, double t, double p50,
		 struct hr_score *score)
{
	static const char *const alarms[] = {"calm", "notice", "warn", "act"};
	struct hr_forecast o = {.risk_centi = 100};
	struct score_sight sight = {.t_ns = ns(t), .forecast = &o};

	for (uint8_t a = 0; a <= HR_ALARM_ACT; a++)
		if (!strcmp(what, alarms[a]))
			stage->alarm = a;
	o.alarm = strcmp(what, "lent") ? stage->alarm : HR_ALARM_ACT;
	o.oom_in_p10_ms = o.oom_in_p50_ms = o.oom_in_p90_ms = HR_UNKNOWN;
	if (p50 > 0) {
		o.oom_in_p10_ms = (uint64_t)(p50 * 800);
		o.oom_in_p50_ms = (uint64_t)(p50 * 1000);
		o.oom_in_p90_ms = (uint64_t)(p50 * 1250);
	}
	if (!stage->limit)
		stage->limit = 1 << 30;
	stage->limit = !strcmp(what, "higher")  ? 2 * stage->limit
		       : !strcmp(what, "lower") ? stage->limit / 2
						: stage->limit;
	sight.limit = stage->limit;
	sight.alarm = stage->alarm;
	sight.under_oom = !strcmp(what, "hung");
	sight.full_avg10_centi = strcmp(what, "full") ? HR_UNKNOWN_U32 : 8000;
	score_look(&stage->watch, &sight, score);
}

static void play(const char *steps, struct hr_score *score)
{
	struct stage stage = {0};
	char what[16];
	double t, p50;

	for (const char *at = steps; at; at = strchr(at, ';'), at = at ? at + 1 : NULL) {
		p50 = 0;
		assert_true(sscanf(at, "%15s %lf %lf", what, &t, &p50) >= 2);
		if (!strcmp(what, "kill") || !strcmp(what, "below"))
			score_failed(&stage.watch, ns(t), SCORE_OOM_KILL, !strcmp(what, "kill"),
				     score);
		else if (!strcmp(what, "cut"))
			score_cut(&stage.watch, score);
		else
			look(&stage, what, t, p50, score);
	}
}

static void check(const struct lifespan *lifespan, const struct hr_score *s)
{
	const struct verdict *want = &lifespan->want;
	const unsigned int pair[][2] = {
		{s->warn.right, want->warn[0]},
		{s->warn.wrong, want->warn[1]},
		{s->warn.undecided, want->warn[2]},
		{s->act.right, want->act[0]},
		{s->act.wrong, want->act[1]},
		{s->act.undecided, want->act[2]},
		{s->oom_kills.warned, want->kills[0]},
		{s->oom_kills.missed, want->kills[1]},
		{s->stalls.warned, want->stalls[0]},
		{s->stalls.missed, want->stalls[1]},
		{s->times, want->times},
		{s->times_covered, want->held},
	};
	uint64_t errors = 0, leads = 0;

	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++)
		if (pair[i][0] != pair[i][1])
			fail_msg("%s: figure %zu is %u, not %u", lifespan->name, i, pair[i][0],
				 pair[i][1]);
	for (int i = 0; i < HR_SCORE_ERRORS; i++)
		errors += s->time_error[i];
	for (int i = 0; i < HR_SCORE_LEADS; i++)
		leads += s->lead[i];
	assert_int_equal(errors, s->times);
	assert_int_equal(leads, s->oom_kills.warned);
}

static void test_runs(void **state)
{
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct hr_score score = {0};

		play(runs[i].steps, &score);
		check(&runs[i], &score);
	}
}

/* The sum is over all watches, those that ended included. */
static void test_sum_outlives_watches(void **state)
{
	struct hr_score score = {0};

	for (int n = 0; n < 3; n++)
		play("warn 10 10; kill 20; cut 21", &score);
	assert_int_equal(score.warn.right, 3);
	assert_int_equal(score.warn.undecided, 0);
	assert_int_equal(score.oom_kills.warned, 3);
	assert_int_equal(score.time_error[0], 3);
	assert_int_equal(score.lead_sum_ms, 30000);
	assert_int_equal(score.lead[3], 3); /* 10 s: no longer below 10 s */
}

static void test_errors_by_size(void **state)
{
	static const struct {
		const char *steps;
		unsigned int bucket, milli;
	} cases[] = {
		{"calm 0 100; kill 100", 0, 0},    {"calm 0 104; kill 100", 0, 40},
		{"calm 0 106; kill 100", 1, 60},   {"calm 0 85; kill 100", 2, 150},
		{"calm 0 70; kill 100", 3, 300},   {"calm 0 250; kill 100", 5, 1500},
		{"calm 0 900; kill 100", 6, 8000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hr_score score = {0};

		play(cases[i].steps, &score);
		assert_int_equal(score.times, 1);
		assert_int_equal(score.time_error[cases[i].bucket], 1);
		assert_int_equal(score.time_error_sum_milli, cases[i].milli);
	}
}

static void look_at(struct score_watch *w, double t, uint16_t risk, uint8_t level,
		    struct forecast_accuracy record, struct hr_score *score)
{
	struct hr_forecast o = {.risk_centi = risk, .oom_in_p50_ms = HR_UNKNOWN};
	struct score_sight sight = {.t_ns = ns(t),
				    .forecast = &o,
				    .level = level,
				    .limit = 1 << 30,
				    .record = record,
				    .full_avg10_centi = HR_UNKNOWN_U32};

	score_look(w, &sight, score);
}

/* A quarter of an hour after it was forecast, each risk has come true or not. */
static void test_risks(void **state)
{
	struct forecast_accuracy none = {0};
	struct score_watch watch = {0};
	struct hr_score score = {0};

	look_at(&watch, 0, UINT16_MAX, HR_LEVEL_OWN, none, &score); /* not known yet */
	look_at(&watch, 10, 2000, HR_LEVEL_OWN, none, &score);
	look_at(&watch, 909, 9000, HR_LEVEL_OWN, none, &score);
	assert_int_equal(score.risks, 0);
	look_at(&watch, 910, 9000, HR_LEVEL_OWN, none, &score); /* .2 was wrong; .9 begins */
	assert_int_equal(score.risks, 1);
	assert_int_equal(score.risks_observed, 0);
	assert_int_equal(score.brier_sum_micro, 40000);
	score_failed(&watch, ns(1000), SCORE_OOM_KILL, true, &score);
	assert_int_equal(score.risks, 2);
	assert_int_equal(score.risks_observed, 1);
	assert_int_equal(score.risk_sum_milli, 1100);
	assert_int_equal(score.brier_sum_micro, 50000);
	look_at(&watch, 1001, 5000, HR_LEVEL_ANCESTOR, none,
		&score); /* the ancestor's own watch has it */
	look_at(&watch, 9001, 5000, HR_LEVEL_ANCESTOR, none, &score);
	assert_int_equal(score.risks, 2);
}

/* The room counts a life; the score counts them all. */
static void test_intervals(void **state)
{
	struct score_watch watch = {0};
	struct hr_score score = {0};

	look_at(&watch, 1, 0, HR_LEVEL_OWN, (struct forecast_accuracy){2, 1}, &score);
	look_at(&watch, 2, 0, HR_LEVEL_OWN, (struct forecast_accuracy){5, 4}, &score);
	look_at(&watch, 3, 0, HR_LEVEL_OWN, (struct forecast_accuracy){0, 0}, &score);
	look_at(&watch, 4, 0, HR_LEVEL_OWN, (struct forecast_accuracy){1, 0}, &score);
	assert_int_equal(score.intervals, 6);
	assert_int_equal(score.intervals_covered, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),           cmocka_unit_test(test_sum_outlives_watches),
		cmocka_unit_test(test_errors_by_size), cmocka_unit_test(test_risks),
		cmocka_unit_test(test_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
