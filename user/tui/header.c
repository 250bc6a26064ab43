// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host's lines at the top of the interactive monitor: daemon, memory, swap, pressure, risk. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "format/alert_text.h"
#include "format/display_name.h"
#include "format/phrase.h"
#include "top.h"
#include "format/enum_text.h"

#define HEADER_TALL 20 /* a lower screen has three lines for the host */
#define GRAPH_FROM  36 /* rows of the screen: graphs of memory and stalls */
#define GRAPH_HIGH  50
#define LINE_MOST   14 /* columns of the stalls' graph in the memory line */
#define LINE_LEAST  4
#define BAR_LEAST   8
#define BAR_MOST    60
#define MEMORY_WARN 0.90 /* used share of the host's memory: coloured from here on */
#define MEMORY_BAD  0.97
#define STALLS_WARN 1000 /* hundredths of a per cent of the last 10 s */

/* Right-aligned, if it fits beside the `taken` columns. */
static void right(struct screen_buffer *screen_buffer, size_t y, size_t taken, enum style style,
		  const char *text)
{
	size_t width = text_width(text);

	if (taken + 1 + width <= screen_buffer->columns)
		screen_buffer_put(screen_buffer, y, screen_buffer->columns - width, width, style,
				  text);
}

/* "observe-only, interval 1s, daemon 5 MiB", as much as fits. */
static size_t draw_daemon(const struct snapshot *s, struct screen_buffer *screen_buffer, size_t x,
			  size_t space)
{
	static const char *const modes[] = {"observe-only", "dry run", "enforce"};
	const struct hr_host *host = &s->host;
	char text[256];
	struct line line = line_in(text, sizeof(text));
	size_t kept;

	if (host->paused_until_ns)
		line_add(&line, "policies paused");
	else
		line_add(&line, "%s",
			 host->mode < ARRAY_SIZE(modes) ? modes[host->mode] : "unknown mode");
	kept = line.used;
	line_add_ms(&line, ", interval ", host->interval_ms ? host->interval_ms : HR_UNKNOWN, "");
	if (text_width(text) <= space)
		kept = line.used;
	if (host->rss_bytes)
		line_add_bytes(&line, ", daemon ", host->rss_bytes, "");
	if (text_width(text) <= space)
		kept = line.used;
	text[kept] = 0;
	return screen_buffer_put(screen_buffer, 0, x, space, STYLE_PLAIN, text);
}

static void draw_identity(const struct top *top, struct screen_buffer *screen_buffer)
{
	const struct snapshot *s = top->s;
	bool lost = s->host.events_lost && s->host.events_lost != HR_UNKNOWN;
	bool past = top->source && data_source_past(top->source);
	char clock[64], node[160], warning[128], label[DATA_SOURCE_TEXT];
	time_t seconds = (time_t)(s->time_ns / NS_PER_SEC);
	size_t x, space;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock),
		 screen_buffer->columns < 100 && !past ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	if (top->frozen)
		strcat(clock, " PAUSED");
	x = screen_buffer_put(screen_buffer, 0, 0, screen_buffer->columns, STYLE_BOLD, "headroom");
	x += 1 +
	     screen_buffer_put(screen_buffer, 0, x + 1, 40, STYLE_PLAIN,
			       text_clean(s->host.node, sizeof(s->host.node), node, sizeof(node)));
	x += 2;
	space = screen_buffer->columns > x + text_width(clock) + 2
			? screen_buffer->columns - x - text_width(clock) - 2
			: 0;
	if (s->health) /* rather than the time */
		x += screen_buffer_put(screen_buffer, 0, x, screen_buffer->columns, STYLE_BAD,
				       snapshot_warning(s, warning, sizeof(warning)));
	else if (past)
		x += screen_buffer_print(screen_buffer, 0, x, STYLE_SELECTED, " %s ",
					 data_source_label(top->source, clock_wall_ns(), label));
	else if (s->recording)
		x += screen_buffer_put(screen_buffer, 0, x, space, STYLE_WARN, "recording");
	else if (lost)
		x += screen_buffer_print(screen_buffer, 0, x, STYLE_WARN, "%llu record%s lost",
					 (unsigned long long)s->host.events_lost,
					 plural_s(s->host.events_lost));
	else if (s->host.capacity && s->host.containers >= s->host.capacity)
		x += screen_buffer_print(screen_buffer, 0, x, STYLE_WARN,
					 "capacity reached: %u cgroups", s->host.containers);
	else
		x += draw_daemon(s, screen_buffer, x, space);
	right(screen_buffer, 0, x, top->frozen ? STYLE_WARN : STYLE_PLAIN, clock);
}

/* "memory [bar] 11.2 GiB of 31.2 GiB, headroom 20 GiB, swap 0 of 2 GiB, stalls 0.1%" */
static void draw_memory(const struct top *top, struct screen_buffer *screen_buffer, bool graphs)
{
	const struct hr_host *host = &top->s->host;
	char used[UNITS_TEXT], total[UNITS_TEXT], headroom[UNITS_TEXT], tail[200],
		swap[64] = "no swap", waits[48] = "";
	double share = host_used_share(host);
	bool stalls = host->pressure.some_avg10_centi != HR_UNKNOWN_U32 &&
		      host->pressure.some_avg10_centi >= STALLS_WARN;
	enum style style = share >= MEMORY_BAD              ? STYLE_BAD
			   : share >= MEMORY_WARN || stalls ? STYLE_WARN
							    : STYLE_PLAIN;
	size_t space, bar, line = 0;

	if (host->swap_total && host->swap_total != HR_UNKNOWN)
		snprintf(swap, sizeof(swap), "swap %s of %s",
			 units_bytes(host->swap_free <= host->swap_total
					     ? host->swap_total - host->swap_free
					     : HR_UNKNOWN,
				     used),
			 units_bytes(host->swap_total, total));
	if (!graphs && host->pressure.some_avg10_centi != HR_UNKNOWN_U32)
		snprintf(waits, sizeof(waits), ", stalls %.1f%%",
			 host->pressure.some_avg10_centi / 100.0);
	snprintf(tail, sizeof(tail), "%s of %s, headroom %s, %s%s",
		 units_bytes(host_used(host), used), units_bytes(hr_host_usable(host), total),
		 units_bytes(host->headroom, headroom), swap, waits);
	screen_buffer_put(screen_buffer, 1, 0, screen_buffer->columns, STYLE_PLAIN, "memory");
	space = screen_buffer->columns > text_width(tail) + 8
			? screen_buffer->columns - text_width(tail) - 8
			: 0;
	if (*waits && space >= BAR_LEAST + LINE_LEAST + 1) {
		line = space - BAR_LEAST - 1 < LINE_MOST ? space - BAR_LEAST - 1 : LINE_MOST;
		space -= line + 1;
	}
	bar = space > BAR_MOST ? BAR_MOST : space;
	if (bar < BAR_LEAST)
		bar = 0;
	else
		screen_buffer_bar(screen_buffer, 1, 7, bar, STYLE_GRADE, isnan(share) ? 0 : share,
				  0);
	screen_buffer_put(screen_buffer, 1, 7 + bar + (bar > 0), screen_buffer->columns, style,
			  tail);
	if (line)
		host_graph_put_line(&top->graph, screen_buffer, 1,
				    7 + bar + (bar > 0) + text_width(tail) + 1, line);
}

static void add_count(struct line *line, size_t n, const char *one, const char *many)
{
	if (n)
		line_add(line, "%s%zu %s", line->used ? ", " : "", n, n == 1 ? one : many);
}

/* The containers at risk; beside it the counts, if they fit. */
static void draw_headline(const struct snapshot *s, struct screen_buffer *screen_buffer, size_t y)
{
	char text[ALERT_TEXT], fits[ALERT_TEXT], counts[160] = "";
	struct line line = {counts, sizeof(counts), 0};
	enum style style =
		alert_headline(s, screen_buffer->columns - 3, screen_buffer->ascii, text);
	bool risk = style == STYLE_BAD || style == STYLE_WARN || style == STYLE_ACCENT;
	size_t x = risk ? 3 : 0;

	if (risk)
		screen_buffer_put(screen_buffer, y, 0, x, style, style == STYLE_BAD ? "!!" : "!");
	text_fit(text, screen_buffer->columns - x, screen_buffer->ascii, fits, sizeof(fits));
	x += screen_buffer_put(screen_buffer, y, x, screen_buffer->columns, style, fits);
	add_count(&line, s->tally.containers, "container", "containers");
	add_count(&line, s->tally.units, "unit", "units");
	add_count(&line, s->tally.others, "group", "groups");
	add_count(&line, s->tally.gone, "gone", "gone");
	right(screen_buffer, y, x + 1, STYLE_DIM, counts);
}

/* The last action or OOM kill that is held. */
static const struct hr_event *last_action(const struct top *top)
{
	const struct event_buffer *buffer = top->source ? &top->source->buffer : NULL;

	for (size_t i = buffer ? buffer->n : 0; i--;) {
		const struct hr_event *event = buffer->event[i];

		if ((event->type == HR_EVENT_OOM_KILL || event->type == HR_EVENT_ACTION) &&
		    event->time_ns <= top->s->time_ns + NS_PER_SEC)
			return event;
	}
	return NULL;
}

/* "12:07:52 OOM kill, web", "12:07:50 term, web (dry run)" */
static void add_last_action(const struct hr_event *event, struct line *line)
{
	const struct hr_event_action *action = (const void *)event;
	struct record_text from = record_text_event(event);
	time_t seconds = (time_t)(event->time_ns / NS_PER_SEC);
	const char *what = "OOM kill", *note = NULL;
	char name[320], clock[16];
	struct tm tm;

	if (event->type == HR_EVENT_ACTION && event->bytes >= sizeof(*action)) {
		what = hr_action_kind_name(action->kind);
		note = action->status == HR_STATUS_DONE ? NULL
							: hr_action_status_name(action->status);
	}
	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	identity_name(&from, &event->id, name, sizeof(name), NULL);
	line_add(line, "%s %s%s%s", clock, what ? what : "act", *name ? ", " : "", path_tail(name));
	if (note)
		line_add(line, " (%s)", note);
}

/* The host's own forecast, OOM kills and the last action. */
static void draw_host(const struct top *top, struct screen_buffer *screen_buffer, size_t y)
{
	const struct snapshot *s = top->s;
	const struct hr_event *action = last_action(top);
	char text[ALERT_TEXT], cut[ALERT_TEXT];
	enum style style = alert_host(&s->host, text);
	size_t x = screen_buffer_put(screen_buffer, y, 0, screen_buffer->columns, style, text);
	struct line line = {text, sizeof(text), 0};

	text[0] = 0;
	if (s->oom_kills)
		line_add(&line, "; %llu OOM kill%s", (unsigned long long)s->oom_kills,
			 plural_s(s->oom_kills));
	if (action) {
		line_add(&line, "; last: ");
		add_last_action(action, &line);
	}
	if (screen_buffer->ascii)
		text_ascii(text);
	screen_buffer_put(screen_buffer, y, x, screen_buffer->columns, STYLE_PLAIN,
			  text_fit(text,
				   screen_buffer->columns > x ? screen_buffer->columns - x : 0,
				   screen_buffer->ascii, cut, sizeof(cut)));
}

size_t header_draw(const struct top *top, struct screen_buffer *screen_buffer)
{
	size_t rows = screen_buffer->rows >= HEADER_TALL ? 4 : 3;
	size_t graph = screen_buffer->rows < GRAPH_FROM || screen_buffer->columns < 80 ? 0
		       : screen_buffer->rows < GRAPH_HIGH                              ? 3
										       : 4;

	if (screen_buffer->columns < 8)
		return 0;
	draw_identity(top, screen_buffer);
	draw_memory(top, screen_buffer, graph > 0);
	if (rows == 4)
		draw_host(top, screen_buffer, 2);
	draw_headline(top->s, screen_buffer, rows - 1);
	if (graph)
		host_graph_put(&top->graph, &top->s->host, screen_buffer, rows, graph);
	return rows + graph;
}
