// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Screen buffer to terminal, keys from it. Only ncurses writes to the screen: it sends what changed,
 * so nothing flickers. */
#define NCURSES_WIDECHAR 1
#include "terminal.h"

#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "top.h"

#define CTRL_L 0x0c /* redraw: another program wrote to the terminal */

static SCREEN *screen;
static FILE *input;
static attr_t looks[STYLE_COUNT];
static MEVENT clicked;
/* The painted screen: only cells that differ go to ncurses. */
static struct screen_buffer shown;

/* Styles differ without colour, too. */
static const struct {
	attr_t mono, colour;
} look_of[STYLE_COUNT] = {
	[STYLE_DIM] = {A_DIM, A_NORMAL},
	[STYLE_BOLD] = {A_BOLD, A_BOLD},
	[STYLE_WARN] = {A_BOLD, A_NORMAL},
	[STYLE_BAD] = {A_BOLD | A_UNDERLINE, A_BOLD},
	[STYLE_TITLE] = {A_REVERSE, A_NORMAL},
	[STYLE_TITLE_KEY] = {A_BOLD | A_UNDERLINE, A_BOLD},
	[STYLE_SELECTED] = {A_REVERSE | A_BOLD, A_BOLD},
	[STYLE_ACCENT] = {A_BOLD, A_BOLD},
	[STYLE_FAN] = {A_DIM, A_NORMAL},
	[STYLE_GRADE + 5] = {A_BOLD, A_NORMAL},
	[STYLE_GRADE + 6] = {A_BOLD, A_NORMAL},
	[STYLE_GRADE + 7] = {A_BOLD, A_BOLD},
};

#define GROUND -1 /* the terminal's own */

/* Ink and ground of a style. Colours that can be read on a light ground and on a dark one. Of the first sixteen the user's
 * theme decides. */
struct tint {
	short of_16, of_256;
	int rgb;
	short ground_16, ground_256;
	int ground_rgb;
};
#define INK(of_16, of_256, rgb)                            \
	{                                                  \
		of_16, of_256, rgb, GROUND, GROUND, GROUND \
	}
static const struct tint no_tint = INK(GROUND, GROUND, GROUND);

static const struct tint tints[][STYLE_COUNT] =
	{
		[TOP_PALETTE_NORMAL] =
			{
				[STYLE_GOOD] = INK(COLOR_GREEN, 35, 0x00a050),
				[STYLE_WARN] = INK(COLOR_YELLOW, 172, 0xd08000),
				[STYLE_BAD] = INK(COLOR_RED, 196, 0xf03030),
				[STYLE_FAN] = INK(COLOR_MAGENTA, 140, 0x9a7fd1),
				[STYLE_GRADE + 0] = INK(COLOR_GREEN, 71, 0x57ab5a),
				[STYLE_GRADE + 1] = INK(COLOR_GREEN, 71, 0x6fab54),
				[STYLE_GRADE + 2] = INK(COLOR_GREEN, 107, 0x8cab4c),
				[STYLE_GRADE + 3] = INK(COLOR_YELLOW, 143, 0xb3a743),
				[STYLE_GRADE + 4] = INK(COLOR_YELLOW, 178, 0xd0a021),
				[STYLE_GRADE + 5] = INK(COLOR_YELLOW, 172, 0xdb8423),
				[STYLE_GRADE + 6] = INK(COLOR_RED, 166, 0xe2622b),
				[STYLE_GRADE + 7] = INK(COLOR_RED, 196, 0xf03030),
			},
		/* Blue to orange, which the colour-blind can distinguish (after Okabe and Ito). */
		[TOP_PALETTE_BLUE_ORANGE] =
			{
				[STYLE_GOOD] = INK(COLOR_CYAN, 33, 0x2f86d8),
				[STYLE_WARN] = INK(COLOR_YELLOW, 214, 0xe69f00),
				[STYLE_BAD] = INK(COLOR_RED, 202, 0xf06010),
				[STYLE_FAN] = INK(COLOR_WHITE, 246, 0x949494),
				[STYLE_GRADE + 0] = INK(COLOR_CYAN, 32, 0x2f86d8),
				[STYLE_GRADE + 1] = INK(COLOR_CYAN, 32, 0x4495d8),
				[STYLE_GRADE + 2] = INK(COLOR_CYAN, 74, 0x63a8d6),
				[STYLE_GRADE + 3] = INK(COLOR_WHITE, 109, 0x9aabae),
				[STYLE_GRADE + 4] = INK(COLOR_YELLOW, 179, 0xcfb04e),
				[STYLE_GRADE + 5] = INK(COLOR_YELLOW, 214, 0xe69f00),
				[STYLE_GRADE + 6] = INK(COLOR_RED, 208, 0xec8010),
				[STYLE_GRADE + 7] = INK(COLOR_RED, 202, 0xf06010),
			},
};

/* The same in every palette. */
static const struct tint common[STYLE_COUNT] = {
	[STYLE_DIM] = INK(COLOR_BLACK + 8, 244, 0x808080),
	[STYLE_TITLE] = {COLOR_WHITE, 252, 0xd0d0d0, COLOR_BLUE, 238, 0x3a424d},
	[STYLE_TITLE_KEY] = {COLOR_YELLOW, 222, 0xffd787, COLOR_BLUE, 238, 0x3a424d},
	[STYLE_SELECTED] = {COLOR_BLACK, 231, 0xffffff, COLOR_CYAN, 24, 0x1f5f8b},
	[STYLE_ACCENT] = INK(COLOR_CYAN, 37, 0x2aa1b3),
};

static bool tinted(const struct tint *tint) { return tint->of_16 || tint->of_256 || tint->rgb; }

static const struct tint *tint_of(enum top_palette palette, size_t style)
{
	return tinted(&tints[palette][style]) ? &tints[palette][style]
	       : tinted(&common[style])       ? &common[style]
					      : &no_tint;
}

/* A dim style of sixteen colours has no colour of its own. */
static void init_tint(short pair, const struct tint *tint, enum top_colours most, int ground)
{
	bool direct = COLORS > 256 && tigetflag("RGB") > 0 && most == TOP_COLOURS_AUTO;

	if (direct)
		init_extended_pair(pair, tint->rgb,
				   tint->ground_rgb < 0 ? ground : tint->ground_rgb);
	else if (COLORS >= 256 && most != TOP_COLOURS_16)
		init_pair(pair, tint->of_256,
			  tint->ground_256 < 0 ? (short)ground : tint->ground_256);
	else
		init_pair(pair,
			  tint->of_16 < COLORS && tint->of_16 < 8 ? tint->of_16
			  : ground < 0                            ? (short)ground
								  : COLOR_WHITE,
			  tint->ground_16 < 0 ? (short)ground : tint->ground_16);
}

void terminal_palette(enum top_colours most, enum top_palette palette)
{
	static int ground = GROUND; /* of the screen that is open */
	static bool started;
	bool colour = most != TOP_COLOURS_NONE && palette != TOP_PALETTE_MONO && has_colors();

	if (colour && !started) {
		started = start_color() == OK;
		ground = use_default_colors() == OK ? GROUND : COLOR_BLACK;
	}
	for (size_t i = 0; i < STYLE_COUNT; i++) {
		const struct tint *tint = colour && started ? tint_of(palette, i) : &no_tint;

		looks[i] = colour && started ? look_of[i].colour : look_of[i].mono;
		if (tint == &no_tint)
			continue;
		init_tint((short)(i + 1), tint, most, ground);
		looks[i] |= (attr_t)COLOR_PAIR(i + 1);
		if (i == STYLE_DIM && (COLORS < 256 || most == TOP_COLOURS_16))
			looks[i] |= A_DIM;
	}
	screen_buffer_done(&shown); /* painted anew */
}

/* Where COLORTERM promises 24 bits of colour, the terminal type that has them: xterm-direct for xterm-256color. */
static SCREEN *open_direct(const char *term)
{
	const char *promise = getenv("COLORTERM");
	char direct[64];

	if (!promise || (strcmp(promise, "truecolor") != 0 && strcmp(promise, "24bit") != 0))
		return NULL;
	snprintf(direct, sizeof(direct), "%.*s-direct", (int)strcspn(term, "-"), term);
	return newterm(direct, stdout, input);
}

int terminal_open(enum top_colours most, bool *ret_unknown)
{
	const char *place, *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	input = stdin;
	screen = term && most == TOP_COLOURS_AUTO ? open_direct(term) : NULL;
	if (!screen && term && *term)
		screen = newterm(term, stdout, input);
	*ret_unknown = !screen;
	if (!screen)
		screen = newterm("xterm", stdout, input);
	if (!screen)
		return -ENOENT;
	place = tigetstr("cup");
	if (!place || place == (char *)-1) {
		terminal_close();
		return -EOPNOTSUPP;
	}
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	return 0;
}

/* While it is on, selecting text needs Shift. */
void terminal_mouse(bool on)
{
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
	mouseinterval(0);
}

void terminal_click(size_t *ret_y, size_t *ret_x)
{
	*ret_y = (size_t)clicked.y;
	*ret_x = (size_t)clicked.x;
}

void terminal_close(void)
{
	if (!screen)
		return;
	endwin();
	screen_buffer_done(&shown);
	delscreen(screen);
	screen = NULL;
}

void terminal_size(size_t *ret_rows, size_t *ret_columns)
{
	*ret_rows = (size_t)LINES;
	*ret_columns = (size_t)COLS;
}

static attr_t look(const struct cell *cell)
{
	return looks[cell->style & CELL_MARKED ? STYLE_SELECTED : cell->style];
}

static bool same(const struct cell *a, const struct cell *b)
{
	return a->style == b->style && a->columns == b->columns && !strcmp(a->text, b->text);
}

void terminal_paint(const struct screen_buffer *screen_buffer)
{
	bool all = screen_buffer->rows != shown.rows || screen_buffer->columns != shown.columns ||
		   !shown.cells;

	if (all) {
		erase();
		if (screen_buffer_reset(&shown, screen_buffer->rows, screen_buffer->columns, false))
			screen_buffer_done(&shown); /* then all cells are painted each time */
	}
	for (size_t y = 0; y < screen_buffer->rows; y++) {
		const struct cell *row = screen_buffer->cells + y * screen_buffer->columns;
		struct cell *old = shown.cells ? shown.cells + y * screen_buffer->columns : NULL;

		for (size_t x = 0; x < screen_buffer->columns; x++) {
			if (!row[x].columns || (!all && old && same(&row[x], &old[x])))
				continue;
			attrset(look(&row[x]));
			mvaddstr((int)y, (int)x, row[x].text);
		}
		if (old)
			memcpy(old, row, screen_buffer->columns * sizeof(*old));
	}
	attrset(A_NORMAL);
	wnoutrefresh(stdscr);
	doupdate();
}

static const struct {
	int curses, key;
} keys[] = {
	{KEY_UP, TOP_UP},         {KEY_DOWN, TOP_DOWN},
	{KEY_PPAGE, TOP_PAGE_UP}, {KEY_NPAGE, TOP_PAGE_DOWN},
	{KEY_HOME, TOP_FIRST},    {KEY_END, TOP_LAST},
	{KEY_LEFT, TOP_LEFT},     {KEY_RIGHT, TOP_RIGHT},
	{KEY_ENTER, TOP_ENTER},   {KEY_BACKSPACE, TOP_BACKSPACE},
	{KEY_DC, TOP_BACKSPACE},  {KEY_BTAB, TOP_BACK_TAB},
	{KEY_RESIZE, -1},
};

static int character_key(wint_t c)
{
	switch (c) {
	case '\r':
	case '\n':
		return TOP_ENTER;
	case 0x1b:
		return TOP_ESCAPE;
	case '\t':
		return TOP_TAB;
	case 0x7f:
	case '\b':
		return TOP_BACKSPACE;
	default:
		return (int)c;
	}
}

int terminal_key(void)
{
	struct pollfd in = {.fd = STDIN_FILENO};
	wint_t c = 0;
	int r = get_wch(&c);

	if (r == OK && c == CTRL_L) {
		screen_buffer_done(&shown);
		clearok(curscr, TRUE);
		return KEY_OF_TOP;
	}
	if (r == OK)
		return character_key(c);
	if (r != KEY_CODE_YES)
		return poll(&in, 1, 0) > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL) ? -2 : 0;
	if (c == KEY_MOUSE && getmouse(&clicked) == OK)
		return clicked.bstate & BUTTON4_PRESSED   ? TOP_UP
		       : clicked.bstate & BUTTON5_PRESSED ? TOP_DOWN
							  : TOP_CLICK;
	if (c >= KEY_F(1) && c <= KEY_F(10))
		return TOP_F1 + (int)(c - KEY_F(1));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].curses == (int)c)
			return keys[i].key;
	return KEY_OF_TOP; /* an unknown key */
}
