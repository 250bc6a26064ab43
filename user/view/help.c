// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The help screen, made of the tables of keys and columns: what is not in a table is not in the
 * help. */
#include <string.h>

#include "top.h"

#define INDENT 2
#define WORD_WIDTH 14

/* One entry, wrapped at blanks; rows before `first` and past the screen are counted, not drawn. */
static size_t entry(struct canvas *canvas, size_t row, size_t first, const char *word,
		    const char *text)
{
	size_t column = INDENT + WORD_WIDTH,
	       room = canvas->columns > column + 10 ? canvas->columns - column : 10;
	size_t lines = 0;

	do {
		size_t n = strlen(text), y = row + lines - first;

		if (n > room) {
			for (n = room; n && text[n] != ' ';)
				n--;
			if (!n)
				n = room;
		}
		if (row + lines >= first && y < canvas->rows) {
			if (!lines)
				canvas_put(canvas, y, INDENT, WORD_WIDTH - 1, STYLE_BOLD, word);
			canvas_print(canvas, y, column, STYLE_PLAIN, "%.*s", (int)n, text);
		}
		text += n;
		text += strspn(text, " ");
		lines++;
	} while (*text);
	return lines;
}

static size_t heading(struct canvas *canvas, size_t row, size_t first, const char *text)
{
	if (row >= first && row - first < canvas->rows)
		canvas_put(canvas, row - first, 0, canvas->columns, STYLE_TITLE_KEY, text);
	return 1;
}

size_t help_draw(struct canvas *canvas, size_t first)
{
	const struct key_help *key;
	size_t row = 0;

	row += heading(canvas, row, first, "Keys");
	for (size_t i = 0; (key = top_key_help(i)); i++)
		row += entry(canvas, row, first, key->keys, key->does);
	row++;
	row += heading(canvas, row, first,
		       "Columns (as many as there is room for; any of them sorts)");
	for (size_t i = 0; i < columns_count; i++)
		row += entry(canvas, row, first, column_table[i].title, column_table[i].help);
	row++;
	row += heading(canvas, row, first, "Words");
	row += entry(canvas, row, first, "headroom",
		     "what can still be taken before a limit is hit: limit, less what "
		     "can't be given back, plus swap that may be used; the least of all limits on "
		     "the way up counts");
	row += entry(canvas, row, first, "stall",
		     "share of the last 10 s in which some, or all, tasks waited for memory");
	return row;
}
