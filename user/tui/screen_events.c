// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The events held, newest first, up to the time of the snapshot; by severity, of all containers or of one. One line each; the
 * marked one in full at the bottom. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "format/display_name.h"
#include "format/event_line.h"
#include "format/table.h"
#include "cursor_keys.h"
#include "top.h"
#include "widgets.h"
#include "format/text_wrap.h"

#define DETAIL_ROWS_HERE 4
#define DETAIL_FROM      14         /* rows of the body from which on it is shown */
#define SECOND_NS        999999999u /* an event of the snapshot's own second is not later */

enum style severity_style(unsigned int severity)
{
	return severity == HR_INFO ? STYLE_PLAIN : severity == HR_WARNING ? STYLE_WARN : STYLE_BAD;
}

const char *severity_mark(unsigned int severity)
{
	return severity == HR_INFO ? "  " : severity == HR_WARNING ? "! " : "!!";
}

/* Width of the subject's name in a list. */
size_t name_width(size_t columns)
{
	return columns < 64 ? 12 : columns / 4 < 44 ? columns / 4 : 44;
}

static const struct hr_event *marked(const struct top *top)
{
	const struct events_pane *pane = &top->events;

	return pane->list.marked < pane->list.n ? pane->event[pane->list.marked] : NULL;
}

static bool is_listed(const struct events_pane *pane, const struct hr_event *event,
		      const struct hr_slot *only, uint64_t until_ns)
{
	if (event->severity < pane->least || (until_ns && event->time_ns > until_ns + SECOND_NS))
		return false;
	if (!pane->only)
		return true;
	return only ? event_concerns(event, only) : event->cgroup_id == pane->only_id;
}

/* The newest first; the mark stays on its event, or on the newest. */
static int update(struct top *top)
{
	struct events_pane *pane = &top->events;
	const struct event_buffer *buffer = top->source ? &top->source->buffer : NULL;
	const struct hr_slot *only = pane->only ? snapshot_slot(top->s, pane->only_id) : NULL;
	const struct hr_event *was = pane->list.marked ? marked(top) : NULL;
	uint64_t until = top->source ? top->source->at_ns : 0;
	uint64_t seq = was ? pane->marked_seq : 0, instance = pane->marked_instance;
	size_t n = 0, mark = 0;

	if (buffer && buffer->n > pane->space) {
		const struct hr_event **bigger =
			reallocarray(pane->event, buffer->space, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		pane->event = bigger;
		pane->space = buffer->space;
	}
	pane->hidden = 0;
	for (size_t i = buffer ? buffer->n : 0; i-- > 0;) {
		const struct hr_event *event = buffer->event[i];

		if (!is_listed(pane, event, only, until))
			continue;
		if (event->type == HR_EVENT_OOM_SCORE_ADJ && !pane->chatter) {
			pane->hidden++;
			continue;
		}
		if (seq && event->seq == seq && event->instance == instance)
			mark = n;
		pane->event[n++] = event;
	}
	pane->list.n = n;
	list_cursor_mark(&pane->list, mark);
	top->list = &pane->list;
	return 0;
}

/* The buffer may drop events before the next snapshot: the marked event is kept by its number. */
static void remember(struct events_pane *pane)
{
	const struct hr_event *event = pane->list.marked && pane->list.marked < pane->list.n
					       ? pane->event[pane->list.marked]
					       : NULL;

	pane->marked_seq = event ? event->seq : 0;
	pane->marked_instance = event ? event->instance : 0;
}

static void open_events(struct top *top)
{
	struct events_pane *pane = &top->events;

	pane->only_id = top->subject;
	if (!pane->only_id)
		pane->only = false;
}

static uint64_t subject(const struct top *top)
{
	const struct hr_event *event = marked(top);

	return event ? event->cgroup_id : 0;
}

/* ---- keys ---- */

static void key_open(struct top *top)
{
	const struct hr_event *event = marked(top);

	if (event)
		event_open(top, event);
}

static void key_severity(struct top *top)
{
	top->events.least = top->events.least == HR_CRITICAL ? HR_INFO : top->events.least + 1;
	top->stale = true;
}

static void key_only(struct top *top)
{
	if (!top->events.only && !top->events.only_id)
		top->events.only_id = subject(top);
	top->events.only = !top->events.only && top->events.only_id;
	top->stale = true;
}

static void key_chatter(struct top *top)
{
	top->events.chatter = !top->events.chatter;
	top->stale = true;
}

static void key_before(struct top *top)
{
	const struct hr_event *event = marked(top);

	if (event)
		time_nav_before(top, event->time_ns, event->cgroup_id);
}

static void click(struct top *top, size_t y, size_t x)
{
	if (y && list_cursor_click(&top->events.list, y - 1))
		key_open(top);
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_open, "Enter", "explain the event", "explain"},
	LIST_CURSOR_KEYS,
	{{'s'}, key_severity, "s", "severity: all, warning and above, critical", "severity"},
	{{'o'}, key_only, "o", "only this container, or all", "only"},
	{{'b'}, key_before, "b", "five minutes before", "5m before"},
	{{'A'}, key_chatter, "A", "include changes of oom_score_adj", NULL},
	KEYS_END,
};

/* ---- drawing ---- */

static void draw_title(const struct top *top, struct screen_buffer *body)
{
	static const char *const what[] = {"", ", warning and above", ", critical"};
	const struct events_pane *pane = &top->events;
	const struct hr_slot *slot = pane->only ? snapshot_slot(top->s, pane->only_id) : NULL;
	char identity[256] = "one container", title[640], fits[640], hidden[64] = "";

	if (slot) {
		struct record_text from = record_text_slot(slot);

		identity_name(&from, &slot->id, identity, sizeof(identity), NULL);
	}
	if (pane->hidden)
		snprintf(hidden, sizeof(hidden), "; %zu oom_score_adj hidden (A)", pane->hidden);
	snprintf(title, sizeof(title), "events: %s%s, newest first%s%s%s",
		 pane->only ? identity : "all containers",
		 what[pane->least <= HR_CRITICAL ? pane->least : 0], hidden,
		 top->source && top->source->buffer.cut ? "; older ones dropped" : "",
		 top->source && data_source_reads(top->source) ? "; reading" : "");
	screen_buffer_style(body, 0, 0, body->columns, STYLE_TITLE);
	screen_buffer_put(body, 0, 0, body->columns, STYLE_TITLE,
			  text_fit(title, body->columns, body->ascii, fits, sizeof(fits)));
}

/* "12:07:52", with the date where it differs from the snapshot's. */
static void time_text(const struct hr_event *event, uint64_t now_ns, char *text, size_t bytes)
{
	time_t seconds = (time_t)(event->time_ns / NS_PER_SEC), now = (time_t)(now_ns / NS_PER_SEC);
	struct tm then, today;

	localtime_r(&seconds, &then);
	localtime_r(&now, &today);
	strftime(text, bytes,
		 then.tm_yday == today.tm_yday && then.tm_year == today.tm_year ? "%H:%M:%S"
										: "%m-%d %H:%M:%S",
		 &then);
}

void event_put(const struct hr_event *event, uint64_t now_ns, struct screen_buffer *body, size_t y)
{
	enum style style = severity_style(event->severity);
	struct record_text from = record_text_event(event);
	const char *type = hr_event_type_name(event->type);
	char when[32], text[EVENT_LINE_TEXT], fits[EVENT_LINE_TEXT];
	size_t x, wide = name_width(body->columns);

	time_text(event, now_ns, when, sizeof(when));
	screen_buffer_put(body, y, 0, 2, style, severity_mark(event->severity));
	x = 3 + screen_buffer_put(body, y, 3, 14, STYLE_DIM, when) + 1;
	x += screen_buffer_put(body, y, x, 9, style, type ? type : "unknown");
	x += x < 3 + 9 + 10 ? 3 + 9 + 10 - x : 1;
	widget_name(&from, &event->id, STYLE_BOLD, body, y, x, wide);
	x += wide + 1;
	if (x < body->columns)
		screen_buffer_put(body, y, x, body->columns - x, style,
				  text_fit(event_text(event, text), body->columns - x, body->ascii,
					   fits, sizeof(fits)));
}

static void draw_detail(const struct top *top, struct screen_buffer *body)
{
	const struct hr_event *event = marked(top);
	size_t y = body->rows - DETAIL_ROWS_HERE;
	char text[EVENT_LINE_TEXT], head[64];

	snprintf(head, sizeof(head), "event %llu", event ? (unsigned long long)event->seq : 0);
	pager_heading(body, y, 0, body->columns, event ? head : "");
	if (event)
		wrap_put(body, y + 1, 0, body->columns, STYLE_PLAIN,
			 event_line(event, top->s->time_ns, text));
}

static void draw(struct top *top, struct screen_buffer *body)
{
	struct events_pane *pane = &top->events;
	bool detail = body->rows >= DETAIL_FROM;
	size_t row, used = 1 + (detail ? DETAIL_ROWS_HERE : 0);

	draw_title(top, body);
	list_cursor_fit(&pane->list, body->rows > used ? body->rows - used : 1);
	for (size_t y = 0; list_cursor_at(&pane->list, y, &row); y++) {
		event_put(pane->event[row], top->s->time_ns, body, 1 + y);
		if (row == pane->list.marked)
			screen_buffer_style(body, 1 + y, 0, body->columns, STYLE_SELECTED);
	}
	if (!pane->list.n)
		screen_buffer_put(body, 2, 2, body->columns, STYLE_PLAIN,
				  pane->least || pane->only ? "no match: s and o change the filter"
							    : "no events held");
	else if (detail)
		draw_detail(top, body);
	remember(pane);
}

const struct screen screen_events = {
	.name = "events",
	.help = "OOM kills, alarms, actions, container starts and ends",
	.key = 'e',
	.keys = keys,
	.open = open_events,
	.update = update,
	.subject = subject,
	.draw = draw,
	.click = click,
};
