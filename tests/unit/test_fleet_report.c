// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A fleet's report: what a Prometheus answers about counters and alarms becomes OOM kills, with the warning before, and near
 * misses, by workload. A counter that continues under another id, begins, or falls is counted once. No network.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "export/fleet_report.h"

#define BEGIN 1764547200ULL /* 2025-12-01 00:00 UTC */
#define WEEK  (7 * 24 * 3600ULL)

#define VECTOR "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[%s]}}"
#define MATRIX "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[%s]}}"

static void add(struct fleet_report *r, size_t query, const char *samples)
{
	char json[4096], error[PROMETHEUS_CLIENT_ERROR] = "";

	snprintf(json, sizeof(json), VECTOR, samples);
	assert_int_equal(fleet_report_add(r, query, json, strlen(json), error), 0);
	assert_string_equal(error, "");
}

/* One character a minute from minute `from` on: its value; '.' none. */
static void add_series(struct fleet_report *r, size_t series, unsigned int from, const char *values)
{
	char json[8192], samples[8100] = "", points[8000] = "", error[PROMETHEUS_CLIENT_ERROR] = "";

	for (size_t i = 0; values[i]; i++)
		if (values[i] != '.')
			snprintf(points + strlen(points), sizeof(points) - strlen(points),
				 "%s[%llu,\"%c\"]", *points ? "," : "", BEGIN + 60 * (from + i),
				 values[i]);
	if (*points)
		snprintf(samples, sizeof(samples), "{\"metric\":{},\"values\":[%s]}", points);
	snprintf(json, sizeof(json), MATRIX, samples);
	assert_int_equal(fleet_report_add_series(r, series, json, strlen(json), error), 0);
}

#define A                     "\"instance\":\"10.0.0.1:9477\""
#define B                     "\"instance\":\"10.0.0.2:9477\""
#define SAMPLE(labels, value) "{\"metric\":{" labels "},\"value\":[1765152000,\"" value "\"]}"
#define POD(id, name) \
	",\"id\":\"/k/" id "\",\"namespace\":\"shop\",\"pod\":\"cart-1\",\"container\":\"" name "\""

/* Two nodes; A is scraped from the begin on, B from the minute 100 on. */
static struct fleet_report *begin(void)
{
	struct fleet_report *r = fleet_report_new(BEGIN, BEGIN + WEEK);

	assert_non_null(r);
	add(r, 0, SAMPLE(A ",\"node\":\"alpha\"", "1") "," SAMPLE(B ",\"node\":\"beta\"", "1"));
	add(r, 1, SAMPLE(A, "1764547200") "," SAMPLE(B, "1764553200"));
	return r;
}

/* "alpha shop/cart-1/cart: 00:05 kill 1 warned 120; 00:02 near 60", newest first; workloads end with '\n'. */
static const char *finish(struct fleet_report *r)
{
	static char text[4096];
	json_t *document = fleet_report_finish(r), *workload, *incident;
	size_t i, k;

	text[0] = 0;
	assert_non_null(document);
#define ADD(...) snprintf(text + strlen(text), sizeof(text) - strlen(text), __VA_ARGS__)
	json_array_foreach(json_object_get(document, "workloads"), i, workload)
	{
		ADD("%s %s:", json_string_value(json_object_get(workload, "node")),
		    json_string_value(json_object_get(workload, "workload")));
		json_array_foreach(json_object_get(workload, "incidents"), k, incident)
		{
			const json_t *warned = json_object_get(incident, "warned_seconds_before");

			ADD("%s %.5s", k ? ";" : "",
			    json_string_value(json_object_get(incident, "time")) + 11);
			if (json_object_get(incident, "oom_kills"))
				ADD(" kill %lld",
				    json_integer_value(json_object_get(incident, "oom_kills")));
			else
				ADD(" near %lld",
				    json_integer_value(json_object_get(incident, "alarm_seconds")));
			if (json_is_integer(warned))
				ADD(" warned %lld", json_integer_value(warned));
		}
		ADD("\n");
	}
	json_decref(document);
	fleet_report_free(r);
	return text;
}

static void test_queries(void **state)
{
	struct fleet_report *r = begin();
	char *query = fleet_report_query(r, 2), range[96];

	assert_string_equal(query, "topk(1000, max_over_time(headroom_container_oom_kills_total["
				   "604800s]) > 0)");
	free(query);
	assert_null(fleet_report_query(r, 4));
	assert_null(fleet_report_series(r, 0));
	fleet_report_range(r, range);
	assert_string_equal(range, "&start=1764547200&end=1765152000&step=60");
	/* A container that both queries name; and a label that has what a string must not have. */
	add(r, 2, SAMPLE(A ",\"id\":\"/a\\\"\\\\b\"", "1"));
	add(r, 3, SAMPLE(A ",\"id\":\"/a\\\"\\\\b\"", "2"));
	query = fleet_report_series(r, 1);
	assert_string_equal(query, "max(headroom_container_alarm{instance=\"10.0.0.1:9477\",id=\"/a"
				   "\\\"\\\\b\"})");
	free(query);
	assert_null(fleet_report_series(r, 2));
	fleet_report_free(r);
}

/* A kill that was warned of, one that was not, and an alarm that nothing followed; several alarms are several near misses. */
static void test_incidents(void **state)
{
	struct fleet_report *r = begin();

	add(r, 2,
	    SAMPLE(A POD("1", "cart"), "1") "," SAMPLE(B ",\"id\":\"/docker/1\",\"name\":\"web\"",
						       "5"));
	add(r, 3, SAMPLE(A POD("2", "side"), "3") "," SAMPLE(A POD("1", "cart"), "3"));
	add_series(r, 0, 0, "00000111111");
	add_series(r, 1, 0, "00123000000");
	add_series(r, 2, 100, "333355");
	add_series(r, 3, 100, "000000");
	add_series(r, 4, 0, "000000000000000000");
	add_series(r, 5, 0, "022.2000001110030000");
	assert_string_equal(finish(r), "beta web: 01:44 kill 2\n"
				       "alpha shop/cart-1/cart: 00:05 kill 1 warned 120\n"
				       "alpha shop/cart-1/side: 00:15 near 0; 00:01 near 180\n");
}

/* The container ended during its alarm, or the alarm still stands: nothing was averted yet. */
static void test_alarm_open(void **state)
{
	struct fleet_report *r = begin();

	add(r, 3, SAMPLE(A POD("1", "cart"), "3"));
	add_series(r, 0, 0, "00000");
	add_series(r, 1, 0, "00233");
	assert_string_equal(finish(r), "");
}

/* The workload restarts: its counter continues under another id, with or without one more kill. */
static void test_restart(void **state)
{
	struct fleet_report *r = begin();

	add(r, 2,
	    SAMPLE(A POD("3", "cart"), "2") "," SAMPLE(A POD("1", "cart"),
						       "1") "," SAMPLE(A POD("2", "cart"), "1"));
	add_series(r, 0, 20, "222");
	add_series(r, 1, 10, "");
	add_series(r, 2, 0, "0011");
	add_series(r, 3, 0, "0320");
	add_series(r, 4, 4, "1111");
	add_series(r, 5, 4, "0000");
	assert_string_equal(finish(r),
			    "alpha shop/cart-1/cart: 00:20 kill 1; 00:02 kill 1 warned 60\n");
}

/* The first value of a counter: nothing where its node is new, kills where the node was there before; a daemon that lost its board
 * counts from 0. */
static void test_first_values(void **state)
{
	struct fleet_report *r = begin();

	add(r, 2,
	    SAMPLE(B ",\"id\":\"/old\"", "4") "," SAMPLE(B ",\"id\":\"/new\"", "1") "," SAMPLE(
		    A ",\"id\":\"/reset\"", "4"));
	add_series(r, 0, 100, "4444");
	add_series(r, 1, 100, "");
	add_series(r, 2, 110, "1111");
	add_series(r, 3, 110, "");
	add_series(r, 4, 0, "44.0011");
	add_series(r, 5, 0, "");
	assert_string_equal(finish(r), "alpha /reset: 00:05 kill 1\nbeta /new: 01:50 kill 1\n");
}

static void test_errors(void **state)
{
	static const struct {
		const char *json, *says;
		int err;
	} bad[] = {
		{"<html>", "is that a Prometheus?", -EPROTO},
		{"{\"status\":\"success\",\"data\":{\"result\":[]}}",
		 "no metric headroom_guard_info", -ENODATA},
		{"{\"status\":\"error\",\"error\":\"query timed out in expression evaluation\"}",
		 "limit --query.timeout", -EREMOTEIO},
	};
	struct fleet_report *r = fleet_report_new(BEGIN, BEGIN + 60);
	char error[PROMETHEUS_CLIENT_ERROR];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(fleet_report_add(r, 0, bad[i].json, strlen(bad[i].json), error),
				 bad[i].err);
		assert_non_null(strstr(error, bad[i].says));
	}
	fleet_report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),      cmocka_unit_test(test_incidents),
		cmocka_unit_test(test_alarm_open),   cmocka_unit_test(test_restart),
		cmocka_unit_test(test_first_values), cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
