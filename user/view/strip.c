// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host's lines at the top of the live view: who guards, memory, swap, pressure, what is
 * listed. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "top.h"
#include "words.h"

#define BAR_LEAST 8
#define BAR_MOST 60
#define MEMORY_WARN 0.90 /* of the host in use: worth a colour */
#define MEMORY_BAD 0.97

/* Where there is room beside what stands there already. */
static void right(struct canvas *canvas, size_t y, size_t taken, enum style style, const char *text)
{
	size_t width = text_width(text);

	if (taken + 1 + width <= canvas->columns)
		canvas_put(canvas, y, canvas->columns - width, width, style, text);
}

static void draw_who(const struct snapshot *s, bool paused, struct canvas *canvas)
{
	const char *mode = mode_word(s->host.mode);
	char clock[48], node[160], warning[128], every[UNITS_TEXT];
	time_t seconds = (time_t)(s->time_ns / NS_PER_SEC);
	struct tm tm;
	size_t x;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &tm);
	x = canvas_put(canvas, 0, 0, canvas->columns, STYLE_BOLD, "headroom");
	x += 2 + canvas_put(canvas, 0, x + 2, 40, STYLE_PLAIN,
			    text_clean(s->host.node, sizeof(s->host.node), node, sizeof(node)));
	if (s->recording)
		x += canvas_print(canvas, 0, x + 2, STYLE_PLAIN, "a recording");
	else if (s->health)
		x += canvas_put(canvas, 0, x + 2, canvas->columns, STYLE_BAD,
				snapshot_warning(s, warning, sizeof(warning)));
	else
		x += canvas_print(
			canvas, 0, x + 2, STYLE_PLAIN, "%s every %s", mode ? mode : "?",
			units_duration_ms(s->host.interval_ms ? s->host.interval_ms : HR_UNKNOWN,
					  every));
	if (paused)
		strcat(clock, "  HELD");
	right(canvas, 0, x + 2, paused ? STYLE_WARN : STYLE_PLAIN, clock);
}

/* "Memory [bar] 11.2 GiB of 31.2 GiB, headroom 20 GiB  swap 0 of 2 GiB" */
static void draw_memory(const struct snapshot *s, struct canvas *canvas)
{
	const struct hr_host *host = &s->host;
	char used[UNITS_TEXT], total[UNITS_TEXT], headroom[UNITS_TEXT], tail[160],
		swap[64] = "no swap";
	bool known = host->mem_total != HR_UNKNOWN && host->mem_total &&
		     host->mem_available <= host->mem_total;
	double share = known ? 1 - (double)host->mem_available / (double)host->mem_total : 0;
	enum style style = share >= MEMORY_BAD	  ? STYLE_BAD
			   : share >= MEMORY_WARN ? STYLE_WARN
						  : STYLE_PLAIN;
	size_t room, bar;

	if (host->swap_total && host->swap_total != HR_UNKNOWN)
		snprintf(swap, sizeof(swap), "swap %s of %s",
			 units_bytes(host->swap_free <= host->swap_total
					     ? host->swap_total - host->swap_free
					     : HR_UNKNOWN,
				     used),
			 units_bytes(host->swap_total, total));
	snprintf(tail, sizeof(tail), "%s of %s, headroom %s, %s",
		 units_bytes(known ? host->mem_total - host->mem_available : HR_UNKNOWN, used),
		 units_bytes(host->mem_total, total), units_bytes(host->headroom, headroom), swap);
	canvas_put(canvas, 1, 0, canvas->columns, STYLE_PLAIN, "memory");
	room = canvas->columns > text_width(tail) + 8 ? canvas->columns - text_width(tail) - 8 : 0;
	bar = room > BAR_MOST ? BAR_MOST : room;
	if (bar < BAR_LEAST)
		bar = 0;
	else
		canvas_bar(canvas, 1, 7, bar, style, share, 0);
	canvas_put(canvas, 1, 7 + bar + (bar > 0), canvas->columns, style, tail);
}

static size_t put_count(struct canvas *canvas, size_t x, size_t n, const char *one,
			const char *many)
{
	return n ? canvas_print(canvas, 2, x, STYLE_PLAIN, "%s%zu %s", x ? ", " : "", n,
				n == 1 ? one : many)
		 : 0;
}

static void draw_counts(const struct snapshot *s, struct canvas *canvas)
{
	const struct hr_pressure *p = &s->host.pressure;
	char guard[128] = "", rss[UNITS_TEXT];
	size_t x = 0;

	x += put_count(canvas, x, s->tally.containers, "container", "containers");
	x += put_count(canvas, x, s->tally.units, "unit", "units");
	x += put_count(canvas, x, s->tally.others, "other", "others");
	x += put_count(canvas, x, s->tally.gone, "gone", "gone");
	if (s->oom_kills)
		x += canvas_print(canvas, 2, x, STYLE_BAD, "%s%llu OOM kill%s", x ? ", " : "",
				  (unsigned long long)s->oom_kills, s->oom_kills == 1 ? "" : "s");
	if (p->some_avg10_centi != HR_UNKNOWN_U32)
		x += 2 + canvas_print(canvas, 2, x ? x + 2 : 0,
				      p->some_avg10_centi >= 1000 ? STYLE_WARN : STYLE_PLAIN,
				      "stall %.1f%%, full %.1f%%", p->some_avg10_centi / 100.0,
				      p->full_avg10_centi == HR_UNKNOWN_U32
					      ? 0
					      : p->full_avg10_centi / 100.0);
	if (s->host.events_lost && s->host.events_lost != HR_UNKNOWN)
		snprintf(guard, sizeof(guard), "%llu records lost",
			 (unsigned long long)s->host.events_lost);
	else if (s->host.rss_bytes && s->host.rss_bytes != HR_UNKNOWN)
		snprintf(guard, sizeof(guard), "guard %s", units_bytes(s->host.rss_bytes, rss));
	right(canvas, 2, x, s->host.events_lost ? STYLE_WARN : STYLE_DIM, guard);
}

size_t strip_draw(const struct top *top, struct canvas *canvas)
{
	const struct snapshot *s = top->s;

	draw_who(s, top->frozen, canvas);
	draw_memory(s, canvas);
	draw_counts(s, canvas);
	return STRIP_ROWS;
}
