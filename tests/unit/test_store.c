// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The recorder's store: what was on the board comes out of it again, thinned by rule, below its bound, whatever
 * clocks, guards and disks do. tools/torture-recorder kills and cuts it by the hundred. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture_store.h"

#define MINUTE 60u

static void assert_same_slots(struct hr_reader *a, struct hr_reader *b)
{
	struct hr_slot x, y;
	uint32_t i = 0, j = 0;
	int end;

	do {
		end = hr_reader_slot(a, &i, &x);
		assert_int_equal(hr_reader_slot(b, &j, &y), end);
		if (end)
			break;
		assert_int_equal(i, j);
		x.seq = y.seq = 0;
		assert_memory_equal(&x, &y, sizeof(x));
	} while (!end);
}

static void test_comes_out_as_it_went_in(void **state)
{
	static const uint32_t sizes[] = {0, 1, 64, 65, 300};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct hr_reader *past, *board;
		struct hr_host a, b;
		union fixture_event x, y;
		int end;

		make_board(rig, sizes[i], i + 1);
		open_writer(rig, STORE_DEFAULT_BYTES);
		keep(rig);
		assert_int_equal(
			store_snapshots(rig->store, UINT64_MAX, UINT64_MAX, &past, rig->error), 0);
		assert_int_equal(hr_reader_next_frame(past), 0);
		assert_same_slots(rig->reader, past);
		assert_int_equal(hr_reader_host(rig->reader, &a), 0);
		assert_int_equal(hr_reader_host(past, &b), 0);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(hr_reader_next_frame(past), -ENODATA);
		hr_reader_close(past);
		/* this board's events, which are the last in the store, one by one as on the board */
		assert_int_equal(hr_reader_open(rig->board, &board), 0);
		assert_int_equal(store_events(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
		for (size_t frame = 0; frame <= i; frame++)
			assert_int_equal(hr_reader_next_frame(past), 0);
		do {
			end = hr_reader_next_event(board, &x.event, sizeof(x));
			assert_int_equal(hr_reader_next_event(past, &y.event, sizeof(y)), end);
			if (!end)
				assert_memory_equal(&x, &y, sizeof(x));
		} while (!end);
		hr_reader_close(past);
		hr_reader_close(board);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		uint64_t from, to;
		int error;
		const char *frames;
	} cases[] = {
		{100, 300, 0, "100 200 300 "},
		{150, 250, 0, "100 200 "},
		{300, 300, 0, "200 300 "},
		{99, 99, -ENODATA, ""},
		{100, 100, 0, "100 "},
		{500, UINT64_MAX, 0, "400 "},
		{0, UINT64_MAX, 0, "100 200 300 400 "},
		{0, 0, -ENODATA, ""},
		{250, 150, 0, "200 "},
	};
	struct rig *rig = *state;

	make_board(rig, 5, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			writer_snapshot(rig->recorder_writer, rig->reader, SNAPSHOT_MINUTE), 0);
	alter(rig, "UPDATE snapshots SET time_ns = id * 100");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hr_reader *past = NULL;
		char frames[64] = "";

		assert_int_equal(
			store_snapshots(rig->store, cases[i].from, cases[i].to, &past, rig->error),
			cases[i].error);
		while (past && !hr_reader_next_frame(past))
			snprintf(frames + strlen(frames), sizeof(frames) - strlen(frames), "%llu ",
				 (unsigned long long)hr_reader_frame_time(past));
		assert_string_equal(frames, cases[i].frames);
		hr_reader_close(past);
	}
}

/* A clock that jumps back: order stays as it was recorded, each snapshot under its own time; and nothing ages. */
static void test_clock_jumps(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *past;
	struct store_status status;

	make_board(rig, 5, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < 4; i++)
		keep(rig);
	alter(rig, "UPDATE snapshots SET time_ns = CASE id WHEN 1 THEN 5000000000000000000 WHEN 2 "
		   "THEN 7 ELSE id END");
	assert_int_equal(writer_prune(rig->recorder_writer), 0);
	assert_int_equal(store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
	assert_int_equal(hr_reader_next_frame(past), 0);
	assert_true(hr_reader_frame_time(past) == 5000000000000000000);
	assert_int_equal(hr_reader_next_frame(past), 0);
	assert_int_equal(hr_reader_frame_time(past), 7);
	assert_int_equal(hr_reader_seek_frame(past, 4), 0);
	assert_int_equal(hr_reader_frame_time(past), 4);
	hr_reader_close(past);
	assert_int_equal(store_status(rig->store, &status, rig->error), 0);
	assert_int_equal(status.snapshots, 4);
	assert_int_equal(status.first_ns, 3);
	assert_int_equal(status.last_ns, 4);
	assert_int_equal(store_snapshots(rig->store, UINT64_MAX, UINT64_MAX, &past, rig->error), 0);
	assert_int_equal(hr_reader_next_frame(past), 0);
	assert_int_equal(hr_reader_frame_time(past), 4); /* taken last */
	hr_reader_close(past);
}

static void test_goes_on(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *past;
	uint64_t sum = 0;
	uint32_t all;
	struct events_stored stored;

	make_board(rig, 20, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	all = keep(rig).events;
	assert_true(all > 20);
	assert_int_equal(keep(rig).events, 0);
	/* a new recorder takes up where the last one ended, without a word about what both saw */
	open_writer(rig, STORE_DEFAULT_BYTES);
	fixture_oom_kill(&rig->fixture, 0);
	stored = keep(rig);
	assert_int_equal(stored.events, 2); /* the kill and its outcome */
	assert_int_equal(stored.missed, 0);
	all += 2;
	/* without a recorder the ring runs over */
	writer_close(take_ptr(rig->recorder_writer));
	for (int i = 0; i < 3000; i++)
		fixture_events(&rig->fixture, 0, 0);
	open_writer(rig, STORE_DEFAULT_BYTES);
	hr_reader_close(rig->reader);
	assert_int_equal(hr_reader_open(rig->board, &rig->reader), 0);
	stored = keep(rig);
	assert_true(stored.missed > 0);
	assert_int_equal(stored.missed + stored.events,
			 board_header(rig->fixture.board)->last_seq - all);
	all += stored.events;
	/* another guard's board: its count begins anew */
	make_board(rig, 10, 2);
	stored = keep(rig);
	assert_int_equal(stored.events, board_header(rig->fixture.board)->last_seq);
	all += stored.events;
	assert_int_equal(store_events(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
	while (!hr_reader_next_frame(past))
		all -= count_events(past, &sum);
	assert_int_equal(all, 0);
	assert_true(hr_reader_missed(past) > 0);
	hr_reader_close(past);
}

static void test_incident_freezes(void **state)
{
	struct rig *rig = *state;
	struct events_stored stored;

	make_board(rig, 3, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < 15; i++) {
		keep(rig);
		rig->recorder_writer->at_base += MINUTE;
	}
	assert_int_equal(number(rig, "SELECT count(*) FROM snapshots WHERE frozen"), 0);
	rig->fixture.now_ns = clock_wall_ns();
	fixture_oom_kill(&rig->fixture, 0);
	stored = keep(rig);
	assert_true(stored.incident);
	assert_int_equal(number(rig, "SELECT count(*) FROM incidents"), 1);
	assert_int_equal(number(rig, "SELECT count(*) FROM snapshots WHERE frozen"),
			 11); /* ten before, and this one */
	open_writer(
		rig,
		STORE_DEFAULT_BYTES); /* the minutes after it are frozen when they are recorded */
	keep(rig);
	assert_int_equal(number(rig, "SELECT count(*) FROM snapshots WHERE frozen"), 12);
	/* years later they are still there, the others are not */
	alter(rig, "UPDATE snapshots SET at_s = at_s + 100000000 WHERE id = 17");
	open_writer(rig, STORE_DEFAULT_BYTES);
	assert_int_equal(writer_prune(rig->recorder_writer), 0);
	assert_int_equal(number(rig, "SELECT count(*) FROM snapshots"), 12);
	assert_int_equal(number(rig, "SELECT count(*) FROM parts"), 12);
	/* an old one, told late, freezes nothing */
	rig->fixture.now_ns = clock_wall_ns() - 3600 * NS_PER_SEC;
	fixture_oom_kill(&rig->fixture, 0);
	assert_true(keep(rig).incident);
	assert_int_equal(
		number(rig, "SELECT first_snapshot FROM incidents ORDER BY id DESC LIMIT 1"), 0);
}

static void test_bound_holds(void **state)
{
	enum { MOST = STORE_MIN_BYTES };
	struct rig *rig = *state;
	uint64_t snapshots, most = 0;

	make_board(rig, 600, 1);
	open_writer(rig, MOST);
	for (int i = 0; i < 120; i++) {
		uint64_t bytes;

		if (i == 60) { /* an incident in the middle */
			rig->fixture.now_ns = clock_wall_ns();
			fixture_oom_kill(&rig->fixture, 0);
		}
		for (int j = 0; j < 40; j++)
			fixture_events(&rig->fixture, 0, 0);
		fixture_step(&rig->fixture);
		keep(rig);
		rig->recorder_writer->at_base += MINUTE;
		bytes = db_disk_bytes(rig->store);
		most = bytes > most ? bytes : most;
		assert_true(bytes <= MOST);
	}
	assert_true(most > MOST / 2); /* and the room was used */
	snapshots = number(rig, "SELECT count(*) FROM snapshots");
	assert_in_range(snapshots, 20, 100);
	assert_int_equal(number(rig, "SELECT max(id) FROM snapshots"), 120);
	assert_true(number(rig, "SELECT min(id) FROM snapshots") < 60); /* coarser, not shorter */
	assert_int_equal(number(rig, "SELECT count(*) FROM parts"), snapshots * 10);
	/* a larger one is used, a smaller one kept to from the start */
	open_writer(rig, 3 * MOST);
	for (int i = 0; i < 60; i++) {
		fixture_step(&rig->fixture);
		keep(rig);
		rig->recorder_writer->at_base += MINUTE;
	}
	assert_true(db_disk_bytes(rig->store) > MOST * 5 / 4);
	open_writer(rig, MOST);
	assert_true(db_disk_bytes(rig->store) <= MOST);
	keep(rig);
	assert_true(db_disk_bytes(rig->store) <= MOST);
	assert_int_equal(number(rig, "SELECT count(*) FROM snapshots WHERE bytes > 0") > 10, true);
}

static void test_default_place(void **state)
{
	unsetenv("HEADROOM_HISTORY");
	unsetenv("STATE_DIRECTORY");
	assert_string_equal(store_path(), STORE_PATH);
	setenv("STATE_DIRECTORY", "/a:/b", 1); /* two of them: which one is not for us to guess */
	assert_string_equal(store_path(), STORE_PATH);
	setenv("STATE_DIRECTORY", "/var/lib/elsewhere", 1);
	assert_string_equal(store_path(), "/var/lib/elsewhere/history.db");
	setenv("HEADROOM_HISTORY", "h.db", 1);
	assert_string_equal(store_path(), "h.db");
	unsetenv("HEADROOM_HISTORY");
	unsetenv("STATE_DIRECTORY");
}

static void test_one_recorder(void **state)
{
	struct rig *rig = *state;
	struct recorder_writer *second = NULL;

	open_writer(rig, STORE_DEFAULT_BYTES);
	assert_int_equal(writer_open(rig->store, STORE_DEFAULT_BYTES, &second, rig->note), -EBUSY);
	assert_non_null(strstr(rig->note, "another recorder"));
	assert_null(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_comes_out_as_it_went_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ranges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clock_jumps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_incident_freezes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound_holds, set_up, tear_down),
		cmocka_unit_test(test_default_place),
		cmocka_unit_test_setup_teardown(test_one_recorder, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
