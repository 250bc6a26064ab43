// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A shortage of the host over time: one target after the other, not for longer than it lasts, and no innocent after the
 * culprit. */
#include "fixture_policy.h"

/* One after the other: the next only when the first one's memory had time to show, and it is still short. */
static void test_one_at_a_time(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "first", 900)->forecast.drift_bytes_per_second = 8 * MIB;
	world_container(w, 1, "second", 800)->forecast.drift_bytes_per_second = 2 * MIB;
	world_container(w, 2, "third", 700);
	set_add(w, &host_low);
	world_rules(w);
	world_run(w, 3);
	assert_int_equal(w->actions, 1);
	world_ends(w, 0);
	world_step_ms(w, 500);
	assert_int_equal(w->actions, 1); /* its memory is on the way */
	world_run(w, 2);
	assert_int_equal(w->actions, 2); /* it was not enough */
	w->host.mem_available = 1000 * MIB;
	world_ends(w, 1);
	world_run(w, 20);
	assert_string_equal(w->log, "1 do kill first 1/1 by low\n4.5 do kill second 1/1 by low\n");
	assert_int_equal(w->last_outcome.averted, 1);
	world_free(w);
}

/* The host is still short after the first kill: what holds next to nothing of what is lacking or of what that kill freed,
 * and does not grow, stays. */
static void test_too_small(void **state)
{
	static const struct {
		uint64_t innocent_mib;
		int64_t growth;
		uint64_t freed; /* by the first kill */
		bool taken;
	} rows[] = {
		{30, 0, HR_UNKNOWN, false},
		{30, 40 * MIB, HR_UNKNOWN, true},
		{30, HR_UNKNOWN_I64, HR_UNKNOWN, true}, /* has just begun */
		{600, 0, HR_UNKNOWN, true},
		{30, 0, 60 * MIB, true}, /* half of it */
		{30, 0, 61 * MIB, false},
		{30, 0, 0, false},
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct rule_spec rule = host_low;

		rule.p.for_ms = i % 2 ? 1000 : 0;
		rule.p.threshold[CONDITION_HOST_AVAILABLE] =
			(struct policy_threshold){HR_UNKNOWN, 900, 0};
		w->freed = rows[i / 2].freed;
		w->host.mem_total = 8192 * MIB;
		w->host.mem_available = 4096 * MIB;
		world_container(w, 0, "hog", 900)->forecast.drift_bytes_per_second = 80 * MIB;
		world_container(w, 1, "innocent", rows[i / 2].innocent_mib)
			->forecast.drift_bytes_per_second = rows[i / 2].growth;
		set_add(w, &rule);
		world_rules(w);
		world_run(w, 3);
		assert_int_equal(w->actions, 1);
		world_ends(w, 0);
		world_run(w, 20);
		assert_int_equal(strstr(w->log, "kill innocent") != NULL, rows[i / 2].taken);
		if (!rows[i / 2].taken)
			assert_int_equal(w->not_taken.skipped[0].record.reason, HR_SKIP_NO_HELP);
		/* Calm in between: another shortage. */
		w->host.mem_available = 8000 * MIB;
		world_run(w, 10);
		w->host.mem_available = 4096 * MIB;
		world_run(w, 20);
		assert_non_null(strstr(w->log, "kill innocent"));
		world_free(w);
	}
}

/* Its supervisor starts the hog anew, and it grows again: it is taken again, within the cooldown, and not the database. */
static void test_restarted_culprit(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "hog", 900)->forecast.drift_bytes_per_second = 8 * MIB;
	world_container(w, 1, "db", 950);
	set_add(w, &host_low);
	world_rules(w);
	world_run(w, 3);
	world_ends(w, 0);
	w->host.mem_available = 1000 * MIB;
	world_run(w, 10);
	world_container(w, 0, "hog", 900)->forecast.drift_bytes_per_second = 8 * MIB;
	w->host.mem_available = 100 * MIB;
	world_run(w, 3);
	assert_int_equal(w->actions, 2);
	assert_null(strstr(w->log, "kill db"));
	world_free(w);
}

/* What an escalation freed: a removed cgroup's cache and tmpfs are not gone with it. */
static void test_freed_at_removal(void **state)
{
	static const struct {
		uint64_t file_mib, freed_mib; /* HR_UNKNOWN */
	} rows[] = {{0, 200}, {50, 150}, {200, 0}, {250, 0}, {HR_UNKNOWN, HR_UNKNOWN}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct hr_slot *s = world_container(w, 0, "box", 200);

		s->memory.file =
			rows[i].file_mib == HR_UNKNOWN ? HR_UNKNOWN : rows[i].file_mib * MIB;
		w->host.mem_available = 10 * MIB;
		set_add(w, &host_low);
		world_rules(w);
		world_run(w, 1);
		assert_int_equal(w->kills, 1);
		world_ends(w, 0);
		w->host.mem_available = 3000 * MIB;
		world_run(w, 3);
		assert_int_equal(w->ends, 1);
		assert_int_equal(w->last_outcome.freed, rows[i].freed_mib == HR_UNKNOWN
								? HR_UNKNOWN
								: rows[i].freed_mib * MIB);
		world_free(w);
	}
}

/* One shortage gets one dry run, not one on each container. */
static void test_dry_run_once(void **state)
{
	struct snapshot *w = world_new(MODE_DRY_RUN);

	w->host.mem_available = 100 * MIB;
	for (uint32_t i = 0; i < 20; i++)
		world_container(w, i, "box", 100 + i);
	set_add(w, &host_low);
	world_rules(w);
	world_run(w, 600);
	assert_int_equal(w->actions, 1);
	w->host.mem_available = 1000 * MIB;
	world_run(w, 30);
	w->host.mem_available = 100 * MIB;
	world_run(w, 29);
	assert_int_equal(w->actions, 1);
	world_run(w, 10);
	assert_int_equal(w->actions, 2);
	world_free(w);
}

/* The kernel has just OOM-killed because the host ran short. */
static void test_hold_off(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "box", 500);
	set_add(w, &host_low);
	world_rules(w);
	engine_oom_kill(w->engine, HR_UNKNOWN_U32, w->w.now_ns);
	world_run(w, 3);
	assert_string_equal(w->log, "1 refused kill box: recent kernel OOM kill\n");
	world_run(w, 2);
	assert_int_equal(w->kills, 1);
	world_free(w);
}

/* A more severe policy about the host takes over from a milder one, and not the other way round. */
static void test_harsher(void **state)
{
	struct rule_spec gentle = host_low, hard = host_low;
	struct snapshot *w = world_new(MODE_ENFORCE);

	gentle.name = "gentle";
	gentle.p.threshold[CONDITION_HOST_AVAILABLE].milli = 100;
	gentle.p.action[0] = (struct policy_action)TERM(30);
	hard.name = "hard";
	hard.p.threshold[CONDITION_HOST_AVAILABLE].milli = 30;
	set_add(w, &gentle);
	set_add(w, &hard);
	world_rules(w);
	world_container(w, 0, "a", 500);
	world_container(w, 1, "b", 400);
	w->host.mem_available = 300 * MIB;
	world_run(w, 2);
	w->host.mem_available = 100 * MIB;
	world_run(w, 2);
	assert_string_equal(w->log, "1 do term a 1/1 by gentle\n3 do kill a 1/1 by hard\n");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_small),        cmocka_unit_test(test_restarted_culprit),
		cmocka_unit_test(test_one_at_a_time),    cmocka_unit_test(test_dry_run_once),
		cmocka_unit_test(test_freed_at_removal), cmocka_unit_test(test_hold_off),
		cmocka_unit_test(test_harsher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
