/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A list that is longer than its screen: which row is marked, which is the first to be seen. The screen in front says which
 * list its keys move: top->list, set whenever it is updated.
 */
#ifndef HEADROOM_TUI_LIST_CURSOR_H
#define HEADROOM_TUI_LIST_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

struct list_cursor {
	size_t n; /* rows in all */
	size_t marked, first;
	size_t page; /* rows on the screen; 0 before the first picture */
};

void list_cursor_mark(struct list_cursor *list, size_t row); /* or the last one */
/* So many rows of it are on the screen: scrolls to where the mark is seen. */
void list_cursor_fit(struct list_cursor *list, size_t page);
/* The row `y` rows below the first that is seen; false: there is none. */
bool list_cursor_at(const struct list_cursor *list, size_t y, size_t *ret_row);

/* The row that stands there is marked; true: it was already. */
bool list_cursor_click(struct list_cursor *list, size_t y);

#endif
