// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A process that one sweep lists and the next does not is no target: its pid may be another process's by then. cgroup.procs is
 * a fifo here, and each read of it gets what the test provides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/enforce_internal.h"
#include "enforce/proc.h"
#include "fixture_child.h"
#include "fixture_tree.h"

#define PATIENCE_MS 20000
#define LOOKS       8

static struct tree tree;
static struct enforce *enforce;
static pid_t child[2];
static char fifo[TREE_PATH];

/* What each read finds: bit i, child i. The last stands for all that follow. */
static unsigned looks[LOOKS];
static bool over; /* __atomic */

/* A fifo for each read: the next one opens another, and cannot read what this one is given. */
static void new_fifo(void)
{
	char next[TREE_PATH];

	tree_path(&tree, "m/next", next);
	assert_int_equal(mkfifo(next, 0600), 0);
	assert_int_equal(rename(next, fifo), 0);
}

static void *feeder(void *arg)
{
	for (unsigned i = 0; !__atomic_load_n(&over, __ATOMIC_ACQUIRE); i++) {
		unsigned identity = looks[i < LOOKS ? i : LOOKS - 1];
		int fd = open(fifo, O_WRONLY | O_CLOEXEC); /* waits for the reader */

		new_fifo();
		for (size_t k = 0; k < ARRAY_SIZE(child); k++)
			if (identity & 1u << k)
				dprintf(fd, "%d\n", child[k]);
		close(fd);
	}
	return arg;
}

static int set_up(void **state)
{
	char memory[TREE_PATH], undo[TREE_PATH];

	(void)state;
	tree_new(&tree);
	for (size_t i = 0; i < ARRAY_SIZE(child); i++)
		child[i] = child_start(0, NULL);
	tree_put(&tree, "m/box/memory.current", "8000000\n");
	tree_path(&tree, "m/box/cgroup.procs", fifo);
	new_fifo();
	tree_path(&tree, "m", memory);
	tree_path(&tree, "undo", undo);
	return enforce_open(
		&(struct enforce_config){.root = "", .memory_root = memory, .undo_path = undo},
		&enforce);
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(child); i++)
		child_end(child[i]);
	tree_done(&tree);
	return 0;
}

/* One action: its reads find what `see` says; enforce is closed after it. */
static struct action_result run(struct action *action, const unsigned *see, size_t n)
{
	struct pollfd p = {.events = POLLIN};
	struct action_result result;
	_cleanup_close_ int dir_fd = -1;
	pthread_t thread;
	char path[TREE_PATH];

	memset(looks, 0, sizeof(looks));
	memcpy(looks, see, n * sizeof(*looks));
	over = false;
	dir_fd = open(tree_path(&tree, "m/box", path), O_RDONLY | O_DIRECTORY);
	cgroup_id(dir_fd, "", &action->target.memcg_id);
	action->target.leader_start_ns = HR_UNKNOWN;
	assert_int_equal(pthread_create(&thread, NULL, feeder, NULL), 0);
	assert_int_equal(enforce_submit(enforce, action, "/box"), 0);
	p.fd = enforce_fd(enforce);
	do
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	while (!enforce_take(enforce, &result));
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	dir_fd = open(fifo,
		      O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* for a writer that waits for a reader */
	pthread_join(thread, NULL);
	enforce_close(enforce);
	return result;
}

#define RUN(action, ...)                                      \
	({                                                    \
		static const unsigned see_[] = {__VA_ARGS__}; \
		run(action, see_, ARRAY_SIZE(see_));          \
	})

/* The reads of a whole kill: for exempt processes; the list; the list once more, when the pidfds are open; and so on. */
static void test_whole(void **state)
{
	struct action action = {.kind = HR_ACTION_KILL};
	struct action_result r = RUN(&action, 3, 3, 1, 1, 1, 0);

	(void)state;
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 1);
	child_killed(child[0]);
	assert_true(child_alive(child[1]));
}

static void test_all_gone(void **state)
{
	struct action action = {.kind = HR_ACTION_KILL};
	struct action_result r = RUN(&action, 3, 3, 0);

	(void)state;
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	assert_int_equal(r.error, ESRCH);
	assert_true(child_alive(child[0]) && child_alive(child[1]));
}

/* Looks for its largest: all are weighed; is the one still there? */
static void test_largest(void **state)
{
	struct action action = {.kind = HR_ACTION_KILL, .largest = true};
	struct action_result r = RUN(&action, 3, 0);

	(void)state;
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	assert_int_equal(r.processes, 0);
	assert_true(child_alive(child[0]) && child_alive(child[1]));
}

/* Looks of a SIGTERM to all: for an init; the list, twice. */
static void test_term(void **state)
{
	struct action action = {.kind = HR_ACTION_TERM};
	struct action_result r = RUN(&action, 3, 3, 2, 0);

	(void)state;
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 1);
	child_killed(child[1]);
	assert_true(child_alive(child[0]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_whole),
		TEST(test_all_gone),
		TEST(test_largest),
		TEST(test_term),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
