// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One container: forecast, plot, memory, processes, pressure, events. In two columns on a wide terminal; what does not fit
 * scrolls. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "widgets.h"
#include "format/phrase.h"
#include "format/display_name.h"
#include "cursor_keys.h"
#include "top.h"

#define TWO_COLUMNS 120 /* from here on it is drawn in two */
#define PLOT_LOW    7
#define PLOT_HIGH   40
#define LOW_BODY    19 /* 80x24: the plot is as low as it gets */

static const struct widget {
	const char *heading; /* NULL: none */
	size_t (*draw)(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		       size_t width);
	bool right; /* which column, where there are two */
} widgets[] = {
	{NULL, widget_verdict, false},        {NULL, widget_plot, false},
	{"memory", widget_memory, false},     {"processes", widget_processes, false},
	{"pressure", widget_pressure, false}, {"reclaim", widget_reclaim, false},
	{"events", widget_events, true},      {"identity", widget_identity, true},
};

static void open_container(struct top *top)
{
	top->container.pager.first = 0;
	if (top->subject)
		top->container.id = top->subject;
}

void container_open(struct top *top, uint64_t cgroup_id)
{
	screen_open(top, screen_find("container"));
	top->container.id = cgroup_id;
	top->stale = true;
}

static int update(struct top *top)
{
	struct container_pane *pane = &top->container;
	const struct hr_slot *slot = snapshot_slot(top->s, pane->id);

	top->pager = &pane->pager;
	pane->known = slot || (pane->known && pane->slot.cgroup_id == pane->id);
	pane->there = slot != NULL;
	if (slot)
		pane->slot = *slot;
	return 0;
}

static void draw_title(const struct top *top, struct screen_buffer *body)
{
	const struct hr_slot *slot = &top->container.slot;
	struct record_text from = record_text_slot(slot);
	char label[640], fits[640], runs[64] = "";
	size_t width = body->columns;

	if (*slot_node(slot, label, 128))
		strcat(label, ": ");
	identity_label(&from, &slot->id, slot->cgroup_id, label + strlen(label),
		       sizeof(label) - strlen(label));
	if (!top->container.there)
		snprintf(runs, sizeof(runs), "no longer on the board");
	else
		phrase_age(&(struct line){runs, sizeof(runs), 0}, slot, top->s->time_ns);
	screen_buffer_style(body, 0, 0, width, STYLE_TITLE);
	if (strlen(runs) + 22 <= width) {
		width -= strlen(runs) + 2;
		screen_buffer_put(body, 0, width + 1, strlen(runs), STYLE_TITLE, runs);
	}
	screen_buffer_put(body, 0, 0, width, STYLE_TITLE_KEY,
			  text_fit(label, width, body->ascii, fits, sizeof(fits)));
}

static size_t draw_column(const struct widget_input *of, struct screen_buffer *page, size_t x,
			  size_t width, int right)
{
	size_t y = 0;

	for (size_t i = 0; i < ARRAY_SIZE(widgets); i++) {
		if (right >= 0 && widgets[i].right != (right > 0))
			continue;
		if (widgets[i].heading)
			y += pager_heading(page, y, x, width, widgets[i].heading);
		y += widgets[i].draw(of, page, y, x, width);
	}
	return y;
}

static void draw(struct top *top, struct screen_buffer *body)
{
	struct container_pane *pane = &top->container;
	struct pager *pager = &pane->pager;
	struct widget_input of = {.slot = &pane->slot,
				  .host = &top->s->host,
				  .buffer = top->source ? &top->source->buffer : NULL,
				  .now_ns = top->s->time_ns,
				  .events = 12};
	size_t wide = body->columns, high = body->rows > LOW_BODY ? body->rows - LOW_BODY : 0;

	if (!pane->known || pager_begin(pager, body)) {
		screen_buffer_put(body, 0, 0, wide, STYLE_PLAIN,
				  "no container marked: Esc goes back");
		return;
	}
	draw_title(top, body);
	of.plot_rows = PLOT_LOW + (wide >= TWO_COLUMNS ? high / 2 : high / 3);
	of.plot_rows = of.plot_rows < PLOT_HIGH ? of.plot_rows : PLOT_HIGH;
	if (wide < TWO_COLUMNS) {
		pager->rows = draw_column(&of, &pager->screen_buffer, 0, wide, -1);
	} else {
		size_t left = wide * 11 / 20, a, b;

		a = draw_column(&of, &pager->screen_buffer, 0, left, 0);
		b = draw_column(&of, &pager->screen_buffer, left + 2, wide - left - 2, 1);
		pager->rows = a > b ? a : b;
	}
	pager_show(pager, body, 1);
}

static uint64_t subject(const struct top *top) { return top->container.id; }

/* In the order of the list as it was last drawn; containers gone since are skipped. */
static void turn(struct top *top, bool back)
{
	const struct row_tree *o = &top->tree;
	size_t i = 0;

	while (i < o->n && o->line[i].key != top->container.id)
		i++;
	while (back ? i-- > 0 && i < o->n : ++i < o->n) {
		if (!snapshot_slot(top->s, o->line[i].key))
			continue;
		top->container.id = top->selected_id = o->line[i].key;
		top->container.pager.first = 0;
		top->stale = true;
		return;
	}
}

static void key_left(struct top *top) { turn(top, true); }

static void key_right(struct top *top) { turn(top, false); }

static const struct key keys[] = {
	PAGER_KEYS,
	{{TOP_LEFT}, key_left, "left, right", "previous, next container", NULL},
	{{TOP_RIGHT}, key_right, NULL, NULL, NULL},
	KEYS_END,
};

const struct screen screen_container = {
	.name = "container",
	.help = "one container: forecast, plot, memory, processes, events",
	.keys = keys,
	.open = open_container,
	.update = update,
	.subject = subject,
	.draw = draw,
};
