/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Text that is longer than its screen: drawn whole on a pager of its own, then a piece of it is shown.
 *
 *	pager_begin(pager, body) == 0
 *	… screen_buffer_put(&pager->canvas, …); pager->rows = how many rows were drawn
 *	pager_show(pager, body, y);		// on the body's rows from y on
 */
#ifndef HEADROOM_TUI_PAGER_H
#define HEADROOM_TUI_PAGER_H

#include "format/screen_buffer.h"

#define PAGER_ROWS 320

struct pager {
	struct screen_buffer screen_buffer;
	size_t rows;        /* of ink */
	size_t first, page; /* what is seen of it */
};

/* Blank, as wide as the body. 0 or -ENOMEM. */
int pager_begin(struct pager *pager, const struct screen_buffer *body);
/* Scrolls no further than to its end. */
void pager_show(struct pager *pager, struct screen_buffer *body, size_t y);
void pager_done(struct pager *pager);

/* "── processes ───────" at row y, column x; returns the rows taken: 1. */
size_t pager_heading(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		     const char *text);

#endif
