// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Memory cgroups by their files: recorded trees of v1 and v2, trees that are taken apart while they are read, and real
 * cgroups of our own where this machine lets us make some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_tree.h"
#include "sense/files.h"

#define FIXTURES "tests/fixtures/"
#define NO RECORD_UNKNOWN
#define MOST 64

static struct memcg_sample rows[MOST];

static struct files *open_at(const char *root, const char *scope)
{
	struct cgroupfs fs;
	struct files *f;

	assert_int_equal(cgroupfs_find(root, &fs), 0);
	assert_int_equal(files_open(&fs, scope, MOST, &f), 0);
	return f;
}

static size_t sweep(struct files *f)
{
	size_t n = 0;

	assert_int_equal(files_sweep(f, rows, MOST, &n, NULL, NULL), 0);
	/* preorder, parents named, no id twice: whoever reads rows relies on it */
	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		assert_int_equal(rows[i].level == 0, i == 0);
		while (i && rows[--k].level >= rows[i].level)
			assert_true(k && rows[k].id != rows[i].id);
		assert_int_equal(rows[i].parent_id, rows[i].level < 2 ? 0 : rows[k].id);
	}
	return n;
}

static const struct memcg_sample *row_at(struct files *f, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		const char *is = files_path(f, rows[i].id);

		if (is && !strcmp(is, path))
			return &rows[i];
	}
	return NULL;
}

static void same(const struct memcg_sample *a, const struct memcg_sample *b)
{
	static const struct {
		const char *name;
		size_t offset;
	} all[] = {
#define M(member) {#member, offsetof(struct memcg_sample, member)}
		M(usage), M(limit), M(high), M(low), M(min), M(peak), M(swap), M(swap_limit), M(anon), M(file), M(shmem),
		M(kernel), M(slab_reclaimable), M(active_file), M(inactive_file), M(file_dirty), M(file_writeback),
		M(refaults), M(event_low), M(event_high), M(event_max), M(event_oom), M(event_oom_kill),
		M(event_oom_group_kill), M(psi_some_us), M(psi_full_us),
#undef M
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		__u64 x = *(const __u64 *)((const char *)a + all[i].offset);
		__u64 y = *(const __u64 *)((const char *)b + all[i].offset);

		if (x != y)
			fail_msg("%s is %llu, not %llu", all[i].name, (unsigned long long)x, (unsigned long long)y);
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
	{FIXTURES "cgroup-v2/6.12", "/kubepods/pod1/web",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS, .usage = 22376448, .limit = 67108864, .high = 59998208,
	  .low = 0, .min = 0, .peak = 34480128, .swap = 0, .swap_limit = 33554432, .anon = 12177408, .file = 10002432,
	  .shmem = 10002432, .kernel = 196608, .slab_reclaimable = 25704, .pids = 2}},
	{FIXTURES "cgroup-v2/6.12", "/kubepods/pod1/db",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS, .usage = 167936, .limit = 33554432, .high = NO,
	  .low = 8388608, .min = 0, .peak = 33554432, .swap = 3203072, .swap_limit = NO, .kernel = 151552, .event_max = 327,
	  .event_oom = 2, .event_oom_kill = 1, .psi_some_us = 735166, .psi_full_us = 735166, .psi_some_avg10_centi = 406,
	  .psi_full_avg10_centi = 406, .pids = 2}},
	/* the pod's memory.events say oom_kill 1; it happened below it, and is counted there */
	{FIXTURES "cgroup-v2/6.12", "/kubepods/pod1",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED, .usage = 22564864, .limit = 134217728, .high = NO, .peak = 56016896,
	  .swap = 3203072, .swap_limit = NO, .anon = 12177408, .file = 10002432, .shmem = 10002432, .kernel = 368640,
	  .slab_reclaimable = 25704, .psi_some_us = 735166, .psi_full_us = 735166, .psi_some_avg10_centi = 406,
	  .psi_full_avg10_centi = 406}},
	/* no memory.peak, no `kernel`, no oom_group_kill */
	{FIXTURES "cgroup-v2/5.10", "/kubepods/pod1/db",
	 {.flags = SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS, .usage = 155648, .limit = 33554432, .high = NO,
	  .low = 8388608, .peak = NO, .swap = 3194880, .swap_limit = NO, .event_max = 397, .event_oom = 1,
	  .event_oom_kill = 1, .event_oom_group_kill = NO, .psi_some_us = 1093545, .psi_full_us = 614230,
	  .psi_some_avg10_centi = 582, .psi_full_avg10_centi = 329, .pids = 2}},
	{FIXTURES "cgroup-v1", "/kubepods/pod1/web",
	 {.flags = SAMPLE_V1 | SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS, .usage = 22769664, .limit = 67108864,
	  .high = NO, .low = NO, .min = NO, .peak = 34942976, .swap = 0, .swap_limit = 33554432, .anon = 12283904,
	  .file = 10010624, .shmem = 0, .kernel = 475136, .slab_reclaimable = NO, .active_file = 122880,
	  .inactive_file = 9887744, .file_dirty = 10002432, .refaults = 2, .event_low = NO, .event_high = NO,
	  .event_oom = NO, .event_oom_group_kill = NO, .psi_some_us = NO, .psi_full_us = NO, .psi_some_avg10_centi = ~0U,
	  .psi_full_avg10_centi = ~0U, .pids = 2}},
	{FIXTURES "cgroup-hybrid", "/kubepods/pod1/db",
	 {.flags = SAMPLE_V1 | SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS, .usage = 3604480, .limit = 33554432,
	  .high = NO, .low = NO, .min = NO, .peak = 33554432, .swap = 0, .swap_limit = NO, .anon = 3309568,
	  .kernel = 167936, .slab_reclaimable = NO, .event_low = NO, .event_high = NO, .event_max = 92, .event_oom = NO,
	  .event_oom_kill = 1, .event_oom_group_kill = NO, .psi_some_us = NO, .psi_full_us = NO,
	  .psi_some_avg10_centi = ~0U, .psi_full_avg10_centi = ~0U, .pids = 2}},
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
				files_keep(f, 0, FILES_IDLE_NS);	/* the same, by opening */
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
		struct files *by_walk = open_at(recorded[i].root, NULL), *f = open_at(recorded[i].root, NULL);
		const struct memcg_sample *w = row_at(by_walk, sweep(by_walk), recorded[i].path);
		struct memcg_sample row, before;

		/* as from BPF: no stat block, the rest known; a stranger to `f`, which has not walked yet */
		row = *w;
		row.flags &= ~SAMPLE_STAT;
		row.anon = row.inactive_file = row.file = 1;
		row.usage = 4711;
		assert_int_equal(files_stat(f, &row), 0);
		assert_int_equal(row.usage, 4711);
		row.usage = w->usage;
		if (row.flags & SAMPLE_V1)
			row.swap = w->swap;
		same(&row, w);

		/* what BPF could not tell is filled in, on v1 the hang, too */
		row = *w;
		row.event_max = row.event_oom_kill = row.swap = row.psi_some_us = NO;
		assert_int_equal(files_stat(f, &row), 0);
		same(&row, w);

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

		/* itself, and whose limits bind it */
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
	int fd;

	assert_int_equal(cgroupfs_find(FIXTURES "cgroup-v1", &fs), 0);
	strcpy(fs.base, "/docker/x");		/* as in a container that sees its own group only */
	assert_int_equal(files_open(&fs, "/docker/x/kubepods", MOST, &f), 0);
	assert_non_null(row_at(f, sweep(f), "/docker/x/kubepods/pod1"));
	assert_non_null(row_at(f, sweep(f), "/docker/x"));
	fd = files_usage_open(f, "/docker/x/kubepods/pod1/web");
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 9);
	assert_memory_equal(text, "22769664\n", 9);
	close(fd);
	assert_int_equal(files_usage_open(f, "/docker/x/kubepods/none"), -ENOENT);
	assert_int_equal(files_usage_open(f, "/docker/xy"), -ENOENT);
	assert_int_equal(files_usage_open(f, "/docker/x/../.."), -ENOENT);
	assert_int_equal(files_usage_open(f, ""), -ENOENT);
	files_close(f);
}

/* A v2 tree to be taken apart. */
static void v2_new(struct tree *tree)
{
	tree_new(tree);
	tree_put(tree, "proc/self/mountinfo", "1 2 0:3 / /cg rw - cgroup2 none rw\n");
	tree_put(tree, "cg/cgroup.controllers", "memory\n");
	tree_put(tree, "cg/cgroup.procs", "1\n");
}

static void v2_group(const struct tree *tree, const char *name)
{
	static const char *const files[][2] = {
		{"memory.current", "1000\n"}, {"memory.max", "max\n"}, {"memory.stat", "anon 10\ninactive_file 5\n"},
		{"cgroup.procs", ""}, {"cgroup.events", "populated 0\nfrozen 0\n"}, {"memory.events", "max 3\noom_kill 2\n"},
	};
	char path[TREE_PATH];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "cg/%s/%s", name, files[i][0]);
		tree_put(tree, path, files[i][1]);
	}
}

static void test_changes(void **state)
{
	const struct memcg_sample *row;
	struct tree tree;
	struct files *f;

	v2_new(&tree);
	v2_group(&tree, "a");
	v2_group(&tree, "a/b");
	f = open_at(tree.root, NULL);
	assert_int_equal(sweep(f), 3);
	row = row_at(f, 3, "/a/b");
	assert_int_equal(row->event_oom_kill, 2);	/* no .local: the other one */
	assert_int_equal(row->event_low, NO);
	assert_true(row->limit == NO && row->peak == NO && row->psi_some_us == NO && row->pids == 0);

	v2_group(&tree, "a/c");
	v2_group(&tree, "z z\n");
	tree_put(&tree, "cg/a/b/memory.current", "7\n");	/* backwards, and told as it is */
	tree_put(&tree, "cg/a/b/memory.events", "max 1\noom_kill 1\n");
	assert_int_equal(sweep(f), 5);
	assert_non_null(row_at(f, 5, "/z z\n"));
	assert_int_equal(row_at(f, 5, "/a/b")->usage, 7);
	assert_int_equal(row_at(f, 5, "/a/b")->event_oom_kill, 1);

	tree_remove(&tree, "cg/a");
	assert_int_equal(sweep(f), 2);
	v2_group(&tree, "a");
	tree_mkdir(&tree, "cg/a/no-controller/below");
	tree_put(&tree, "cg/a/no-controller/cgroup.procs", "");
	v2_group(&tree, "a/no-controller/below");
	assert_int_equal(sweep(f), 3);			/* without memory.current it is no memory cgroup, nor can those below be */
	v2_group(&tree, "a/no-controller");
	assert_int_equal(sweep(f), 5);
	assert_non_null(row_at(f, 5, "/a/no-controller/below"));
	files_close(f);
	tree_done(&tree);
}

static void test_broken_files(void **state)
{
	static const struct {
		const char *file, *text;	/* NULL: removed */
		size_t offset;
	} cases[] = {
		{"memory.max", NULL, offsetof(struct memcg_sample, limit)},
		{"memory.max", "", offsetof(struct memcg_sample, limit)},
		{"memory.max", "12", offsetof(struct memcg_sample, limit)},
		{"memory.max", "minus\n", offsetof(struct memcg_sample, limit)},
		{"memory.current", "x\n", offsetof(struct memcg_sample, usage)},
		{"memory.stat", NULL, offsetof(struct memcg_sample, anon)},
		{"memory.stat", "anon", offsetof(struct memcg_sample, anon)},
		{"memory.stat", "anon -5\ninactive_file 5\n", offsetof(struct memcg_sample, anon)},
		{"memory.events", "oom_kill 99999999999999999999\n", offsetof(struct memcg_sample, event_oom_kill)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[TREE_PATH];
		struct tree tree;
		struct files *f;

		print_message("%s %s\n", cases[i].file, cases[i].text ? cases[i].text : "(removed)");
		v2_new(&tree);
		v2_group(&tree, "a");
		f = open_at(tree.root, NULL);
		files_keep(f, i % 2 ? 0 : 100, FILES_IDLE_NS);
		assert_int_equal(sweep(f), 2);
		snprintf(path, sizeof(path), "cg/a/%s", cases[i].file);
		tree_remove(&tree, path);
		if (cases[i].text)
			tree_put(&tree, path, cases[i].text);
		files_close(f);
		f = open_at(tree.root, NULL);
		assert_int_equal(sweep(f), 2);
		assert_int_equal(*(__u64 *)((char *)&rows[1] + cases[i].offset), NO);
		assert_int_equal(rows[1].flags & SAMPLE_STAT ? 1 : 0, cases[i].offset != offsetof(struct memcg_sample, anon));
		if (rows[1].anon == NO)
			assert_int_equal(files_stat(f, &rows[1]), -EIO);
		files_close(f);
		tree_done(&tree);
	}
}

/* v1: memory and memsw are read at different moments. */
static void test_v1_swap(void **state)
{
	static const struct {
		const char *memsw, *memsw_limit, *limit, *stat;
		__u64 swap, swap_limit;
		unsigned flags;
	} cases[] = {
		{"1500\n", "4000\n", "3000\n", "", 500, 1000, 0},
		{"900\n", "3000\n", "3000\n", "", 0, 0, SAMPLE_UNDER_OOM},
		{"1500\n", "9223372036854771712\n", "3000\n", "", 500, NO, 0},
		{"1500\n", "9223372036854710272\n", "9223372036854710272\n", "", 500, NO, 0},	/* 64 KiB pages */
		{"1500\n", "2000\n", "3000\n", "", 500, 0, 0},		/* being changed */
		{NULL, NULL, "3000\n", "total_swap 77\n", 77, NO, 0},	/* swap not accounted */
		{NULL, NULL, "3000\n", "", NO, NO, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree tree;
		struct files *f;
		char stat[256];

		tree_new(&tree);
		tree_put(&tree, "proc/self/mountinfo", "1 2 0:3 / /m rw - cgroup none rw,memory\n");
		tree_put(&tree, "m/release_agent", "\n");
		tree_put(&tree, "m/cgroup.procs", "1\n");
		tree_put(&tree, "m/a/cgroup.procs", "5\n6\n7\n");
		tree_put(&tree, "m/a/memory.usage_in_bytes", "1000\n");
		tree_put(&tree, "m/a/memory.limit_in_bytes", cases[i].limit);
		if (cases[i].memsw) {
			tree_put(&tree, "m/a/memory.memsw.usage_in_bytes", cases[i].memsw);
			tree_put(&tree, "m/a/memory.memsw.limit_in_bytes", cases[i].memsw_limit);
		}
		tree_put(&tree, "m/a/memory.oom_control",
			 cases[i].flags ? "oom_kill_disable 1\nunder_oom 1\noom_kill 0\n" : "under_oom 0\n");
		snprintf(stat, sizeof(stat), "total_rss 1\n%stotal_inactive_file 2\n", cases[i].stat);
		tree_put(&tree, "m/a/memory.stat", stat);
		f = open_at(tree.root, NULL);
		assert_int_equal(sweep(f), 2);
		assert_int_equal(rows[1].swap, cases[i].swap);
		assert_int_equal(rows[1].swap_limit, cases[i].swap_limit);
		assert_int_equal(rows[1].pids, 3);
		assert_int_equal(rows[1].flags, SAMPLE_V1 | SAMPLE_STAT | SAMPLE_POPULATED | SAMPLE_HAS_TASKS | cases[i].flags);
		files_close(f);
		tree_done(&tree);
	}
}

static void test_capacity(void **state)
{
	struct files_counts c;
	struct cgroupfs fs;
	struct tree tree;
	struct files *f;
	char name[32];
	size_t n;

	v2_new(&tree);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		v2_group(&tree, name);
	}
	f = open_at(tree.root, NULL);
	assert_int_equal(sweep(f), 21);
	n = 0;
	assert_int_equal(files_sweep(f, rows, 20, &n, NULL, NULL), -ENOSPC);
	assert_int_equal(n, 20);
	files_close(f);

	assert_int_equal(cgroupfs_find(tree.root, &fs), 0);
	assert_int_equal(files_open(&fs, NULL, 10, &f), 0);
	assert_int_equal(files_sweep(f, rows, MOST, &n, NULL, NULL), -ENOSPC);
	assert_int_equal(n, 10);
	for (int i = 0; i < 15; i++) {
		snprintf(name, sizeof(name), "cg/g%d", i);
		tree_remove(&tree, name);
	}
	for (int i = 0; i < 2; i++)	/* the places of the dead are taken at the latest in the next round */
		files_sweep(f, rows, MOST, &n, NULL, NULL);
	assert_int_equal(sweep(f), 6);
	files_count(f, &c);
	assert_true(c.refused > 0 && c.groups == 6);
	files_close(f);
	tree_done(&tree);
}

static void test_descriptors(void **state)
{
	struct files_counts c, c2;
	struct tree tree;
	struct files *f;
	char name[32];

	v2_new(&tree);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		v2_group(&tree, name);
	}
	f = open_at(tree.root, NULL);
	sweep(f);
	files_count(f, &c);
	assert_int_equal(c.kept_open, c.opens);		/* everything that was opened */
	sweep(f);
	files_count(f, &c2);
	assert_int_equal(c2.opens, c.opens);
	assert_int_equal(c2.transient, 0);

	files_keep(f, 30, FILES_IDLE_NS);
	sweep(f);
	sweep(f);
	files_count(f, &c);
	assert_in_range(c.kept_open, 1, 30);
	sweep(f);
	files_count(f, &c2);
	/* a round that is larger than the cache does not wash it out */
	assert_int_equal(c2.opens - c.opens, c2.transient - c.transient);
	assert_true(c2.opens - c.opens < 20 * 8);

	/* unused ones give theirs up: here at once */
	files_keep(f, 30, 0);
	sweep(f);
	files_count(f, &c);
	assert_in_range(c.kept_open, 0, 30);
	files_close(f);
	tree_done(&tree);
}

static void test_real(void **state)
{
	struct memcg_sample by_id = {0};
	struct files_counts c;
	struct cgroupfs fs;
	char top[PATH_MAX + 64], path[PATH_MAX + 128], scope[64];
	struct files *f;
	size_t n;
	__u64 id;

	if (cgroupfs_find("", &fs) || fs.read_only)
		skip();
	snprintf(scope, sizeof(scope), "/headroom-test-files-%d", getpid());
	snprintf(top, sizeof(top), "%s%s", fs.memory, scope);
	if (mkdir(top, 0755) < 0) {
		print_message("cannot make cgroups here\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/a", top);
	mkdir(path, 0755);
	if (files_open(&fs, scope, MOST, &f) < 0 || files_sweep(f, rows, MOST, &n, NULL, NULL) < 0 || n < 2) {
		print_message("no memory controller below the root\n");
		rmdir(path);
		rmdir(top);
		skip();
	}
	for (int round = 0; round < 50; round++) {
		/* one goes and one comes between two looks: the link count stays as it was */
		snprintf(path, sizeof(path), "%s/%c", top, 'a' + round);
		rmdir(path);
		snprintf(path, sizeof(path), "%s/%c", top, 'a' + round + 1);
		mkdir(path, 0755);
		n = sweep(f);
		snprintf(path, sizeof(path), "%s/%c", scope, 'a' + round + 1);
		assert_non_null(row_at(f, n, path));
		snprintf(path, sizeof(path), "%s/%c", scope, 'a' + round);
		assert_null(row_at(f, n, path));
	}
	files_count(f, &c);
	assert_true(c.vanished >= 50 && c.listings < 200);

	n = sweep(f);
	snprintf(path, sizeof(path), "%s/%c", scope, 'a' + 50);
	id = by_id.id = row_at(f, n, path)->id;
	files_close(f);
	assert_int_equal(files_open(&fs, NULL, MOST, &f), 0);
	by_id.swap_limit = by_id.limit = NO;
	if (files_stat(f, &by_id) == 0) {
		assert_true(by_id.flags & SAMPLE_STAT && by_id.anon == 0);
		assert_string_equal(files_path(f, id), path);
	}
	snprintf(path, sizeof(path), "%s/%c", top, 'a' + 50);
	rmdir(path);
	rmdir(top);
	assert_int_equal(files_stat(f, &by_id), -ENOENT);
	assert_null(files_path(f, id));
	files_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),     cmocka_unit_test(test_root_v2),
		cmocka_unit_test(test_stat_by_id),   cmocka_unit_test(test_want_stat),
		cmocka_unit_test(test_scope),	     cmocka_unit_test(test_usage_open),
		cmocka_unit_test(test_changes),	     cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_v1_swap),	     cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_descriptors),  cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
