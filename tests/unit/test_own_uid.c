// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The users that processes of headroom change to: by name, or a number that nothing else has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/own_uid.h"
#include "fixture_tree.h"
#include "skip.h"

static struct tree tree;

static int begin(void **state)
{
	tree_new(&tree);
	return 0;
}

static int end(void **state)
{
	tree_done(&tree);
	return 0;
}

static void test_ranges(void **state)
{
	for (int i = 0; i < OWN_UIDS; i++) {
		assert_true(own_uids[i].first <= own_uids[i].last);
		/* DynamicUser= has those up to 65519; 65534 is shared */
		assert_true(own_uids[i].first > 65519 && own_uids[i].last < 65534);
		for (int k = 0; k < i; k++)
			assert_true(own_uids[i].first > own_uids[k].last);
	}
}

static void test_by_name(void **state)
{
	uint32_t uid, gid;

	tree_put(&tree, "passwd",
		 "root:x:0:0::/:/bin/sh\nheadroom-resolver:x:990:980::/:/bin/false\n");
	assert_int_equal(own_uid_find(OWN_UID_RESOLVER, tree.root, &uid, &gid), 0);
	assert_int_equal(uid, 990);
	assert_int_equal(gid, 980);
}

static pid_t process_of(uint32_t uid)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

/* Users of the tests, of other daemons on this machine: so the number is not the same each time. */
static void test_by_number(void **state)
{
	const struct own_uid *own = &own_uids[OWN_UID_RECORDER];
	uint32_t uid, gid, second;
	pid_t pid;

	if (geteuid() != 0) {
		SKIP("needs root");
	}
	tree_put(&tree, "passwd",
		 "headroom-recorder:x:0:0::/:/bin/sh\n"); /* root is no such user */
	if (own_uid_find(OWN_UID_RECORDER, tree.root, &uid, &gid) == -EBUSY) {
		SKIP("all numbers are in use on this machine");
	}
	assert_true(uid >= own->first && uid <= own->last && gid == uid);
	pid = process_of(uid);
	if (!own_uid_find(OWN_UID_RECORDER, tree.root, &second, &gid))
		assert_int_not_equal(second, uid); /* a process has it */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_listed(void **state)
{
	static const char *const files[] = {"passwd", "group"};
	uint32_t uid, gid;
	char text[2000];

	if (geteuid() != 0)
		SKIP("needs root");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		size_t n = 0;

		for (uint32_t id = OWN_UID_FIRST; id <= OWN_UID_LAST; id++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      i ? "g%u:x:%u:\n" : "u%u:x:%u:5::/:/bin/sh\n", id,
					      id);
		tree_put(&tree, files[i], text);
		for (int kind = 0; kind < OWN_UIDS; kind++) {
			assert_int_equal(own_uid_find(kind, tree.root, &uid, &gid), -EBUSY);
			assert_int_equal(uid, own_uids[kind].first);
		}
		tree_put(&tree, files[i], "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test_setup_teardown(test_by_name, begin, end),
		cmocka_unit_test_setup_teardown(test_by_number, begin, end),
		cmocka_unit_test_setup_teardown(test_listed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
