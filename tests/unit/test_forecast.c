// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The forecast module as its callers see it: series in, forecasts out. Never reads the state. */
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
	uint64_t first_ns; /* of the first sample */
};

static void run_init(struct run *run, uint64_t limit)
{
	forecast_init(&run->state);
	forecast_input_init(&run->in);
	run->in.t_ns = SEC;
	run->in.limit = limit;
	run->first_ns = 0;
}

static void sane(const struct hr_forecast *o)
{
	assert_true(o->risk_centi <= 10000 || o->risk_centi == UINT16_MAX);
	assert_true(o->confidence_milli <= 1000);
	assert_true(o->alarm <= HR_ALARM_ACT);
	assert_true(o->leak <= HR_LEAK_EXHAUSTING);
	if (o->oom_in_p50_ms != HR_UNKNOWN) {
		assert_true(o->oom_in_p10_ms <= o->oom_in_p50_ms);
		assert_true(o->oom_in_p50_ms <= o->oom_in_p90_ms);
	}
	for (int i = 0; i < HR_REASONS; i++) {
		char text[160];

		assert_true(o->reason[i].kind < HR_REASON_COUNT);
		forecast_reason_text(&o->reason[i], text, sizeof(text));
		assert_string_not_equal(text, "?");
	}
}

static void feed(struct run *run, double seconds, double used_bytes)
{
	run->in.t_ns += (uint64_t)(seconds * 1e9);
	run->in.usage = run->in.unreclaimable = used_bytes < 0 ? 0 : (uint64_t)used_bytes;
	run->in.headroom = HR_UNKNOWN;
	forecast_update(&run->state, &run->in, &run->out);
	sane(&run->out);
	if (!run->first_ns)
		run->first_ns = run->in.t_ns;
	for (int i = 0; i < HR_REASONS; i++) /* no rise is longer than what was seen */
		if (run->out.reason[i].kind == HR_REASON_RISE)
			assert_true(run->out.reason[i].arg[2] <=
				    (int64_t)((run->in.t_ns - run->first_ns) / 1000000 + 1));
}

static void test_steady_leaks(void **state)
{
	static const struct {
		double limit, start, rate, dt,
			warm; /* bytes, bytes, bytes a second, seconds, seconds of growth seen */
	} cases[] = {
		{512e6, 50e6, 1e6, 1, 120},  {512e6, 50e6, 1e6, 0.05, 120},
		{16e6, 1e6, 20e3, 1, 300},   {8e9, 1e9, 28e3, 60, 7200},
		{200e9, 10e9, 100e6, 1, 60}, {1e9, 100e6, 200e6, 0.05, 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run;
		double t, left;

		run_init(&run, (uint64_t)cases[i].limit);
		for (t = 0; t < cases[i].warm; t += cases[i].dt)
			feed(&run, cases[i].dt, cases[i].start + cases[i].rate * t);
		left = (cases[i].limit - run.in.usage) / cases[i].rate;
		assert_true(fabs(run.out.drift_bytes_per_second / cases[i].rate - 1) < 0.03);
		if (left < 80000) {
			assert_int_not_equal(run.out.oom_in_p50_ms, HR_UNKNOWN);
			assert_true(fabs(run.out.oom_in_p50_ms / 1e3 / left - 1) < 0.05);
		}
		/* To the brink: the alarm must have risen by then. */
		for (; run.in.usage + 2 * cases[i].dt * cases[i].rate < cases[i].limit;
		     t += cases[i].dt)
			feed(&run, cases[i].dt, cases[i].start + cases[i].rate * t);
		assert_int_equal(run.out.alarm, HR_ALARM_ACT);
		assert_true(run.out.risk_centi > 8000);
	}
}

static void test_calm_is_calm(void **state)
{
	static const double dts[] = {0.05, 1, 15, 60};

	for (size_t i = 0; i < 4; i++) {
		struct run run;
		uint32_t x = 1;

		run_init(&run, 1000 * MIB);
		for (int n = 0; n < 5000; n++) {
			x = x * 1664525 + 1013904223;
			feed(&run, dts[i], 700e6 + (x >> 16) * 100.0);
			assert_int_equal(run.out.alarm, HR_ALARM_NONE);
		}
		assert_true(run.out.risk_centi < 1000);
		assert_int_equal(run.out.leak, HR_LEAK_NONE);
	}
}

static void test_one_step_is_no_drift(void **state)
{
	struct run run;

	run_init(&run, 1000 * MIB);
	for (int n = 0; n < 600; n++)
		feed(&run, 1, 200 * MIB);
	for (int n = 0; n < 600; n++) {
		feed(&run, 1, 700 * MIB);
		assert_int_equal(run.out.alarm, HR_ALARM_NONE);
	}
	assert_true(run.out.risk_centi < 500);
}

/* Unknown, absurd and contradictory input: a defined meaning, and never anything out of range. */
static void test_bad_input(void **state)
{
	static const uint64_t odd[] = {0,
				       1,
				       4096,
				       MIB,
				       1ULL << 40,
				       1ULL << 62,
				       1ULL << 63,
				       0x7ffffffffffff000ULL,
				       UINT64_MAX - 1,
				       UINT64_MAX};
	struct run run;
	uint64_t x = 88172645463325252ULL;

	run_init(&run, HR_UNKNOWN);
	for (int n = 0; n < 200000; n++) {
		uint64_t *field = &run.in.t_ns;

		for (size_t i = 0; i < 6; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			field = &run.in.t_ns + (x >> 8) % 5;
			*field = odd[x % 10];
		}
		run.in.high = odd[x >> 12 & 7];
		run.in.swap = odd[x >> 16 & 7];
		run.in.anon = odd[x >> 20 & 7];
		run.in.psi_full_us = odd[x >> 24 & 7];
		run.in.refaults = odd[x >> 28 & 7];
		run.in.events_oom_kill = odd[x >> 32 & 7];
		run.in.binding_level = x >> 36 & 3;
		run.in.under_oom = x >> 40 & 1;
		run.in.restarted = (x >> 44 & 63) == 0;
		forecast_update(&run.state, &run.in, &run.out);
		sane(&run.out);
	}
}

static void test_unknown_says_so(void **state)
{
	struct run run;

	run_init(&run, HR_UNKNOWN);
	forecast_update(&run.state, &run.in, &run.out);
	assert_int_equal(run.out.risk_centi, UINT16_MAX);
	assert_int_equal(run.out.drift_bytes_per_second, HR_UNKNOWN_I64);
	assert_int_equal(run.out.oom_in_p50_ms, HR_UNKNOWN);
	feed(&run, 1, 1e6);
	assert_int_equal(run.out.drift_bytes_per_second, HR_UNKNOWN_I64);
	for (int i = 0; i < 100; i++)
		feed(&run, 1, 1e6 + i * 1e5);
	assert_int_equal(run.out.risk_centi,
			 UINT16_MAX); /* no limit, no headroom: no risk to speak of */
	assert_true(llabs(run.out.drift_bytes_per_second - 100000) < 10000);
}

static void test_restart_and_clock(void **state)
{
	struct run run;

	run_init(&run, 500 * MIB);
	for (int n = 0; n < 200; n++)
		feed(&run, 1, 100e6 + n * 1e6);
	run.in.restarted = 1;
	feed(&run, 1, 20e6);
	assert_int_equal(run.out.drift_bytes_per_second, HR_UNKNOWN_I64);
	run.in.restarted = 0;
	for (int n = 0; n < 200; n++)
		feed(&run, 1, 20e6);
	assert_true(run.out.risk_centi < 500);
	run.in.t_ns -= 100 * SEC; /* the clock goes back, and later jumps a day ahead */
	for (int n = 0; n < 200; n++)
		feed(&run, n == 100 ? 86400 : 1, 20e6);
	assert_true(run.out.risk_centi < 500);
	assert_true(llabs(run.out.drift_bytes_per_second) < 1000);
}

static void test_leak_of_100_mb_an_hour(void **state)
{
	static const double limits[] = {512e6, 2e9, 8e9};

	for (size_t i = 0; i < 3; i++) {
		struct run run;
		int confirmed = 0;

		run_init(&run, (uint64_t)limits[i]);
		run.in.kernel = run.in.slab = run.in.shmem = 10 * MIB;
		for (int n = 0; n < 5400 && !confirmed; n++) {
			run.in.anon = (uint64_t)(0.1 * limits[i] + n * 100e6 / 3600);
			feed(&run, 1, run.in.anon + 30e6);
			confirmed = run.out.leak >= HR_LEAK_CONFIRMED;
		}
		assert_true(confirmed);
		assert_int_equal(run.out.leak_of, HR_LEAK_ANON);
		assert_true(fabs(run.out.leak_bytes_per_hour / 100e6 - 1) < 0.1);
	}
}

static void test_sawtooth_at_95_percent(void **state)
{
	struct run run;

	run_init(&run, 1000000000);
	for (int n = 0; n < 20000; n++) {
		feed(&run, 1, 600e6 + 350e6 * ((n % 40) / 39.0));
		if (n > 280) /* seven peaks: it takes a few to trust them */
			assert_int_equal(run.out.alarm, HR_ALARM_NONE);
	}
	assert_int_equal(run.out.leak, HR_LEAK_NONE);
}

static void test_under_oom_and_stalls(void **state)
{
	struct run run;

	run_init(&run, 1000 * MIB);
	run.in.psi_full_us = 0;
	for (int n = 0; n < 300; n++)
		feed(&run, 1, 900 * MIB);
	assert_int_equal(run.out.alarm, HR_ALARM_NONE);
	for (int n = 0; n < 120; n++) {
		run.in.psi_full_us += 850000;
		feed(&run, 1, 900 * MIB);
	}
	assert_true(run.out.alarm >= HR_ALARM_WARN);
	assert_int_equal(run.out.reason[0].kind, HR_REASON_STALL);
	run_init(&run, 1000 * MIB);
	for (int n = 0; n < 30; n++) {
		run.in.under_oom = n > 10;
		feed(&run, 1, 999 * MIB);
	}
	assert_int_equal(run.out.alarm, HR_ALARM_ACT);
	assert_int_equal(run.out.reason[0].kind, HR_REASON_UNDER_OOM);
}

/* A host that swaps to zram, 3 MiB/s: what its free swap is worth is another estimate each time, and the limit with it. The growth goes on. */
static void test_revalued_swap(void **state)
{
	struct run run;
	double used = 60, limit = 384;

	run_init(&run, HR_UNKNOWN);
	run.in.binding_level = HR_LEVEL_HOST;
	for (int i = 0; i < 100; i++) {
		used += 3;
		if (i > 40)
			limit += 60.0 / (i - 30);
		run.in.limit = (uint64_t)(limit * MIB);
		feed(&run, 1, used * MIB);
		if (i > 60) {
			assert_in_range(run.out.risk_centi, 5000, 10000);
			assert_in_range(run.out.oom_in_p50_ms / 100,
					(uint64_t)((limit - used) / 3 * 8),
					(uint64_t)((limit - used) / 3 * 12));
		}
	}
}

static void test_inherit(void **state)
{
	struct hr_forecast own = {.risk_centi = 100,
				  .oom_in_p10_ms = HR_UNKNOWN,
				  .oom_in_p50_ms = HR_UNKNOWN,
				  .oom_in_p90_ms = HR_UNKNOWN,
				  .drift_bytes_per_second = 7};
	struct hr_forecast host = {.risk_centi = 9000,
				   .oom_in_p10_ms = 1,
				   .oom_in_p50_ms = 2,
				   .oom_in_p90_ms = 3,
				   .alarm = HR_ALARM_ACT,
				   .reason = {{.kind = HR_REASON_DRIFT}}};

	forecast_inherit(&own, &host, HR_LEVEL_HOST);
	assert_int_equal(own.risk_centi, 9000);
	assert_int_equal(own.oom_in_p50_ms, 2);
	assert_int_equal(own.alarm, HR_ALARM_ACT);
	assert_int_equal(own.reason[0].reserved, HR_LEVEL_HOST);
	assert_int_equal(own.drift_bytes_per_second, 7);
	host.risk_centi = 50;
	forecast_inherit(&own, &host, HR_LEVEL_HOST);
	assert_int_equal(own.risk_centi, 9000);
	own.risk_centi =
		10; /* a low risk of the host is no reason to give each container its time */
	own.oom_in_p50_ms = HR_UNKNOWN;
	host.alarm = HR_ALARM_NONE;
	forecast_inherit(&own, &host, HR_LEVEL_HOST);
	assert_int_equal(own.risk_centi, 50);
	assert_int_equal(own.oom_in_p50_ms, HR_UNKNOWN);
}

static void test_words(void **state)
{
	struct hr_reason reason = {.kind = HR_REASON_DRIFT, .arg = {12 << 20, 95000, 512 << 20}};
	char text[160];

	assert_string_equal(forecast_reason_text(&reason, text, sizeof(text)),
			    "grows +12 MiB/s; 1m35s to own limit 512 MiB");
	reason.reserved = HR_LEVEL_ANCESTOR;
	assert_string_equal(forecast_reason_text(&reason, text, sizeof(text)),
			    "grows +12 MiB/s; 1m35s to parent limit 512 MiB");
	reason.reserved = HR_LEVEL_HOST;
	assert_string_equal(forecast_reason_text(&reason, text, sizeof(text)),
			    "grows +12 MiB/s; 1m35s to host memory 512 MiB");
	for (unsigned int kind = 1; kind < HR_REASON_COUNT; kind++) {
		assert_non_null(forecast_reason_name(kind));
		reason.kind = kind;
		assert_true(strlen(forecast_reason_text(&reason, text, sizeof(text))) > 5);
		forecast_reason_text(&reason, text, 4);
		assert_true(strlen(text) < 4);
	}
	assert_null(forecast_reason_name(HR_REASON_COUNT));
	assert_null(forecast_leak_kind_name(HR_LEAK_UNKNOWN));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady_leaks),
		cmocka_unit_test(test_calm_is_calm),
		cmocka_unit_test(test_one_step_is_no_drift),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_unknown_says_so),
		cmocka_unit_test(test_restart_and_clock),
		cmocka_unit_test(test_leak_of_100_mb_an_hour),
		cmocka_unit_test(test_sawtooth_at_95_percent),
		cmocka_unit_test(test_under_oom_and_stalls),
		cmocka_unit_test(test_revalued_swap),
		cmocka_unit_test(test_inherit),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
