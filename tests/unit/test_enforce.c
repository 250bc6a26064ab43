// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The threads of enforce/ and their table, against a hierarchy of plain folders; the processes in it are children of this test:
 * which of them are killed, which result comes when, and that nothing is allocated on the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/enforce_internal.h"
#include "enforce/proc.h"
#include "fixture_child.h"
#include "fixture_tree.h"

#define PATIENCE_MS CHILD_PATIENCE_MS

struct fixture {
	struct tree tree;
	char memory[ENFORCE_PATH], undo[ENFORCE_PATH];
	struct enforce *e;
	pid_t child[4];
};

static int set_up(void **state)
{
	static struct fixture f;
	char text[64];

	tree_new(&f.tree);
	for (size_t i = 0; i < ARRAY_SIZE(f.child); i++)
		f.child[i] = child_start(SIGUSR1, SIG_IGN);
	snprintf(text, sizeof(text), "%d\n%d\n", f.child[0], f.child[1]);
	tree_put(&f.tree, "m/box/cgroup.procs", text);
	tree_put(&f.tree, "m/box/memory.usage_in_bytes", "8000000\n");
	snprintf(text, sizeof(text), "%d\n", f.child[2]);
	tree_put(&f.tree, "m/box/below/cgroup.procs", text);
	snprintf(text, sizeof(text), "%d\n", f.child[3]);
	tree_put(&f.tree, "m/other/cgroup.procs", text);
	snprintf(f.memory, sizeof(f.memory), "%s/m", f.tree.root);
	snprintf(f.undo, sizeof(f.undo), "%s/undo", f.tree.root);
	assert_int_equal(enforce_open(&(struct enforce_config){.root = "",
							       .memory_root = f.memory,
							       .v1 = true,
							       .undo_path = f.undo},
				      &f.e),
			 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	enforce_close(f->e);
	for (size_t i = 0; i < ARRAY_SIZE(f->child); i++)
		child_end(f->child[i]);
	tree_done(&f->tree);
	return 0;
}

struct request { /* what enforce_submit() takes */
	struct action action;
	char path[ENFORCE_PATH];
};

static struct request request_for(const struct fixture *f, enum hr_action_kind kind,
				  const char *path)
{
	struct request request = {.action = {.tag = 77,
					     .escalation = 5,
					     .step = 2,
					     .kind = kind,
					     .target.leader_start_ns = HR_UNKNOWN}};
	char full[TREE_PATH];
	_cleanup_close_ int fd = -1;

	snprintf(request.path, sizeof(request.path), "%s", path);
	snprintf(full, sizeof(full), "%s%s", f->memory, path);
	fd = open(full, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		cgroup_id(fd, "", &request.action.target.memcg_id);
	return request;
}

static uint64_t start_of(pid_t pid)
{
	_cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY);
	struct proc_stat stat;

	assert_int_equal(proc_stat(fd, (uint32_t)pid, &stat), 0);
	return proc_ticks_ns(stat.start_ticks);
}

static struct action_result answer(struct enforce *e)
{
	struct pollfd p = {.fd = enforce_fd(e), .events = POLLIN};
	struct action_result result;

	do
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	while (!enforce_take(e, &result));
	return result;
}

static struct action_result run(struct enforce *e, const struct request *request)
{
	assert_int_equal(enforce_submit(e, &request->action, request->path), 0);
	return answer(e);
}

static void test_whole(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	struct action_result r = run(f->e, &request);

	assert_int_equal(r.tag, 77);
	assert_int_equal(r.escalation, 5);
	assert_int_equal(r.step, 2);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 3);
	assert_int_equal(r.signal, SIGKILL);
	assert_int_equal(r.usage_before, 8000000);
	assert_true(r.began_ns && r.ended_ns >= r.began_ns);
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
	assert_true(child_alive(f->child[3]));
	assert_false(enforce_take(f->e, &r));
}

/* Each gets a result, and no process a signal. */
static void test_not_meant(void **state)
{
	struct fixture *f = *state;
	struct request requests[8];
	static const struct {
		enum hr_action_status status;
		int error;
	} want[] = {
		{HR_STATUS_SKIPPED, ESTALE}, {HR_STATUS_SKIPPED, ENOENT},
		{HR_STATUS_REFUSED, EINVAL}, {HR_STATUS_REFUSED, EINVAL},
		{HR_STATUS_SKIPPED, ESRCH},  {HR_STATUS_REFUSED, EPERM},
		{HR_STATUS_SKIPPED, ESRCH},  {HR_STATUS_SKIPPED, ESRCH},
	};

	requests[0] = request_for(f, HR_ACTION_KILL, "/box");
	requests[0].action.target.memcg_id++;
	requests[1] = request_for(f, HR_ACTION_KILL, "/none");
	requests[2] = request_for(f, HR_ACTION_KILL, "/");
	requests[3] = request_for(f, HR_ACTION_KILL, "/other/../box");
	requests[4] = request_for(f, HR_ACTION_KILL, ""); /* reused since */
	requests[4].action.target.pid = (uint32_t)f->child[0];
	requests[4].action.target.start_boottime_ns = start_of(f->child[0]) + 10 * NS_PER_MS;
	requests[5] = request_for(f, HR_ACTION_KILL, ""); /* ourselves */
	requests[5].action.target.pid = (uint32_t)getpid();
	requests[5].action.target.start_boottime_ns = start_of(getpid());
	requests[6] = request_for(f, HR_ACTION_KILL,
				  ""); /* a group with another process as its leader by now */
	requests[6].action.target.pgid = (uint32_t)getpgrp();
	requests[6].action.target.leader_start_ns = 1;
	requests[7] =
		requests[6]; /* no leader, and the one that was seen in it is another by now */
	requests[7].action.target.leader_start_ns = HR_UNKNOWN;
	requests[7].action.target.pgid = (uint32_t)getpgrp() + 1;
	requests[7].action.target.pid = (uint32_t)f->child[0];
	requests[7].action.target.start_boottime_ns = start_of(f->child[0]) + 10 * NS_PER_MS;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		for (int term = 0; term < 2; term++) {
			struct action_result r;

			requests[i].action.kind = term ? HR_ACTION_TERM : HR_ACTION_KILL;
			r = run(f->e, &requests[i]);
			print_message("%zu: %s\n", i, r.detail);
			assert_int_equal(r.status, want[i].status);
			assert_int_equal(r.error, want[i].error);
			assert_int_equal(r.processes, 0);
			assert_true(r.detail[0]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(f->child); i++)
		assert_true(child_alive(f->child[i]));
}

/* A container that holds one of headroom's own is left whole. */
static void test_exempt(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	struct action_result r;

	enforce_exempt(f->e, 0, (uint32_t)f->child[2]);
	enforce_exempt(f->e, 99, 1);
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_REFUSED);
	assert_int_equal(r.error, EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(f->child); i++)
		assert_true(child_alive(f->child[i]));
	enforce_exempt(f->e, 0, 0);
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_DONE);
	child_killed(f->child[2]);
}

static void test_one_process(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "");
	struct action_result r;

	request.action.target.pid = (uint32_t)f->child[1];
	request.action.target.start_boottime_ns = start_of(f->child[1]);
	request.action.watch_ms = PATIENCE_MS;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.pid, f->child[1]);
	assert_int_equal(r.start_boottime_ns, request.action.target.start_boottime_ns);
	assert_int_equal(r.processes, 1);
	assert_true(r.freed && r.freed != HR_UNKNOWN);
	assert_true(r.freed_ns >= r.began_ns);
	child_killed(f->child[1]);
	assert_true(child_alive(f->child[0]));
}

static void test_job(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "");
	struct action_result r;

	assert_int_equal(setpgid(f->child[0], f->child[0]), 0);
	assert_int_equal(setpgid(f->child[2], f->child[0]), 0);
	request.action.target.pgid = (uint32_t)f->child[0];
	request.action.target.leader_start_ns = start_of(f->child[0]);
	request.action.target.pid = (uint32_t)f->child[2];
	request.action.target.start_boottime_ns = start_of(f->child[2]);
	request.action.watch_ms = PATIENCE_MS;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.processes, 2);
	child_killed(f->child[0]);
	child_killed(f->child[2]);
	assert_true(child_alive(f->child[1]) && child_alive(f->child[3]));
}

/* Memory counts: it is gone when the file says so, whatever the processes do. */
static void test_watches_memory(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	struct action_result r;

	request.action.watch_ms = PATIENCE_MS;
	assert_int_equal(enforce_submit(f->e, &request.action, request.path), 0);
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
	tree_put(&f->tree, "m/box/memory.usage_in_bytes", "1000000\n");
	r = answer(f->e);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.usage_after, 1000000);
	assert_int_equal(r.freed, 7000000);
	assert_true(r.freed_ns > r.ended_ns);
}

static void test_not_freed(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	struct action_result r;

	request.action.watch_ms = 50;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_FAILED);
	assert_int_equal(r.error, ETIMEDOUT);
	assert_int_equal(r.freed, 0);
	assert_int_equal(r.freed_ns, 0);
}

static void test_term(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_TERM, "/box");
	struct action_result r;

	request.action.signal = SIGUSR1; /* all of them ignore it */
	request.action.watch_ms = PATIENCE_MS;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	assert_string_equal(r.detail, "SIGUSR1 would be discarded: it ignores it");
	request.action.signal = 0; /* SIGTERM */
	request.action.watch_ms = 0;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_DONE);
	assert_int_equal(r.signal, SIGTERM);
	assert_int_equal(r.processes, 3);
	assert_string_equal(r.detail, "");
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
}

static void test_bad_actions(void **state)
{
	struct fixture *f = *state;
	const struct request good = request_for(f, HR_ACTION_KILL, "/box");
	struct request request;

#define BAD(expected, ...)                                                                       \
	do {                                                                                     \
		request = good;                                                                  \
		__VA_ARGS__;                                                                     \
		assert_int_equal(enforce_submit(f->e, &request.action, request.path), expected); \
	} while (0)
	BAD(-EOPNOTSUPP, request.action.kind = HR_ACTION_NOTIFY);
	BAD(-EOPNOTSUPP, request.action.kind = HR_ACTION_COUNT);
	BAD(-EOPNOTSUPP, request.action.kind = (enum hr_action_kind)12345);
	BAD(-EINVAL, request.path[0] = 'b');
	BAD(-EINVAL, memset(request.path, '/', sizeof(request.path)));
	BAD(-EINVAL, request.path[0] = 0);
	BAD(-EINVAL, request.path[0] = 0; request.action.target.pgid = 1);
	BAD(-EINVAL, request.path[0] = 0; request.action.target.pid = 0x80000005);
	BAD(-EINVAL, request.action.kind = HR_ACTION_TERM; request.action.signal = 65);
	BAD(-EINVAL, request.action.kind = HR_ACTION_TERM; request.action.signal = -1);
	BAD(-EINVAL, request.action.kind = HR_ACTION_THROTTLE; request.path[0] = 0;
	    request.action.target.pid = 5);
#undef BAD
	assert_true(child_alive(f->child[0]));
}

/* A full queue refuses; the results still come, and then there is room again. */
static void test_full(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	bool seen[ENFORCE_QUEUE] = {0};
	unsigned n = 0;

	request.action.watch_ms = 300;
	for (int r = 0; !r; n += !r) {
		request.action.tag = n;
		r = enforce_submit(f->e, &request.action, request.path);
		assert_true(!r || r == -EAGAIN);
		if (n == 0 && !r)
			usleep(20000); /* the others find no process */
	}
	assert_true(n >= ENFORCE_QUEUE - 1 && n <= ENFORCE_QUEUE);
	for (unsigned i = 0; i < n; i++) {
		struct action_result r = answer(f->e);

		assert_true(r.tag < ENFORCE_QUEUE && !seen[r.tag]);
		seen[r.tag] = true;
	}
	request.action.watch_ms = 0;
	run(f->e, &request);
}

/* Two killers hang in process_mrelease, as far as the third can see: it kills all the same, and stays out of there. */
static void test_two_are_stuck(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	struct action_result r;

	__atomic_store_n(&f->e->reaping, KILLERS - 1, __ATOMIC_RELAXED);
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_DONE);
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
	for (int i = 0;
	     i < PATIENCE_MS && __atomic_load_n(&f->e->reaping, __ATOMIC_RELAXED) != KILLERS - 1;
	     i++)
		usleep(1000);
	__atomic_store_n(&f->e->reaping, 0, __ATOMIC_RELAXED);
}

static void test_allocates_nothing(void **state)
{
	struct fixture *f = *state;
	struct request requests[] = {
		request_for(f, HR_ACTION_TERM, "/other"),
		request_for(f, HR_ACTION_KILL, "/box"),
		request_for(f, HR_ACTION_RECLAIM, "/other"),
		request_for(f, HR_ACTION_THROTTLE, "/other"),
		request_for(f, HR_ACTION_KILL, "/other"),
	};
	size_t before = mallinfo2().uordblks;

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		requests[i].action.watch_ms = 20;
		requests[i].action.largest = i == 4;
		run(f->e, &requests[i]);
	}
	assert_int_equal(mallinfo2().uordblks, before);
}

/* With actions under way, and their results never taken. */
static void test_close_at_once(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_KILL, "/box");
	uint64_t began = clock_mono_ns();

	request.action.watch_ms = 1000000;
	for (int i = 0; i < 10; i++)
		assert_int_equal(enforce_submit(f->e, &request.action, request.path), 0);
	enforce_close(f->e);
	f->e = NULL;
	assert_true(clock_mono_ns() - began < PATIENCE_MS * NS_PER_MS);
	enforce_close(NULL);
}

static void *allocate(void *arg)
{
	const uint32_t *stop = arg;

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		void *p[64];

		for (size_t i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = malloc(100 + i * 37);
		for (size_t i = 0; i < ARRAY_SIZE(p); i++)
			free(p[i]);
	}
	return NULL;
}

/* Threads in real time begin and end beside one that holds malloc's locks: none may keep it from the CPU. */
static void test_close_often(void **state)
{
	struct fixture *f = *state;
	const struct enforce_config config = {
		.root = "", .memory_root = f->memory, .v1 = true, .undo_path = f->undo};
	uint64_t began = clock_mono_ns();
	pthread_t allocator;
	uint32_t stop = 0;

	assert_int_equal(pthread_create(&allocator, NULL, allocate, &stop), 0);
	for (int i = 0; i < 500; i++) {
		struct enforce *e;

		assert_int_equal(enforce_open(&config, &e), 0);
		enforce_close(e); /* LeakSanitizer reports what it leaves behind */
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(allocator, NULL);
	assert_true(clock_mono_ns() - began < PATIENCE_MS * NS_PER_MS);
}

/* Nothing to signal: none are left, or a PID namespace hides them. */
static void test_no_processes(void **state)
{
	struct fixture *f = *state;

	tree_put(&f->tree, "m/other/cgroup.procs", "");
	for (int i = 0; i < 4; i++) {
		struct request request =
			request_for(f, i & 1 ? HR_ACTION_TERM : HR_ACTION_KILL, "/other");
		struct action_result r;

		f->e->hidden = i & 2 ? HIDDEN_PROCESSES : NULL;
		r = run(f->e, &request);
		assert_int_equal(r.status, HR_STATUS_SKIPPED);
		assert_int_equal(r.reason, i & 2 ? HR_SKIP_HIDDEN : HR_SKIP_NONE);
		assert_string_equal(r.detail, i & 2 ? HIDDEN_PROCESSES : "no processes left");
	}
}

static void test_v1_lacks(void **state)
{
	struct fixture *f = *state;
	struct request request = request_for(f, HR_ACTION_RECLAIM, "/box");
	struct action_result r;

	request.action.bytes = 1 << 20;
	request.action.for_ms = 1000;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	assert_string_equal(r.detail, "cgroup v1 has no memory.reclaim");
	request.action.kind = HR_ACTION_THROTTLE;
	r = run(f->e, &request);
	assert_int_equal(r.status, HR_STATUS_SKIPPED);
	assert_string_equal(r.detail, "cgroup v1 has no memory.high");
	enforce_lift(f->e, request.action.target.memcg_id); /* nothing is set */
}

static void test_cannot_open(void **state)
{
	struct fixture *f = *state;
	struct enforce *e = (void *)1;
	struct enforce_config good = {.root = "", .memory_root = f->memory, .undo_path = f->undo},
			      c;

	c = good;
	c.memory_root = "/nowhere";
	assert_int_equal(enforce_open(&c, &e), -ENOENT);
	c = good;
	c.memory_root = "";
	assert_int_equal(enforce_open(&c, &e), -EINVAL);
	c = good;
	c.undo_path = f->tree.root;
	assert_int_equal(enforce_open(&c, &e), -EISDIR);
	assert_ptr_equal(e, (void *)1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_whole),         TEST(test_not_meant),     TEST(test_exempt),
		TEST(test_one_process),   TEST(test_job),           TEST(test_watches_memory),
		TEST(test_not_freed),     TEST(test_term),          TEST(test_bad_actions),
		TEST(test_full),          TEST(test_two_are_stuck), TEST(test_allocates_nothing),
		TEST(test_close_at_once), TEST(test_close_often),   TEST(test_v1_lacks),
		TEST(test_cannot_open),   TEST(test_no_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
