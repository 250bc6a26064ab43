// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When a policy holds, and when it is calm. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

/* ---- conditions ---- */
static const struct {
	const char *name;
	struct policy p;
	uint64_t value, limit; /* of the input */
	unsigned int input;    /* enum condition_id */
	enum holds holds;
	bool calm;
} conditions[] = {
	{"usage: at", {USAGE_AT(300)}, 300 * MIB, HR_UNKNOWN, CONDITION_USAGE, HOLDS, false},
	{"usage: below",
	 {USAGE_AT(300)},
	 300 * MIB - 1,
	 HR_UNKNOWN,
	 CONDITION_USAGE,
	 HOLDS_NOT,
	 false},
	{"usage: calm",
	 {USAGE_AT(300)},
	 285 * MIB - 1,
	 HR_UNKNOWN,
	 CONDITION_USAGE,
	 HOLDS_NOT,
	 true},
	{"usage: margin",
	 {USAGE_AT(300)},
	 285 * MIB,
	 HR_UNKNOWN,
	 CONDITION_USAGE,
	 HOLDS_NOT,
	 false},
	{"usage: not known",
	 {USAGE_AT(300)},
	 HR_UNKNOWN,
	 HR_UNKNOWN,
	 CONDITION_USAGE,
	 HOLDS_UNKNOWN,
	 false},
	{"share: at",
	 {.conditions = WHEN(USAGE), .threshold[CONDITION_USAGE] = {HR_UNKNOWN, 900, 0}},
	 90,
	 100,
	 CONDITION_USAGE,
	 HOLDS,
	 false},
	{"share: below",
	 {.conditions = WHEN(USAGE), .threshold[CONDITION_USAGE] = {HR_UNKNOWN, 900, 0}},
	 89,
	 100,
	 CONDITION_USAGE,
	 HOLDS_NOT,
	 false},
	{"share of no limit",
	 {.conditions = WHEN(USAGE), .threshold[CONDITION_USAGE] = {HR_UNKNOWN, 900, 0}},
	 1ULL << 60,
	 HR_UNKNOWN,
	 CONDITION_USAGE,
	 HOLDS_UNKNOWN,
	 false},
	{"headroom: below",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {1000, 0, 0}},
	 999,
	 0,
	 CONDITION_HEADROOM,
	 HOLDS,
	 false},
	{"headroom: at",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {1000, 0, 0}},
	 1000,
	 0,
	 CONDITION_HEADROOM,
	 HOLDS_NOT,
	 false},
	{"headroom: calm",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {1000, 0, 0}},
	 1050,
	 0,
	 CONDITION_HEADROOM,
	 HOLDS_NOT,
	 true},
	{"used: at",
	 {.conditions = WHEN(USED), .threshold[CONDITION_USED] = {1000, 0, 0}},
	 1000,
	 0,
	 CONDITION_USED,
	 HOLDS,
	 false},
	{"used: share at",
	 {.conditions = WHEN(USED), .threshold[CONDITION_USED] = {HR_UNKNOWN, 900, 0}},
	 90,
	 100,
	 CONDITION_USED,
	 HOLDS,
	 false},
	{"used: share calm",
	 {.conditions = WHEN(USED), .threshold[CONDITION_USED] = {HR_UNKNOWN, 900, 0}},
	 85499,
	 100000,
	 CONDITION_USED,
	 HOLDS_NOT,
	 true},
	{"used: of no limit and an unknown host",
	 {.conditions = WHEN(USED), .threshold[CONDITION_USED] = {HR_UNKNOWN, 900, 0}},
	 1ULL << 60,
	 HR_UNKNOWN,
	 CONDITION_USED,
	 HOLDS_UNKNOWN,
	 false},
	{"used: not known",
	 {.conditions = WHEN(USED), .threshold[CONDITION_USED] = {1000, 0, 0}},
	 HR_UNKNOWN,
	 100,
	 CONDITION_USED,
	 HOLDS_UNKNOWN,
	 false},
	{"headroom: share below",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {HR_UNKNOWN, 50, 0}},
	 4999,
	 100000,
	 CONDITION_HEADROOM,
	 HOLDS,
	 false},
	{"headroom: share at",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {HR_UNKNOWN, 50, 0}},
	 5000,
	 100000,
	 CONDITION_HEADROOM,
	 HOLDS_NOT,
	 false},
	{"headroom: share calm",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {HR_UNKNOWN, 50, 0}},
	 5250,
	 100000,
	 CONDITION_HEADROOM,
	 HOLDS_NOT,
	 true},
	{"headroom: share of an unknown limit",
	 {.conditions = WHEN(HEADROOM), .threshold[CONDITION_HEADROOM] = {HR_UNKNOWN, 50, 0}},
	 0,
	 HR_UNKNOWN,
	 CONDITION_HEADROOM,
	 HOLDS_UNKNOWN,
	 false},
	{"oom_in: soon",
	 {.conditions = WHEN(OOM_IN), .threshold[CONDITION_OOM_IN] = {60000, 0, 0}},
	 59999,
	 0,
	 CONDITION_OOM_IN,
	 HOLDS,
	 false},
	{"oom_in: later",
	 {.conditions = WHEN(OOM_IN), .threshold[CONDITION_OOM_IN] = {60000, 0, 0}},
	 60000,
	 0,
	 CONDITION_OOM_IN,
	 HOLDS_NOT,
	 false},
	{"oom_in: calm",
	 {.conditions = WHEN(OOM_IN), .threshold[CONDITION_OOM_IN] = {60000, 0, 0}},
	 90000,
	 0,
	 CONDITION_OOM_IN,
	 HOLDS_NOT,
	 true},
	{"oom_in: none predicted",
	 {.conditions = WHEN(OOM_IN), .threshold[CONDITION_OOM_IN] = {60000, 0, 0}},
	 NOT_PREDICTED,
	 0,
	 CONDITION_OOM_IN,
	 HOLDS_NOT,
	 true},
	{"oom_in: not known",
	 {.conditions = WHEN(OOM_IN), .threshold[CONDITION_OOM_IN] = {60000, 0, 0}},
	 HR_UNKNOWN,
	 0,
	 CONDITION_OOM_IN,
	 HOLDS_UNKNOWN,
	 false},
	{"risk",
	 {.conditions = WHEN(RISK), .threshold[CONDITION_RISK] = {8000, 0, 0}},
	 8000,
	 0,
	 CONDITION_RISK,
	 HOLDS,
	 false},
	{"risk: calm",
	 {.conditions = WHEN(RISK), .threshold[CONDITION_RISK] = {8000, 0, 0}},
	 6799,
	 0,
	 CONDITION_RISK,
	 HOLDS_NOT,
	 true},
	{"alarm",
	 {.conditions = WHEN(ALARM), .threshold[CONDITION_ALARM] = {HR_ALARM_NOTICE, 0, 0}},
	 HR_ALARM_NOTICE,
	 0,
	 CONDITION_ALARM,
	 HOLDS,
	 false},
	{"alarm: calm",
	 {.conditions = WHEN(ALARM), .threshold[CONDITION_ALARM] = {HR_ALARM_WARN, 0, 0}},
	 HR_ALARM_NOTICE,
	 0,
	 CONDITION_ALARM,
	 HOLDS_NOT,
	 true},
	{"leak",
	 {.conditions = WHEN(LEAK), .threshold[CONDITION_LEAK] = {HR_LEAK_CONFIRMED, 0, 0}},
	 HR_LEAK_EXHAUSTING,
	 0,
	 CONDITION_LEAK,
	 HOLDS,
	 false},
	{"leak: calm",
	 {.conditions = WHEN(LEAK), .threshold[CONDITION_LEAK] = {HR_LEAK_CONFIRMED, 0, 0}},
	 HR_LEAK_SUSPECTED,
	 0,
	 CONDITION_LEAK,
	 HOLDS_NOT,
	 true},
	{"growth",
	 {.conditions = WHEN(GROWTH), .threshold[CONDITION_GROWTH] = {100, 0, 0}},
	 100,
	 0,
	 CONDITION_GROWTH,
	 HOLDS,
	 false},
	{"refaults: at",
	 {.conditions = WHEN(REFAULTS), .threshold[CONDITION_REFAULTS] = {500, 0, 0}},
	 500,
	 0,
	 CONDITION_REFAULTS,
	 HOLDS,
	 false},
	{"refaults: calm",
	 {.conditions = WHEN(REFAULTS), .threshold[CONDITION_REFAULTS] = {500, 0, 0}},
	 399,
	 0,
	 CONDITION_REFAULTS,
	 HOLDS_NOT,
	 true},
	{"refaults: unknown on v1",
	 {.conditions = WHEN(REFAULTS), .threshold[CONDITION_REFAULTS] = {500, 0, 0}},
	 HR_UNKNOWN,
	 0,
	 CONDITION_REFAULTS,
	 HOLDS_UNKNOWN,
	 false},
	{"some",
	 {.conditions = WHEN(SOME_AVG10), .threshold[CONDITION_SOME_AVG10] = {4000, 0, 0}},
	 4000,
	 0,
	 CONDITION_SOME_AVG10,
	 HOLDS,
	 false},
	{"full: calm",
	 {.conditions = WHEN(FULL_AVG10), .threshold[CONDITION_FULL_AVG10] = {4000, 0, 0}},
	 3199,
	 0,
	 CONDITION_FULL_AVG10,
	 HOLDS_NOT,
	 true},
	{"host",
	 {.conditions = WHEN(HOST_AVAILABLE), .threshold[CONDITION_HOST_AVAILABLE] = {1000, 0, 0}},
	 999,
	 0,
	 CONDITION_HOST_AVAILABLE,
	 HOLDS,
	 false},
	{"host: calm",
	 {.conditions = WHEN(HOST_AVAILABLE), .threshold[CONDITION_HOST_AVAILABLE] = {1000, 0, 0}},
	 1050,
	 0,
	 CONDITION_HOST_AVAILABLE,
	 HOLDS_NOT,
	 true},
	{"age",
	 {.conditions = WHEN(AGE), .threshold[CONDITION_AGE] = {1000, 0, 0}},
	 1000,
	 0,
	 CONDITION_AGE,
	 HOLDS,
	 false},
	{"age: never calm",
	 {.conditions = WHEN(AGE), .threshold[CONDITION_AGE] = {1000, 0, 0}},
	 0,
	 0,
	 CONDITION_AGE,
	 HOLDS_NOT,
	 false},
	{"no condition", {.conditions = 0}, 0, 0, CONDITION_USAGE, HOLDS_NOT, false},
};

static void test_conditions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		struct inputs f;
		struct condition_set rule;

		memset(&f, 0xff, sizeof(f));
		f.at[conditions[i].input] = conditions[i].value;
		f.at[INPUT_LIMIT] = f.at[INPUT_LEAST] = f.at[INPUT_EFFECTIVE] = conditions[i].limit;
		condition_set_read(&conditions[i].p, &rule);
		if (condition_set_holds(&rule, &f) != conditions[i].holds ||
		    condition_set_calm(&rule, &f, NULL) != conditions[i].calm)
			fail_msg("%s: %d, %d", conditions[i].name, condition_set_holds(&rule, &f),
				 condition_set_calm(&rule, &f, NULL));
	}
}

/* All must hold; what is false decides even beside what is not known. */
static void test_conjunction(void **state)
{
	const struct policy p = {.conditions = WHEN(USAGE) | WHEN(RISK),
				 .threshold[CONDITION_USAGE] = {100, 0, 0},
				 .threshold[CONDITION_RISK] = {50, 0, 0}};
	static const struct {
		uint64_t usage, risk;
		enum holds holds;
	} cases[] = {{100, 50, HOLDS},
		     {99, 50, HOLDS_NOT},
		     {100, 49, HOLDS_NOT},
		     {100, HR_UNKNOWN, HOLDS_UNKNOWN},
		     {99, HR_UNKNOWN, HOLDS_NOT},
		     {HR_UNKNOWN, 49, HOLDS_NOT}};
	struct inputs f;
	struct condition_set rule;

	condition_set_read(&p, &rule);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&f, 0xff, sizeof(f));
		f.at[CONDITION_USAGE] = cases[i].usage;
		f.at[CONDITION_RISK] = cases[i].risk;
		assert_int_equal(condition_set_holds(&rule, &f), cases[i].holds);
	}
}

/* A share is one of its own limit, else of the nearest limited cgroup above it. */
static void test_share_of_an_ancestor(void **state)
{
	static const struct rule_spec spec = {"r",
					      {.mode = MODE_ENFORCE,
					       .conditions = WHEN(USAGE),
					       .threshold[CONDITION_USAGE] = {HR_UNKNOWN, 900, 0},
					       ACTIONS(NOTIFY)},
					      {{POLICY_NAME + 1, NULL, "box"}},
					      NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *top = world_add(w, 0, "top", HR_KIND_GROUP, "/top");
	struct hr_slot *middle = world_add(w, 1, "middle", HR_KIND_GROUP, "/top/middle");
	struct hr_slot *box = world_add(w, 2, "box", HR_KIND_CONTAINER, "/top/middle/box");

	box->parent_id = middle->cgroup_id;
	middle->parent_id = top->cgroup_id;
	box->memory.usage = 95 * MIB;
	top->memory.limit = 1000 * MIB;
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 1);
	assert_int_equal(w->actions, 0);
	middle->memory.limit = 100 * MIB;
	world_run(w, 1);
	assert_int_equal(w->actions, 1);
	assert_int_equal(w->last.inputs.threshold, 90 * MIB);
	world_free(w);
}

/* What `used` and `headroom` are a share of: the limit that is reached first; for `used` its own or its nearest ancestor's,
 * where that is smaller. */
static void test_share_of_the_effective_limit(void **state)
{
	static const struct {
		const char *name;
		uint64_t own, above; /* limits, MiB; 0: none */
		uint64_t binding;
		enum hr_level level;
		uint64_t used, headroom; /* thresholds at 90% and 5% */
	} cases[] = {
		{"own", 100, 1000, 100, HR_LEVEL_OWN, 90, 5},
		{"parent below its own", 1000, 200, 200, HR_LEVEL_ANCESTOR, 180, 10},
		{"siblings fill the parent", 100, 1000, 1000, HR_LEVEL_ANCESTOR, 90, 50},
		{"no limit of its own", 0, 400, 400, HR_LEVEL_ANCESTOR, 360, 20},
		{"the host runs short first", 100, 0, 5000, HR_LEVEL_HOST, 90, 200},
		{"no limit at all", 0, 0, 5000, HR_LEVEL_HOST, 3600, 200},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct hr_slot *top = world_add(w, 0, "top", HR_KIND_GROUP, "/top");
		struct hr_slot *box = world_container(w, 1, "box", 50);
		const struct policy used = {.conditions = WHEN(USED),
					    .threshold[CONDITION_USED] = {HR_UNKNOWN, 900, 0}},
				    room = {.conditions = WHEN(HEADROOM),
					    .threshold[CONDITION_HEADROOM] = {HR_UNKNOWN, 50, 0}};
		struct condition_set rule;
		const struct inputs *f = &w->engine->inputs[1];

		w->host.mem_total = 4000 * MIB; /* the binding limit of the host has swap in it */
		box->parent_id = top->cgroup_id;
		top->memory.limit = cases[i].above ? cases[i].above * MIB : HR_UNKNOWN;
		box->memory.limit = cases[i].own ? cases[i].own * MIB : HR_UNKNOWN;
		box->memory.unreclaimable = 50 * MIB;
		box->binding.level = (uint8_t)cases[i].level;
		box->binding.limit = cases[i].binding * MIB;
		world_run(w, 1);
		condition_set_read(&used, &rule);
		assert_int_equal(condition_set_threshold(&rule, CONDITION_USED, f),
				 cases[i].used * MIB);
		condition_set_read(&room, &rule);
		assert_int_equal(condition_set_threshold(&rule, CONDITION_HEADROOM, f),
				 cases[i].headroom * MIB);
		engine_update_slot(w->engine, &w->w, 1);
		assert_int_equal(f->at[INPUT_LEAST] / 10 * 9, cases[i].used * MIB);
		world_free(w);
	}
}

/* Neither counts what the kernel waits for, or gives back, rather than kill; MiB, of a limit of 64. */
static void test_yielding(void **state)
{
	static const struct {
		const char *name;
		uint64_t used, dirty, writeback, cache, kernel, slab, kills, ret_used;
		uint8_t level;
	} rows[] = {
		{"a file is written", 60, 40, 10, 50, HR_UNKNOWN, 0, 0, 10, HR_LEVEL_OWN},
		{"more dirty than cache", 60, 60, 0, 20, HR_UNKNOWN, 0, 0, 40, HR_LEVEL_OWN},
		{"dirty not known", 60, HR_UNKNOWN, 0, 20, HR_UNKNOWN, 0, 0, 60, HR_LEVEL_OWN},
		{"v1: directory entries", 64, 0, 0, 0, 60, HR_UNKNOWN, 0, 6, HR_LEVEL_OWN},
		{"v1: the kernel has killed", 64, 0, 0, 0, 60, HR_UNKNOWN, 1, 64, HR_LEVEL_OWN},
		{"v1: what processes need", 64, 0, 0, 0, 2, HR_UNKNOWN, 0, 64, HR_LEVEL_OWN},
		{"v2: not reclaimable", 64, 0, 0, 0, 60, 0, 0, 64, HR_LEVEL_OWN},
		{"both", 64, 20, 0, 20, 42, HR_UNKNOWN, 0, 4, HR_LEVEL_OWN},
		{"available includes it", 60, 40, 0, 50, HR_UNKNOWN, 0, 0, 20, HR_LEVEL_HOST},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hr_slot slot = {.oom_kills_total = rows[i].kills};
		const struct input_source from = {.slot = &slot};
		uint64_t at[CONDITIONS], yields = rows[i].used - rows[i].ret_used;
		bool dirty = rows[i].dirty != HR_UNKNOWN, kernel = rows[i].kernel != HR_UNKNOWN;

		slot.binding.level = rows[i].level;
		slot.memory.unreclaimable = rows[i].used * MIB;
		slot.memory.headroom = (64 - rows[i].used) * MIB;
		slot.memory.file_dirty = dirty ? rows[i].dirty * MIB : HR_UNKNOWN;
		slot.memory.file_writeback = rows[i].writeback * MIB;
		slot.memory.inactive_file = rows[i].cache * MIB;
		slot.memory.kernel = kernel ? rows[i].kernel * MIB : HR_UNKNOWN;
		slot.memory.slab_reclaimable = rows[i].slab;
		if (rows[i].level == HR_LEVEL_HOST)
			yields = 0;
		condition_inputs(&from, at);
		if (at[CONDITION_USED] != rows[i].ret_used * MIB ||
		    at[CONDITION_HEADROOM] != (64 - rows[i].used + yields) * MIB)
			fail_msg("%s: used %llu, headroom %llu", rows[i].name,
				 (unsigned long long)at[CONDITION_USED],
				 (unsigned long long)at[CONDITION_HEADROOM]);
	}
}

/* Under a parent's limit: what a sibling has written, or its directory entries, are no headroom that is missing, whether or not this one
 * grows. MiB, of a limit of 64 that they fill but for 1. */
static void test_yielding_sibling(void **state)
{
	static const struct {
		const char *name;
		uint64_t dirty, kernel; /* the parent's */
		int64_t drift;          /* bytes a second */
		uint64_t headroom;      /* HR_UNKNOWN: not of its making */
	} rows[] = {
		{"written", 40, HR_UNKNOWN, 10000, HR_UNKNOWN},
		{"written, and it grows", 40, HR_UNKNOWN, MIB, 41},
		{"directory entries", 0, 50, 10000, HR_UNKNOWN},
		{"in use", 0, HR_UNKNOWN, 10000, 1},
		{"in use, and it does not grow", 0, HR_UNKNOWN, 0, HR_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct hr_slot *top = world_add(w, 0, "top", HR_KIND_GROUP, "/top");
		struct hr_slot *box = world_container(w, 1, "box", 5);
		const struct inputs *f = &w->engine->inputs[1];
		uint64_t want = rows[i].headroom;

		box->parent_id = box->binding.cgroup_id = top->cgroup_id;
		box->binding.level = HR_LEVEL_ANCESTOR;
		box->binding.limit = top->memory.limit = 64 * MIB;
		box->memory.headroom = top->memory.headroom = 1 * MIB;
		box->memory.unreclaimable = 5 * MIB;
		box->forecast.drift_bytes_per_second = rows[i].drift;
		box->forecast.risk_centi = 9000;
		box->forecast.oom_in_p50_ms = 5000;
		box->binding.used = 63 * MIB;
		box->binding.pending = rows[i].dirty * MIB;
		box->binding.unsorted =
			rows[i].kernel == HR_UNKNOWN ? HR_UNKNOWN : rows[i].kernel * MIB;
		world_run(w, 1);
		for (int single = 0; single < 2; single++) {
			if (f->at[CONDITION_HEADROOM] != (want == HR_UNKNOWN ? want : want * MIB) ||
			    (f->at[CONDITION_RISK] == 9000) != (want != HR_UNKNOWN))
				fail_msg("%s: headroom %llu", rows[i].name,
					 (unsigned long long)f->at[CONDITION_HEADROOM]);
			engine_update_slot(w->engine, &w->w, 1);
		}
		world_free(w);
	}
}

/* Page cache fills the limit: `usage` holds, `used` does not; and the event carries what it was. */
static void test_used_is_not_usage(void **state)
{
	static const struct rule_spec spec = {"r",
					      {.mode = MODE_ENFORCE,
					       .conditions = WHEN(USED),
					       .threshold[CONDITION_USED] = {HR_UNKNOWN, 900, 0},
					       ACTIONS(NOTIFY)},
					      {{POLICY_NAME + 1, NULL, "box"}},
					      NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *box = world_container(w, 0, "box", 99);

	box->memory.limit = box->binding.limit = 100 * MIB;
	box->memory.unreclaimable = 10 * MIB;
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 10);
	assert_int_equal(w->actions, 0);
	box->memory.unreclaimable = HR_UNKNOWN;
	world_run(w, 10);
	assert_int_equal(w->actions, 0);
	box->memory.unreclaimable = 91 * MIB;
	world_run(w, 1);
	assert_int_equal(w->actions, 1);
	assert_int_equal(w->last.inputs.threshold, HR_UNKNOWN);
	assert_int_equal(w->last.inputs.used_threshold, 90 * MIB);
	assert_int_equal(w->last.inputs.unreclaimable, 91 * MIB);
	assert_int_equal(w->last.inputs.effective_limit, 100 * MIB);
	world_free(w);
}

/* Outside containers: `rss` is the group's, and `age` that of its oldest process. */
static void test_process_group_inputs(void **state)
{
	const struct process_group group = {
		.rss = 280 * MIB, .largest_rss = 40 * MIB, .age_ms = 90000};
	const struct input_source from = {.pgroup = &group};
	uint64_t at[CONDITIONS];

	condition_inputs(&from, at);
	assert_int_equal(at[CONDITION_RSS], 280 * MIB);
	assert_int_equal(at[CONDITION_AGE], 90000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_conjunction),
		cmocka_unit_test(test_share_of_an_ancestor),
		cmocka_unit_test(test_share_of_the_effective_limit),
		cmocka_unit_test(test_yielding),
		cmocka_unit_test(test_yielding_sibling),
		cmocka_unit_test(test_used_is_not_usage),
		cmocka_unit_test(test_process_group_inputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
