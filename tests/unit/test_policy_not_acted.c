// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What no action says: a shortage without a target, a reflex that the rate limit keeps from firing, and why no policy acted
 * before the kernel. Each once for a target and an episode. */
#include "fixture_policy.h"

static const struct rule_spec low = {
	"low",
	{.mode = MODE_ENFORCE, HOST_BELOW(50), .cooldown_ms = 60000, ACTIONS(NOTIFY, KILL)},
	{{0}},
	NULL};
static const struct rule_spec only_web = {
	"web",
	{.mode = MODE_ENFORCE, HOST_BELOW(50), .cooldown_ms = 60000, ACTIONS(KILL)},
	{{POLICY_NAME + 1, NULL, "web"}},
	NULL};

static struct snapshot *short_host(enum policy_mode mode, const struct rule_spec *spec)
{
	struct snapshot *w = world_new(mode);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "db", 900);
	set_protect(w, POLICY_NAME, "db");
	set_add(w, spec);
	world_rules(w);
	return w;
}

static void test_no_candidate(void **state)
{
	for (int mode = MODE_DRY_RUN; mode <= MODE_ENFORCE; mode++) {
		struct snapshot *w = short_host(mode, &low);

		world_run(w, 30);                                     /* once for this episode */
		assert_true(w->not_taken.inputs.usage == HR_UNKNOWN); /* there is no target */
		assert_int_equal(w->not_taken.inputs.host_available, 100 * MIB);
		assert_int_equal(w->not_taken.skipped_count, 1);
		assert_int_equal(w->not_taken.skipped[0].record.reason, HR_SKIP_PROTECTED);
		assert_string_equal(w->log, "6 skipped kill : no candidate may be chosen\n");
		assert_int_equal(w->actions, 0);
		/* calm, then short again: a new episode */
		w->host.mem_available = 2048 * MIB;
		world_run(w, 5);
		w->host.mem_available = 100 * MIB;
		world_run(w, 10);
		assert_string_equal(w->log, "6 skipped kill : no candidate may be chosen\n"
					    "41 skipped kill : no candidate may be chosen\n");
		/* a target appears in it: it is taken at once */
		world_container(w, 1, "hog", 900);
		world_run(w, 2);
		assert_int_equal(w->kills, 1);
		assert_string_equal(world_name(w, &w->last.target), "hog");
		world_free(w);
	}
}

static void test_no_match(void **state)
{
	struct snapshot *w = short_host(MODE_ENFORCE, &only_web);

	world_run(w, 10);
	assert_string_equal(w->log, "6 skipped kill : nothing that it matches runs\n");
	world_free(w);
	w = short_host(MODE_OBSERVE, &only_web); /* no events in this mode */
	world_run(w, 10);
	assert_string_equal(w->log, "");
	world_free(w);
}

static const struct rule_spec reflex = {"reflex",
					{.mode = MODE_ENFORCE,
					 .conditions = WHEN(USAGE),
					 .threshold[CONDITION_USAGE] = {300 * MIB, 0, 0},
					 .cooldown_ms = 1000,
					 ACTIONS(REFLEX)},
					{{POLICY_NAME + 1, NULL, "hog*"}},
					NULL};

/* The only action is the kernel's, and may not be taken: the target that crosses the threshold is named once. */
static void test_reflex_refused(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_container(w, 0, "hog", 400);
	set_add(w, &reflex);
	w->set->rate_limit_kills = 0;
	w->set->rate_limit_per_ms = 600000;
	world_rules(w);
	world_run(w, 20);
	assert_string_equal(w->log, "1 refused reflex hog: rate limit reached\n");
	w->slot[0].memory.usage = 100 * MIB;
	world_run(w, 5);
	w->slot[0].memory.usage = 400 * MIB;
	world_run(w, 5);
	assert_string_equal(w->log, "1 refused reflex hog: rate limit reached\n"
				    "26 refused reflex hog: rate limit reached\n");
	world_free(w);
	w = world_new(MODE_ENFORCE); /* within the limit nothing is said */
	world_container(w, 0, "hog", 400);
	set_add(w, &reflex);
	w->set->rate_limit_kills = 3;
	w->set->rate_limit_per_ms = 600000;
	world_rules(w);
	world_run(w, 20);
	assert_string_equal(w->log, "");
	world_free(w);
}

/* ---- why no policy had acted when the kernel killed in slot 0 ---- */

static const struct {
	const char *name; /* of the container */
	uint64_t mib;
	enum policy_mode mode;
	bool protected, killed_before, refused, held;
	uint32_t for_s, flags;
	const char *reason; /* NULL: no policy matches */
} kills[] = {
	{.name = "other", .mib = 400, .mode = MODE_ENFORCE, .reason = NULL},
	{.name = "hog",
	 .mib = 100,
	 .mode = MODE_ENFORCE,
	 .reason = "its condition was not reached"},
	{.name = "hog", .mib = 100, .mode = MODE_DRY_RUN, .reason = "mode is not enforce"},
	{.name = "hog", .mib = 100, .mode = MODE_OBSERVE, .reason = "mode is not enforce"},
	{.name = "hog", .mib = 100, .mode = MODE_ENFORCE, .protected = true, .reason = "protected"},
	{.name = "hog",
	 .mib = 100,
	 .mode = MODE_ENFORCE,
	 .flags = HR_SLOT_REFLEX,
	 .reason = "the reflex was armed and did not fire"},
	{.name = "hog", .mib = 400, .mode = MODE_ENFORCE, .reason = "its actions were under way"},
	{.name = "hog",
	 .mib = 400,
	 .mode = MODE_ENFORCE,
	 .for_s = 60,
	 .reason = "its condition held for less than `for`"},
	{.name = "hog",
	 .mib = 400,
	 .mode = MODE_ENFORCE,
	 .refused = true,
	 .reason = "rate limit reached"},
	{.name = "hog",
	 .mib = 100,
	 .mode = MODE_ENFORCE,
	 .refused = true,
	 .reason = "rate limit reached"},
};

static void test_not_acted(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		struct rule_spec spec = {"switch",
					 {.mode = MODE_ENFORCE,
					  .conditions = WHEN(USAGE),
					  .threshold[CONDITION_USAGE] = {300 * MIB, 0, 0},
					  .cooldown_ms = 60000,
					  .for_ms = kills[i].for_s * 1000,
					  ACTIONS(TERM(30), KILL)},
					 {{POLICY_NAME + 1, NULL, "hog"}},
					 NULL};
		struct snapshot *w = world_new(kills[i].mode);
		const struct policy *policy = NULL;
		enum hr_skip_reason reason = HR_SKIP_NONE;
		bool found;

		world_container(w, 0, kills[i].name, kills[i].mib)->flags |= kills[i].flags;
		if (kills[i].protected)
			set_protect(w, POLICY_NAME, "hog");
		set_add(w, &spec);
		if (kills[i].refused)
			w->set->rate_limit_per_ms = 600000;
		world_rules(w);
		world_run(w, 5);
		found = engine_not_acted(w->engine, &w->w, 0, false, &policy, &reason);
		if (found != !!kills[i].reason ||
		    (found && strcmp(hr_skip_reason_name(reason), kills[i].reason)))
			fail_msg("kill %zu: %s", i, found ? hr_skip_reason_name(reason) : "none");
		/* a policy about a container says nothing of a kill for want of the host's memory */
		assert_false(engine_not_acted(w->engine, &w->w, 0, true, &policy, &reason));
		world_free(w);
	}
}

/* The last step had no effect: that is said, and not that it was under way. With a further step, what that does counts. */
static void test_without_effect(void **state)
{
	static const struct {
		enum hr_action_status status;
		enum hr_skip_reason reason;
		bool kills;
		const char *says;
	} rows[] = {
		{HR_STATUS_SKIPPED, HR_SKIP_PAUSED, false, "the target was paused"},
		{HR_STATUS_SKIPPED, HR_SKIP_PAUSED, true, "its actions were under way"},
		{HR_STATUS_FAILED, HR_SKIP_NONE, false, "its action failed"},
		{HR_STATUS_SKIPPED, HR_SKIP_HIDDEN, false, "its processes are not visible"},
		{HR_STATUS_SKIPPED, HR_SKIP_NONE, false, "its action had no effect"},
		{HR_STATUS_REFUSED, HR_SKIP_NONE, false, "its action had no effect"},
		{HR_STATUS_DONE, HR_SKIP_NONE, false, "its actions were under way"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rule_spec spec = {"switch",
					 {.mode = MODE_ENFORCE,
					  .conditions = WHEN(USAGE),
					  .threshold[CONDITION_USAGE] = {300 * MIB, 0, 0},
					  .cooldown_ms = 60000,
					  ACTIONS(TERM(30), KILL)},
					 {{POLICY_NAME + 1, NULL, "hog"}},
					 NULL};
		struct snapshot *w = world_new(MODE_ENFORCE);
		const struct policy *policy = NULL;
		enum hr_skip_reason reason = HR_SKIP_NONE;
		struct action_result result;

		spec.p.actions = rows[i].kills ? 2 : 1;
		w->answer = ANSWER_NEVER;
		world_container(w, 0, "hog", 400);
		set_add(w, &spec);
		world_rules(w);
		world_run(w, 2);
		assert_int_equal(w->last.kind, HR_ACTION_TERM);
		action_result_init(&result, &w->last, rows[i].status);
		result.reason = rows[i].reason;
		engine_action_done(w->engine, &w->w, &result);
		assert_true(engine_not_acted(w->engine, &w->w, 0, false, &policy, &reason));
		assert_string_equal(hr_skip_reason_name(reason), rows[i].says);
		if (rows[i].status != HR_STATUS_DONE && !rows[i].kills) { /* nor in its cooldown */
			world_run(w, 5);
			assert_true(engine_not_acted(w->engine, &w->w, 0, false, &policy, &reason));
			assert_string_equal(hr_skip_reason_name(reason), rows[i].says);
		}
		world_free(w);
	}
}

static void test_not_acted_host(void **state)
{
	struct snapshot *w = short_host(MODE_ENFORCE, &low);
	const struct policy *policy;
	enum hr_skip_reason reason;

	world_run(w, 2);
	assert_true(engine_not_acted(w->engine, &w->w, 0, true, &policy, &reason));
	assert_int_equal(reason, HR_SKIP_PROTECTED);
	assert_true(engine_not_acted(w->engine, &w->w, HR_UNKNOWN_U32, true, &policy, &reason));
	assert_int_equal(reason, HR_SKIP_NO_CANDIDATE);
	w->host.mem_available = 3000 * MIB;
	world_run(w, 2);
	assert_true(engine_not_acted(w->engine, &w->w, 0, true, &policy, &reason));
	assert_int_equal(reason, HR_SKIP_NOT_REACHED);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_candidate),   cmocka_unit_test(test_no_match),
		cmocka_unit_test(test_reflex_refused), cmocka_unit_test(test_not_acted),
		cmocka_unit_test(test_not_acted_host), cmocka_unit_test(test_without_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
