// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The engine's steps around `resize`: to which limit, refused for a leak and where another limit binds, and what follows. */
#include "fixture_policy.h"

#define RESIZE(by_milli, most_)                                                           \
	{                                                                                 \
		.kind = HR_ACTION_RESIZE, .grace_ms = 60000, .most = (most_), .amount = { \
			.bytes = HR_UNKNOWN,                                              \
			.milli = (by_milli)                                               \
		}                                                                         \
	}

static const struct rule_spec more = {
	"more",
	{.mode = MODE_ENFORCE, USAGE_AT(80), ACTIONS(RESIZE(250, 96 * MIB), KILL)},
	{{POLICY_NAME + 1, NULL, "box"}},
	NULL};

static struct snapshot *start(enum policy_mode mode)
{
	struct snapshot *w = world_new(mode);

	world_container(w, 0, "box", 90);
	w->slot[0].memory.limit = 64 * MIB;
	w->slot[0].memory.high = HR_UNKNOWN;
	set_add(w, &more);
	world_rules(w);
	return w;
}

static void expect_log(struct snapshot *w, const char *log)
{
	assert_string_equal(w->log, log);
	world_free(w);
}

static void test_planned(void **state)
{
	static const struct {
		uint64_t limit, high, most;
		uint32_t milli;
		uint64_t bytes;
	} cases[] = {
		{64 * MIB, HR_UNKNOWN, HR_UNKNOWN, 250, 80 * MIB},
		{64 * MIB, HR_UNKNOWN, 72 * MIB, 250, 72 * MIB},
		{HR_UNKNOWN, 64 * MIB, HR_UNKNOWN, 500, 96 * MIB},
		{HR_UNKNOWN, HR_UNKNOWN, HR_UNKNOWN, 250, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct policy_action spec = RESIZE(cases[i].milli, cases[i].most);
		struct action action = {.kind = HR_ACTION_RESIZE, .spec = &spec};
		struct hr_slot slot = {.memory = {.limit = cases[i].limit, .high = cases[i].high}};

		action_plan(&action, &slot);
		assert_int_equal(action.bytes, cases[i].bytes);
		assert_int_equal(action.most, cases[i].most);
		assert_int_equal(action.for_ms, 60000);
	}
}

/* Raised; calm soon: nothing more. */
static void test_enough(void **state)
{
	struct snapshot *w = start(MODE_ENFORCE);

	(void)state;
	world_run(w, 2);
	assert_int_equal(w->last.bytes, 80 * MIB);
	w->slot[0].memory.usage = 40 * MIB;
	world_run(w, 60);
	expect_log(w, "1 do resize box 1/2 by more\n");
}

static void test_not_enough(void **state)
{
	struct snapshot *w = start(MODE_ENFORCE);

	(void)state;
	world_run(w, 6);
	expect_log(w, "1 do resize box 1/2 by more\n4 do kill box 2/2 by more\n");
}

static void test_refused(void **state)
{
	static const struct {
		uint8_t leak, level, high;
		const char *log;
	} cases[] = {
		{HR_LEAK_CONFIRMED, HR_LEVEL_OWN, 0,
		 "1 refused resize box: a confirmed leak: a higher limit only delays it\n1 do kill "
		 "box 2/2 by more\n"},
		{HR_LEAK_EXHAUSTING, HR_LEVEL_OWN, 0,
		 "1 refused resize box: a confirmed leak: a higher limit only delays it\n1 do kill "
		 "box 2/2 by more\n"},
		{HR_LEAK_ENDED, HR_LEVEL_OWN, 0, "1 do resize box 1/2 by more\n"},
		{HR_LEAK_SUSPECTED, HR_LEVEL_OWN, 0, "1 do resize box 1/2 by more\n"},
		{HR_LEAK_NONE, HR_LEVEL_ANCESTOR, 0,
		 "1 refused resize box: another limit binds\n1 do kill box 2/2 by more\n"},
		{HR_LEAK_NONE, HR_LEVEL_HOST, 0,
		 "1 refused resize box: another limit binds\n1 do kill box 2/2 by more\n"},
		{HR_LEAK_NONE, HR_LEVEL_HOST, 64, "1 do resize box 1/2 by more\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = start(MODE_ENFORCE);

		w->slot[0].forecast.leak = cases[i].leak;
		w->slot[0].binding.level = cases[i].level;
		if (cases[i].high) {
			w->slot[0].memory.limit = HR_UNKNOWN;
			w->slot[0].memory.high = cases[i].high * MIB;
		}
		world_run(w, 2);
		expect_log(w, cases[i].log);
	}
}

static void test_dry_run(void **state)
{
	struct snapshot *w = start(MODE_DRY_RUN);

	(void)state;
	w->slot[0].forecast.leak = HR_LEAK_CONFIRMED;
	world_run(w, 2);
	expect_log(w, "1 refused resize box: a confirmed leak: a higher limit only delays it\n1 "
		      "dry-run kill box 2/2 by more\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planned),    cmocka_unit_test(test_enough),
		cmocka_unit_test(test_not_enough), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dry_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
