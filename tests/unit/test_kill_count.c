// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* OOM kills as incidents, from the kernel's counters: series of readings as 5.10 to 7.x give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "daemon/kill_count.h"

#define NO   HR_UNKNOWN
#define END  NO, 0, 0, 0
#define MOST 9

struct step {
	uint64_t kills, groups, above;
	uint64_t incidents; /* in all, after it */
};

static const struct row {
	const char *name;
	bool group, group_above;
	struct step step[MOST];
} rows[] = {
	{"none", 0, 0, {{0, 0, 0, 0}, {0, 0, 0, 0}, {END}}},
	{"one process, then two more", 0, 0, {{0, 0, 0, 0}, {1, 0, 0, 1}, {3, 0, 0, 3}, {END}}},
	{"as one without oom_group_kill", 0, 0, {{0, NO, 0, 0}, {2, NO, 0, 2}, {END}}},
	/* five processes: six, since the chosen one counts twice */
	{"a group of five", 1, 0, {{0, 0, 0, 0}, {6, 1, 0, 1}, {6, 1, 0, 1}, {END}}},
	{"a group of one", 1, 0, {{2, 1, 0, 1}, {4, 2, 0, 2}, {END}}},
	{"three groups between two readings", 1, 0, {{0, 0, 0, 0}, {9, 3, 0, 3}, {END}}},
	{"read while the kernel kills",
	 1,
	 0,
	 {{0, 0, 0, 0}, {3, 1, 0, 1}, {6, 1, 0, 1}, {6, 1, 0, 1}, {8, 2, 0, 2}, {END}}},
	{"read between the kill of the chosen one and the count of the group",
	 1,
	 0,
	 {{0, 0, 0, 0}, {1, 0, 0, 0}, {6, 1, 0, 1}, {6, 1, 0, 1}, {END}}},
	{"the flag alone: a kernel before 5.17",
	 1,
	 0,
	 {{0, NO, 0, 0}, {4, NO, 0, 1}, {6, NO, 0, 1}, {6, NO, 0, 1}, {8, NO, 0, 2}, {END}}},
	{"the flag above, before 5.17: a group or a single process",
	 0,
	 1,
	 {{0, NO, 0, 0}, {4, NO, 0, 1}, {4, NO, 0, 1}, {5, NO, 0, 2}, {END}}},
	{"the group is the cgroup above",
	 0,
	 1,
	 {{0, 0, 0, 0}, {3, 0, 1, 1}, {3, 0, 1, 1}, {3, 0, 1, 1}, {5, 0, 2, 2}, {END}}},
	{"that was read a moment before",
	 0,
	 1,
	 {{0, 0, 0, 0}, {3, 0, 0, 0}, {3, 0, 1, 1}, {3, 0, 1, 1}, {END}}},
	{"that was read a moment after", 0, 1, {{0, 0, 0, 0}, {0, 0, 1, 0}, {3, 0, 1, 1}, {END}}},
	{"and from the kill of the chosen one to the count of the group",
	 0,
	 1,
	 {{0, 0, 0, 0},
	  {1, 0, 0, 0},
	  {1, 0, 0, 0},
	  {1, 0, 0, 0},
	  {3, 0, 1, 1},
	  {3, 0, 1, 1},
	  {END}}},
	{"the kernel takes its time from one cgroup of the group to the next",
	 0,
	 1,
	 {{0, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}, {2, 0, 1, 1}, {END}}},
	{"and from one process to the next",
	 0,
	 1,
	 {{1, 0, 1, 1}, {1, 0, 1, 1}, {1, 0, 1, 1}, {2, 0, 1, 1}, {3, 0, 1, 1}, {END}}},
	{"another cgroup of it was killed alone",
	 0,
	 1,
	 {{0, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}, {END}}},
	{"its own limit, below a group: no group kill",
	 0,
	 1,
	 {{0, 0, 0, 0},
	  {2, 0, 0, 0},
	  {2, 0, 0, 0},
	  {2, 0, 0, 0},
	  {2, 0, 0, 0},
	  {2, 0, 0, 0},
	  {2, 0, 0, 2},
	  {END}}},
	{"both have the flag: the upper one counts",
	 1,
	 1,
	 {{0, 0, 0, 0}, {3, 0, 1, 1}, {3, 0, 1, 1}, {5, 1, 1, 2}, {END}}},
	{"the flag's cgroup is not seen",
	 1,
	 0,
	 {{0, 0, 0, 0},
	  {3, 0, 0, 0},
	  {3, 0, 0, 0},
	  {3, 0, 0, 0},
	  {3, 0, 0, 0},
	  {3, 0, 0, 0},
	  {3, 0, 0, 1},
	  {END}}},
	{"counters that fall are no kills",
	 0,
	 0,
	 {{5, 0, 0, 5}, {3, 0, 0, 5}, {6, 0, 0, 6}, {END}}},
};

static void test_readings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kill_count count = {0};
		uint64_t sum = 0;

		for (size_t n = 0; rows[i].step[n].kills != NO; n++) {
			const struct step *s = &rows[i].step[n];
			struct kill_reading now = {s->kills, s->groups, s->above, rows[i].group,
						   rows[i].group_above};

			sum += kill_count_update(&count, &now);
			if (sum != s->incidents || count.incidents != s->incidents)
				fail_msg("%s, reading %zu: %llu, not %llu", rows[i].name, n,
					 (unsigned long long)sum, (unsigned long long)s->incidents);
		}
	}
}

static void test_late(void **state)
{
	static const struct {
		uint64_t kills, groups;
		bool group;
		uint64_t incidents;
	} late[] = {
		{1, 0, false, 1}, {3, 0, false, 3},  {6, 1, true, 1},  {9, 2, true, 2},
		{4, NO, true, 1}, {4, NO, false, 4}, {1, 2, false, 1}, {0, NO, true, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		struct kill_count count = {.incidents = 7};

		assert_int_equal(
			kill_count_late(&count, late[i].kills, late[i].groups, late[i].group),
			late[i].incidents);
		assert_int_equal(count.incidents, 7 + late[i].incidents);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
