// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The panel of the marked row: identity; forecast, factors, next action, memory. The texts are alert_text.c's; here they get
 * their rows. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "format/alert_text.h"
#include "format/display_name.h"
#include "containers_draw.h"
#include "top.h"
#include "widgets.h"
#include "format/text_wrap.h"

#define LABEL_WIDTH 9
#define ID_DIGITS   12
#define PLOT_LEAST  6

static void add_clean(struct line *line, const char *raw, size_t n)
{
	char clean[512];

	if (raw && *raw)
		line_add(line, "%s%s", line->used ? "  " : "",
			 text_clean(raw, n, clean, sizeof(clean)));
}

/* "── leaky ── docker  busybox  4d48d54a20a4 ─────" */
void containers_draw_identity(const struct row *row, struct screen_buffer *screen_buffer, size_t y)
{
	const struct hr_slot *slot = row->slot;
	const char *id = hr_slot_text(slot, slot->id.container_id);
	char text[1024] = "", container[ROW_NAME], pod[ROW_NAME];
	struct record_text from = record_text_slot(slot);
	struct line line = {text, sizeof(text), 0};
	size_t x = 3;
	bool in_pod = identity_in_pod(&from, &slot->id, container, pod, sizeof(pod));

	for (size_t i = 0; i < screen_buffer->columns; i++)
		screen_buffer_put(screen_buffer, y, i, 1, STYLE_DIM,
				  screen_buffer->ascii ? "-" : "─");
	screen_buffer_put(screen_buffer, y, x - 1, 1, STYLE_DIM, " ");
	x += screen_buffer_put(screen_buffer, y, x,
			       screen_buffer->columns > 12 ? screen_buffer->columns - 6 : 6,
			       STYLE_ACCENT, in_pod ? container : row->name);
	x += screen_buffer_put(screen_buffer, y, x, 1, STYLE_DIM, " ");
	if (in_pod)
		line_add(&line, "%s", pod);
	if (slot->id.runtime != HR_RUNTIME_NONE)
		add_clean(&line, hr_runtime_name(slot->id.runtime), SIZE_MAX);
	add_clean(&line, hr_slot_text(slot, slot->id.image), SIZE_MAX);
	if (id)
		add_clean(&line, id, strnlen(id, ID_DIGITS));
	if (!row->name_is_path && strcmp(row->name, "/") != 0)
		add_clean(&line, hr_slot_text(slot, slot->id.cgroup), SIZE_MAX);
	if (line.used && x + 8 < screen_buffer->columns) {
		x += 2 + screen_buffer_put(screen_buffer, y, x + 2, 1, STYLE_DIM, " ");
		x += screen_buffer_put(screen_buffer, y, x, screen_buffer->columns - x - 3,
				       STYLE_DIM, text);
		screen_buffer_put(screen_buffer, y, x, 1, STYLE_DIM, " ");
	}
}

struct item {
	const char *label;
	enum style style;
	char text[ALERT_TEXT];
	size_t rows;
};

/* Rows it would take, wrapped. */
static size_t rows_of(const struct item *item, size_t width)
{
	struct screen_buffer nowhere = {.columns = width};

	return wrap_put(&nowhere, 0, 0, width, STYLE_PLAIN, item->text);
}

/* Each gets a row; the rest goes to those that need more, the first first. */
static void share_rows(struct item *item, size_t n, size_t width, size_t rows)
{
	for (size_t i = 0; i < n; i++) {
		item[i].rows = rows && item[i].text[0];
		rows -= item[i].rows;
	}
	for (size_t i = 0; i < n; i++)
		while (rows && item[i].rows && item[i].rows < rows_of(&item[i], width)) {
			item[i].rows++;
			rows--;
		}
}

static void draw_item(const struct item *item, struct screen_buffer *screen_buffer, size_t y)
{
	struct screen_buffer part = *screen_buffer;
	size_t x = LABEL_WIDTH, width = screen_buffer->columns > x ? screen_buffer->columns - x : 1;
	char cut[ALERT_TEXT];

	screen_buffer_put(screen_buffer, y, 0, x, STYLE_BOLD, item->label);
	if (item->rows == 1) {
		text_fit(item->text, width, screen_buffer->ascii, cut, sizeof(cut));
		screen_buffer_put(screen_buffer, y, x, width, item->style, cut);
		return;
	}
	part.rows = y + item->rows;
	if (wrap_put(&part, y, x, width, item->style, item->text) > item->rows)
		screen_buffer_put(&part, part.rows - 1, screen_buffer->columns - 1, 1, item->style,
				  screen_buffer->ascii ? "~" : "…");
}

/* Read for the marked row alone: for thousands it would take long. */
static void add_paused(const struct snapshot *s, const struct hr_slot *slot, char text[ALERT_TEXT])
{
	struct hr_slot copy = *slot;

	snapshot_paused(s, &copy, 1);
	if (copy.flags & HR_SLOT_PAUSED)
		strncat(text, "; paused (frozen)", ALERT_TEXT - strlen(text) - 1);
}

void detail_panel_draw(const struct top *top, const struct row *row,
		       struct screen_buffer *screen_buffer)
{
	const struct hr_slot *slot = row->slot;
	struct widget_input of = {.slot = slot};
	struct item item[] = {{.label = "forecast"},
			      {.label = "factors"},
			      {.label = "next"},
			      {.label = "memory", .style = STYLE_DIM}};
	size_t y = 1, width = screen_buffer->columns > LABEL_WIDTH
				      ? screen_buffer->columns - LABEL_WIDTH
				      : 1;

	if (!screen_buffer->rows)
		return;
	containers_draw_identity(row, screen_buffer, 0);
	item[0].style = alert_forecast(slot, top->s->time_ns, item[0].text);
	alert_factors(slot, item[1].text);
	alert_next(slot, &top->s->host, item[2].text);
	if (!slot_gone(slot) && !top->s->health && !top->s->recording &&
	    !(top->source && data_source_past(top->source)))
		strncat(item[2].text, "; a: manual action",
			sizeof(item[2].text) - strlen(item[2].text) - 1);
	alert_memory(slot, item[3].text);
	add_paused(top->s, slot, item[3].text);
	share_rows(item, ARRAY_SIZE(item), width, screen_buffer->rows - 1);
	for (size_t i = 0; i < ARRAY_SIZE(item); i++) {
		if (item[i].rows)
			draw_item(&item[i], screen_buffer, y);
		y += item[i].rows;
	}
	of.plot_rows = screen_buffer->rows > y ? screen_buffer->rows - y : 0;
	if (of.plot_rows >= PLOT_LEAST)
		widget_plot(&of, screen_buffer, y, 0, screen_buffer->columns);
}
