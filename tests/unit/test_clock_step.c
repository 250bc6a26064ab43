// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A host that starts in 1970 until NTP sets its clock to today; or a clock that is set back. Times on the board, in a recording and
 * in the recorder's store are by the clock as it was set last, and nothing is lost or out of order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "board/board_internal.h"
#include "board/stamps.h"
#include "fixture_store.h"

#define S     NS_PER_SEC
#define TODAY (1700000000ULL * S)
#define EARLY \
	(12ULL * S) /* of 1970: the board was created 12 s after its epoch, 12 s after the boot */
#define NEAR(ns) (2 * S > (ns))

static void test_step(void **state)
{
	static const struct {
		const char *what;
		uint64_t created_ns, created_boot_ns;
		int64_t before;
		uint64_t wall_ns, boot_ns;
		int64_t step;
	} cases[] = {
		{"nothing happened", EARLY, EARLY, 0, 100 * S, 100 * S, 0},
		{"clock readings jitter", EARLY, EARLY, 0, 100 * S + 49 * NS_PER_MS, 100 * S, 0},
		{"1970 to today", EARLY, EARLY, 0, TODAY, 100 * S, TODAY - 100 * S},
		{"jitter after a step", EARLY, EARLY, TODAY - 100 * S, TODAY + 10 * NS_PER_MS + S,
		 101 * S, TODAY - 100 * S},
		{"and back to 1970", EARLY, EARLY, TODAY - 100 * S, 200 * S, 200 * S, 0},
		{"today to 1970", TODAY, 50 * S, 0, 60 * S, 60 * S, -(int64_t)(TODAY - 50 * S)},
		{"an hour back", TODAY, 50 * S, 0, TODAY - 3600 * S + 10 * S, 60 * S,
		 -3600 * (int64_t)S},
		{"suspended for two hours", TODAY, 50 * S, 0, TODAY + 7200 * S, 7250 * S, 0},
		{"a leap second", TODAY, 50 * S, 0, TODAY + 9 * S, 60 * S, -(int64_t)S},
		{"no clock goes with it", TODAY, 0, 0, 5 * S, 5 * S, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hr_board_header header = {.created_ns = cases[i].created_ns,
						 .created_boot_ns = cases[i].created_boot_ns,
						 .clock_step_ns = cases[i].before};
		int64_t step = stamps_step(&header, cases[i].wall_ns, cases[i].boot_ns);

		if (step != cases[i].step)
			fail_msg("%s: step %lld, not %lld", cases[i].what, (long long)step,
				 (long long)cases[i].step);
	}
}

static void test_moved(void **state)
{
	struct hr_slot slot = {
		.appeared_ns = 20 * S, .sampled_ns = 30 * S, .started_ns = HR_UNKNOWN};
	struct hr_event_oom_kill oom = {
		.event = {.type = HR_EVENT_OOM_KILL, .bytes = sizeof(oom), .time_ns = 25 * S},
		.created_ns = EARLY};

	oom.victim.started_ns = EARLY - 15 * S; /* started 3 s before the epoch: wraps */
	oom.trigger.started_ns = HR_UNKNOWN;
	stamps_move_slot(&slot, 1000 * (int64_t)S);
	assert_int_equal(slot.appeared_ns, 1020 * S);
	assert_int_equal(slot.sampled_ns, 1030 * S);
	assert_int_equal(slot.gone_ns, 0);
	assert_int_equal(slot.started_ns, HR_UNKNOWN);
	stamps_move_event(&oom.event, 1000 * (int64_t)S);
	assert_int_equal(oom.event.time_ns, 1025 * S);
	assert_int_equal(oom.created_ns, 1012 * S);
	assert_int_equal(oom.victim.started_ns, 997 * S);
	assert_int_equal(oom.trigger.started_ns, HR_UNKNOWN);
	stamps_move_slot(&slot, -2000 * (int64_t)S);
	assert_int_equal(slot.appeared_ns, 0); /* no time before 1970 */
}

/* As if this board had been created when the clock said 1970. The writer's stamps follow the header. */
static void made_in_1970(struct rig *rig)
{
	struct board_config config = {.path = rig->board, .capacity = 16};
	struct hr_board_header *header;

	assert_int_equal(board_open(&config, &rig->fixture.board, NULL), 0);
	header = board_header(rig->fixture.board);
	assert_true(header->created_boot_ns && *header->boot_id);
	header->created_ns = EARLY;
	header->heartbeat_ns = HR_UNKNOWN - 1;
}

static uint64_t post(struct rig *rig)
{
	struct hr_event event = {.bytes = sizeof(event),
				 .type = HR_EVENT_DAEMON,
				 .time_ns = board_now_ns(rig->fixture.board)};
	union fixture_event e = {.daemon = {.event = event}};

	e.event.bytes = sizeof(e.daemon);
	return board_event_post(rig->fixture.board, &e.event);
}

static void put_slot(struct rig *rig)
{
	struct hr_slot *slot;
	uint32_t index;

	assert_int_equal(board_slot_take(rig->fixture.board, &index), 0);
	slot = board_slot_begin(rig->fixture.board, index);
	slot->state = HR_SLOT_RUNNING;
	slot->cgroup_id = 7;
	slot->appeared_ns = slot->sampled_ns = board_now_ns(rig->fixture.board);
	board_slot_end(rig->fixture.board, index);
}

/* What every reader must agree on: all of it was a moment before `now`. */
static void assert_times(struct hr_reader *reader, uint64_t now, uint32_t events)
{
	struct hr_board_header header;
	union fixture_event e;
	struct hr_slot slot;
	uint64_t seq = 0;
	uint32_t index = 0, n = 0;

	hr_reader_header(reader, &header);
	assert_true(NEAR(now - header.created_ns));
	assert_int_equal(header.clock_step_ns, 0);
	assert_int_equal(hr_reader_slot(reader, &index, &slot), 0);
	assert_true(NEAR(now - slot.appeared_ns) && NEAR(now - slot.sampled_ns));
	for (; !hr_reader_next_event(reader, &e.event, sizeof(e)); n++) {
		assert_true(e.event.seq > seq);
		assert_true(NEAR(now - e.event.time_ns));
		seq = e.event.seq;
	}
	assert_int_equal(n, events);
}

static void test_board(void **state)
{
	struct rig *rig = *state;

	made_in_1970(rig);
	put_slot(rig);
	post(rig);
	assert_int_equal(hr_reader_open(rig->board, &rig->reader), 0);
	assert_times(rig->reader, board_now_ns(rig->fixture.board), 1); /* 1970, all of it */
	board_clock_check(rig->fixture.board);
	post(rig);
	hr_reader_seek_event(rig->reader, 0);
	assert_times(rig->reader, clock_wall_ns(), 2);
	rig->fixture.board->header->clock_step_ns = 0; /* and back */
	hr_reader_seek_event(rig->reader, 0);
	assert_times(rig->reader, board_now_ns(rig->fixture.board), 2);
}

static void test_recording(void **state)
{
	struct rig *rig = *state;
	char file[80];
	struct hr_recorder *recorder;
	struct hr_reader *rec;

	snprintf(file, sizeof(file), "%s/rec", rig->dir);
	made_in_1970(rig);
	put_slot(rig);
	post(rig);
	assert_int_equal(hr_reader_open(rig->board, &rig->reader), 0);
	assert_int_equal(hr_recorder_new(file, false, &recorder), 0);
	assert_int_equal(
		hr_recorder_frame_at(recorder, rig->reader, board_now_ns(rig->fixture.board)), 0);
	board_clock_check(rig->fixture.board);
	post(rig);
	assert_int_equal(hr_recorder_frame(recorder, rig->reader), 0);
	hr_recorder_close(recorder);
	assert_int_equal(hr_reader_open(file, &rec), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hr_reader_next_frame(rec), 0);
		assert_true(NEAR(clock_wall_ns() - hr_reader_frame_time(rec)));
		assert_times(rec, clock_wall_ns(), 1);
	}
	assert_int_equal(hr_reader_seek_frame(rec, clock_wall_ns() - 10 * S), 0);
	assert_int_equal(hr_reader_next_frame(rec),
			 0); /* from the first on: it is no frame of 1970 */
	hr_reader_close(rec);
}

static void test_store(void **state)
{
	struct rig *rig = *state;
	uint64_t now;

	made_in_1970(rig);
	put_slot(rig);
	post(rig);
	assert_int_equal(hr_reader_open(rig->board, &rig->reader), 0);
	open_writer(rig, STORE_DEFAULT_BYTES);
	assert_int_equal(keep(rig).events, 1);
	/* stored by the clock of 1970: nothing says yet that it is wrong */
	alter(rig, "UPDATE snapshots SET time_ns = 12000000000");
	for (int restart = 0; restart < 2; restart++) {
		struct hr_reader *read;

		/* set to today; the second time back by a day, while the recorder does not run */
		if (restart) {
			rig->fixture.board->header->clock_step_ns -= 86400 * (int64_t)S;
			open_writer(rig, STORE_DEFAULT_BYTES);
		} else {
			board_clock_check(rig->fixture.board);
		}
		post(rig);
		keep(rig);
		writer_prune(rig->recorder_writer);
		assert_int_equal(number(rig, "SELECT count(*) FROM snapshots"), 2 + restart);
		now = clock_wall_ns() - (uint64_t)restart * 86400 * S;
		assert_true(NEAR(now - number(rig, "SELECT min(first_ns) FROM events")));
		assert_int_equal(
			store_events(rig->store, now - 60 * S, now + 60 * S, &read, rig->error), 0);
		assert_int_equal(hr_reader_next_frame(read), 0);
		for (int i = 0; i < 2 + restart; i++) {
			union fixture_event e;

			assert_int_equal(hr_reader_next_event(read, &e.event, sizeof(e)), 0);
			assert_int_equal(e.event.seq, i + 1);
			assert_true(NEAR(now - e.event.time_ns));
		}
		hr_reader_close(read);
		assert_int_equal(
			store_snapshots(rig->store, now - 60 * S, now + 60 * S, &read, rig->error),
			0);
		while (!hr_reader_next_frame(read)) {
			struct hr_slot slot;
			uint32_t index = 0;

			assert_int_equal(hr_reader_slot(read, &index, &slot), 0);
			assert_true(NEAR(now - slot.appeared_ns));
		}
		hr_reader_close(read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_moved),
		cmocka_unit_test_setup_teardown(test_board, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_recording, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_store, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
