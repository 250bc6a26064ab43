// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The worker's job between the loop and the thread: what asks for a job while the results of the last one are being taken (a
 * record of a new cgroup, a host that runs short) does not write over them.
 */
#include "fixture_daemon.h"

#include <poll.h>

#include "daemon/sweep_worker.h"

static void start(void)
{
	uint64_t now = clock_mono_ns();

	fake_open("mode: observe\n");
	fake_config.interval_ms = 60000;
	fake.sampling.containers = &fake.containers;
	fake.sampling.board = fake.board;
	/* Nothing is due, so no job needs a collector. */
	fake.sampling.times.sweep_ns = fake.sampling.times.processes_ns = now;
	assert_int_equal(worker_init(&fake.sampling.worker, NULL, "", FAKE_SLOTS), 0);
}

static void end(void)
{
	worker_done(&fake.sampling.worker);
	fake_close();
}

static bool done(int wait_ms)
{
	struct pollfd fd = {.fd = fake.sampling.worker.done_fd, .events = POLLIN};

	return poll(&fd, 1, wait_ms) == 1;
}

static void test_results_stay(void **state)
{
	struct worker *worker = &fake.sampling.worker;

	start();
	assert_false(worker_finished(worker));
	worker_start(worker);
	assert_true(done(5000));
	assert_true(worker_finished(worker));
	assert_false(worker_finished(worker)); /* once */
	assert_true(worker->busy);
	/* As they come back: armed triggers, opened files, owners. */
	worker->job.n_triggers = 2;
	worker->job.n_opens = 3;
	worker->job.want_trigger_close = true;
	daemon_start_job(&fake, clock_mono_ns());
	daemon_host_poll_ops.near(&fake);
	assert_int_equal(worker->job.n_triggers, 2);
	assert_int_equal(worker->job.n_opens, 3);
	assert_true(worker->job.want_trigger_close);
	assert_false(done(0)); /* nor does another one run */
	worker->job.n_triggers = worker->job.n_opens = 0;
	worker_release(worker);
	assert_false(worker->busy);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
