// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Draws into a grid of dots first; a cell shows the layer with the highest priority in it. Spans of zero are not divided
 * by; dots outside the grid are skipped. */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/human_units.h"

#define MARGIN        9    /* "1023 MiB " */
#define LEAST_SECONDS 30.0 /* minimum of the window, where the data reaches so far */
#define MOST_TIMES    3.0  /* maximum ratio of history to forecast, and back */
#define FLOOR_SHARE   0.5  /* the scale begins at zero unless all points lie above this share */
#define FLOOR_SPACE   0.1

enum layer { NOTHING, FAN, AREA, LIMIT, BOUND, MEDIAN, PAST, LAYERS };

static const struct {
	char ascii;
	enum style style;
} look[LAYERS] = {
	[FAN] = {'.', STYLE_FAN},   [AREA] = {':', STYLE_PLAIN},  [LIMIT] = {'-', STYLE_BAD},
	[BOUND] = {'.', STYLE_FAN}, [MEDIAN] = {'+', STYLE_WARN}, [PAST] = {'*', STYLE_PLAIN},
};

struct frame {
	const struct plot *plot;
	struct screen_buffer *screen_buffer;
	size_t y, x; /* position in the screen buffer */
	size_t rows,
		columns; /* cells of the area; one more row is for times, the margin for sizes */
	enum plot_marks marks;
	size_t across, down;  /* dots per cell */
	size_t width, height; /* of the grid, in dots */
	double now, from, to; /* seconds */
	double bottom, top;   /* bytes */
	size_t first;         /* the first point that is inside */
	uint8_t *dots;        /* height times width */
};

static uint8_t *dot_at(const struct frame *f, size_t y, size_t x)
{
	return &f->dots[y * f->width + x];
}

/* A double shown as a whole number. */
static uint64_t whole(double x) { return x > 0 ? (uint64_t)fmin(x, 9e18) : 0; }

static bool predicted(double seconds) { return isfinite(seconds) && seconds >= 0; }

/* How far is looked back, and how far ahead: a short forecast is looked at closely, a long one
 * leaves to the right. */
static void choose_times(struct frame *f)
{
	const struct plot *p = f->plot;
	double past, ahead = 0;

	f->now = p->point[p->n - 1].t_seconds;
	past = f->now - p->point[0].t_seconds;
	if (isfinite(p->limit))
		ahead = predicted(p->p90) ? p->p90 : predicted(p->p50) ? 2 * p->p50 : 0;
	if (ahead > 0) {
		past = fmin(past, fmax(MOST_TIMES * ahead, LEAST_SECONDS));
		ahead = fmin(ahead, fmax(MOST_TIMES * past, LEAST_SECONDS));
	}
	f->from = f->now - past;
	f->to = f->now + ahead;
	while (p->point[f->first].t_seconds < f->from)
		f->first++;
	if (f->first && f->first + 1 >= p->n) /* two points at least */
		f->from = p->point[--f->first].t_seconds;
}

static void choose_scale(struct frame *f)
{
	const struct plot *p = f->plot;
	double least = INFINITY, most = isfinite(p->limit) ? p->limit : 0;

	for (size_t i = f->first; i < p->n; i++) {
		least = fmin(least, p->point[i].bytes);
		most = fmax(most, p->point[i].bytes);
	}
	f->top = most > 0 ? most : 1;
	f->bottom = 0;
	if (least > FLOOR_SHARE * f->top)
		f->bottom = fmax(0, least - FLOOR_SPACE * fmax(f->top - least, f->top / 100));
}

static double to_x(const struct frame *f, double t)
{
	return (t - f->from) / (f->to - f->from) * (double)(f->width - 1);
}

static double to_y(const struct frame *f, double bytes)
{
	double share = (bytes - f->bottom) / (f->top - f->bottom);

	return (1 - fmin(fmax(share, 0), 1)) * (double)(f->height - 1);
}

/* Every `each`th dot of the way from one point to another. */
static void line(struct frame *f, double t0, double b0, double t1, double b1, size_t each,
		 enum layer layer)
{
	double x = to_x(f, t0), y = to_y(f, b0), dx = to_x(f, t1) - x, dy = to_y(f, b1) - y;
	size_t steps = (size_t)ceil(fmax(fabs(dx), fabs(dy)));

	for (size_t i = 0; i <= steps; i++) {
		double part = steps ? (double)i / (double)steps : 0;
		long column = lround(x + part * dx), row = lround(y + part * dy);

		if (i % each || column < 0 || row < 0 || (size_t)column >= f->width ||
		    (size_t)row >= f->height)
			continue;
		if (*dot_at(f, (size_t)row, (size_t)column) < layer)
			*dot_at(f, (size_t)row, (size_t)column) = (uint8_t)layer;
	}
}

/* One ray of the fan: a straight way from now to the limit, as far as the window reaches. */
static void ray(struct frame *f, double seconds, size_t each, enum layer layer)
{
	double from = f->plot->point[f->plot->n - 1].bytes, ahead = f->to - f->now, part;

	if (!predicted(seconds) || ahead <= 0)
		return;
	part = seconds > ahead ? ahead / seconds : 1;
	line(f, f->now, from, f->now + part * seconds, from + part * (f->plot->limit - from), each,
	     layer);
}

/* A dot of a surface, where nothing else is. */
static void fill_dot(struct frame *f, size_t y, size_t x, enum layer layer)
{
	if (!*dot_at(f, y, x))
		*dot_at(f, y, x) = (uint8_t)layer;
}

/* All below the history. */
static void fill_area(struct frame *f)
{
	for (size_t x = 0; x < f->width; x++) {
		size_t y = 0;

		while (y < f->height && *dot_at(f, y, x) != PAST)
			y++;
		while (++y < f->height)
			fill_dot(f, y, x, AREA);
	}
}

/* On a ray after that many seconds; the limit is its end. */
static double on_ray(const struct frame *f, double seconds, double after)
{
	double from = f->plot->point[f->plot->n - 1].bytes;

	if (!predicted(seconds))
		return from;
	return after >= seconds ? f->plot->limit : from + after / seconds * (f->plot->limit - from);
}

/* Every fourth dot between the bounds. */
static void fill_fan(struct frame *f)
{
	const struct plot *p = f->plot;
	size_t first = (size_t)ceil(to_x(f, f->now)) + 1, each = f->marks == PLOT_BRAILLE ? 2 : 1;

	if (!predicted(p->p10))
		return;
	for (size_t x = first; x < f->width; x++) {
		double after =
			(double)x / (double)(f->width - 1) * (f->to - f->from) - (f->now - f->from);
		size_t high = (size_t)lround(to_y(f, on_ray(f, p->p10, after))),
		       low = (size_t)lround(to_y(f, on_ray(f, p->p90, after)));

		for (size_t y = high; y <= low && y < f->height; y++)
			if (y % each == 0 && x % each == y / each % each)
				fill_dot(f, y, x, FAN);
	}
}

static void draw_lines(struct frame *f)
{
	const struct plot *p = f->plot;

	for (size_t i = f->first; i + 1 < p->n; i++)
		line(f, p->point[i].t_seconds, p->point[i].bytes, p->point[i + 1].t_seconds,
		     p->point[i + 1].bytes, 1, PAST);
	fill_area(f);
	if (!isfinite(p->limit))
		return;
	line(f, f->from, p->limit, f->to, p->limit, f->across, LIMIT);
	ray(f, p->p10, 2 * f->across, BOUND);
	ray(f, p->p90, 2 * f->across, BOUND);
	ray(f, p->p50, 1, MEDIAN);
	fill_fan(f);
}

/* Unicode's braille patterns: U+2800 and a bit per dot, numbered down the left column first, with
 * the fourth row added later. */
static void braille(unsigned int bits, char text[4])
{
	unsigned int c = 0x2800 + bits;

	text[0] = (char)(0xe0 | c >> 12);
	text[1] = (char)(0x80 | (c >> 6 & 0x3f));
	text[2] = (char)(0x80 | (c & 0x3f));
	text[3] = 0;
}

static const char half[4][4] = {" ", "▀", "▄", "█"};
static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

/* The history's colour at a height: its share of the limit. */
static enum style style_at(const struct frame *f, size_t row, enum layer layer)
{
	double part = 1 - ((double)row + 0.5) / (double)f->rows;

	if ((layer != AREA && layer != PAST) || !isfinite(f->plot->limit) || f->plot->limit <= 0)
		return layer == AREA ? STYLE_ACCENT : look[layer].style;
	return style_grade((f->bottom + part * (f->top - f->bottom)) / f->plot->limit);
}

static void put_cell(struct frame *f, size_t row, size_t column)
{
	enum layer most = NOTHING;
	unsigned int bits = 0;
	char text[4];

	for (size_t y = 0; y < f->down; y++)
		for (size_t x = 0; x < f->across; x++) {
			enum layer at = *dot_at(f, row * f->down + y, column * f->across + x);

			most = at > most ? at : most;
		}
	if (!most)
		return;
	for (size_t y = 0; y < f->down; y++) /* a line hides the fan behind it */
		for (size_t x = 0; x < f->across; x++) {
			enum layer at = *dot_at(f, row * f->down + y, column * f->across + x);

			bits |= at > FAN || at == most ? bit[y][x] : 0;
		}
	if (f->marks == PLOT_ASCII)
		memcpy(text, (char[2]){look[most].ascii}, 2);
	else if (f->marks == PLOT_BLOCKS)
		memcpy(text, half[bits & 3], 4);
	else
		braille(bits, text);
	screen_buffer_put(f->screen_buffer, f->y + row, f->x + MARGIN + column, 1,
			  style_at(f, row, most), text);
}

static size_t put_time(struct frame *f, size_t x, const char *sign, double seconds)
{
	char text[UNITS_TEXT];

	units_duration_ms(whole(seconds * 1e3), text);
	return screen_buffer_print(f->screen_buffer, f->y + f->rows, f->x + x, STYLE_DIM, "%s%s",
				   sign, text);
}

static void put_labels(struct frame *f)
{
	size_t end = MARGIN + f->columns, left, now, word;
	char text[UNITS_TEXT];

	screen_buffer_print(f->screen_buffer, f->y, f->x, STYLE_PLAIN, "%8s",
			    units_bytes(whole(f->top), text));
	if (isfinite(f->plot->limit) && f->plot->limit >= f->top)
		screen_buffer_print(f->screen_buffer, f->y + 1, f->x, STYLE_BAD, "%8s", "limit");
	screen_buffer_print(f->screen_buffer, f->y + f->rows - 1, f->x, STYLE_PLAIN, "%8s",
			    units_bytes(whole(f->bottom), text));
	left = MARGIN + put_time(f, MARGIN, "-", f->now - f->from) + 1;
	word = strlen(f->plot->now);
	now = MARGIN + (size_t)(to_x(f, f->now) / (double)f->width * (double)f->columns);
	if (now + word > end)
		now = end - word;
	if (now >= left)
		left = now + screen_buffer_put(f->screen_buffer, f->y + f->rows, f->x + now, word,
					       STYLE_BOLD, f->plot->now);
	if (f->to > f->now && left + 8 <= end) {
		units_duration_ms(whole((f->to - f->now) * 1e3), text);
		put_time(f, end - 1 - strlen(text), "+", f->to - f->now);
	}
}

int plot_put(const struct plot *plot, struct screen_buffer *screen_buffer, size_t y, size_t x,
	     size_t rows, size_t columns, enum plot_marks marks)
{
	static const uint8_t across[] = {2, 1, 1}, down[] = {4, 2, 1};
	struct frame f = {.plot = plot,
			  .screen_buffer = screen_buffer,
			  .y = y,
			  .x = x,
			  .marks = marks,
			  .across = across[marks],
			  .down = down[marks]};

	rows = rows < PLOT_MOST_ROWS ? rows : PLOT_MOST_ROWS;
	columns = columns < PLOT_MOST_COLUMNS ? columns : PLOT_MOST_COLUMNS;
	if (columns < PLOT_LEAST_COLUMNS || rows < PLOT_LEAST_ROWS || plot->n < 2 ||
	    !(plot->point[plot->n - 1].t_seconds > plot->point[0].t_seconds))
		return -ENODATA;
	f.rows = rows - 1;
	f.columns = columns - MARGIN;
	f.width = f.columns * f.across;
	f.height = f.rows * f.down;
	f.dots = calloc(f.height, f.width);
	if (!f.dots)
		return -ENOMEM;
	choose_times(&f);
	choose_scale(&f);
	draw_lines(&f);
	for (size_t row = 0; row < f.rows; row++)
		for (size_t column = 0; column < f.columns; column++)
			put_cell(&f, row, column);
	put_labels(&f);
	free(f.dots);
	return 0;
}

int plot_draw(const struct plot *plot, size_t columns, bool ascii,
	      struct screen_buffer *screen_buffer)
{
	int r;

	columns = columns < PLOT_COLUMNS ? columns : PLOT_COLUMNS;
	if (columns < PLOT_LEAST_COLUMNS || plot->n < 2)
		return -ENODATA;
	r = screen_buffer_reset(screen_buffer, PLOT_ROWS, columns, ascii);
	return r ? r
		 : plot_put(plot, screen_buffer, 0, 0, PLOT_ROWS, columns,
			    ascii ? PLOT_ASCII : PLOT_BRAILLE);
}

/* ---- a graph of shares ---- */

/* Dots of a column that many of `height` high; a share above 0 has one at least. */
static size_t dots_of(double share, double full, size_t height)
{
	double dots;

	if (!(share > 0) || !(full > 0))
		return 0;
	dots = fmin(share / full, 1) * (double)height;
	return dots < 1 ? 1 : (size_t)lround(dots);
}

void area_put(const double *share, size_t n, double full, struct screen_buffer *screen_buffer,
	      size_t y, size_t x, size_t rows, size_t columns, enum plot_marks marks)
{
	size_t across = marks == PLOT_BRAILLE ? 2 : 1, down = marks == PLOT_BRAILLE  ? 4
							      : marks == PLOT_BLOCKS ? 2
										     : 1;
	size_t width = columns * across, height = rows * down, skip = n > width ? n - width : 0;

	for (size_t row = 0; row < rows; row++)
		for (size_t column = 0; column < columns; column++) {
			unsigned int bits = 0;
			char text[4] = "";

			for (size_t i = 0; i < across * down; i++) {
				size_t dot = column * across + i / down,
				       level = height - (row * down + i % down);
				size_t at = skip + dot - (width - (n - skip));

				if (dot >= width - (n - skip) &&
				    dots_of(share[at], full, height) >= level)
					bits |= bit[i % down][i / down];
			}
			if (!bits)
				continue;
			if (marks == PLOT_BRAILLE)
				braille(bits, text);
			else
				strcpy(text, marks == PLOT_ASCII ? "#" : half[bits & 3]);
			screen_buffer_put(
				screen_buffer, y + row, x + column, 1,
				style_grade(full * (1 - ((double)row + 0.5) / (double)rows)), text);
		}
}
