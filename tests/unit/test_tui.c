// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Rows, columns, widths and the live view's picture: what is listed, in which order, cut how;
 * and that no picture is ever wider than its screen, whatever the names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/utf8_clean.h"
#include "fixture_reader.h"
#include "tui/top.h"

static struct hr_slot slot_of(uint64_t id, uint8_t kind, uint32_t flags, uint32_t state)
{
	struct hr_slot slot = {.state = state, .cgroup_id = id, .flags = flags, .id.kind = kind};

	slot.memory.headroom = slot.binding.limit = HR_UNKNOWN;
	slot.forecast.risk_centi = UINT16_MAX;
	return slot;
}

/* What `ls` lists, and what only --all adds. */
static void test_listed(void **state)
{
	static const struct {
		uint8_t kind;
		uint32_t flags, state;
		uint64_t kills;
		bool listed;
	} cases[] = {
		{HR_KIND_CONTAINER, HR_SLOT_HAS_TASKS, HR_SLOT_RUNNING, 0, true},
		{HR_KIND_CONTAINER, 0, HR_SLOT_RUNNING, 0, true},
		{HR_KIND_UNIT, 0, HR_SLOT_RUNNING, 0, true},
		{HR_KIND_GROUP, HR_SLOT_HAS_TASKS, HR_SLOT_RUNNING, 0, true},
		{HR_KIND_GROUP, HR_SLOT_POPULATED, HR_SLOT_RUNNING, 0, false},
		{HR_KIND_POD, HR_SLOT_HAS_TASKS, HR_SLOT_RUNNING, 0, false},
		{HR_KIND_SANDBOX, HR_SLOT_HAS_TASKS, HR_SLOT_RUNNING, 0, false},
		{HR_KIND_CONTAINER, 0, HR_SLOT_GONE, 0, false},
		{HR_KIND_CONTAINER, 0, HR_SLOT_GONE, 1, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hr_slot slot = slot_of(5, cases[i].kind, cases[i].flags, cases[i].state);
		struct snapshot s = {.slots = &slot, .n_slots = 1};

		slot.counts.oom_kill = slot.oom_kills_total = cases[i].kills;
		assert_int_equal(snapshot_select(&s, &(struct row_filter){0}), 0);
		assert_int_equal(s.n_rows, cases[i].listed);
		assert_int_equal(snapshot_select(&s, &(struct row_filter){.all = true}), 0);
		assert_int_equal(s.n_rows, 1);
		assert_string_equal(s.rows[0].name, "cgroup 5");
		free(s.rows);
	}
}

/* Riskiest first: risk falling, then headroom's used rising; the unknown last in either
 * direction. */
static void test_order(void **state)
{
	static const struct {
		uint64_t id;
		uint16_t risk;
		uint64_t headroom;
	} made[] = {{1, UINT16_MAX, 5},
		    {2, 1000, 90},
		    {3, 9000, 50},
		    {4, 1000, 10},
		    {5, UINT16_MAX, HR_UNKNOWN}};
	static const uint64_t wanted[] = {3, 4, 2, 1, 5}, reversed[] = {4, 2, 3, 1, 5},
			      by_headroom[] = {1, 4, 3, 2, 5};
	struct hr_slot slots[ARRAY_SIZE(made)];
	struct snapshot s = {.slots = slots, .n_slots = ARRAY_SIZE(made)};

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		slots[i] = slot_of(made[i].id, HR_KIND_CONTAINER, 0, HR_SLOT_RUNNING);
		slots[i].forecast.risk_centi = made[i].risk;
		slots[i].memory.headroom = made[i].headroom;
		slots[i].binding.limit = 100;
	}
	assert_int_equal(snapshot_select(&s, &(struct row_filter){0}), 0);
	rows_sort(s.rows, s.n_rows, column_find("risk"), false);
	for (size_t i = 0; i < s.n_rows; i++)
		assert_int_equal(s.rows[i].slot->cgroup_id, wanted[i]);
	rows_sort(s.rows, s.n_rows, column_find("risk"), true);
	for (size_t i = 0; i < s.n_rows; i++)
		assert_int_equal(s.rows[i].slot->cgroup_id, reversed[i]);
	rows_sort(s.rows, s.n_rows, column_find("headroom"), false);
	for (size_t i = 0; i < s.n_rows; i++)
		assert_int_equal(s.rows[i].slot->cgroup_id, by_headroom[i]);
	free(s.rows);
}

/* Every column formats, sorts and helps; the listings name only columns that there are. */
static void test_columns(void **state)
{
	struct fixture f = {.containers = 40, .seed = 9, .hostile = true};
	struct snapshot s = {0};
	struct fixture_place place;
	char text[CELL_TEXT];
	struct hr_reader *reader = fixture_reader(&f, &place);

	assert_int_equal(snapshot_load(&s, reader), 0);
	assert_int_equal(snapshot_select(&s, &(struct row_filter){.all = true}), 0);
	assert_int_equal(s.n_rows, 40);
	for (size_t i = 0; i < columns_count; i++) {
		const struct column *column = &column_table[i];

		assert_ptr_equal(column_find(column->id), column);
		assert_true(strlen(column->help) > 5);
		assert_true(!column->width || text_width(column->title) <= column->width);
		rows_sort(s.rows, s.n_rows, column, false);
		for (size_t row = 0; row < s.n_rows; row++)
			assert_true(strlen(column->format(&s.rows[row], text)) > 0);
	}
	for (const char *const *id = columns_of_ls; *id; id++)
		assert_non_null(column_find(*id));
	for (const char *const *id = columns_of_top; *id; id++)
		assert_non_null(column_find(*id));
	assert_null(column_find("nonsense"));
	assert_null(column_id(columns_count));
	snapshot_done(&s);
	fixture_reader_done(reader, &place);
}

static void test_cells(void **state)
{
	struct row row = {.name = "default/web-6d4b75cb6d/web", .name_is_path = true};
	char text[CELL_TEXT];
	const struct column *name = column_find("name");

	assert_string_equal(table_cell(name, &row, 30, false, text), "default/web-6d4b75cb6d/web");
	assert_string_equal(table_cell(name, &row, 8, false, text), "…b6d/web");
	assert_string_equal(table_cell(name, &row, 8, true, text), "~b6d/web");
	assert_string_equal(table_cell(name, &row, 0, false, text), "");
	strcpy(row.name, "leaky-container");
	row.name_is_path = false;
	assert_string_equal(table_cell(name, &row, 8, false, text), "leaky-c…");
	strcpy(row.name, "/日本語/コンテナ");
	assert_string_equal(table_cell(name, &row, 7, false, text), "…ンテナ");
	assert_string_equal(table_cell(name, &row, 7, true, text), "~?/????");
	assert_string_equal(text_ascii(strcpy(text, "a\xd0\x9b"
						    "b\xc2\xa0")),
			    "a?b?");
}

/* A used is of the limit that binds; where only the host binds there is none. */
static void test_share(void **state)
{
	struct hr_slot slot = slot_of(1, HR_KIND_CONTAINER, 0, HR_SLOT_RUNNING);
	struct row row = {.slot = &slot};
	const struct column *used = column_find("used");
	char text[CELL_TEXT];
	double solid = -1, light = -1;

	slot.memory = (struct hr_memory){.usage = 90, .unreclaimable = 60, .headroom = 40};
	slot.binding.limit = 100;
	assert_string_equal(used->format(&row, text), "60%");
	assert_true(used->bar(&row, &solid, &light));
	assert_true(fabs(solid - 0.6) < 1e-9 && fabs(light - 0.3) < 1e-9);
	slot.binding.level = HR_LEVEL_ANCESTOR;
	assert_true(used->bar(&row, &solid, &light));
	assert_true(light == 0);
	slot.binding.level = HR_LEVEL_HOST;
	assert_string_equal(used->format(&row, text), "-");
	assert_false(used->bar(&row, &solid, &light));
	slot.binding.level = HR_LEVEL_OWN;
	slot.memory.headroom = 150; /* swap may be used, too */
	assert_string_equal(used->format(&row, text), "0%");
	slot.state = HR_SLOT_GONE;
	assert_string_equal(used->format(&row, text), "-");
	assert_string_equal(column_find("usage")->format(&row, text), "-");
	assert_string_equal(column_find("limited_by")->format(&row, text), "gone");
}

static void test_screen_buffer(void **state)
{
	struct screen_buffer c = {0};
	char text[256];

	assert_int_equal(screen_buffer_reset(&c, 3, 10, false), 0);
	assert_int_equal(screen_buffer_put(&c, 0, 0, 10, STYLE_PLAIN, "日本語の名前"), 10);
	assert_string_equal(screen_buffer_text(&c, 0, text, sizeof(text)), "日本語の名");
	screen_buffer_put(&c, 0, 1, 1, STYLE_PLAIN, "x"); /* over the right half of a wide one */
	assert_string_equal(screen_buffer_text(&c, 0, text, sizeof(text)), " x本語の名");
	screen_buffer_put(&c, 0, 2, 1, STYLE_PLAIN, "y"); /* over the left half of one */
	assert_string_equal(screen_buffer_text(&c, 0, text, sizeof(text)), " xy 語の名");
	assert_int_equal(screen_buffer_put(&c, 1, 9, 5, STYLE_PLAIN, "語"),
			 0); /* no room for both halves */
	assert_int_equal(screen_buffer_put(&c, 1, 0, 5, STYLE_PLAIN, "e\xcc\x81"),
			 1); /* combining acute */
	assert_string_equal(screen_buffer_text(&c, 1, text, sizeof(text)), "e\xcc\x81");
	assert_int_equal(screen_buffer_put(&c, 3, 0, 5, STYLE_PLAIN, "out"), 0);
	assert_int_equal(screen_buffer_put(&c, 0, 10, 5, STYLE_PLAIN, "out"), 0);
	screen_buffer_bar(&c, 2, 0, 8, STYLE_PLAIN, 0.5, 0.25);
	assert_string_equal(screen_buffer_text(&c, 2, text, sizeof(text)), "████▒▒░░");
	screen_buffer_bar(&c, 2, 0, 8, STYLE_PLAIN, 0.0001, 0);
	assert_string_equal(screen_buffer_text(&c, 2, text, sizeof(text)), "▏░░░░░░░");
	assert_int_equal(screen_buffer_reset(&c, 2, 8, true), 0);
	screen_buffer_bar(&c, 0, 0, 8, STYLE_PLAIN, 0.5, 0.25);
	assert_string_equal(screen_buffer_text(&c, 0, text, sizeof(text)), "####==..");
	screen_buffer_put(&c, 1, 0, 8, STYLE_PLAIN, "Grüße");
	assert_string_equal(screen_buffer_text(&c, 1, text, sizeof(text)), "Gr??e");
	screen_buffer_done(&c);
}

static void press(struct top *top, const int *keys)
{
	for (; *keys; keys++)
		assert_int_equal(top_key(top, *keys), 0);
}
#define PRESS(...) press(&top, (const int[]){__VA_ARGS__, 0})

static void test_keys(void **state)
{
	struct fixture f = {.containers = 30, .seed = 1};
	struct snapshot s = {0};
	struct screen_buffer c = {0};
	struct top top;
	struct fixture_place place;
	struct hr_reader *reader = fixture_reader(&f, &place);
	uint64_t marked;

	top_init(&top, &s);
	assert_int_equal(snapshot_load(&s, reader), 0);
	assert_int_equal(top_update(&top), 0);
	assert_int_equal(screen_buffer_reset(&c, 24, 80, false), 0);
	top_draw(&top, &c);
	assert_int_equal(s.n_rows, 29);
	PRESS(TOP_DOWN, TOP_DOWN, TOP_DOWN);
	assert_int_equal(top.selected, 3);
	marked = s.rows[3].slot->cgroup_id;
	PRESS('r'); /* the mark goes with its row */
	assert_true(top.reverse);
	assert_int_equal(s.rows[top.selected].slot->cgroup_id, marked);
	PRESS(TOP_LAST);
	assert_int_equal(top.selected, 28);
	top_draw(&top, &c);
	assert_int_equal(top.first, 29 - top.page);
	PRESS(TOP_FIRST, TOP_UP);
	assert_int_equal(top.selected, 0);
	PRESS('>');
	assert_string_equal(top.sort->id, "kills");
	assert_false(top.reverse);
	PRESS('>');
	assert_string_equal(top.sort->id, "alarm"); /* round the corner */
	PRESS('<', '<');
	assert_string_equal(top.sort->id, "risk");
	PRESS('f', 'K', 'u', 'b', 'e', 'x', TOP_BACKSPACE, 0xe9, TOP_BACKSPACE, TOP_ENTER);
	assert_string_equal(top.filter, "Kube");
	assert_int_equal(s.n_rows, 9);
	assert_null(top.prompt.title);
	PRESS(TOP_ESCAPE);
	assert_int_equal(s.n_rows, 29);
	PRESS('A');
	assert_int_equal(s.n_rows, 30);
	PRESS('z');
	assert_true(top.frozen);
	PRESS(' ', '?');
	assert_false(top.frozen);
	assert_ptr_equal(top.screen, screen_find("help"));
	PRESS('q'); /* leaves the help, not the program */
	assert_ptr_equal(top.screen, screens[0]);
	assert_false(top.quit);
	PRESS(KEY_OF_TOP, 0x1f600, 'q');
	assert_true(top.quit);
	top_done(&top);
	screen_buffer_done(&c);
	snapshot_done(&s);
	fixture_reader_done(reader, &place);
}

/* Any size, any number of containers, any name: never a row wider than the screen, never a
 * control character. */
static void test_pictures(void **state)
{
	static const struct {
		size_t rows, columns;
	} sizes[] = {{1, 1}, {2, 3}, {5, 20}, {10, 40}, {24, 80}, {50, 200}, {100, 300}};
	static const uint32_t counts[] = {0, 1, 30, 5000};
	static const int extra[] = {0, '?', '/', 'A', TOP_LAST, 't', 'C'};

	for (size_t n = 0; n < ARRAY_SIZE(counts); n++) {
		struct fixture f = {.containers = counts[n], .seed = n, .hostile = true};
		struct snapshot s = {0};
		struct screen_buffer c = {0};
		struct fixture_place place;
		char text[2048];
		struct hr_reader *reader = fixture_reader(&f, &place);

		assert_int_equal(snapshot_load(&s, reader), 0);
		for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(extra) * 2; i++) {
			size_t size = i % ARRAY_SIZE(sizes),
			       key = i / ARRAY_SIZE(sizes) % ARRAY_SIZE(extra);
			struct top top;

			top_init(&top, &s);
			assert_int_equal(top_update(&top), 0);
			if (extra[key])
				assert_int_equal(top_key(&top, extra[key]), 0);
			assert_int_equal(
				screen_buffer_reset(&c, sizes[size].rows, sizes[size].columns,
						    i >= ARRAY_SIZE(sizes) * ARRAY_SIZE(extra)),
				0);
			top_draw(&top, &c);
			for (size_t y = 0; y < c.rows; y++) {
				screen_buffer_text(&c, y, text, sizeof(text));
				assert_true(text_width(text) <= c.columns);
				for (const char *p = text; *p; p++)
					assert_true((unsigned char)*p >= ' ' && *p != 0x7f &&
						    (!c.ascii || (unsigned char)*p < 0x80));
			}
			top_done(&top);
		}
		screen_buffer_done(&c);
		snapshot_done(&s);
		fixture_reader_done(reader, &place);
	}
}

/* The warning of a dead guard is whole on 80 columns, and a board that shrinks leaves no mark
 * behind its end. */
static void test_dead_and_shrinking(void **state)
{
	struct fixture f = {.containers = 3, .seed = 1, .dead = true};
	struct snapshot s = {0};
	struct screen_buffer c = {0};
	struct top top;
	struct fixture_place place;
	char text[512];
	struct hr_reader *reader = fixture_reader(&f, &place);

	top_init(&top, &s);
	assert_int_equal(snapshot_load(&s, reader), 0);
	assert_int_equal(top_update(&top), 0);
	PRESS(TOP_LAST);
	assert_int_equal(screen_buffer_reset(&c, 24, 80, false), 0);
	top_draw(&top, &c);
	assert_non_null(strstr(screen_buffer_text(&c, 0, text, sizeof(text)), "data is stale"));
	s.n_slots = 1;
	assert_int_equal(top_update(&top), 0);
	assert_int_equal(top.selected, 0);
	s.n_slots = 0;
	assert_int_equal(top_update(&top), 0);
	PRESS(TOP_DOWN, TOP_PAGE_DOWN, TOP_LAST, TOP_UP);
	top_draw(&top, &c);
	top_done(&top);
	screen_buffer_done(&c);
	snapshot_done(&s);
	fixture_reader_done(reader, &place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_screen_buffer),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_dead_and_shrinking),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
