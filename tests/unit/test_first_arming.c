// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* All that a start or a reload asks for is armed before the next sweep; new cgroups without end do not keep it from coming. */
#include "daemon/trigger_sync.h"
#include "fixture_daemon.h"

#define CGROUPS (2 * WORKER_TRIGGERS + 3)

static void want_all(struct trigger_sync *sync)
{
	for (size_t i = 0; i < CGROUPS; i++)
		sync->entry[i] = (struct trigger_entry){
			.state = ENTRY_WANTED, .memcg_id = i + 1, .threshold = 1 << 20};
}

static void next_job(size_t triggers, bool sweep)
{
	struct worker *worker = &fake.sampling.worker;

	daemon_start_job(&fake, clock_mono_ns());
	assert_int_equal(worker->job.n_triggers, triggers);
	assert_int_equal(worker->job.want_sweep, sweep);
	worker->busy = false;
}

static void test_first_arming(void **state)
{
	struct trigger_sync *sync;

	fake_open("mode: observe\n");
	fake.sampling.containers = &fake.containers;
	fake.sampling.board = fake.board;
	fast_poll_init(&fake.sampling.fast_poll, &fake.containers);
	assert_int_equal(sem_init(&fake.sampling.worker.go, 0, 0), 0);
	sync = policy_driver_triggers(fake.policy_driver);
	sync->containers = &fake.containers;
	for (uint32_t i = 0; i < CGROUPS; i++)
		fake_container(i, i + 1, "c", "/c");
	want_all(sync);
	next_job(WORKER_TRIGGERS, false);
	next_job(WORKER_TRIGGERS, false);
	next_job(3, false);
	next_job(0, true);

	fake.sampling.times.sweep_ns = 0;
	for (size_t i = 0; i < TRIGGERS_MAX / WORKER_TRIGGERS; i++) {
		want_all(sync);
		next_job(WORKER_TRIGGERS, false);
	}
	want_all(sync);
	next_job(WORKER_TRIGGERS, true);
	memset(sync->entry, 0, sizeof(sync->entry));
	fake_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_arming)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
