/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Text that is longer than its screen: drawn whole on a sheet of its own, then a piece of it is shown.
 *
 *	sheet_begin(sheet, body) == 0
 *	… screen_buffer_put(&sheet->canvas, …); sheet->rows = how many rows were drawn
 *	sheet_show(sheet, body, y);		// on the body's rows from y on
 */
#ifndef HEADROOM_TUI_PAGER_H
#define HEADROOM_TUI_PAGER_H

#include "format/screen_buffer.h"

#define SHEET_ROWS 320

struct top;

struct sheet {
	struct screen_buffer screen_buffer;
	size_t rows;        /* of ink */
	size_t first, page; /* what is seen of it */
};

/* Blank, as wide as the body. 0 or -ENOMEM. */
int sheet_begin(struct sheet *sheet, const struct screen_buffer *body);
/* Scrolls no further than to its end. */
void sheet_show(struct sheet *sheet, struct screen_buffer *body, size_t y);
void sheet_done(struct sheet *sheet);

/* "── processes ───────" at row y, column x; returns the rows taken: 1. */
size_t sheet_heading(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		     const char *text);

/* For a screen's table of keys: they move top->sheet. */
void sheet_key_up(struct top *top);
void sheet_key_down(struct top *top);
void sheet_key_page_up(struct top *top);
void sheet_key_page_down(struct top *top);
void sheet_key_first(struct top *top);
void sheet_key_last(struct top *top);
#define SHEET_KEYS                                                                           \
	{{TOP_UP}, sheet_key_up, "up, down", "more above, below; PgUp, PgDn: a page", NULL}, \
		{{TOP_DOWN}, sheet_key_down, NULL, NULL, NULL},                              \
		{{TOP_PAGE_UP}, sheet_key_page_up, NULL, NULL, NULL},                        \
		{{TOP_PAGE_DOWN}, sheet_key_page_down, NULL, NULL, NULL},                    \
		{{TOP_FIRST, 'g'}, sheet_key_first, NULL, NULL, NULL},                       \
	{                                                                                    \
		{TOP_LAST, 'G'}, sheet_key_last, NULL, NULL, NULL                            \
	}

#endif
