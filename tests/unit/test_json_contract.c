// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Every key of the contract (docs/reference/json.md, events.md) stands in every object, in its order; what is
 * not known is null, never 0; and nothing that a container's owner wrote gets out raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "json/json.h"
#include "fixture_reader.h"

static const char *const identity_keys[] = {"name",      "runtime", "container_id", "image", "pod",
					    "namespace", "pod_uid", "container",    "unit",  NULL};
static const char *const container_keys[] = {"state",
					     "gone_at",
					     "cgroup",
					     "cgroup_id",
					     "name",
					     "runtime",
					     "container_id",
					     "image",
					     "pod",
					     "namespace",
					     "pod_uid",
					     "container",
					     "unit",
					     "usage_bytes",
					     "limit_bytes",
					     "anon_bytes",
					     "file_bytes",
					     "shmem_bytes",
					     "kernel_bytes",
					     "slab_reclaimable_bytes",
					     "swap_bytes",
					     "sock_bytes",
					     "slab_unreclaimable_bytes",
					     "page_tables_bytes",
					     "kernel_stack_bytes",
					     "percpu_bytes",
					     "vmalloc_bytes",
					     "zswap_bytes",
					     "rss_bytes",
					     "working_set_bytes",
					     "unreclaimable_bytes",
					     "headroom_bytes",
					     "binding",
					     "pressure",
					     "reclaim_stall_seconds_total",
					     "refaults_total",
					     "refaults_per_second",
					     "events",
					     "drift_bytes_per_second",
					     "rss_drift_bytes_per_second",
					     "oom_in_seconds",
					     "risk",
					     "confidence",
					     "reasons",
					     "leak",
					     "alarm",
					     "next_action",
					     "processes",
					     "reclaim_stall_histogram",
					     "pids",
					     "oom_kills_total",
					     "restarts",
					     NULL};
static const char *const binding_keys[] = {"level", "cgroup", "limit_bytes", NULL};
static const char *const pressure_keys[] = {"some_avg10", "full_avg10", "some_total_us",
					    "full_total_us", NULL};
static const char *const counts_keys[] = {"low",      "high",           "max", "oom",
					  "oom_kill", "oom_group_kill", NULL};
static const char *const leak_keys[] = {"state", "bytes_per_hour", "of", NULL};
static const char *const oom_in_keys[] = {"p10", "p50", "p90", NULL};
static const char *const reason_keys[] = {"reason", "weight", "text", NULL};
static const char *const process_keys[] = {"pid", "comm", "rss_bytes", NULL};
static const char *const host_keys[] = {"node",
					"kernel",
					"cgroup_version",
					"mem_total_bytes",
					"mem_available_bytes",
					"swap_total_bytes",
					"swap_free_bytes",
					"swap_cost_bytes",
					"memory",
					"pressure",
					"forecasts",
					"guard",
					"processes",
					NULL};
static const char *const forecasts_keys[] = {"warn",         "act",   "oom_kills",  "stalls",
					     "lead_seconds", "times", "time_error", "intervals",
					     "risks",        NULL};
static const char *const verdict_keys[] = {"right", "wrong", "undecided", "precision", NULL};
static const char *const failure_keys[] = {"warned", "missed", "recall", NULL};
static const char *const histogram_keys[] = {"bounds", "counts", "sum", "median", NULL};
static const char *const held_keys[] = {"checked", "covered", "coverage", NULL};
static const char *const risks_keys[] = {"checked", "observed", "predicted", "brier_skill", NULL};
static const char *const daemon_keys[] = {"version",           "mode",       "pid",
					  "uptime_seconds",    "rss_bytes",  "cpu_seconds_total",
					  "events_lost_total", "containers", "capacity",
					  "sources",           "degraded",   NULL};
static const char *const event_keys[] = {"schema", "instance", "seq",      "time",
					 "node",   "type",     "severity", NULL};
static const char *const oom_keys[] = {"trigger", "victim",  "limit",    "constraint", "gfp",
				       "order",   "history", "forecast", "policy",     NULL};
static const char *const oom_process_keys[] = {
	"pid",           "tid",        "comm",        "cmdline",    "cgroup",
	"anon_bytes",    "file_bytes", "shmem_bytes", "swap_bytes", "pgtables_bytes",
	"oom_score_adj", "uid",        "started",     NULL};
static const char *const limit_keys[] = {"level", "cgroup", "usage_bytes", "max_bytes", NULL};
static const char *const oom_stats_keys[] = {"risk", "oom_in_seconds", "warned_seconds_before",
					     NULL};
static const char *const history_keys[] = {"time", "usage_bytes", NULL};
static const char *const outcome_keys[] = {
	"ref", "freed_bytes", "freed_after_seconds", "averted", "restarted_after_seconds", NULL};
static const char *const what_keys[] = {"what", NULL};
static const char *const level_keys[] = {"from",           "to",   "risk", "reasons",
					 "oom_in_seconds", "leak", NULL};
static const char *const action_keys[] = {
	"policy",        "action",       "mode",        "target",     "inputs", "skipped",
	"result",        "step",         "steps",       "escalation", "signal", "size_bytes",
	"until_seconds", "took_seconds", "freed_bytes", "by_uid",     NULL};
static const char *const target_keys[] = {"cgroup", "cgroup_id", "name",      "whole",
					  "pid",    "comm",      "processes", NULL};
static const char *const inputs_keys[] = {"usage_bytes",
					  "limit_bytes",
					  "unreclaimable_bytes",
					  "headroom_bytes",
					  "rss_bytes",
					  "oom_in_seconds",
					  "growth_bytes_per_second",
					  "host_available_bytes",
					  "host_total_bytes",
					  "risk",
					  "leak",
					  "level",
					  "some_avg10",
					  "full_avg10",
					  "held_seconds",
					  "threshold_bytes",
					  "used_threshold_bytes",
					  NULL};
static const char *const skipped_keys[] = {"target", "reason", "usage_bytes",
					   "drift_bytes_per_second", NULL};
static const char *const skipped_target_keys[] = {"name", "cgroup_id", "pid", NULL};
static const char *const result_keys[] = {"status", "ok", "errno", "detail", NULL};
static const char *const adj_keys[] = {"pid", "oom_score_adj", NULL};
static const char *const map_keys[] = {
	"pid",           "comm",         "mappings",     "resident_bytes", "swap_bytes",
	"since_seconds", "growth_bytes", "took_seconds", "regions",        NULL};
static const char *const region_keys[] = {
	"kind", "name", "mappings", "resident_bytes", "swap_bytes", "growth_bytes", NULL};

static void has_keys(const json_t *object, const char *const *keys)
{
	assert_true(json_is_object(object));
	for (; *keys; keys++)
		if (!json_object_get(object, *keys))
			fail_msg("key %s is missing", *keys);
}

static json_t *get(const json_t *object, const char *path)
{
	char copy[128], *save;
	json_t *value = (json_t *)object;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key; key = strtok_r(NULL, ".", &save)) {
		value = json_object_get(value, key);
		if (!value)
			fail_msg("%s: no %s", path, key);
	}
	return value;
}

/* No control character, bidi control or zero-width space in any string, however deep. */
static void is_clean(const json_t *value)
{
	if (json_is_string(value)) {
		for (const unsigned char *p = (const unsigned char *)json_string_value(value); *p;
		     p++) {
			assert_true(*p >= 0x20 && *p != 0x7f);
			assert_false(p[0] == 0xe2 && p[1] == 0x80 &&
				     (p[2] == 0xae || p[2] == 0x8b));
			assert_false(p[0] == 0xc2 && p[1] < 0xa0);
		}
	}
	for (void *at = json_object_iter((json_t *)value); at;
	     at = json_object_iter_next((json_t *)value, at))
		is_clean(json_object_iter_value(at));
	for (size_t i = 0; i < json_array_size(value); i++)
		is_clean(json_array_get(value, i));
}

static void check_container(const json_t *c)
{
	has_keys(c, container_keys);
	has_keys(get(c, "binding"), binding_keys);
	has_keys(get(c, "events"), counts_keys);
	has_keys(get(c, "leak"), leak_keys);
	if (!json_is_null(get(c, "pressure")))
		has_keys(get(c, "pressure"), pressure_keys);
	if (!json_is_null(get(c, "oom_in_seconds")))
		has_keys(get(c, "oom_in_seconds"), oom_in_keys);
	for (size_t i = 0; i < json_array_size(get(c, "reasons")); i++)
		has_keys(json_array_get(get(c, "reasons"), i), reason_keys);
	for (size_t i = 0; i < json_array_size(get(c, "processes")); i++)
		has_keys(json_array_get(get(c, "processes"), i), process_keys);
	assert_true(json_is_string(get(c, "cgroup_id")));
	is_clean(c);
}

static void test_containers(void **state)
{
	struct fixture f = {.containers = 60, .seed = 3, .hostile = true};
	struct hr_slot slot;
	struct fixture_place place;
	char *text;
	struct hr_reader *reader = fixture_reader(&f, &place);
	size_t n = 0;

	for (uint32_t i = 0; !hr_reader_slot(reader, &i, &slot); n++) {
		json_t *c = json_container(&slot), *again;

		check_container(c);
		text = json_dumps(c, JSON_STYLE);
		again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(again);
		json_decref(again);
		free(text);
		json_decref(c);
	}
	assert_int_equal(n, 60);
	fixture_reader_done(reader, &place);
}

/* In the order of the table. */
static void test_order(void **state)
{
	struct hr_slot slot = {.state = HR_SLOT_RUNNING};
	json_t *c = json_container(&slot);
	size_t n = 0;

	for (void *at = json_object_iter(c); at && container_keys[n];
	     at = json_object_iter_next(c, at))
		assert_string_equal(json_object_iter_key(at), container_keys[n++]);
	assert_null(container_keys[n]);
	json_decref(c);
}

/* All that can be unknown is null then. */
static const char *const null_keys[] = {
	"gone_at",
	"cgroup",
	"name",
	"container_id",
	"image",
	"pod",
	"namespace",
	"pod_uid",
	"container",
	"unit",
	"usage_bytes",
	"limit_bytes",
	"anon_bytes",
	"file_bytes",
	"shmem_bytes",
	"kernel_bytes",
	"slab_reclaimable_bytes",
	"swap_bytes",
	"sock_bytes",
	"slab_unreclaimable_bytes",
	"page_tables_bytes",
	"kernel_stack_bytes",
	"percpu_bytes",
	"vmalloc_bytes",
	"zswap_bytes",
	"rss_bytes",
	"working_set_bytes",
	"unreclaimable_bytes",
	"headroom_bytes",
	"binding.limit_bytes",
	"pressure",
	"reclaim_stall_seconds_total",
	"refaults_total",
	"refaults_per_second",
	"events.oom_kill",
	"drift_bytes_per_second",
	"rss_drift_bytes_per_second",
	"oom_in_seconds",
	"risk",
	"confidence",
	"leak.bytes_per_hour",
	"leak.of",
	"next_action",
	"reclaim_stall_histogram",
	"pids",
	"oom_kills_total",
	"restarts",
};

/* A board never says it: only what the reader has found out itself counts. */
static void test_paused(void **state)
{
	static const struct {
		uint32_t flags;
		int type;
	} cases[] = {{0, JSON_NULL},
		     {HR_SLOT_PAUSED, JSON_NULL},
		     {HR_SLOT_PAUSED_KNOWN, JSON_FALSE},
		     {HR_SLOT_PAUSED_KNOWN | HR_SLOT_PAUSED, JSON_TRUE}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hr_slot slot = {.flags = cases[i].flags};
		json_t *c = json_container(&slot);

		assert_int_equal(json_typeof(json_object_get(c, "paused")), cases[i].type);
		json_decref(c);
	}
}

static void test_unknown(void **state)
{
	struct hr_slot slot;
	json_t *c;

	memset(&slot, 0xff, sizeof(slot));
	memset(&slot.id, 0, sizeof(slot.id));
	memset(slot.text, 0, sizeof(slot.text));
	slot.state = HR_SLOT_RUNNING;
	slot.gone_ns = 0;
	slot.binding.level = HR_LEVEL_HOST;
	slot.binding.cgroup.at = 0;
	slot.process[0].pid = 0;
	slot.forecast.drift_bytes_per_second = slot.forecast.rss_drift_bytes_per_second =
		HR_UNKNOWN_I64;
	slot.forecast.leak_bytes_per_hour = HR_UNKNOWN_I64;
	slot.forecast.alarm = slot.forecast.leak = slot.forecast.leak_of =
		slot.forecast.next_action = 0;
	slot.forecast.reason[0].kind = 0;
	c = json_container(&slot);
	check_container(c);
	for (size_t i = 0; i < ARRAY_SIZE(null_keys); i++)
		if (!json_is_null(get(c, null_keys[i])))
			fail_msg("%s is not null", null_keys[i]);
	assert_string_equal(json_string_value(get(c, "binding.level")), "host");
	assert_int_equal(json_array_size(get(c, "processes")), 0);
	json_decref(c);
}

static void test_host(void **state)
{
	struct fixture f = {.containers = 1, .seed = 1, .hostile = true};
	struct fixture_place place;
	struct hr_reader *reader = fixture_reader(&f, &place);
	struct hr_board_header header;
	struct hr_host host;
	json_t *h;

	hr_reader_header(reader, &header);
	assert_int_equal(hr_reader_host(reader, &host), 0);
	h = json_host(&host, &header, host.sampled_ns + 5000000000ULL, 0);
	has_keys(h, host_keys);
	has_keys(get(h, "guard"), daemon_keys);
	is_clean(h);
	assert_true(json_real_value(get(h, "guard.uptime_seconds")) == 5.0);
	assert_string_equal(json_string_value(get(h, "guard.mode")), "observe");
	assert_string_equal(json_string_value(get(h, "guard.sources.oom_kill")),
			    "tp_btf/mark_victim");
	json_decref(h);
	host.cgroup_version = 12; /* hybrid: memory is on v1 */
	h = json_host(&host, &header, host.sampled_ns, -ESTALE);
	assert_int_equal(json_integer_value(get(h, "cgroup_version")), 1);
	assert_string_equal(json_string_value(get(h, "guard.state")), "silent");
	json_decref(h);
	fixture_reader_done(reader, &place);
}

static void check_forecasts(const struct hr_host *host, const struct hr_board_header *header,
			    bool judged)
{
	static const struct {
		const char *key;
		const char *const *keys;
		const char *figure; /* null where nothing was judged */
	} parts[] = {
		{"warn", verdict_keys, "precision"},   {"act", verdict_keys, "precision"},
		{"oom_kills", failure_keys, "recall"}, {"lead_seconds", histogram_keys, "median"},
		{"times", held_keys, "coverage"},      {"time_error", histogram_keys, "median"},
		{"intervals", held_keys, "coverage"},  {"risks", risks_keys, "brier_skill"},
	};
	json_t *h = json_host(host, header, host->sampled_ns, 0);
	const json_t *f = get(h, "forecasts");

	has_keys(f, forecasts_keys);
	has_keys(get(f, "stalls"), failure_keys);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const json_t *part = get(f, parts[i].key);

		has_keys(part, parts[i].keys);
		if (json_is_null(get(part, parts[i].figure)) == judged)
			fail_msg("%s.%s", parts[i].key, parts[i].figure);
	}
	json_decref(h);
}

/* How good the forecasts were: counters from the board, figures read off them. */
static void test_forecasts(void **state)
{
	struct fixture f = {.containers = 3, .seed = 1};
	struct fixture_place place;
	struct hr_reader *reader = fixture_reader(&f, &place);
	struct hr_board_header header;
	struct hr_host host;
	json_t *h;

	hr_reader_header(reader, &header);
	assert_int_equal(hr_reader_host(reader, &host), 0);
	check_forecasts(&host, &header, true);
	h = json_host(&host, &header, host.sampled_ns, 0);
	assert_true(json_real_value(get(h, "forecasts.warn.precision")) == 0.9);
	assert_int_equal(json_integer_value(get(h, "forecasts.act.right")), 8);
	assert_int_equal(json_integer_value(get(h, "forecasts.oom_kills.missed")), 1);
	/* 23 errors: the 12th is the middle, the third of six between 5 and 10 % */
	assert_float_equal(json_real_value(get(h, "forecasts.time_error.median")), 0.0708, 0.001);
	assert_float_equal(json_real_value(get(h, "forecasts.time_error.sum")), 2.99, 1e-9);
	assert_int_equal(json_array_size(get(h, "forecasts.lead_seconds.counts")), HR_SCORE_LEADS);
	assert_int_equal(json_array_size(get(h, "forecasts.lead_seconds.bounds")),
			 HR_SCORE_LEADS - 1);
	assert_float_equal(json_real_value(get(h, "forecasts.risks.brier_skill")), 0.6503, 0.001);
	json_decref(h);
	memset(&host.score, 0, sizeof(host.score));
	check_forecasts(&host, &header, false);
	fixture_reader_done(reader, &place);
}

static const char *const *keys_of(unsigned int type)
{
	static const char *const *const keys[HR_EVENT_COUNT] = {
		[HR_EVENT_OOM_KILL] = oom_keys,   [HR_EVENT_RISK] = level_keys,
		[HR_EVENT_LEAK] = level_keys,     [HR_EVENT_OUTCOME] = outcome_keys,
		[HR_EVENT_PRESSURE] = what_keys,  [HR_EVENT_CONTAINER] = what_keys,
		[HR_EVENT_DAEMON] = what_keys,    [HR_EVENT_OOM_SCORE_ADJ] = adj_keys,
		[HR_EVENT_MEMORY_MAP] = map_keys,
	};

	return keys[type];
}

static void check_oom(const json_t *e)
{
	has_keys(get(e, "trigger"), oom_process_keys);
	has_keys(get(e, "trigger"), identity_keys);
	has_keys(get(e, "victim"), oom_process_keys);
	has_keys(get(e, "victim"), identity_keys);
	has_keys(get(e, "limit"), limit_keys);
	has_keys(get(e, "forecast"), oom_stats_keys);
	assert_int_equal(json_array_size(get(e, "history")), 3);
	for (size_t i = 0; i < json_array_size(get(e, "history")); i++)
		has_keys(json_array_get(get(e, "history"), i), history_keys);
	assert_string_equal(json_string_value(get(e, "limit.level")), "own");
	assert_string_equal(json_string_value(get(e, "constraint")), "memcg");
	assert_string_equal(json_string_value(get(e, "gfp")), "0xcc0");
}

static void check_map(const json_t *e)
{
	assert_int_equal(json_array_size(get(e, "regions")), 5);
	for (size_t i = 0; i < json_array_size(get(e, "regions")); i++)
		has_keys(json_array_get(get(e, "regions"), i), region_keys);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(get(e, "regions"), 0), "kind")),
		"glibc_arena");
}

static void test_events(void **state)
{
	struct fixture f = {.containers = 30, .seed = 1, .hostile = true, .maps = true};
	union fixture_event event;
	struct fixture_place place;
	struct hr_reader *reader = fixture_reader(&f, &place);
	unsigned int seen = 0;

	while (!hr_reader_next_event(reader, &event.event, sizeof(event))) {
		json_t *e = json_event(&event.event, "node-1");

		has_keys(e, event_keys);
		has_keys(e, identity_keys);
		assert_string_equal(json_string_value(get(e, "schema")), "headroom.event/2");
		has_keys(e, keys_of(event.event.type));
		if (event.event.type == HR_EVENT_OOM_KILL)
			check_oom(e);
		if (event.event.type == HR_EVENT_MEMORY_MAP)
			check_map(e);
		is_clean(e);
		seen |= 1u << event.event.type;
		json_decref(e);
	}
	for (unsigned int type = HR_EVENT_OOM_KILL; type < HR_EVENT_COUNT; type++)
		if (type != HR_EVENT_ACTION && !(seen & 1u << type))
			fail_msg("no event of type %u was made", type);
	fixture_reader_done(reader, &place);
}

/* A record that is shorter than its type's struct tells only what all events carry. */
static void test_short_event(void **state)
{
	union fixture_event event = {
		.event = {.bytes = sizeof(struct hr_event), .type = HR_EVENT_OOM_KILL, .seq = 7}};
	json_t *e = json_event(&event.event, NULL);

	has_keys(e, event_keys);
	assert_null(json_object_get(e, "victim"));
	assert_true(json_is_null(get(e, "node")));
	assert_true(json_is_null(get(e, "cgroup_id")));
	json_decref(e);
	event.event.type = HR_EVENT_COUNT + 3; /* of a newer guard */
	e = json_event(&event.event, NULL);
	assert_true(json_is_null(get(e, "type")));
	json_decref(e);
}

/* Seen as a counter only: no process is named, nothing is made up. */
static void test_counted_kill(void **state)
{
	union fixture_event event = {.oom = {.event = {.bytes = sizeof(struct hr_event_oom_kill),
						       .type = HR_EVENT_OOM_KILL},
					     .flags = HR_OOM_COUNTED,
					     .constraint = HR_CONSTRAINT_UNKNOWN,
					     .order = -1,
					     .gfp = HR_UNKNOWN,
					     .limit_usage = HR_UNKNOWN,
					     .limit_max = HR_UNKNOWN,
					     .risk_centi = UINT16_MAX,
					     .oom_in_p50_ms = HR_UNKNOWN,
					     .warned_before_ms = HR_UNKNOWN}};
	static const char *const nulls[] = {"trigger",
					    "victim",
					    "constraint",
					    "gfp",
					    "order",
					    "limit.max_bytes",
					    "forecast.risk",
					    "forecast.oom_in_seconds",
					    "forecast.warned_seconds_before"};
	json_t *e = json_event(&event.event, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		assert_true(json_is_null(get(e, nulls[i])));
	assert_string_equal(json_string_value(json_array_get(get(e, "flags"), 0)), "counted");
	json_decref(e);
}

static void test_action(void **state)
{
	union fixture_event event = {.action = {.event = {.bytes = sizeof(struct hr_event_action),
							  .type = HR_EVENT_ACTION},
						.kind = HR_ACTION_ON_EXIT,
						.status = HR_STATUS_DRY_RUN,
						.mode = 1,
						.skipped_count = 1,
						.skipped = {{.reason = HR_SKIP_SLOWER}}}};
	json_t *e = json_event(&event.event, "node-1"), *skipped;

	has_keys(e, event_keys);
	has_keys(e, action_keys);
	has_keys(get(e, "target"), target_keys);
	has_keys(get(e, "inputs"), inputs_keys);
	has_keys(get(e, "result"), result_keys);
	assert_string_equal(json_string_value(get(e, "action")), "on_exit");
	assert_string_equal(json_string_value(get(e, "result.status")), "dry_run");
	skipped = json_array_get(get(e, "skipped"), 0);
	has_keys(skipped, skipped_keys);
	has_keys(get(skipped, "target"), skipped_target_keys);
	assert_string_equal(json_string_value(get(skipped, "reason")), "slower growth");
	json_decref(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers),   cmocka_unit_test(test_order),
		cmocka_unit_test(test_paused),       cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_host),         cmocka_unit_test(test_forecasts),
		cmocka_unit_test(test_events),       cmocka_unit_test(test_short_event),
		cmocka_unit_test(test_counted_kill), cmocka_unit_test(test_action),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
