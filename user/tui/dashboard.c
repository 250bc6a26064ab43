// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Draws the containers screen in two panes. Each is drawn into a buffer of its own. */
#include "dashboard.h"

#include "base/cleanup.h"
#include "containers_draw.h"
#include "widgets.h"

#define WIDE        160
#define HIGH        16
#define LEFT_PART   0.58
#define LIST_LEAST  8  /* rows */
#define BELOW_MOST  14 /* rows below a list that is longer than its pane */
#define PLOT_LEAST  7
#define BLOCK_LEAST 4

bool dashboard_fits(const struct screen_buffer *body)
{
	return body->columns >= WIDE && body->rows >= HIGH;
}

/* ---- the marked container ---- */

typedef size_t widget_draw(const struct widget_input *of, struct screen_buffer *c, size_t y,
			   size_t x, size_t width);

/* Everything; the plot takes the rows that are left. Returns the rows of the rest. */
static size_t draw_widgets(const struct widget_input *of, struct screen_buffer *pane, size_t y)
{
	static const struct {
		const char *heading;
		widget_draw *draw;
	} widgets[] = {
		{NULL, widget_verdict},        {"usage and forecast", widget_plot},
		{"memory", widget_memory},     {"processes", widget_processes},
		{"pressure", widget_pressure}, {"reclaim", widget_reclaim},
		{"identity", widget_identity},
	};
	size_t from = y;

	for (size_t i = 0; i < ARRAY_SIZE(widgets); i++) {
		if (widgets[i].heading)
			y += pager_heading(pane, y, 0, pane->columns, widgets[i].heading);
		if (widgets[i].draw != widget_plot || of->plot_rows)
			y += widgets[i].draw(of, pane, y, 0, pane->columns);
	}
	return y - from;
}

static int draw_marked(struct top *top, size_t rows, size_t columns, bool ascii)
{
	const struct row *row = top_selected(top);
	struct screen_buffer *pane = &top->pane[1];
	struct widget_input of = {.host = &top->s->host, .now_ns = top->s->time_ns};
	size_t used;
	int r = screen_buffer_reset(pane, rows, columns, ascii);

	if (r || !row)
		return r;
	of.slot = row->slot;
	used = 1 + draw_widgets(&of, pane, 1);
	of.plot_rows = rows > used + PLOT_LEAST ? rows - used : PLOT_LEAST;
	r = screen_buffer_reset(pane, rows, columns, ascii);
	if (r)
		return r;
	containers_draw_identity(row, pane, 0);
	draw_widgets(&of, pane, 1);
	return 0;
}

/* ---- below the list ---- */

/* The newest first. Returns the rows taken. */
static size_t draw_events(const struct top *top, struct screen_buffer *pane, size_t y, size_t rows)
{
	const struct event_buffer *buffer = top->source ? &top->source->buffer : NULL;
	size_t used = pager_heading(pane, y, 0, pane->columns, "events");

	for (size_t i = buffer ? buffer->n : 0; i-- > 0 && used < rows;)
		if (buffer->event[i]->time_ns <= top->s->time_ns + 999999999 &&
		    buffer->event[i]->type != HR_EVENT_OOM_SCORE_ADJ)
			event_put(buffer->event[i], top->s->time_ns, pane, y + used++);
	if (used == 1)
		screen_buffer_put(pane, y + used++, 0, pane->columns, STYLE_DIM, "none yet");
	return used;
}

static size_t count_processes(const struct hr_host *host)
{
	size_t n = 0;

	while (n < HR_HOST_PROCESSES && host->process[n].pid)
		n++;
	return n;
}

/* Processes have their rows, events the rest. */
static void draw_below(const struct top *top, struct screen_buffer *pane, size_t y)
{
	const struct hr_host *host = &top->s->host;
	size_t rows = pane->rows - y, n = count_processes(host), processes = 0;

	if (n && rows >= n + 1 + 2 * BLOCK_LEAST)
		processes = n + 1;
	if (rows >= BLOCK_LEAST)
		draw_events(top, pane, y, rows - processes);
	if (!processes)
		return;
	y = pane->rows - processes;
	pager_heading(pane, y, 0, pane->columns, "processes outside containers");
	widget_process_rows(host->process, n, pane, y + 1, 0, pane->columns);
}

static int draw_left(struct top *top, size_t rows, size_t columns, bool ascii)
{
	struct screen_buffer *pane = &top->pane[0], list;
	size_t most = rows > BELOW_MOST + LIST_LEAST ? rows - BELOW_MOST : rows,
	       n = top->tree.n + 2;
	int r = screen_buffer_reset(pane, rows, columns, ascii);

	if (r)
		return r;
	n = n < LIST_LEAST ? LIST_LEAST : n > most ? most : n;
	list = *pane;
	list.rows = n;
	containers_fit(top, &list, 0);
	containers_draw(top, &list);
	draw_below(top, pane, n);
	containers_draw_position(top, pane, n);
	return 0;
}

int dashboard_draw(struct top *top, struct screen_buffer *body)
{
	size_t left = (size_t)((double)body->columns * LEFT_PART);
	int r = draw_left(top, body->rows, left, body->ascii);

	if (!r)
		r = draw_marked(top, body->rows, body->columns - left - 3, body->ascii);
	if (r)
		return r;
	screen_buffer_copy(body, 0, 0, &top->pane[0], 0, body->rows);
	screen_buffer_copy(body, 0, left + 3, &top->pane[1], 0, body->rows);
	for (size_t y = 0; y < body->rows; y++)
		screen_buffer_put(body, y, left + 1, 1, STYLE_DIM, body->ascii ? "|" : "│");
	return 0;
}
