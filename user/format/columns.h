/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Columns as data. A column is one line in columns.c; table, sort key, help and interactive monitor follow from it. Text is
 * clean UTF-8; the printer converts it for an ASCII terminal.
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
	uint8_t width;    /* columns on a screen; 0: all that is left */
	bool right;       /* aligned */
	bool keeps_end;   /* a name that is a path is cut at its beginning */
	bool least_first; /* sorts ascending */
	uint8_t drop;     /* on a narrow screen the highest is removed first */
	const char *(*format)(const struct row *row, char text[CELL_TEXT]);
	double (*value)(const struct row *row); /* to sort by; NAN: unknown; NULL: sorts by text */
	enum style (*style)(const struct row *row); /* NULL: plain */
	/* On a screen instead of format: drawn to a width. NULL: format. */
	const char *(*drawn)(const struct row *row, size_t width, bool ascii, char text[CELL_TEXT]);
	/* A bar before the text: shares of the limit, 0-1; false: no bar in this row. NULL: never. */
	bool (*bar)(const struct row *row, double *ret_solid, double *ret_light);
};

extern const struct column column_table[];
extern const size_t columns_count;

const struct column *column_find(const char *id); /* NULL */
const char *column_id(size_t i);                  /* NULL past the end */

/* Column ids of `headroom ls` and of the interactive monitor, NULL-terminated. */
extern const char *const columns_of_ls[];
extern const char *const columns_of_top[];

/* Stable; unknown values last in either direction; equal ones by headroom share, then name. */
void rows_sort(struct row *rows, size_t n, const struct column *by, bool reverse);

#endif
