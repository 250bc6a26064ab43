// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Selects the columns and their order. The shown ones are listed first, in their order; the rest below. The selection is in
 * struct top; settings.c saves it. */
#include <stdio.h>
#include <string.h>

#include "base/utf8_clean.h"
#include "top.h"

#define TITLE_X 6
#define HELP_X  17

/* The list: the shown ones, then the others. */
static const struct column *column_at(const struct top *top, size_t i)
{
	if (i < top->n_columns)
		return top->column[i];
	i -= top->n_columns;
	for (size_t c = 0; c < columns_count; c++)
		if (!top_shows(top, &column_table[c]) && !i--)
			return &column_table[c];
	return NULL;
}

bool top_shows(const struct top *top, const struct column *column)
{
	for (size_t i = 0; i < top->n_columns; i++)
		if (top->column[i] == column)
			return true;
	return false;
}

static void move_mark(struct top *top, size_t to)
{
	top->chooser_at = to < columns_count ? to : columns_count - 1;
}

static void key_up(struct top *top) { move_mark(top, top->chooser_at ? top->chooser_at - 1 : 0); }

static void key_down(struct top *top) { move_mark(top, top->chooser_at + 1); }

static void key_page_up(struct top *top)
{
	size_t page = top->chooser_page;

	move_mark(top, top->chooser_at > page ? top->chooser_at - page : 0);
}

static void key_page_down(struct top *top) { move_mark(top, top->chooser_at + top->chooser_page); }

static void key_first(struct top *top) { move_mark(top, 0); }

static void key_last(struct top *top) { move_mark(top, columns_count); }

/* Off: back to its place in the table. On: behind the shown ones. The name stays. */
static void key_toggle(struct top *top)
{
	const struct column *column = column_at(top, top->chooser_at);
	size_t at = top->chooser_at;

	if (!column->width)
		return;
	if (at < top->n_columns) {
		top->n_columns--;
		memmove(&top->column[at], &top->column[at + 1],
			(top->n_columns - at) * sizeof(top->column[0]));
	} else if (top->n_columns < TABLE_COLUMNS) {
		top->column[top->n_columns++] = column;
		top->chooser_at = top->n_columns - 1;
	}
}

static void swap(struct top *top, size_t a, size_t b)
{
	const struct column *column = top->column[a];

	if (a >= top->n_columns || b >= top->n_columns)
		return;
	top->column[a] = top->column[b];
	top->column[b] = column;
	top->chooser_at = b;
}

static void key_sooner(struct top *top)
{
	if (top->chooser_at)
		swap(top, top->chooser_at, top->chooser_at - 1);
}

static void key_later(struct top *top) { swap(top, top->chooser_at, top->chooser_at + 1); }

static void key_sort(struct top *top) { top->sort = column_at(top, top->chooser_at); }

static void key_defaults(struct top *top)
{
	top_default_columns(top);
	top->sort = column_find("risk");
	top->reverse = false;
}

static void open_columns(struct top *top) { top->chooser_at = top->chooser_first = 0; }

static const struct key keys[] = {
	{{TOP_UP, 'k'}, key_up, "j, k", "move the mark, as down, up", NULL},
	{{TOP_DOWN, 'j'}, key_down, NULL, NULL, NULL},
	{{TOP_PAGE_UP}, key_page_up, NULL, NULL, NULL},
	{{TOP_PAGE_DOWN}, key_page_down, NULL, NULL, NULL},
	{{TOP_FIRST}, key_first, NULL, NULL, NULL},
	{{TOP_LAST}, key_last, NULL, NULL, NULL},
	{{' ', TOP_ENTER}, key_toggle, "space, Enter", "show or hide", "show/hide"},
	{{TOP_LEFT, '<'}, key_sooner, "left/right", "move it left, right", "move"},
	{{TOP_RIGHT, '>'}, key_later, NULL, NULL, NULL},
	{{'s'}, key_sort, "s", "sort by it", "sort by it"},
	{{'D'}, key_defaults, "D", "reset to defaults", "reset"},
	KEYS_END,
};

static void draw_column(const struct top *top, size_t i, struct screen_buffer *body, size_t y)
{
	const struct column *column = column_at(top, i);
	bool shown = i < top->n_columns;
	char help[512];
	size_t x = HELP_X;

	screen_buffer_put(body, y, 1, 4, shown ? STYLE_BOLD : STYLE_DIM, shown ? "[x]" : "[ ]");
	screen_buffer_put(body, y, TITLE_X, HELP_X - TITLE_X - 1, shown ? STYLE_BOLD : STYLE_PLAIN,
			  column->title);
	if (column == top->sort)
		x += screen_buffer_put(body, y, x, body->columns, STYLE_BOLD, "(sort key) ");
	if (x < body->columns)
		screen_buffer_put(
			body, y, x, body->columns, STYLE_PLAIN,
			text_fit(column->help, body->columns - x, body->ascii, help, sizeof(help)));
	if (i == top->chooser_at)
		screen_buffer_mark(body, y);
}

static void draw(struct top *top, struct screen_buffer *body)
{
	size_t page = body->rows > 2 ? body->rows - 2 : 1;

	top->chooser_page = page;
	if (top->chooser_at < top->chooser_first)
		top->chooser_first = top->chooser_at;
	if (top->chooser_at >= top->chooser_first + page)
		top->chooser_first = top->chooser_at + 1 - page;
	screen_buffer_put(body, 0, 0, body->columns, STYLE_BOLD,
			  "Columns; a narrow screen leaves out the less important ones");
	for (size_t i = 0; i < page && top->chooser_first + i < columns_count; i++)
		draw_column(top, top->chooser_first + i, body, 1 + i);
}

static void click(struct top *top, size_t y, size_t x)
{
	size_t i = top->chooser_first + y - 1;

	if (!y || i >= columns_count)
		return;
	top->chooser_at = i;
	if (x < TITLE_X)
		key_toggle(top);
}

const struct screen screen_columns = {
	.name = "columns",
	.help = "columns and their order",
	.keys = keys,
	.open = open_columns,
	.draw = draw,
	.click = click,
};
