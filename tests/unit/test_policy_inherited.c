// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A container with a limit of its own shows the host's forecast, or an ancestor's, where that is worse: a policy about one container acts
 * on the one that it is about. */
#include "fixture_policy.h"

#define IN_EARNEST .mode = MODE_ENFORCE, .cooldown_ms = 3600000, ACTIONS(NOTIFY, KILL)

static const struct rule_spec rules[] = {
	{.name = "risky",
	 BY_NAME("*"),
	 .p = {IN_EARNEST, .conditions = WHEN(RISK), .threshold[CONDITION_RISK] = {8000, 0, 0}}},
	{.name = "soon",
	 BY_NAME("*"),
	 .p = {IN_EARNEST, .conditions = WHEN(OOM_IN),
	       .threshold[CONDITION_OOM_IN] = {300000, 0, 0}}},
	{.name = "little",
	 BY_NAME("*"),
	 .p = {IN_EARNEST, .conditions = WHEN(HEADROOM),
	       .threshold[CONDITION_HEADROOM] = {512 * MIB, 0, 0}}},
};

/* The host's forecast in containers that are nearer to limits of their own: each has headroom for itself. */
static void test_inherited_danger(void **state)
{
	static const struct {
		const char *what;
		uint64_t headroom, oom_in_ms;
		int64_t drift;
		uint8_t of;
		bool risky, little;
		uint64_t usage; /* 0: 300 MiB */
	} rows[] = {
		{"its own forecast", 100 * MIB, 200000, 1024, HR_LEVEL_OWN, true, true, 0},
		{"has just started beside a host that runs short", 32 * MIB, 205786, 127682,
		 HR_LEVEL_HOST, false, true, 0},
		{"runs out before the host", 32 * MIB, 205786, 400 * 1024, HR_LEVEL_HOST, true,
		 true, 0},
		{"runs out within a minute, the host at once", 32 * MIB, 5000, MIB, HR_LEVEL_HOST,
		 true, true, 0},
		{"a stall of the host, without a time", 32 * MIB, HR_UNKNOWN, 127682, HR_LEVEL_HOST,
		 false, true, 0},
		{"a sibling fills the pod", 32 * MIB, 20000, 1024, HR_LEVEL_ANCESTOR, false, true,
		 0},
		{"has begun a second ago", 32 * MIB, 431838, 208672, HR_LEVEL_HOST, false, true,
		 248 << 10},
		{"shrinks", 600 * MIB, 20000, -(int64_t)MIB, HR_LEVEL_HOST, false, false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t r = 0; r < ARRAY_SIZE(rules); r++) {
			struct snapshot *w = world_new(MODE_ENFORCE);
			struct hr_slot *s;
			bool kills = r == 2 ? rows[i].little : rows[i].risky;

			set_add(w, &rules[r]);
			world_rules(w);
			s = world_container(w, 0, "one", 300);
			s->binding.level = HR_LEVEL_OWN;
			if (rows[i].usage)
				s->memory.usage = s->memory.unreclaimable = rows[i].usage;
			s->memory.headroom = rows[i].headroom;
			s->forecast.risk_centi = 9000;
			s->forecast.oom_in_p50_ms = rows[i].oom_in_ms;
			s->forecast.drift_bytes_per_second = rows[i].drift;
			s->forecast.reason[0].kind = 1;
			s->forecast.reason[0].reserved = rows[i].of;
			if (r == 1 && rows[i].oom_in_ms == HR_UNKNOWN)
				kills = false; /* no time: it can't be soon */
			w->answer = ANSWER_NEVER;
			world_run(w, 30);
			if (w->kills != kills)
				fail_msg("%s: %s", rows[i].what, rules[r].name);
			world_free(w);
		}
	}
}

/* The host runs short and every container has its risk: a policy on risk acts on the one that grows, no other. */
static void test_shared_danger(void **state)
{
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inherited_danger),
		cmocka_unit_test(test_shared_danger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
