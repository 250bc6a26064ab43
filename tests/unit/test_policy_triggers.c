// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What is armed: thresholds, possible targets, what a reflex is charged, and when nothing is armed. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

static void test_armed(void **state)
{
	static const struct rule_spec reflex = {
		"reflex",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(REFLEX, KILL)},
		{{POLICY_NAME + 1, NULL, "box*"}},
		NULL};
	static const struct rule_spec early = {
		"early",
		{.mode = MODE_ENFORCE, USAGE_AT(200), .for_ms = 3600000, ACTIONS(NOTIFY)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	const struct policy *p = NULL;
	struct action action;
	uint64_t at = 0;
	bool is_reflex = false;

	world_container(w, 0, "box", 10);
	world_container(w, 1, "other", 10);
	world_container(w, 2, "sshd", 10);
	world_container(w, 3, "box-2", 10);
	world_container(w, 4, "box-3", 0);
	w->slot[4].flags = 0; /* it has no process yet */
	set_protect(w, POLICY_NAME, "sshd");
	w->set->rate_limit_kills = 1;
	w->set->rate_limit_per_ms = 600000;
	set_add(w, &early);
	set_add(w, &reflex);
	world_rules(w);
	world_run(w, 1);
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at,
				   &is_reflex)); /* the reflex, though the other is nearer */
	assert_true(is_reflex);
	assert_int_equal(at, 300 * MIB);
	assert_true(engine_trigger(w->engine, &w->w, 1, &p, &at, &is_reflex));
	assert_false(is_reflex);
	assert_int_equal(at, 200 * MIB);
	assert_false(engine_trigger(w->engine, &w->w, 2, &p, &at, &is_reflex));
	assert_true(engine_trigger(w->engine, &w->w, 4, &p, &at, &is_reflex) && is_reflex);
	/* not where the kernel has just OOM-killed */
	engine_oom_kill(w->engine, 3, w->w.now_ns);
	assert_true(engine_trigger(w->engine, &w->w, 3, &p, &at, &is_reflex) && !is_reflex);
	world_run(w, 6);
	assert_true(engine_trigger(w->engine, &w->w, 3, &p, &at, &is_reflex) && is_reflex);
	/* it fires */
	w->slot[0].memory.usage = 310 * MIB;
	assert_true(engine_reflex_fired(w->engine, &w->w, 0, &action));
	assert_int_equal(action.kind, HR_ACTION_REFLEX);
	assert_int_equal(action.step, 1);
	assert_int_equal(action.mode, MODE_ENFORCE);
	assert_string_equal(policy_text(w->set, action.policy->name), "reflex");
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	assert_false(is_reflex); /* it has fired already, and the rate limit is reached */
	assert_true(engine_trigger(w->engine, &w->w, 3, &p, &at, &is_reflex) && !is_reflex);
	/* it was not enough: the escalation continues, without another charge */
	world_run(w, 3);
	assert_string_equal(w->log, "8 do kill box 2/2 by reflex\n");
	world_free(w);
}

static void test_reflex_calm(void **state)
{
	static const struct rule_spec reflex = {
		"reflex",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(REFLEX)},
		{{POLICY_NAME + 1, NULL, "box"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	const struct policy *p;
	struct action action;
	bool is_reflex;
	uint64_t at;

	world_container(w, 0, "box", 310);
	set_add(w, &reflex);
	world_rules(w);
	world_run(w, 5); /* a sample sees it first: no action follows from here */
	assert_int_equal(w->actions, 0);
	assert_true(engine_reflex_fired(w->engine, &w->w, 0, &action));
	world_ends(w, 0);
	world_run(w, 3);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->last_outcome.averted, 1);
	world_container(w, 0, "box", 10); /* restarted: not armed within the cooldown */
	world_run(w, 1);
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	assert_false(is_reflex);
	world_run(w, 70);
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	assert_true(is_reflex);
	engine_set_policies(w->engine, NULL);
	assert_false(engine_reflex_fired(w->engine, &w->w, 0, &action));
	world_free(w);
}

/* No cooldown: its successor is armed from its first moment. The escalation of the one that ended is not over yet. */
static void test_no_cooldown(void **state)
{
	static const struct rule_spec reflex = {
		"reflex",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(REFLEX, KILL)},
		{{POLICY_NAME + 1, NULL, "box"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	const struct policy *p;
	struct action action;
	bool is_reflex = false;
	uint64_t at;

	world_container(w, 0, "box", 310);
	world_container(w, 1, "box", 10);
	w->slot[0].id.workload = w->slot[1].id.workload = 7;
	set_add(w, &reflex);
	world_rules(w);
	world_run(w, 1);
	assert_true(engine_reflex_fired(w->engine, &w->w, 0, &action));
	world_run(w, 1);
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && !is_reflex);
	assert_true(engine_trigger(w->engine, &w->w, 1, &p, &at, &is_reflex) && is_reflex);
	world_free(w);
}

/* A kill that was asked for and has not come yet: the reflex stays armed, and what it kills then is no further step and no further
 * charge. With the result it is disarmed. */
static void test_armed_until_killed(void **state)
{
	static const struct rule_spec reflex = {
		"reflex",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(REFLEX, KILL)},
		{{POLICY_NAME + 1, NULL, "box"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	const struct policy *p;
	struct action action;
	bool is_reflex;
	uint64_t at, left;

	world_container(w, 0, "box", 310);
	w->set->rate_limit_kills = 2;
	w->set->rate_limit_per_ms = 600000;
	set_add(w, &reflex);
	world_rules(w);
	w->answer = ANSWER_LATER;
	world_run(w, 1);
	assert_int_equal(w->kills, 1);
	assert_true(engine_kills_now(w->engine, 0));
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	left = engine_kills_left(w->engine, w->w.now_ns);
	assert_true(engine_reflex_fired(w->engine, &w->w, 0, &action));
	assert_int_equal(action.kind, HR_ACTION_REFLEX);
	assert_int_equal(engine_kills_left(w->engine, w->w.now_ns), left);
	world_answer(w, &w->later, HR_STATUS_DONE);
	assert_false(engine_kills_now(w->engine, 0));
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && !is_reflex);
	assert_int_equal(w->kills, 1);
	world_free(w);
}

/* Only what BPF can't see must be decided already: conditions besides the size hold, no `for`, and it is in earnest. */
static void test_not_armed(void **state)
{
	static const struct {
		const char *name;
		struct policy p;
		enum policy_mode mode;
	} cases[] = {
		{"for",
		 {.mode = MODE_ENFORCE, USAGE_AT(300), .for_ms = 1000, ACTIONS(REFLEX)},
		 MODE_ENFORCE},
		{"dry-run", {.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(REFLEX)}, MODE_DRY_RUN},
		{"policy's dry-run",
		 {.mode = MODE_DRY_RUN, USAGE_AT(300), ACTIONS(REFLEX)},
		 MODE_ENFORCE},
		{"unknown risk",
		 {.mode = MODE_ENFORCE,
		  .conditions = WHEN(USAGE) | WHEN(RISK),
		  .threshold[CONDITION_USAGE] = {300 * MIB, 0, 0},
		  .threshold[CONDITION_RISK] = {1, 0, 0},
		  ACTIONS(REFLEX)},
		 MODE_ENFORCE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = world_new(cases[i].mode);
		struct rule_spec spec = {
			.name = "r", .p = cases[i].p, .selector = {{POLICY_NAME + 1, NULL, "*"}}};
		const struct policy *p;
		bool is_reflex = true;
		uint64_t at;

		world_container(w, 0, "box", 10);
		set_add(w, &spec);
		world_rules(w);
		world_run(w, 1);
		if (!engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) || is_reflex)
			fail_msg("%s", cases[i].name);
		world_free(w);
	}
}

/* A share of a limit that was not read yet: BPF takes it of the live limit. */
static void test_limit_unknown(void **state)
{
	static const struct rule_spec share = {"share",
					       {.mode = MODE_ENFORCE,
						.conditions = WHEN(USAGE),
						.threshold[CONDITION_USAGE] = {HR_UNKNOWN, 900, 0},
						ACTIONS(REFLEX, KILL)},
					       {{POLICY_CGROUP + 1, NULL, "/*"}},
					       NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	const struct policy *p;
	bool is_reflex = false;
	struct hr_slot *slot = world_container(w, 0, "box", 10);
	uint64_t at = 0;

	set_add(w, &share);
	world_rules(w);
	memset(&slot->memory, 0xff, sizeof(slot->memory));
	slot->sampled_ns = 0;
	slot->id.workload = 0; /* its name may be protected */
	assert_false(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	slot->id.workload = 7;
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	assert_int_equal(at, HR_UNKNOWN);
	/* a usage alone, of a tripwire or the fast poll, says nothing of the limit */
	slot->sampled_ns = 1;
	slot->memory.usage = 10 * MIB;
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	assert_int_equal(at, HR_UNKNOWN);
	slot->memory.limit = 100 * MIB;
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	assert_int_equal(at, 90 * MIB);
	/* a sweep: it has none */
	slot->memory.limit = HR_UNKNOWN;
	slot->memory.headroom = 1000 * MIB;
	assert_false(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	/* but a new one may get it after the sweep */
	slot->started_ns = WALL0;
	slot->sampled_ns = WALL0 + 2000000000;
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	assert_int_equal(at, HR_UNKNOWN);
	slot->sampled_ns = WALL0 + 5000000000;
	assert_false(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	slot->started_ns = HR_UNKNOWN; /* it existed before the daemon */
	assert_false(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex));
	/* no answer, but a sweep: unless it may have a protected name */
	slot->id.workload = 0;
	slot->id.kind = HR_KIND_GROUP;
	slot->memory.limit = 100 * MIB;
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	set_protect(w, POLICY_NAME, "database");
	world_rules(w);
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && !is_reflex);
	slot->id.workload = 7;
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &is_reflex) && is_reflex);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_armed),       cmocka_unit_test(test_reflex_calm),
		cmocka_unit_test(test_no_cooldown), cmocka_unit_test(test_armed_until_killed),
		cmocka_unit_test(test_not_armed),   cmocka_unit_test(test_limit_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
