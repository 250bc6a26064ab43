/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Fits columns to a width: which are shown, how wide, how a cell is cut. `headroom ls` prints the result, the interactive
 * monitor draws it. */
#ifndef HEADROOM_FORMAT_TABLE_H
#define HEADROOM_FORMAT_TABLE_H

#include <stdio.h>
#include "columns.h"

#define TABLE_COLUMNS 32

struct table {
	const struct column *column[TABLE_COLUMNS];
	size_t width[TABLE_COLUMNS];
	size_t bar[TABLE_COLUMNS]; /* of it, for the bar before the text; 0: none */
	size_t n;
};

/* To the natural width of the rows. Beyond `width` (0: unlimited) columns are removed by their `drop` and the name is cut.
 * For a listing that is printed once. */
void table_fit_rows(struct table *table, const char *const *ids, const struct row *rows, size_t n,
		    size_t width);

/* To the columns' own widths, with bars: stable while the figures change. For a screen. The column without a width gets
 * what is left, and is never removed. */
void table_fit_screen(struct table *table, const struct column *const *columns, size_t n,
		      size_t width);

/* The cell's text, cut, without padding; names that are paths keep their end. */
const char *table_cell(const struct column *column, const struct row *row, size_t width, bool ascii,
		       char text[CELL_TEXT]);

/* Every character that is not ASCII becomes a '?', an en dash a '-': on a terminal without UTF-8 even clean text can hold
 * bytes that control it. In place. */
char *text_ascii(char *text);
char character_ascii(const char *character); /* of one that is not ASCII */

/* Cuts it to `width` columns, keeping its end. In place. */
void text_fit_end(char *text, size_t width, bool ascii);

/* The rows, with `header` below their titles. `colour` for a terminal that has it. */
void table_print(FILE *out, const struct table *table, const struct row *rows, size_t n,
		 bool header, bool colour, bool ascii);

/* A text as CSV has it: in double quotes, those in it doubled. */
void csv_text(FILE *out, const char *text);

#endif
