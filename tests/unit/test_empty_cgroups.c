// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Groups without processes, put beside what the climb saw: told, remembered, dropped, and never
 * twice. */
#include "base/cleanup.h"
#include "fixture_files.h"
#include "collect/empty_cgroups.h"

static void group(const struct tree *tree, const char *name, bool populated)
{
	char path[TREE_PATH];

	snprintf(path, sizeof(path), "cg/%s/memory.current", name);
	tree_put(tree, path, "1000\n");
	snprintf(path, sizeof(path), "cg/%s/cgroup.procs", name);
	tree_put(tree, path, populated ? "1\n" : "");
	snprintf(path, sizeof(path), "cg/%s/cgroup.events", name);
	tree_put(tree, path, populated ? "populated 1\n" : "populated 0\n");
}

struct bench {
	struct tree tree;
	struct files *files;
	struct empties empties;
	struct memcg_sample all[MOST]; /* as files have it */
	size_t n_all;
};

static void bench_new(struct bench *b)
{
	tree_new(&b->tree);
	tree_put(&b->tree, "proc/self/mountinfo", "1 2 0:3 / /cg rw - cgroup2 none rw\n");
	tree_put(&b->tree, "cg/cgroup.controllers", "memory\n");
	tree_put(&b->tree, "cg/cgroup.procs", "1\n");
	group(&b->tree, "busy", true);
	group(&b->tree, "idle", false);
	group(&b->tree, "idle/below", false);
	b->files = open_at(b->tree.root, NULL);
	assert_int_equal(empties_init(&b->empties, MOST), 0);
	b->n_all = sweep(b->files);
	memcpy(b->all, rows, sizeof(b->all));
}

static void bench_done(struct bench *b)
{
	empties_done(&b->empties);
	files_close(b->files);
	tree_done(&b->tree);
}

/* What a climb would see: the groups that hold processes. The rows are those of the file reader,
 * marked by their usage. */
static size_t climb(struct bench *b, const char *also)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_all; i++) {
		const char *path = files_path(b->files, b->all[i].id);

		if (!path || (strcmp(path, "/") != 0 && strcmp(path, "/busy") != 0 &&
			      (!also || strcmp(path, also) != 0)))
			continue;
		rows[n] = b->all[i];
		rows[n++].usage = 5;
	}
	return n;
}

static size_t count(const struct memcg_sample *at, size_t n, __u64 id)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += at[i].id == id;
	return found;
}

static __u64 id_of(struct bench *b, const char *path)
{
	for (size_t i = 0; i < b->n_all; i++)
		if (strcmp(files_path(b->files, b->all[i].id) ?: "", path) == 0)
			return b->all[i].id;
	fail_msg("no %s", path);
	return 0;
}

static void test_all_are_emitted_once(void **state)
{
	struct bench b;
	size_t n;

	bench_new(&b);
	assert_int_equal(b.n_all, 4);
	for (int i = 0; i < 3 * EMPTIES_EVERY; i++) {
		n = climb(&b, NULL);
		assert_int_equal(n, 2);
		assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
		assert_int_equal(n, 4);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(count(rows, n, rows[k].id), 1);
		assert_int_equal(rows[1].usage, 5); /* the climb's own row, not an older one */
		for (size_t k = 1; k < n; k++)      /* parents first */
			assert_true(rows[k].level == 1 || count(rows, k, rows[k].parent_id) == 1);
	}
	bench_done(&b);
}

/* What the climb saw is not empty: none of its files is opened. */
static void test_seen_are_not_read(void **state)
{
	struct files_counts before, all, others;
	struct bench b;
	size_t n = 0;

	bench_new(&b);
	files_keep(b.files, 0, FILES_IDLE_NS);
	files_count(b.files, &before);
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	files_count(b.files, &all);
	n = climb(&b, NULL);
	b.empties.sweeps = 0;
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	assert_int_equal(n, 4);
	files_count(b.files, &others);
	/* two of the four: only their directories */
	assert_true(others.opens - all.opens < (all.opens - before.opens) * 3 / 4);
	bench_done(&b);
}

static void test_filled_and_emptied(void **state)
{
	struct bench b;
	__u64 idle;
	size_t n;

	bench_new(&b);
	idle = id_of(&b, "/idle");
	n = climb(&b, NULL);
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	/* a process came: the climb has it, and its row counts */
	group(&b.tree, "idle", true);
	n = climb(&b, "/idle");
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(count(rows, n, idle), 1);
	/* busy lost its last process: looked for at once, not up to EMPTIES_EVERY sweeps later */
	group(&b.tree, "idle", false);
	group(&b.tree, "busy", false);
	n = climb(&b, NULL);
	rows[1] = rows[--n];
	n = 1;
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(count(rows, n, id_of(&b, "/busy")), 1);
	bench_done(&b);
}

static void test_removed(void **state)
{
	struct bench b;
	__u64 busy;
	size_t n;

	bench_new(&b);
	busy = id_of(&b, "/busy");
	n = climb(&b, NULL);
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	tree_remove(&b.tree, "cg/busy");
	n = climb(&b, NULL) - 1;
	assert_int_equal(empties_add(&b.empties, b.files, rows, MOST, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(count(rows, n, busy), 0);
	bench_done(&b);
}

static void test_no_space(void **state)
{
	struct bench b;
	size_t n;

	bench_new(&b);
	n = climb(&b, NULL);
	assert_int_equal(empties_add(&b.empties, b.files, rows, 3, &n), -ENOSPC);
	assert_int_equal(n, 3);
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_emitted_once),
		cmocka_unit_test(test_seen_are_not_read),
		cmocka_unit_test(test_filled_and_emptied),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
