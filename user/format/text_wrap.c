// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Line breaking: never inside a word that fits, never inside a character. */
#include "text_wrap.h"

#include <string.h>

#include "base/utf8_clean.h"

#define PIECE 2048 /* bytes considered for one row */

size_t wrap_fitting(const char *text, size_t width)
{
	char piece[PIECE];
	size_t best = 0, n = strnlen(text, PIECE - 1), word;

	for (size_t at = 0; at < n;) {
		size_t end;

		word = at + strspn(text + at, " ");
		end = word + strcspn(text + word, " ");
		if (end >= PIECE)
			break;
		memcpy(piece, text, end);
		piece[end] = 0;
		if (text_width(piece) > width)
			break;
		best = at = end;
	}
	word = strspn(text, " ");
	return best ? best : word + strcspn(text + word, " ");
}

/* Bytes of as many characters as fit; at least one. */
static size_t characters_fitting(const char *text, size_t n, size_t width)
{
	char piece[PIECE];
	size_t fits = 0;

	for (size_t at = 0; at < n && at < PIECE - 8;) {
		do
			at++;
		while (((unsigned char)text[at] & 0xc0) == 0x80);
		memcpy(piece, text, at);
		piece[at] = 0;
		if (fits && text_width(piece) > width)
			break;
		fits = at;
	}
	return fits;
}

size_t wrap_put(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		enum style style, const char *text)
{
	char piece[PIECE];
	size_t rows = 0, indent = 0;

	while (*text && width > indent) {
		size_t space = width - indent, n = wrap_fitting(text, space);

		n = n < PIECE ? n : PIECE - 1;
		memcpy(piece, text, n);
		piece[n] = 0;
		if (text_width(piece) > space) { /* one long word: a path, an id */
			n = characters_fitting(text, n, space);
			piece[n] = 0;
		}
		screen_buffer_put(screen_buffer, y + rows, x + indent, space, style, piece);
		text += n;
		text += strspn(text, " ");
		rows++;
		indent = width > 2 * WRAP_HANG ? WRAP_HANG : 0;
	}
	return rows;
}
