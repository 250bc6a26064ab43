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

struct top;

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

/* For a screen's table of keys: they move top->pager. */
void pager_key_up(struct top *top);
void pager_key_down(struct top *top);
void pager_key_page_up(struct top *top);
void pager_key_page_down(struct top *top);
void pager_key_first(struct top *top);
void pager_key_last(struct top *top);
#define PAGER_KEYS                                                                           \
	{{TOP_UP}, pager_key_up, "up, down", "more above, below; PgUp, PgDn: a page", NULL}, \
		{{TOP_DOWN}, pager_key_down, NULL, NULL, NULL},                              \
		{{TOP_PAGE_UP}, pager_key_page_up, NULL, NULL, NULL},                        \
		{{TOP_PAGE_DOWN}, pager_key_page_down, NULL, NULL, NULL},                    \
		{{TOP_FIRST, 'g'}, pager_key_first, NULL, NULL, NULL},                       \
	{                                                                                    \
		{TOP_LAST, 'G'}, pager_key_last, NULL, NULL, NULL                            \
	}

#endif
