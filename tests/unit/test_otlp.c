// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OTLP: figures under the names, instruments and meanings of the semantic conventions; the same request as protobuf, to the byte
 * and with nothing left out; and what a receiver says that it did not take.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "export/otlp.h"
#include "fixture_board.h"

#define NOW (FIXTURE_T0_NS + 5 * FIXTURE_STEP_NS)
#define MIB FIXTURE_MIB

static void slot_init(struct hr_slot *s, const char *pod)
{
	struct board_text text;

	memset(s, 0, sizeof(*s));
	memset(&s->memory, 0xff, sizeof(s->memory));
	memset(&s->counts, 0xff, sizeof(s->counts));
	board_text_init(&text, s, offsetof(struct hr_slot, text), sizeof(*s));
	s->state = HR_SLOT_RUNNING;
	s->appeared_ns = FIXTURE_T0_NS;
	s->id.kind = HR_KIND_CONTAINER;
	s->id.runtime = HR_RUNTIME_CRIO;
	s->id.cgroup = board_text_add(&text, "/pods/a", true);
	if (pod)
		s->id.pod = board_text_add(&text, pod, false);
	s->text_used = text.used;
	s->forecast.risk_centi = UINT16_MAX;
	s->forecast.oom_in_p10_ms = s->forecast.oom_in_p50_ms = HR_UNKNOWN;
	s->forecast.oom_in_p90_ms = HR_UNKNOWN;
	s->oom_kills_total = s->restarts = HR_UNKNOWN;
}

/* The metric of this name, borrowed; NULL: there is none. */
static json_t *metric(json_t *resource, const char *name)
{
	json_t *scope = json_array_get(json_object_get(resource, "scopeMetrics"), 0), *one;
	size_t i;

	json_array_foreach(
		json_object_get(scope, "metrics"), i,
		one) if (!strcmp(json_string_value(json_object_get(one, "name")), name)) return one;
	return NULL;
}

/* The value of its n-th point; NAN: there is none. */
static double value(json_t *resource, const char *name, size_t n)
{
	json_t *one = metric(resource, name);
	json_t *data = json_object_get(one, "sum") ?: json_object_get(one, "gauge");
	json_t *point = json_array_get(json_object_get(data, "dataPoints"), n);

	return point ? json_number_value(json_object_get(point, "asDouble")) : NAN;
}

static const char *attribute(json_t *resource, const char *key)
{
	json_t *list = json_object_get(json_object_get(resource, "resource"), "attributes"), *one;
	size_t i;

	json_array_foreach(list, i, one) if (
		!strcmp(json_string_value(json_object_get(one, "key")),
			key)) return json_string_value(json_object_get(json_object_get(one,
										       "value"),
								       "stringValue"));
	return NULL;
}

static const struct meaning {
	const char *what, *pod;
	uint64_t limit, working_set;
	double available, pod_limit; /* NAN: absent */
} rows[] = {
	{"a limit", NULL, 64 * MIB, 40 * MIB, 24 * MIB, NAN},
	{"a pod's container", "cart", 64 * MIB, 40 * MIB, 24 * MIB, 64 * MIB},
	{"no limit", "cart", HR_UNKNOWN, 40 * MIB, NAN, NAN},
	{"no working set", NULL, 64 * MIB, HR_UNKNOWN, NAN, NAN},
	{"a limit below the working set", NULL, 32 * MIB, 40 * MIB, 0, NAN},
};

static void same(const char *what, double got, double wanted)
{
	if (isnan(got) != isnan(wanted) || (!isnan(got) && got != wanted))
		fail_msg("%s: %g instead of %g", what, got, wanted);
}

static void test_meanings(void **state)
{
	struct hr_slot slot;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *r;

		slot_init(&slot, rows[i].pod);
		slot.memory.limit = rows[i].limit;
		slot.memory.working_set = rows[i].working_set;
		slot.memory.usage = 50 * MIB;
		slot.memory.anon = 30 * MIB;
		slot.memory.rss = 35 * MIB;
		r = otlp_slot_metrics(&slot, "node-1", NOW);
		same(rows[i].what, value(r, "container.memory.available", 0), rows[i].available);
		same(rows[i].what, value(r, "k8s.container.memory.limit.current", 0),
		     rows[i].pod_limit);
		same("usage", value(r, "container.memory.usage", 0), 50 * MIB);
		same("rss", value(r, "container.memory.rss", 0), 30 * MIB);
		same("rss of processes", value(r, "headroom.container.memory.process_rss", 0),
		     35 * MIB);
		json_decref(r);
	}
}

/* container.memory.* are UpDownCounters (1.44): sums that are not monotonic, with their start. */
static void test_instruments(void **state)
{
	json_t *r, *m, *point;
	struct hr_slot slot;

	slot_init(&slot, NULL);
	slot.memory.usage = MIB;
	slot.oom_kills_total = 3;
	slot.forecast.risk_centi = 4250;
	slot.forecast.oom_in_p10_ms = 1500;
	slot.forecast.oom_in_p90_ms = 4000;
	slot.appeared_ns = NOW + 1; /* the clock was set back */
	r = otlp_slot_metrics(&slot, "node-1", NOW);
	m = json_object_get(metric(r, "container.memory.usage"), "sum");
	assert_true(json_is_false(json_object_get(m, "isMonotonic")));
	assert_int_equal(json_integer_value(json_object_get(m, "aggregationTemporality")), 2);
	point = json_array_get(json_object_get(m, "dataPoints"), 0);
	assert_string_equal(json_string_value(json_object_get(point, "startTimeUnixNano")),
			    json_string_value(json_object_get(point, "timeUnixNano")));
	m = json_object_get(metric(r, "headroom.container.oom_kills"), "sum");
	assert_true(json_is_true(json_object_get(m, "isMonotonic")));
	assert_non_null(json_object_get(metric(r, "headroom.container.risk"), "gauge"));
	same("risk", value(r, "headroom.container.risk", 0), 42.5);
	/* One metric, a point for each quantile that is known. */
	same("p10", value(r, "headroom.container.oom_in", 0), 1.5);
	same("p90", value(r, "headroom.container.oom_in", 1), 4);
	same("no p50", value(r, "headroom.container.oom_in", 2), NAN);
	assert_string_equal(json_string_value(json_object_get(r, "schemaUrl")), OTLP_SCHEMA_URL);
	assert_string_equal(attribute(r, "container.runtime.name"), "cri-o");
	assert_string_equal(attribute(r, "service.instance.id"), "node-1/pods/a");
	assert_null(attribute(r, "k8s.node.name"));
	json_decref(r);
}

static void test_host(void **state)
{
	struct snapshot head = {.time_ns = NOW};
	json_t *r;

	strcpy(head.host.node, "node-1");
	head.host.mem_total = 1000;
	head.host.mem_available = 400;
	head.host.swap_total = 100;
	head.host.swap_free = 70;
	head.host.oom_kills = HR_UNKNOWN;
	head.host.rss_bytes = 5;
	setenv("NODE_NAME", "node-1", 1);
	r = otlp_host_metrics(&head);
	same("limit", value(r, "system.memory.limit", 0), 1000);
	same("available", value(r, "system.memory.linux.available", 0), 400);
	same("swap used", value(r, "system.paging.usage", 0), 30);
	same("swap free", value(r, "system.paging.usage", 1), 70);
	same("guard", value(r, "headroom.guard.memory.usage", 0), 5);
	same("unknown", value(r, "headroom.host.oom_kills", 0), NAN);
	assert_string_equal(attribute(r, "k8s.node.name"), "node-1");
	assert_string_equal(attribute(r, "service.instance.id"), "node-1");
	json_decref(r);
	unsetenv("NODE_NAME");
}

/* ---- protobuf ---- */

static void encodes(const char *json, const char *bytes, size_t n)
{
	json_t *document = json_loads(json, 0, NULL);
	_cleanup_(body_done) struct body body = {0};

	assert_non_null(document);
	assert_int_equal(otlp_encode(document, &body), 0);
	assert_int_equal(body.n, n);
	assert_memory_equal(body.text, bytes, n);
	json_decref(document);
}

/* By hand from the .proto files: tag = field number << 3 | wire type. */
static void test_bytes(void **state)
{
	static const char metrics[] = "\x0a\x4d"         /* resource_metrics */
				      "\x0a\x0c\x0a\x0a" /* resource, attributes */
				      "\x0a\x01k\x12\x05\x0a\x03\xc3\xa4"
				      "b"                          /* key, value, string_value */
				      "\x12\x3d"                   /* scope_metrics */
				      "\x0a\x06\x0a\x01h\x12\x01v" /* scope */
				      "\x12\x30\x0a\x01m\x1a\x02"
				      "By"                       /* metrics, name, unit */
				      "\x3a\x27\x10\x02\x18\x01" /* sum, cumulative, monotonic */
				      "\x0a\x21\x11\x01\0\0\0\0\0\0\0" /* data_points, start */
				      "\x19\xff\xff\xff\xff\xff\xff\xff\x7f" /* time */
				      "\x21\0\0\0\0\0\0\xf8\x3f"             /* as_double 1.5 */
				      "\x3a\x04\x0a\x00\x12\x00" /* attributes, an empty one */
				      "\x1a\x01s";               /* schema_url */
	static const char logs[] =
		"\x0a\x32\x12\x30\x12\x2e" /* resource_logs, scope_logs, log_records */
		"\x09\x02\0\0\0\0\0\0\0"   /* time */
		"\x59\x03\0\0\0\0\0\0\0"   /* observed */
		"\x10\x11\x1a\x05"
		"ERROR" /* severity */
		"\x62\x03"
		"a.b"                        /* event_name */
		"\x2a\x05\x0a\x03hi!"        /* body */
		"\x32\x05\x0a\x01s\x12\x00"; /* attributes */

	encodes("{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":"
		"{\"stringValue\":\"äb\"}}]},\"scopeMetrics\":[{\"scope\":{\"name\":\"h\","
		"\"version\":\"v\"},\"metrics\":[{\"name\":\"m\",\"unit\":\"By\",\"sum\":{"
		"\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{"
		"\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"9223372036854775807\",\"asDouble\":"
		"1.5,"
		"\"attributes\":[{\"key\":\"\",\"value\":{}}]}]}}],\"schemaUrl\":\"s\"}]}]}",
		metrics, sizeof(metrics) - 1);
	encodes("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"2\","
		"\"observedTimeUnixNano\":\"3\",\"severityNumber\":17,\"severityText\":\"ERROR\","
		"\"eventName\":\"a.b\",\"body\":{\"stringValue\":\"hi!\"},\"attributes\":[{\"key\":"
		"\"s\","
		"\"value\":{}}]}]}]}]}",
		logs, sizeof(logs) - 1);
	encodes("{\"resourceMetrics\":[]}", "", 0);
}

/* A length of two bytes and more, and a key that no message has. */
static void test_long_and_unknown(void **state)
{
	static char text[40000];
	_cleanup_(body_done) struct body body = {0};
	json_t *document;

	memset(text, 'x', sizeof(text) - 1);
	document = json_pack("{s[{ss}]}", "resourceLogs", "schemaUrl", text);
	assert_int_equal(otlp_encode(document, &body), 0);
	assert_int_equal(body.n, 4 + 4 + sizeof(text) - 1);
	assert_memory_equal(body.text, "\x0a\xc3\xb8\x02\x1a\xbf\xb8\x02xx", 10);
	json_decref(document);
	document = json_pack("{s[{ss}]}", "resourceLogs", "schema_url", "s");
	assert_int_equal(otlp_encode(document, &body), -EINVAL);
	json_decref(document);
}

/* Every key of what is really sent has a field. */
static void test_complete(void **state)
{
	struct snapshot head = {.time_ns = NOW};
	struct export_event *event;
	struct hr_event record = {.bytes = sizeof(record), .type = HR_EVENT_OOM_KILL};
	_cleanup_(body_done) struct body body = {0};
	struct hr_slot slot;
	json_t *metrics, *logs;

	slot_init(&slot, "cart");
	memset(&slot.memory, 0, sizeof(slot.memory));
	memset(&slot.counts, 0, sizeof(slot.counts));
	event = export_event_new(&record, "node-1");
	metrics = json_pack("{s[oo]}", "resourceMetrics", otlp_host_metrics(&head),
			    otlp_slot_metrics(&slot, "node-1", NOW));
	logs = json_pack("{s[o]}", "resourceLogs", otlp_event_logs(event, NOW));
	assert_int_equal(otlp_encode(metrics, &body), 0);
	assert_int_equal(otlp_encode(logs, &body), 0);
	json_decref(metrics);
	json_decref(logs);
	export_event_unref(event);
}

/* ---- partial success ---- */

static const struct answer {
	const char *json, *protobuf;
	size_t n;
	uint64_t rejected;
	const char *message;
} answers[] = {
	{"{}", "", 0, 0, ""},
	{"{\"partialSuccess\":{}}", "\x0a\x00", 2, 0, ""},
	{"{\"partialSuccess\":{\"rejectedDataPoints\":\"300\",\"errorMessage\":\"too old\"}}",
	 "\x0a\x0c\x08\xac\x02\x12\x07too old", 14, 300, "too old"},
	{"{\"partialSuccess\":{\"rejectedLogRecords\":1}}", "\x0a\x02\x08\x01", 4, 1, ""},
	/* A warning alone rejects nothing. */
	{"{\"partialSuccess\":{\"errorMessage\":\"w\"}}", "\x0a\x03\x12\x01w", 5, 0, "w"},
	/* Fields that later versions may add. */
	{"{\"x\":1,\"partialSuccess\":{\"rejectedDataPoints\":\"2\",\"y\":[]}}",
	 "\x15"
	 "abcd\x0a\x0d\x19"
	 "12345678\x22\x00\x08\x02",
	 20, 2, ""},
	/* Damaged, or no count at all. */
	{"{\"partialSuccess\":{\"rejectedDataPoints\":\"-5\"}}",
	 "\x0a\x0b\x08\xfb\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13, 0, ""},
	{"{\"partialSuccess\":", "\x0a\x7f\x08\x01", 4, 0, ""},
	{"accepted", "accepted", 8, 0, ""},
	{"[]", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, 0, ""},
};

static void test_rejected(void **state)
{
	char message[64];

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct answer *a = &answers[i];
		/* Exactly as long: what reads beyond it is found by the sanitizer. */
		char *copy = malloc(a->n ?: 1);

		memcpy(copy, a->protobuf, a->n);
		assert_int_equal(otlp_rejected_protobuf(copy, a->n, message, sizeof(message)),
				 a->rejected);
		assert_string_equal(message, a->message);
		for (size_t n = 0; n < a->n; n++) {
			char *cut = malloc(n ?: 1);

			memcpy(cut, a->protobuf, n);
			otlp_rejected_protobuf(cut, n, message, sizeof(message));
			free(cut);
		}
		assert_int_equal(
			otlp_rejected_json(a->json, strlen(a->json), message, sizeof(message)),
			a->rejected);
		assert_string_equal(message, a->message);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_instruments),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_long_and_unknown),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
