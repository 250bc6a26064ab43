// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A process group is identified by its leader's start, or by that of a member that was seen; a process that leaves it between
 * two sweeps is no target. /proc is a folder here, with the pids of this test's children.
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
#include "enforce/enforce_internal.h"
#include "enforce/proc.h"
#include "fixture_child.h"
#include "fixture_tree.h"

#define PATIENCE_MS 20000
#define START       4321 /* ticks, of all */

static struct tree tree;
static struct enforce *enforce;
static pid_t child[2];

static const char *stat_text(pid_t pid, pid_t group, char text[256])
{
	snprintf(text, 256, "%d (grp) S 1 %d %d 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", pid,
		 group, group, START);
	return text;
}

static void put_stat(pid_t pid, pid_t group)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	tree_put(&tree, path, stat_text(pid, group, text));
}

static int set_up(void **state)
{
	char path[TREE_PATH], undo[TREE_PATH], self[16];

	(void)state;
	tree_new(&tree);
	for (size_t i = 0; i < ARRAY_SIZE(child); i++) {
		child[i] = child_start(0, NULL);
		put_stat(child[i], child[0]);
	}
	snprintf(self, sizeof(self), "%d", (int)getpid());
	assert_int_equal(symlink(self, tree_path(&tree, "proc/self", path)), 0);
	tree_mkdir(&tree, "m");
	tree_path(&tree, "m", path);
	tree_path(&tree, "undo", undo);
	assert_int_equal(enforce_open(&(struct enforce_config){.root = tree.root,
							       .memory_root = path,
							       .undo_path = undo},
				      &enforce),
			 0);
	assert_true(enforce->pids_ours);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enforce_close(enforce);
	for (size_t i = 0; i < ARRAY_SIZE(child); i++)
		child_end(child[i]);
	tree_done(&tree);
	return 0;
}

static struct action_result run(const struct action *action)
{
	struct pollfd p = {.fd = enforce_fd(enforce), .events = POLLIN};
	struct action_result result;

	assert_int_equal(enforce_submit(enforce, action, ""), 0);
	do
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	while (!enforce_take(enforce, &result));
	return result;
}

static struct action action_on(pid_t leader)
{
	return (struct action){.kind = HR_ACTION_KILL,
			       .target.pgid = (uint32_t)leader,
			       .target.leader_start_ns = proc_ticks_ns(START)};
}

/* The leader has ended: a member that was seen identifies the group, if it is the same process and still in it. */
static void test_no_leader(void **state)
{
	struct action action = action_on(child[0]);
	struct action_result r;

	(void)state;
	action.target.leader_start_ns = HR_UNKNOWN;
	action.target.pid = (uint32_t)child[1];
	action.target.start_boottime_ns = proc_ticks_ns(START + 1);
	r = run(&action);
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	action.target.start_boottime_ns = proc_ticks_ns(START);
	action.target.pid = 0x7ffffff0;
	r = run(&action);
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	assert_true(child_alive(child[0]) && child_alive(child[1]));
	action.target.pid = (uint32_t)child[1];
	put_stat(child[1], child[0]);
	r = run(&action);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 2);
}

/* The process that was chosen has joined another group since: it is killed, by pid and start time; not the members of the group
 * that it has left, if that can no longer be told from another one. */
static void test_hops(void **state)
{
	struct action action = action_on(child[0]);
	struct action_result r;

	(void)state;
	action.target.leader_start_ns = HR_UNKNOWN;
	action.target.pid = (uint32_t)child[1];
	action.target.start_boottime_ns = proc_ticks_ns(START);
	put_stat(child[1], child[1]);
	r = run(&action);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 1);
	child_killed(child[1]);
	assert_true(child_alive(child[0]));
}

/* All of a session, but for the one that is spared. */
static void test_session(void **state)
{
	struct action action = action_on(child[0]);
	struct action_result r;

	(void)state;
	put_stat(child[1], child[1]); /* a group, and in the fixture a session, of its own */
	action.target.members.of = PROCESSES_OF_SESSION;
	action.target.pgid = (uint32_t)child[1];
	action.target.members.n_spared = 1;
	action.target.members.spared[0] = (uint32_t)child[1];
	r = run(&action);
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	action.target.members.n_spared = 0;
	r = run(&action);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 1);
	child_killed(child[1]);
	assert_true(child_alive(child[0]));
}

/* child 1's stat: in the group when it is listed and read; in another when its pidfd is open. */
static void *leave(void *arg)
{
	char path[TREE_PATH], name[64], next[TREE_PATH], text[256];

	snprintf(name, sizeof(name), "proc/%d/stat", child[1]);
	tree_path(&tree, name, path);
	tree_path(&tree, "next", next);
	for (int look = 0; look < 2; look++) {
		int fd = open(path, O_WRONLY | O_CLOEXEC); /* waits for the reader */

		if (look) { /* the next read finds it elsewhere */
			FILE *f = fopen(next, "w");

			fputs(stat_text(child[1], child[1], text), f);
			fclose(f);
		} else {
			mkfifo(next, 0600);
		}
		rename(next, path);
		dprintf(fd, "%s", stat_text(child[1], child[0], text));
		close(fd);
	}
	return arg;
}

static void test_leaves(void **state)
{
	struct action action = action_on(child[0]);
	char path[TREE_PATH], name[64];
	struct action_result r;
	pthread_t thread;

	(void)state;
	snprintf(name, sizeof(name), "proc/%d/stat", child[1]);
	tree_path(&tree, name, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, leave, NULL), 0);
	r = run(&action);
	pthread_join(thread, NULL);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 1);
	child_killed(child[0]);
	assert_true(child_alive(child[1]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_leader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaves, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
