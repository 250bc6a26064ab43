// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The score as metrics: each counter under its name, histograms cumulative. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "export/metrics.h"

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("\"%s\" is not in\n%s", line, text);
}

static void lacks(const char *text, const char *line)
{
	if (strstr(text, line))
		fail_msg("\"%s\" is in\n%s", line, text);
}

static void write_page(struct body *body, bool openmetrics)
{
	struct metrics_config config = {.openmetrics = openmetrics, .most = 10};
	struct metrics_extra extra = {.actions = 0};
	struct snapshot s = {
		.host.score = {.intervals = 5,
			       .times = 4,
			       .times_covered = 3,
			       .time_error = {2, 1, 0, 0, 0, 0, 1},
			       .time_error_sum_milli = 2530,
			       .warn = {3, 1, 2},
			       .oom_kills = {3, 1},
			       .lead = {0, 0, 2, 1},
			       .lead_sum_ms = 30500,
			       .risk_sum_milli = 1250},
	};

	metrics_write(body, &s, 0, &config, &extra);
	assert_int_equal(body_end(body), 0);
}

static void test_prometheus(void **state)
{
	struct body body = {0};

	write_page(&body, false);
	has(body.text, "# TYPE headroom_forecast_intervals_checked_total "
		       "counter\nheadroom_forecast_intervals_checked_total 5\n");
	has(body.text, "\nheadroom_forecast_alarms_total{alarm=\"warn\",verdict=\"right\"} 3\n");
	has(body.text,
	    "\nheadroom_forecast_alarms_total{alarm=\"warn\",verdict=\"undecided\"} 2\n");
	has(body.text, "\nheadroom_forecast_alarms_total{alarm=\"act\",verdict=\"wrong\"} 0\n");
	has(body.text, "\nheadroom_forecast_oom_kills_total{warned=\"no\"} 1\n");
	has(body.text, "\nheadroom_forecast_risks_predicted_total 1.25\n");
	has(body.text, "# TYPE headroom_forecast_time_error_ratio histogram\n"
		       "headroom_forecast_time_error_ratio_bucket{le=\"0.05\"} 2\n"
		       "headroom_forecast_time_error_ratio_bucket{le=\"0.1\"} 3\n");
	has(body.text, "headroom_forecast_time_error_ratio_bucket{le=\"+Inf\"} 4\n"
		       "headroom_forecast_time_error_ratio_sum "
		       "2.53\nheadroom_forecast_time_error_ratio_count 4\n");
	has(body.text, "headroom_forecast_lead_seconds_bucket{le=\"10\"} 2\n");
	has(body.text, "headroom_forecast_lead_seconds_sum 30.5\n");
	/* one head for all samples of a name */
	lacks(strstr(body.text, "# TYPE headroom_forecast_alarms_total") + 1,
	      "# TYPE headroom_forecast_alarms_total");
	body_done(&body);
}

static void test_openmetrics(void **state)
{
	struct body body = {0};

	write_page(&body, true);
	has(body.text, "# TYPE headroom_forecast_times_covered "
		       "counter\nheadroom_forecast_times_covered_total 3\n");
	lacks(body.text, "# TYPE headroom_forecast_times_covered_total");
	body_done(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_openmetrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
