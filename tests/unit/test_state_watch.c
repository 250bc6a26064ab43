// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which state files count as changed: replaced, rewritten, removed, of users, of many cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_tree.h"
#include "identify/state_watch.h"
#include "skip.h"

#define IDS 64

struct world {
	struct tree tree;
	struct state_watch watch;
	uint64_t dead; /* cgroup that is gone */
	uint64_t ids[IDS];
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	tree_new(&world->tree);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	state_watch_done(&world->watch);
	tree_done(&world->tree);
	free(world);
	return 0;
}

static bool alive(uint64_t id, void *arg)
{
	const struct world *world = arg;

	return id != world->dead;
}

static size_t changed(struct world *world, bool rest, size_t most)
{
	return state_watch_changed(&world->watch, rest, alive, world, world->ids, most);
}

/* As engines do it: a new file takes the name. */
static void replace(struct world *world, const char *path, const char *text)
{
	char from[TREE_PATH], to[TREE_PATH];

	tree_put(&world->tree, "new", text);
	assert_int_equal(
		rename(tree_path(&world->tree, "new", from), tree_path(&world->tree, path, to)), 0);
}

static void watch(struct world *world, const char *path, uint64_t id)
{
	char full[TREE_PATH];
	_cleanup_close_ int fd = open(tree_path(&world->tree, path, full), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	state_watch_add(&world->watch, id, fd);
}

/* Stamps of files are as coarse as a jiffy. */
static void grow_old(void) { usleep(30000); }

static void test_changes(void **state)
{
	struct world *world = *state;
	char full[TREE_PATH];

	tree_put(&world->tree, "a/config", "one");
	tree_put(&world->tree, "b/config", "one");
	grow_old();
	watch(world, "a/config", 1);
	watch(world, "b/config", 2);
	assert_int_equal(changed(world, false, IDS), 0);
	replace(world, "a/config", "two"); /* the same size */
	assert_int_equal(changed(world, false, IDS), 1);
	assert_int_equal(world->ids[0], 1);
	grow_old();
	watch(world, "a/config", 1);
	assert_int_equal(changed(world, false, IDS), 0);
	tree_put(&world->tree, "b/config", "six"); /* in its place */
	assert_int_equal(changed(world, false, IDS), 1);
	assert_int_equal(world->ids[0], 2);
	assert_int_equal(unlink(tree_path(&world->tree, "b/config", full)), 0);
	assert_int_equal(changed(world, false, IDS), 0);
	assert_int_equal(world->watch.n, 1);
}

/* Written again within the same jiffy, it may have the same stamp: it is read once more. */
static void test_fresh(void **state)
{
	struct world *world = *state;

	tree_put(&world->tree, "a/config", "one");
	watch(world, "a/config", 1);
	assert_int_equal(changed(world, false, IDS), 1);
	grow_old();
	watch(world, "a/config", 1);
	assert_int_equal(changed(world, false, IDS), 0);
}

/* Replaced between open() and here: the path that the kernel gives is of the one that is gone. */
static void test_replaced_at_once(void **state)
{
	struct world *world = *state;
	char full[TREE_PATH];
	_cleanup_close_ int fd = -1;

	tree_put(&world->tree, "a/config", "one");
	grow_old();
	fd = open(tree_path(&world->tree, "a/config", full), O_RDONLY | O_CLOEXEC);
	replace(world, "a/config", "two");
	state_watch_add(&world->watch, 1, fd);
	assert_int_equal(changed(world, false, IDS), 1);
}

static void test_many_cgroups(void **state)
{
	struct world *world = *state;
	uint64_t sum = 0;

	tree_put(&world->tree, "a/all", "one");
	grow_old();
	for (uint64_t id = 1; id <= 10; id++)
		watch(world, "a/all", id);
	watch(world, "a/all", 3); /* known */
	replace(world, "a/all", "two");
	grow_old();
	watch(world, "a/all", 7); /* read it already: the others have not */
	world->dead = 4;
	assert_int_equal(changed(world, false, 5), 5);
	for (size_t i = 0; i < 5; i++)
		sum += world->ids[i];
	assert_int_equal(changed(world, true, 5), 4);
	for (size_t i = 0; i < 4; i++)
		sum += world->ids[i];
	assert_int_equal(sum, 55 - 4);
	assert_int_equal(changed(world, true, 5), 0);
	for (uint64_t id = 100; id < 100 + 2 * WATCH_IDS; id++)
		watch(world, "a/all", id);
	replace(world, "a/all", "six");
	sum = changed(world, false, IDS);
	while (sum && changed(world, true, IDS))
		sum += IDS;
	assert_in_range(sum, WATCH_IDS - IDS, WATCH_IDS + IDS);
}

/* Changes of a user's files are reported twice a second at most; root's files do not wait for that. */
static void test_user(void **state)
{
	struct world *world = *state;
	char full[TREE_PATH];

	if (geteuid() != 0)
		SKIP("needs root");
	tree_put(&world->tree, "u/config", "one");
	assert_int_equal(chown(tree_path(&world->tree, "u/config", full), 1000, 1000), 0);
	tree_put(&world->tree, "a/config", "one");
	grow_old();
	watch(world, "u/config", 1);
	watch(world, "a/config", 2);
	for (int i = 0; i < 5; i++) {
		tree_put(&world->tree, "u/config", i % 2 ? "two" : "three");
		tree_put(&world->tree, "a/config", i % 2 ? "two" : "three");
		assert_int_equal(changed(world, false, IDS), i ? 1 : 2);
		assert_true(!i || world->ids[0] == 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_cgroups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
