// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One event: the lines of `headroom explain EVENT`, and for an OOM kill the plot before it. Keeps a copy, since the ring may
 * overwrite the event. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "widgets.h"
#include "format/forecast_plot.h"
#include "format/explain.h"
#include "cursor_keys.h"
#include "top.h"
#include "format/text_wrap.h"

#define PLOT_LOW  6
#define PLOT_HIGH 30

static const struct hr_event *event_of(const struct event_pane *pane)
{
	return (const void *)pane->record;
}

void event_open(struct top *top, const struct hr_event *event)
{
	struct event_pane *pane = &top->event;

	if (event->bytes > sizeof(pane->record))
		return;
	memcpy(pane->record, event, event->bytes);
	pane->pager.first = 0;
	screen_open(top, screen_find("event"));
}

static int update(struct top *top)
{
	top->pager = &top->event.pager;
	return 0;
}

static uint64_t subject(const struct top *top)
{
	const struct hr_event *event = event_of(&top->event);

	return event->bytes ? event->cgroup_id : 0;
}

static void key_container(struct top *top)
{
	if (snapshot_slot(top->s, subject(top)))
		container_open(top, subject(top));
	else
		snprintf(top->notice, sizeof(top->notice), "its container is not in this snapshot");
}

static void key_before(struct top *top)
{
	time_nav_before(top, event_of(&top->event)->time_ns, subject(top));
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_container, "Enter", "its container", "container"},
	PAGER_KEYS,
	{{'b'}, key_before, "b", "five minutes before", "5m before"},
	KEYS_END,
};

static size_t draw_explanation(const struct top *top, const struct hr_event *event,
			       struct screen_buffer *page)
{
	static struct explanation explanation; /* 16 KiB; one thread draws */
	const struct event_buffer *buffer = top->source ? &top->source->buffer : NULL;
	size_t y = 0;

	explanation.n = 0;
	explain_event(&explanation, event, buffer ? event_buffer_outcome(buffer, event) : NULL,
		      top->s->time_ns);
	for (size_t i = 0; i < explanation.n; i++)
		y += wrap_put(page, y, 0, page->columns, explanation.line[i].style,
			      explanation.line[i].text);
	return y;
}

static void draw(struct top *top, struct screen_buffer *body)
{
	const struct hr_event *event = event_of(&top->event);
	struct pager *pager = &top->event.pager;
	struct plot_point point[HR_OOM_HISTORY];
	struct plot plot;
	size_t rows;

	screen_buffer_style(body, 0, 0, body->columns, STYLE_TITLE);
	screen_buffer_put(body, 0, 0, body->columns, STYLE_TITLE, "event");
	if (!event->bytes || pager_begin(pager, body))
		return;
	pager->rows = draw_explanation(top, event, &pager->screen_buffer);
	rows = body->rows > pager->rows + 2 ? body->rows - pager->rows - 2 : 0;
	rows = rows < PLOT_LOW ? PLOT_LOW : rows < PLOT_HIGH ? rows : PLOT_HIGH;
	if (!forecast_plot_kill(event, point, &plot) &&
	    !plot_put(&plot, &pager->screen_buffer, pager->rows + 1, 0, rows, body->columns,
		      widget_marks(body)))
		pager->rows += 1 + rows;
	pager_show(pager, body, 1);
}

const struct screen screen_event = {
	.name = "event",
	.help = "one event explained",
	.keys = keys,
	.update = update,
	.subject = subject,
	.draw = draw,
};
