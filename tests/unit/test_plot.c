// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The plot: what stands where, in ASCII and in dots; that nothing leaves the canvas, whatever the
 * figures; and the history that it is made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_board.h"
#include "format/history.h"
#include "format/plot.h"

static const char *row(const struct screen_buffer *screen_buffer, size_t y,
		       char text[PLOT_COLUMNS * 4])
{
	return screen_buffer_text(screen_buffer, y, text, PLOT_COLUMNS * 4);
}

/* A straight way up for two minutes: half of the limit is used, the median is as far off; one
 * chance in ten that it takes half of that, or twice. */
static void test_ramp(void **state)
{
	static const char *const wanted[PLOT_ROWS] = {
		" 200 MiB --------------------+---------.",
		"   limit               ....++.........",
		"                      ...++.......",
		"                     ..++.....",
		"                    .++...",
		"                   *+.",
		"                 **:",
		"               **:::",
		"            ***:::::",
		"          **::::::::",
		"       0 *::::::::::",
		"         -2m00s    now            +4m00s",
	};
	const struct plot_point point[] = {{0, 1}, {60, 50 << 20}, {120, 100 << 20}};
	struct plot plot = {.point = point,
			    .n = 3,
			    .limit = 200 << 20,
			    .p10 = 60,
			    .p50 = 120,
			    .p90 = 240,
			    .now = "now"};
	struct screen_buffer screen_buffer = {0};
	char text[PLOT_COLUMNS * 4];

	assert_int_equal(plot_draw(&plot, 40, true, &screen_buffer), 0);
	assert_int_equal(screen_buffer.rows, PLOT_ROWS);
	assert_int_equal(screen_buffer.columns, 40);
	for (size_t y = 0; y < PLOT_ROWS; y++)
		assert_string_equal(row(&screen_buffer, y, text), wanted[y]);
	screen_buffer_done(&screen_buffer);
}

/* The same kind of picture in braille: two dots a column, four a row. */
static void test_dots(void **state)
{
	const struct plot_point point[] = {{0, 0}, {10, 1 << 20}};
	struct plot plot = {
		.point = point, .n = 2, .limit = NAN, .p10 = NAN, .p50 = NAN, .p90 = NAN};
	struct screen_buffer screen_buffer = {0};
	char text[PLOT_COLUMNS * 4];

	plot.now = "killed";
	assert_int_equal(plot_draw(&plot, 200, false, &screen_buffer), 0);
	assert_int_equal(screen_buffer.columns, PLOT_COLUMNS);
	assert_string_equal(row(&screen_buffer, 0, text) + strlen(text) - 3,
			    "⣿"); /* filled down to the axis */
	assert_int_equal(strncmp(row(&screen_buffer, 10, text), "       0 ⣀", 12), 0);
	assert_string_equal(
		row(&screen_buffer, 11, text),
		"         -10s                                                     killed");
	screen_buffer_done(&screen_buffer);
}

/* Styles carry the meaning where there is colour, characters where there is none. */
static void test_layers(void **state)
{
	const struct plot_point point[] = {{0, 10}, {100, 40}};
	struct plot plot = {.point = point,
			    .n = 2,
			    .limit = 100,
			    .p10 = 50,
			    .p50 = 100,
			    .p90 = 200,
			    .now = "now"};
	struct screen_buffer screen_buffer = {0};
	size_t seen[STYLE_COUNT] = {0};

	assert_int_equal(plot_draw(&plot, 72, false, &screen_buffer), 0);
	for (size_t i = 9; i < 72; i++)
		for (size_t y = 0; y < PLOT_ROWS - 1; y++)
			if (strcmp(screen_buffer.cells[y * 72 + i].text, " ") != 0)
				seen[screen_buffer.cells[y * 72 + i].style]++;
	assert_true(seen[STYLE_WARN] > 5 && seen[STYLE_BAD] > 30);
	assert_true(seen[STYLE_FAN] > 30); /* between the bounds */
	/* the area has the colours of its heights: up to 40 % of the limit */
	assert_true(seen[STYLE_GRADE] > 10 && seen[STYLE_GRADE + 2] > 5);
	assert_int_equal(seen[STYLE_GRADE + 4], 0);
	screen_buffer_done(&screen_buffer);
}

/* The newest value is on the right; a share above 0 has a dot, an unknown one none; a cell has the colour of its height. */
static void test_area(void **state)
{
	const double share[] = {1, NAN, 0.001, 0.5, 1};
	struct screen_buffer screen_buffer = {0};
	char text[64];

	assert_int_equal(screen_buffer_reset(&screen_buffer, 2, 4, true), 0);
	area_put(share, 5, 1, &screen_buffer, 0, 0, 2, 4, PLOT_ASCII);
	assert_string_equal(row(&screen_buffer, 0, text), "   #");
	assert_string_equal(row(&screen_buffer, 1, text), " ###");
	assert_int_equal(screen_buffer.cells[3].style, STYLE_GRADE + 6);
	assert_int_equal(screen_buffer.cells[7].style, STYLE_GRADE + 2);
	assert_int_equal(screen_buffer_reset(&screen_buffer, 1, 4, false), 0);
	area_put(share, 5, 1, &screen_buffer, 0, 0, 1, 4, PLOT_BRAILLE);
	assert_string_equal(row(&screen_buffer, 0, text),
			    " ⢸⢀⣼"); /* one, unknown; little, half, full */
	screen_buffer_done(&screen_buffer);
}

static void test_nothing_to_draw(void **state)
{
	const struct plot_point point[] = {{5, 1}, {5, 2}, {6, 3}};
	struct plot plot = {.point = point, .limit = 10, .p10 = NAN, .p50 = NAN, .p90 = NAN};
	struct screen_buffer screen_buffer = {0};

	plot.now = "now";
	assert_int_equal(plot_draw(&plot, 72, true, &screen_buffer), -ENODATA);
	plot.n = 1;
	assert_int_equal(plot_draw(&plot, 72, true, &screen_buffer), -ENODATA);
	plot.n = 2; /* both at once */
	assert_int_equal(plot_draw(&plot, 72, true, &screen_buffer), -ENODATA);
	plot.n = 3;
	assert_int_equal(plot_draw(&plot, PLOT_LEAST_COLUMNS - 1, true, &screen_buffer), -ENODATA);
	assert_int_equal(plot_draw(&plot, PLOT_LEAST_COLUMNS, true, &screen_buffer), 0);
	screen_buffer_done(&screen_buffer);
}

/* Whatever the figures, a picture comes of it and the sanitizers have nothing to say. */
static void test_extremes(void **state)
{
	static const double odd[] = {0,    1e-9, 1,        60,        86400,     1e12,
				     1e30, NAN,  INFINITY, -INFINITY, 1.8446e19, -5};
	struct plot_point point[4] = {{0, 0}, {1e-3, 1}, {2, 1e19}, {1e7, 5}};
	struct screen_buffer screen_buffer = {0};

	for (size_t i = 0; i < ARRAY_SIZE(odd) * ARRAY_SIZE(odd) * ARRAY_SIZE(odd); i++) {
		struct plot plot = {.point = point, .n = 2 + i % 3, .now = "now"};
		int r;

		plot.limit = odd[i % ARRAY_SIZE(odd)];
		plot.p50 = odd[i / ARRAY_SIZE(odd) % ARRAY_SIZE(odd)];
		plot.p90 = odd[i / ARRAY_SIZE(odd) / ARRAY_SIZE(odd)];
		plot.p10 = plot.p50 / 2;
		r = plot_draw(&plot, 24 + i % 60, i % 2, &screen_buffer);
		assert_int_equal(r, 0);
	}
	screen_buffer_done(&screen_buffer);
}

static struct hr_point at(uint32_t centis) { return (struct hr_point){centis, centis, 1, 2}; }

static void test_history(void **state)
{
	static struct hr_history h;
	struct hr_point out[HISTORY_POINTS];

	assert_int_equal(history_points(&h, out), 0);
	for (uint32_t i = 0; i < 100; i++) { /* one a second, 36 of them fell out */
		h.fine[h.fine_count++ % HR_FINE] = at(i * 100);
		if (i % 10 == 0)
			h.coarse[h.coarse_count++ % HR_COARSE] = at(i * 100);
	}
	assert_int_equal(history_points(&h, out), 4 + HR_FINE);
	assert_int_equal(out[0].t_centis, 0);
	assert_int_equal(out[3].t_centis, 3000);
	assert_int_equal(out[4].t_centis, 3600); /* the oldest fine one */
	assert_int_equal(out[4 + HR_FINE - 1].t_centis, 9900);
	h.fine[3] = at(1); /* the clock went back: that point is left out */
	assert_int_equal(history_points(&h, out), HR_FINE + 3);
	h.fine_count = h.coarse_count = UINT32_MAX; /* nonsense leads to no place outside */
	assert_true(history_points(&h, out) <= HISTORY_POINTS);
	assert_int_equal(history_bytes(HR_UNKNOWN_U32), HR_UNKNOWN);
	assert_int_equal(history_time_ns(&out[0], 7), 7 + out[0].t_centis * 10000000ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ramp),
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_area),
		cmocka_unit_test(test_nothing_to_draw),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
