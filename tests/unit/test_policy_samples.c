// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Between sweeps: single samples, deadlines, what is not sampled yet. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_samples),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_not_looked_at),
		cmocka_unit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
