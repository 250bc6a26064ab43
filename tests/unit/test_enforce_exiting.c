// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Exiting processes: found in /proc where no list has them, given CPU time, and never mistaken for another process. /proc shows
 * a process with an exited first thread and a running second one as exiting for as long as the test needs it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "enforce/signal_sweep.h"
#include "fixture_child.h"
#include "fixture_tree.h"
#include "skip.h"

#define PATIENCE_MS 20000

static void *stay(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static pid_t start_child(bool ending)
{
	pid_t pid = fork();
	pthread_t thread;

	if (pid)
		return pid;
	if (ending && !pthread_create(&thread, NULL, stay, NULL))
		pthread_exit(NULL);
	stay(NULL);
	_exit(1);
}

struct fixture {
	struct enforce e;
	struct worker worker;
	struct running_action running;
	struct signal_sweep sweep;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.e.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f.e.pids_ours = proc_is_ours(f.e.proc_fd);
	f.worker.enforce = &f.e;
	f.running.dir_fd = f.running.usage_fd = -1;
	f.sweep = (struct signal_sweep){
		.worker = &f.worker, .running = &f.running, .signal = SIGKILL};
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	running_close(&f->running);
	close(f->e.proc_fd);
	return 0;
}

static bool finds(struct fixture *f, pid_t pid, const char *path)
{
	bool found = false;

	signal_sweep_release(&f->running);
	f->running.victims = 0;
	snprintf(f->running.path, sizeof(f->running.path), "%s", path);
	exiting_find(&f->sweep);
	for (unsigned i = 0; i < f->running.victims; i++)
		found |= f->running.victim[i].pid == (uint32_t)pid && f->running.victim[i].ending &&
			 f->running.victim[i].fd >= 0;
	return found;
}

static void wait_ending(const struct fixture *f, pid_t pid)
{
	struct proc_stat stat = {0};

	for (int i = 0; i < PATIENCE_MS && !stat.exiting; i++) {
		usleep(1000);
		assert_int_equal(proc_stat(f->e.proc_fd, (uint32_t)pid, &stat), 0);
	}
	assert_true(stat.exiting);
}

static void test_found(void **state)
{
	struct fixture *f = *state;
	pid_t ending = start_child(true), living = start_child(false);
	char path[ENFORCE_PATH], other[ENFORCE_PATH + 8];

	wait_ending(f, ending);
	if (pid_cgroup(f->e.proc_fd, (uint32_t)ending, "", path, sizeof(path))) {
		child_end(ending), child_end(living);
		SKIP("no cgroup v2 here, not even an empty one");
	}
	assert_true(finds(f, ending, path));
	assert_false(finds(f, living, path)); /* it is listed, if it belongs there */
	snprintf(other, sizeof(other), "%s-other", path);
	assert_false(finds(f, ending, other));
	snprintf(f->running.path, sizeof(f->running.path), "%s", "");
	assert_int_equal(exiting_find(&f->sweep), 0); /* not a container */
	f->e.exempt[0] = (uint32_t)ending;
	assert_false(finds(f, ending, path));
	f->e.exempt[0] = 0;
	f->e.pids_ours = false;
	assert_false(finds(f, ending, path));
	f->e.pids_ours = true;
	kill(ending, SIGKILL); /* a zombie: it has nothing any more */
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)ending, &info, WEXITED | WNOWAIT), 0);
	assert_false(finds(f, ending, path));
	child_end(ending), child_end(living);
}

/* Without CAP_SYS_NICE no thread gets priority. */
static bool may_be_nice(void)
{
	pid_t pid = start_child(false);
	bool may = !setpriority(PRIO_PROCESS, (id_t)pid, -20);

	child_end(pid);
	return may;
}

static int nice_of(pid_t pid)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, (id_t)pid);
}

static void test_hurried(void **state)
{
	const struct sched_param none = {0}, first = {.sched_priority = 7};
	struct fixture *f = *state;
	pid_t pid = start_child(false), ended = start_child(false);
	int fd = proc_open((uint32_t)pid), ended_fd = proc_open((uint32_t)ended);
	struct sched_param param;

	child_end(ended);
	if (!may_be_nice()) {
		child_end(pid);
		SKIP("no right to raise a priority");
	}
	assert_int_equal(setpriority(PRIO_PROCESS, (id_t)pid, 19), 0);
	assert_int_equal(sched_setscheduler(pid, SCHED_IDLE, &none), 0);

	/* the pid is another process's by now */
	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, ended_fd, false), 0);
	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, ended_fd, true), 0);
	f->e.no_hurry = true;
	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, fd, false), 0);
	f->e.no_hurry = false;
	f->e.pids_ours = false;
	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, fd, false), 0);
	f->e.pids_ours = true;
	assert_int_equal(nice_of(pid), 19);
	assert_int_equal(sched_getscheduler(pid), SCHED_IDLE);

	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, fd, false), 1);
	assert_int_equal(nice_of(pid), -20);
	assert_int_equal(sched_getscheduler(pid), SCHED_OTHER);
	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, fd, true), 1);
	if (sched_getscheduler(pid) == SCHED_RR) { /* not every cgroup has real time */
		assert_int_equal(sched_setscheduler(pid, SCHED_FIFO, &first), 0);
		assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, fd, true), 1);
		sched_getparam(pid, &param);
		assert_int_equal(sched_getscheduler(pid), SCHED_FIFO); /* it came first before */
		assert_int_equal(param.sched_priority, 7);
	}
	close(fd), close(ended_fd);
	child_end(pid);
}

/* Any thread of a process may be the last to exit, which frees the memory. */
static void test_threads(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start_child(true);
	int fd = proc_open((uint32_t)pid);

	wait_ending(f, pid);
	assert_int_equal(exiting_hurry(&f->e, (uint32_t)pid, fd, false), 2);
	close(fd);
	child_end(pid);
}

/* An exiting process shows no memory, and is reaped nevertheless; one with little memory frees it as fast itself. */
static void test_reaped(void **state)
{
	struct fixture *f = *state;
	struct reap reap;

	for (unsigned i = 0; i < 3; i++)
		f->running.victim[i] = (struct victim){.pid = 10 + i,
						       .fd = dup(f->e.proc_fd),
						       .anon = i == 1 ? 8 << 20 : 4096,
						       .ending = i == 2};
	f->running.victims = 3;
	reap_take(&f->running, &reap);
	assert_int_equal(reap.n, 2);
	assert_int_equal(reap.pid[0], 11);
	assert_int_equal(reap.pid[1], 12);
	assert_false(reap.again);
	for (unsigned i = 0; i < reap.n; i++)
		close(reap.fd[i]);
}

static void test_group_of(void **state)
{
	static const struct {
		const char *text, *controller, *want;
	} cases[] = {
		{"0::/a/b\n", "", "/a/b"},
		{"12:memory:/x\n0::/a\n", "", "/a"},
		{"12:memory:/x\n0::/a\n", "memory", "/x"},
		{"3:cpu,cpuacct:/c\n2:cpuset:/d\n", "cpuacct", "/c"},
		{"3:cpu,cpuacct:/c\n", "cpua", NULL},
		{"1:name=systemd:/s\n", "", NULL},
		{"1:name=systemd:/s\n", "memory", NULL},
		{"0::/with:colon\n", "", "/with:colon"},
		{"0::/gone (deleted)\n", "", "/gone (deleted)"},
		{"nonsense\n0:\n", "", NULL},
	};
	_cleanup_close_ int fd = -1;
	struct tree tree;
	char path[64];

	(void)state;
	tree_new(&tree);
	fd = open(tree.root, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(path, "untouched");
		tree_put(&tree, "77/cgroup", cases[i].text);
		assert_int_equal(pid_cgroup(fd, 77, cases[i].controller, path, sizeof(path)),
				 cases[i].want ? 0 : -ENOENT);
		assert_string_equal(path, cases[i].want ?: "untouched");
	}
	assert_int_equal(pid_cgroup(fd, 78, "", path, sizeof(path)), -ENOENT);
	tree_put(&tree, "77/cgroup", cases[0].text);
	/* half of it would be another cgroup */
	assert_int_equal(pid_cgroup(fd, 77, "", path, 4), -ENAMETOOLONG);
	assert_true(cgroup_path_is_below("/a/b", "/a") && cgroup_path_is_below("/a", "/a"));
	assert_false(cgroup_path_is_below("/ab", "/a") || cgroup_path_is_below("/", "/a") ||
		     cgroup_path_is_below("/a (deleted)", "/a"));
	tree_done(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hurried, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reaped, set_up, tear_down),
		cmocka_unit_test(test_group_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
