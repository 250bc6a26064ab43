// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When a policy holds and when it is calm, which container a shared bound concerns, rate limits; and that a full table is counted. */
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

/* ---- single samples between sweeps ---- */
static void test_close_samples(void **state)
{
	static const struct rule_spec spec = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .for_ms = 200, ACTIONS(TERM(1), KILL)},
		{{POLICY_NAME + 1, NULL, "box"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_container(w, 0, "box", 100);
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 1);
	w->slot[0].memory.usage = 301 * MIB;
	for (int i = 0; i < 40; i++) {
		w->w.now_ns += 50 * 1000000;
		engine_update_slot(w->engine, &w->w, 0);
		if (i == 2) { /* a dip begins it anew */
			w->slot[0].memory.usage = 100 * MIB;
			engine_update_slot(w->engine, &w->w, 0);
			w->slot[0].memory.usage = 301 * MIB;
		}
	}
	assert_string_equal(w->log, "1.4 do term box 1/2 by r\n2.4 do kill box 2/2 by r\n");
	world_free(w);
}

/* Deadlines are those that the clock alone decides. */
static void test_deadline(void **state)
{
	static const struct rule_spec spec = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(TERM(7), KILL)},
		{{POLICY_NAME + 1, NULL, "box"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_container(w, 0, "box", 100);
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 1);
	assert_int_equal(engine_deadline(w->engine), 0);
	w->slot[0].memory.usage = 301 * MIB;
	world_run(w, 1);
	assert_int_equal(engine_deadline(w->engine), w->w.now_ns + 7 * SEC);
	w->w.now_ns = engine_deadline(w->engine);
	engine_update_slot(w->engine, &w->w, 0);
	assert_int_equal(w->kills, 1);
	world_free(w);
}

/* ---- tables that are full ---- */
static void test_full(void **state)
{
	static const struct rule_spec slow = {
		"slow",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(THROTTLE(3600))},
		{{POLICY_NAME + 1, NULL, "box-*"}},
		NULL};
	static const struct rule_spec hard = {"hard",
					      {.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(KILL)},
					      {{POLICY_NAME + 1, NULL, "hog"}},
					      NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct engine_counts counts;
	char name[32];

	w->quiet = true;
	for (uint32_t i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "box-%u", i);
		world_container(w, i, name, 400);
	}
	world_container(w, 500, "hog", 400);
	set_add(w, &slow);
	set_add(w, &hard);
	world_rules(w);
	world_run(w, 1);
	engine_counts(w->engine, &counts);
	assert_int_equal(counts.escalations, POLICY_ESCALATIONS);
	assert_true(counts.turned_away > 0);
	assert_int_equal(w->kills, 1); /* another one gave way */
	world_free(w);
}

/* The board grows during an escalation. */
static void test_grow(void **state)
{
	static const struct rule_spec spec = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(TERM(5), KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct engine_callbacks calls = {snapshot_action, world_outcome, world_not_taken,
					 world_next, w};

	engine_free(w->engine);
	assert_int_equal(engine_init(&w->engine, 4, &calls), 0);
	world_container(w, 0, "box", 400);
	world_container(w, 9, "late", 400);
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 2);
	assert_int_equal(engine_grow(w->engine, WORLD_SLOTS), 0);
	assert_int_equal(engine_grow(w->engine, 2), 0);
	world_run(w, 4);
	assert_string_equal(
		w->log,
		"1 do term box 1/2 by r\n3 do term late 1/2 by r\n6 do kill box 2/2 by r\n");
	world_free(w);
	engine_free(NULL);
}

static void test_rate_limit_window(void **state)
{
	struct policy_set set = {.rate_limit_kills = 3, .rate_limit_per_ms = 10000};
	struct rate_limit *b = calloc(1, sizeof(*b));

	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(rate_limit_wait(b, &set, i * SEC), 0);
		rate_limit_spend(b, i * SEC, (uint32_t)i);
	}
	assert_int_equal(rate_limit_left(b, &set, 4 * SEC), 0);
	assert_int_equal(rate_limit_left(b, &set, 11 * SEC), 1);
	assert_int_equal(rate_limit_left(b, &set, 12 * SEC), 2);
	assert_int_equal(rate_limit_left(b, &set, 13 * SEC), 3);
	assert_int_equal(rate_limit_wait(b, &set, 4 * SEC), 11 * SEC);
	assert_int_equal(rate_limit_wait(b, &set, 11 * SEC - 1), 11 * SEC);
	assert_int_equal(rate_limit_wait(b, &set, 11 * SEC), 0);
	set.rate_limit_kills = 0;
	assert_int_equal(rate_limit_wait(b, &set, 99 * SEC), UINT64_MAX);
	assert_int_equal(rate_limit_left(b, &set, 99 * SEC), 0);
	set.rate_limit_per_ms = 0;
	assert_int_equal(rate_limit_wait(b, &set, 99 * SEC), 0);
	assert_true(rate_limit_left(b, &set, 99 * SEC) == UINT64_MAX);
	set = (struct policy_set){.rate_limit_kills = 5000, .rate_limit_per_ms = 1000000};
	for (uint64_t i = 0; i < 3 * RATE_LIMIT_MOST; i++) /* more than it remembers */
		rate_limit_spend(b, 99 * SEC, 1);
	assert_int_equal(rate_limit_left(b, &set, 100 * SEC), 0);
	free(b);
}

/* What was ended for other reasons does not hold up a shortage of the host; that holds up itself, and the others. */
static void test_rate_limit_of_host(void **state)
{
	struct policy_set set = {.rate_limit_kills = 2, .rate_limit_per_ms = 10000};
	struct rate_limits *l = calloc(1, sizeof(*l));

	assert_false(rate_limits_spend(l, &set, 1 * SEC, false, 1));
	assert_false(rate_limits_spend(l, &set, 1 * SEC, true, 2));
	assert_int_equal(rate_limits_wait(l, &set, 2 * SEC, false), 11 * SEC);
	assert_int_equal(rate_limits_wait(l, &set, 2 * SEC, true), 0);
	assert_true(rate_limits_spend(l, &set, 3 * SEC, true, 3)); /* the reserve */
	assert_int_equal(rate_limits_wait(l, &set, 4 * SEC, true), 11 * SEC);
	assert_true(rate_limits_refund(l, 2));
	assert_false(rate_limits_refund(l, 2));
	assert_int_equal(rate_limits_wait(l, &set, 4 * SEC, true), 0);
	assert_int_equal(rate_limits_wait(l, &set, 4 * SEC, false), 11 * SEC);
	set.rate_limit_kills = 0;
	assert_int_equal(rate_limits_wait(l, &set, 99 * SEC, true), UINT64_MAX);
	free(l);
}

/* Decoys do not use the limit up; a policy that ends what frees nothing does not end everything either. */
static void test_rate_limit_of_decoys(void **state)
{
	struct policy_set set = {.rate_limit_kills = 1, .rate_limit_per_ms = 10000};
	struct rate_limits *l = calloc(1, sizeof(*l));

	for (uint32_t i = 1; i <= 16; i++) {
		assert_int_equal(rate_limits_wait(l, &set, SEC, false), 0);
		rate_limits_spend(l, &set, SEC, false, i);
		assert_true(rate_limits_refund_useless(l, &set, SEC, i));
		assert_false(rate_limits_refund_useless(l, &set, SEC, i));
	}
	rate_limits_spend(l, &set, SEC, false, 17);
	assert_false(rate_limits_refund_useless(l, &set, SEC, 17));
	assert_int_equal(rate_limits_wait(l, &set, SEC, false), 11 * SEC);
	assert_true(rate_limits_refund_useless(l, &set, 12 * SEC, 17)); /* another window */
	free(l);
}

/* What is not sampled yet is unknown: new containers, and the host of a daemon that has just started. */
static void test_not_looked_at(void **state)
{
	static const struct rule_spec box = {"box",
					     {.mode = MODE_ENFORCE,
					      .conditions = WHEN(HEADROOM),
					      .threshold[CONDITION_HEADROOM] = {1000 * MIB, 0, 0},
					      ACTIONS(KILL)},
					     {{POLICY_NAME + 1, NULL, "*"}},
					     NULL};
	static const struct rule_spec host = {
		"host",
		{.mode = MODE_ENFORCE,
		 .conditions = WHEN(HOST_AVAILABLE),
		 .threshold[CONDITION_HOST_AVAILABLE] = {100 * MIB, 0, 0},
		 ACTIONS(KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *s = world_container(w, 0, "box", 100);

	memset(&w->host, 0, sizeof(w->host));
	memset(&s->memory, 0, sizeof(s->memory));
	set_add(w, &box);
	set_add(w, &host);
	world_rules(w);
	s->sampled_ns = 0;
	engine_update(w->engine, &w->w);
	assert_int_equal(w->actions, 0);
	s->sampled_ns = WALL0;
	w->w.now_ns += SEC;
	engine_update(w->engine, &w->w);
	assert_int_equal(w->actions, 1);
	world_free(w);
}

#define IN_EARNEST .mode = MODE_ENFORCE, .cooldown_ms = 3600000, ACTIONS(NOTIFY, KILL)

/* The host runs short and every container has its risk: a policy on risk acts on the one that grows, no other. */
static void test_shared_danger(void **state)
{
	static const struct rule_spec rules[] = {
		{.name = "risky",
		 BY_NAME("*"),
		 .p = {IN_EARNEST, .conditions = WHEN(RISK),
		       .threshold[CONDITION_RISK] = {8000, 0, 0}}},
		{.name = "soon",
		 BY_NAME("*"),
		 .p = {IN_EARNEST, .conditions = WHEN(OOM_IN),
		       .threshold[CONDITION_OOM_IN] = {60000, 0, 0}}},
		{.name = "little",
		 BY_NAME("*"),
		 .p = {IN_EARNEST, .conditions = WHEN(HEADROOM),
		       .threshold[CONDITION_HEADROOM] = {512 * MIB, 0, 0}}},
	};
	static const char *const identity[] = {"grower", "still", "slow", "shrinks"};
	static const int64_t drift[] = {10 * (int64_t)MIB, 0, 1024, -(int64_t)MIB};

	for (size_t r = 0; r < ARRAY_SIZE(rules); r++) {
		for (int level = HR_LEVEL_OWN; level <= HR_LEVEL_HOST; level++) {
			struct snapshot *w = world_new(MODE_ENFORCE);

			set_add(w, &rules[r]);
			world_rules(w);
			for (uint32_t i = 0; i < ARRAY_SIZE(identity); i++) {
				struct hr_slot *s = world_container(w, i, identity[i], 300);

				s->binding.level = (uint8_t)level;
				s->memory.headroom = 100 * MIB;
				s->forecast.risk_centi = 9000;
				s->forecast.oom_in_p50_ms = 10000;
				s->forecast.drift_bytes_per_second = drift[i];
			}
			w->answer = ANSWER_NEVER;
			world_run(w, 30);
			/* Its own limit is its own affair: there all four are meant. */
			assert_int_equal(w->kills, level == HR_LEVEL_OWN ? 4 : 1);
			if (level != HR_LEVEL_OWN)
				assert_non_null(strstr(w->log, "do kill grower"));
			world_free(w);
		}
	}
}

/* Told to be next, and then it ends. */
static void test_next_of_the_gone(void **state)
{
	static const struct rule_spec spec = {"r",
					      {.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(KILL)},
					      {{POLICY_NAME + 1, NULL, "box"}},
					      NULL};
	struct snapshot *w = world_new(MODE_OBSERVE);

	w->terse = false;
	world_container(w, 0, "box", 301);
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 1);
	world_ends(w, 0);
	world_run(w, 1);
	assert_string_equal(w->log, "1 next of 0: kill\n1 next of 0: -\n");
	world_free(w);
}

/* Two policies hold at the same sample: the first by priority acts; a more severe one takes over at once, and only one of
 * them kills. */
static void test_at_once(void **state)
{
	static const struct {
		const char *name;
		struct policy first, second;
		const char *log;
	} rows[] = {
		{"equals",
		 {ACTIONS(TERM(5), KILL)},
		 {ACTIONS(TERM(5), KILL)},
		 "1 do term box 1/2 by first\n"},
		{"two kills", {ACTIONS(KILL)}, {ACTIONS(KILL)}, "1 do kill box 1/1 by first\n"},
		{"the first is the harsher",
		 {ACTIONS(KILL)},
		 {ACTIONS(TERM(5), KILL)},
		 "1 do kill box 1/1 by first\n"},
		{"the second is the harsher",
		 {ACTIONS(THROTTLE(30))},
		 {ACTIONS(KILL)},
		 "1 do throttle box 1/1 by first\n1 do kill box 1/1 by second\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		const struct policy *p[] = {&rows[i].first, &rows[i].second};

		w->answer = ANSWER_NEVER;
		w->terse = true;
		world_container(w, 0, "box", 400);
		for (size_t k = 0; k < 2; k++) {
			struct rule_spec spec = {k ? "second" : "first",
						 *p[k],
						 {{POLICY_NAME + 1, NULL, "box"}},
						 NULL};

			spec.p.mode = MODE_ENFORCE;
			spec.p.conditions = WHEN(USAGE);
			spec.p.threshold[CONDITION_USAGE] =
				(struct policy_threshold){300 * MIB, 0, 0};
			set_add(w, &spec);
		}
		world_rules(w);
		world_run(w, 2);
		if (strcmp(w->log, rows[i].log))
			fail_msg("%s: %s", rows[i].name, w->log);
		world_free(w);
	}
}

/* A refused action has ended nothing, and is not charged. */
static void refuse(struct snapshot *w, const struct action *action)
{
	if (action->target.slot == 0)
		world_answer(w, action, HR_STATUS_REFUSED);
}

static void test_refund(void **state)
{
	static const struct rule_spec spec = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(TERM(5), KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->set->rate_limit_kills = 1;
	w->set->rate_limit_per_ms = 600000;
	w->answer = ANSWER_NEVER;
	w->on_order = refuse;
	world_container(w, 0, "owned", 301);
	world_container(w, 1, "box", 301);
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 1);
	assert_string_equal(
		w->log,
		"1 do term owned 1/2 by r\n1 do kill owned 2/2 by r\n1 do term box 1/2 by r\n");
	world_free(w);
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
		cmocka_unit_test(test_close_samples),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_rate_limit_window),
		cmocka_unit_test(test_rate_limit_of_host),
		cmocka_unit_test(test_rate_limit_of_decoys),
		cmocka_unit_test(test_not_looked_at),
		cmocka_unit_test(test_shared_danger),
		cmocka_unit_test(test_next_of_the_gone),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_refund),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
