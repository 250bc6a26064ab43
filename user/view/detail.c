// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The panel on the marked row: who it is; when, why, what next; where its memory is. Sentences are danger.c's; here they
 * are given their rows. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/line.h"
#include "base/text.h"
#include "tell/danger.h"
#include "tell/names.h"
#include "top.h"
#include "tell/wrap.h"

#define LABEL_WIDTH 8
#define ID_DIGITS 12

static void add_clean(struct line *line, const char *raw, size_t n)
{
	char clean[512];

	if (raw && *raw)
		line_add(line, "%s%s", line->used ? "  " : "",
			 text_clean(raw, n, clean, sizeof(clean)));
}

/* "── leaky ── docker  busybox  4d48d54a20a4 ─────" */
static void draw_who(const struct row *row, struct canvas *canvas, size_t y)
{
	const struct hr_slot *slot = row->slot;
	const char *id = hr_slot_text(slot, slot->id.container_id);
	char text[1024] = "";
	struct line line = {text, sizeof(text), 0};
	size_t x = 3;

	for (size_t i = 0; i < canvas->columns; i++)
		canvas_put(canvas, y, i, 1, STYLE_DIM, canvas->ascii ? "-" : "─");
	canvas_put(canvas, y, x - 1, 1, STYLE_DIM, " ");
	x += canvas_put(canvas, y, x, canvas->columns > 12 ? canvas->columns - 6 : 6, STYLE_BOLD,
			row->name);
	x += canvas_put(canvas, y, x, 1, STYLE_DIM, " ");
	if (slot->id.runtime != HR_RUNTIME_NONE)
		add_clean(&line, hr_runtime_word(slot->id.runtime), SIZE_MAX);
	add_clean(&line, hr_slot_text(slot, slot->id.image), SIZE_MAX);
	if (id)
		add_clean(&line, id, strnlen(id, ID_DIGITS));
	if (!row->name_is_path && strcmp(row->name, "/") != 0)
		add_clean(&line, hr_slot_text(slot, slot->id.cgroup), SIZE_MAX);
	if (line.used && x + 8 < canvas->columns) {
		x += 2 + canvas_put(canvas, y, x + 2, 1, STYLE_DIM, " ");
		x += canvas_put(canvas, y, x, canvas->columns - x - 3, STYLE_DIM, text);
		canvas_put(canvas, y, x, 1, STYLE_DIM, " ");
	}
}

struct item {
	const char *label;
	enum style style;
	char text[DANGER_TEXT];
	size_t rows;
};

/* Rows each would take, wrapped. */
static size_t rows_of(const struct item *item, size_t width)
{
	struct canvas nowhere = {.columns = width};

	return wrap_put(&nowhere, 0, 0, width, STYLE_PLAIN, item->text);
}

/* Each gets a row; what is left goes to who needs more, the first first. */
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

static void draw_item(const struct item *item, struct canvas *canvas, size_t y)
{
	struct canvas part = *canvas;
	size_t x = LABEL_WIDTH, width = canvas->columns > x ? canvas->columns - x : 1;
	char cut[DANGER_TEXT];

	canvas_put(canvas, y, 0, x, STYLE_BOLD, item->label);
	if (item->rows == 1) {
		text_fit(item->text, width, canvas->ascii, cut, sizeof(cut));
		canvas_put(canvas, y, x, width, item->style, cut);
		return;
	}
	part.rows = y + item->rows;
	if (wrap_put(&part, y, x, width, item->style, item->text) > item->rows)
		canvas_put(&part, part.rows - 1, canvas->columns - 1, 1, item->style,
			   canvas->ascii ? "~" : "…");
}

void detail_draw(const struct top *top, const struct row *row, struct canvas *canvas)
{
	const struct hr_slot *slot = row->slot;
	struct item item[] = {{.label = "when"},
			      {.label = "why"},
			      {.label = "next"},
			      {.label = "memory", .style = STYLE_DIM}};
	size_t y = 1, width = canvas->columns > LABEL_WIDTH ? canvas->columns - LABEL_WIDTH : 1;

	if (!canvas->rows)
		return;
	draw_who(row, canvas, 0);
	item[0].style = danger_when(slot, top->s->time_ns, item[0].text);
	danger_why(slot, item[1].text);
	danger_next(slot, &top->s->host, item[2].text);
	if (!slot_gone(slot) && !top->s->health && !top->s->recording &&
	    !(top->source && source_past(top->source)))
		strncat(item[2].text, "; k acts by hand",
			sizeof(item[2].text) - strlen(item[2].text) - 1);
	danger_memory(slot, item[3].text);
	share_rows(item, ARRAY_SIZE(item), width, canvas->rows - 1);
	for (size_t i = 0; i < ARRAY_SIZE(item); i++) {
		if (item[i].rows)
			draw_item(&item[i], canvas, y);
		y += item[i].rows;
	}
}
