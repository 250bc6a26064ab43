/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A plot in a screen buffer: history as an area coloured by its share of the limit, limit, forecast as a fan of its 80%
 * interval. Braille dots; half blocks for a font without braille; plain characters on an ASCII terminal ('*' history, ':'
 * below it, '+' median, '.' interval, '-' limit). Pure: no terminal, no clock.
 */
#ifndef HEADROOM_FORMAT_PLOT_H
#define HEADROOM_FORMAT_PLOT_H

#include "screen_buffer.h"

#define PLOT_ROWS          12 /* of a printed one, labels included */
#define PLOT_COLUMNS       72
#define PLOT_LEAST_COLUMNS 24 /* smaller than this nothing is drawn */
#define PLOT_LEAST_ROWS    4
#define PLOT_MOST_COLUMNS  300
#define PLOT_MOST_ROWS     60

enum plot_marks { PLOT_BRAILLE, PLOT_BLOCKS, PLOT_ASCII };

struct plot_point {
	double t_seconds, bytes;
};

struct plot {
	const struct plot_point *point; /* times never go back; the last one is now */
	size_t n;
	double limit; /* bytes; NAN: none */
	/* seconds until the limit is reached, quantiles; NAN: no forecast */
	double p10, p50, p90;
	const char *now; /* the label of the last point: "now", "killed" */
};

/* Draws at row y, column x, rows × columns large. 0; -ENODATA for fewer than two points in time or too little space;
 * -ENOMEM. */
int plot_put(const struct plot *plot, struct screen_buffer *screen_buffer, size_t y, size_t x,
	     size_t rows, size_t columns, enum plot_marks marks);
/* The same in a buffer of its own, which it resets. */
int plot_draw(const struct plot *plot, size_t columns, bool ascii,
	      struct screen_buffer *screen_buffer);

/* Shares of 0-1, the newest on the right, NAN: none; `full` (0-1) is the height. An area of `rows` × `columns`, coloured by
 * share; ASCII: columns of #. */
void area_put(const double *share, size_t n, double full, struct screen_buffer *screen_buffer,
	      size_t y, size_t x, size_t rows, size_t columns, enum plot_marks marks);

#endif
