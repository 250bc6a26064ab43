// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A screen in memory. Knows no terminal; never writes outside its cells. */
#include "screen_buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8_clean.h"
#include "table.h"

static void blank(struct cell *cell)
{
	*cell = (struct cell){.text = " ", .columns = 1, .style = STYLE_PLAIN};
}

int screen_buffer_reset(struct screen_buffer *screen_buffer, size_t rows, size_t columns,
			bool ascii)
{
	if (rows != screen_buffer->rows || columns != screen_buffer->columns ||
	    !screen_buffer->cells) {
		struct cell *cells =
			reallocarray(screen_buffer->cells, rows * columns + 1, sizeof(*cells));

		if (!cells)
			return -ENOMEM;
		screen_buffer->cells = cells;
		screen_buffer->rows = rows;
		screen_buffer->columns = columns;
	}
	screen_buffer->ascii = ascii;
	for (size_t i = 0; i < rows * columns; i++)
		blank(&screen_buffer->cells[i]);
	return 0;
}

void screen_buffer_done(struct screen_buffer *screen_buffer)
{
	free(screen_buffer->cells);
	memset(screen_buffer, 0, sizeof(*screen_buffer));
}

/* The next character of clean UTF-8 as a string of its own. */
static size_t take_character(const char *text, char out[5])
{
	size_t n = 1;

	while (n < 4 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	memcpy(out, text, n);
	out[n] = 0;
	return n;
}

/* Overwriting half of a wide character blanks its other half. */
static void clear_halves(struct cell *row, size_t columns, size_t x, size_t width)
{
	if (!row[x].columns && x)
		blank(&row[x - 1]);
	if (x + width < columns && !row[x + width].columns)
		blank(&row[x + width]);
}

size_t screen_buffer_put(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
			 enum style style, const char *text)
{
	struct cell *row = screen_buffer->cells + y * screen_buffer->columns;
	size_t start = x, end;

	if (y >= screen_buffer->rows || x >= screen_buffer->columns)
		return 0;
	end = width < screen_buffer->columns - x ? x + width : screen_buffer->columns;
	while (*text) {
		char character[5];
		size_t columns;

		text += take_character(text, character);
		if (screen_buffer->ascii && (unsigned char)character[0] >= 0x80)
			snprintf(character, sizeof(character), "%c", character_ascii(character));
		columns = text_width(character);
		if (!columns) { /* a combining character */
			struct cell *last = x > start ? &row[x - 1 - !row[x - 1].columns] : NULL;

			if (last && strlen(last->text) + strlen(character) <= CELL_BYTES)
				strcat(last->text, character);
			continue;
		}
		if (x + columns > end)
			break;
		clear_halves(row, screen_buffer->columns, x, columns);
		strcpy(row[x].text, character);
		row[x].columns = (uint8_t)columns;
		row[x].style = (uint8_t)style;
		if (columns == 2)
			row[x + 1] =
				(struct cell){.text = "", .columns = 0, .style = (uint8_t)style};
		x += columns;
	}
	return x - start;
}

size_t screen_buffer_print(struct screen_buffer *screen_buffer, size_t y, size_t x,
			   enum style style, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return screen_buffer_put(screen_buffer, y, x, screen_buffer->columns, style, text);
}

void screen_buffer_style(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
			 enum style style)
{
	if (y >= screen_buffer->rows)
		return;
	for (; width && x < screen_buffer->columns; x++, width--)
		screen_buffer->cells[y * screen_buffer->columns + x].style = (uint8_t)style;
}

void screen_buffer_copy(struct screen_buffer *screen_buffer, size_t y, size_t x,
			const struct screen_buffer *other, size_t from, size_t rows)
{
	size_t width = x < screen_buffer->columns ? screen_buffer->columns - x : 0;

	width = other->columns < width ? other->columns : width;
	for (size_t i = 0; i < rows && y + i < screen_buffer->rows && from + i < other->rows; i++)
		memcpy(screen_buffer->cells + (y + i) * screen_buffer->columns + x,
		       other->cells + (from + i) * other->columns, width * sizeof(*other->cells));
}

void screen_buffer_mark(struct screen_buffer *screen_buffer, size_t y)
{
	for (size_t x = 0; x < screen_buffer->columns && y < screen_buffer->rows; x++)
		screen_buffer->cells[y * screen_buffer->columns + x].style |= CELL_MARKED;
}

/* In eighths of a column with UTF-8. A share above 0 shows at least the thinnest bar. */
void screen_buffer_bar(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		       enum style style, double solid, double light)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	size_t parts = screen_buffer->ascii ? 1 : 8;
	size_t dark = (size_t)(solid * (double)(width * parts) + 0.5), upto;

	if (!dark && solid > 0)
		dark = 1;
	upto = (size_t)((solid + light) * (double)width + 0.5);
	for (size_t i = 0; i < width; i++) {
		size_t left = dark > i * parts ? dark - i * parts : 0;
		const char *text = left >= parts          ? (screen_buffer->ascii ? "#" : "█")
				   : left                 ? eighths[left]
				   : i < upto             ? (screen_buffer->ascii ? "=" : "▒")
				   : screen_buffer->ascii ? "."
							  : "░";

		if (style >= STYLE_GRADE) /* its colour grows with it */
			style = style_grade(((double)i + 0.5) / (double)width);
		screen_buffer_put(screen_buffer, y, x + i, 1, left || i < upto ? style : STYLE_DIM,
				  text);
	}
}

const char *screen_buffer_text(const struct screen_buffer *screen_buffer, size_t y, char *text,
			       size_t bytes)
{
	size_t used = 0, ink = 0;

	for (size_t x = 0; x < screen_buffer->columns; x++) {
		const struct cell *cell = &screen_buffer->cells[y * screen_buffer->columns + x];
		size_t n = strlen(cell->text);

		if (used + n + 1 > bytes)
			break;
		memcpy(text + used, cell->text, n);
		used += n;
		if (n && strcmp(cell->text, " ") != 0)
			ink = used;
	}
	text[ink] = 0;
	return text;
}

static size_t ink_end(const struct cell *row, size_t columns)
{
	while (columns && (!row[columns - 1].columns || !strcmp(row[columns - 1].text, " ")))
		if (!row[--columns].columns)
			return columns + 1; /* the right half of a wide one */
	return columns;
}

void screen_buffer_write(const struct screen_buffer *screen_buffer, FILE *out, bool colour)
{
	for (size_t y = 0; y < screen_buffer->rows; y++) {
		const struct cell *row = screen_buffer->cells + y * screen_buffer->columns;
		size_t end = ink_end(row, screen_buffer->columns);
		const char *on = NULL;

		for (size_t x = 0; x < end; x++) {
			const char *wanted =
				colour ? style_ansi(row[x].style & ~CELL_MARKED) : NULL;

			if (wanted != on)
				fprintf(out, "%s%s", on ? "\033[0m" : "", wanted ? wanted : "");
			on = wanted;
			fputs(row[x].text, out);
		}
		fprintf(out, "%s\n", on ? "\033[0m" : "");
	}
}
