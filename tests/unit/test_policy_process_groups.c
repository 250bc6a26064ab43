// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Process groups outside containers as targets of policies: which are exempt, and when a second action is not taken. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

static void test_exempt(void **state)
{
	static const struct {
		uint32_t flags, pid;
		const char *comm;
		uint64_t memcg_id;
		enum hr_skip_reason reason;
	} cases[] = {
		{0, 100, "cc1", 0, HR_SKIP_NONE},
		{PGROUP_INIT, 100, "sh", 0, HR_SKIP_INIT},
		{0, 1, "sh", 0, HR_SKIP_INIT},
		{PGROUP_SELF, 100, "headroomd", 0, HR_SKIP_SELF},
		{PGROUP_RUNTIME, 100, "containerd-shim", 0, HR_SKIP_RUNTIME},
		{PGROUP_EXEMPT, 100, "auditd", 0, HR_SKIP_OWNER},
		{PGROUP_HOLDS_OTHERS, 100, "cc1", 0, HR_SKIP_NONE}, /* itself it is not */
		{0, 100, "postgres", 0, HR_SKIP_PROTECTED},
		{0, 100, "sshd", 1, HR_SKIP_RUNTIME},
		{0, 100, "cc1", 1,
		 HR_SKIP_NONE}, /* without logind, what people run stands in sshd's unit */
		{0, 100, "journald", 2, HR_SKIP_RUNTIME},
	};
	struct snapshot *w = world_new(MODE_ENFORCE);

	set_protect(w, POLICY_PROCESS, "postg*");
	assert_int_equal(world_add(w, 0, "sshd.service", HR_KIND_UNIT, "/system.slice/sshd.service")
				 ->cgroup_id,
			 1);
	world_add(w, 1, "systemd-journald.service", HR_KIND_UNIT,
		  "/system.slice/systemd-journald.service");
	w->w.pgroups = 1;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		w->pgroup[0] = (struct process_group){.pgid = cases[i].pid,
						      .pid = cases[i].pid,
						      .flags = cases[i].flags,
						      .memcg_id = cases[i].memcg_id};
		snprintf(w->pgroup[0].comm, sizeof(w->pgroup[0].comm), "%s", cases[i].comm);
		if (policy_exempt_process_group(w->set, &w->w, 0) != cases[i].reason)
			fail_msg("%s: %d", cases[i].comm,
				 policy_exempt_process_group(w->set, &w->w, 0));
	}
	assert_int_equal(policy_exempt_process_group(w->set, &w->w, 1), HR_SKIP_GONE);
	world_free(w);
}

/* A build and a database that one script has started: the whole process group is exempt, its largest process is not. */
static void test_holding_others(void **state)
{
	static const struct policy host = {.conditions = WHEN(HOST_AVAILABLE)},
				   process = {.conditions = WHEN(RSS)};
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->w.pgroups = 1;
	w->pgroup[0] = (struct process_group){.pgid = 100, .pid = 101, .comm = "cc1"};
	assert_int_equal(selector_process_group_allowed(w->set, &w->w, &host, 0), HR_SKIP_NONE);
	w->pgroup[0].flags = PGROUP_HOLDS_OTHERS;
	assert_int_equal(selector_process_group_allowed(w->set, &w->w, &host, 0),
			 HR_SKIP_PROTECTED);
	assert_int_equal(selector_process_group_allowed(w->set, &w->w, &process, 0), HR_SKIP_NONE);
	set_protect(w, POLICY_PROCESS, "postgres");
	set_protect(w, POLICY_UNIT, "db.service");
	world_add(w, 0, "db.service", HR_KIND_UNIT, "/system.slice/db.service");
	w->slot[0].id.unit = slot_text(&w->slot[0], "db.service");
	assert_int_equal(policy_exempt_process(w->set, (char[17]){"postgres"}, false, NULL),
			 HR_SKIP_PROTECTED);
	/* A name that a user chose is a wish, and exempts none. */
	assert_int_equal(policy_exempt_process(w->set, (char[17]){"postgres"}, true, NULL),
			 HR_SKIP_NONE);
	assert_true(policy_protects_name(w->set, (char[17]){"postgres"}));
	assert_false(policy_protects_name(w->set, (char[17]){"cc1"}));
	assert_int_equal(policy_exempt_process(w->set, (char[17]){"cc1"}, true, &w->slot[0]),
			 HR_SKIP_PROTECTED);
	w->pgroup[0] = (struct process_group){.pgid = 100, .pid = 101, .comm = "postgres"};
	assert_int_equal(policy_exempt_process_group(w->set, &w->w, 0), HR_SKIP_PROTECTED);
	w->pgroup[0].flags = PGROUP_OWN_NAMES;
	assert_int_equal(policy_exempt_process_group(w->set, &w->w, 0), HR_SKIP_NONE);
	assert_int_equal(policy_exempt_process(w->set, (char[17]){"cc1"}, false, NULL),
			 HR_SKIP_NONE);
	assert_int_equal(policy_exempt_process(w->set, (char[17]){"cc1"}, false, &w->slot[0]),
			 HR_SKIP_PROTECTED);
	assert_int_equal(policy_exempt_process(w->set, (char[17]){"0123456789abcdef"}, false, NULL),
			 HR_SKIP_NONE);
	world_free(w);
}

/* Between SIGTERM and SIGKILL: a process that has become another program, or is protected by now, gets no second action. */
static void test_changed_between(void **state)
{
	static const struct rule_spec rule = {"r",
					      {.mode = MODE_ENFORCE,
					       .conditions = WHEN(RSS),
					       .threshold[CONDITION_RSS] = {300 * MIB, 0, 0},
					       .host_processes = 1,
					       .cooldown_ms = 3600000,
					       ACTIONS(TERM(10), KILL)},
					      {{POLICY_PROCESS + 1, NULL, "work*"}},
					      NULL};
	static const struct {
		const char *comm;
		uint32_t flags;
		uint32_t kills;
	} cases[] = {{"worker", 0, 1},
		     {"postgres", 0, 0},
		     {"worker", PGROUP_EXEMPT, 0},
		     {"worker", PGROUP_RUNTIME, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);

		set_add(w, &rule);
		world_rules(w);
		w->w.pgroups = 1;
		w->pgroup[0] = (struct process_group){.pgid = 100,
						      .pid = 100,
						      .start_boottime_ns = 5,
						      .leader_start_ns = 5,
						      .processes = 1,
						      .rss = 400 * MIB,
						      .largest_rss = 400 * MIB,
						      .comm = "worker",
						      .growth_bytes_per_second = HR_UNKNOWN_I64};
		world_run(w, 2);
		assert_int_equal(w->actions, 1);
		memset(w->pgroup[0].comm, 0, sizeof(w->pgroup[0].comm));
		memcpy(w->pgroup[0].comm, cases[i].comm, strlen(cases[i].comm));
		w->pgroup[0].flags = cases[i].flags;
		world_run(w, 40);
		if (w->kills != cases[i].kills)
			fail_msg("case %zu: %u kills: %s", i, w->kills, w->log);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_holding_others),
		cmocka_unit_test(test_changed_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
