// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host's lines at the top of the live view: who guards, memory, swap, pressure, what is
 * listed. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/line.h"
#include "base/text.h"
#include "base/units.h"
#include "tell/danger.h"
#include "tell/names.h"
#include "top.h"
#include "tell/words.h"

#define STRIP_TALL 20 /* a lower screen has three lines for the host */
#define BAR_LEAST 8
#define BAR_MOST 60
#define MEMORY_WARN 0.90 /* of the host in use: worth a colour */
#define MEMORY_BAD 0.97
#define STALLS_WARN 1000 /* hundredths of a per cent of the last 10 s */

/* Where there is room beside what stands there already. */
static void right(struct canvas *canvas, size_t y, size_t taken, enum style style, const char *text)
{
	size_t width = text_width(text);

	if (taken + 1 + width <= canvas->columns)
		canvas_put(canvas, y, canvas->columns - width, width, style, text);
}

/* "observe (watches, never acts), looks every 1s, guard 5 MiB": what the guard is up to, as much as there is room for. */
static size_t draw_guard(const struct snapshot *s, struct canvas *canvas, size_t x, size_t room)
{
	static const char *const does[] = {"watches, never acts",
					   "what it would do is only rehearsed",
					   "acts by its policies"};
	const struct hr_host *host = &s->host;
	const char *mode = mode_word(host->mode);
	char text[256], every[UNITS_TEXT], rss[UNITS_TEXT];
	struct line line = {text, sizeof(text), 0};
	size_t kept;

	text[0] = 0;
	line_add(&line, "%s", mode ? mode : "?");
	if (host->mode < ARRAY_SIZE(does))
		line_add(&line, " (%s)", does[host->mode]);
	kept = line.used;
	line_add(&line, ", looks every %s",
		 units_duration_ms(host->interval_ms ? host->interval_ms : HR_UNKNOWN, every));
	if (text_width(text) <= room)
		kept = line.used;
	if (host->rss_bytes && host->rss_bytes != HR_UNKNOWN)
		line_add(&line, ", guard %s", units_bytes(host->rss_bytes, rss));
	if (text_width(text) <= room)
		kept = line.used;
	text[kept] = 0;
	return canvas_put(canvas, 0, x, room, STYLE_PLAIN, text);
}

static void draw_who(const struct top *top, struct canvas *canvas)
{
	const struct snapshot *s = top->s;
	bool lost = s->host.events_lost && s->host.events_lost != HR_UNKNOWN;
	bool past = top->source && source_past(top->source);
	char clock[64], node[160], warning[128], label[SOURCE_TEXT];
	time_t seconds = (time_t)(s->time_ns / NS_PER_SEC);
	size_t x, room;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock),
		 canvas->columns < 100 && !past ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	if (top->frozen)
		strcat(clock, " HELD");
	x = canvas_put(canvas, 0, 0, canvas->columns, STYLE_BOLD, "headroom");
	x += 1 + canvas_put(canvas, 0, x + 1, 40, STYLE_PLAIN,
			    text_clean(s->host.node, sizeof(s->host.node), node, sizeof(node)));
	x += 2;
	room = canvas->columns > x + text_width(clock) + 2
		       ? canvas->columns - x - text_width(clock) - 2
		       : 0;
	if (s->health) /* more than a clock */
		x += canvas_put(canvas, 0, x, canvas->columns, STYLE_BAD,
				snapshot_warning(s, warning, sizeof(warning)));
	else if (past)
		x += canvas_print(canvas, 0, x, STYLE_SELECTED, " %s ",
				  source_label(top->source, clock_wall_ns(), label));
	else if (s->recording)
		x += canvas_put(canvas, 0, x, room, STYLE_WARN, "a recording");
	else if (lost)
		x += canvas_print(canvas, 0, x, STYLE_WARN, "%llu records lost",
				  (unsigned long long)s->host.events_lost);
	else if (s->host.capacity && s->host.containers >= s->host.capacity)
		x += canvas_print(canvas, 0, x, STYLE_WARN, "full: %u cgroups, no room for more",
				  s->host.containers);
	else
		x += draw_guard(s, canvas, x, room);
	right(canvas, 0, x, top->frozen ? STYLE_WARN : STYLE_PLAIN, clock);
}

/* "Memory [bar] 11.2 GiB of 31.2 GiB, headroom 20 GiB  swap 0 of 2 GiB" */
static void draw_memory(const struct snapshot *s, struct canvas *canvas)
{
	const struct hr_host *host = &s->host;
	char used[UNITS_TEXT], total[UNITS_TEXT], headroom[UNITS_TEXT], tail[200],
		swap[64] = "no swap", waits[48] = "";
	bool known = host->mem_total != HR_UNKNOWN && host->mem_total &&
		     host->mem_available <= host->mem_total;
	double share = known ? 1 - (double)host->mem_available / (double)host->mem_total : 0;
	bool stalls = host->pressure.some_avg10_centi != HR_UNKNOWN_U32 &&
		      host->pressure.some_avg10_centi >= STALLS_WARN;
	enum style style = share >= MEMORY_BAD		    ? STYLE_BAD
			   : share >= MEMORY_WARN || stalls ? STYLE_WARN
							    : STYLE_PLAIN;
	size_t room, bar;

	if (host->swap_total && host->swap_total != HR_UNKNOWN)
		snprintf(swap, sizeof(swap), "swap %s of %s",
			 units_bytes(host->swap_free <= host->swap_total
					     ? host->swap_total - host->swap_free
					     : HR_UNKNOWN,
				     used),
			 units_bytes(host->swap_total, total));
	if (host->pressure.some_avg10_centi != HR_UNKNOWN_U32)
		snprintf(waits, sizeof(waits), ", stalls %.1f%%",
			 host->pressure.some_avg10_centi / 100.0);
	snprintf(tail, sizeof(tail), "%s of %s, %s left, %s%s",
		 units_bytes(known ? host->mem_total - host->mem_available : HR_UNKNOWN, used),
		 units_bytes(host->mem_total, total), units_bytes(host->headroom, headroom), swap,
		 waits);
	canvas_put(canvas, 1, 0, canvas->columns, STYLE_PLAIN, "memory");
	room = canvas->columns > text_width(tail) + 8 ? canvas->columns - text_width(tail) - 8 : 0;
	bar = room > BAR_MOST ? BAR_MOST : room;
	if (bar < BAR_LEAST)
		bar = 0;
	else
		canvas_bar(canvas, 1, 7, bar, style, share, 0);
	canvas_put(canvas, 1, 7 + bar + (bar > 0), canvas->columns, style, tail);
}

static void add_count(struct line *line, size_t n, const char *one, const char *many)
{
	if (n)
		line_add(line, "%s%zu %s", line->used ? ", " : "", n, n == 1 ? one : many);
}

/* Who is in danger; beside it what is listed, where there is room. */
static void draw_headline(const struct snapshot *s, struct canvas *canvas, size_t y)
{
	char text[DANGER_TEXT], fits[DANGER_TEXT], counts[160] = "";
	struct line line = {counts, sizeof(counts), 0};
	enum style style = danger_headline(s, canvas->columns - 3, canvas->ascii, text);
	bool danger = style == STYLE_BAD || style == STYLE_WARN;
	size_t x = danger ? 3 : 0;

	if (danger)
		canvas_put(canvas, y, 0, x, style, style == STYLE_BAD ? "!!" : "!");
	text_fit(text, canvas->columns - x, canvas->ascii, fits, sizeof(fits));
	x += canvas_put(canvas, y, x, canvas->columns, style, fits);
	add_count(&line, s->tally.containers, "container", "containers");
	add_count(&line, s->tally.units, "unit", "units");
	add_count(&line, s->tally.others, "group", "groups");
	add_count(&line, s->tally.gone, "gone", "gone");
	right(canvas, y, x + 1, STYLE_DIM, counts);
}

/* What the guard or the kernel did last, as far as is still told. */
static const struct hr_event *last_deed(const struct top *top)
{
	const struct feed *feed = top->source ? &top->source->feed : NULL;

	for (size_t i = feed ? feed->n : 0; i--;) {
		const struct hr_event *event = feed->event[i];

		if ((event->type == HR_EVENT_OOM_KILL || event->type == HR_EVENT_ACTION) &&
		    event->time_ns <= top->s->time_ns + NS_PER_SEC)
			return event;
	}
	return NULL;
}

/* "12:07:52 OOM kill, web", "12:07:50 term, web (rehearsed)" */
static void tell_deed(const struct hr_event *event, struct line *line)
{
	const struct hr_event_action *action = (const void *)event;
	struct record_text from = record_text_event(event);
	time_t seconds = (time_t)(event->time_ns / NS_PER_SEC);
	const char *what = "OOM kill", *deed = NULL;
	char name[320], clock[16];
	struct tm tm;

	if (event->type == HR_EVENT_ACTION && event->bytes >= sizeof(*action)) {
		what = hr_rung_word(action->rung);
		deed = action->deed == HR_DEED_DONE ? NULL : hr_deed_word(action->deed);
	}
	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	identity_name(&from, &event->id, name, sizeof(name), NULL);
	line_add(line, "%s %s%s%s", clock, what ? what : "act", *name ? ", " : "", path_tail(name));
	if (deed)
		line_add(line, " (%s)", deed);
}

/* The host's own forecast, and what happened last. */
static void draw_host(const struct top *top, struct canvas *canvas, size_t y)
{
	const struct snapshot *s = top->s;
	const struct hr_event *deed = last_deed(top);
	char text[DANGER_TEXT], cut[DANGER_TEXT];
	enum style style = danger_host(&s->host, text);
	size_t x = canvas_put(canvas, y, 0, canvas->columns, style, text);
	struct line line = {text, sizeof(text), 0};

	text[0] = 0;
	if (s->oom_kills)
		line_add(&line, "; %llu OOM kill%s", (unsigned long long)s->oom_kills,
			 s->oom_kills == 1 ? "" : "s");
	if (deed) {
		line_add(&line, "; last: ");
		tell_deed(deed, &line);
	}
	if (canvas->ascii)
		text_ascii(text);
	canvas_put(canvas, y, x, canvas->columns, STYLE_PLAIN,
		   text_fit(text, canvas->columns > x ? canvas->columns - x : 0, canvas->ascii, cut,
			    sizeof(cut)));
}

size_t strip_draw(const struct top *top, struct canvas *canvas)
{
	size_t rows = canvas->rows >= STRIP_TALL ? 4 : 3;

	if (canvas->columns < 8)
		return 0;
	draw_who(top, canvas);
	draw_memory(top->s, canvas);
	if (rows == 4)
		draw_host(top, canvas, 2);
	draw_headline(top->s, canvas, rows - 1);
	return rows;
}
