// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Draws the containers screen. Never changes what is listed. */
#include "containers_draw.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "format/alert_text.h"
#include "format/display_name.h"
#include "widgets.h"

/* Rows of the panel by rows of the body. */
static const struct {
	size_t body, panel;
} panels[] = {{44, 9}, {30, 7}, {19, 6}, {15, 5}, {11, 3}, {8, 2}};

#define PANEL_MOST 26

size_t containers_panel_rows(const struct top *top, const struct screen_buffer *body)
{
	size_t rows = 0, spare = body->rows > top->tree.n + 2 ? body->rows - top->tree.n - 2 : 0;

	for (size_t i = 0; i < ARRAY_SIZE(panels) && !rows; i++)
		if (body->rows >= panels[i].body)
			rows = panels[i].panel;
	if (rows && spare > rows)
		rows = spare < PANEL_MOST ? spare : PANEL_MOST;
	return rows;
}

void containers_fit(struct top *top, const struct screen_buffer *body, size_t panel)
{
	size_t used = 1 + panel, n = top->tree.n;

	table_fit_screen(&top->table, top->column, top->n_columns, body->columns);
	top->list_y = 1;
	top->list_columns = body->columns;
	top->panel = panel;
	top->page = body->rows > used ? body->rows - used : 1;
	if (top->selected < top->first)
		top->first = top->selected;
	if (top->selected >= top->first + top->page)
		top->first = top->selected + 1 - top->page;
	if (top->first && top->first + top->page > n)
		top->first = n > top->page ? n - top->page : 0;
}

const struct column *containers_column_at(const struct top *top, size_t x)
{
	for (size_t i = 0; i < top->table.n; i++) {
		if (x < top->table.width[i])
			return top->table.column[i];
		if (x == top->table.width[i])
			return NULL;
		x -= top->table.width[i] + 1;
	}
	return NULL;
}

static const char *sort_mark(const struct top *top, bool ascii)
{
	bool ascending = top->sort->least_first != top->reverse;

	return ascii ? (ascending ? "^" : "v") : ascending ? "▲" : "▼";
}

/* Whether the title row shows the sort column. */
static bool sort_is_shown(const struct top *top)
{
	for (size_t i = 0; i < top->table.n; i++)
		if (top->table.column[i] == top->sort)
			return true;
	return false;
}

static void draw_titles(const struct top *top, struct screen_buffer *screen_buffer, size_t y)
{
	size_t x = 0;

	for (size_t i = 0; i < screen_buffer->columns; i++)
		screen_buffer_put(screen_buffer, y, i, 1, STYLE_TITLE, " ");
	for (size_t i = 0; i < top->table.n; i++) {
		const struct column *column = top->table.column[i];
		size_t width = top->table.width[i], title = strlen(column->title);
		bool sorts = column == top->sort;
		size_t pad = column->right && width > title ? width - title : 0;

		screen_buffer_put(screen_buffer, y, x + pad, width,
				  sorts ? STYLE_TITLE_KEY : STYLE_TITLE, column->title);
		if (sorts) /* a mark, not the style alone; before a right-aligned title */
			screen_buffer_put(screen_buffer, y, column->right ? x + pad - 1 : x + title,
					  1, STYLE_TITLE_KEY, sort_mark(top, screen_buffer->ascii));
		x += width + 1;
	}
}

/* A pod's container that no line above it names. */
static bool alone_in_list(const struct top *top, const struct row_tree_line *line)
{
	return top->by != ROW_TREE_CGROUPS && !line->depth && !line->below &&
	       line->row->slot->id.pod.at && line->row->slot->id.container.at;
}

static void draw_name(const struct top *top, const struct row_tree_line *line, size_t width,
		      struct screen_buffer *screen_buffer, size_t y, size_t x)
{
	const struct column *name = column_find("name");
	enum style style = line->context ? STYLE_DIM : name->style(line->row);
	char text[2 * ROW_NAME], cut[2 * ROW_NAME];

	row_tree_name(line, top->by, screen_buffer->ascii, text, sizeof(text));
	if (screen_buffer->ascii)
		text_ascii(text);
	screen_buffer_put(screen_buffer, y, x, width, style,
			  text_fit(text, width, screen_buffer->ascii, cut, sizeof(cut)));
}

/* The highest alarm inside a folded branch. */
static void draw_folded_alarm(const struct row_tree_line *line, struct screen_buffer *screen_buffer,
			      size_t y, size_t x, size_t width)
{
	if (line->alarm)
		screen_buffer_put(screen_buffer, y, x, width, alarm_style(line->alarm),
				  line->alarm >= HR_ALARM_ACT ? "!!" : "!");
}

static void draw_cell(const struct column *column, const struct row *row,
		      struct screen_buffer *screen_buffer, size_t y, size_t x, size_t bar,
		      size_t width)
{
	enum style style = column->style ? column->style(row) : STYLE_PLAIN;
	double solid, light;
	char text[CELL_TEXT];
	size_t pad;

	width -= bar;
	if (bar && column->bar(row, &solid, &light))
		screen_buffer_bar(screen_buffer, y, x, bar, style, solid, light);
	table_cell(column, row, width, screen_buffer->ascii, text);
	pad = column->right ? width - text_width(text) : 0;
	screen_buffer_put(screen_buffer, y, x + bar + pad, width - pad, style, text);
}

static void draw_line(const struct top *top, const struct row_tree_line *line,
		      struct screen_buffer *screen_buffer, size_t y)
{
	const struct table *table = &top->table;
	char text[2 * ROW_NAME];
	size_t x = 0;

	for (size_t i = 0; i < table->n; x += table->width[i++] + 1) {
		const struct column *column = table->column[i];

		if (column->width == 0 && !line->row) {
			row_tree_name(line, top->by, screen_buffer->ascii, text, sizeof(text));
			if (screen_buffer->ascii)
				text_ascii(text);
			screen_buffer_put(screen_buffer, y, x, screen_buffer->columns, STYLE_DIM,
					  text);
		} else if (column->width == 0 && alone_in_list(top, line)) {
			struct record_text from = record_text_slot(line->row->slot);

			widget_name(&from, &line->row->slot->id, column->style(line->row),
				    screen_buffer, y, x, table->width[i]);
		} else if (column->width == 0 && top->by != ROW_TREE_NONE) {
			draw_name(top, line, table->width[i], screen_buffer, y, x);
		} else if (!strcmp(column->id, "alarm") && line->folded &&
			   (!line->row || line->alarm > alert_alarm(line->row->slot))) {
			draw_folded_alarm(line, screen_buffer, y, x, table->width[i]);
		} else if (line->row) {
			draw_cell(column, line->row, screen_buffer, y, x, table->bar[i],
				  table->width[i]);
		}
	}
}

static void draw_nothing(const struct top *top, struct screen_buffer *screen_buffer, size_t y)
{
	char clean[4 * PROMPT_TEXT + 1];

	if (top->filter[0])
		screen_buffer_print(screen_buffer, y, 3, STYLE_PLAIN,
				    "no match for '%s': Esc clears the filter",
				    text_clean(top->filter, PROMPT_TEXT, clean, sizeof(clean)));
	else if (top->s->n_slots)
		screen_buffer_put(screen_buffer, y, 3, screen_buffer->columns, STYLE_PLAIN,
				  "no cgroup holds processes: A shows all");
	else
		screen_buffer_put(screen_buffer, y, 3, screen_buffer->columns, STYLE_PLAIN,
				  "no cgroups yet");
}

/* A heading without a cgroup has no figures of its own. */
static void draw_heading(const struct top *top, const struct row_tree_line *line,
			 struct screen_buffer *panel)
{
	char text[2 * ROW_NAME];

	for (size_t x = 0; x < panel->columns; x++)
		screen_buffer_put(panel, 0, x, 1, STYLE_DIM, panel->ascii ? "-" : "─");
	row_tree_name(line, top->by, panel->ascii, text, sizeof(text));
	screen_buffer_put(panel, 1, 0, panel->columns, STYLE_BOLD, text);
	screen_buffer_print(panel, 2, 0, STYLE_PLAIN, "pod, %u listed: left folds, right unfolds",
			    line->below);
}

static void draw_panel(const struct top *top, struct screen_buffer *body, size_t rows)
{
	const struct row_tree_line *line = &top->tree.line[top->selected];
	struct screen_buffer panel = *body;

	panel.cells += (body->rows - rows) * body->columns;
	panel.rows = rows;
	if (rows && line->row)
		detail_panel_draw(top, line->row, &panel);
	else if (rows)
		draw_heading(top, line, &panel);
}

void containers_draw_position(const struct top *top, struct screen_buffer *body, size_t y)
{
	size_t n = top->tree.n, last = top->first + top->page < n ? top->first + top->page : n;
	char text[256], clean[4 * PROMPT_TEXT + 1];
	int used = snprintf(text, sizeof(text), " %zu-%zu of %zu", top->first + 1, last, n);

	if (top->filter[0])
		used += snprintf(text + used, sizeof(text) - (size_t)used, ", filter '%.40s'",
				 text_clean(top->filter, PROMPT_TEXT, clean, sizeof(clean)));
	if (top->by)
		used += snprintf(text + used, sizeof(text) - (size_t)used, ", tree %s",
				 row_tree_by_word(top->by));
	if (!sort_is_shown(top))
		used += snprintf(text + used, sizeof(text) - (size_t)used, ", sorted by %s",
				 top->sort->title);
	snprintf(text + used, sizeof(text) - (size_t)used, " ");
	if (text_width(text) + 20 < body->columns)
		screen_buffer_put(body, y, body->columns - text_width(text) - 1, body->columns,
				  STYLE_DIM, text);
}

void containers_draw(const struct top *top, struct screen_buffer *body)
{
	const struct row_tree *o = &top->tree;
	size_t rows = top->panel, y = top->list_y;

	draw_titles(top, body, 0);
	for (size_t i = top->first; i < o->n && i < top->first + top->page; i++, y++) {
		draw_line(top, &o->line[i], body, y);
		if (i == top->selected)
			screen_buffer_mark(body, y);
	}
	if (!o->n) {
		draw_nothing(top, body, y + 1);
		return;
	}
	draw_panel(top, body, rows);
	if (rows)
		containers_draw_position(top, body, body->rows - rows);
}
