// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Lines, bands and marks. Everything is clipped to the plot; every number is finite. */
#include "chart_svg.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "report_internal.h"

#define DANGER      0.9  /* of the limit: from here on it is shaded */
#define SPACE_ABOVE 1.06 /* above the highest line */
#define NEAR_PX     18.0 /* least distance of marks */
#define MOST_MARKS  14
#define GAP_NS      (180 * NS_PER_SEC) /* a longer gap interrupts a line */

static const struct frame {
	const char *word;
	double width, height, left, right, top, bottom;
	unsigned int x_ticks, y_ticks;
} frames[CHART_SIZES] = {
	[CHART_WIDE] = {"wide", 720, 336, 62, 14, 50, 30, 6, 5},
	[CHART_NARROW] = {"narrow", 340, 288, 60, 10, 50, 30, 3, 5},
};

struct chart {
	const struct report *r;
	struct frame f;
	double bottom, top; /* bytes */
	double from, to;    /* seconds from the begin of the window */
	FILE *out;
};

void html_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

/* ---- scales ---- */

static double seconds_of(const struct report *r, uint64_t time_ns)
{
	return time_ns >= r->from_ns ? (double)(time_ns - r->from_ns) / 1e9
				     : -(double)(r->from_ns - time_ns) / 1e9;
}

static double x_of(const struct chart *c, double seconds)
{
	double span = c->to > c->from ? c->to - c->from : 1;

	return c->f.left + (seconds - c->from) / span * (c->f.width - c->f.left - c->f.right);
}

static double y_of(const struct chart *c, double bytes)
{
	double share = (bytes - c->bottom) / (c->top - c->bottom);

	return c->f.height - c->f.bottom - share * (c->f.height - c->f.top - c->f.bottom);
}

static double number(uint64_t bytes) { return bytes == HR_UNKNOWN ? NAN : (double)bytes; }

/* ---- values of a point ---- */

static double held(const struct series_point *p) { return number(p->unreclaimable); }
static double used(const struct series_point *p) { return number(p->usage); }
static double limit(const struct series_point *p) { return number(p->limit); }
static double filled(const struct series_point *p)
{
	return p->limit == HR_UNKNOWN || p->headroom == HR_UNKNOWN || p->headroom > p->limit
		       ? NAN
		       : (double)(p->limit - p->headroom);
}

static void choose_scale(struct chart *c)
{
	const struct report *r = c->r;

	c->top = r->limited && r->found.limit != HR_UNKNOWN ? (double)r->found.limit : 0;
	for (size_t i = 0; i < r->series.n; i++) {
		const struct series_point *p = &r->series.point[i];

		c->top = fmax(c->top, fmax(used(p), held(p)));
		if (r->limited)
			c->top = fmax(c->top, limit(p));
	}
	c->top = c->top > 0 ? c->top * SPACE_ABOVE : 1;
	c->from = 0;
	c->to = seconds_of(r, r->to_ns);
}

/* A power of two times 1, 2 or 4 that gives at most so many ticks. */
static double byte_step(double top, unsigned int most)
{
	double step = 1;

	while (top / step > most)
		step *= 2;
	return step;
}

static double time_step(double span, unsigned int most)
{
	static const double steps[] = {1,   2,   5,   10,   15,   30,   60,   120,
				       300, 600, 900, 1800, 3600, 7200, 21600};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (span / steps[i] <= most)
			return steps[i];
	return 86400;
}

/* ---- pieces ---- */

static void grid(const struct chart *c)
{
	double step = byte_step(c->top - c->bottom, c->f.y_ticks);
	char text[UNITS_TEXT];

	for (double b = ceil(c->bottom / step) * step; b <= c->top; b += step) {
		fprintf(c->out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", c->f.left,
			y_of(c, b), c->f.width - c->f.right);
		fprintf(c->out, "<text class=\"tick end\" x=\"%.1f\" y=\"%.1f\">%s</text>",
			c->f.left - 7, y_of(c, b) + 4, units_bytes(units_whole(b), text));
	}
}

/* "10m00s" is "10m" on an axis. */
static const char *tick_text(double seconds, char text[UNITS_TEXT])
{
	size_t n;

	units_duration_ms(units_whole(fabs(seconds) * 1000 + 0.5), text);
	n = strlen(text);
	if (n > 4 && (!strcmp(text + n - 4, "m00s") || !strcmp(text + n - 4, "h00m")))
		text[n - 3] = 0;
	return text;
}

/* Ticks count from the incident. */
static void time_axis(const struct chart *c)
{
	double zero = seconds_of(c->r, c->r->incident.time_ns);
	double step = time_step(c->to - c->from, c->f.x_ticks);
	double y = c->f.height - c->f.bottom;

	for (double s = zero - floor((zero - c->from) / step) * step; s <= c->to; s += step) {
		double off = s - zero, x = x_of(c, s);
		char text[UNITS_TEXT];

		fprintf(c->out, "<path class=\"axis\" d=\"M%.1f %.1fv5\"/>", x, y);
		tick_text(off, text);
		fprintf(c->out, "<text class=\"tick %s\" x=\"%.1f\" y=\"%.1f\">%s%s</text>",
			x > c->f.width - 40  ? "end"
			: x < c->f.left + 20 ? ""
					     : "mid",
			x, y + 19,
			fabs(off) < 0.0005 ? ""
			: off < 0          ? "\u2212"
					   : "+",
			fabs(off) < 0.0005 ? "0" : text);
	}
	fprintf(c->out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", c->f.left, y,
		c->f.width - c->f.right);
}

/* Whether a line leads from the point before to this one. */
static bool leads(const struct series *s, size_t i)
{
	return i && !s->point[i].begins && s->point[i].time_ns - s->point[i - 1].time_ns <= GAP_NS;
}

/* One line; with `area`, filled down to zero. */
static void trace(const struct chart *c, const struct series *s, const char *class,
		  double (*value)(const struct series_point *), bool area)
{
	double first = NAN, last = NAN, floor_y = y_of(c, c->bottom), px = NAN, py = NAN;

	fprintf(c->out, "<path class=\"%s\" d=\"", class);
	for (size_t i = 0; i < s->n; i++) {
		double v = value(&s->point[i]), x, y;
		bool on = leads(s, i) && !isnan(first);

		if (isnan(v))
			continue;
		x = x_of(c, seconds_of(c->r, s->point[i].time_ns));
		y = y_of(c, v);
		if (on && i + 1 < s->n && fabs(x - px) < 0.7 && fabs(y - py) < 0.7)
			continue; /* unknown */
		if (!on && area && !isnan(first))
			fprintf(c->out, "L%.1f %.1fL%.1f %.1fZ", last, floor_y, first, floor_y);
		fprintf(c->out, "%c%.1f %.1f", on ? 'L' : 'M', x, y);
		first = on ? first : x;
		last = px = x;
		py = y;
	}
	if (area && !isnan(first))
		fprintf(c->out, "L%.1f %.1fL%.1f %.1fZ", last, floor_y, first, floor_y);
	fputs("\"/>", c->out);
}

static void limit_line(const struct chart *c)
{
	double most = number(c->r->found.limit), y;
	char text[UNITS_TEXT];

	if (!c->r->limited || isnan(most))
		return;
	y = y_of(c, most);
	fprintf(c->out,
		"<rect class=\"danger\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
		c->f.left, y, c->f.width - c->f.left - c->f.right, y_of(c, most * DANGER) - y);
	if (c->r->series.n > 1)
		trace(c, &c->r->series, "limit", limit, false);
	else
		fprintf(c->out, "<path class=\"limit\" d=\"M%.1f %.1fH%.1f\"/>", c->f.left, y,
			c->f.width - c->f.right);
	fprintf(c->out, "<text class=\"limit-text\" x=\"%.1f\" y=\"%.1f\">limit %s</text>",
		c->f.left + 6, y + 14, units_bytes(c->r->found.limit, text));
}

/* From the first alarm to the limit: 80% interval and median. */
static void forecast(const struct chart *c)
{
	const struct report_alarm *a = c->r->alarms ? &c->r->alarm[0] : NULL;
	double most = number(c->r->found.limit), t, level, p10, p50, p90;

	if (!a || !c->r->limited || isnan(most) || a->p50_ms == HR_UNKNOWN ||
	    a->headroom == HR_UNKNOWN)
		return;
	t = seconds_of(c->r, a->time_ns);
	level = fmax(0, most - (double)a->headroom);
	p50 = t + (double)a->p50_ms / 1e3;
	p10 = a->p10_ms == HR_UNKNOWN ? p50 : t + (double)a->p10_ms / 1e3;
	p90 = a->p90_ms == HR_UNKNOWN ? p50 : t + (double)a->p90_ms / 1e3;
	fprintf(c->out, "<path class=\"fan\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>", x_of(c, t),
		y_of(c, level), x_of(c, p10), y_of(c, most), x_of(c, p90), y_of(c, most));
	fprintf(c->out, "<path class=\"median\" d=\"M%.1f %.1fL%.1f %.1f\"/>", x_of(c, t),
		y_of(c, level), x_of(c, p50), y_of(c, most));
}

static const char *const mark_class[MARKS] = {"note", "warn", "act", "action", "kill", "good"};

/* Positions of the flags: above their moments, moved aside where they would overlap. */
static size_t place_marks(const struct chart *c, const struct report_moment *at[MOST_MARKS],
			  double flag[MOST_MARKS])
{
	double last = -1e9, end = c->f.width - c->f.right;
	size_t n = 0;

	for (size_t i = 0; i < c->r->moments && n < MOST_MARKS; i++) {
		const struct report_moment *m = &c->r->moment[i];

		if (!m->on_chart)
			continue;
		flag[n] = fmax(x_of(c, seconds_of(c->r, m->time_ns)), last + NEAR_PX);
		last = flag[n];
		at[n++] = m;
	}
	for (size_t i = n; i-- > 0; end -= NEAR_PX)
		flag[i] = fmin(flag[i], end);
	return n;
}

static void marks(const struct chart *c)
{
	const struct report_moment *at[MOST_MARKS];
	double flag[MOST_MARKS], y = 18;
	size_t n = place_marks(c, at, flag);

	for (size_t i = 0; i < n; i++) {
		const char *class = mark_class[at[i]->mark];
		double x = x_of(c, seconds_of(c->r, at[i]->time_ns));

		if (x < c->f.left - 0.5)
			continue;
		fprintf(c->out, "<path class=\"stem %s\" d=\"M%.1f %.1fL%.1f %.1fV%.1f\"/>", class,
			flag[i], y + 8, x, c->f.top - 6, c->f.height - c->f.bottom);
		fprintf(c->out,
			"<circle class=\"flag %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/><text "
			"class=\"flag-text\" x=\"%.1f\" y=\"%.1f\">%zu</text>",
			class, flag[i], y, flag[i], y + 4, i + 1);
	}
}

static void describe(const struct chart *c, const char *id)
{
	const struct report *r = c->r;
	char a[UNITS_TEXT], b[UNITS_TEXT], span[UNITS_TEXT], most[UNITS_TEXT];

	fprintf(c->out, "<title id=\"t-%s\">Memory of ", id);
	html_text(r->incident.name, c->out);
	fprintf(c->out, "</title><desc id=\"d-%s\">", id);
	units_duration_ms(units_whole((c->to - c->from) * 1000), span);
	fprintf(c->out, "Window of %s: usage from %s to %s", span, units_bytes(r->series.before, a),
		units_bytes(r->series.at, b));
	if (r->limited)
		fprintf(c->out, ", limit %s", units_bytes(r->found.limit, most));
	fprintf(c->out, ". The marks are explained below the chart.</desc>");
}

static void draw(const struct chart *c, const char *id)
{
	const struct frame *f = &c->f;
	const struct series *s = &c->r->series;
	FILE *out = c->out;

	fprintf(out,
		"<svg class=\"chart %s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-labelledby=\"t-%s d-%s\">",
		f->word, f->width, f->height, id, id);
	describe(c, id);
	fprintf(out,
		"<clipPath id=\"c-%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\"/></clipPath>",
		id, f->left, f->top - 2, f->width - f->left - f->right,
		f->height - f->top - f->bottom + 4);
	grid(c);
	fprintf(out, "<g clip-path=\"url(#c-%s)\">", id);
	if (c->bottom <= 0) /* an area needs a zero line */
		trace(c, s, "area", held, true);
	forecast(c);
	trace(c, s, "usage", used, false);
	trace(c, s, "held", held, false);
	if (c->r->shared)
		trace(c, s, "filled", filled, false);
	limit_line(c);
	fputs("</g>", out);
	time_axis(c);
	marks(c);
	fputs("</svg>\n", out);
}

void chart_memory(const struct report *r, enum chart_size size, FILE *out)
{
	struct chart c = {.r = r, .f = frames[size], .out = out};

	choose_scale(&c);
	draw(&c, c.f.word);
}

/* The close-up: forecast and observed usage. */
bool chart_forecast(const struct report *r, enum chart_size size, FILE *out)
{
	const struct report_alarm *a = r->alarms ? &r->alarm[0] : NULL;
	struct chart c = {.r = r, .f = frames[size], .out = out};
	double most = number(r->found.limit), begin, end, level;
	char id[32];

	if (!a || !r->limited || isnan(most) || a->p50_ms == HR_UNKNOWN ||
	    a->headroom == HR_UNKNOWN)
		return false;
	begin = seconds_of(r, a->time_ns);
	end = fmax(seconds_of(r, r->incident.time_ns), begin + (double)a->p50_ms / 1e3);
	level = fmax(0, most - (double)a->headroom);
	choose_scale(&c);
	c.from = fmax(0, begin - 0.4 * (end - begin));
	c.to = fmin(seconds_of(r, r->to_ns), end + 0.25 * (end - begin));
	if (!(c.to > c.from) || (c.to - c.from) > 0.6 * seconds_of(r, r->to_ns))
		return false; /* the main chart shows it */
	c.bottom = fmax(0, level - 1.5 * (most - level));
	c.top = most + 0.12 * (most - c.bottom);
	snprintf(id, sizeof(id), "f-%s", c.f.word);
	draw(&c, id);
	return true;
}

void chart_sparkline(const struct report *r, const struct series *s, uint64_t top, size_t n,
		     FILE *out)
{
	struct chart c = {.r = r,
			  .f = {"spark", 120, 36, 1, 1, 3, 3, 0, 0},
			  .top = top ? (double)top * SPACE_ABOVE : 1,
			  .to = seconds_of(r, r->to_ns),
			  .out = out};
	char a[UNITS_TEXT], b[UNITS_TEXT];

	fprintf(out,
		"<svg class=\"spark\" viewBox=\"0 0 120 36\" role=\"img\" "
		"aria-labelledby=\"s-%zu\"><title id=\"s-%zu\">Usage from %s to %s</title>",
		n, n, units_bytes(s->before, a), units_bytes(s->at, b));
	trace(&c, s, "area", used, true);
	trace(&c, s, "held", used, false);
	fprintf(out, "<path class=\"now\" d=\"M%.1f 0V36\"/></svg>",
		x_of(&c, seconds_of(r, r->incident.time_ns)));
}
