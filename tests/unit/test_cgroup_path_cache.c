// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Paths of cgroup ids by walking, on a tree that changes between two looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_tree.h"
#include "identify/cgroup_path_cache.h"

struct place {
	struct tree tree;
	struct path_cache cache;
	int root_fd;
};

static uint64_t id_of(const struct place *place, const char *path)
{
	char full[TREE_PATH];
	struct stat st;

	assert_int_equal(stat(tree_path(&place->tree, path, full), &st), 0);
	return st.st_ino;
}

/* Looked for as if the last walk were long ago, if `late`. */
static int look(struct place *place, uint64_t id, bool late, char path[128])
{
	place->cache.took_ns = late ? 0 : UINT64_MAX / 100;
	strcpy(path, "untouched");
	return path_cache_find(&place->cache, place->root_fd, id, path, 128);
}

static void expect_path(struct place *place, const char *wanted, bool late)
{
	char path[128];

	assert_int_equal(look(place, id_of(place, wanted), late, path), 0);
	assert_string_equal(path, wanted);
}

static void expect_error(struct place *place, uint64_t id, bool late, int error)
{
	char path[128];

	assert_int_equal(look(place, id, late, path), error);
	assert_string_equal(path, "untouched");
}

static int place_new(void **state)
{
	static struct place place;
	char full[TREE_PATH];

	place = (struct place){0};
	tree_new(&place.tree);
	tree_mkdir(&place.tree, "docker/a");
	tree_mkdir(&place.tree, "docker/b c");
	tree_put(&place.tree, "docker/file", "");
	assert_int_equal(symlink("/", tree_path(&place.tree, "docker/link", full)), 0);
	place.root_fd = open(place.tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place.root_fd >= 0);
	*state = &place;
	return 0;
}

static int place_free(void **state)
{
	struct place *place = *state;

	path_cache_done(&place->cache);
	close(place->root_fd);
	tree_done(&place->tree);
	return 0;
}

static void test_found(void **state)
{
	struct place *place = *state;

	expect_path(place, "/", false);
	assert_int_equal(place->cache.walked_ns, 0); /* that one needs no walk */
	expect_path(place, "/docker/a", false);
	expect_path(place, "/docker/b c", false);
	expect_path(place, "/docker", false);
	assert_int_equal(place->cache.n, 3); /* no file, no link, nothing behind it */
	expect_error(place, id_of(place, "docker/file"), true, -ENOENT);
	expect_error(place, UINT64_MAX - 1, true, -ENOENT);
}

static void test_changes(void **state)
{
	struct place *place = *state;
	char full[TREE_PATH];
	uint64_t gone;

	expect_path(place, "/docker/a", true);
	gone = id_of(place, "docker/a");
	assert_int_equal(rmdir(tree_path(&place->tree, "docker/a", full)), 0);
	expect_error(place, gone, true, -ENOENT);
	tree_mkdir(&place->tree, "new/below");
	expect_error(place, id_of(place, "new/below"), false, -EAGAIN); /* too early for a walk */
	expect_path(place, "/new/below", true);
}

static void test_short(void **state)
{
	struct place *place = *state;
	char path[8] = "as was";

	assert_int_equal(path_cache_find(&place->cache, place->root_fd, id_of(place, "docker/a"),
					 path, sizeof(path)),
			 -ENAMETOOLONG);
	assert_string_equal(path, "as was");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, place_new, place_free),
		cmocka_unit_test_setup_teardown(test_changes, place_new, place_free),
		cmocka_unit_test_setup_teardown(test_short, place_new, place_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
