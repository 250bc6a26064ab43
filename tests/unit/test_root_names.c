// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which names of a path root chose, by the owners of real directories; and which attributes protect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <sys/xattr.h>
#include <cmocka.h>

#include "cgroup/root_names.h"
#include "enforce/owner_protect.h"
#include "fixture_tree.h"

#define USER 1000 /* any uid but root's */

static struct tree tree;
static int root_fd;
static bool root, attributes;

static void *path_of(const char *path)
{
	static char full[TREE_PATH];

	return (void *)tree_path(&tree, path, full);
}

static bool set(const char *path, const char *name, const char *value)
{
	return !setxattr(path_of(path), name, value, strlen(value), 0);
}

static int begin(void **state)
{
	static const char *const directories[] = {
		"system.slice/db.service/worker",
		"system.slice/plain/db.service",
		"user.slice/user@1.service/app.slice/db.service",
		"open/db.service",
		"group/db.service",
		"run.slice/marked/db.service",
		"run.slice/job.scope/x",
		"theirs.slice/db.service/x",
		"run.slice/db.service/inner/x",
	};

	tree_new(&tree);
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		tree_mkdir(&tree, directories[i]);
	root_fd = open(tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root = geteuid() == 0;
	chmod(path_of("open"), 0777);
	chmod(path_of("group"), 0775);
	attributes = set("run.slice/marked", "user.delegate", "1");
	if (root) {
		assert_int_equal(chown(path_of("group"), 0, USER), 0);
		assert_int_equal(chown(path_of("user.slice/user@1.service"), USER, USER), 0);
		assert_int_equal(chown(path_of("theirs.slice"), USER, USER), 0);
		/* a name that root chose stays root's where the directory itself is given away */
		assert_int_equal(chown(path_of("system.slice/plain/db.service"), USER, USER), 0);
	}
	return root_fd < 0;
}

static int end(void **state)
{
	close(root_fd);
	tree_done(&tree);
	return 0;
}

static void test_names(void **state)
{
	static const struct {
		const char *path;
		unsigned int parts, owned, chosen;
		bool root, attributes; /* needs */
	} rows[] = {
		{"/", 0, 0, 0, false, false},
		{"", 0, 0, 0, false, false},
		{"/system.slice", 1, 1, 1, false, false},
		{"/system.slice/db.service", 2, 2, 2, false, false},
		{"/system.slice/db.service/worker", 3, 3, 2, false, false},
		{"/system.slice/plain/db.service", 3, 3, 3, false, false},
		{"/user.slice/user@1.service", 2, 2, 2, true, false},
		{"/user.slice/user@1.service/app.slice/db.service", 4, 2, 2, true, false},
		{"/theirs.slice/db.service", 2, 1, 1, true, false},
		{"/theirs.slice/db.service/x", 3, 1, 1, true, false},
		{"/open/db.service", 2, 1, 1, false, false},
		{"/group/db.service", 2, 1, 1, true, false},
		{"/run.slice/marked", 2, 2, 2, false, true},
		{"/run.slice/marked/db.service", 3, 3, 2, false, true},
		{"/run.slice/job.scope/x", 3, 3, 2, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct root_names names = {9, 9, 9};

		if ((rows[i].root && !root) || (rows[i].attributes && !attributes))
			continue;
		assert_int_equal(root_names_read(root_fd, rows[i].path, geteuid(), &names), 0);
		if (names.parts != rows[i].parts || names.owned != rows[i].owned ||
		    names.chosen != rows[i].chosen)
			fail_msg("%s: %u %u %u", rows[i].path, names.parts, names.owned,
				 names.chosen);
	}
}

static void test_errors(void **state)
{
	struct root_names names;

	assert_int_equal(root_names_read(root_fd, "/gone/x", 0, &names), -ENOENT);
	assert_int_equal(root_names_read(root_fd, "/system.slice/../open", 0, &names), -EINVAL);
	assert_int_equal(symlink("open", path_of("link")), 0);
	assert_int_equal(root_names_read(root_fd, "/link/db.service", 0, &names), -EINVAL);
}

/* An attribute on `on`: does it protect `target`, its parents, and a process in it? */
static void test_attributes(void **state)
{
	static const struct {
		const char *on, *target;
		bool guest, root; /* a container's or a user's target; needs root */
		const char *name;
		int target_is, above_is;
	} rows[] = {
		{"system.slice/plain", "system.slice/plain", false, false, "user.headroom", 1, 1},
		{"system.slice/plain", "system.slice", false, false, "user.headroom", 1, 0},
		{"system.slice/db.service", "system.slice/db.service", false, false,
		 "user.headroom", 1, 1},
		{"system.slice/db.service", "system.slice/db.service/worker", false, false,
		 "user.headroom", 0, 1},
		/* a container's own */
		{"system.slice/plain", "system.slice/plain", true, false, "user.headroom", 0, 1},
		/* the service may have set it itself */
		{"system.slice/db.service/worker", "system.slice/db.service", false, false,
		 "user.headroom", 0, 0},
		{"run.slice/db.service/inner", "run.slice", false, false, "user.headroom", 0, 0},
		{"run.slice/job.scope/x", "run.slice", false, false, "user.headroom", 0, 0},
		{"run.slice/marked", "run.slice/marked", false, false, "user.headroom", 0, 0},
		/* a user's */
		{"user.slice/user@1.service", "user.slice/user@1.service", false, true,
		 "user.headroom", 0, 0},
		{"user.slice/user@1.service/app.slice",
		 "user.slice/user@1.service/app.slice/db.service", false, true, "user.headroom", 0,
		 0},
		{"user.slice/user@1.service/app.slice", "user.slice", false, true, "user.headroom",
		 0, 0},
		{"open", "open", false, false, "user.headroom", 0, 0},
		/* root's counts everywhere */
		{"user.slice/user@1.service/app.slice", "user.slice", false, true,
		 "trusted.headroom", 1, 0},
		{"system.slice/plain", "system.slice/plain", true, true, "trusted.headroom", 1, 1},
		{"system.slice/db.service/worker", "system.slice/db.service", true, true,
		 "trusted.headroom", 1, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char target[256];
		int fd, below, above;

		if ((rows[i].root && !root) || !set(rows[i].on, rows[i].name, "protect"))
			continue;
		snprintf(target, sizeof(target), "/%s", rows[i].target);
		fd = open(path_of(rows[i].target), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		below = owner_protect(root_fd, fd, target, rows[i].guest);
		above = owner_protect_above(root_fd, target);
		if (below != rows[i].target_is || above != rows[i].above_is)
			fail_msg("row %zu, %s for %s: %d %d", i, rows[i].on, target, below, above);
		assert_int_equal(removexattr(path_of(rows[i].on), rows[i].name), 0);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
