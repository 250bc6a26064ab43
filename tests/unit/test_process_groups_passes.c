// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Process groups from one pass to the next: what is remembered of one that shrinks, splits, changes its id or ends. */
#include "fixture_process_groups.h"

/* A process that is in another group each time keeps the key, and so the timers, of the first. */
static void test_hopping(void **state)
{
	uint64_t key = 0;

	memset(&groups, 0, sizeof(groups));
	for (uint32_t pass = 0; pass < 5; pass++) {
		begin();
		for (uint32_t k = 0; k < 5; k++)
			add(500 + k, 500 + k, MIB, "sleeps");
		add(600, 500 + pass, 300 * MIB, "hog");
		process_groups_end(&groups, (pass + 1) * SECOND, (pass + 1) * SECOND);
		assert_int_equal(groups.group[0].pid, 600);
		assert_int_equal(groups.group[0].pgid, 500 + pass);
		assert_true(!key || groups.group[0].key == key);
		key = groups.group[0].key;
		for (uint32_t k = 1; k < groups.n; k++)
			assert_true(groups.group[k].key != key);
	}
}

static uint64_t recent(uint32_t pgid) { return find(pgid)->recent / MIB; }

static void add_of(uint32_t user, uint32_t pid, uint64_t start_ns, uint64_t mib)
{
	put_in(&(struct task_sample){.pid = pid,
				     .pgid = pid,
				     .sid = pid,
				     .user = user,
				     .rss = mib * MIB,
				     .pss = RECORD_UNKNOWN,
				     .start_boottime_ns = start_ns},
	       (struct process_place){.mixed = true});
}

/* What a group held a moment ago is remembered; for some seconds. */
static void test_dropped(void **state)
{
	static const struct {
		uint64_t mib, at_ms, recent;
	} passes[] = {
		{200, 1000, 200}, {10, 1250, 200}, {90, 1500, 200}, {5, 3900, 200}, {5, 4100, 5}};

	memset(&groups, 0, sizeof(groups));
	for (size_t i = 0; i < ARRAY_SIZE(passes); i++) {
		begin();
		add(500, 500, passes[i].mib * MIB, "hog");
		add(600, 600, 60 * MIB, "stands");
		process_groups_end(&groups, passes[i].at_ms * SECOND / 1000,
				   passes[i].at_ms * SECOND / 1000);
		assert_int_equal(recent(500), passes[i].recent);
		assert_int_equal(recent(600), 60);
	}
}

/* A process that leaves a group takes its memory along. */
static void test_left(void **state)
{
	memset(&groups, 0, sizeof(groups));
	for (uint32_t pass = 0; pass < 3; pass++) {
		begin();
		add(500, 500, MIB, "sleeps");
		add(600, pass ? 600 : 500, (pass ? 20 : 300) * MIB, "hog");
		process_groups_end(&groups, (pass + 1) * SECOND / 4, (pass + 1) * SECOND / 4);
	}
	assert_int_equal(recent(500), 1);
	assert_int_equal(recent(600), 301); /* as its group then */
}

/* What ended is known by what took its place: of its user, begun since, and most of what that user has. */
static void test_successor(void **state)
{
	memset(&groups, 0, sizeof(groups));
	for (uint64_t pass = 1; pass <= 2; pass++) {
		begin();
		add_of(7, 500 + (uint32_t)pass, pass * SECOND / 4 - 1000, pass == 1 ? 200 : 10);
		add_of(7, 600, 1, 4);
		add_of(8, 700, 1, 60);
		/* 800 ends: others of its user are older, or small. */
		if (pass == 1)
			add_of(9, 800, 1, 300);
		add_of(9, 801, 1, 90);
		if (pass == 2)
			add_of(9, 802, SECOND / 2 - 1000, 5);
		process_groups_end(&groups, pass * SECOND / 4, pass * SECOND / 4);
	}
	assert_int_equal(recent(502), 200); /* 204 in all, without the 4 that are there still */
	assert_int_equal(recent(600), 4);
	assert_int_equal(recent(700), 60);
	assert_int_equal(recent(801), 90);
	assert_int_equal(recent(802), 5);
}

static void test_history(void **state)
{
	memset(&groups, 0, sizeof(groups));
	for (uint64_t pass = 1; pass <= PROCESS_GROUPS_PASSES; pass++) {
		assert_true(process_groups_new(&groups, pass * SECOND / 4));
		begin();
		add(500, 500, MIB, "stands");
		process_groups_end(&groups, pass * SECOND / 4, pass * SECOND / 4);
	}
	assert_false(process_groups_new(&groups, PROCESS_GROUPS_PASSES * SECOND / 4));
	assert_true(process_groups_new(&groups, PROCESS_GROUPS_PASSES * SECOND / 4 + 3 * SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hopping), cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_left),    cmocka_unit_test(test_successor),
		cmocka_unit_test(test_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
