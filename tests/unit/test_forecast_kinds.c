// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Kinds of growth that forecasts got wrong on real memory: each a series made anew, with what must and must not be said of it. Limits of
 * 8 and 32 GiB, a noise of a thousandth of the limit.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "forecast/forecast.h"

#define GIB (1ULL << 30)
#define SEC 1000000000ULL

struct kind {
	double limit; /* GiB */
	unsigned int every, samples;
	double (*level)(double t); /* share of the limit, without noise */
};

struct said {
	struct forecast_state state;
	struct hr_forecast last;
	double warned_at, acted_at, confirmed_at; /* seconds; < 0: never */
	double highest_risk;
};

static void play(const struct kind *kind, struct said *said)
{
	struct forecast_input in;
	double limit = kind->limit * (double)GIB;
	uint32_t noise = 11;

	*said = (struct said){.warned_at = -1, .acted_at = -1, .confirmed_at = -1};
	forecast_init(&said->state);
	forecast_input_init(&in);
	in.limit = (uint64_t)limit;
	for (unsigned int i = 0; i < kind->samples; i++) {
		double t = (double)i * kind->every;

		noise = noise * 1664525 + 1013904223;
		in.t_ns = SEC + (uint64_t)(t * 1e9);
		in.usage =
			(uint64_t)(limit * fmin(kind->level(t) + 0.001 * (double)(noise >> 30) / 3,
						0.9999));
		in.unreclaimable = in.anon = in.usage;
		forecast_update(&said->state, &in, &said->last);
		if (said->last.alarm >= HR_ALARM_WARN && said->warned_at < 0)
			said->warned_at = t;
		if (said->last.alarm >= HR_ALARM_ACT && said->acted_at < 0)
			said->acted_at = t;
		if (hr_leak_grows(said->last.leak) && said->confirmed_at < 0)
			said->confirmed_at = t;
		if (said->last.risk_centi != UINT16_MAX)
			said->highest_risk =
				fmax(said->highest_risk, said->last.risk_centi / 100.0);
	}
}

/* A deployment: five samples from half to 92 %, then flat. */
static unsigned int spacing;

static double five_samples(double t)
{
	double grown = t / spacing - 60;

	return 0.5 + 0.42 * fmin(fmax(grown, 0), 5) / 5;
}

static void test_five_samples_do_not_act(void **state)
{
	static const unsigned int spacings[] = {1, 5, 15, 60, 300};
	struct said said;

	(void)state;
	for (size_t i = 0; i < sizeof(spacings) / sizeof(spacings[0]); i++) {
		spacing = spacings[i];
		play(&(struct kind){32, spacing, 160, five_samples}, &said);
		if (said.acted_at >= 0)
			print_error("%u s apart: act after %g s\n", spacing, said.acted_at);
		assert_true(said.acted_at < 0);
	}
}

/* A range query repeats each reading; a process starts at once and stays. */
static double held_hog(double t)
{
	double read = floor(t / 8) * 8;

	return read < 64 ? 0.06 : 0.91 + 0.002 * fmin((read - 64) / 8, 1);
}

static void test_repeated_readings_of_a_step_do_not_warn(void **state)
{
	struct said said;

	(void)state;
	play(&(struct kind){8, 1, 240, held_hog}, &said);
	assert_true(said.warned_at < 0);
	assert_true(said.highest_risk < 50);
}

/* Rises by uneven increments within a quarter of an hour; the kill comes before the next sample. */
static double uneven_rise(double t)
{
	static const double at[] = {0.78,  0.80, 0.82, 0.85, 0.87, 0.88, 0.91,
				    0.915, 0.93, 0.94, 0.95, 0.96, 0.972};
	unsigned int i = t < 6000 ? 0 : (unsigned int)((t - 6000) / 60);

	return at[i < 12 ? i : 12];
}

static void test_one_minute_apart_warns_before_the_kill(void **state)
{
	struct said said;

	(void)state;
	play(&(struct kind){32, 60, 113, uneven_rise}, &said);
	assert_true(said.last.alarm >= HR_ALARM_WARN);
}

/* Half an hour of growth that ends at 90 %, after an hour of rest. */
static double stops_at_90(double t) { return 0.45 + 0.45 * fmin(fmax((t - 3600) / 1800, 0), 1); }

static void test_growth_that_has_ended_is_no_leak(void **state)
{
	struct said said;

	(void)state;
	play(&(struct kind){32, 60, 200, stops_at_90}, &said);
	assert_true(said.confirmed_at < 0);
	assert_int_equal(said.last.leak, HR_LEAK_NONE);
}

/* Two and a half hours of growth, then a plateau: named while it grows, ended as soon as it does not. */
static double stops_after_hours(double t)
{
	return 0.3 + 0.5 * fmin(fmax((t - 3600) / 9000, 0), 1);
}

static void test_a_leak_that_stops_has_ended(void **state)
{
	struct said said;

	(void)state;
	play(&(struct kind){8, 15, 840, stops_after_hours}, &said); /* its end */
	assert_true(hr_leak_grows(said.last.leak));
	play(&(struct kind){8, 15, 900, stops_after_hours}, &said); /* a quarter of an hour later */
	assert_int_equal(said.last.leak, HR_LEAK_ENDED);
	play(&(struct kind){8, 15, 1200, stops_after_hours}, &said); /* an hour and a half later */
	assert_int_equal(said.last.leak, HR_LEAK_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_five_samples_do_not_act),
		cmocka_unit_test(test_repeated_readings_of_a_step_do_not_warn),
		cmocka_unit_test(test_one_minute_apart_warns_before_the_kill),
		cmocka_unit_test(test_growth_that_has_ended_is_no_leak),
		cmocka_unit_test(test_a_leak_that_stops_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
