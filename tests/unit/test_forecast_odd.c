// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Oddities that were seen once and shall not come back: what alarms, leaks and times to OOM make of odd
 * series. Like test_forecast.c, never looks into the state. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "forecast/forecast.h"
#include "forecast/reason_text.h"

#define MIB (1ULL << 20)
#define SEC 1000000000ULL

struct run {
	struct forecast_state state;
	struct forecast_input in;
	struct hr_forecast out;
};

static void run_init(struct run *run, uint64_t limit)
{
	forecast_init(&run->state);
	forecast_input_init(&run->in);
	run->in.t_ns = SEC;
	run->in.limit = limit;
}

static void feed(struct run *run, double seconds, double used_bytes)
{
	run->in.t_ns += (uint64_t)(seconds * 1e9);
	run->in.usage = run->in.unreclaimable = used_bytes < 0 ? 0 : (uint64_t)used_bytes;
	run->in.headroom = HR_UNKNOWN;
	forecast_update(&run->state, &run->in, &run->out);
}

/* A collector as its log has it: use before and after each collection, a millisecond apart. What
 * happened in that millisecond is a step, and no speed. */
static void test_samples_in_quick_succession(void **state)
{
	struct run run;

	run_init(&run, 500 * MIB);
	for (int n = 0; n < 400; n++) {
		double floor = 50e6 + n * 0.1e6;

		feed(&run, 1.3, floor + 100e6);
		feed(&run, 0.001, floor);
		if (n)
			assert_true(llabs(run.out.drift_bytes_per_second) < 200 * (int64_t)MIB);
	}
	assert_int_equal(run.out.alarm, HR_ALARM_NONE);
}

/* Growth that doubles again and again: the time to its end, where it has shown itself. */
static void test_quickening_growth(void **state)
{
	struct run run;
	double growth = log(2) / 3, end = 45, t;

	run_init(&run, 2000000000);
	for (int n = 0; n < 600; n++)
		feed(&run, 0.25, 200e6 + (n * 7919 % 13) * 1e5);
	for (t = 0; t < end; t += 0.25) {
		feed(&run, 0.25, 200e6 + 1800e6 * exp(growth * (t - end)));
		if (end - t > 5 || end - t < 1)
			continue;
		assert_int_not_equal(run.out.oom_in_p50_ms, HR_UNKNOWN);
		assert_true(run.out.oom_in_p10_ms / 1e3 < 1.2 * (end - t));
		assert_true(run.out.oom_in_p90_ms / 1e3 > 0.8 * (end - t));
	}
	assert_int_equal(run.out.alarm, HR_ALARM_ACT);
}

/* The first rise of a kind, which ends at 85 %: no warning. A steady one is warned of in time. */
static void test_alarms_wait_for_their_odds(void **state)
{
	static const struct {
		double seconds, end; /* of the rise; where it stops, of the limit */
		int warned;
	} cases[] = {{20, 0.85, 0}, {300, 0.85, 0}, {7200, 0.85, 0}, {7200, 1, 1}, {300, 1, 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run;
		double limit = 1e9, used = 0, left = -1;

		run_init(&run, (uint64_t)limit);
		for (int n = 0; n < 1800; n++)
			feed(&run, 1, 0.2 * limit);
		for (double t = 0; t < 2 * cases[i].seconds && used < 0.999 * limit; t++) {
			used = limit * fmin(0.2 + 0.8 * t / cases[i].seconds, cases[i].end);
			feed(&run, 1, used);
			if (run.out.alarm >= HR_ALARM_WARN && left < 0)
				left = cases[i].seconds - t;
		}
		assert_int_equal(left >= 0, cases[i].warned);
		if (cases[i].seconds >= 3600 && cases[i].warned)
			assert_true(left >= 300);
	}
}

/* Percent of the memory refaulted per second, as the reason has it; 0: no reason. The counter is read each `every` seconds. */
static int64_t refaults_seen(int every, uint64_t pages_per_second)
{
	uint64_t total = 1000000;
	struct run run;

	run_init(&run, 1000 * MIB);
	run.in.refaults = total;
	for (int n = 0; n < 600; n++) {
		total += pages_per_second;
		if (n % every == every - 1)
			run.in.refaults = total;
		feed(&run, 1, 500 * MIB);
	}
	for (int i = 0; i < HR_REASONS; i++)
		if (run.out.reason[i].kind == HR_REASON_REFAULT)
			return run.out.reason[i].arg[0];
	return 0;
}

/* memory.stat is read each second, or each ten: ten seconds of refaults are not one second's. */
static void test_refaults_by_the_time_they_took(void **state)
{
	static const int every[] = {1, 2, 10, 17};

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		assert_in_range(refaults_seen(every[i], 500 * MIB / 4096 / 10), 8, 12);
		assert_int_equal(refaults_seen(every[i], 500 * MIB / 4096 / 50), 0);
	}
}

/* A sawtooth that nears the limit is one warning, not one a tooth. */
static void test_one_warning_for_many_teeth(void **state)
{
	struct run run;
	int raised = 0, noticed = 0, before = HR_ALARM_NONE;

	run_init(&run, 1000000000);
	for (int n = 0; n < 20000; n++) {
		double floor = 300e6 + n * 18e3, used = floor + 340e6 * (n % 200 / 199.0);

		if (used >= 1e9)
			break;
		feed(&run, 1, used);
		raised += run.out.alarm >= HR_ALARM_WARN && before < HR_ALARM_WARN;
		noticed += run.out.alarm > HR_ALARM_NONE && before == HR_ALARM_NONE;
		before = run.out.alarm;
	}
	assert_int_equal(raised, 1);
	assert_true(noticed <= 2); /* the first rise is no tooth yet */
	assert_true(before >= HR_ALARM_WARN);
}

/* A notice comes with the risk: in a rise of two minutes more than a minute before its end, and at one sample a minute with the first one of high
 * risk. `warn` waits for its odds. */
static void test_notice_comes_first(void **state)
{
	static const double every[] = {1, 60};

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		struct run run;
		double limit = 1e9, used = 0.2 * limit, noticed = -1, warned = -1;
		double seconds = 120 * every[i];

		run_init(&run, (uint64_t)limit);
		for (int n = 0; n < 120; n++)
			feed(&run, every[i], used);
		for (double t = every[i]; used < 0.99 * limit; t += every[i]) {
			used = limit * (0.2 + 0.8 * t / seconds);
			feed(&run, every[i], used);
			assert_true(run.out.risk_centi < 5000 || run.out.alarm >= HR_ALARM_NOTICE);
			if (run.out.alarm >= HR_ALARM_NOTICE && noticed < 0)
				noticed = seconds - t;
			if (run.out.alarm >= HR_ALARM_WARN && warned < 0)
				warned = seconds - t;
		}
		assert_true(noticed >= seconds / 2 || noticed >= 600);
		assert_true(warned > 0 && warned < noticed);
	}
}

/* Within 2.5 % of the limit for ten minutes: a risk of its own, which fades; less close, or for a moment, is none. */
static void test_standing_close(void **state)
{
	static const struct {
		double share;
		int minutes;
		bool notice;
	} cases[] = {{0.98, 20, true}, {0.98, 5, false}, {0.95, 20, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run;
		bool notice = false;

		run_init(&run, 1000000000);
		for (int n = 0; n < 60; n++)
			feed(&run, 60, 600e6);
		for (int n = 0; n < cases[i].minutes; n++) {
			feed(&run, 60, cases[i].share * 1e9);
			notice |= run.out.risk_centi >= 5000 && n > 5;
		}
		assert_int_equal(notice, cases[i].notice);
		for (int n = 0; n < 600; n++)
			feed(&run, 60, cases[i].share * 1e9);
		assert_true(run.out.risk_centi < 2000 && run.out.alarm == HR_ALARM_NONE);
	}
}

static double walk_noise(uint32_t *x)
{
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		*x = *x * 1664525 + 1013904223;
		sum += (*x >> 8) / 16777216.0 - 0.5;
	}
	return sum * 1.7320508;
}

/* What strays is no leak, though Mann and Kendall would take most walks for a trend. */
static void test_random_walks_are_no_leaks(void **state)
{
	int confirmed = 0;

	for (uint32_t seed = 1; seed <= 40; seed++) {
		struct run run;
		double used = 8e9;
		uint32_t x = seed * 2654435761u;
		int leak = 0;

		run_init(&run, 20000000000);
		for (int n = 0; n < 3 * 1440; n++) {
			used = fmin(fmax(used + 12e6 * walk_noise(&x), 4e9), 14e9);
			feed(&run, 60, used);
			leak |= run.out.leak >= HR_LEAK_CONFIRMED;
		}
		confirmed += leak;
	}
	assert_in_range(confirmed, 0, 4);
}

/* A generation that is collected once a day climbs back to where it was: the first day is undecided,
 * from the second on it is no leak; and one that climbs higher each day still is. */
static void test_daily_collections(void **state)
{
	static const double more[] = {0, 0.06};

	for (size_t i = 0; i < 2; i++) {
		struct run run;
		int late = 0;

		run_init(&run, 40000000000);
		for (int n = 0; n < 6 * 1440; n++) {
			double day = n / 1440.0,
			       floor = 0.2 + 0.3 * fmod(day + 0.4, 1) + more[i] * day;

			feed(&run, 60, 40e9 * (floor + 0.05 * (n % 20 / 19.0)));
			late |= day > 2 && run.out.leak >= HR_LEAK_CONFIRMED;
		}
		assert_int_equal(late, i);
	}
}

static void test_full_heap_in_words(void **state)
{
	struct hr_reason reason = {.kind = HR_REASON_HEAP, .arg = {400 << 20, 0, 60 << 20}};
	char text[160];

	assert_string_equal(forecast_reason_text(&reason, text, sizeof(text)),
			    "heap full at its own maximum of 400 MiB (container headroom 60 MiB)");
	reason.arg[1] = 95000;
	assert_string_equal(forecast_reason_text(&reason, text, sizeof(text)),
			    "heap reaches its own maximum of 400 MiB in 1m35s (container "
			    "headroom 60 MiB)");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_in_quick_succession),
		cmocka_unit_test(test_quickening_growth),
		cmocka_unit_test(test_alarms_wait_for_their_odds),
		cmocka_unit_test(test_refaults_by_the_time_they_took),
		cmocka_unit_test(test_one_warning_for_many_teeth),
		cmocka_unit_test(test_notice_comes_first),
		cmocka_unit_test(test_standing_close),
		cmocka_unit_test(test_random_walks_are_no_leaks),
		cmocka_unit_test(test_daily_collections),
		cmocka_unit_test(test_full_heap_in_words),
	};

	return cmocka_run_group_tests_name("forecast_odd", tests, NULL, NULL);
}
