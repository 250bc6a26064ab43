/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A list that is longer than its screen: the marked row and the first visible row. The screen in front sets top->list, which
 * the keys move, in its update().
 */
#ifndef HEADROOM_TUI_LIST_CURSOR_H
#define HEADROOM_TUI_LIST_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

struct list_cursor {
	size_t n; /* rows */
	size_t marked, first;
	size_t page; /* visible rows; 0 before the first draw */
};

void list_cursor_mark(struct list_cursor *list, size_t row); /* at most the last one */
/* Sets the number of visible rows and scrolls to the mark. */
void list_cursor_fit(struct list_cursor *list, size_t page);
/* The row `y` rows below the first visible one; false: none. */
bool list_cursor_at(const struct list_cursor *list, size_t y, size_t *ret_row);

/* Marks the row there; true: it was marked already. */
bool list_cursor_click(struct list_cursor *list, size_t y);

#endif
