// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The user that a recorder of root's becomes, and which files become that user's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture_tree.h"
#include "recorder/owner.h"
#include "skip.h"

static struct tree tree;
static char history[512];

static void path_of(const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", tree.root, name);
}

static int begin(void **state)
{
	if (geteuid())
		SKIP("needs root");
	tree_new(&tree);
	tree_put(&tree, "passwd", "root:x:0:0::/:/\nheadroom-recorder:x:990:980::/:/\n");
	tree_put(&tree, "group", "root:x:0:\nheadroom:x:970:\n");
	path_of("h/history.db", history);
	return 0;
}

static int end(void **state)
{
	if (!geteuid())
		tree_done(&tree);
	return 0;
}

static void assert_owner(const char *name, uint32_t uid, uint32_t gid)
{
	char path[512];
	struct stat st;

	path_of(name, path);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

static struct store_owner find(bool take_directory)
{
	struct store_owner owner;

	assert_int_equal(store_owner_find(history, take_directory, tree.root, &owner), 0);
	return owner;
}

/* A missing default directory is made; what root's recorder left there goes along, with the group that may read the board. */
static void test_default_directory(void **state)
{
	struct store_owner owner = find(true);

	assert_int_equal(owner.uid, 990);
	assert_int_equal(owner.gid, 970);
	assert_true(owner.directory);
	assert_owner("h", 990, 970);

	tree_put(&tree, "h/history.db", "x");
	tree_put(&tree, "h/history.db-wal", "x");
	tree_put(&tree, "h/other", "x");
	find(true);
	assert_owner("h/history.db", 990, 970);
	assert_owner("h/history.db-wal", 990, 970);
	assert_owner("h/other", 0, 0);
}

/* Elsewhere a directory of root's stays so: the recorder then needs more rights. */
static void test_named_file(void **state)
{
	struct store_owner owner;

	tree_put(&tree, "h/history.db", "x");
	owner = find(false);
	assert_int_equal(owner.uid, 990);
	assert_false(owner.directory);
	assert_owner("h", 0, 0);
	assert_owner("h/history.db", 990, 970);
}

/* A user's history stays that user's. */
static void test_other_users(void **state)
{
	struct store_owner owner;
	char dir[512];

	tree_put(&tree, "h/history.db", "x");
	path_of("h", dir);
	assert_int_equal(chown(dir, 1234, 1235), 0);
	owner = find(true);
	assert_int_equal(owner.uid, 1234);
	assert_int_equal(owner.gid, 1235);
	assert_true(owner.directory);
	assert_owner("h/history.db", 1234, 1235);

	assert_int_equal(chown(dir, 0, 0), 0);
	owner = find(false);
	assert_int_equal(owner.uid, 1234);
	assert_false(owner.directory);
}

/* What a user may have put there: another name of a file, and a symbolic link, are not given away. */
static void test_links(void **state)
{
	char from[512], to[512];

	tree_put(&tree, "shadow", "x");
	tree_put(&tree, "h/history.db", "x");
	path_of("shadow", from);
	path_of("h/history.db-wal", to);
	assert_int_equal(link(from, to), 0);
	path_of("h/history.db-shm", to);
	assert_int_equal(symlink(from, to), 0);
	find(false);
	assert_owner("shadow", 0, 0);
	assert_owner("h/history.db", 990, 970);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_default_directory, begin, end),
		cmocka_unit_test_setup_teardown(test_named_file, begin, end),
		cmocka_unit_test_setup_teardown(test_other_users, begin, end),
		cmocka_unit_test_setup_teardown(test_links, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
