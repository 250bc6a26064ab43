// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A tall screen buffer and its visible part. */
#include "pager.h"

#include <errno.h>
#include <string.h>

#include "base/utf8_clean.h"

int pager_begin(struct pager *pager, const struct screen_buffer *body)
{
	pager->rows = 0;
	return screen_buffer_reset(&pager->screen_buffer, PAGER_ROWS, body->columns, body->ascii);
}

void pager_show(struct pager *pager, struct screen_buffer *body, size_t y)
{
	size_t page = body->rows > y ? body->rows - y : 0;
	size_t rows = pager->rows < PAGER_ROWS ? pager->rows : PAGER_ROWS;

	pager->page = page ? page : 1;
	if (pager->first + page > rows)
		pager->first = rows > page ? rows - page : 0;
	screen_buffer_copy(body, y, 0, &pager->screen_buffer, pager->first,
			   rows - pager->first < page ? rows - pager->first : page);
	if (!page || pager->first + page >= rows)
		return;
	screen_buffer_put(body, body->rows - 1, body->columns > 8 ? body->columns - 8 : 0, 8,
			  STYLE_SELECTED, body->ascii ? " more v " : " more ↓ ");
}

void pager_done(struct pager *pager)
{
	screen_buffer_done(&pager->screen_buffer);
	memset(pager, 0, sizeof(*pager));
}

size_t pager_heading(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
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
