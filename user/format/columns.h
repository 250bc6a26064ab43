/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Columns as data. A column is one line in columns.c; table, sort key, help and the live view
 * follow from it. Text is clean; in ASCII where the terminal has nothing else is the business
 * of who prints it.
 */
#ifndef HEADROOM_FORMAT_COLUMNS_H
#define HEADROOM_FORMAT_COLUMNS_H

#include "snapshot.h"
#include "style.h"

#define CELL_TEXT (ROW_NAME + 64)

struct column {
	const char *id; /* sort key */
	const char *title;
	const char *help;
	uint8_t width;    /* columns on a screen; 0: as wide as there is room for */
	bool right;       /* aligned */
	bool keeps_end;   /* where the row's name is a path, its end is what is kept of it */
	bool least_first; /* sorts ascending: the least matters most */
	uint8_t drop;     /* on a narrow screen the highest goes first */
	const char *(*format)(const struct row *row, char text[CELL_TEXT]);
	double (*value)(const struct row *row);     /* to sort by; NAN: not known; NULL: its text */
	enum style (*style)(const struct row *row); /* NULL: plain */
	/* On a screen instead of format: made to a width, in ASCII where that is all there is. NULL:
	 * the same. */
	const char *(*drawn)(const struct row *row, size_t width, bool ascii, char text[CELL_TEXT]);
	/* A bar before the text: shares of the limit, 0-1; false: none. NULL: never. */
	bool (*bar)(const struct row *row, double *ret_solid, double *ret_light);
};

extern const struct column column_table[];
extern const size_t columns_count;

const struct column *column_find(const char *id); /* NULL */
const char *column_id(size_t i);                  /* NULL past the end */

/* The columns of a listing, NULL-terminated ids: `headroom ls`, and the live view. */
extern const char *const columns_of_ls[];
extern const char *const columns_of_top[];

/* Stable; what is not known comes last, in either direction; equals by headroom share, then
 * name. */
void rows_sort(struct row *rows, size_t n, const struct column *by, bool reverse);

#endif
