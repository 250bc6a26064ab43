// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The ladder over time: which rung when, what ends it, what is never done. Each scenario is a rule, a course of events and the
 * log that must come of it. */
#include "fixture_act.h"

#define GO(name_, log_) {name_, log_, go_##name_}

static void rule(struct world *w, const struct rule_spec *spec)
{
	set_add(w, spec);
	world_rules(w);
}

/* ---- the kill-switch of the contract ---- */
static const struct rule_spec kill_switch = {
	"switch", {.mode = MODE_ENFORCE, USAGE_AT(300), .for_ms = 30000, .cooldown_ms = 300000,
		   RUNGS(NOTIFY, THROTTLE(10), TERM(30), KILL)},
	BY_NAME("citizen-*"), NULL};

static void test_whole_ladder(void **state)
{
	struct world *w = world_new(MODE_ENFORCE);
	struct hr_slot *s = world_container(w, 0, "citizen-7", 100);

	s->memory.unreclaimable = 100 * MIB;
	world_container(w, 1, "other", 900);
	rule(w, &kill_switch);
	world_run(w, 5);
	s->memory.usage = 312 * MIB;
	world_run(w, 120);
	assert_string_equal(w->log, "36 do notify citizen-7 1/4 by switch\n"
				    "36 do throttle citizen-7 2/4 by switch\n"
				    "46 do term citizen-7 3/4 by switch\n"
				    "76 do kill citizen-7 4/4 by switch\n");
	assert_int_equal(w->last.evidence.usage, 312 * MIB);
	assert_int_equal(w->last.evidence.threshold, 300 * MIB);
	assert_int_equal(w->last.evidence.held_ms, 70000);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->last_end.averted, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_ladder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
