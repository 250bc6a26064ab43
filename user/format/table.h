/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows and columns brought to a width: which columns fit, how wide they are, how a cell is cut.
 * `headroom ls` prints the result, the live view draws it. */
#ifndef HEADROOM_FORMAT_TABLE_H
#define HEADROOM_FORMAT_TABLE_H

#include <stdio.h>
#include "columns.h"

#define TABLE_COLUMNS 32

struct table {
	const struct column *column[TABLE_COLUMNS];
	size_t width[TABLE_COLUMNS];
	size_t bar[TABLE_COLUMNS]; /* of which a bar, before the text; 0: none */
	size_t n;
};

/* To the natural width of what the rows hold. Wider than `width` (0: no matter), columns go by
 * their `drop` and the name is cut. For a listing that is printed once. */
void table_fit_rows(struct table *table, const char *const *ids, const struct row *rows, size_t n,
		    size_t width);

/* To the columns' own widths, with bars: stands still while the figures change. For the live
 * view. The one without a width gets what is left, and never goes. */
void table_fit_screen(struct table *table, const struct column *const *columns, size_t n,
		      size_t width);

/* The cell's text, cut, without padding; names that are paths keep their end. */
const char *table_cell(const struct column *column, const struct row *row, size_t width, bool ascii,
		       char text[CELL_TEXT]);

/* Every character that is not ASCII becomes a '?': on a terminal that knows no UTF-8 even clean
 * text can hold bytes that steer it. In place. */
char *text_ascii(char *text);

/* Cuts it to `width` columns, of which its end is kept. In place. */
void text_fit_end(char *text, size_t width, bool ascii);

/* Header and rows. `colour` for a terminal that has it. */
void table_print(FILE *out, const struct table *table, const struct row *rows, size_t n,
		 bool colour, bool ascii);

#endif
