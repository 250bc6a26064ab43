// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Memory cgroups by their files, as recorded: v1, v2 of two kernels, hybrid.
 */
#include "base/cleanup.h"
#include "fixture_files.h"

#define FIXTURES "tests/fixtures/"

static void same(const struct memcg_sample *a, const struct memcg_sample *b)
{
	static const struct {
		const char *name;
		size_t offset;
	} all[] = {
#define M(member) {#member, offsetof(struct memcg_sample, member)}
		M(usage),
		M(limit),
		M(high),
		M(low),
		M(min),
		M(peak),
		M(swap),
		M(swap_limit),
		M(anon),
		M(file),
		M(shmem),
		M(kernel),
		M(slab_reclaimable),
		M(active_file),
		M(inactive_file),
		M(file_dirty),
		M(file_writeback),
		M(refaults),
		M(event_low),
		M(event_high),
		M(event_max),
		M(event_oom),
		M(event_oom_kill),
		M(event_oom_group_kill),
		M(own_oom_kills),
		M(psi_some_us),
		M(psi_full_us),
#undef M
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		__u64 x = *(const __u64 *)((const char *)a + all[i].offset);
		__u64 y = *(const __u64 *)((const char *)b + all[i].offset);

		if (x != y)
			fail_msg("%s is %llu, not %llu", all[i].name, (unsigned long long)x,
				 (unsigned long long)y);
	}
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->pids, b->pids);
	assert_int_equal(a->psi_some_avg10_centi, b->psi_some_avg10_centi);
	assert_int_equal(a->psi_full_avg10_centi, b->psi_full_avg10_centi);
}

/* Figures as they stand in the fixtures' files. */
static const struct {
	const char *root, *path;
	struct memcg_sample want;
} recorded[] = {
	{FIXTURES "cgroup-v2/6.12",
	 "/kubepods/pod1/web",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS,
	  .usage = 22376448,
	  .limit = 67108864,
	  .high = 59998208,
	  .low = 0,
	  .min = 0,
	  .peak = 34480128,
	  .swap = 0,
	  .swap_limit = 33554432,
	  .anon = 12177408,
	  .file = 10002432,
	  .shmem = 10002432,
	  .kernel = 196608,
	  .slab_reclaimable = 25704,
	  .pids = 2}},
	{FIXTURES "cgroup-v2/6.12",
	 "/kubepods/pod1/db",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS,
	  .usage = 167936,
	  .limit = 33554432,
	  .high = NO,
	  .low = 8388608,
	  .min = 0,
	  .peak = 33554432,
	  .swap = 3203072,
	  .swap_limit = NO,
	  .kernel = 151552,
	  .event_max = 327,
	  .event_oom = 2,
	  .event_oom_kill = 1,
	  .own_oom_kills = 1,
	  .psi_some_us = 735166,
	  .psi_full_us = 735166,
	  .psi_some_avg10_centi = 406,
	  .psi_full_avg10_centi = 406,
	  .pids = 2}},
	/* the pod's memory.events count what is below; its own processes were not killed */
	{FIXTURES "cgroup-v2/6.12",
	 "/kubepods/pod1",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED,
	  .usage = 22564864,
	  .limit = 134217728,
	  .high = NO,
	  .peak = 56016896,
	  .swap = 3203072,
	  .swap_limit = NO,
	  .anon = 12177408,
	  .file = 10002432,
	  .shmem = 10002432,
	  .kernel = 368640,
	  .slab_reclaimable = 25704,
	  .event_max = 327,
	  .event_oom = 2,
	  .event_oom_kill = 1,
	  .own_oom_kills = 0,
	  .psi_some_us = 735166,
	  .psi_full_us = 735166,
	  .psi_some_avg10_centi = 406,
	  .psi_full_avg10_centi = 406}},
	/* no memory.peak, no `kernel`, no oom_group_kill */
	{FIXTURES "cgroup-v2/5.10",
	 "/kubepods/pod1/db",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS,
	  .usage = 155648,
	  .limit = 33554432,
	  .high = NO,
	  .low = 8388608,
	  .peak = NO,
	  .swap = 3194880,
	  .swap_limit = NO,
	  .event_max = 397,
	  .event_oom = 1,
	  .event_oom_kill = 1,
	  .own_oom_kills = 1,
	  .event_oom_group_kill = NO,
	  .psi_some_us = 1093545,
	  .psi_full_us = 614230,
	  .psi_some_avg10_centi = 582,
	  .psi_full_avg10_centi = 329,
	  .pids = 2}},
	{FIXTURES "cgroup-v1",
	 "/kubepods/pod1/web",
	 {.flags = SAMPLE_V1 | SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS,
	  .usage = 22769664,
	  .limit = 67108864,
	  .high = NO,
	  .low = NO,
	  .min = NO,
	  .peak = 34942976,
	  .swap = 0,
	  .swap_limit = 33554432,
	  .anon = 12283904,
	  .file = 10010624,
	  .shmem = 0,
	  .kernel = 475136,
	  .slab_reclaimable = NO,
	  .active_file = 122880,
	  .inactive_file = 9887744,
	  .file_dirty = 10002432,
	  .refaults = 2,
	  .event_low = NO,
	  .event_high = NO,
	  .event_oom = NO,
	  .event_oom_group_kill = NO,
	  .psi_some_us = NO,
	  .psi_full_us = NO,
	  .psi_some_avg10_centi = ~0U,
	  .psi_full_avg10_centi = ~0U,
	  .pids = 2}},
	{FIXTURES "cgroup-hybrid",
	 "/kubepods/pod1/db",
	 {.flags = SAMPLE_V1 | SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS,
	  .usage = 3604480,
	  .limit = 33554432,
	  .high = NO,
	  .low = NO,
	  .min = NO,
	  .peak = 33554432,
	  .swap = 0,
	  .swap_limit = NO,
	  .anon = 3309568,
	  .kernel = 167936,
	  .slab_reclaimable = NO,
	  .event_low = NO,
	  .event_high = NO,
	  .event_max = 92,
	  .event_oom = NO,
	  .event_oom_kill = 1,
	  .own_oom_kills = 1,
	  .event_oom_group_kill = NO,
	  .psi_some_us = NO,
	  .psi_full_us = NO,
	  .psi_some_avg10_centi = ~0U,
	  .psi_full_avg10_centi = ~0U,
	  .pids = 2}},
};

static void test_recorded(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++) {
		struct files *f = open_at(recorded[i].root, NULL);

		print_message("%s%s\n", recorded[i].root, recorded[i].path);
		for (int again = 0; again < 3; again++) {
			const struct memcg_sample *row;
			size_t n = sweep(f);

			if (again == 1)
				files_keep(f, 0, FILES_IDLE_NS); /* the same, by opening */
			assert_int_equal(n, 5);
			assert_true(rows[0].flags & SAMPLE_POPULATED);
			assert_string_equal(files_path(f, rows[0].id), "/");
			row = row_at(f, n, recorded[i].path);
			assert_non_null(row);
			same(row, &recorded[i].want);
		}
		files_close(f);
	}
}

/* Kinds of memory that is no process's; NO where this kernel does not tell them, and on v1. */
static void test_kinds(void **state)
{
	static const struct {
		const char *root, *path;
		__u64 sock, slab_unreclaimable, page_tables, kernel_stack, percpu, vmalloc, zswap;
	} rows_of[] = {
		{FIXTURES "cgroup-v2/6.12", "/kubepods/pod1/web", 0, 24000, 102400, 16384, 128, 0,
		 NO},
		{FIXTURES "cgroup-v2/5.10", "/kubepods/pod1/web", 0, 0, NO, 0, 0, NO, NO},
		{FIXTURES "cgroup-v1", "/kubepods/pod1/web", NO, NO, NO, NO, NO, NO, NO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows_of); i++) {
		struct files *f = open_at(rows_of[i].root, NULL);
		const struct memcg_sample *row = row_at(f, sweep(f), rows_of[i].path);

		assert_non_null(row);
		assert_int_equal(row->sock, rows_of[i].sock);
		assert_int_equal(row->slab_unreclaimable, rows_of[i].slab_unreclaimable);
		assert_int_equal(row->page_tables, rows_of[i].page_tables);
		assert_int_equal(row->kernel_stack, rows_of[i].kernel_stack);
		assert_int_equal(row->percpu, rows_of[i].percpu);
		assert_int_equal(row->vmalloc, rows_of[i].vmalloc);
		assert_int_equal(row->zswap, rows_of[i].zswap);
		files_close(f);
	}
}

/* v2's root has neither usage nor limit, but figures for all the host. */
static void test_root_v2(void **state)
{
	struct files *f = open_at(FIXTURES "cgroup-v2/6.12", NULL);

	sweep(f);
	assert_true(rows[0].usage == NO && rows[0].limit == NO && rows[0].swap_limit == NO);
	assert_true(rows[0].anon != NO && (rows[0].flags & SAMPLE_STAT));
	files_close(f);
}

static void test_stat_by_id(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++) {
		struct files *by_walk = open_at(recorded[i].root, NULL),
			     *f = open_at(recorded[i].root, NULL);
		const struct memcg_sample *w = row_at(by_walk, sweep(by_walk), recorded[i].path);
		struct memcg_sample row, before;

		/* as from BPF: no stat block, the rest known; a stranger to `f`, which has not
		 * walked yet */
		row = *w;
		row.flags &= ~SAMPLE_STAT;
		row.anon = row.inactive_file = row.file = 1;
		row.usage = 4711;
		assert_int_equal(files_stat(f, &row), 0);
		assert_int_equal(row.usage, w->usage); /* of the same moment as the stat block */
		if (row.flags & SAMPLE_V1)
			row.swap = w->swap;
		same(&row, w);

		/* what BPF could not tell is filled in, on v1 the hang, too */
		row = *w;
		row.event_max = row.event_oom_kill = row.swap = row.psi_some_us = NO;
		assert_int_equal(files_stat(f, &row), 0);
		same(&row, w);

		/* what BPF knew a moment ago is not read again while the usage stands: on v1 the hang, the limit with swap, kernel
		 * memory; an unknown limit of swap may be none */
		row = *w;
		if (row.flags & SAMPLE_V1) {
			row.flags &= ~(SAMPLE_STAT | SAMPLE_UNDER_OOM);
			row.swap = row.kernel = 4711;
			row.swap_limit = NO;
			assert_int_equal(files_stat(f, &row), 0);
			assert_true(row.swap == 4711 && row.kernel == 4711 && row.swap_limit == NO);
			assert_false(row.flags & SAMPLE_UNDER_OOM);
			assert_int_equal(row.anon, w->anon);
			row.usage = w->usage + (1ULL << 30);
			assert_int_equal(files_stat(f, &row), 0);
			assert_int_equal(row.kernel, w->kernel);
		}

		/* a process that has just ended is not counted again: the count is of the last process pass */
		row = *w;
		row.flags &= ~(SAMPLE_POPULATED | SAMPLE_HAS_TASKS);
		row.pids = 1;
		assert_int_equal(files_stat(f, &row), 0);
		assert_false(row.flags & (SAMPLE_POPULATED | SAMPLE_HAS_TASKS));

		row = before = (struct memcg_sample){.id = 1ULL << 60, .usage = 3};
		assert_int_equal(files_stat(f, &row), -ENOENT);
		assert_memory_equal(&row, &before, sizeof(row));
		assert_null(files_path(f, 1ULL << 60));
		files_close(by_walk);
		files_close(f);
	}
}

static bool only_large(const struct memcg_sample *row, void *arg)
{
	++*(int *)arg;
	return row->usage != NO && row->usage > 20000000;
}

static void test_want_stat(void **state)
{
	struct files *f = open_at(FIXTURES "cgroup-v1", NULL);
	int asked = 0, with = 0;
	size_t n;

	assert_int_equal(files_sweep(f, rows, MOST, &n, only_large, &asked), 0);
	assert_int_equal(asked, n);
	for (size_t i = 0; i < n; i++) {
		bool stat = rows[i].flags & SAMPLE_STAT;

		assert_int_equal(stat, rows[i].usage > 20000000);
		assert_int_equal(rows[i].anon != NO, stat);
		assert_true(rows[i].limit != 0 && rows[i].pids != ~0U);
		with += stat;
	}
	assert_in_range(with, 1, n - 1);
	files_close(f);
}

static void test_scope(void **state)
{
	struct cgroupfs fs;
	struct files *f = open_at(FIXTURES "cgroup-v2/6.12", "/kubepods/pod1/web");

	for (int again = 0; again < 2; again++) {
		size_t n = sweep(f);

		/* itself, and the ancestors with a limit on it */
		assert_int_equal(n, 4);
		assert_non_null(row_at(f, n, "/kubepods/pod1/web"));
		assert_null(row_at(f, n, "/kubepods/pod1/db"));
	}
	files_close(f);
	assert_int_equal(cgroupfs_find(FIXTURES "cgroup-v2/6.12", &fs), 0);
	assert_int_equal(files_open(&fs, "/kubepods/pod2", MOST, &f), -ENOENT);
	assert_int_equal(files_open(&fs, "/kubepods/../..", MOST, &f), -ENOENT);
	assert_int_equal(files_open(&fs, "kubepods", MOST, &f), -ENOENT);
	assert_int_equal(files_open(&fs, NULL, 0, &f), -EINVAL);
	assert_int_equal(files_open(&fs, "/", MOST, &f), 0);
	assert_int_equal(sweep(f), 5);
	files_close(f);
	files_close(NULL);
}

static void test_usage_open(void **state)
{
	struct cgroupfs fs;
	struct files *f;
	char text[32];
	struct usage_files open;
	struct memcg_sample sample;

	assert_int_equal(cgroupfs_find(FIXTURES "cgroup-v1", &fs), 0);
	strcpy(fs.base, "/docker/x"); /* as in a container that sees its own group only */
	assert_int_equal(files_open(&fs, "/docker/x/kubepods", MOST, &f), 0);
	assert_non_null(row_at(f, sweep(f), "/docker/x/kubepods/pod1"));
	assert_non_null(row_at(f, sweep(f), "/docker/x"));
	assert_int_equal(files_usage_open(f, "/docker/x/kubepods/pod1/web", &open), 0);
	assert_int_equal(pread(open.usage, text, sizeof(text), 0), 9);
	assert_memory_equal(text, "22769664\n", 9);
	memset(&sample, 0xff, sizeof(sample));
	sample.flags = 0;
	assert_int_equal(usage_split_read(&open, CGROUP_V1, &sample), 0);
	assert_int_equal(sample.usage, 22769664);
	assert_true((sample.flags & SAMPLE_STAT) && sample.anon != NO &&
		    sample.inactive_file != NO && sample.kernel != NO);
	usage_files_close(&open);
	assert_int_equal(files_usage_open(f, "/docker/x/kubepods/none", &open), -ENOENT);
	assert_int_equal(files_usage_open(f, "/docker/xy", &open), -ENOENT);
	assert_int_equal(files_usage_open(f, "/docker/x/../..", &open), -ENOENT);
	assert_int_equal(files_usage_open(f, "", &open), -ENOENT);
	files_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),   cmocka_unit_test(test_root_v2),
		cmocka_unit_test(test_stat_by_id), cmocka_unit_test(test_want_stat),
		cmocka_unit_test(test_scope),      cmocka_unit_test(test_usage_open),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
