// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The first screen: who is in danger. One line a container, riskiest first, and what is to be
 * known of the one that is marked. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "table.h"
#include "top.h"

#define DETAIL_FROM_ROWS 12 /* a lower body has no lines to spare for details */

static void mark(struct top *top, size_t row)
{
	const struct snapshot *s = top->s;

	top->selected = row < s->n_rows ? row : s->n_rows ? s->n_rows - 1 : 0;
	top->selected_id = top->selected && s->n_rows ? s->rows[top->selected].slot->cgroup_id : 0;
}

static void scroll(struct top *top)
{
	const struct snapshot *s = top->s;

	if (top->selected < top->first)
		top->first = top->selected;
	if (top->selected >= top->first + top->page)
		top->first = top->selected + 1 - top->page;
	if (top->first && top->first + top->page > s->n_rows)
		top->first = s->n_rows > top->page ? s->n_rows - top->page : 0;
}

const struct row *top_selected(const struct top *top)
{
	return top->selected < top->s->n_rows ? &top->s->rows[top->selected] : NULL;
}

bool top_select(struct top *top, uint64_t cgroup_id)
{
	for (size_t i = 0; i < top->s->n_rows; i++)
		if (top->s->rows[i].slot->cgroup_id == cgroup_id) {
			mark(top, i);
			return true;
		}
	return false;
}

static int update(struct top *top)
{
	struct snapshot *s = top->s;
	int r = snapshot_select(s, &(struct row_filter){.all = top->all, .text = top->filter});

	if (r)
		return r;
	rows_sort(s->rows, s->n_rows, top->sort, top->reverse);
	if (!top->selected_id || !top_select(top, top->selected_id))
		mark(top, top->selected); /* the marked one is gone: who stands there now */
	return 0;
}

static void key_up(struct top *top) { mark(top, top->selected ? top->selected - 1 : 0); }

static void key_down(struct top *top) { mark(top, top->selected + 1); }

static void key_page_up(struct top *top)
{
	mark(top, top->selected > top->page ? top->selected - top->page : 0);
}

static void key_page_down(struct top *top) { mark(top, top->selected + top->page); }

static void key_first(struct top *top) { mark(top, 0); }

static void key_last(struct top *top) { mark(top, top->s->n_rows); }

static void sort_step(struct top *top, size_t step)
{
	size_t at = 0, n = top->table.n;

	for (size_t i = 0; i < n; i++)
		if (top->table.column[i] == top->sort)
			at = i;
	if (n)
		top->sort = top->table.column[(at + step) % n];
	top->reverse = false;
	top->stale = true;
}

static void key_sort_right(struct top *top) { sort_step(top, 1); }

static void key_sort_left(struct top *top) { sort_step(top, top->table.n ? top->table.n - 1 : 0); }

static void key_reverse(struct top *top)
{
	top->reverse = !top->reverse;
	top->stale = true;
}

static void key_escape(struct top *top)
{
	top->filter[0] = 0;
	top->stale = true;
}

static void filter_changed(struct top *top)
{
	strcpy(top->filter, top->prompt.text);
	top->stale = true;
}

static void filter_done(struct top *top, bool kept)
{
	if (!kept)
		key_escape(top);
}

static void key_filter(struct top *top)
{
	struct prompt prompt = {.title = "show only",
				.hint = "Enter keeps it, Esc shows all",
				.changed = filter_changed,
				.done = filter_done};

	strcpy(prompt.text, top->filter);
	prompt_open(top, &prompt);
}

static void key_all(struct top *top)
{
	top->all = !top->all;
	top->stale = true;
}

static void key_open(struct top *top) { screen_open(top, screen_find("container")); }

static uint64_t subject(const struct top *top)
{
	return top_selected(top) ? top_selected(top)->slot->cgroup_id : 0;
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_open, "Enter", "all about the marked one", "open"},
	{{TOP_UP}, key_up, "up, down", "move the mark; its details stand at the bottom", NULL},
	{{TOP_DOWN}, key_down, NULL, NULL, NULL},
	{{TOP_PAGE_UP}, key_page_up, "PgUp, PgDn", "a page; Home, End: first and last", NULL},
	{{TOP_PAGE_DOWN}, key_page_down, NULL, NULL, NULL},
	{{TOP_FIRST, 'g'}, key_first, NULL, NULL, NULL},
	{{TOP_LAST, 'G'}, key_last, NULL, NULL, NULL},
	{{'>', '.'}, key_sort_right, "< >", "sort by the column to the left, to the right", "sort"},
	{{'<', ','}, key_sort_left, NULL, NULL, NULL},
	{{'r', 'I'}, key_reverse, "r", "reverse the order", "reverse"},
	{{'/', 'f'},
	 key_filter,
	 "/",
	 "show only what has a text in its name, image, runtime or cgroup; Esc: all again",
	 "filter"},
	{{TOP_ESCAPE}, key_escape, NULL, NULL, NULL},
	{{'a'}, key_all, "a", "list empty and gone ones, pods and sandboxes, too", "all"},
	KEYS_END,
};

/* The picture. */

static const char *sort_mark(const struct top *top, bool ascii)
{
	bool ascending = top->sort->least_first != top->reverse;

	return ascii ? "*" : ascending ? "▲" : "▼";
}

static void draw_titles(const struct top *top, struct canvas *canvas, size_t y)
{
	size_t x = 0;

	canvas_style(canvas, y, 0, canvas->columns, STYLE_TITLE);
	for (size_t i = 0; i < top->table.n; i++) {
		const struct column *column = top->table.column[i];
		size_t width = top->table.width[i], title = strlen(column->title);
		bool sorts = column == top->sort;
		size_t pad = column->right && width > title ? width - title : 0;

		canvas_put(canvas, y, x + pad, width, sorts ? STYLE_TITLE_KEY : STYLE_TITLE,
			   column->title);
		if (sorts) /* not by its looks alone; a right-aligned title has the gap before it */
			canvas_put(canvas, y, column->right ? x + pad - 1 : x + title, 1,
				   STYLE_TITLE_KEY, sort_mark(top, canvas->ascii));
		x += width + 1;
	}
}

static void draw_row(const struct table *table, const struct row *row, struct canvas *canvas,
		     size_t y)
{
	char text[CELL_TEXT];
	size_t x = 0;

	for (size_t i = 0; i < table->n; i++) {
		const struct column *column = table->column[i];
		size_t width = table->width[i] - table->bar[i], pad;
		enum style style = column->style ? column->style(row) : STYLE_PLAIN;
		double solid, light;

		if (table->bar[i] && column->bar(row, &solid, &light))
			canvas_bar(canvas, y, x, table->bar[i], style, solid, light);
		table_cell(column, row, width, canvas->ascii, text);
		pad = column->right ? width - text_width(text) : 0;
		canvas_put(canvas, y, x + table->bar[i] + pad, width - pad, style, text);
		x += table->width[i] + 1;
	}
}

static void draw_nothing(const struct top *top, struct canvas *canvas, size_t y)
{
	char clean[4 * PROMPT_TEXT + 1];

	if (top->filter[0])
		canvas_print(canvas, y, 2, STYLE_PLAIN, "nothing has '%s' in it: Esc shows all",
			     text_clean(top->filter, PROMPT_TEXT, clean, sizeof(clean)));
	else if (top->s->n_slots)
		canvas_put(canvas, y, 2, canvas->columns, STYLE_PLAIN,
			   "nothing that holds processes: a shows all");
	else
		canvas_put(canvas, y, 2, canvas->columns, STYLE_PLAIN, "nothing on the board yet");
}

static void draw(struct top *top, struct canvas *body)
{
	const struct snapshot *s = top->s;
	bool detail = body->rows >= DETAIL_FROM_ROWS;
	size_t used = 1 + (detail ? DETAIL_ROWS : 0), y = 1;

	top->page = body->rows > used ? body->rows - used : 1;
	scroll(top);
	table_fit_screen(&top->table, columns_of_top, body->columns);
	draw_titles(top, body, 0);
	for (size_t i = top->first; i < s->n_rows && i < top->first + top->page; i++, y++) {
		draw_row(&top->table, &s->rows[i], body, y);
		if (i == top->selected)
			canvas_style(body, y, 0, body->columns, STYLE_SELECTED);
	}
	if (!s->n_rows)
		draw_nothing(top, body, y + 1);
	else if (detail)
		detail_draw(&s->rows[top->selected], body, body->rows - DETAIL_ROWS);
}

const struct screen screen_containers = {
	.name = "containers",
	.help = "who is in danger: every container, unit and group, riskiest first",
	.key = 'c',
	.keys = keys,
	.update = update,
	.subject = subject,
	.draw = draw,
};
