// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One daemon enforces: which scopes exclude each other, what ends the lock, and which holder counts. On plain folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "enforce/enforce_lock.h"
#include "fixture_tree.h"
#include "skip.h"

static struct tree tree;

/* As enforce_lock_open() does it: the root, then each cgroup of the path. */
static struct enforce_lock lock_of(const char *const *paths)
{
	struct enforce_lock lock = {0};
	char full[TREE_PATH];

	for (; *paths; paths++) {
		lock.fd[lock.n] = open(tree_path(&tree, *paths, full), O_RDONLY | O_DIRECTORY);
		assert_true(lock.fd[lock.n++] >= 0);
	}
	return lock;
}

#define LOCK(...) lock_of((const char *const[]){"cgroup", __VA_ARGS__, NULL})
#define HOST()    lock_of((const char *const[]){"cgroup", NULL})

static void test_scopes(void **state)
{
	static const struct {
		const char *first[3], *second[3];
		int result;
	} cases[] = {
		{{NULL}, {NULL}, -EWOULDBLOCK},
		{{NULL}, {"cgroup/a"}, -EWOULDBLOCK},
		{{NULL}, {"cgroup/a", "cgroup/a/x"}, -EWOULDBLOCK},
		{{"cgroup/a"}, {NULL}, -EWOULDBLOCK},
		{{"cgroup/a", "cgroup/a/x"}, {NULL}, -EWOULDBLOCK},
		{{"cgroup/a"}, {"cgroup/a"}, -EWOULDBLOCK},
		{{"cgroup/a"}, {"cgroup/a", "cgroup/a/x"}, -EWOULDBLOCK},
		{{"cgroup/a", "cgroup/a/x"}, {"cgroup/a"}, -EWOULDBLOCK},
		{{"cgroup/a"}, {"cgroup/b"}, 0},
		{{"cgroup/a", "cgroup/a/x"}, {"cgroup/b"}, 0},
		{{"cgroup/a", "cgroup/a/x"}, {"cgroup/a", "cgroup/a/y"}, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct enforce_lock first = LOCK(cases[i].first[0], cases[i].first[1]),
				    second = LOCK(cases[i].second[0], cases[i].second[1]);

		assert_int_equal(enforce_lock_try(&first), 0);
		assert_int_equal(enforce_lock_try(&first), 0); /* held already */
		if (enforce_lock_try(&second) != cases[i].result)
			fail_msg("case %zu", i);
		/* What it got of a lock that it did not get is free again. */
		enforce_lock_release(&first);
		assert_int_equal(enforce_lock_try(&second), 0);
		enforce_lock_close(&second);
		assert_int_equal(enforce_lock_try(&first), 0);
		enforce_lock_close(&first);
	}
}

static void test_not_open(void **state)
{
	struct enforce_lock lock = {0};

	assert_int_equal(enforce_lock_try(&lock), -EOPNOTSUPP);
}

/* A child that holds the lock of the host, as this user; its pid. */
static pid_t hold(uid_t uid)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		struct enforce_lock lock = HOST();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if ((uid && setuid(uid)) || enforce_lock_try(&lock) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_holder(void **state)
{
	struct enforce_lock_holder holder;
	struct enforce_lock lock = HOST();
	pid_t pid;

	if (geteuid())
		SKIP("needs root");
	for (int user = 0; user < 2; user++) {
		pid = hold(user ? 65534 : 0);
		assert_int_equal(enforce_lock_try(&lock), -EWOULDBLOCK);
		enforce_lock_holder(&lock, &holder);
		assert_int_equal(holder.pid, pid);
		assert_int_equal(holder.uid, user ? 65534 : 0);
		assert_int_equal(holder.enforces, !user);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(enforce_lock_try(&lock), 0); /* it ended with its process */
		enforce_lock_release(&lock);
	}
	/* The lock is held, but no process is listed: one of another PID namespace. */
	snprintf(lock.root, sizeof(lock.root), "/nonexistent");
	enforce_lock_holder(&lock, &holder);
	assert_int_equal(holder.pid, 0);
	assert_true(holder.enforces);
	enforce_lock_close(&lock);
}

static int set_up(void **state)
{
	tree_new(&tree);
	chmod(tree.root, 0755); /* another user locks it, too */
	tree_mkdir(&tree, "cgroup/a/x");
	tree_mkdir(&tree, "cgroup/a/y");
	tree_mkdir(&tree, "cgroup/b");
	return 0;
}

static int tear_down(void **state)
{
	tree_done(&tree);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_not_open),
		cmocka_unit_test(test_holder),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
