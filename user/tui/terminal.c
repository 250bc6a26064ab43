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

enum pair { PAIR_NONE, PAIR_GOOD, PAIR_WARN, PAIR_BAD, PAIR_DIM };

static SCREEN *screen;
static FILE *input;
static attr_t looks[STYLE_COUNT], dim;
static MEVENT clicked;
/* The painted screen: only cells that differ go to ncurses. */
static struct screen_buffer shown;

/* Styles differ without colour, too. */
static const struct {
	attr_t mono, colour;
	short pair;
} look_of[STYLE_COUNT] = {
	[STYLE_PLAIN] = {A_NORMAL, A_NORMAL, PAIR_NONE},
	[STYLE_DIM] = {A_DIM, A_DIM, PAIR_NONE},
	[STYLE_BOLD] = {A_BOLD, A_BOLD, PAIR_NONE},
	[STYLE_GOOD] = {A_NORMAL, A_NORMAL, PAIR_GOOD},
	[STYLE_WARN] = {A_BOLD, A_NORMAL, PAIR_WARN},
	[STYLE_BAD] = {A_BOLD | A_UNDERLINE, A_BOLD, PAIR_BAD},
	[STYLE_TITLE] = {A_REVERSE, A_REVERSE, PAIR_NONE},
	[STYLE_TITLE_KEY] = {A_BOLD | A_UNDERLINE, A_BOLD | A_REVERSE, PAIR_NONE},
	[STYLE_SELECTED] = {A_REVERSE | A_BOLD, A_REVERSE | A_BOLD, PAIR_NONE},
};

/* Colours that can be read on a light ground and on a dark one; the ground itself is the terminal's. Of the first sixteen
 * the user's theme decides. */
static const struct {
	short of_16, of_256;
	int rgb;
} colour_of[] = {
	[PAIR_GOOD] = {COLOR_GREEN, 35, 0x00a050},
	[PAIR_WARN] = {COLOR_YELLOW, 172, 0xd08000},
	[PAIR_BAD] = {COLOR_RED, 196, 0xf03030},
	[PAIR_DIM] = {-1, 244, 0x808080},
};

static bool start_colours(enum top_colours most)
{
	int ground;

	if (most == TOP_COLOURS_NONE || !has_colors() || start_color() != OK)
		return false;
	ground = use_default_colors() == OK ? -1 : COLOR_BLACK;
	for (short pair = PAIR_NONE + 1; pair < (short)ARRAY_SIZE(colour_of); pair++) {
		if (COLORS > 256 && tigetflag("RGB") > 0 && most == TOP_COLOURS_AUTO)
			init_extended_pair(pair, colour_of[pair].rgb, ground);
		else if (COLORS >= 256 && most != TOP_COLOURS_16)
			init_pair(pair, colour_of[pair].of_256, (short)ground);
		else
			init_pair(pair,
				  ground < 0 || colour_of[pair].of_16 >= 0 ? colour_of[pair].of_16
									   : COLOR_WHITE,
				  (short)ground);
	}
	dim = COLORS >= 256 && most != TOP_COLOURS_16 ? A_NORMAL : A_DIM;
	return true;
}

static void choose_looks(enum top_colours most)
{
	bool colour = start_colours(most);

	for (size_t i = 0; i < STYLE_COUNT; i++)
		looks[i] = colour ? look_of[i].colour | (attr_t)COLOR_PAIR(look_of[i].pair)
				  : look_of[i].mono;
	if (colour)
		looks[STYLE_DIM] = dim | (attr_t)COLOR_PAIR(PAIR_DIM);
}

int terminal_open(enum top_colours most)
{
	const char *place, *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	if (!term || !*term)
		return -EINVAL;
	input = stdin;
	screen = newterm(NULL, stdout, input);
	if (!screen)
		return -ENOENT;
	place = tigetstr("cup");
	if (!place || place == (char *)-1) {
		terminal_close();
		return -EOPNOTSUPP;
	}
	choose_looks(most);
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
	attr_t on = looks[cell->style & ~CELL_MARKED];

	return cell->style & CELL_MARKED ? (on & ~(attr_t)A_DIM) | A_REVERSE : on;
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
	{KEY_F(1), TOP_F1},       {KEY_RESIZE, -1},
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
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].curses == (int)c)
			return keys[i].key;
	return KEY_OF_TOP; /* an unknown key */
}
