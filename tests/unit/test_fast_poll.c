// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The fast poll without its thread: usages alone are read, and the daemon goes on. */
#include <fcntl.h>
#include <sys/resource.h>

#include "daemon/fast_poll.h"
#include "fixture_daemon.h"

#define ID 7

static uint64_t read_usage;

static void on_usage(struct track *track, uint64_t usage, uint64_t now_ns, void *arg)
{
	assert_int_equal(track->memcg_id, ID);
	read_usage = usage;
}

static void test_no_thread(void **state)
{
	struct fast_poll *poll = &fake.sampling.fast_poll;
	struct rlimit limit, none;
	char path[128];

	fake_open("mode: observe\n");
	fake_container(0, ID, "a", "/a");
	snprintf(path, sizeof(path), "%s/usage", fake_dir);
	fast_poll_init(poll, &fake.containers);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(fast_poll_open(poll, CGROUP_V2), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

	poll->entry[0] = (struct fast_poll_entry){
		.memcg_id = ID,
		.until_ns = UINT64_MAX,
		.asked = true,
		.files = {.usage = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600),
			  .stat = -1,
			  .kernel = -1},
	};
	assert_int_equal(write(poll->entry[0].files.usage, "4096\n", 5), 5);
	poll->entry[0].files.stat = dup(poll->entry[0].files.usage);
	assert_true(fast_poll_read(poll, clock_mono_ns(), on_usage, NULL));
	assert_int_equal(read_usage, 4096);
	assert_false(fast_poll_take_read(poll, NULL, NULL));
	fast_poll_done(poll);
	unlink(path);
	fake_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_thread)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
