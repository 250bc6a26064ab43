// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The room's own mathematics against the C library's, and the first-passage formula against a walk.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "forecast/fastmath.h"

static void test_exp_log(void **state)
{
	for (double x = -79; x < 79; x += 0.0137)
		assert_true(fabs(exp_f((float)x) / exp((double)(float)x) - 1) < 2e-5);
	assert_true(exp_f(-1e9f) == 0);
	assert_true(isfinite(exp_f(1e9f)));
	for (double x = 1e-30; x < 1e30; x *= 1.37)
		assert_true(fabs(log_f((float)x) - log((double)(float)x)) <
			    1e-5 * (1 + fabs(log(x))));
	assert_true(isfinite(log_f(0)));
	assert_true(isfinite(log_f(-5)));
}

static void test_normal(void **state)
{
	for (double z = -8; z < 8; z += 0.01)
		assert_true(fabs((double)normal_f((float)z) - 0.5 * erfc(-z / sqrt(2))) < 2e-6);
	for (double p = 0.001; p < 1; p += 0.001)
		assert_true(fabs((double)logistic_f(logit_f((float)p)) - p) < 1e-5);
	assert_true(isfinite(logit_f(0)) && isfinite(logit_f(1)));
}

static void test_first_passage(void **state)
{
	static const struct {
		double distance, rise, sd;
	} cases[] = {{1, 0, 1},        {1, 1, 0.5}, {1, -1, 1}, {1, 3, 0.1},
		     {0.1, -0.5, 0.3}, {5, 1, 0.5}, {2, 1, 1},  {0.5, 0.2, 0.2}};

	/* P = Φ((r-d)/s) + e^(2·rd/s²) Φ((-r-d)/s), in double and as the textbook writes it. */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double d = cases[i].distance, r = cases[i].rise, s = cases[i].sd;
		double p = 0.5 * erfc(-(r - d) / s / sqrt(2)) +
			   exp(2 * r * d / (s * s)) * 0.5 * erfc((r + d) / s / sqrt(2));

		assert_true(fabs((double)first_passage((float)d, (float)r, (float)s) - fmin(p, 1)) <
			    1e-4);
	}
	/* Driftless: the reflection principle, twice the tail. */
	assert_true(fabs((double)first_passage(1, 0, 1) - erfc(1 / sqrt(2))) < 1e-5);
	assert_true(first_passage(0, -5, 1) == 1);
	for (float d = 1e-3f; d < 1e9f; d *= 7)
		for (float r = -1e9f; r < 1e9f; r += 1.7e8f)
			for (float s = 1e-3f; s < 1e9f; s *= 11) {
				float p = first_passage(d, r, s);

				assert_true(p >= 0 && p <= 1);
			}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exp_log),
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_first_passage),
	};

	return cmocka_run_group_tests_name("forecast_math", tests, NULL, NULL);
}
