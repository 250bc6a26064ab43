// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Whatever is typed on whatever terminal: thousands of keys in an order that is the same every time, on boards and recordings
 * with hostile names, at sizes from one cell up; each picture is drawn and looked at. Under the sanitizers as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/utf8_clean.h"
#include "fixture_reader.h"
#include "tui/top.h"

#define KEYS 1500

static struct fixture_place place;

static int make(void **state)
{
	return fixture_live_and_kept(
		&(struct fixture){.containers = 40, .seed = 3, .hostile = true}, 12, &place);
}

static int unmake(void **state) { return fixture_place_done(&place); }

static int give(const char *path, uint64_t from_ns, uint64_t to_ns, struct hr_reader **ret_reader,
		char error[256])
{
	return hr_reader_open(place.kept, ret_reader);
}

static const struct data_source_history history = {give, give};

/* Nothing that steers a terminal, and no row wider than the screen. */
static void look(const struct screen_buffer *screen_buffer, bool ascii)
{
	static char text[16384], clean[16384];

	for (size_t y = 0; y < screen_buffer->rows; y++) {
		screen_buffer_text(screen_buffer, y, text, sizeof(text));
		for (char *c = text; *c; c++) /* cleaned once more it would be doubled */
			*c = *c == '\\' ? '/' : *c;
		assert_string_equal(text_clean(text, SIZE_MAX, clean, sizeof(clean)), text);
		assert_true(text_width(text) <= screen_buffer->columns);
		for (const char *c = text; ascii && *c; c++)
			assert_in_range((unsigned char)*c, ' ', '~');
	}
}

static int any_key(struct fixture *f)
{
	static const int keys[] = {TOP_UP,    TOP_DOWN,   TOP_PAGE_UP, TOP_PAGE_DOWN, TOP_FIRST,
				   TOP_LAST,  TOP_LEFT,   TOP_RIGHT,   TOP_ENTER,     TOP_ENTER,
				   TOP_ENTER, TOP_ESCAPE, TOP_TAB,     TOP_BACKSPACE, TOP_F1};

	/* what is typed by letters is as likely as what has a name */
	return fixture_random(f) % 2 ? keys[fixture_random(f) % ARRAY_SIZE(keys)]
				     : (int)fixture_between(f, ' ', '~');
}

static void any_size(struct fixture *f, size_t *rows, size_t *columns)
{
	static const size_t sizes[][2] = {{24, 80}, {40, 120}, {100, 300}, {1, 1},
					  {2, 3},   {8, 40},   {10, 20},   {60, 9}};
	size_t i = fixture_random(f) % ARRAY_SIZE(sizes);

	*rows = sizes[i][0];
	*columns = sizes[i][1];
}

static void press_any(const char *path, uint64_t seed, bool ascii)
{
	struct fixture random = {.random = seed};
	struct data_source source = {.history = &history};
	struct screen_buffer screen_buffer = {0};
	struct snapshot s = {0};
	static struct top top;
	size_t rows = 24, columns = 80, seen = 0;
	const struct screen *last = NULL;

	assert_int_equal(hr_reader_open(path, &source.board), 0);
	top_init(&top, &s);
	top.source = &source;
	assert_int_equal(data_source_begin(&source), 0);
	top.reload = true;
	for (int i = 0; i < KEYS; i++) {
		if (top.reload) {
			assert_int_equal(data_source_load(&source, &s), 0);
			top.reload = false;
			assert_int_equal(top_update(&top), 0);
		}
		if (i % 50 == 0)
			any_size(&random, &rows, &columns);
		assert_int_equal(screen_buffer_reset(&screen_buffer, rows, columns, ascii), 0);
		top_draw(&top, &screen_buffer);
		look(&screen_buffer, ascii);
		seen += top.screen != last;
		last = top.screen;
		assert_int_equal(top_key(&top, any_key(&random)), 0);
		top.quit = false;
		if (top.action.state == ACTION_ASKED) { /* the guard says no */
			top.action.state = ACTION_ANSWERED;
			top.action.answer.status = (uint32_t)(i % 6);
			strcpy(top.action.answer.text, "bell\a and \033[31mred");
		}
	}
	assert_true(seen > 50); /* it went to and fro */
	top_done(&top);
	screen_buffer_done(&screen_buffer);
	snapshot_done(&s);
	data_source_done(&source);
	hr_reader_close(source.board);
}

static void test_live(void **state) { press_any(place.live, 11, false); }

static void test_live_ascii(void **state) { press_any(place.live, 12, true); }

static void test_recording(void **state) { press_any(place.kept, 13, false); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_live_ascii),
		cmocka_unit_test(test_recording),
	};

	setlocale(LC_ALL, "C.UTF-8");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests(tests, make, unmake);
}
