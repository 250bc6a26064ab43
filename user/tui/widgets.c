// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The blocks of one container's screen that are figures and pictures: verdict, plot, memory, pressure, reclaim. What is not
 * known is said to be unknown or left out, never shown as 0. */
#include "widgets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "forecast/reason_text.h"
#include "format/history.h"
#include "format/forecast_plot.h"
#include "format/snapshot.h"
#include "format/explain_action.h"
#include "format/enum_text.h"
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

static enum style alarm_style(unsigned int alarm)
{
	return alarm >= HR_ALARM_ACT ? STYLE_BAD : alarm == HR_ALARM_WARN ? STYLE_WARN : STYLE_BOLD;
}

static void say_risk(const struct hr_forecast *o, char *text, size_t bytes)
{
	char p10[UNITS_TEXT], p50[UNITS_TEXT], p90[UNITS_TEXT],
		alarm[48] = "", risk[16] = "unknown", when[80] = "not foreseen in a day";
	const char *word = alarm_word(o->alarm);

	if (o->risk_centi != UINT16_MAX)
		snprintf(risk, sizeof(risk), "%u of 100", (o->risk_centi + 50u) / 100u);
	if (o->alarm)
		snprintf(alarm, sizeof(alarm), " ALARM %s", word ? word : "unknown");
	if (o->oom_in_p50_ms != HR_UNKNOWN && o->oom_in_p90_ms != HR_UNKNOWN)
		snprintf(when, sizeof(when), "in %s (%s to %s)",
			 units_duration_ms(o->oom_in_p50_ms, p50),
			 units_duration_ms(o->oom_in_p10_ms, p10),
			 units_duration_ms(o->oom_in_p90_ms, p90));
	else if (o->oom_in_p50_ms != HR_UNKNOWN && o->oom_in_p10_ms == HR_UNKNOWN)
		snprintf(when, sizeof(when), "in %s", units_duration_ms(o->oom_in_p50_ms, p50));
	else if (o->oom_in_p50_ms != HR_UNKNOWN)
		snprintf(when, sizeof(when), "in %s (after %s)",
			 units_duration_ms(o->oom_in_p50_ms, p50),
			 units_duration_ms(o->oom_in_p10_ms, p10));
	else if (o->oom_in_p10_ms != HR_UNKNOWN)
		snprintf(when, sizeof(when), "perhaps in %s",
			 units_duration_ms(o->oom_in_p10_ms, p10));
	snprintf(text, bytes, "risk %s%s, OOM %s", risk, alarm, when);
}

static void say_headroom(const struct hr_slot *slot, char *text, size_t bytes)
{
	const struct hr_binding *b = &slot->binding;
	const struct hr_forecast *o = &slot->forecast;
	const char *path = hr_slot_text(slot, b->cgroup);
	const char *leak = o->leak ? forecast_leak_state_name(o->leak) : NULL;
	char left[UNITS_TEXT], limit[UNITS_TEXT], rate[UNITS_TEXT], clean[160], owner[200];

	if (b->level == HR_LEVEL_OWN)
		snprintf(owner, sizeof(owner), "its own limit");
	else if (b->level == HR_LEVEL_ANCESTOR)
		snprintf(owner, sizeof(owner), "the limit of %s",
			 path_tail(text_clean(path ? path : "a cgroup above", SIZE_MAX, clean,
					      sizeof(clean))));
	else
		snprintf(owner, sizeof(owner), "the host's memory");
	snprintf(text, bytes, "headroom %s of %s, %s; trend %s%s%s%s",
		 units_bytes(slot->memory.headroom, left),
		 b->limit == HR_UNKNOWN ? "unknown" : units_bytes(b->limit, limit), owner,
		 o->drift_bytes_per_second == HR_UNKNOWN_I64
			 ? "not known yet"
			 : units_rate(o->drift_bytes_per_second, rate),
		 leak ? "; leak " : "", leak ? leak : "",
		 slot->flags & HR_SLOT_UNDER_OOM ? "; HANGS at its limit" : "");
}

static void say_reason(const struct hr_slot *slot, char *text, size_t bytes)
{
	const struct hr_reason *reason = slot->forecast.reason;
	char one[REASON_TEXT], clean[REASON_TEXT];
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; i < HR_REASONS && reason[i].kind && n < bytes; i++)
		n += (size_t)snprintf(text + n, bytes - n, "%s%s", i ? "; " : "why: ",
				      text_clean(reason_text(&reason[i], one), sizeof(one), clean,
						 sizeof(clean)));
}

static void say_next(const struct widget_input *of, char *text, size_t bytes)
{
	const struct hr_slot *slot = of->slot;
	const char *fate = action_future(slot->forecast.next_action),
		   *mode = mode_word(of->host->mode);
	const char *policy = hr_slot_text(slot, slot->next_policy);
	char clean[160];

	if (fate)
		snprintf(text, bytes, "next: it would %s by policy %s (mode %s)", fate,
			 text_clean(policy ? policy : "?", SIZE_MAX, clean, sizeof(clean)),
			 mode ? mode : "unknown");
	else
		snprintf(text, bytes, "next: no policy would act on it (mode %s); k: act by hand",
			 mode ? mode : "unknown");
}

size_t widget_verdict(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		      size_t width)
{
	char text[1024], age[UNITS_TEXT];
	size_t row = y;

	if (slot_gone(of->slot)) {
		snprintf(text, sizeof(text), "gone for %s; what follows was its last state",
			 units_duration_ms(of->now_ns > of->slot->gone_ns
						   ? (of->now_ns - of->slot->gone_ns) / NS_PER_MS
						   : 0,
					   age));
		return wrap_put(c, y, x, width, STYLE_WARN, text);
	}
	say_risk(&of->slot->forecast, text, sizeof(text));
	row += wrap_put(c, row, x, width, alarm_style(of->slot->forecast.alarm), text);
	say_headroom(of->slot, text, sizeof(text));
	row += wrap_put(c, row, x, width, STYLE_PLAIN, text);
	say_reason(of->slot, text, sizeof(text));
	row += wrap_put(c, row, x, width, STYLE_PLAIN, text);
	say_next(of, text, sizeof(text));
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
		return screen_buffer_put(
			       c, y, x, width, STYLE_DIM,
			       "no history yet: a plot needs two samples and 24 columns") > 0;
	return of->plot_rows;
}

/* ---- memory ---- */

struct part {
	const char *word, *mark, *ascii;
	enum style style;
	uint64_t bytes;
};

static uint64_t known(uint64_t bytes) { return bytes == HR_UNKNOWN ? 0 : bytes; }

static uint64_t less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

/* file holds shmem, and kernel holds slab: each byte stands in one part (docs/reference/accounting.md). */
static size_t split(const struct hr_memory *m, struct part part[8])
{
	uint64_t shmem = known(m->shmem), slab = known(m->slab_reclaimable), sum = 0;
	const struct part all[] = {
		{"anon", "█", "#", STYLE_PLAIN, known(m->anon)},
		{"shmem", "▓", "s", STYLE_PLAIN, shmem},
		{"kernel", "▒", "k", STYLE_PLAIN, less(known(m->kernel), slab)},
		{"slab", "▤", "l", STYLE_DIM, slab},
		{"file", "░", "f", STYLE_DIM, less(known(m->file), shmem)},
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
		return screen_buffer_put(c, y, x, width, STYLE_DIM,
					 "where its memory is is not known") > 0;
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
		screen_buffer_print(c, row, x + at, STYLE_DIM, "%s up to %s", c->ascii ? "." : "·",
				    units_bytes(m->limit, text));
	return row + 1 - y;
}

/* ---- processes ---- */

size_t widget_processes(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
			size_t width)
{
	const struct hr_slot *slot = of->slot;
	char rss[UNITS_TEXT], rate[UNITS_TEXT], comm[80];
	uint64_t most = slot->process[0].rss_bytes;
	size_t i = 0;

	if (!slot->process[0].pid)
		return screen_buffer_put(c, y, x, width, STYLE_DIM,
					 "which processes are inside is not known") > 0;
	for (; i < HR_PROCESSES && slot->process[i].pid; i++) {
		const struct hr_process *p = &slot->process[i];
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
					  STYLE_PLAIN, (double)p->rss_bytes / (double)most, 0);
		if (p->oom_score_adj && width >= 66)
			screen_buffer_print(c, y + i, x + width - 11, STYLE_DIM, "adj %d",
					    p->oom_score_adj);
	}
	if (slot->pids != HR_UNKNOWN_U32 && slot->pids > i) {
		screen_buffer_print(c, y + i, x, STYLE_DIM, "         and %zu more",
				    slot->pids - i);
		i++;
	}
	return i;
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
					 "not known: no PSI for this cgroup here") > 0;
	snprintf(text, sizeof(text),
		 "tasks waited for memory: %s of the last 10 s, all at once %s; in all %s, all at "
		 "once %s",
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

/* Heights by powers of two: one stall is seen beside a thousand. */
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
		return screen_buffer_put(c, y, x, width, STYLE_DIM,
					 "none of its tasks had to reclaim so far") > 0;
	screen_buffer_print(
		c, y, x, STYLE_PLAIN,
		"%llu stall%s of its tasks, %s in all; by how long:", (unsigned long long)s->count,
		s->count == 1 ? "" : "s",
		s->total_ns < NS_PER_MS ? "less than 1 ms"
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
