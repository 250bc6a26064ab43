// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Moves the mark of a list, or the first line of a pager: see cursor_keys.h. */
#include "cursor_keys.h"

#include "top.h"

static void move_list(struct top *top, bool back, size_t rows)
{
	struct list_cursor *list = top->list;

	if (!list)
		return;
	if (back)
		list_cursor_mark(list, list->marked > rows ? list->marked - rows : 0);
	else
		list_cursor_mark(list, rows < list->n ? list->marked + rows : list->n);
}

void list_cursor_key_up(struct top *top) { move_list(top, true, 1); }

void list_cursor_key_down(struct top *top) { move_list(top, false, 1); }

void list_cursor_key_page_up(struct top *top)
{
	move_list(top, true, top->list ? top->list->page : 0);
}

void list_cursor_key_page_down(struct top *top)
{
	move_list(top, false, top->list ? top->list->page : 0);
}

void list_cursor_key_first(struct top *top) { move_list(top, true, SIZE_MAX); }

void list_cursor_key_last(struct top *top) { move_list(top, false, SIZE_MAX); }

static void move_pager(struct top *top, bool back, size_t rows)
{
	struct pager *pager = top->pager;

	if (!pager)
		return;
	if (back)
		pager->first = pager->first > rows ? pager->first - rows : 0;
	else /* pager_show() keeps it inside */
		pager->first = rows < PAGER_ROWS ? pager->first + rows : PAGER_ROWS;
}

void pager_key_up(struct top *top) { move_pager(top, true, 1); }

void pager_key_down(struct top *top) { move_pager(top, false, 1); }

void pager_key_page_up(struct top *top)
{
	move_pager(top, true, top->pager ? top->pager->page : 0);
}

void pager_key_page_down(struct top *top)
{
	move_pager(top, false, top->pager ? top->pager->page : 0);
}

void pager_key_first(struct top *top) { move_pager(top, true, SIZE_MAX); }

void pager_key_last(struct top *top) { move_pager(top, false, SIZE_MAX); }
