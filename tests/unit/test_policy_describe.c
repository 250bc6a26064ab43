// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Actions as people and programs read them: one line, the story, JSON; and what would be done next. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "board/board.h"
#include "json/json.h"
#include "format/event_line.h"
#include "format/explain.h"
#include "format/action_text.h"

#define MIB (1ULL << 20)
#define T0  1767225600000000000ULL

union record {
	struct hr_event event;
	struct hr_event_action action;
	unsigned char space[HR_EVENT_MAX_BYTES];
};

static void unknown(struct hr_inputs *e)
{
	*e = (struct hr_inputs){.usage = HR_UNKNOWN,
				.limit = HR_UNKNOWN,
				.unreclaimable = HR_UNKNOWN,
				.headroom = HR_UNKNOWN,
				.rss = HR_UNKNOWN,
				.oom_in_p50_ms = HR_UNKNOWN,
				.growth_bytes_per_second = HR_UNKNOWN_I64,
				.host_available = HR_UNKNOWN,
				.host_total = HR_UNKNOWN,
				.risk_centi = UINT16_MAX,
				.level = HR_LEVEL_COUNT,
				.some_avg10_centi = HR_UNKNOWN_U32,
				.full_avg10_centi = HR_UNKNOWN_U32,
				.threshold = HR_UNKNOWN,
				.used_threshold = HR_UNKNOWN};
}

/* A dry-run kill of citizen-7, with one skipped candidate. */
static void make(union record *r, const char *policy, const char *passed)
{
	struct board_text text;
	struct hr_event_action *a = &r->action;

	memset(r, 0, sizeof(*r));
	board_text_init(&text, r, sizeof(*a), sizeof(*r));
	a->event.type = HR_EVENT_ACTION;
	a->event.severity = HR_WARNING;
	a->event.seq = 12;
	a->event.time_ns = T0;
	a->event.cgroup_id = 77;
	a->event.id.kind = HR_KIND_CONTAINER;
	a->event.id.runtime = HR_RUNTIME_DOCKER;
	a->event.id.name = board_text_add(&text, "citizen-7", true);
	a->policy = board_text_add(&text, policy, true);
	a->kind = HR_ACTION_KILL;
	a->mode = 1;
	a->status = HR_STATUS_DRY_RUN;
	a->whole = 1;
	a->step = a->steps = 4;
	a->by_uid = HR_UNKNOWN_U32;
	a->size = a->until_ms = a->freed = HR_UNKNOWN;
	a->escalation = 9;
	unknown(&a->inputs);
	a->inputs.usage = 312 * MIB;
	a->inputs.threshold = 300 * MIB;
	a->inputs.held_ms = 30000;
	a->skipped[0] = (struct hr_skipped){.cgroup_id = 5,
					    .reason = HR_SKIP_PROTECTED,
					    .usage = 400 * MIB,
					    .drift_bytes_per_second = HR_UNKNOWN_I64};
	a->skipped[0].name = board_text_add(&text, passed, true);
	a->skipped_count = 1;
	a->event.bytes = (text.start + text.used + 7) & ~7u;
}

/* Each threshold stands behind what it is compared with. */
static void test_thresholds(void **state)
{
	static const struct {
		uint64_t usage, threshold, unreclaimable, used_threshold, held_ms;
		const char *text;
	} rows[] = {
		{312 * MIB, 300 * MIB, HR_UNKNOWN, HR_UNKNOWN, 30000,
		 "usage 312 MiB, above 300 MiB for 30s"},
		{312 * MIB, HR_UNKNOWN, 70 * MIB, 64 * MIB, 30000,
		 "usage 312 MiB of 400 MiB; non-reclaimable 70 MiB, above 64 MiB for 30s"},
		{312 * MIB, 300 * MIB, 70 * MIB, 64 * MIB, 0,
		 "usage 312 MiB, above 300 MiB; non-reclaimable 70 MiB, above 64 MiB"},
		{312 * MIB, HR_UNKNOWN, 60 * MIB, 64 * MIB, 2000,
		 "usage 312 MiB of 400 MiB; condition held for 2s"},
		{312 * MIB, 0, 70 * MIB, 0, 0, "usage 312 MiB of 400 MiB"}, /* an older writer's */
		{HR_UNKNOWN, HR_UNKNOWN, 70 * MIB, 64 * MIB, HR_UNKNOWN,
		 "non-reclaimable 70 MiB, above 64 MiB"},
		{312 * MIB, HR_UNKNOWN, HR_UNKNOWN, 64 * MIB, HR_UNKNOWN,
		 "usage 312 MiB of 400 MiB"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hr_inputs e;
		char text[300] = "";

		unknown(&e);
		e.limit = 400 * MIB;
		e.usage = rows[i].usage;
		e.threshold = rows[i].threshold;
		e.unreclaimable = rows[i].unreclaimable;
		e.used_threshold = rows[i].used_threshold;
		e.held_ms = rows[i].held_ms;
		assert_string_equal(inputs_text(&e, text, sizeof(text)), rows[i].text);
	}
}

/* Whatever is known, in any combination: the parts are separated, and none is empty. A shortage without a target has the host's
 * figures alone. */
static void test_parts(void **state)
{
	struct hr_inputs e;
	char text[512];

	for (unsigned int known = 0; known < 1u << 9; known++) {
		unknown(&e);
		e.limit = 400 * MIB;
		e.usage = known & 1 ? 312 * MIB : HR_UNKNOWN;
		e.rss = known & 2 ? 200 * MIB : HR_UNKNOWN;
		e.unreclaimable = known & 4 ? 70 * MIB : HR_UNKNOWN;
		e.used_threshold = known & 4 ? 64 * MIB : HR_UNKNOWN;
		e.oom_in_p50_ms = known & 8 ? 5000 : HR_UNKNOWN;
		e.risk_centi = known & 16 ? 8000 : UINT16_MAX;
		e.leak = known & 32 ? HR_LEAK_CONFIRMED : HR_LEAK_NONE;
		e.growth_bytes_per_second = known & 64 ? (int64_t)MIB : HR_UNKNOWN_I64;
		e.full_avg10_centi = known & 128 ? 4000 : HR_UNKNOWN_U32;
		e.host_available = known & 256 ? 30 * MIB : HR_UNKNOWN;
		e.host_total = known & 256 ? 1000 * MIB : HR_UNKNOWN;
		inputs_text(&e, text, sizeof(text));
		assert_true(*text != ';' && *text != ' ');
		assert_null(strstr(text, "; ;"));
		if (known == 256)
			assert_string_equal(text, "host available 30 MiB of 1000 MiB");
	}
}

static void test_one_line(void **state)
{
	union record r;
	char text[EVENT_LINE_TEXT];

	make(&r, "kill-switch", "db");
	setenv("TZ", "UTC", 1);
	assert_string_equal(
		event_line(&r.event, T0, text),
		"00:00:00 action    citizen-7 (docker): dry run: kill (policy kill-switch, "
		"step 4/4): usage 312 MiB, above 300 MiB for 30s; skipped: db (protected, "
		"usage 400 MiB)");
	r.action.status = HR_STATUS_FAILED;
	r.action.error = EPERM;
	r.action.skipped_count = 0;
	r.action.kind = HR_ACTION_TERM;
	r.action.signal = SIGUSR1;
	r.action.whole = 0;
	r.action.pid = 4711;
	memcpy(r.action.comm, "java", 5);
	snprintf(text, sizeof(text),
		 "failed: term with signal %d of java[4711] (policy kill-switch, step 4/4): usage "
		 "312 MiB, above 300 MiB for 30s; Operation not permitted",
		 SIGUSR1);
	assert_string_equal(action_text(&r.action, (char[ACTION_TEXT]){0}), text);
}

static void test_by_hand(void **state)
{
	union record r;
	char text[ACTION_TEXT];

	make(&r, "", "db");
	r.action.by_uid = 1000;
	r.action.status = HR_STATUS_DONE;
	r.action.kind = HR_ACTION_RECLAIM;
	r.action.size = 64 * MIB;
	r.action.freed = 60 * MIB;
	r.action.skipped_count = 0;
	unknown(&r.action.inputs);
	assert_string_equal(action_text(&r.action, text),
			    "reclaim of 64 MiB (manual, uid 1000); freed 60 MiB");
}

/* Whatever a container is called, and however many the record claims. */
static void test_hostile(void **state)
{
	union record r;
	char text[ACTION_TEXT];

	make(&r, "\033[31mred", "\033]0;x\a");
	r.action.skipped_count = 255;
	r.action.kind = 200;
	r.action.status = 200;
	r.action.skipped[1].reason = 200;
	action_text(&r.action, text);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\\x1b[31mred"));
	memset(r.space + sizeof(struct hr_event), 0xff, sizeof(r.action) - sizeof(struct hr_event));
	action_text(&r.action, text);
}

static void test_explanation(void **state)
{
	union record r, out = {.event = {.type = HR_EVENT_OUTCOME,
					 .bytes = sizeof(struct hr_event_outcome),
					 .seq = 15}};
	struct hr_event_outcome *outcome = (void *)&out;
	static struct explanation explanation;
	char all[4096] = "";

	make(&r, "kill-switch", "db");
	r.action.status = HR_STATUS_DONE;
	r.action.took_ns = 21000000;
	r.action.processes = 3;
	r.action.freed = 300 * MIB;
	outcome->freed = 310 * MIB;
	outcome->freed_after_ms = 18;
	outcome->restarted_after_ms = HR_UNKNOWN;
	outcome->averted = 1;
	explain_event(&explanation, &r.event, &out.event, T0);
	for (size_t i = 0; i < explanation.n; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s\n",
			 explanation.line[i].text);
	assert_string_equal(
		all, "Event 12, 2026-01-01 00:00:00 UTC, citizen-7 (docker): kill\n"
		     "Requested by: policy kill-switch, step 4/4, mode dry-run, escalation 9.\n"
		     "Inputs: usage 312 MiB, above 300 MiB for 30s.\n"
		     "Result: done in 21 ms; 3 processes signalled; freed 300 MiB by then.\n"
		     "Skipped: db (protected, usage 400 MiB).\n"
		     "Outcome: freed 310 MiB in 18 ms; OOM averted (event 15).\n");
}

static const char *word(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_json(void **state)
{
	union record r;
	json_t *object, *passed;

	make(&r, "kill-switch", "db");
	object = json_event(&r.event, "node");
	assert_string_equal(word(object, "type"), "action");
	assert_string_equal(word(object, "policy"), "kill-switch");
	assert_string_equal(word(object, "action"), "kill");
	assert_string_equal(word(object, "mode"), "dry-run");
	assert_string_equal(word(json_object_get(object, "target"), "name"), "citizen-7");
	assert_true(json_is_true(json_object_get(json_object_get(object, "result"), "ok")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(object, "inputs"),
							    "threshold_bytes")),
			 300 * MIB);
	assert_true(json_is_null(json_object_get(json_object_get(object, "inputs"), "risk")));
	passed = json_array_get(json_object_get(object, "skipped"), 0);
	assert_string_equal(word(json_object_get(passed, "target"), "name"), "db");
	assert_string_equal(word(passed, "reason"), "protected");
	assert_true(json_is_null(json_object_get(object, "until_seconds")));
	json_decref(object);
	make(&r, "", "db"); /* by hand */
	object = json_event(&r.event, "node");
	assert_true(json_is_null(json_object_get(object, "policy")));
	json_decref(object);
	r.event.bytes = sizeof(struct hr_event); /* an older writer's, or damaged */
	object = json_event(&r.event, "node");
	assert_null(json_object_get(object, "action"));
	json_decref(object);
}

static void test_next_action(void **state)
{
	static struct hr_slot slot;
	static struct hr_host host = {.mode = 1};
	static struct explanation explanation;
	struct board_text text;
	json_t *object, *next;
	bool found = false;

	board_text_init(&text, &slot, offsetof(struct hr_slot, text), sizeof(slot));
	slot.state = HR_SLOT_RUNNING;
	slot.id.name = board_text_add(&text, "citizen-7", true);
	slot.next_policy = board_text_add(&text, "kill-switch", true);
	object = json_container(&slot);
	assert_true(json_is_null(json_object_get(object, "next_action")));
	json_decref(object);
	slot.forecast.next_action = HR_ACTION_THROTTLE;
	object = json_container(&slot);
	next = json_object_get(object, "next_action");
	assert_string_equal(word(next, "policy"), "kill-switch");
	assert_string_equal(word(next, "action"), "throttle");
	json_decref(object);
	explain_container(&explanation, &slot, &host, T0);
	for (size_t i = 0; i < explanation.n; i++)
		found |= !strcmp(
			explanation.line[i].text,
			"Policy: next action throttle (policy kill-switch), dry run: logged only.");
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line),    cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_by_hand),     cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_explanation), cmocka_unit_test(test_json),
		cmocka_unit_test(test_next_action), cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
