// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What refuses a signal is said with the result and at the start: a child confines itself in one way, and then is to end a process of
 * another user, alone and as a container.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/enforce_internal.h"
#include "enforce/proc.h"
#include "fixture_child.h"
#include "fixture_tree.h"
#include "skip.h"

#define OTHER_USER   65534
#define NOT_POSSIBLE 77 /* here */

static void nothing(void) {}

static void refuse_call(unsigned int call, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_SIZE(filter), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(NOT_POSSIBLE);
}

static void refuse_signal(void) { refuse_call(SYS_pidfd_send_signal, EPERM); }
static void refuse_open(void) { refuse_call(SYS_pidfd_open, EPERM); }
static void lack_open(void) { refuse_call(SYS_pidfd_open, ENOSYS); }

static void drop(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		_exit(NOT_POSSIBLE);
	data[0].effective &= ~(1u << capability);
	data[0].permitted &= ~(1u << capability);
	if (syscall(SYS_capset, &header, data))
		_exit(NOT_POSSIBLE);
}

static void drop_kill(void) { drop(CAP_KILL); }

static void enter_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER))
		_exit(NOT_POSSIBLE);
}

static void mount_proc(const char *option)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, option))
		_exit(NOT_POSSIBLE);
}

static void hide_from(const char *option)
{
	mount_proc(option);
	drop(CAP_SYS_PTRACE);
}

static void hide(const char *option)
{
	hide_from(option);
	if (!access("/proc/1/comm", R_OK))
		_exit(NOT_POSSIBLE); /* PID 1 has no more rights than we */
}

/* Group 0 sees all, unless another is named; hidepid=4 knows no group. */
static void hide_all(void) { hide("hidepid=2,gid=65533"); }
static void hide_contents(void) { hide("hidepid=1,gid=65533"); }
static void hide_untraceable(void) { hide("hidepid=4"); }
static void show_to_root(void) { hide_from("hidepid=2"); }
static void hide_from_others(void) { mount_proc("hidepid=2"); }

struct row {
	const char *name;
	void (*confine)(void);
	const char *says;  /* in each result; NULL: all is done */
	const char *probe; /* in the reason of `term`; NULL: it is supported */
};

static struct action_result run(struct enforce *e, const struct action *action, const char *path)
{
	struct action_result result = {};
	struct pollfd p = {.fd = enforce_fd(e), .events = POLLIN};

	if (enforce_submit(e, action, path))
		_exit(2);
	while (poll(&p, 1, CHILD_PATIENCE_MS) == 1 && !enforce_take(e, &result))
		;
	return result;
}

static bool said(const char *what, const struct row *row, const struct action_result *r)
{
	bool good = row->says ? r->status == HR_STATUS_FAILED && r->error &&
					strstr(r->detail, row->says)
			      : r->status == HR_STATUS_DONE;

	if (!good)
		print_message("%s, %s: status %d, error %d, '%s'\n", row->name, what, r->status,
			      r->error, r->detail);
	return good;
}

static bool probed(const struct row *row, const struct enforce_config *config)
{
	struct enforce_support support;

	for (unsigned int i = 0; !enforce_support(config, i, &support); i++) {
		bool none = !strcmp(support.variant, "none");

		if (support.kind != HR_ACTION_TERM)
			continue;
		if (row->probe ? none && strstr(support.reason, row->probe) : !none)
			return true;
		print_message("%s, probe: %s, '%s'\n", row->name, support.variant, support.reason);
	}
	return false;
}

/* Exits with 0 where everything was said. */
static void confined(const struct row *row, const struct tree *tree, pid_t victim, uint64_t start)
{
	struct enforce_config config = {.root = "", .v1 = true};
	struct action action = {.kind = HR_ACTION_KILL, .target.leader_start_ns = HR_UNKNOWN};
	char memory[TREE_PATH], box[TREE_PATH + 8];
	struct action_result r;
	struct enforce *e;
	bool good;
	int fd;

	snprintf(memory, sizeof(memory), "%s/m", tree->root);
	snprintf(box, sizeof(box), "%s/box", memory);
	config.memory_root = memory;
	row->confine();
	if (enforce_open(&config, &e))
		_exit(3);
	good = probed(row, &config);
	fd = open(box, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || cgroup_id(fd, "", &action.target.memcg_id))
		_exit(4);
	action.kind = HR_ACTION_TERM;
	r = run(e, &action, "/box");
	good &= said("term", row, &r);
	if (row->says) {
		action.kind = HR_ACTION_KILL;
		r = run(e, &action, "/box");
		good &= said("kill", row, &r);
		action.largest = true;
		r = run(e, &action, "/box");
		good &= said("kill: largest", row, &r);
		action.largest = false;
		action.target.pid = (uint32_t)victim;
		action.target.start_boottime_ns = start;
		r = run(e, &action, "");
		good &= said("kill of a process", row, &r);
	}
	_exit(good ? 0 : 1);
}

/* Of another user, and by then another's in /proc, too. */
static pid_t start_victim(void)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (!setgid(OTHER_USER) && !setuid(OTHER_USER) && write(ready[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_said(void **state)
{
	static const struct row rows[] = {
		{"nothing", nothing, NULL, NULL},
		{"seccomp, signal", refuse_signal, "seccomp", "seccomp"},
		{"seccomp, open", refuse_open, "seccomp", "seccomp"},
		{"seccomp, no such call", lack_open, "seccomp", "seccomp"},
		{"no CAP_KILL", drop_kill, "CAP_KILL", "CAP_KILL"},
		{"user namespace", enter_user_namespace, "user namespace", NULL},
		{"hidepid=2", hide_all, "hidepid", "hidepid"},
		{"hidepid=1", hide_contents, "hidepid", "hidepid"},
		{"hidepid=4", hide_untraceable, "hidepid", "hidepid"},
		{"hidepid, and group 0", show_to_root, NULL, NULL},
		{"hidepid, and the right to see", hide_from_others, NULL, NULL},
	};

	if (geteuid()) {
		SKIP("not root");
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		pid_t victim = start_victim(), child;
		struct proc_stat stat;
		struct tree tree;
		char text[32];
		int status;

		assert_int_equal(proc_stat(proc, (uint32_t)victim, &stat), 0);
		tree_new(&tree);
		snprintf(text, sizeof(text), "%d\n", victim);
		tree_put(&tree, "m/box/cgroup.procs", text);
		tree_put(&tree, "m/box/memory.usage_in_bytes", "8000000\n");
		fflush(NULL);
		child = fork();
		if (!child)
			confined(&rows[i], &tree, victim, proc_ticks_ns(stat.start_ticks));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == NOT_POSSIBLE)
			print_message("%s: not possible here\n", rows[i].name);
		else
			assert_int_equal(WEXITSTATUS(status), 0);
		child_end(victim);
		tree_done(&tree);
	}
}

/* A filter that lets signals pass, such as the daemon's own, is not what forbids them. */
static void test_other_filter(void **state)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child) {
		char text[REFUSAL_TEXT];

		refuse_call(SYS_acct, EPERM);
		if (geteuid())
			_exit(NOT_POSSIBLE); /* CAP_KILL is missing, too */
		_exit(!strstr(refusal_text(EPERM, text), "security module"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_POSSIBLE)
		SKIP("not root, or no seccomp");
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What no confinement causes is not said to be one. */
static void test_no_refusal(void **state)
{
	static const int errors[] = {0, EMFILE, ENOMEM, EIO, ESRCH, EINVAL};
	char text[REFUSAL_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		assert_string_equal(refusal_text(errors[i], text), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_other_filter),
		cmocka_unit_test(test_no_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
