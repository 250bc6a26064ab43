// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Processes outside containers, grouped: which are one target, which are never one, and how fast it grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "daemon/process_groups.h"

#define MIB    (1ull << 20)
#define OWN    77u
#define SECOND 1000000000ull

static struct process_groups groups; /* too large for a stack */

static void add(uint32_t pid, uint32_t pgid, uint64_t rss, const char *comm)
{
	struct task_sample task = {.pid = pid,
				   .pgid = pgid,
				   .rss = rss,
				   .memcg_id = 5,
				   .start_boottime_ns = pid * 1000ull};

	snprintf(task.comm, sizeof(task.comm), "%s", comm);
	process_groups_add(&groups, &task, OWN);
}

static const struct process_group *find(uint32_t pgid)
{
	for (uint32_t i = 0; i < groups.n; i++)
		if (groups.group[i].pgid == pgid)
			return &groups.group[i];
	return NULL;
}

static void test_many_small_are_one(void **state)
{
	memset(&groups, 0, sizeof(groups));
	process_groups_begin(&groups);
	add(400, 400, 90 * MIB, "postgres");
	for (uint32_t i = 0; i < 40; i++)
		add(500 + i, 500, (6 + i % 2) * MIB, "cc1");
	process_groups_end(&groups, SECOND, SECOND);
	assert_int_equal(groups.n, 2);
	assert_int_equal(groups.group[0].pgid, 500); /* largest first */
	assert_int_equal(groups.group[0].processes, 40);
	assert_int_equal(groups.group[0].rss, 260 * MIB);
	assert_int_equal(groups.group[0].largest_rss, 7 * MIB);
	assert_int_equal(groups.group[0].pid, 501);
	assert_int_equal(groups.group[0].start_boottime_ns, 501000);
	assert_int_equal(groups.group[0].leader_start_ns, 500000);
	assert_true(groups.group[0].growth_bytes_per_second == HR_UNKNOWN_I64);
	assert_string_equal(groups.group[0].comm, "cc1");
}

static void test_growth(void **state)
{
	memset(&groups, 0, sizeof(groups));
	for (uint64_t pass = 1; pass <= 3; pass++) {
		process_groups_begin(&groups);
		add(500, 500, pass * 10 * MIB, "grows");
		add(600, 600, 50 * MIB, "stands");
		add(700 + (uint32_t)pass, 700, pass * 10 * MIB,
		    "anew"); /* its leader is not seen */
		process_groups_end(&groups, pass * 2 * SECOND, pass * 2 * SECOND);
	}
	assert_int_equal(find(500)->growth_bytes_per_second, 5 * MIB);
	assert_int_equal(find(600)->growth_bytes_per_second, 0);
	assert_int_equal(find(700)->growth_bytes_per_second, 5 * MIB);
	/* The number is another group's by now. */
	process_groups_begin(&groups);
	process_groups_add(
		&groups,
		&(struct task_sample){
			.pid = 500, .pgid = 500, .rss = 99 * MIB, .start_boottime_ns = 1},
		OWN);
	process_groups_end(&groups, 8 * SECOND, 8 * SECOND);
	assert_true(find(500)->growth_bytes_per_second == HR_UNKNOWN_I64);
}

/* A build that began since the last pass has grown by all that it holds; one without its leader, or one that was only too small to be
 * listed, has not. */
static void test_newborn(void **state)
{
	static const struct {
		const char *name;
		struct task_sample task;
		int64_t growth;
	} rows[] = {
		{"new",
		 {.pid = 900, .pgid = 900, .start_boottime_ns = 2 * SECOND + 1},
		 20 * (int64_t)MIB},
		{"new, its leader not seen",
		 {.pid = 901, .pgid = 890, .start_boottime_ns = 3 * SECOND},
		 20 * (int64_t)MIB},
		{"old, not listed before",
		 {.pid = 902, .pgid = 902, .start_boottime_ns = SECOND},
		 HR_UNKNOWN_I64},
		{"old, its leader has gone",
		 {.pid = 800, .pgid = 500, .start_boottime_ns = 3 * SECOND},
		 HR_UNKNOWN_I64},
	};

	memset(&groups, 0, sizeof(groups));
	process_groups_begin(&groups);
	add(500, 500, 40 * MIB, "leads");
	process_groups_end(&groups, 2 * SECOND, 2 * SECOND);
	process_groups_begin(&groups);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct task_sample task = rows[i].task;

		task.rss = 40 * MIB;
		process_groups_add(&groups, &task, OWN);
	}
	process_groups_end(&groups, 4 * SECOND, 4 * SECOND);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (find(rows[i].task.pgid)->growth_bytes_per_second != rows[i].growth)
			fail_msg("%s: %lld", rows[i].name,
				 (long long)find(rows[i].task.pgid)->growth_bytes_per_second);
}

static void test_flags(void **state)
{
	static const struct {
		uint32_t pid, pgid;
		const char *comm;
		uint32_t flags;
	} rows[] = {
		{1, 1, "systemd", PGROUP_INIT},
		{300, OWN, "headroomd", PGROUP_SELF},
		{301, 301, "dockerd", PGROUP_RUNTIME},
		{302, 302, "containerd-shim", PGROUP_RUNTIME},
		{303, 303, "containerd-shim-runc-v2", PGROUP_RUNTIME},
		{304, 304, "dockerd2", 0},
		{305, 305, "cc1", 0},
		{306, 0, "alone", 0},
		{307, 301, "cc1", PGROUP_RUNTIME}, /* beside one */
	};

	memset(&groups, 0, sizeof(groups));
	process_groups_begin(&groups);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		add(rows[i].pid, rows[i].pgid, MIB, rows[i].comm);
	process_groups_end(&groups, SECOND, SECOND);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct process_group *job = find(rows[i].pgid ? rows[i].pgid : rows[i].pid);

		assert_non_null(job);
		assert_int_equal(job->flags, rows[i].flags);
	}
}

/* The other processes of a group, and the oom_score_adj that counts for the job. */
static void test_beside(void **state)
{
	struct task_sample cc1 = {.pid = 502, .pgid = 500, .rss = 50 * MIB},
			   exempt = {.pid = 501,
				     .pgid = 500,
				     .rss = 10 * MIB,
				     .oom_score_adj = -1000},
			   alone = {.pid = 600, .rss = MIB, .oom_score_adj = -1000},
			   other = {.pid = 700, .pgid = 700};

	(void)state;
	memset(&groups, 0, sizeof(groups));
	process_groups_begin(&groups);
	process_groups_add(&groups, &exempt, OWN);
	process_groups_add(&groups, &alone, OWN);
	assert_int_equal(groups.all[0].flags, PGROUP_EXEMPT);
	process_groups_add(&groups, &cc1, OWN);
	assert_int_equal(groups.all[0].flags, 0); /* of the largest alone */
	assert_ptr_equal(process_groups_of_member(&groups, &exempt), &groups.all[0]);
	assert_null(process_groups_of_member(&groups, &cc1));
	assert_null(process_groups_of_member(&groups, &alone));
	assert_null(process_groups_of_member(&groups, &other));
	process_groups_end(&groups, SECOND, SECOND);
	assert_int_equal(find(600)->flags, PGROUP_EXEMPT);
}

/* More groups than there is room for: the largest are kept, nothing is written beyond. */
static void test_space(void **state)
{
	memset(&groups, 0, sizeof(groups));
	process_groups_begin(&groups);
	for (uint32_t i = 0; i < 2 * PROCESS_GROUPS_SEEN; i++)
		add(1000 + i, 1000 + i, (i + 1) * MIB, "x");
	process_groups_end(&groups, SECOND, SECOND);
	assert_int_equal(groups.n, POLICY_PROCESS_GROUPS);
	for (uint32_t i = 0; i < POLICY_PROCESS_GROUPS; i++)
		assert_int_equal(groups.group[i].rss, (PROCESS_GROUPS_SEEN - i) * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_small_are_one),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_newborn),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
