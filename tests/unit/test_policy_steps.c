// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* An escalation over time: which step when, what ends it, what never happens. Each scenario is a policy, a course of events and
 * the expected log. */
#include "fixture_scenario.h"

/* The kill-switch of the contract. */
static const struct rule_spec kill_switch = {"switch",
					     {.mode = MODE_ENFORCE,
					      USAGE_AT(300),
					      .for_ms = 30000,
					      .cooldown_ms = 300000,
					      ACTIONS(NOTIFY, THROTTLE(10), TERM(30), KILL)},
					     {{POLICY_NAME + 1, NULL, "citizen-*"}},
					     NULL};

static void go_whole(struct snapshot *w)
{
	rule(w, &kill_switch);
	world_run(w, 5);
	usage(w, 312);
	world_run(w, 400);
}

static void go_observe(struct snapshot *w)
{
	w->set->mode = MODE_OBSERVE;
	w->terse = false;
	go_whole(w);
	usage(w, 100);
	world_run(w, 2);
}

static void go_policy_observe(struct snapshot *w)
{
	struct rule_spec spec = kill_switch;

	spec.p.mode = MODE_OBSERVE;
	run_above(w, &spec, 100);
}

/* One dry run: not again while it lasts, nor within the cooldown after it was calm. */
static void go_dry_run(struct snapshot *w)
{
	w->set->mode = MODE_DRY_RUN;
	run_above(w, &kill_switch, 3000);
	usage(w, 100);
	world_run(w, 100);
	usage(w, 312);
	world_run(w, 190);
	assert_int_equal(w->actions, 4);
	world_run(w, 20);
}

static void go_calm_in_time(struct snapshot *w)
{
	w->terse = false;
	run_above(w, &kill_switch, 45); /* terminated at 41 */
	usage(w, 290); /* below the threshold, within its margin: neither on nor over */
	world_run(w, 40);
	usage(w, 200);
	world_run(w, 10);
}

/* Calm after the throttle, and back within the cooldown: the escalation continues where it stood. */
static void go_relapse(struct snapshot *w)
{
	run_above(w, &kill_switch, 33);
	usage(w, 200);
	world_run(w, 10);
	usage(w, 312);
	world_run(w, 40);
}

static void go_restart_between(struct snapshot *w)
{
	run_above(w, &kill_switch, 25);
	world_container(w, 0, "citizen-7", 312); /* another cgroup: its time begins anew */
	world_run(w, 29);
	assert_int_equal(w->actions, 0);
	world_run(w, 3);
	world_container(w, 0, "citizen-7",
			312); /* and once more, between two steps: the cooldown covers it */
	world_run(w, 300);
	assert_int_equal(w->actions, 2);
	world_run(w, 10);
}

static void go_jitter(struct snapshot *w)
{
	rule(w, &kill_switch);
	for (int i = 0; i < 20; i++) {
		usage(w, 312);
		world_run(w, 29);
		usage(w, 299);
		world_run(w, 1);
	}
}

/* An input that is unknown for a while neither starts nor resets anything. */
static void go_gap(struct snapshot *w)
{
	run_above(w, &kill_switch, 20);
	w->slot[0].memory.usage = HR_UNKNOWN;
	world_run(w, 20);
	assert_int_equal(w->actions, 0);
	usage(w, 312);
	world_run(w, 1);
}

static void go_clock_back(struct snapshot *w)
{
	rule(w, &kill_switch);
	usage(w, 312);
	for (int i = 0; i < 200; i++) {
		world_step_ms(w, 10000);
		w->w.now_ns -= 10 * SEC;
	}
	assert_int_equal(w->actions, 0);
	world_run(w, 39);
	assert_int_equal(w->actions, 0);
	world_run(w, 2);
}

static void go_failing_actions(struct snapshot *w)
{
	w->answer = ANSWER_FAILED;
	run_above(w, &kill_switch, 400);
}

static void go_never_answered(struct snapshot *w)
{
	w->answer = ANSWER_NEVER;
	go_whole(w);
}

/* Mostly anonymous memory and no swap: a throttle would only strangle it. */
static void go_nothing_to_reclaim(struct snapshot *w)
{
	w->slot[0].memory.unreclaimable = 300 * MIB;
	run_above(w, &kill_switch, 35);
}

/* Every step was skipped, so a dry run has asked for nothing that its log must wait for: after the cooldown it looks again,
 * as enforcement does. */
static void go_all_skipped(struct snapshot *w, enum policy_mode mode)
{
	struct rule_spec spec = {
		.name = "slow",
		BY_NAME("citizen-*"),
		.p = {.mode = mode, USAGE_AT(300), .cooldown_ms = 5000, ACTIONS(THROTTLE(3))}};

	w->slot[0].memory.unreclaimable = 300 * MIB;
	run_above(w, &spec, 3);
	w->slot[0].memory.unreclaimable = 100 * MIB;
	world_run(w, 4);
}

static void go_all_skipped_enforce(struct snapshot *w) { go_all_skipped(w, MODE_ENFORCE); }
static void go_all_skipped_dry_run(struct snapshot *w) { go_all_skipped(w, MODE_DRY_RUN); }

static void go_rate_limit(struct snapshot *w)
{
	w->set->rate_limit_kills = 0;
	w->set->rate_limit_per_ms = 600000;
	run_above(w, &kill_switch, 400);
}

static void go_rate_limit_frees(struct snapshot *w)
{
	static const struct rule_spec now = {"now",
					     {.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(KILL)},
					     {{POLICY_NAME + 1, NULL, "*"}},
					     NULL};

	w->set->rate_limit_kills = 1;
	w->set->rate_limit_per_ms = 60000;
	world_container(w, 1, "second", 400);
	run_above(w, &now, 1);
	world_ends(w, 0);
	world_run(w, 100);
}

static void go_kernel_oom(struct snapshot *w)
{
	static const struct rule_spec now = {
		"now",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(NOTIFY, TERM(2), KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};

	w->terse = false;
	run_above(w, &now, 2);
	engine_oom_kill(w->engine, 0, w->w.now_ns);
	world_run(w, 6);
	usage(w, 0);
	world_run(w, 3);
}

/* The target may vanish at every step. */
static void go_vanishes(struct snapshot *w)
{
	static const unsigned int at[] = {29, 32, 45, 75, 77};

	rule(w, &kill_switch);
	w->quiet = true;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		world_container(w, 0, "citizen-7", 312)->id.workload = 50 + i;
		world_run(w, at[i]);
		world_ends(w, 0);
		world_run(w, 100);
		assert_int_equal(w->ends, i);
	}
}

static void go_notify_only(struct snapshot *w)
{
	static const struct rule_spec spec = {
		"notice",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(NOTIFY)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};

	run_above(w, &spec, 500);
	usage(w, 100);
	world_run(w, 2);
	usage(w, 312);
	world_run(w, 2);
	assert_int_equal(w->last_outcome.averted, HR_UNKNOWN_U32);
}

static void go_more_severe_takes_over(struct snapshot *w)
{
	static const struct rule_spec gentle = {"gentle",
						{.mode = MODE_ENFORCE,
						 USAGE_AT(300),
						 .cooldown_ms = 60000,
						 ACTIONS(NOTIFY, TERM(60), KILL)},
						{{POLICY_NAME + 1, NULL, "*"}},
						NULL};
	static const struct rule_spec hard = {
		"hard",
		{.mode = MODE_ENFORCE, USAGE_AT(500), .cooldown_ms = 60000, ACTIONS(KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};

	set_add(w, &gentle);
	run_above(w, &hard, 5);
	usage(w, 501);
	world_run(w, 40);
}

static void go_sequence_in_the_file(struct snapshot *w)
{
	struct rule_spec spec = kill_switch;

	spec.p.for_ms = 0;
	spec.name = "first";
	set_add(w, &spec);
	spec.name = "second";
	run_above(w, &spec, 10);
}

static void go_dry_run_never_blocks(struct snapshot *w)
{
	struct rule_spec spec = kill_switch;

	spec.p.for_ms = 0;
	spec.p.mode = MODE_DRY_RUN;
	spec.name = "trial";
	set_add(w, &spec);
	spec = kill_switch;
	spec.p.for_ms = 2000;
	spec.name = "earnest";
	run_above(w, &spec, 10);
}

static void go_dry_run_never_takes_over(struct snapshot *w)
{
	static const struct rule_spec earnest = {
		"earnest",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(THROTTLE(60))},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};
	static const struct rule_spec dry_run = {
		"trial",
		{.mode = MODE_DRY_RUN, USAGE_AT(500), .cooldown_ms = 60000, ACTIONS(KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};

	set_add(w, &earnest);
	run_above(w, &dry_run, 5);
	usage(w, 600);
	world_run(w, 20);
}

/* For a while the policy does not match it. */
static void go_renamed(struct snapshot *w)
{
	struct hr_str name = w->slot[0].id.name;

	run_above(w, &kill_switch, 20);
	w->slot[0].id.name = slot_text(&w->slot[0], "other");
	world_run(w, 5);
	w->slot[0].id.name = name;
	world_run(w, 32);
}

/* `docker rename` between SIGTERM and the kill: the kill is not for the other name, and that is said. */
static void go_renamed_between(struct snapshot *w)
{
	run_above(w, &kill_switch, 45);
	w->slot[0].id.name = slot_text(&w->slot[0], "other");
	world_run(w, 60);
}

static void go_protected_between(struct snapshot *w)
{
	set_protect(w, POLICY_NAME, "citizen-8");
	run_above(w, &kill_switch, 45);
	w->slot[0].id.name = slot_text(&w->slot[0], "citizen-8");
	world_run(w, 60);
}

/* An exempt target has no next action either. */
static void go_protected(struct snapshot *w)
{
	w->terse = false;
	set_protect(w, POLICY_NAME, "citizen-7");
	run_above(w, &kill_switch, 100);
}

static void go_late_results(struct snapshot *w)
{
	static const struct rule_spec spec = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(RECLAIM, KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};

	w->answer = ANSWER_LATER;
	run_above(w, &spec, 3);
	assert_true(w->has_later);
	world_answer(w, &w->later,
		     HR_STATUS_DONE); /* after 2 s: another second for the samples to show it */
	world_run(w, 3);
}

static void go_reclaim_hangs(struct snapshot *w)
{
	static const struct rule_spec spec = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), ACTIONS(RECLAIM, KILL)},
		{{POLICY_NAME + 1, NULL, "*"}},
		NULL};

	w->answer = ANSWER_NEVER;
	run_above(w, &spec, 30);
}

static void go_forecast(struct snapshot *w)
{
	static const struct rule_spec spec = {"soon",
					      {.mode = MODE_ENFORCE,
					       .conditions = WHEN(OOM_IN),
					       .threshold[CONDITION_OOM_IN] = {60000, 0, 0},
					       ACTIONS(TERM(30), KILL)},
					      {{POLICY_NAME + 1, NULL, "*"}},
					      NULL};
	struct hr_forecast *o = &w->slot[0].forecast;

	w->terse = false;
	rule(w, &spec);
	world_run(w, 3); /* not known is not soon */
	o->risk_centi = 9000;
	o->oom_in_p50_ms = 59000;
	world_run(w, 2);
	o->oom_in_p50_ms = 80000; /* not calm: a pause */
	world_run(w, 20);
	o->oom_in_p50_ms =
		HR_UNKNOWN; /* none predicted any more: calm, when it has stayed so for ten seconds */
	world_run(w, 15);
}

static const struct scenario scenarios[] = {
	{"whole", go_whole,
	 "36 do notify citizen-7 1/4 by switch\n36 do throttle citizen-7 2/4 by switch\n"
	 "46 do term citizen-7 3/4 by switch\n76 do kill citizen-7 4/4 by switch\n"
	 "379 do notify citizen-7 1/4 by switch\n379 do throttle citizen-7 2/4 by switch\n"
	 "389 do term citizen-7 3/4 by switch\n"},
	{"observe", go_observe, "6 next of 0: notify\n406 next of 0: -\n"},
	{"policy observe", go_policy_observe, ""},
	{"dry-run", go_dry_run,
	 "31 dry-run notify citizen-7 1/4 by switch\n31 dry-run throttle citizen-7 2/4 by "
	 "switch\n"
	 "41 dry-run term citizen-7 3/4 by switch\n71 dry-run kill citizen-7 4/4 by switch\n"
	 "3301 dry-run notify citizen-7 1/4 by switch\n3301 dry-run throttle citizen-7 2/4 by "
	 "switch\n"},
	{"calm in time", go_calm_in_time,
	 "1 next of 0: notify\n31 do notify citizen-7 1/4 by switch\n31 do throttle citizen-7 2/4 "
	 "by switch\n"
	 "31 next of 0: term\n41 do term citizen-7 3/4 by switch\n41 next of 0: kill\n88 end "
	 "averted\n88 next of 0: -\n"},
	{"relapse", go_relapse,
	 "31 do notify citizen-7 1/4 by switch\n31 do throttle citizen-7 2/4 by switch\n"
	 "74 do term citizen-7 3/4 by switch\n"},
	{"restart between", go_restart_between,
	 "56 do notify citizen-7 1/4 by switch\n56 do throttle citizen-7 2/4 by switch\n"
	 "358 do notify citizen-7 1/4 by switch\n358 do throttle citizen-7 2/4 by switch\n"},
	{"jitter", go_jitter, ""},
	{"gap", go_gap,
	 "41 do notify citizen-7 1/4 by switch\n41 do throttle citizen-7 2/4 by switch\n"},
	{"clock back", go_clock_back,
	 "40 do notify citizen-7 1/4 by switch\n40 do throttle citizen-7 2/4 by switch\n"},
	{"failing steps", go_failing_actions,
	 "31 do notify citizen-7 1/4 by switch\n31 do throttle citizen-7 2/4 by switch\n"
	 "31 do term citizen-7 3/4 by switch\n31 do kill citizen-7 4/4 by switch\n"
	 "331 do notify citizen-7 1/4 by switch\n331 do throttle citizen-7 2/4 by switch\n"
	 "331 do term citizen-7 3/4 by switch\n331 do kill citizen-7 4/4 by switch\n"},
	{"never answered", go_never_answered,
	 "36 do notify citizen-7 1/4 by switch\n36 do throttle citizen-7 2/4 by switch\n"
	 "46 do term citizen-7 3/4 by switch\n76 do kill citizen-7 4/4 by switch\n"
	 "386 do notify citizen-7 1/4 by switch\n386 do throttle citizen-7 2/4 by switch\n"
	 "396 do term citizen-7 3/4 by switch\n"},
	{"nothing to reclaim", go_nothing_to_reclaim,
	 "31 do notify citizen-7 1/4 by switch\n31 skipped throttle citizen-7\n31 do term "
	 "citizen-7 3/4 by switch\n"},
	{"all steps skipped", go_all_skipped_enforce,
	 "1 skipped throttle citizen-7\n6 do throttle citizen-7 1/1 by slow\n"},
	{"all steps skipped: dry run", go_all_skipped_dry_run,
	 "1 skipped throttle citizen-7\n6 dry-run throttle citizen-7 1/1 by slow\n"},
	{"rate limit", go_rate_limit,
	 "31 do notify citizen-7 1/4 by switch\n31 do throttle citizen-7 2/4 by switch\n"
	 "41 refused term citizen-7: rate limit reached\n"},
	{"rate limit frees", go_rate_limit_frees,
	 "1 do kill citizen-7 1/1 by now\n1 refused kill second: rate limit reached\n61 do kill "
	 "second "
	 "1/1 by now\n"
	 "65 refused kill second: rate limit reached\n"},
	{"kernel oom", go_kernel_oom,
	 "1 do notify citizen-7 1/3 by now\n1 do term citizen-7 2/3 by now\n1 next of 0: kill\n"
	 "3 refused kill citizen-7: recent kernel OOM kill\n7 do kill citizen-7 3/3 by "
	 "now\n7 next of 0: -\n"
	 "11 end not averted\n"},
	{"vanishes", go_vanishes, ""},
	{"notify only", go_notify_only,
	 "1 do notify citizen-7 1/1 by notice\n503 do notify citizen-7 1/1 by notice\n"},
	{"a more severe policy takes over", go_more_severe_takes_over,
	 "1 do notify citizen-7 1/3 by gentle\n1 do term citizen-7 2/3 by gentle\n6 do kill "
	 "citizen-7 1/1 by hard\n"},
	{"sequence in the file", go_sequence_in_the_file,
	 "1 do notify citizen-7 1/4 by first\n1 do throttle citizen-7 2/4 by first\n"},
	{"a dry run never blocks another policy", go_dry_run_never_blocks,
	 "1 dry-run notify citizen-7 1/4 by trial\n1 dry-run throttle citizen-7 2/4 by "
	 "trial\n"
	 "3 do notify citizen-7 1/4 by earnest\n3 do throttle citizen-7 2/4 by earnest\n"},
	{"a dry run never takes over", go_dry_run_never_takes_over,
	 "1 do throttle citizen-7 1/1 by earnest\n"},
	{"renamed", go_renamed,
	 "56 do notify citizen-7 1/4 by switch\n56 do throttle citizen-7 2/4 by switch\n"},
	{"renamed between two steps", go_renamed_between,
	 "31 do notify citizen-7 1/4 by switch\n31 do throttle citizen-7 2/4 by switch\n"
	 "41 do term citizen-7 3/4 by switch\n71 skipped kill other: renamed: no longer matches\n"},
	{"protected between two steps", go_protected_between,
	 "31 do notify citizen-7 1/4 by switch\n31 do throttle citizen-7 2/4 by switch\n"
	 "41 do term citizen-7 3/4 by switch\n71 skipped kill citizen-8: protected\n"},
	{"protected", go_protected, ""},
	{"late results", go_late_results,
	 "1 do reclaim citizen-7 1/2 by r\n4 do kill citizen-7 2/2 by r\n"},
	{"reclaim hangs", go_reclaim_hangs,
	 "1 do reclaim citizen-7 1/2 by r\n6 do kill citizen-7 2/2 by r\n"
	 "17 do reclaim citizen-7 1/2 by r\n22 do kill citizen-7 2/2 by r\n"},
	{"forecast", go_forecast,
	 "4 do term citizen-7 1/2 by soon\n4 next of 0: kill\n36 end averted\n36 next of 0: -\n"},
};

static void test_scenarios(void **state) { scenarios_run(scenarios, ARRAY_SIZE(scenarios)); }

static void test_inputs(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_container(w, 0, "citizen-7", 312)->memory.limit = 512 * MIB;
	w->slot[0].forecast.drift_bytes_per_second = 4096;
	rule(w, &kill_switch);
	world_run(w, 45);
	assert_int_equal(w->last.kind, HR_ACTION_TERM);
	assert_int_equal(w->last.inputs.usage, 312 * MIB);
	assert_int_equal(w->last.inputs.limit, 512 * MIB);
	assert_int_equal(w->last.inputs.threshold, 300 * MIB);
	assert_int_equal(w->last.inputs.held_ms, 40000);
	assert_int_equal(w->last.inputs.growth_bytes_per_second, 4096);
	assert_int_equal(w->last.inputs.host_total, 4096 * MIB);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_inputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
