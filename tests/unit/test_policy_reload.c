// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* New policies while escalations are under way: what continues, what ends, what is withdrawn. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

static struct policy_set *second_set(struct snapshot *w, const struct rule_spec *spec,
				     enum policy_mode mode)
{
	struct policy_set *first = w->set;

	w->set = set_new(mode);
	w->globs = w->matches = w->text = 0;
	if (spec) {
		struct rule_spec other = *spec;

		other.name = "other"; /* indices move */
		other.p.conditions = WHEN(AGE);
		other.p.threshold[CONDITION_AGE].value = UINT64_MAX / 2;
		set_add(w, &other);
		set_add(w, spec);
	}
	world_rules(w);
	return first;
}

static void test_reload(void **state)
{
	static const struct rule_spec spec = {"r",
					      {.mode = MODE_ENFORCE,
					       USAGE_AT(300),
					       .for_ms = 5000,
					       .cooldown_ms = 60000,
					       ACTIONS(TERM(10), KILL)},
					      {{POLICY_NAME + 1, NULL, "box"}},
					      NULL};
	static const struct {
		const char *name;
		unsigned int at;
		enum policy_mode mode;
		const char *log;
	} cases[] = {
		{"the same, while it is held", 4, MODE_ENFORCE,
		 "6 do term box 1/2 by r\n16 do kill box 2/2 by r\n"},
		{"the same, between two steps", 8, MODE_ENFORCE,
		 "6 do term box 1/2 by r\n16 do kill box 2/2 by r\n"},
		{"down to observe", 8, MODE_OBSERVE, "6 do term box 1/2 by r\n"},
		{"down to a dry run", 8, MODE_DRY_RUN,
		 "6 do term box 1/2 by r\n14 dry-run term box 1/2 by r\n24 dry-run kill box 2/2 "
		 "by r\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct policy_set *first;

		world_container(w, 0, "box", 301);
		set_add(w, &spec);
		world_rules(w);
		world_run(w, cases[i].at);
		first = second_set(w, &spec, cases[i].mode);
		memset(first, 0xa5, SET_BYTES); /* it is not read any more */
		free(first);
		world_run(w, 30);
		if (strcmp(w->log, cases[i].log) != 0)
			fail_msg("%s:\n%s", cases[i].name, w->log);
		world_free(w);
	}
}

static void test_reload_changes(void **state)
{
	struct rule_spec spec = {"r",
				 {.mode = MODE_ENFORCE,
				  USAGE_AT(300),
				  .for_ms = 5000,
				  .cooldown_ms = 60000,
				  ACTIONS(TERM(10), KILL)},
				 {{POLICY_NAME + 1, NULL, "box"}},
				 NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_container(w, 0, "box", 301);
	set_add(w, &spec);
	world_rules(w);
	world_run(w, 8);
	spec.p.action[0].grace_ms =
		20000; /* other steps: the escalation ends, and its cooldown holds */
	free(second_set(w, &spec, MODE_ENFORCE));
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->last_outcome.averted, HR_UNKNOWN_U32);
	world_run(w, 50);
	assert_int_equal(w->actions, 1);
	free(second_set(w, NULL, MODE_ENFORCE)); /* gone */
	world_run(w, 10);
	engine_set_policies(w->engine, NULL);
	world_run(w, 10);
	assert_int_equal(w->actions, 1);
	world_free(w);
}

/* A policy that would kill is observed: its next action is reported. */
static struct snapshot *observed(void)
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
	return w;
}

/* The next action that was reported is withdrawn: with its policy, and with its target. */
static void test_reload_next(void **state)
{
	struct snapshot *w = observed();

	world_run(w, 2);
	free(second_set(w, NULL, MODE_OBSERVE));
	world_run(w, 2);
	assert_string_equal(w->log, "1 next of 0: kill\n3 next of 0: -\n");
	world_free(w);
}

static void test_next_of_the_gone(void **state)
{
	struct snapshot *w = observed();

	world_run(w, 1);
	world_ends(w, 0);
	world_run(w, 1);
	assert_string_equal(w->log, "1 next of 0: kill\n1 next of 0: -\n");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_changes),
		cmocka_unit_test(test_reload_next),
		cmocka_unit_test(test_next_of_the_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
