// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The widgets of the container screen that show figures: verdict, plot, memory, processes, pressure, reclaim. An unknown value
 * is said to be unknown or left out, never shown as 0. */
#include "widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "format/alert_text.h"
#include "format/enum_text.h"
#include "format/forecast_plot.h"
#include "format/history.h"
#include "format/phrase.h"
#include "format/snapshot.h"
#include "format/text_wrap.h"

/* The console's font has blocks, but no braille. */
enum plot_marks widget_marks(const struct screen_buffer *screen_buffer)
{
	const char *term = getenv("TERM");

	return screen_buffer->ascii                 ? PLOT_ASCII
	       : term && !strncmp(term, "linux", 5) ? PLOT_BLOCKS
						    : PLOT_BRAILLE;
}

/* ---- verdict ---- */

static void add_risk(struct line *l, const struct hr_forecast *o)
{
	phrase_risk(l, o->risk_centi);
	if (o->alarm)
		line_add(l, ", alarm %s", or_unknown(alarm_word(o->alarm)));
	line_add(l, ", ");
	phrase_oom_in(l, o);
}

static void add_headroom(struct line *l, const struct hr_slot *slot)
{
	phrase_headroom(l, slot);
	line_add(l, "; ");
	phrase_trend(l, slot->forecast.drift_bytes_per_second);
	if (slot->forecast.leak) {
		line_add(l, "; ");
		phrase_leak(l, &slot->forecast);
	}
	if (slot->flags & HR_SLOT_UNDER_OOM)
		line_add(l, "; " OOM_DISABLED);
}

size_t widget_verdict(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		      size_t width)
{
	const struct hr_slot *slot = of->slot;
	char text[1024];
	struct line l = line_in(text, sizeof(text));
	size_t row = y;

	if (slot_gone(slot)) {
		phrase_age(&l, slot, of->now_ns);
		line_add(&l, "; last state:");
		return wrap_put(c, y, x, width, STYLE_WARN, text);
	}
	add_risk(&l, &slot->forecast);
	row += wrap_put(c, row, x, width,
			slot->forecast.alarm ? alarm_style(slot->forecast.alarm) : STYLE_BOLD,
			text);
	l = line_in(text, sizeof(text));
	add_headroom(&l, slot);
	row += wrap_put(c, row, x, width, STYLE_PLAIN, text);
	l = line_in(text, sizeof(text));
	line_add(&l, "factors: ");
	phrase_reasons(&l, &slot->forecast);
	row += wrap_put(c, row, x, width, STYLE_PLAIN, text);
	l = line_in(text, sizeof(text));
	phrase_next(&l, slot, of->host->mode);
	row += wrap_put(c, row, x, width, STYLE_PLAIN, text);
	return row - y;
}

/* ---- plot ---- */

size_t widget_plot(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		   size_t width)
{
	struct hr_point was[HISTORY_POINTS];
	struct plot_point point[HISTORY_POINTS];
	struct plot plot;

	forecast_plot_slot(of->slot, was, history_points(&of->slot->history, was), point, &plot);
	if (plot_put(&plot, c, y, x, of->plot_rows, width, widget_marks(c)))
		return screen_buffer_put(c, y, x, width, STYLE_DIM,
					 "no plot: needs two samples and 24 columns") > 0;
	return of->plot_rows;
}

/* ---- memory ---- */

struct part {
	const char *word, *mark, *ascii;
	enum style style;
	uint64_t bytes;
};

static uint64_t known(uint64_t bytes) { return bytes == HR_UNKNOWN ? 0 : bytes; }

/* file includes shmem, and kernel includes slab: each byte is in one part (docs/reference/accounting.md). */
static size_t split(const struct hr_memory *m, struct part part[8])
{
	uint64_t shmem = known(m->shmem), slab = known(m->slab_reclaimable), sum = 0;
	const struct part all[] = {
		{"anon", "█", "#", STYLE_ACCENT, known(m->anon)},
		{"shmem", "▓", "s", STYLE_FAN, shmem},
		{"kernel", "▒", "k", STYLE_PLAIN, minus(known(m->kernel), slab)},
		{"slab", "▤", "l", STYLE_DIM, slab},
		{"file", "░", "f", STYLE_DIM, minus(known(m->file), shmem)},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].bytes) {
			sum += all[i].bytes;
			part[n++] = all[i];
		}
	if (m->usage != HR_UNKNOWN && m->usage > sum + m->usage / 100)
		part[n++] = (struct part){sum ? "other" : "used", "▪", "o", STYLE_PLAIN,
					  m->usage - sum};
	if (known(m->swap))
		part[n++] = (struct part){"swap", "≈", "w", STYLE_WARN, m->swap};
	return n;
}

static void draw_split(const struct part *part, size_t n, uint64_t whole, struct screen_buffer *c,
		       size_t y, size_t x, size_t width)
{
	double end = 0;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		end += (double)part[i].bytes / (double)whole * (double)width;
		for (; at < width && (double)at + 0.5 < end; at++)
			screen_buffer_put(c, y, x + at, 1, part[i].style,
					  c->ascii ? part[i].ascii : part[i].mark);
	}
	for (; at < width; at++)
		screen_buffer_put(c, y, x + at, 1, STYLE_DIM, c->ascii ? "." : "·");
}

size_t widget_memory(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		     size_t width)
{
	const struct hr_memory *m = &of->slot->memory;
	struct part part[8];
	size_t n = split(m, part), at = 0, row = y + 1;
	uint64_t whole = 0;
	char text[UNITS_TEXT], all[96];

	for (size_t i = 0; i < n; i++)
		whole += part[i].bytes;
	if (!whole)
		return screen_buffer_put(c, y, x, width, STYLE_DIM, "breakdown unknown") > 0;
	if (m->limit != HR_UNKNOWN && m->limit > whole)
		whole = m->limit;
	draw_split(part, n, whole, c, y, x, width);
	for (size_t i = 0; i < n; i++) {
		size_t words;

		snprintf(all, sizeof(all), "%s %s %s", c->ascii ? part[i].ascii : part[i].mark,
			 part[i].word, units_bytes(part[i].bytes, text));
		words = text_width(all);
		if (at && at + words > width) {
			at = 0;
			row++;
		}
		screen_buffer_put(c, row, x + at, width - at, part[i].style, all);
		at += words + 2;
	}
	if (m->limit != HR_UNKNOWN && at + 22 <= width)
		screen_buffer_print(c, row, x + at, STYLE_DIM, "%s limit %s", c->ascii ? "." : "·",
				    units_bytes(m->limit, text));
	return row + 1 - y;
}

/* ---- processes ---- */

size_t widget_process_rows(const struct hr_process *process, size_t n, struct screen_buffer *c,
			   size_t y, size_t x, size_t width)
{
	char rss[UNITS_TEXT], rate[UNITS_TEXT], comm[80];
	uint64_t most = n ? process[0].rss_bytes : 0;

	for (size_t i = 0; i < n; i++) {
		const struct hr_process *p = &process[i];
		size_t at;

		text_clean(p->comm, sizeof(p->comm), comm, sizeof(comm));
		screen_buffer_print(c, y + i, x, STYLE_PLAIN, "%8u", p->pid);
		screen_buffer_put(c, y + i, x + 9, 16, STYLE_PLAIN, comm);
		screen_buffer_print(c, y + i, x + 26, STYLE_PLAIN, "%9s",
				    units_bytes(p->rss_bytes, rss));
		at = x + 37 +
		     screen_buffer_print(c, y + i, x + 37, STYLE_PLAIN, "%11s",
					 units_rate(p->growth_bytes_per_second, rate));
		if (width >= 66 && most)
			screen_buffer_bar(c, y + i, at + 2, width - 66 > 30 ? 30 : width - 66 + 4,
					  STYLE_ACCENT, (double)p->rss_bytes / (double)most, 0);
		if (p->oom_score_adj && width >= 66)
			screen_buffer_print(c, y + i, x + width - 11, STYLE_DIM, "adj %d",
					    p->oom_score_adj);
	}
	return n;
}

size_t widget_processes(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
			size_t width)
{
	const struct hr_slot *slot = of->slot;
	size_t n = 0;

	if (!slot->process[0].pid)
		return screen_buffer_put(c, y, x, width, STYLE_DIM, "processes unknown") > 0;
	while (n < HR_PROCESSES && slot->process[n].pid)
		n++;
	widget_process_rows(slot->process, n, c, y, x, width);
	if (slot->pids != HR_UNKNOWN_U32 && slot->pids > n) {
		screen_buffer_print(c, y + n, x, STYLE_DIM, "         and %zu more",
				    slot->pids - n);
		n++;
	}
	return n;
}

/* ---- pressure and reclaim ---- */

static const char *percent(uint32_t centi, char text[16])
{
	if (centi == HR_UNKNOWN_U32)
		return strcpy(text, "-");
	snprintf(text, 16, "%u.%u%%", centi / 100, centi / 10 % 10);
	return text;
}

size_t widget_pressure(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		       size_t width)
{
	const struct hr_pressure *p = &of->slot->pressure;
	char some[16], full[16], a[UNITS_TEXT], b[UNITS_TEXT], text[256];

	if (p->some_avg10_centi == HR_UNKNOWN_U32 && p->some_total_us == HR_UNKNOWN)
		return screen_buffer_put(c, y, x, width, STYLE_DIM,
					 "unavailable: no PSI for this cgroup") > 0;
	snprintf(text, sizeof(text),
		 "stalled in the last 10s: some %s, full %s; total: some %s, full %s",
		 percent(p->some_avg10_centi, some), percent(p->full_avg10_centi, full),
		 units_duration_ms(
			 p->some_total_us == HR_UNKNOWN ? HR_UNKNOWN : p->some_total_us / 1000, a),
		 units_duration_ms(
			 p->full_total_us == HR_UNKNOWN ? HR_UNKNOWN : p->full_total_us / 1000, b));
	return wrap_put(c, y, x, width,
			p->some_avg10_centi != HR_UNKNOWN_U32 && p->some_avg10_centi >= 1000
				? STYLE_WARN
				: STYLE_PLAIN,
			text);
}

/* Heights by powers of two: one stall is visible beside a thousand. */
static const char *height(uint32_t count, bool ascii)
{
	static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const digits[] = {".", "1", "2", "3", "4", "5", "6", "7", "8"};
	size_t level = 0;

	for (; count && level < 8; count >>= 1 + (level > 4))
		level++;
	return ascii ? digits[level] : eighths[level];
}

size_t widget_reclaim(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		      size_t width)
{
	static const struct {
		size_t bucket;
		const char *word;
	} tick[] = {{0, "65us"}, {4, "1ms"}, {8, "17ms"}, {12, "0.3s"}, {15, "1s+"}};
	const struct hr_stalls *s = &of->slot->stalls;
	char all[UNITS_TEXT];
	size_t each = width >= 5 * HR_STALL_BUCKETS ? 4 : width >= 3 * HR_STALL_BUCKETS ? 3 : 1;

	if (!s->count)
		return screen_buffer_put(c, y, x, width, STYLE_DIM, "no direct reclaim so far") > 0;
	screen_buffer_print(c, y, x, STYLE_PLAIN,
			    "%llu stall%s, %s in total, by duration:", (unsigned long long)s->count,
			    plural_s(s->count),
			    s->total_ns < NS_PER_MS
				    ? "less than 1 ms"
				    : units_duration_ms(s->total_ns / NS_PER_MS, all));
	for (size_t i = 0; i < HR_STALL_BUCKETS; i++)
		for (size_t k = 0; k < (each > 1 ? each - 1 : 1); k++)
			screen_buffer_put(c, y + 1, x + i * each + k, 1,
					  i >= 8 && s->bucket[i] ? STYLE_WARN : STYLE_PLAIN,
					  height(s->bucket[i], c->ascii));
	for (size_t i = 0; i < ARRAY_SIZE(tick) && each > 1; i++)
		screen_buffer_put(c, y + 2, x + tick[i].bucket * each, width, STYLE_DIM,
				  tick[i].word);
	return 3;
}
