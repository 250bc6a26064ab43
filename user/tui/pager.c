// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A tall canvas and the piece of it that is seen. */
#include "pager.h"

#include <errno.h>
#include <string.h>

#include "base/utf8_clean.h"
#include "top.h"

int sheet_begin(struct sheet *sheet, const struct screen_buffer *body)
{
	sheet->rows = 0;
	return screen_buffer_reset(&sheet->screen_buffer, SHEET_ROWS, body->columns, body->ascii);
}

void sheet_show(struct sheet *sheet, struct screen_buffer *body, size_t y)
{
	size_t page = body->rows > y ? body->rows - y : 0;
	size_t rows = sheet->rows < SHEET_ROWS ? sheet->rows : SHEET_ROWS;

	sheet->page = page ? page : 1;
	if (sheet->first + page > rows)
		sheet->first = rows > page ? rows - page : 0;
	for (size_t i = 0; i < page && sheet->first + i < rows; i++)
		memcpy(body->cells + (y + i) * body->columns,
		       sheet->screen_buffer.cells + (sheet->first + i) * body->columns,
		       body->columns * sizeof(*body->cells));
	if (!page || sheet->first + page >= rows)
		return;
	screen_buffer_put(body, body->rows - 1, body->columns > 8 ? body->columns - 8 : 0, 8,
			  STYLE_SELECTED, body->ascii ? " more v " : " more ↓ ");
}

void sheet_done(struct sheet *sheet)
{
	screen_buffer_done(&sheet->screen_buffer);
	memset(sheet, 0, sizeof(*sheet));
}

size_t sheet_heading(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		     const char *text)
{
	const char *rule = screen_buffer->ascii ? "-" : "─";
	size_t at = 0;

	for (; at < 2 && at < width; at++)
		screen_buffer_put(screen_buffer, y, x + at, 1, STYLE_DIM, rule);
	at += 1 + screen_buffer_put(screen_buffer, y, x + at + 1, width > 4 ? width - 4 : 0,
				    STYLE_BOLD, text);
	for (at++; at < width; at++)
		screen_buffer_put(screen_buffer, y, x + at, 1, STYLE_DIM, rule);
	return 1;
}

static void move(struct top *top, bool back, size_t rows)
{
	struct sheet *sheet = top->sheet;

	if (!sheet)
		return;
	if (back)
		sheet->first = sheet->first > rows ? sheet->first - rows : 0;
	else /* sheet_show() keeps it inside */
		sheet->first = rows < SHEET_ROWS ? sheet->first + rows : SHEET_ROWS;
}

void sheet_key_up(struct top *top) { move(top, true, 1); }

void sheet_key_down(struct top *top) { move(top, false, 1); }

void sheet_key_page_up(struct top *top) { move(top, true, top->sheet ? top->sheet->page : 0); }

void sheet_key_page_down(struct top *top) { move(top, false, top->sheet ? top->sheet->page : 0); }

void sheet_key_first(struct top *top) { move(top, true, SIZE_MAX); }

void sheet_key_last(struct top *top) { move(top, false, SIZE_MAX); }
