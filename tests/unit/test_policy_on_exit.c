// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What an escalation does when its target has ended: `on_exit`, or nothing where it was restarted or ended by itself. */
#include "fixture_scenario.h"

/* A graceful exit is not restarted by `on-failure`. */
static const struct rule_spec with_on_exit = {
	"switch",
	{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(TERM(30), KILL)},
	{{POLICY_NAME + 1, NULL, "*"}},
	"docker start citizen-7"};

static void go_on_exit(struct snapshot *w)
{
	run_above(w, &with_on_exit, 5);
	usage(w, 20); /* calm already, but not at its end yet */
	world_run(w, 4);
	world_ends(w, 0);
	world_run(w, 10);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->last_outcome.averted, 1);
}

static void go_on_exit_restarted(struct snapshot *w)
{
	run_above(w, &with_on_exit, 5);
	world_ends(w, 0);
	world_run(w, 2);
	world_container(w, 7, "citizen-7", 10)->id.workload = 1000; /* the supervisor was quicker */
	world_run(w, 1);
	assert_int_equal(w->ends, 1); /* that is known at once */
	world_run(w, 10);
}

/* The cgroup stays, its processes are gone. */
static void ends_in_place(struct snapshot *w)
{
	run_above(w, &with_on_exit, 5);
	w->slot[0].flags = 0;
}

static void go_on_exit_unpopulated(struct snapshot *w)
{
	ends_in_place(w);
	world_run(w, 10);
}

/* Another program tidies up in the emptied cgroup, and is done before the wait is. */
static void go_on_exit_tidied_up(struct snapshot *w)
{
	ends_in_place(w);
	world_run(w, 1);
	w->slot[0].flags = HR_SLOT_POPULATED;
	world_run(w, 1);
	w->slot[0].flags = 0;
	world_run(w, 10);
}

static void go_on_exit_restarted_in_place(struct snapshot *w)
{
	ends_in_place(w);
	world_run(w, 1);
	usage(w, 10);
	w->slot[0].flags = HR_SLOT_POPULATED;
	world_run(w, 10);
	assert_int_equal(w->ends, 1);
}

static void go_ended_by_itself(struct snapshot *w)
{
	struct rule_spec spec = with_on_exit;

	spec.p.action[0].kind = HR_ACTION_NOTIFY;
	spec.p.action[1].kind = HR_ACTION_THROTTLE;
	run_above(w, &spec, 5);
	world_ends(w, 0);
	world_run(w, 10);
}

static void go_on_exit_dry_run(struct snapshot *w)
{
	w->set->mode = MODE_DRY_RUN;
	run_above(w, &with_on_exit, 100);
}

static const struct scenario scenarios[] = {
	{"then", go_on_exit,
	 "1 do term citizen-7 1/2 by switch\n12 do on_exit none 1/2 by switch\n"},
	{"then: restarted", go_on_exit_restarted, "1 do term citizen-7 1/2 by switch\n"},
	{"then: unpopulated", go_on_exit_unpopulated,
	 "1 do term citizen-7 1/2 by switch\n9 do on_exit citizen-7 1/2 by switch\n"},
	{"then: tidied up", go_on_exit_tidied_up,
	 "1 do term citizen-7 1/2 by switch\n9 do on_exit citizen-7 1/2 by switch\n"},
	{"then: restarted in place", go_on_exit_restarted_in_place,
	 "1 do term citizen-7 1/2 by switch\n"},
	{"ended by itself", go_ended_by_itself,
	 "1 do notify citizen-7 1/2 by switch\n1 do throttle citizen-7 2/2 by switch\n"},
	{"then: dry run", go_on_exit_dry_run,
	 "1 dry-run term citizen-7 1/2 by switch\n31 dry-run kill citizen-7 2/2 by switch\n"
	 "31 dry-run on_exit citizen-7 2/2 by switch\n"},
};

static void test_scenarios(void **state) { scenarios_run(scenarios, ARRAY_SIZE(scenarios)); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
