// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Whether a cgroup is frozen, on made-up hierarchies: v2's two files, v1's freezer by a process and by the path, and what
 * cannot be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/frozen.h"
#include "fixture_tree.h"

#define CANNOT (-1)

static int open_at(const struct tree *tree, const char *path)
{
	char full[TREE_PATH];

	return open(tree_path(tree, path, full), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const struct {
	const char *name;
	bool v1;
	const char *files; /* "PATH=TEXT;…" below the tree; the cgroup is mem/a/b */
	int expected;      /* 1, 0, CANNOT */
} cases[] = {
	{"v2: running", false,
	 "mem/a/b/cgroup.events=populated 1\nfrozen 0\n;mem/a/b/cgroup.freeze=0\n", 0},
	{"v2: frozen", false,
	 "mem/a/b/cgroup.events=populated 1\nfrozen 1\n;mem/a/b/cgroup.freeze=1\n", 1},
	{"v2: by its parent", false,
	 "mem/a/b/cgroup.events=populated 1\nfrozen 1\n;mem/a/b/cgroup.freeze=0\n", 1},
	{"v2: not all have stopped yet", false,
	 "mem/a/b/cgroup.events=populated 1\nfrozen 0\n;mem/a/b/cgroup.freeze=1\n", 1},
	{"v2: no such files", false, "mem/a/b/x=", CANNOT},
	{"v1: running", true,
	 "mem/a/b/cgroup.procs=7\n;proc/7/cgroup=3:freezer:/f\n;fr/f/freezer.state=THAWED\n", 0},
	{"v1: frozen, at another path", true,
	 "mem/a/b/cgroup.procs=7\n8\n;proc/7/cgroup=3:freezer:/f\n;fr/f/freezer.state=FROZEN\n", 1},
	{"v1: freezing", true,
	 "mem/a/b/cgroup.procs=7\n;proc/7/cgroup=3:freezer:/f\n;fr/f/freezer.state=FREEZING\n", 1},
	{"v1: in the freezer's root", true,
	 "mem/a/b/cgroup.procs=7\n;proc/7/cgroup=3:freezer:/\n;fr/freezer.state=FROZEN\n", 0},
	{"hybrid: frozen by v2", true,
	 "mem/a/b/cgroup.procs=7\n;proc/7/cgroup=3:freezer:/f\n0::/u\n;fr/f/freezer.state=THAWED\n"
	 ";uni/u/cgroup.events=frozen 1\n",
	 1},
	{"v1: processes below, the same path", true,
	 "mem/a/b/cgroup.procs=;fr/a/b/freezer.state=FROZEN\n", 1},
	{"v1: processes below, running", true,
	 "mem/a/b/cgroup.procs=;fr/a/b/freezer.state=THAWED\n", 0},
	{"v1: processes below, no such freezer", true, "mem/a/b/cgroup.procs=", CANNOT},
	{"v1: another PID namespace's process", true, "mem/a/b/cgroup.procs=0\n", CANNOT},
};

static void make_files(const struct tree *tree, const char *files)
{
	_cleanup_free_ char *text = strdup(files);
	char *save = NULL;

	tree_mkdir(tree, "proc");
	tree_mkdir(tree, "fr");
	tree_mkdir(tree, "uni");
	for (char *file = strtok_r(text, ";", &save); file; file = strtok_r(NULL, ";", &save)) {
		char *value = strchr(file, '=');

		*value = '\0';
		tree_put(tree, file, value + 1);
	}
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frozen_look look;
		struct tree tree;
		uint64_t id = 0;
		int r;

		print_message("%s\n", cases[i].name);
		tree_new(&tree);
		make_files(&tree, cases[i].files);
		look = (struct frozen_look){open_at(&tree, "proc"), open_at(&tree, "mem"),
					    open_at(&tree, "fr"), open_at(&tree, "uni"),
					    cases[i].v1};
		assert_int_equal(cgroup_id(look.memory_fd, "a/b", &id), 0);
		r = frozen_cgroup(&look, "/a/b", id);
		assert_int_equal(r < 0 ? CANNOT : r, cases[i].expected);
		/* another cgroup at the same path by now, none at all, and the root */
		assert_true(frozen_cgroup(&look, "/a/b", id + 1) < 0);
		assert_true(frozen_cgroup(&look, "/a/c", id) < 0);
		assert_true(frozen_cgroup(&look, "/", id) < 0);
		frozen_close(&look);
		assert_true(frozen_cgroup(&look, "/a/b", id) < 0);
		tree_done(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
