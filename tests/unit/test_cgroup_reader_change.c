// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Memory cgroups by their files while they change: trees that are taken apart between two looks,
 * files that are broken, too few descriptors; and real cgroups of our own where this machine lets
 * us make some.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "collect/cgroup_table.h"
#include "fixture_files.h"
#include "skip.h"

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
		{"memory.current", "1000\n"},
		{"memory.max", "max\n"},
		{"memory.stat", "anon 10\ninactive_file 5\n"},
		{"cgroup.procs", ""},
		{"cgroup.events", "populated 0\nfrozen 0\n"},
		{"memory.events", "max 3\noom_kill 2\n"},
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
	assert_int_equal(row->event_oom_kill, 2); /* no .local: the other one */
	assert_int_equal(row->event_low, NO);
	assert_true(row->limit == NO && row->peak == NO && row->psi_some_us == NO &&
		    row->pids == 0);

	v2_group(&tree, "a/c");
	v2_group(&tree, "z z\n");
	tree_put(&tree, "cg/a/b/memory.current", "7\n"); /* backwards, and told as it is */
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
	assert_int_equal(
		sweep(f),
		3); /* without memory.current it is no memory cgroup, nor can those below be */
	v2_group(&tree, "a/no-controller");
	assert_int_equal(sweep(f), 5);
	assert_non_null(row_at(f, 5, "/a/no-controller/below"));
	files_keep(f, 0, 0); /* here, unlike in a cgroup, a removed file can still be read */
	tree_remove(&tree, "cg/a/no-controller/memory.current");
	assert_int_equal(sweep(f), 3);
	files_close(f);
	tree_done(&tree);
}

static void test_broken_files(void **state)
{
	static const struct {
		const char *file, *text; /* NULL: removed */
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
		{"memory.events", "oom_kill 99999999999999999999\n",
		 offsetof(struct memcg_sample, event_oom_kill)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[TREE_PATH];
		struct tree tree;
		struct files *f;

		print_message("%s %s\n", cases[i].file,
			      cases[i].text ? cases[i].text : "(removed)");
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
		assert_int_equal(rows[1].flags & SAMPLE_STAT ? 1 : 0,
				 cases[i].offset != offsetof(struct memcg_sample, anon));
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
		{"1500\n", "9223372036854710272\n", "9223372036854710272\n", "", 500, NO,
		 0},                                                  /* 64 KiB pages */
		{"1500\n", "2000\n", "3000\n", "", 500, 0, 0},        /* being changed */
		{NULL, NULL, "3000\n", "total_swap 77\n", 77, NO, 0}, /* swap not accounted */
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
			 cases[i].flags ? "oom_kill_disable 1\nunder_oom 1\noom_kill 0\n"
					: "under_oom 0\n");
		snprintf(stat, sizeof(stat), "total_rss 1\n%stotal_inactive_file 2\n",
			 cases[i].stat);
		tree_put(&tree, "m/a/memory.stat", stat);
		f = open_at(tree.root, NULL);
		assert_int_equal(sweep(f), 2);
		assert_int_equal(rows[1].swap, cases[i].swap);
		assert_int_equal(rows[1].swap_limit, cases[i].swap_limit);
		assert_int_equal(rows[1].pids, 3);
		assert_int_equal(rows[1].flags, SAMPLE_V1 | SAMPLE_STAT | SAMPLE_POPULATED |
							SAMPLE_HAS_TASKS | cases[i].flags);
		files_close(f);
		tree_done(&tree);
	}
}

/* Where no handle gives a path, names do: many come and go in a pool of a fixed size. */
static void test_names(void **state)
{
	struct files_counts c;
	struct tree tree;
	struct files *f;
	char name[128], path[160];

	v2_new(&tree);
	f = open_at(tree.root, NULL);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "cri-containerd-%064d.scope", i);
		v2_group(&tree, name);
		snprintf(path, sizeof(path), "/%s", name);
		assert_non_null(row_at(f, sweep(f), path));
		snprintf(path, sizeof(path), "cg/cri-containerd-%064d.scope", i - 5);
		tree_remove(&tree, path);
	}
	assert_int_equal(sweep(f), 6);
	files_count(f, &c);
	assert_int_equal(c.unnamed, 0);
	files_close(f);
	tree_done(&tree);
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
	for (int i = 0; i < 2;
	     i++) /* the places of the dead are taken at the latest in the next round */
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
	assert_int_equal(c.kept_open, 20 + 1); /* directories: it may be long until the next time */
	sweep(f);
	files_count(f, &c);
	assert_int_equal(c.kept_open, c.opens - c.transient);
	assert_true(c.kept_open > 4 * (20 + 1)); /* what is read often is kept */
	sweep(f);
	files_count(f, &c2);
	assert_int_equal(c2.opens, c.opens);
	assert_int_equal(c2.transient, c.transient);

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

static bool write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A process that came in is seen by the very next look, and one that went is gone. */
static void processes_at_once(struct files *f, const char *top, const char *scope)
{
	char procs[PATH_MAX + 96], path[96], pid_text[16];
	pid_t pid, parent = getpid();

	snprintf(path, sizeof(path), "%s/p", scope);
	snprintf(procs, sizeof(procs), "%s/p", top);
	mkdir(procs, 0755);
	strcat(procs, "/cgroup.procs");
	for (int round = 0; round < 3; round++) {
		assert_int_equal(row_at(f, sweep(f), path)->pids, 0);
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (getppid() == parent)
				pause();
			_exit(0);
		}
		snprintf(pid_text, sizeof(pid_text), "%d", pid);
		assert_true(write_text(procs, pid_text));
		assert_int_equal(row_at(f, sweep(f), path)->pids, 1);
		assert_true(row_at(f, sweep(f), path)->flags & SAMPLE_HAS_TASKS);
		assert_true(row_at(f, sweep(f), scope)->flags & SAMPLE_POPULATED);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	*strrchr(procs, '/') = '\0';
	for (int i = 0; i < 100 && rmdir(procs) < 0; i++) /* the dead leave a moment later */
		usleep(10000);
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
		SKIP("no cgroup hierarchy that can be written");
	snprintf(scope, sizeof(scope), "/headroom-test-files-%d", getpid());
	snprintf(top, sizeof(top), "%s%s", fs.memory, scope);
	if (mkdir(top, 0755) < 0) {
		SKIP("cannot make cgroups here");
	}
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", top);
	write_text(path, "+memory"); /* v1 has no such file, and needs none */
	snprintf(path, sizeof(path), "%s/a", top);
	mkdir(path, 0755);
	if (files_open(&fs, scope, MOST, &f) < 0 ||
	    files_sweep(f, rows, MOST, &n, NULL, NULL) < 0 || n < 3) {
		rmdir(path);
		rmdir(top);
		SKIP("no memory controller below the root");
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

	processes_at_once(f, top, scope);
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

/* Cgroups that were found by their ids and are gone: their directories are given up after ten seconds, as fast as hundreds come. */
static void test_gone_directories(void **state)
{
	const __u64 second = 1000000000;
	struct groups t;

	assert_int_equal(groups_init(&t, 1024, false), 0);
	t.fds_max = 1024;
	t.idle_ns = FILES_IDLE_NS;
	for (__u64 s = 100; s < 140; s++) {
		for (__u64 i = 0; i < 20; i++) {
			__u32 g = groups_add(&t, s * 100 + i, s * second);

			assert_true(
				groups_keep(&t, g, 0, open("/", O_PATH | O_CLOEXEC), s * second));
		}
		groups_retire(&t, s * second);
		assert_true(t.fds <= 11 * 20);
	}
	groups_retire(&t, 200 * second);
	assert_true(t.fds < 11 * 20);
	groups_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),  cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_v1_swap),  cmocka_unit_test(test_names),
		cmocka_unit_test(test_capacity), cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_real),     cmocka_unit_test(test_gone_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
