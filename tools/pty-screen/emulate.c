// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The terminal of pty-screen. Passes over what it does not know; never leaves its cells. */
#include "pty-screen/emulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static struct cell *cell_at(struct screen *s, size_t y, size_t x)
{
	return &s->screen_buffer.cells[y * s->screen_buffer.columns + x];
}

static void blank(struct screen *s, size_t y, size_t from, size_t to)
{
	for (size_t x = from; x < to && x < s->screen_buffer.columns; x++)
		*cell_at(s, y, x) = (struct cell){.text = " ", .columns = 1};
}

/* Moves the lines from `top` to the scrolling region's end by n, up or down; blank ones come in. */
static void scroll(struct screen *s, size_t top, size_t n, bool up)
{
	size_t columns = s->screen_buffer.columns, lines = s->bottom + 1 - top, keep;

	if (top > s->bottom)
		return;
	n = least(n, lines);
	keep = lines - n;
	memmove(cell_at(s, up ? top : top + n, 0), cell_at(s, up ? top + n : top, 0),
		keep * columns * sizeof(struct cell));
	for (size_t i = 0; i < n; i++)
		blank(s, up ? top + keep + i : top + i, 0, columns);
}

static void line_feed(struct screen *s)
{
	if (s->y == s->bottom)
		scroll(s, s->top, 1, true);
	else
		s->y = least(s->y + 1, s->screen_buffer.rows - 1);
}

static void put(struct screen *s, const char *character)
{
	size_t taken;

	if (s->x >= s->screen_buffer.columns) {
		s->x = 0;
		line_feed(s);
	}
	taken = screen_buffer_put(&s->screen_buffer, s->y, s->x, 2, (enum style)s->look, character);
	s->x += taken;
	snprintf(s->last, sizeof(s->last), "%s", character);
}

static void set_look(struct screen *s, const unsigned int *arg, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int a = arg[i];

		if (!a)
			s->look = 0;
		else if (a == 1 || a == 2 || a == 4 || a == 7)
			s->look |= a == 1   ? LOOK_BOLD
				   : a == 2 ? LOOK_DIM
				   : a == 4 ? LOOK_UNDERLINE
					    : LOOK_REVERSE;
		else if (a == 22)
			s->look &= (uint8_t) ~(LOOK_BOLD | LOOK_DIM);
		else if (a == 24 || a == 27)
			s->look &= (uint8_t) ~(a == 24 ? LOOK_UNDERLINE : LOOK_REVERSE);
		else if (a == 39 || a == 49)
			s->look &= (uint8_t)~LOOK_COLOUR;
		else if ((a >= 30 && a < 50) || (a >= 90 && a < 108))
			s->look |= LOOK_COLOUR;
		if (a == 38 || a == 48)
			i += i + 1 < n && arg[i + 1] == 5 ? 2 : 4;
	}
}

static void erase_line(struct screen *s, unsigned int what)
{
	blank(s, s->y, what ? 0 : s->x, what == 1 ? s->x + 1 : s->screen_buffer.columns);
}

static void erase_display(struct screen *s, unsigned int what)
{
	for (size_t y = 0; y < s->screen_buffer.rows; y++)
		if (what >= 2 || (what ? y < s->y : y > s->y))
			blank(s, y, 0, s->screen_buffer.columns);
	if (what < 2)
		erase_line(s, what);
}

static void shift(struct screen *s, size_t n, bool insert)
{
	size_t columns = s->screen_buffer.columns, rest = columns - least(s->x + n, columns);
	struct cell *at = cell_at(s, s->y, s->x);

	n = least(n, columns - s->x);
	if (insert) {
		memmove(at + n, at, rest * sizeof(*at));
		blank(s, s->y, s->x, s->x + n);
	} else {
		memmove(at, at + n, rest * sizeof(*at));
		blank(s, s->y, columns - n, columns);
	}
}

static void move_to(struct screen *s, size_t y, size_t x)
{
	s->y = least(y, s->screen_buffer.rows - 1);
	s->x = least(x, s->screen_buffer.columns - 1);
}

/* Sequences that only move the cursor. */
static bool move(struct screen *s, char final, size_t count, const unsigned int *arg)
{
	switch (final) {
	case 'A':
		move_to(s, s->y - least(count, s->y), s->x);
		return true;
	case 'B':
		move_to(s, s->y + count, s->x);
		return true;
	case 'C':
		move_to(s, s->y, s->x + count);
		return true;
	case 'D':
		move_to(s, s->y, s->x - least(count, s->x));
		return true;
	case 'G':
		move_to(s, s->y, count - 1);
		return true;
	case 'd':
		move_to(s, count - 1, s->x);
		return true;
	case 'H':
	case 'f':
		move_to(s, count - 1, (arg[1] ? arg[1] : 1) - 1);
		return true;
	default:
		return false;
	}
}

static void set_region(struct screen *s, size_t top, size_t bottom)
{
	s->top = top - 1;
	s->bottom = least(bottom ? bottom : s->screen_buffer.rows, s->screen_buffer.rows) - 1;
	move_to(s, 0, 0);
}

static void repeat(struct screen *s, size_t count)
{
	char character[sizeof(s->last)];

	strcpy(character, s->last);
	while (count--)
		put(s, character);
}

static void edit(struct screen *s, char final, size_t count, const unsigned int *arg)
{
	switch (final) {
	case 'J':
		erase_display(s, arg[0]);
		break;
	case 'K':
		erase_line(s, arg[0]);
		break;
	case 'X':
		blank(s, s->y, s->x, s->x + count);
		break;
	case '@':
		shift(s, count, true);
		break;
	case 'P':
		shift(s, count, false);
		break;
	case 'S':
		scroll(s, s->top, count, true);
		break;
	case 'T':
		scroll(s, s->top, count, false);
		break;
	case 'L':
		scroll(s, s->y, count, false);
		break;
	case 'M':
		scroll(s, s->y, count, true);
		break;
	case 'b':
		repeat(s, count);
		break;
	case 'r':
		set_region(s, count, arg[1]);
		break;
	}
}

/* A control sequence: ESC [ private? numbers ; … final */
static void control(struct screen *s, const char *text, char final)
{
	unsigned int arg[16] = {0};
	size_t n = 0, count;

	if (*text && strchr("<=>?", *text))
		return; /* modes: nothing of them is seen */
	do {
		arg[n++] = (unsigned int)strtoul(text, (char **)&text, 10);
	} while (*text++ == ';' && n < ARRAY_SIZE(arg));
	count = arg[0] ? arg[0] : 1;
	if (final == 'm')
		set_look(s, arg, n);
	else if (!move(s, final, count, arg))
		edit(s, final, count, arg);
}

static void plain(struct screen *s, char c)
{
	switch (c) {
	case '\r':
		s->x = 0;
		break;
	case '\n':
		line_feed(s);
		break;
	case '\b':
		s->x -= s->x > 0;
		break;
	case '\t':
		s->x = least((s->x | 7) + 1, s->screen_buffer.columns - 1);
		break;
	default:
		if ((unsigned char)c >= ' ')
			put(s, (char[2]){c});
	}
}

/* Whether the sequence so far is whole; it is acted upon then. */
static bool finish(struct screen *s)
{
	unsigned char first = (unsigned char)s->sequence[0],
		      last = (unsigned char)s->sequence[s->n - 1];

	if (first >= 0xc0) {
		if (s->n < (first >= 0xf0 ? 4u : first >= 0xe0 ? 3u : 2u))
			return false;
		s->sequence[s->n] = 0;
		put(s, s->sequence);
		return true;
	}
	if (s->n == 1)
		return false;
	if (s->sequence[1] == '[') {
		if (s->n == 2 || last < 0x40 || last > 0x7e)
			return s->n + 1 >= sizeof(s->sequence);
		s->sequence[s->n - 1] = 0;
		control(s, s->sequence + 2, (char)last);
		return true;
	}
	if (s->sequence[1] == ']')
		return last == '\a' || s->n + 1 >= sizeof(s->sequence);
	if (strchr("()*+", s->sequence[1]))
		return s->n == 3;
	if (s->sequence[1] == '7') {
		s->saved_y = s->y;
		s->saved_x = s->x;
	} else if (s->sequence[1] == '8') {
		move_to(s, s->saved_y, s->saved_x);
	} else if (s->sequence[1] == 'M' && s->y == s->top)
		scroll(s, s->top, 1, false);
	else if (s->sequence[1] == 'M')
		s->y -= s->y > 0;
	return true;
}

void emulate_feed(struct screen *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!s->n && bytes[i] != '\033' && (unsigned char)bytes[i] < 0xc0) {
			plain(s, bytes[i]);
			continue;
		}
		s->sequence[s->n++] = bytes[i];
		if (finish(s))
			s->n = 0;
	}
	s->painted |= n > 0;
}
