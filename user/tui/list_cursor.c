// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Marking and scrolling. Never points past the last row. */
#include "list_cursor.h"

void list_cursor_mark(struct list_cursor *list, size_t row)
{
	list->marked = row < list->n ? row : list->n ? list->n - 1 : 0;
}

void list_cursor_fit(struct list_cursor *list, size_t page)
{
	list->page = page ? page : 1;
	list_cursor_mark(list, list->marked);
	if (list->marked < list->first)
		list->first = list->marked;
	if (list->marked >= list->first + list->page)
		list->first = list->marked + 1 - list->page;
	if (list->first && list->first + list->page > list->n)
		list->first = list->n > list->page ? list->n - list->page : 0;
}

bool list_cursor_at(const struct list_cursor *list, size_t y, size_t *ret_row)
{
	if (y >= list->page || list->first + y >= list->n)
		return false;
	*ret_row = list->first + y;
	return true;
}

bool list_cursor_click(struct list_cursor *list, size_t y)
{
	size_t row;

	if (!list_cursor_at(list, y, &row))
		return false;
	if (row == list->marked)
		return true;
	list_cursor_mark(list, row);
	return false;
}
