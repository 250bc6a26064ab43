// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The pause of the policies: its times, what it says, and that the next daemon on the board is paused, too. */
#include "fixture_daemon.h"

#include "daemon/pause.h"

static char said[HR_CONTROL_TEXT];

static int ask(uint32_t word, uint64_t for_ms)
{
	const struct hr_control_request asked = {
		.magic = HR_CONTROL_MAGIC, .word = word, .for_ms = for_ms};

	return policy_driver_pause(fake.policy_driver, &asked, 7, said);
}

static uint64_t on_board(void) { return board_host(fake.board)->paused_until_ns; }

static void test_pause(void **state)
{
	static const char enforcing[] =
		"mode: enforce\npolicies:\n  - {name: p, match: {name: web}, "
		"when: {risk: 90}, actions: [kill]}\n";
	struct pause *pause, next;

	fake_open(enforcing);
	pause = &fake.policy_driver->pause;
	assert_int_equal(ask(HR_CONTROL_RESUME, HR_UNKNOWN), 0);
	assert_string_equal(said, "it was not paused");
	assert_int_equal(fake.config->mode, MODE_ENFORCE);

	assert_int_equal(ask(HR_CONTROL_PAUSE, HR_UNKNOWN), 0);
	assert_non_null(strstr(said, "until resumed"));
	assert_int_equal(fake.config->mode, MODE_OBSERVE);
	assert_true(on_board() == HR_UNKNOWN);
	assert_false(pause_expire(pause, clock_mono_ns() + PAUSE_MOST_MS * NS_PER_MS));
	pause_open(&next, fake.board);
	assert_true(next.until_ns == HR_UNKNOWN);
	assert_int_equal(ask(HR_CONTROL_RESUME, HR_UNKNOWN), 0);
	assert_string_equal(said, "resumed");
	assert_int_equal(fake.config->mode, MODE_ENFORCE);
	assert_int_equal(on_board(), 0);

	assert_int_equal(ask(HR_CONTROL_PAUSE, 60000), 0);
	assert_non_null(strstr(said, "1m00s"));
	assert_true(on_board() > board_now_ns(fake.board) + 59 * NS_PER_SEC);
	assert_true(on_board() < board_now_ns(fake.board) + 61 * NS_PER_SEC);
	pause_open(&next, fake.board);
	assert_true(pause_is_on(&next));
	assert_false(pause_expire(&next, clock_mono_ns() + 58 * NS_PER_SEC));
	assert_true(pause_expire(&next, clock_mono_ns() + 61 * NS_PER_SEC));
	assert_int_equal(on_board(), 0);
	/* refused, and nothing changes */
	assert_int_equal(ask(HR_CONTROL_PAUSE, 0), 2);
	assert_int_equal(ask(HR_CONTROL_PAUSE, PAUSE_MOST_MS + 1), 2);
	assert_true(pause_is_on(pause));
	/* over while no daemon ran */
	board_host_begin(fake.board)->paused_until_ns = 1;
	board_host_end(fake.board);
	pause_open(&next, fake.board);
	assert_true(pause_expire(&next, clock_mono_ns()));
	fake_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pause)};

	return cmocka_run_group_tests_name("pause", tests, NULL, NULL);
}
