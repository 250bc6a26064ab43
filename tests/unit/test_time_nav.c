// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Through time: steps, jumps and playing over a recording and over a history, and back to now; the events that a screen
 * lists, bounded; a manual action, never without confirmation and never in the past; wrapped lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "fixture_reader.h"
#include "tui/top.h"
#include "format/text_wrap.h"

#define FRAMES    20
#define T(second) (FIXTURE_T0_NS + (uint64_t)(second)*NS_PER_SEC)

static struct fixture_place place;

static int make(void **state)
{
	return fixture_live_and_kept(&(struct fixture){.containers = 6, .seed = 1}, FRAMES, &place);
}

static int unmake(void **state) { return fixture_place_done(&place); }

static struct hr_reader *open_reader(const char *path)
{
	struct hr_reader *reader;

	assert_int_equal(hr_reader_open(path, &reader), 0);
	return reader;
}

/* ---- a recording ---- */

static void test_steps(void **state)
{
	struct data_source s = {.board = open_reader(place.kept)};

	assert_int_equal(data_source_begin(&s), 0);
	assert_int_equal(s.at_ns, T(0));
	assert_false(data_source_step(&s, -1));
	assert_string_equal(s.notice, "start of the recording");
	assert_int_equal(s.at_ns, T(0));
	for (int i = 1; i < FRAMES; i++) {
		assert_true(data_source_step(&s, 1));
		assert_int_equal(s.at_ns, T(i));
	}
	assert_false(data_source_step(&s, 1));
	assert_string_equal(s.notice, "end of the recording");
	assert_int_equal(s.at_ns, T(FRAMES - 1));
	assert_true(data_source_step(&s, -1));
	assert_int_equal(s.at_ns, T(FRAMES - 2));
	assert_int_equal(*s.notice, 0);
	data_source_done(&s);
	hr_reader_close(s.board);
}

static void test_jumps(void **state)
{
	static const struct {
		uint64_t to;
		int second;
	} jumps[] = {{T(7), 7}, {T(7) + NS_PER_SEC / 2, 7}, {T(3), 3},
		     {1, 0},    {T(99), FRAMES - 1},        {T(0), 0}};
	struct data_source s = {.board = open_reader(place.kept)};
	struct snapshot snapshot = {0};

	assert_int_equal(data_source_begin(&s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		assert_true(data_source_go(&s, jumps[i].to));
		assert_int_equal(s.at_ns, T(jumps[i].second));
		assert_int_equal(data_source_load(&s, &snapshot), 0);
		assert_int_equal(snapshot.time_ns, T(jumps[i].second));
	}
	assert_true(data_source_live(&s));
	assert_int_equal(s.at_ns, T(FRAMES - 1));
	snapshot_done(&snapshot);
	data_source_done(&s);
	hr_reader_close(s.board);
}

static void test_playing(void **state)
{
	struct data_source s = {.board = open_reader(place.kept)};
	uint64_t now = clock_mono_ns() + NS_PER_SEC;
	char text[DATA_SOURCE_TEXT];

	assert_int_equal(data_source_begin(&s), 0);
	assert_false(data_source_tick(&s, now));
	data_source_play(&s, true);
	assert_true(data_source_tick(&s, now)); /* the next picture is shown at once */
	assert_false(data_source_tick(&s, now + NS_PER_SEC / 2));
	assert_true(data_source_tick(&s, now + 3 * NS_PER_SEC));
	assert_int_equal(s.at_ns, T(4));
	data_source_faster(&s, 1);
	assert_string_equal(data_source_label(&s, 0, text), "REPLAY, playing x2");
	assert_true(data_source_tick(&s, now + 5 * NS_PER_SEC));
	assert_int_equal(s.at_ns, T(8));
	assert_true(data_source_tick(&s, now + 60 * NS_PER_SEC));
	assert_int_equal(s.at_ns, T(FRAMES - 1));
	assert_false(s.playing);
	assert_string_equal(data_source_label(&s, 0, text), "REPLAY, stopped");
	data_source_done(&s);
	hr_reader_close(s.board);
}

/* ---- a history: the recording, as if a recorder had kept it ---- */

static int kept = 0; /* what the history answers */

static int give(const char *path, uint64_t from_ns, uint64_t to_ns, struct hr_reader **ret_reader,
		char error[256])
{
	strcpy(error, "the store is locked");
	if (kept)
		return kept;
	if (to_ns < T(0))
		return -ENODATA;
	return hr_reader_open(place.kept, ret_reader);
}

static void test_history(void **state)
{
	static const struct data_source_history history = {give, give};
	struct data_source s = {.board = open_reader(place.live), .history = &history};
	struct snapshot snapshot = {0};
	char text[DATA_SOURCE_TEXT];

	kept = 0;
	assert_int_equal(data_source_begin(&s), 0);
	assert_false(data_source_past(&s));
	assert_false(data_source_step(&s, 1));
	assert_string_equal(s.notice, "already live");
	assert_string_equal(data_source_label(&s, T(0), text), "");
	assert_true(data_source_step(&s, -1)); /* from now into what is kept */
	assert_int_equal(s.at_ns, T(FRAMES - 1));
	assert_string_equal(data_source_label(&s, T(FRAMES + 59), text),
			    "PAST, 1m00s ago, stopped");
	assert_int_equal(data_source_load(&s, &snapshot), 0);
	assert_true(snapshot.recording);
	assert_true(s.buffer.n > 0);
	assert_true(data_source_step(&s, -1));
	assert_int_equal(s.at_ns, T(FRAMES - 2));
	assert_true(data_source_step(&s, 1));
	assert_true(data_source_step(&s, 1)); /* nothing newer was kept: now */
	assert_false(data_source_past(&s));
	assert_int_equal(data_source_load(&s, &snapshot), 0);
	assert_false(snapshot.recording);
	assert_true(data_source_go(&s, T(5)));
	assert_int_equal(s.at_ns, T(5));
	assert_true(data_source_live(&s));
	assert_false(data_source_live(&s));
	assert_string_equal(s.notice, "already live");
	snapshot_done(&snapshot);
	data_source_done(&s);
	hr_reader_close(s.board);
}

static void test_no_history(void **state)
{
	static const struct data_source_history history = {give, give};
	static const struct {
		int answer;
		const char *notice;
	} cases[] = {{-ENOENT, "history is not enabled: start headroom-recorder"},
		     {-ENODATA, "no history of that time"},
		     {-EBUSY, "the store is locked"}};
	struct data_source s = {.board = open_reader(place.live), .history = &history};

	assert_int_equal(data_source_begin(&s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kept = cases[i].answer;
		assert_false(data_source_step(&s, -1));
		assert_string_equal(s.notice, cases[i].notice);
		assert_false(data_source_past(&s));
	}
	s.history = NULL;
	assert_false(data_source_step(&s, -1));
	assert_string_equal(s.notice, cases[0].notice);
	data_source_done(&s);
	hr_reader_close(s.board);
}

/* ---- events ---- */

static void test_feed(void **state)
{
	struct fixture f = {.containers = 9000, .seed = 1};
	struct event_buffer buffer = {0};
	const struct hr_event *kill;
	size_t kills = 0;
	char path[64];

	snprintf(path, sizeof(path), "%s/many", place.dir);
	assert_int_equal(fixture_open(&f, path), 0);
	assert_int_equal(fixture_leave(&f), 0);
	assert_int_equal(event_buffer_open(&buffer, path), 0);
	assert_int_equal(event_buffer_read(&buffer, NS_PER_SEC), 0);
	assert_true(buffer.whole);
	assert_in_range(buffer.n, 1, EVENT_BUFFER_MAX);
	kill = buffer.event[0];
	for (size_t i = 0; i < buffer.n; i++) {
		assert_true(!i || buffer.event[i]->seq > buffer.event[i - 1]->seq);
		if (buffer.event[i]->type == HR_EVENT_OOM_KILL) {
			kill = buffer.event[i];
			kills++;
		}
	}
	assert_true(kills > 100);
	assert_ptr_equal(event_buffer_find(&buffer, kill->seq, kill->instance), kill);
	assert_null(event_buffer_find(&buffer, kill->seq, kill->instance + 1));
	assert_int_equal(
		((const struct hr_event_outcome *)(const void *)event_buffer_outcome(&buffer, kill))
			->ref,
		kill->seq);
	assert_null(event_buffer_outcome(&buffer, event_buffer_outcome(&buffer, kill)));
	event_buffer_done(&buffer);
}

/* ---- a manual action ---- */

static void press(struct top *top, const int *keys)
{
	for (; *keys; keys++)
		assert_int_equal(top_key(top, *keys), 0);
}

static void test_action(void **state)
{
	struct data_source source = {.board = open_reader(place.live)};
	struct snapshot s = {0};
	static struct top top;
	uint64_t id;

	top_init(&top, &s);
	top.source = &source;
	assert_int_equal(data_source_begin(&source), 0);
	assert_int_equal(data_source_load(&source, &s), 0);
	assert_int_equal(top_update(&top), 0);
	press(&top, (const int[]){TOP_DOWN, 'a', 0});
	assert_string_equal(top.screen->name, "action");
	id = top.action.id;
	assert_non_null(snapshot_slot(&s, id));
	press(&top,
	      (const int[]){TOP_LAST, TOP_ENTER, 'n', TOP_ENTER, TOP_ENTER, TOP_ENTER, ' ', 0});
	assert_int_equal(top.action.state, ACTION_CHOOSING); /* no, no and no */
	press(&top, (const int[]){'y', 0});
	assert_int_equal(top.action.state, ACTION_CHOOSING); /* nothing was asked */
	press(&top, (const int[]){TOP_ENTER, 'y', 0});
	assert_int_equal(top.action.state, ACTION_ASKED);
	assert_int_equal(top.action.request.cgroup_id, id);
	assert_int_equal(top.action.request.kind, HR_ACTION_KILL);
	assert_int_equal(top.action.request.largest, 0);
	press(&top, (const int[]){TOP_ENTER, 'y', 'a', 'y', 0}); /* one at a time */
	assert_int_equal(top.action.state, ACTION_ASKED);
	assert_int_equal(top.action.id, id);

	/* the guard died between the question and the yes */
	top.action.state = ACTION_CHOOSING;
	press(&top, (const int[]){TOP_ENTER, 0});
	s.health = -ESTALE;
	press(&top, (const int[]){'y', 0});
	assert_int_equal(top.action.state, ACTION_CHOOSING);
	s.health = 0;
	source.at_ns = T(0); /* the past */
	press(&top, (const int[]){TOP_ENTER, 'y', 0});
	assert_int_equal(top.action.state, ACTION_CHOOSING);
	top_done(&top);
	snapshot_done(&s);
	source.at_ns = 0;
	data_source_done(&source);
	hr_reader_close(source.board);
}

/* ---- lines ---- */

static void test_wrap(void **state)
{
	static const struct {
		size_t width;
		const char *text, *row[4];
	} cases[] = {
		{20, "", {NULL}},
		{20, "one two", {"one two"}},
		{12, "one two three four", {"one two", "    three", "    four"}},
		{10, "/a/path/of/one/word", {"/a/path/of", "    /one/w", "    ord"}},
		{9, "日本語のコンテナ", {"日本語の", "    コン", "    テナ"}},
		{3, "abcdef", {"abc", "def"}},
	};
	struct screen_buffer screen_buffer = {0};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t rows;

		assert_int_equal(screen_buffer_reset(&screen_buffer, 5, 40, false), 0);
		rows = wrap_put(&screen_buffer, 0, 0, cases[i].width, STYLE_PLAIN, cases[i].text);
		for (size_t y = 0; y < 4 && cases[i].row[y]; y++)
			assert_string_equal(
				screen_buffer_text(&screen_buffer, y, text, sizeof(text)),
				cases[i].row[y]);
		assert_true(rows < 4 && !cases[i].row[rows] && (!rows || cases[i].row[rows - 1]));
	}
	screen_buffer_done(&screen_buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),      cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_playing),    cmocka_unit_test(test_history),
		cmocka_unit_test(test_no_history), cmocka_unit_test(test_feed),
		cmocka_unit_test(test_action),     cmocka_unit_test(test_wrap),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, make, unmake);
}
