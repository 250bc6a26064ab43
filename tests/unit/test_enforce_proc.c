// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What enforce/ reads: processes with hostile names, signals that would be discarded, cgroups as plain folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/enforce_internal.h"
#include "enforce/owner_protect.h"
#include "enforce/proc.h"
#include "enforce/signal_sweep.h"
#include "fixture_tree.h"

static int open_tree(const struct tree *tree, const char *path)
{
	char full[TREE_PATH];
	int fd = open(tree_path(tree, path, full), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_stat(void **state)
{
	static const struct {
		const char *text;
		int result;
		struct proc_stat want;
	} cases[] = {
		{"7 (cat) S 3 5 5 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 987654 1000 10 0\n",
		 0,
		 {"cat", 'S', 3, 5, 5, false, false, false, 987654}},
		/* a name that plays the rest of the line */
		{"7 (a) R 1 1 (b) Z 3 5 5 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 11 1000\n",
		 0,
		 {"a) R 1 1 (b", 'Z', 3, 5, 5, false, true, true, 11}},
		/* the first thread has ended, others run */
		{"7 (led) Z 3 5 6 0 -1 4 0 0 0 0 0 0 0 0 20 0 3 0 11 1000\n",
		 0,
		 {"led", 'Z', 3, 5, 6, false, true, false, 11}},
		{"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0\n",
		 0,
		 {"kthreadd", 'S', 0, 0, 0, true, false, false, 3}},
		{"7 (0123456789abcdefXYZ) S 3 5 5 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0\n",
		 0,
		 {"0123456789abcde", 'S', 3, 5, 5, false, false, false, 1}},
		{"7 (cut) S 3", 0, {"cut", 'S', 3, 0, 0, false, false, false, 0}},
		{"7 cat S 3 5\n", -EBADMSG, {{0}, 0, 0, 0, 0, false, false, false, 0}},
		{"7 (cat)", -EBADMSG, {{0}, 0, 0, 0, 0, false, false, false, 0}},
		{"", -ESRCH, {{0}, 0, 0, 0, 0, false, false, false, 0}},
	};
	struct tree tree;
	struct proc_stat stat;

	tree_new(&tree);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct proc_stat *w = &cases[i].want;

		tree_put(&tree, "7/stat", cases[i].text);
		_cleanup_close_ int fd = open_tree(&tree, "");

		memset(&stat, 0x77, sizeof(stat));
		assert_int_equal(proc_stat(fd, 7, &stat), cases[i].result);
		if (cases[i].result) {
			assert_int_equal(stat.ppid, 0x77777777);
			continue;
		}
		assert_string_equal(stat.comm, w->comm);
		assert_int_equal(stat.state, w->state);
		assert_int_equal(stat.ppid, w->ppid);
		assert_int_equal(stat.pgrp, w->pgrp);
		assert_int_equal(stat.kernel_thread, w->kernel_thread);
		assert_int_equal(stat.exiting, w->exiting);
		assert_int_equal(stat.session, w->session);
		assert_int_equal(stat.dead, w->dead);
		assert_int_equal(stat.start_ticks, w->start_ticks);
		assert_int_equal(proc_stat(fd, 8, &stat), -ESRCH);
	}
	tree_done(&tree);
}

static void test_status(void **state)
{
	static const struct {
		const char *text;
		struct proc_status want;
	} cases[] = {
		{"Name:\tx\nNSpid:\t50\nSigBlk:\t1\nSigIgn:\t0000000000000002\nSigCgt:\t4000\n",
		 {0x4000, 2, 1, 0, false, false}},
		{"Name:\tx\nNSpid:\t50\t1\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n",
		 {0, 0, 0, 1, true, false}},
		{"Name:\tx\nNSpid:\t50\t9\t1\nSigCgt:\tff\n", {0xff, 0, 0, 2, true, false}},
		{"Name:\tx\nNSpid:\t50\t1\t9\nSigCgt:\tff\n", {0xff, 0, 0, 2, false, false}},
		{"Name:\tx\nNSpid:\t1\n",
		 {0, 0, 0, 0, false, false}}, /* the host's own init: pid 1 */
		{"Name:\tx\n", {0, 0, 0, 0, false, false}},
		{"Name:\tx\nSigPnd:\t0000000000000100\nShdPnd:\t0\n", {.killed = true}},
		{"Name:\tx\nSigPnd:\t0\nShdPnd:\t0000000000004100\n", {.killed = true}},
		{"Name:\tx\nSigPnd:\t0\nShdPnd:\t0000000000004000\n", {.killed = false}},
	};
	struct proc_status s;
	struct tree tree;

	tree_new(&tree);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_put(&tree, "7/status", cases[i].text);
		_cleanup_close_ int fd = open_tree(&tree, "");

		assert_int_equal(proc_status(fd, 7, &s), 0);
		assert_int_equal(s.caught, cases[i].want.caught);
		assert_int_equal(s.ignored, cases[i].want.ignored);
		assert_int_equal(s.blocked, cases[i].want.blocked);
		assert_int_equal(s.levels, cases[i].want.levels);
		assert_int_equal(s.init, cases[i].want.init);
		assert_int_equal(s.killed, cases[i].want.killed);
	}
	tree_done(&tree);
}

/* Which signals would wait, by the freezer of v1, of v2, or by the state. */
static void test_paused(void **state)
{
	static const struct {
		char state;
		const char *cgroup, *v1, *events, *freeze, *reason;
	} cases[] = {
		{'S', "4:freezer:/a\n0::/a\n", "THAWED\n", "populated 1\nfrozen 0\n", "0\n", NULL},
		{'D', "4:freezer:/a\n0::/\n", "FROZEN\n", "", "", "it is paused (frozen)"},
		{'D', "4:freezer:/a\n0::/\n", "FREEZING\n", "", "", "it is paused (frozen)"},
		{'S', "0::/a\n", "", "populated 1\nfrozen 1\n", "0\n", "it is paused (frozen)"},
		{'S', "0::/a\n", "", "populated 1\nfrozen 0\n", "1\n", "it is paused (frozen)"},
		{'S', "0::/\n", "FROZEN\n", "frozen 1\n", "1\n", NULL}, /* of another cgroup */
		{'D', "4:freezer:/\n0::/\n", "", "", "", NULL},
		{'S', "0::/b\n", "", "", "", NULL}, /* gone */
		{'T', "0::/\n", "", "", "", "it is stopped (SIGSTOP)"},
		{'t', "0::/\n", "", "", "", "it is stopped by a debugger"},
	};
	struct enforce *e = calloc(1, sizeof(*e));
	struct tree tree;

	tree_new(&tree);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *reason;

		tree_put(&tree, "proc/7/cgroup", cases[i].cgroup);
		tree_put(&tree, "freezer/a/freezer.state", cases[i].v1);
		tree_put(&tree, "unified/a/cgroup.events", cases[i].events);
		tree_put(&tree, "unified/a/cgroup.freeze", cases[i].freeze);
		e->proc_fd = open_tree(&tree, "proc");
		e->freezer_fd = open_tree(&tree, "freezer");
		e->unified_fd = open_tree(&tree, "unified");
		reason = paused_reason(e, 7, cases[i].state);
		if (!reason != !cases[i].reason || (reason && strcmp(reason, cases[i].reason)))
			fail_msg("case %zu: %s", i, reason ?: "none");
		cleanup_closep(&e->proc_fd);
		cleanup_closep(&e->freezer_fd);
		cleanup_closep(&e->unified_fd);
	}
	free(e);
	tree_done(&tree);
}

static void test_discards(void **state)
{
#define BIT(signal) (1ULL << ((signal)-1))
	static const struct {
		int signal;
		struct proc_status status;
		const char *reason;
	} cases[] = {
		{SIGTERM, {0}, NULL},
		{SIGTERM, {.init = true}, "the init has no handler"},
		{SIGTERM, {.init = true, .caught = BIT(SIGTERM)}, NULL},
		/* sigtimedwait(), as small inits do */
		{SIGTERM, {.init = true, .blocked = BIT(SIGTERM)}, NULL},
		{SIGTERM, {.init = true, .caught = BIT(SIGHUP)}, "the init has no handler"},
		{SIGTERM, {.ignored = BIT(SIGTERM)}, "it ignores it"},
		{SIGTERM, {.init = true, .ignored = BIT(SIGTERM)}, "it ignores it"},
		{SIGTERM, {.ignored = BIT(SIGTERM), .blocked = BIT(SIGTERM)}, NULL},
		{SIGWINCH, {0}, "it has no handler"},
		{SIGWINCH, {.caught = BIT(SIGWINCH)}, NULL},
		{SIGUSR1, {0}, NULL},
		{SIGKILL, {.init = true}, NULL},
		{64, {.ignored = BIT(64)}, "it ignores it"},
	};
	char name[PROC_SIGNAL_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *reason = proc_discards(&cases[i].status, cases[i].signal);

		print_message("%zu %s\n", i, proc_signal_name(cases[i].signal, name));
		if (cases[i].reason)
			assert_string_equal(reason, cases[i].reason);
		else
			assert_null(reason);
	}
	assert_string_equal(proc_signal_name(SIGTERM, name), "SIGTERM");
	assert_string_equal(proc_signal_name(40, name), "signal 40");
}

/* A process of our own: what /proc says is what we know of it, and its pidfd means no other. */
static void test_a_real_one(void **state)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY), fd = -1;
	uint64_t before = clock_boot_ns(), after;
	struct proc_memory memory;
	struct proc_stat stat;
	uint32_t parents[4];
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	after = clock_boot_ns();
	assert_true(proc_is_ours(proc_fd));
	assert_int_equal(proc_stat(proc_fd, (uint32_t)pid, &stat), 0);
	assert_in_range(stat.start_ticks, proc_ticks(before), proc_ticks(after));
	assert_int_equal(proc_ticks(proc_ticks_ns(stat.start_ticks)), stat.start_ticks);
	assert_int_equal(stat.ppid, getpid());
	assert_true(proc_parents(proc_fd, (uint32_t)pid, parents, 4) >= 1);
	assert_int_equal(parents[0], getpid());
	assert_int_equal(proc_memory(proc_fd, (uint32_t)pid, &memory), 0);
	assert_true(memory.rss > 0);

	fd = proc_open((uint32_t)pid);
	assert_true(fd >= 0);
	assert_false(proc_ended(fd));
	assert_int_equal(proc_signal(fd, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(proc_ended(fd));
	assert_int_equal(proc_signal(fd, SIGKILL), -ESRCH);
	assert_int_equal(proc_stat(proc_fd, (uint32_t)pid, &stat), -ESRCH);
	assert_true(proc_open((uint32_t)pid) < 0);
}

static void test_pidset(void **state)
{
	struct pidset *set = calloc(1, sizeof(*set));

	for (uint32_t i = 1; i <= PIDSET / 2; i++) {
		assert_false(pidset_has(set, i * 4096));
		assert_true(pidset_add(set, i * 4096)); /* as like to each other as pids can be */
		assert_false(pidset_add(set, i * 4096));
	}
	assert_false(pidset_add(set, 5));
	assert_false(pidset_has(set, 5));
	for (uint32_t i = 1; i <= PIDSET / 2; i++)
		assert_true(pidset_has(set, i * 4096));
	pidset_clear(set);
	assert_false(pidset_has(set, 4096));
	assert_true(pidset_add(set, 5));
	free(set);
}

static int sum(uint32_t pid, void *arg)
{
	*(uint64_t *)arg += pid;
	return 0;
}

static int until_8(uint32_t pid, void *arg)
{
	(void)arg;
	return pid == 8 ? 42 : 0;
}

static int count(uint32_t pid, void *arg)
{
	(void)pid;
	*(uint64_t *)arg += 1;
	return 0;
}

static void test_group(void **state)
{
	char path[TREE_PATH], *many = malloc(200000), *p = many;
	_cleanup_close_ int root = -1, box = -1;
	uint64_t id, total = 0, want = 0;
	struct tree tree;

	tree_new(&tree);
	tree_put(&tree, "m/box/cgroup.procs", "7\n8\n");
	tree_put(&tree, "m/box/a/cgroup.procs", "");
	tree_put(&tree, "m/box/a/b/cgroup.procs", "100\n0\n");
	tree_put(&tree, "m/other/cgroup.procs", "5\n");
	tree_put(&tree, "m/unseen/cgroup.procs", "0\n");
	for (uint32_t i = 10000; i < 30000; i++) { /* more than one read() */
		p += sprintf(p, "%u\n", i);
		want += i;
	}
	tree_put(&tree, "m/box/c/cgroup.procs", many);
	free(many);
	root = open_tree(&tree, "m");
	box = open_tree(&tree, "m/box");
	assert_int_equal(cgroup_id(box, "", &id), 0);
	close(box);
	assert_int_equal(cgroup_open_path(root, "/box", id + 1), -ESTALE);
	assert_int_equal(cgroup_open_path(root, "/none", id), -ENOENT);
	assert_int_equal(cgroup_open_path(root, "/", id), -EINVAL);
	assert_int_equal(cgroup_open_path(root, "", id), -EINVAL);
	assert_int_equal(cgroup_open_path(root, "/../m/box", id), -EINVAL);
	assert_int_equal(cgroup_open_path(root, "/other/../box", id), -EINVAL);
	assert_int_equal(symlink("box", tree_path(&tree, "m/link", path)), 0);
	assert_int_equal(cgroup_open_path(root, "/link", id), -EINVAL);
	box = cgroup_open_path(root, "/box", id);
	assert_true(box >= 0);
	assert_int_equal(cgroup_pids(box, sum, &total), 0);
	assert_int_equal(total, want + 7 + 8 + 100);
	assert_int_equal(cgroup_pids(box, until_8, NULL), 42);
	assert_false(cgroup_empty(box));
	total = 0;
	assert_int_equal(cgroup_processes_until(box, count, &total, 0), 0);
	assert_int_equal(total, 20000 + 4);
	close(box);
	box = open_tree(&tree, "m/unseen"); /* of another PID namespace alone */
	assert_int_equal(cgroup_pids(box, until_8, NULL), 0);
	assert_false(cgroup_empty(box));
	close(box);
	box = open_tree(&tree, "m/box");
	tree_done(&tree);
	assert_true(cgroup_empty(box)); /* removed meanwhile */
}

/* The processes below it; and none beside it. */
static void test_protected_above(void **state)
{
	static const struct {
		const char *path;
		int result;
	} cases[] = {
		{"/kept", 1},
		{"/kept/below", 1},
		{"kept/below/gone (deleted)", 1},
		{"/other", 0},
		{"/", 0},
		{"", 0},
		{"/kept-not", 0},
		{"/other/../kept", -EINVAL},
		{"/gone/gone", 0},
	};
	struct tree tree;
	char kept[TREE_PATH];
	int root_fd;
	bool able;

	(void)state;
	tree_new(&tree);
	tree_put(&tree, "cg/kept/below/cgroup.procs", "");
	tree_put(&tree, "cg/kept-not/cgroup.procs", "");
	tree_put(&tree, "cg/other/cgroup.procs", "");
	able = !setxattr(tree_path(&tree, "cg/kept", kept), "user.headroom", "protect", 7, 0);
	if (!able)
		print_message(
			"no user.* attributes on this file system: half of it is not tried\n");
	root_fd = open_tree(&tree, "cg");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int want = cases[i].result == 1 && !able ? 0 : cases[i].result;

		if (owner_protect_above(root_fd, cases[i].path) != want)
			fail_msg("%s: %d", cases[i].path,
				 owner_protect_above(root_fd, cases[i].path));
	}
	close(root_fd);
	tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),     cmocka_unit_test(test_protected_above),
		cmocka_unit_test(test_paused),   cmocka_unit_test(test_status),
		cmocka_unit_test(test_discards), cmocka_unit_test(test_a_real_one),
		cmocka_unit_test(test_pidset),   cmocka_unit_test(test_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
