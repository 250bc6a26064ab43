// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The enforcing room's threads and its table of deeds, against a hierarchy of plain folders whose processes are children of
 * this test: who is killed and who is not, what is answered and when, and that nothing is allocated on the way.
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
#include "enforce/group.h"
#include "enforce/private.h"
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

static struct enforce_job job_for(const struct fixture *f, enum hr_rung rung, const char *path)
{
	struct enforce_job job = {.tag = 77, .rung = rung, .leader_start_ns = HR_UNKNOWN};
	char full[TREE_PATH];
	_cleanup_close_ int fd = -1;

	snprintf(job.path, sizeof(job.path), "%s", path);
	snprintf(full, sizeof(full), "%s%s", f->memory, path);
	fd = open(full, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		group_id(fd, &job.memcg_id);
	return job;
}

static uint64_t start_of(pid_t pid)
{
	_cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY);
	struct proc_stat stat;

	assert_int_equal(proc_stat(fd, (uint32_t)pid, &stat), 0);
	return proc_ticks_ns(stat.start_ticks);
}

static struct enforce_result answer(struct enforce *e)
{
	struct pollfd p = {.fd = enforce_fd(e), .events = POLLIN};
	struct enforce_result result;

	do
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	while (!enforce_take(e, &result));
	return result;
}

static struct enforce_result run(struct enforce *e, const struct enforce_job *job)
{
	assert_int_equal(enforce_submit(e, job), 0);
	return answer(e);
}

static void test_whole(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	struct enforce_result r = run(f->e, &job);

	assert_int_equal(r.tag, 77);
	assert_int_equal(r.rung, HR_RUNG_KILL);
	assert_int_equal(r.deed, HR_DEED_DONE);
	assert_int_equal(r.processes, 3);
	assert_int_equal(r.signal, SIGKILL);
	assert_int_equal(r.usage_before, 8000000);
	assert_true(r.began_ns && r.ended_ns >= r.began_ns);
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
	assert_true(child_alive(f->child[3]));
	assert_false(enforce_take(f->e, &r));
}

/* Each is answered without a signal to anybody. */
static void test_not_meant(void **state)
{
	struct fixture *f = *state;
	struct enforce_job jobs[8];
	static const struct {
		enum hr_deed deed;
		int error;
	} want[] = {
		{HR_DEED_SKIPPED, ESTALE}, {HR_DEED_SKIPPED, ENOENT}, {HR_DEED_REFUSED, EINVAL},
		{HR_DEED_REFUSED, EINVAL}, {HR_DEED_SKIPPED, ESRCH},  {HR_DEED_REFUSED, EPERM},
		{HR_DEED_SKIPPED, ESRCH},  {HR_DEED_SKIPPED, ESRCH},
	};

	jobs[0] = job_for(f, HR_RUNG_KILL, "/box");
	jobs[0].memcg_id++;
	jobs[1] = job_for(f, HR_RUNG_KILL, "/nobody");
	jobs[2] = job_for(f, HR_RUNG_KILL, "/");
	jobs[3] = job_for(f, HR_RUNG_KILL, "/other/../box");
	jobs[4] = job_for(f, HR_RUNG_KILL, ""); /* reused since */
	jobs[4].pid = (uint32_t)f->child[0];
	jobs[4].start_boottime_ns = start_of(f->child[0]) + 10 * NS_PER_MS;
	jobs[5] = job_for(f, HR_RUNG_KILL, ""); /* ourselves */
	jobs[5].pid = (uint32_t)getpid();
	jobs[5].start_boottime_ns = start_of(getpid());
	jobs[6] = job_for(f, HR_RUNG_KILL, ""); /* a group whose leader is another by now */
	jobs[6].pgid = (uint32_t)getpgrp();
	jobs[6].leader_start_ns = 1;
	jobs[7] = jobs[6]; /* no leader, and the one that was seen in it is in another */
	jobs[7].leader_start_ns = HR_UNKNOWN;
	jobs[7].pgid = (uint32_t)getpgrp() + 1;
	jobs[7].pid = (uint32_t)f->child[0];
	jobs[7].start_boottime_ns = start_of(f->child[0]);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		for (int term = 0; term < 2; term++) {
			struct enforce_result r;

			jobs[i].rung = term ? HR_RUNG_TERM : HR_RUNG_KILL;
			r = run(f->e, &jobs[i]);
			print_message("%zu: %s\n", i, r.detail);
			assert_int_equal(r.deed, want[i].deed);
			assert_int_equal(r.error, want[i].error);
			assert_int_equal(r.processes, 0);
			assert_true(r.detail[0]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(f->child); i++)
		assert_true(child_alive(f->child[i]));
}

/* A container that holds one of headroom's own is left whole. */
static void test_spared(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	struct enforce_result r;

	enforce_spare(f->e, 0, (uint32_t)f->child[2]);
	enforce_spare(f->e, 99, 1);
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_REFUSED);
	assert_int_equal(r.error, EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(f->child); i++)
		assert_true(child_alive(f->child[i]));
	enforce_spare(f->e, 0, 0);
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_DONE);
	child_killed(f->child[2]);
}

static void test_one_process(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "");
	struct enforce_result r;

	job.pid = (uint32_t)f->child[1];
	job.start_boottime_ns = start_of(f->child[1]);
	job.deadline_ms = PATIENCE_MS;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_DONE);
	assert_int_equal(r.pid, f->child[1]);
	assert_int_equal(r.start_boottime_ns, job.start_boottime_ns);
	assert_int_equal(r.processes, 1);
	assert_true(r.freed && r.freed != HR_UNKNOWN);
	assert_true(r.freed_ns >= r.began_ns);
	child_killed(f->child[1]);
	assert_true(child_alive(f->child[0]));
}

static void test_job(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "");
	struct enforce_result r;

	assert_int_equal(setpgid(f->child[0], f->child[0]), 0);
	assert_int_equal(setpgid(f->child[2], f->child[0]), 0);
	job.pgid = (uint32_t)f->child[0];
	job.leader_start_ns = start_of(f->child[0]);
	job.pid = (uint32_t)f->child[2];
	job.start_boottime_ns = start_of(f->child[2]);
	job.deadline_ms = PATIENCE_MS;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_DONE);
	assert_int_equal(r.processes, 2);
	child_killed(f->child[0]);
	child_killed(f->child[2]);
	assert_true(child_alive(f->child[1]) && child_alive(f->child[3]));
}

/* Memory counts: it is gone when the file says so, whatever the processes do. */
static void test_watches_memory(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	struct enforce_result r;

	job.deadline_ms = PATIENCE_MS;
	assert_int_equal(enforce_submit(f->e, &job), 0);
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
	tree_put(&f->tree, "m/box/memory.usage_in_bytes", "1000000\n");
	r = answer(f->e);
	assert_int_equal(r.deed, HR_DEED_DONE);
	assert_int_equal(r.usage_after, 1000000);
	assert_int_equal(r.freed, 7000000);
	assert_true(r.freed_ns > r.ended_ns);
}

static void test_not_freed(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	struct enforce_result r;

	job.deadline_ms = 50;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_FAILED);
	assert_int_equal(r.error, ETIMEDOUT);
	assert_int_equal(r.freed, 0);
	assert_int_equal(r.freed_ns, 0);
}

static void test_term(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_TERM, "/box");
	struct enforce_result r;

	job.signal = SIGUSR1; /* all of them ignore it */
	job.deadline_ms = PATIENCE_MS;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_SKIPPED);
	assert_string_equal(r.detail, "SIGUSR1 would be discarded: it ignores it");
	job.signal = 0; /* SIGTERM */
	job.deadline_ms = 0;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_DONE);
	assert_int_equal(r.signal, SIGTERM);
	assert_int_equal(r.processes, 3);
	assert_string_equal(r.detail, "");
	for (int i = 0; i < 3; i++)
		child_killed(f->child[i]);
}

static void test_bad_jobs(void **state)
{
	struct fixture *f = *state;
	const struct enforce_job good = job_for(f, HR_RUNG_KILL, "/box");
	struct enforce_job job;

#define BAD(expected, ...)                                              \
	do {                                                            \
		job = good;                                             \
		__VA_ARGS__;                                            \
		assert_int_equal(enforce_submit(f->e, &job), expected); \
	} while (0)
	BAD(-EOPNOTSUPP, job.rung = HR_RUNG_NOTIFY);
	BAD(-EOPNOTSUPP, job.rung = HR_RUNG_COUNT);
	BAD(-EOPNOTSUPP, job.rung = (enum hr_rung)12345);
	BAD(-EINVAL, job.path[0] = 'b');
	BAD(-EINVAL, memset(job.path, '/', sizeof(job.path)));
	BAD(-EINVAL, job.path[0] = 0);
	BAD(-EINVAL, job.path[0] = 0; job.pgid = 1);
	BAD(-EINVAL, job.path[0] = 0; job.pid = 0x80000005);
	BAD(-EINVAL, job.rung = HR_RUNG_TERM; job.signal = 65);
	BAD(-EINVAL, job.rung = HR_RUNG_TERM; job.signal = -1);
	BAD(-EINVAL, job.rung = HR_RUNG_THROTTLE; job.path[0] = 0; job.pid = 5);
#undef BAD
	assert_true(child_alive(f->child[0]));
}

/* Full is full; the answers come all the same, the oldest deed's first, and room is there again. */
static void test_full(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	bool seen[ENFORCE_QUEUE] = {0};
	unsigned n = 0;

	job.deadline_ms = 300;
	for (int r = 0; !r; n += !r) {
		job.tag = n;
		r = enforce_submit(f->e, &job);
		assert_true(!r || r == -EAGAIN);
		if (n == 0 && !r)
			usleep(20000); /* the others find nobody */
	}
	assert_true(n >= ENFORCE_QUEUE - 1 && n <= ENFORCE_QUEUE);
	for (unsigned i = 0; i < n; i++) {
		struct enforce_result r = answer(f->e);

		assert_true(r.tag < ENFORCE_QUEUE && !seen[r.tag]);
		seen[r.tag] = true;
	}
	job.deadline_ms = 0;
	run(f->e, &job);
}

/* Two killers hang in process_mrelease, as far as the third can see: it kills all the same, and stays out of there. */
static void test_two_are_stuck(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	struct enforce_result r;

	__atomic_store_n(&f->e->reaping, KILLERS - 1, __ATOMIC_RELAXED);
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_DONE);
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
	struct enforce_job jobs[] = {
		job_for(f, HR_RUNG_TERM, "/other"),    job_for(f, HR_RUNG_KILL, "/box"),
		job_for(f, HR_RUNG_RECLAIM, "/other"), job_for(f, HR_RUNG_THROTTLE, "/other"),
		job_for(f, HR_RUNG_KILL, "/other"),
	};
	size_t before = mallinfo2().uordblks;

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].deadline_ms = 20;
		jobs[i].largest = i == 4;
		run(f->e, &jobs[i]);
	}
	assert_int_equal(mallinfo2().uordblks, before);
}

/* With deeds under way, and nobody who takes the answers. */
static void test_close_at_once(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_KILL, "/box");
	uint64_t began = clock_mono_ns();

	job.deadline_ms = 1000000;
	for (int i = 0; i < 10; i++)
		assert_int_equal(enforce_submit(f->e, &job), 0);
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
		enforce_close(e); /* what it leaves behind, LeakSanitizer tells */
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(allocator, NULL);
	assert_true(clock_mono_ns() - began < PATIENCE_MS * NS_PER_MS);
}

static void test_v1_lacks(void **state)
{
	struct fixture *f = *state;
	struct enforce_job job = job_for(f, HR_RUNG_RECLAIM, "/box");
	struct enforce_result r;

	job.bytes = 1 << 20;
	job.for_ms = 1000;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_SKIPPED);
	assert_string_equal(r.detail, "cgroup v1 has no memory.reclaim");
	job.rung = HR_RUNG_THROTTLE;
	r = run(f->e, &job);
	assert_int_equal(r.deed, HR_DEED_SKIPPED);
	assert_string_equal(r.detail, "cgroup v1 has no memory.high");
	enforce_lift(f->e, job.memcg_id); /* nothing is set */
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
		TEST(test_whole),	  TEST(test_not_meant),	    TEST(test_spared),
		TEST(test_one_process),	  TEST(test_job),	    TEST(test_watches_memory),
		TEST(test_not_freed),	  TEST(test_term),	    TEST(test_bad_jobs),
		TEST(test_full),	  TEST(test_two_are_stuck), TEST(test_allocates_nothing),
		TEST(test_close_at_once), TEST(test_close_often),   TEST(test_v1_lacks),
		TEST(test_cannot_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
