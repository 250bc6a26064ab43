// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Rate limits: what counts, what does not, and what is given back; and that a full table is counted. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

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
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_rate_limit_window),
		cmocka_unit_test(test_rate_limit_of_host),
		cmocka_unit_test(test_rate_limit_of_decoys),
		cmocka_unit_test(test_refund),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
