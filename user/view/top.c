// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The live view's model and its picture. Keys are a table; so is the help on them. Never
 * touches a terminal. */
#include "top.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "table.h"

#define DETAIL_FROM_ROWS 16 /* a lower screen has no lines to spare for details */

void top_init(struct top *top)
{
	memset(top, 0, sizeof(*top));
	top->sort = column_find("risk");
	top->page = 1;
}

static void mark(struct top *top, const struct snapshot *s, size_t row)
{
	top->selected = row < s->n_rows ? row : s->n_rows ? s->n_rows - 1 : 0;
	top->selected_id = top->selected && s->n_rows ? s->rows[top->selected].slot->cgroup_id : 0;
}

static void scroll(struct top *top, const struct snapshot *s)
{
	if (top->selected < top->first)
		top->first = top->selected;
	if (top->selected >= top->first + top->page)
		top->first = top->selected + 1 - top->page;
	if (top->first && top->first + top->page > s->n_rows)
		top->first = s->n_rows > top->page ? s->n_rows - top->page : 0;
}

int top_update(struct top *top, struct snapshot *s)
{
	int r = snapshot_select(s, &(struct row_filter){.all = top->all, .text = top->filter});

	if (r)
		return r;
	rows_sort(s->rows, s->n_rows, top->sort, top->reverse);
	if (top->selected_id)
		for (size_t i = 0; i < s->n_rows; i++)
			if (s->rows[i].slot->cgroup_id == top->selected_id) {
				top->selected = i;
				return 0;
			}
	mark(top, s, top->selected); /* the marked one is gone: who stands there now */
	return 0;
}

/* Keys. Each returns whether the list must be made anew. */

static bool key_up(struct top *top, const struct snapshot *s)
{
	mark(top, s, top->selected ? top->selected - 1 : 0);
	return false;
}

static bool key_down(struct top *top, const struct snapshot *s)
{
	mark(top, s, top->selected + 1);
	return false;
}

static bool key_page_up(struct top *top, const struct snapshot *s)
{
	mark(top, s, top->selected > top->page ? top->selected - top->page : 0);
	return false;
}

static bool key_page_down(struct top *top, const struct snapshot *s)
{
	mark(top, s, top->selected + top->page);
	return false;
}

static bool key_first(struct top *top, const struct snapshot *s)
{
	mark(top, s, 0);
	return false;
}

static bool key_last(struct top *top, const struct snapshot *s)
{
	mark(top, s, s->n_rows);
	return false;
}

static bool sort_step(struct top *top, size_t step)
{
	size_t at = 0, n = top->table.n;

	for (size_t i = 0; i < n; i++)
		if (top->table.column[i] == top->sort)
			at = i;
	if (n)
		top->sort = top->table.column[(at + step) % n];
	top->reverse = false;
	return true;
}

static bool key_sort_right(struct top *top, const struct snapshot *s) { return sort_step(top, 1); }

static bool key_sort_left(struct top *top, const struct snapshot *s)
{
	return sort_step(top, top->table.n ? top->table.n - 1 : 0);
}

static bool key_reverse(struct top *top, const struct snapshot *s)
{
	top->reverse = !top->reverse;
	return true;
}

static bool key_filter(struct top *top, const struct snapshot *s)
{
	top->typing = true;
	return false;
}

static bool key_escape(struct top *top, const struct snapshot *s)
{
	top->filter[0] = 0;
	return true;
}

static bool key_pause(struct top *top, const struct snapshot *s)
{
	top->paused = !top->paused;
	return false;
}

static bool key_all(struct top *top, const struct snapshot *s)
{
	top->all = !top->all;
	return true;
}

static bool key_help(struct top *top, const struct snapshot *s)
{
	top->help = true;
	top->help_first = 0;
	return false;
}

static bool key_quit(struct top *top, const struct snapshot *s)
{
	top->quit = true;
	return false;
}

static const struct {
	int key[4];
	bool (*act)(struct top *top, const struct snapshot *s);
	struct key_help help; /* keys NULL: told by the line before */
} keys[] = {
	{{TOP_UP, 'k'}, key_up, {"up, down", "move the mark; its details stand at the bottom"}},
	{{TOP_DOWN, 'j'}, key_down, {0}},
	{{TOP_PAGE_UP}, key_page_up, {"PgUp, PgDn", "a page; Home, End: first and last"}},
	{{TOP_PAGE_DOWN}, key_page_down, {0}},
	{{TOP_FIRST, 'g'}, key_first, {0}},
	{{TOP_LAST, 'G'}, key_last, {0}},
	{{'>', 's', TOP_RIGHT},
	 key_sort_right,
	 {"<, >, s", "sort by the column to the left, to the right"}},
	{{'<', TOP_LEFT}, key_sort_left, {0}},
	{{'r'}, key_reverse, {"r", "reverse the order"}},
	{{'/', 'f'},
	 key_filter,
	 {"/", "show only what has a text in its name, image, runtime or cgroup"}},
	{{TOP_ESCAPE}, key_escape, {"Esc", "show all again"}},
	{{'p', ' '}, key_pause, {"p, space", "hold the picture; once more: go on"}},
	{{'a'}, key_all, {"a", "list empty and gone ones, pods and sandboxes, too"}},
	{{'?', 'h'}, key_help, {"?", "this help"}},
	{{'q', 'Q'}, key_quit, {"q", "quit"}},
};

const struct key_help *top_key_help(size_t i)
{
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		if (keys[k].help.keys && !i--)
			return &keys[k].help;
	return NULL;
}

/* One UTF-8 character more, or one less. */
static bool type_filter(struct top *top, int key)
{
	size_t n = strlen(top->filter);

	if (key == TOP_ENTER || key == TOP_ESCAPE) {
		top->typing = false;
		if (key == TOP_ESCAPE)
			top->filter[0] = 0;
		return true;
	}
	if (key == TOP_BACKSPACE) {
		while (n && ((unsigned char)top->filter[n - 1] & 0xc0) == 0x80)
			n--;
		top->filter[n ? n - 1 : 0] = 0;
		return true;
	}
	if (key < ' ' || key >= KEY_OF_TOP || n + 5 > TOP_FILTER)
		return false;
	if (key < 0x80) {
		top->filter[n++] = (char)key;
	} else if (key < 0x800) {
		top->filter[n++] = (char)(0xc0 | key >> 6);
		top->filter[n++] = (char)(0x80 | (key & 0x3f));
	} else if (key < 0x10000) {
		top->filter[n++] = (char)(0xe0 | key >> 12);
		top->filter[n++] = (char)(0x80 | (key >> 6 & 0x3f));
		top->filter[n++] = (char)(0x80 | (key & 0x3f));
	} else {
		top->filter[n++] = (char)(0xf0 | key >> 18);
		top->filter[n++] = (char)(0x80 | (key >> 12 & 0x3f));
		top->filter[n++] = (char)(0x80 | (key >> 6 & 0x3f));
		top->filter[n++] = (char)(0x80 | (key & 0x3f));
	}
	top->filter[n] = 0;
	return true;
}

static void help_key(struct top *top, int key)
{
	size_t page = top->page > 1 ? top->page : 1;

	if (key == TOP_DOWN || key == 'j')
		top->help_first++;
	else if (key == TOP_UP || key == 'k')
		top->help_first -= top->help_first > 0;
	else if (key == TOP_PAGE_DOWN || key == ' ')
		top->help_first += page;
	else if (key == TOP_PAGE_UP)
		top->help_first -= top->help_first < page ? top->help_first : page;
	else
		top->help = false;
}

bool top_key(struct top *top, const struct snapshot *s, int key)
{
	if (top->help) {
		help_key(top, key);
		return false;
	}
	if (top->typing)
		return type_filter(top, key);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		for (size_t k = 0; k < ARRAY_SIZE(keys[i].key); k++)
			if (keys[i].key[k] && keys[i].key[k] == key)
				return keys[i].act(top, s);
	return false;
}

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

static void draw_nothing(const struct top *top, const struct snapshot *s, struct canvas *canvas,
			 size_t y)
{
	char clean[4 * TOP_FILTER + 1];

	if (top->filter[0])
		canvas_print(canvas, y, 2, STYLE_PLAIN, "nothing has '%s' in it: Esc shows all",
			     text_clean(top->filter, TOP_FILTER, clean, sizeof(clean)));
	else if (s->n_slots)
		canvas_put(canvas, y, 2, canvas->columns, STYLE_PLAIN,
			   "nothing that holds processes: a shows all");
	else
		canvas_put(canvas, y, 2, canvas->columns, STYLE_PLAIN, "nothing on the board yet");
}

static void draw_bottom(const struct top *top, const struct snapshot *s, struct canvas *canvas,
			size_t y)
{
	char clean[4 * TOP_FILTER + 1], where[64];
	size_t x;

	text_clean(top->filter, TOP_FILTER, clean, sizeof(clean));
	if (top->typing) {
		x = canvas_print(canvas, y, 0, STYLE_BOLD, "show only: %s", clean);
		canvas_put(canvas, y, x, 1, STYLE_SELECTED, " ");
		canvas_put(canvas, y, x + 3, canvas->columns, STYLE_DIM,
			   "Enter keeps it, Esc shows all");
		return;
	}
	x = canvas_put(canvas, y, 0, canvas->columns, STYLE_DIM,
		       "? help  < > sort  r reverse  / filter  a all  p pause  q quit");
	if (top->notice[0])
		snprintf(where, sizeof(where), "%.60s", top->notice);
	else if (top->filter[0])
		snprintf(where, sizeof(where), "'%.20s': %zu", clean, s->n_rows);
	else if (!s->n_rows)
		where[0] = 0;
	else
		snprintf(where, sizeof(where), "%zu-%zu of %zu", top->first + 1,
			 top->first + top->page < s->n_rows ? top->first + top->page : s->n_rows,
			 s->n_rows);
	if (x + 2 + text_width(where) <= canvas->columns)
		canvas_put(canvas, y, canvas->columns - text_width(where), canvas->columns,
			   STYLE_DIM, where);
}

static void draw_help(struct top *top, struct canvas *canvas)
{
	size_t lines, last = canvas->rows - 1;
	struct canvas upper = *canvas;

	upper.rows = last;
	top->page = last;
	lines = help_draw(&upper, top->help_first);
	if (top->help_first &&
	    top->help_first + last > lines) { /* too far: once more, from the last page */
		top->help_first = lines > last ? lines - last : 0;
		for (size_t y = 0; y < last; y++)
			canvas_print(canvas, y, 0, STYLE_PLAIN, "%*s", (int)canvas->columns, "");
		help_draw(&upper, top->help_first);
	}
	canvas_put(canvas, last, 0, canvas->columns, STYLE_DIM,
		   "up, down, PgUp, PgDn: more; any other key: back");
}

void top_draw(struct top *top, const struct snapshot *s, struct canvas *canvas)
{
	bool detail = canvas->rows >= DETAIL_FROM_ROWS;
	size_t used = STRIP_ROWS + 1 + (detail ? DETAIL_ROWS : 0) + 1, y;

	if (canvas->rows < 2 || !canvas->columns)
		return;
	if (top->help) {
		draw_help(top, canvas);
		return;
	}
	top->page = canvas->rows > used ? canvas->rows - used : 1;
	scroll(top, s);
	table_fit_screen(&top->table, columns_of_top, canvas->columns);
	strip_draw(s, top->paused, canvas);
	draw_titles(top, canvas, STRIP_ROWS);
	y = STRIP_ROWS + 1;
	for (size_t i = top->first; i < s->n_rows && i < top->first + top->page; i++, y++) {
		draw_row(&top->table, &s->rows[i], canvas, y);
		if (i == top->selected)
			canvas_style(canvas, y, 0, canvas->columns, STYLE_SELECTED);
	}
	if (!s->n_rows)
		draw_nothing(top, s, canvas, y + 1);
	else if (detail)
		detail_draw(&s->rows[top->selected], canvas, canvas->rows - 1 - DETAIL_ROWS);
	draw_bottom(top, s, canvas, canvas->rows - 1);
}
