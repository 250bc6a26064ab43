// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Incidents, one line each, newest first. Found by format/incident.h. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "format/table.h"
#include "cursor_keys.h"
#include "top.h"
#include "format/text_wrap.h"

#define DETAIL_ROWS_HERE 4
#define DETAIL_FROM      14

static const struct incident *marked(const struct top *top)
{
	const struct incidents_pane *pane = &top->incidents;

	return pane->list.marked < pane->list.n ? &pane->found.incident[pane->list.marked] : NULL;
}

static void find_incidents(struct top *top)
{
	struct incidents_pane *pane = &top->incidents;
	uint64_t began = clock_mono_ns();
	char id[INCIDENT_ID] = "";

	if (pane->list.marked && marked(top))
		snprintf(id, sizeof(id), "%s", marked(top)->id);
	pane->failed = !top->source || data_source_incidents(top->source, &pane->found);
	pane->seen = top->source ? top->source->buffer.changes : 0;
	pane->again_ns = clock_mono_ns() + NS_PER_SEC + 50 * (clock_mono_ns() - began);
	pane->list.n = pane->found.n;
	for (size_t i = 0; *id && i < pane->found.n; i++)
		if (!strcmp(pane->found.incident[i].id, id))
			pane->list.marked = i;
	list_cursor_mark(&pane->list, pane->list.marked);
}

static void open_incidents(struct top *top) { find_incidents(top); }

/* Searched again when events came in. */
static int update(struct top *top)
{
	if (top->source && top->source->buffer.changes != top->incidents.seen &&
	    clock_mono_ns() > top->incidents.again_ns)
		find_incidents(top);
	top->list = &top->incidents.list;
	return 0;
}

static uint64_t subject(const struct top *top) { return marked(top) ? marked(top)->cgroup_id : 0; }

static void key_open(struct top *top)
{
	const struct incident *incident = marked(top);
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];

	if (!incident || !top->source)
		return;
	if (!data_source_event(top->source, incident->seq, incident->instance, incident->time_ns,
			       (struct hr_event *)record))
		event_open(top, (const struct hr_event *)record);
	else
		snprintf(top->notice, sizeof(top->notice),
			 "event no longer held: see 'headroom report'");
}

static void key_before(struct top *top)
{
	const struct incident *incident = marked(top);

	if (incident)
		time_nav_before(top, incident->begin_ns, incident->cgroup_id);
}

static void click(struct top *top, size_t y, size_t x)
{
	if (y && list_cursor_click(&top->incidents.list, y - 1))
		key_open(top);
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_open, "Enter", "explain its event", "explain"},
	LIST_CURSOR_KEYS,
	{{'b'}, key_before, "b", "five minutes before", "5m before"},
	KEYS_END,
};

static void draw_row(const struct incident *incident, struct screen_buffer *body, size_t y)
{
	time_t seconds = (time_t)(incident->time_ns / NS_PER_SEC);
	enum style style = severity_style(incident->severity);
	char when[32], name[INCIDENT_NAME], fits[INCIDENT_TITLE];
	const char *kind = incident_kind_name(incident->kind);
	size_t wide = name_width(body->columns), x = 3;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(when, sizeof(when), body->columns < 100 ? "%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M:%S",
		 &tm);
	strcpy(name, incident->name);
	text_fit_end(name, wide, body->ascii);
	screen_buffer_put(body, y, 0, 2, style, severity_mark(incident->severity));
	x += screen_buffer_put(body, y, x, 19, STYLE_DIM, when) + 1;
	screen_buffer_print(body, y, x, style, "%-9s", kind ? kind : "?");
	x += 10;
	screen_buffer_put(body, y, x, wide, STYLE_BOLD, name);
	x += wide + 1;
	if (x < body->columns)
		screen_buffer_put(body, y, x, body->columns - x, style,
				  text_fit(incident->title, body->columns - x, body->ascii, fits,
					   sizeof(fits)));
}

static void draw_detail(const struct top *top, struct screen_buffer *body)
{
	const struct incident *incident = marked(top);
	uint64_t took = incident->end_ns - incident->begin_ns;
	size_t y = body->rows - DETAIL_ROWS_HERE;
	char text[INCIDENT_TITLE + INCIDENT_NAME + 192], lasted[UNITS_TEXT], time[64] = "";

	pager_heading(body, y, 0, body->columns, incident->id);
	if (took >= NS_PER_MS)
		snprintf(time, sizeof(time), "; %s %s", incident->open ? "ongoing for" : "duration",
			 units_duration_ms(took / NS_PER_MS, lasted));
	snprintf(text, sizeof(text), "%s: %s%s. Full report: headroom report %s", incident->name,
		 incident->title, time, incident->id);
	wrap_put(body, y + 1, 0, body->columns, STYLE_PLAIN, text);
}

static void draw(struct top *top, struct screen_buffer *body)
{
	struct incidents_pane *pane = &top->incidents;
	bool detail = body->rows >= DETAIL_FROM;
	size_t row, used = 1 + (detail ? DETAIL_ROWS_HERE : 0);

	screen_buffer_style(body, 0, 0, body->columns, STYLE_TITLE);
	screen_buffer_print(body, 0, 0, STYLE_TITLE, "incidents, newest first%s",
			    pane->failed ? ": cannot be read" : "");
	list_cursor_fit(&pane->list, body->rows > used ? body->rows - used : 1);
	for (size_t y = 0; list_cursor_at(&pane->list, y, &row); y++) {
		draw_row(&pane->found.incident[row], body, 1 + y);
		if (row == pane->list.marked)
			screen_buffer_style(body, 1 + y, 0, body->columns, STYLE_SELECTED);
	}
	if (!pane->list.n)
		screen_buffer_put(body, 2, 2, body->columns, STYLE_PLAIN, "no incidents held");
	else if (detail)
		draw_detail(top, body);
}

const struct screen screen_incidents = {
	.name = "incidents",
	.help = "OOM kills, actions and near misses",
	.key = 'i',
	.keys = keys,
	.open = open_incidents,
	.update = update,
	.subject = subject,
	.draw = draw,
	.click = click,
};
