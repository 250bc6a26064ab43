// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Fits columns to a width and prints rows. */
#include "table.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"

#define NAME_LEAST  16 /* a column is removed before a name is cut to less than this */
#define NAME_SCREEN 20 /* on a screen */
#define NAME_ROOMY  30 /* for columns that only a wide screen shows (DROP_EXTRA) */
#define NAME_MOST   48 /* on a wide screen: further space goes to bars */
#define DROP_EXTRA  60 /* column.drop from here on */
#define BAR_LEAST   5
#define BAR_MOST    24

char character_ascii(const char *character)
{
	return strncmp(character, "–", strlen("–")) ? '?' : '-';
}

char *text_ascii(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if ((unsigned char)*from < 0x80)
			*to++ = *from;
		else if (((unsigned char)*from & 0xc0) == 0xc0) /* the first byte of a character */
			*to++ = character_ascii(from);
	}
	*to = 0;
	return text;
}

static size_t table_width(const struct table *table)
{
	size_t width = table->n ? table->n - 1 : 0;

	for (size_t i = 0; i < table->n; i++)
		width += table->width[i];
	return width;
}

static void drop_column(struct table *table, size_t at)
{
	size_t after = table->n - at - 1;

	memmove(&table->column[at], &table->column[at + 1], after * sizeof(table->column[0]));
	memmove(&table->width[at], &table->width[at + 1], after * sizeof(table->width[0]));
	memmove(&table->bar[at], &table->bar[at + 1], after * sizeof(table->bar[0]));
	table->n--;
}

/* The column of adaptive width, never removed: the name, or the first. */
static size_t table_elastic(const struct table *table)
{
	for (size_t i = 0; i < table->n; i++)
		if (!table->column[i]->width)
			return i;
	return 0;
}

/* Removes columns with a `drop` of at least `from` until `least` is left for the elastic one. */
static void drop_until(struct table *table, size_t width, size_t least, unsigned int from)
{
	for (;;) {
		size_t keep = table_elastic(table), worst = keep;

		if (table->n < 2 || table_width(table) - table->width[keep] + least <= width)
			return;
		for (size_t i = 0; i < table->n; i++)
			if (i != keep &&
			    (worst == keep || table->column[i]->drop > table->column[worst]->drop))
				worst = i;
		if (table->column[worst]->drop < from)
			return;
		drop_column(table, worst);
	}
}

static void table_init(struct table *table, const char *const *ids)
{
	memset(table, 0, sizeof(*table));
	for (; *ids && table->n < TABLE_COLUMNS; ids++)
		table->column[table->n++] = column_find(*ids);
}

void table_fit_rows(struct table *table, const char *const *ids, const struct row *rows, size_t n,
		    size_t width)
{
	char text[CELL_TEXT];
	size_t others, name;

	table_init(table, ids);
	for (size_t i = 0; i < table->n; i++) {
		const struct column *column = table->column[i];

		table->width[i] = text_width(column->title);
		for (size_t row = 0; row < n; row++) {
			size_t w = text_width(column->format(&rows[row], text));

			if (w > table->width[i])
				table->width[i] = w;
		}
	}
	if (!width || table_width(table) <= width)
		return;
	name = table_elastic(table);
	drop_until(table, width, table->width[name] < NAME_LEAST ? table->width[name] : NAME_LEAST,
		   0);
	name = table_elastic(table);
	others = table_width(table) - table->width[name];
	if (table->width[name] + others > width)
		table->width[name] = width > others ? width - others : 1;
}

void table_fit_screen(struct table *table, const struct column *const *columns, size_t n,
		      size_t width)
{
	size_t others, bars = 0, spare, name;

	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < n && i < TABLE_COLUMNS; i++) {
		table->column[i] = columns[i];
		table->bar[i] = columns[i]->bar ? BAR_LEAST : 0;
		table->width[i] = columns[i]->width + table->bar[i];
		bars += table->bar[i] > 0;
		table->n++;
	}
	drop_until(table, width, NAME_ROOMY, DROP_EXTRA);
	drop_until(table, width, NAME_SCREEN, 0);
	name = table_elastic(table);
	others = table_width(table) - table->width[name];
	table->width[name] = width > others ? width - others : 1;
	if (table->width[name] <= NAME_MOST)
		return;
	spare = table->width[name] - NAME_MOST;
	for (size_t i = 0; i < table->n; i++) {
		size_t more = table->bar[i] ? spare / bars : 0;

		if (more > BAR_MOST - BAR_LEAST)
			more = BAR_MOST - BAR_LEAST;
		table->bar[i] += more;
		table->width[i] += more;
		table->width[name] -= more;
	}
	/* further space to sparklines */
	for (size_t i = 0; i < table->n; i++)
		while (table->column[i]->drawn && table->width[i] < BAR_MOST &&
		       table->width[name] > NAME_MOST) {
			table->width[i]++;
			table->width[name]--;
		}
}

/* The end of a clean text: "…/kubepods/burstable" */
void text_fit_end(char *text, size_t width, bool ascii)
{
	const char *mark = ascii ? "~" : "…";
	const char *from = text;
	size_t mark_bytes = strlen(mark);

	if (text_width(text) <= width)
		return;
	while (*from && (text_width(from) + 1 > width || (size_t)(from - text) < mark_bytes))
		do
			from++;
		while (((unsigned char)*from & 0xc0) == 0x80);
	if (!width || (size_t)(from - text) < mark_bytes)
		mark_bytes = 0;
	memmove(text + mark_bytes, from, strlen(from) + 1);
	memcpy(text, mark, mark_bytes);
}

const char *table_cell(const struct column *column, const struct row *row, size_t width, bool ascii,
		       char text[CELL_TEXT])
{
	char cut[CELL_TEXT];

	if (column->drawn) {
		column->drawn(row, width, ascii, text);
		return ascii ? text_ascii(text) : text;
	}
	if (column->format(row, cut) != cut)
		snprintf(cut, sizeof(cut), "-");
	if (ascii)
		text_ascii(cut);
	if (cut[0] == '/' || (column->keeps_end && row->name_is_path)) {
		text_fit_end(cut, width, ascii);
		return strcpy(text, cut);
	}
	return text_fit(cut, width, ascii, text, CELL_TEXT);
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last,
		       const char *on)
{
	int pad = (int)width - (int)text_width(text);

	if (right && pad > 0)
		fprintf(out, "%*s", pad, "");
	fprintf(out, "%s%s%s", on ? on : "", text, on ? "\033[0m" : "");
	if (!right && pad > 0 && !last)
		fprintf(out, "%*s", pad, "");
	fputs(last ? "\n" : " ", out);
}

void table_print(FILE *out, const struct table *table, const struct row *rows, size_t n,
		 bool header, bool colour, bool ascii)
{
	char text[CELL_TEXT];

	for (size_t i = 0; header && i < table->n; i++)
		print_cell(out, table->column[i]->title, table->width[i], table->column[i]->right,
			   i + 1 == table->n, colour ? style_ansi(STYLE_TITLE) : NULL);
	for (size_t row = 0; row < n; row++)
		for (size_t i = 0; i < table->n; i++) {
			const struct column *column = table->column[i];
			enum style style = column->style ? column->style(&rows[row]) : STYLE_PLAIN;

			table_cell(column, &rows[row], table->width[i], ascii, text);
			print_cell(out, text, table->width[i], column->right, i + 1 == table->n,
				   colour ? style_ansi(style) : NULL);
		}
}

void csv_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', out);
}
