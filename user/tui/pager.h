/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Text that is longer than its screen: drawn in full into a buffer of its own, of which a part is shown.
 *
 *	pager_begin(pager, body) == 0
 *	… screen_buffer_put(&pager->screen_buffer, …); pager->rows = rows drawn
 *	pager_show(pager, body, y);		// on the body's rows from y on
 */
#ifndef HEADROOM_TUI_PAGER_H
#define HEADROOM_TUI_PAGER_H

#include "format/screen_buffer.h"

#define PAGER_ROWS 320

struct pager {
	struct screen_buffer screen_buffer;
	size_t rows;        /* drawn */
	size_t first, page; /* the visible part */
};

/* Blanks it, as wide as the body. 0 or -ENOMEM. */
int pager_begin(struct pager *pager, const struct screen_buffer *body);
/* Limits scrolling to its end. */
void pager_show(struct pager *pager, struct screen_buffer *body, size_t y);
void pager_done(struct pager *pager);

/* "── processes ───────" at row y, column x; returns the rows taken: 1. */
size_t pager_heading(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		     const char *text);

#endif
