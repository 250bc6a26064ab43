// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A client's picture: what the query API answers becomes a board that the reader understands; containers keep their slots,
 * are gone when no response has them any more; what is no answer, is hostile or is missing does no harm. No network.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "board/board.h"
#include "export/prometheus_client.h"
#include "export/metrics.h"
#include "format/display_name.h"
#include "format/snapshot.h"

#define NOW   1767225600000000000ULL
#define EMPTY "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}"

static char dir[] = "/tmp/test_fleet.XXXXXX", path[64];

struct world {
	struct prometheus_client *client;
	struct board *board;
	struct hr_reader *reader;
	struct snapshot s;
};

static void begin_with(struct world *w, size_t most)
{
	struct board_config config = {.path = path, .capacity = 4};

	memset(w, 0, sizeof(*w));
	w->client = prometheus_client_new(most);
	assert_non_null(w->client);
	assert_int_equal(board_open(&config, &w->board, NULL), 0);
}

static void begin(struct world *w) { begin_with(w, 100); }

static void end(struct world *w)
{
	snapshot_done(&w->s);
	hr_reader_close(w->reader);
	board_close(w->board);
	prometheus_client_free(w->client);
}

/* The expression inside of what selects labels. */
static size_t query(const struct world *w, const char *expression)
{
	char text[PROMETHEUS_CLIENT_QUERY];
	const char *asked;

	for (size_t i = 0; (asked = prometheus_client_query(w->client, i, text)); i++) {
		const char *at = strstr(asked, expression);
		size_t n = strlen(expression);

		if (at && (at == asked || !strncmp(asked, "max by", 6)) &&
		    (!at[n] || strchr(") ", at[n])))
			return i;
	}
	fail_msg("no query asks for %s", expression);
	return 0;
}

static void answer(struct world *w, const char *expression, const char *samples)
{
	char json[4096], error[PROMETHEUS_CLIENT_ERROR] = "";

	snprintf(json, sizeof(json),
		 "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[%s]}}",
		 samples);
	assert_int_equal(prometheus_client_add_response(w->client, query(w, expression), json,
							strlen(json), error),
			 0);
	assert_string_equal(error, "");
}

#define SAMPLE(labels, value) "{\"metric\":{" labels "},\"value\":[1767225600.1,\"" value "\"]}"
#define A                     "\"instance\":\"10.0.0.1:9477\""
#define B                     "\"instance\":\"[fd00::2]:9477\""

static void show(struct world *w)
{
	assert_int_equal(prometheus_client_show(w->client, w->board, NOW), 0);
	if (!w->reader)
		assert_int_equal(hr_reader_open(path, &w->reader), 0);
	assert_int_equal(snapshot_load(&w->s, w->reader), 0);
	assert_int_equal(snapshot_select(&w->s, &(struct row_filter){0}), 0);
}

static const struct row *row(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->s.n_rows; i++)
		if (!strcmp(w->s.rows[i].name, name))
			return &w->s.rows[i];
	for (size_t i = 0; i < w->s.n_rows; i++)
		print_error("row '%s'\n", w->s.rows[i].name);
	fail_msg("no %s", name);
	return NULL;
}

static void two_nodes(struct world *w)
{
	prometheus_client_begin(w->client);
	answer(w, "headroom_guard_up", SAMPLE(A, "1") "," SAMPLE(B, "0"));
	answer(w, "headroom_guard_info", SAMPLE(A ",\"node\":\"alpha\"", "1"));
	answer(w, "headroom_host_memory_total_bytes", SAMPLE(A, "1000") "," SAMPLE(B, "500"));
	answer(w, "headroom_host_risk", SAMPLE(A, "3") "," SAMPLE(B, "71.5"));
	answer(w, "headroom_container_memory_usage_bytes",
	       SAMPLE(A ",\"id\":\"/docker/1\",\"name\":\"web\",\"image\":\"web:1\"",
		      "100") "," SAMPLE(B ",\"id\":\"/docker/"
					  "1\",\"name\":\"web\",\"image\":\"web:1\"",
					"200") "," SAMPLE(B ",\"id\":\"/k/p/"
							    "c\",\"pod\":\"p\",\"namespace\":\"n\","
							    "\"container\":\"c\"",
							  "300") "," SAMPLE(B ",\"id\":\"/k/"
									      "p\",\"pod\":\"p\","
									      "\"namespace\":\"n\"",
									    "300") "," SAMPLE(A
											      ",\"i"
											      "d\":"
											      "\"/"
											      "syst"
											      "em."
											      "slic"
											      "e/"
											      "a."
											      "serv"
											      "ice"
											      "\"",
											      "7"));
	answer(w, "headroom_container_memory_limit_bytes",
	       SAMPLE(A ",\"id\":\"/docker/1\"", "400"));
	answer(w, "headroom_container_headroom_bytes", SAMPLE(A ",\"id\":\"/docker/1\"", "300"));
	answer(w, "headroom_container_risk", SAMPLE(B ",\"id\":\"/docker/1\"", "93.25"));
	answer(w, "headroom_container_oom_in_seconds{quantile=\"0.5\"}",
	       SAMPLE(B ",\"id\":\"/docker/1\"", "61.5"));
	answer(w, "rate(headroom_container_pressure_waiting_seconds_total[1m])",
	       SAMPLE(B ",\"id\":\"/docker/1\"", "0.25"));
}

static void test_picture(void **state)
{
	struct world w;
	const struct hr_slot *slot;

	begin(&w);
	two_nodes(&w);
	show(&w);
	assert_int_equal(w.s.n_rows, 4); /* the pod's own is not listed beside its container */
	assert_int_equal(w.s.health, 0);
	assert_string_equal(w.s.host.node, "2 nodes, 1 without a daemon heartbeat");
	assert_int_equal(w.s.host.mem_total, 1500);
	assert_int_equal(w.s.host.mem_available, HR_UNKNOWN);
	assert_int_equal(w.s.host.forecast.risk_centi, 7150);
	slot = row(&w, "alpha/web")->slot;
	assert_int_equal(slot->id.kind, HR_KIND_CONTAINER);
	assert_int_equal(slot->memory.usage, 100);
	assert_int_equal(slot->binding.level, HR_LEVEL_OWN);
	assert_int_equal(slot->binding.limit, 400);
	assert_int_equal(slot->forecast.risk_centi, UINT16_MAX);
	assert_int_equal(slot->memory.rss, HR_UNKNOWN);
	slot = row(&w, "[fd00::2]/web")->slot;
	assert_int_equal(slot->forecast.risk_centi, 9325);
	assert_int_equal(slot->forecast.oom_in_p50_ms, 61500);
	assert_int_equal(slot->forecast.oom_in_p10_ms, HR_UNKNOWN);
	assert_int_equal(slot->pressure.some_avg10_centi, 2500);
	assert_int_equal(slot->binding.level, HR_LEVEL_HOST);
	assert_int_equal(slot->binding.limit, 500);
	row(&w, "[fd00::2]/n/p/c");
	assert_int_equal(row(&w, "alpha/a.service")->slot->id.kind, HR_KIND_UNIT);
	end(&w);
}

/* A container keeps its slot and id; one that no response has any more is gone; the board grows for more than it has slots for. */
static void test_changes(void **state)
{
	struct world w;
	uint64_t id;
	char many[4096] = "";

	begin(&w);
	two_nodes(&w);
	show(&w);
	id = row(&w, "alpha/web")->slot->cgroup_id;
	prometheus_client_begin(w.client);
	answer(&w, "headroom_guard_up", SAMPLE(A, "1"));
	answer(&w, "headroom_guard_info", SAMPLE(A ",\"node\":\"alpha\"", "1"));
	for (int i = 0; i < 20; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
			 SAMPLE(A ",\"id\":\"/docker/%d\",\"name\":\"web%d\"", "5") "%s", i, i,
			 i < 19 ? "," : "");
	answer(&w, "headroom_container_memory_usage_bytes", many);
	show(&w);
	assert_int_equal(w.s.n_rows, 20);
	assert_int_equal(row(&w, "alpha/web1")->slot->cgroup_id, id);
	assert_string_equal(w.s.host.node, "1 node");
	prometheus_client_begin(w.client);
	answer(&w, "headroom_guard_up", SAMPLE(A, "1"));
	show(&w);
	assert_int_equal(w.s.n_rows, 0);
	end(&w);
}

static const struct {
	const char *text, *says;
	int err;
} odd[] = {
	{"", "invalid response", -EPROTO},
	{"<html>", "invalid response", -EPROTO},
	{"{}", "invalid response", -EPROTO},
	{"[1]", "invalid response", -EPROTO},
	{"{\"status\":\"success\",\"data\":{\"result\":7}}", "invalid response", -EPROTO},
	{"{\"status\":\"error\",\"error\":\"too\\u001b[31m much\"}",
	 "query failed: too\\x1b[31m much", -EREMOTEIO},
	{"{\"status\":\"error\"}", "query failed", -EREMOTEIO},
	{EMPTY, "has no metric headroom_guard_up", -ENODATA},
	{"{\"status\":\"success\",\"data\":{\"result\":[1,{},{\"metric\":3,\"value\":[]},{"
	 "\"metric\":{},\"value\":[0,\"NaN\"]},"
	 "{\"metric\":{\"instance\":7},\"value\":[0,\"1e400\"]},{\"metric\":{},\"value\":[0,\"1\"]}"
	 "]}}",
	 "", 0},
};

static void test_odd(void **state)
{
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct world w;
		char error[PROMETHEUS_CLIENT_ERROR] = "";

		begin(&w);
		prometheus_client_begin(w.client);
		assert_int_equal(prometheus_client_add_response(w.client, 0, odd[i].text,
								strlen(odd[i].text), error),
				 odd[i].err);
		if (!strstr(error, odd[i].says))
			fail_msg("'%s' does not say '%s'", error, odd[i].says);
		assert_int_equal(prometheus_client_add_response(
					 w.client, query(&w, "headroom_container_risk"), EMPTY,
					 strlen(EMPTY), error),
				 0);
		show(&w);
		end(&w);
	}
}

/* Values that no exporter tells, and a label of 100 KB. */
static void test_hostile(void **state)
{
	struct world w;
	size_t n = 100 << 10;
	char *json = malloc(n + 1024), error[PROMETHEUS_CLIENT_ERROR], *at;

	begin(&w);
	prometheus_client_begin(w.client);
	answer(&w, "headroom_guard_up", SAMPLE(A, "1"));
	at = json + sprintf(json, "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{" A
				  ",\"id\":\"");
	memset(at, 'w', n);
	strcpy(at + n, "\",\"name\":\"a\\u001bb\"},\"value\":[0,\"-5\"]}]}}");
	assert_int_equal(prometheus_client_add_response(
				 w.client, query(&w, "headroom_container_memory_usage_bytes"), json,
				 strlen(json), error),
			 0);
	answer(&w, "headroom_container_memory_usage_bytes",
	       SAMPLE(A ",\"id\":\"/x\"", "1") "," SAMPLE(A ",\"id\":\"/y\"", "1"));
	answer(&w, "headroom_container_risk",
	       SAMPLE(A ",\"id\":\"/x\"", "1e30") "," SAMPLE(A ",\"id\":\"/y\"", "-1"));
	answer(&w, "headroom_container_alarm", SAMPLE(A ",\"id\":\"/x\"", "99"));
	answer(&w, "headroom_container_leak_bytes_per_hour", SAMPLE(A ",\"id\":\"/x\"", "-1e300"));
	show(&w);
	assert_int_equal(w.s.n_rows, 3);
	assert_int_equal(row(&w, "10.0.0.1/x")->slot->forecast.risk_centi, UINT16_MAX);
	assert_int_equal(row(&w, "10.0.0.1/x")->slot->forecast.alarm, HR_ALARM_NONE);
	assert_int_equal(row(&w, "10.0.0.1/x")->slot->forecast.leak_bytes_per_hour, HR_UNKNOWN_I64);
	assert_int_equal(row(&w, "10.0.0.1/a\\x1bb")->slot->memory.usage, HR_UNKNOWN);
	free(json);
	end(&w);
}

/* A container is asked for once with its labels, before anything else of it; of too many the server selects. */
static void test_queries(void **state)
{
	struct world w;
	char text[PROMETHEUS_CLIENT_QUERY];
	const char *usage = "headroom_container_memory_usage_bytes", *asked;
	size_t first;

	begin_with(&w, 3);
	prometheus_client_begin(w.client);
	first = query(&w, usage);
	assert_string_equal(prometheus_client_query(w.client, first, text), usage);
	for (size_t i = 0; (asked = prometheus_client_query(w.client, i, text)); i++)
		if (strstr(asked, "by (instance, id)") && prometheus_client_first(i))
			assert_true(i > first);
	assert_true(prometheus_client_first(query(&w, "headroom_container_risk")));
	assert_false(prometheus_client_first(query(&w, "headroom_container_memory_rss_bytes")));
	answer(&w, "headroom_guard_up", SAMPLE(A, "1"));
	answer(&w, "last_over_time(headroom_guard_up[1h]) unless headroom_guard_up",
	       SAMPLE(B, "1"));
	answer(&w, "count(headroom_container_memory_usage_bytes)", SAMPLE("", "7"));
	assert_string_equal(prometheus_client_query(w.client, first, text),
			    "headroom_container_memory_usage_bytes and on (instance, id) "
			    "topk(3, headroom_container_risk)");
	assert_string_equal(
		prometheus_client_query(w.client, query(&w, "headroom_container_alarm"), text),
		"max by (instance, id) (headroom_container_alarm and on (instance, id) "
		"topk(3, headroom_container_risk))");
	answer(&w, usage,
	       SAMPLE(A ",\"id\":\"/a\"", "1") "," SAMPLE(A ",\"id\":\"/b\"", "1") "," SAMPLE(
		       A ",\"id\":\"/c\"", "1") "," SAMPLE(A ",\"id\":\"/d\"", "1"));
	/* Counters of one that has ended. */
	answer(&w, "headroom_container_oom_kills_total", SAMPLE(A ",\"id\":\"/gone\"", "1"));
	show(&w);
	assert_int_equal(w.s.n_rows, 3);
	assert_string_equal(w.s.host.node, "1 node, 4 containers left out, 1 lost");
	end(&w);
}

/* Limits of the servers, as they say it (recorded), and parts that did not answer. */
static void test_limits(void **state)
{
	static const struct {
		const char *says, *limit;
	} recorded[] = {
		{"query processing would load too many samples into memory in query execution",
		 "--query.max-samples"},
		{"query timed out in expression evaluation", "--query.timeout"},
		{"search error after reading 0 data blocks: error when searching for tagFilters: "
		 "the number of matching timeseries exceeds 100; either narrow down the search or "
		 "increase -search.max* command-line flag values at the server",
		 "-search.maxUniqueTimeseries"},
		{"expanding series: context deadline exceeded", "--query.timeout"},
		{"not enough memory for processing headroom_container_risk, which returns 960 data "
		 "points across 960 time series with 1 points in each time series according to "
		 "-search.maxMemoryPerQuery=1000; requested memory: 975360 bytes",
		 "-search.maxMemoryPerQuery"},
	};
	char json[1024], error[PROMETHEUS_CLIENT_ERROR];
	struct world w;

	begin(&w);
	prometheus_client_begin(w.client);
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		snprintf(json, sizeof(json), "{\"status\":\"error\",\"error\":\"%s\"}",
			 recorded[i].says);
		assert_int_equal(
			prometheus_client_add_response(w.client, 0, json, strlen(json), error),
			-EREMOTEIO);
		snprintf(json, sizeof(json),
			 "query failed: it exceeds the server's limit %s: raise that limit",
			 recorded[i].limit);
		assert_string_equal(error, json);
	}
	answer(&w, "headroom_guard_up", SAMPLE(A, "1"));
	snprintf(json, sizeof(json), "%.*s,\"isPartial\":true}", (int)strlen(EMPTY) - 1, EMPTY);
	assert_int_equal(prometheus_client_add_response(w.client, 1, json, strlen(json), error), 0);
	show(&w);
	assert_string_equal(w.s.host.node, "1 node, incomplete");
	end(&w);
}

/* Whatever is asked for is something that the exporter tells. */
static void test_names(void **state)
{
	struct world w;
	char text[PROMETHEUS_CLIENT_QUERY];
	const char *asked;

	begin(&w);
	for (size_t i = 0; (asked = prometheus_client_query(w.client, i, text)); i++) {
		const char *name = strstr(asked, "headroom_");
		bool known = !strcmp(name, "headroom_guard_info");
		char plain[128];
		size_t n = strcspn(name, "{[)");

		for (const struct metric *m = metric_container; m->name && !known; m++) {
			snprintf(plain, sizeof(plain), "%.*s%s", (int)strcspn(m->name, "{"),
				 m->name, m->counter ? "_total" : "");
			known = strlen(plain) == n && !strncmp(plain, name, n);
		}
		for (const struct host_metric *m = metric_host; m->name && !known; m++) {
			snprintf(plain, sizeof(plain), "%s%s", m->name, m->counter ? "_total" : "");
			known = strlen(plain) == n && !strncmp(plain, name, n);
		}
		if (!known)
			fail_msg("no metric is named %s", name);
	}
	end(&w);
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/board", dir);
	return 0;
}

static int teardown(void **state)
{
	char lock[80];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(lock);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_picture), cmocka_unit_test(test_changes),
		cmocka_unit_test(test_odd),     cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_queries), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
