// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Canvas to terminal, keys from it. Only ncurses writes to the screen: it sends what changed,
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

#define CTRL_L 0x0c /* the screen was spoilt by somebody else */

enum pair { PAIR_NONE, PAIR_GOOD, PAIR_WARN, PAIR_BAD, PAIR_TITLE };

static SCREEN *screen;
static FILE *input;
static attr_t looks[STYLE_COUNT];
/* What stands on the screen: only cells that differ are handed to ncurses. */
static struct canvas shown;

/* Every style differs without colour, too. */
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

static void choose_looks(bool colour)
{
	if (colour && has_colors() && start_color() == OK) {
		short background = use_default_colors() == OK ? -1 : COLOR_BLACK;

		init_pair(PAIR_GOOD, COLOR_GREEN, background);
		init_pair(PAIR_WARN, COLOR_YELLOW, background);
		init_pair(PAIR_BAD, COLOR_RED, background);
	} else {
		colour = false;
	}
	for (size_t i = 0; i < STYLE_COUNT; i++)
		looks[i] = colour ? look_of[i].colour | (attr_t)COLOR_PAIR(look_of[i].pair)
				  : look_of[i].mono;
}

int terminal_open(bool colour)
{
	const char *place, *term = getenv("TERM");

	if (!term || !*term || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	input = stdin;
	screen = newterm(NULL, stdout, input);
	if (!screen)
		return -ENOTTY;
	place = tigetstr("cup");
	if (!place || place == (char *)-1) {
		terminal_close();
		return -ENOTTY;
	}
	choose_looks(colour);
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

void terminal_close(void)
{
	if (!screen)
		return;
	endwin();
	canvas_done(&shown);
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

void terminal_paint(const struct canvas *canvas)
{
	bool all = canvas->rows != shown.rows || canvas->columns != shown.columns || !shown.cells;

	if (all) {
		erase();
		if (canvas_reset(&shown, canvas->rows, canvas->columns, false))
			canvas_done(&shown); /* then everything is handed over each time */
	}
	for (size_t y = 0; y < canvas->rows; y++) {
		const struct cell *row = canvas->cells + y * canvas->columns;
		struct cell *old = shown.cells ? shown.cells + y * canvas->columns : NULL;

		for (size_t x = 0; x < canvas->columns; x++) {
			if (!row[x].columns || (!all && old && same(&row[x], &old[x])))
				continue;
			attrset(look(&row[x]));
			mvaddstr((int)y, (int)x, row[x].text);
		}
		if (old)
			memcpy(old, row, canvas->columns * sizeof(*old));
	}
	attrset(A_NORMAL);
	wnoutrefresh(stdscr);
	doupdate();
}

static const struct {
	int curses, key;
} keys[] = {
	{KEY_UP, TOP_UP},	  {KEY_DOWN, TOP_DOWN},
	{KEY_PPAGE, TOP_PAGE_UP}, {KEY_NPAGE, TOP_PAGE_DOWN},
	{KEY_HOME, TOP_FIRST},	  {KEY_END, TOP_LAST},
	{KEY_LEFT, TOP_LEFT},	  {KEY_RIGHT, TOP_RIGHT},
	{KEY_ENTER, TOP_ENTER},	  {KEY_BACKSPACE, TOP_BACKSPACE},
	{KEY_DC, TOP_BACKSPACE},  {KEY_BTAB, TOP_BACK_TAB},
	{KEY_F(1), TOP_F1},	  {KEY_RESIZE, -1},
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
		canvas_done(&shown);
		clearok(curscr, TRUE);
		return KEY_OF_TOP;
	}
	if (r == OK)
		return character_key(c);
	if (r != KEY_CODE_YES)
		return poll(&in, 1, 0) > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL) ? -2 : 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].curses == (int)c)
			return keys[i].key;
	return KEY_OF_TOP; /* a key that means nothing here */
}
