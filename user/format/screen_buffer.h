/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A screen in memory. A terminal paints it (terminal.c), a test reads it as text. Text put here must be clean UTF-8; what does
 * not fit is cut; with `ascii` other characters are replaced. */
#ifndef HEADROOM_FORMAT_SCREEN_BUFFER_H
#define HEADROOM_FORMAT_SCREEN_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "style.h"

#define CELL_BYTES 13 /* a character and its combining characters */

#define CELL_MARKED 0x80u /* beside its style: on the marked line */

struct cell {
	char text[CELL_BYTES + 1];
	uint8_t columns; /* 1, 2; 0: the right half of a wide one */
	uint8_t style;   /* enum style, and CELL_MARKED */
};

struct screen_buffer {
	size_t rows, columns;
	bool ascii;
	struct cell *cells;
};

/* Zero-initialise before the first call. Resizes and blanks it; 0 or -ENOMEM (unchanged then). */
int screen_buffer_reset(struct screen_buffer *screen_buffer, size_t rows, size_t columns,
			bool ascii);
void screen_buffer_done(struct screen_buffer *screen_buffer);

/* Puts text at row y, column x, at most `width` columns of it. Returns the columns taken. */
size_t screen_buffer_put(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
			 enum style style, const char *text);
__attribute__((format(printf, 5, 6))) size_t
screen_buffer_print(struct screen_buffer *screen_buffer, size_t y, size_t x, enum style style,
		    const char *format, ...);
/* Sets the style of columns from x on, text unchanged. */
void screen_buffer_style(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
			 enum style style);
/* Copies that many rows of another buffer, from its row `from` on, to row y, column x. */
void screen_buffer_copy(struct screen_buffer *screen_buffer, size_t y, size_t x,
			const struct screen_buffer *other, size_t from, size_t rows);
/* Marks a row: it has the style STYLE_SELECTED, whatever its cells have. */
void screen_buffer_mark(struct screen_buffer *screen_buffer, size_t y);
/* A bar of `width` columns: shares 0-1 of it dark and light. With a STYLE_GRADE each column has that of its place. */
void screen_buffer_bar(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		       enum style style, double solid, double light);

/* A row as text, trailing blanks cut. Returns text. */
const char *screen_buffer_text(const struct screen_buffer *screen_buffer, size_t y, char *text,
			       size_t bytes);

/* All rows as lines; with `colour` styles as escape sequences. */
void screen_buffer_write(const struct screen_buffer *screen_buffer, FILE *out, bool colour);

#endif
