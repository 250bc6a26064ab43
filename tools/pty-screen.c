// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Runs a program in a pseudo-terminal, types keys, and prints the screen that a person would
 * see: for golden tests of the live view and for the pictures in the docs. Knows as much of a
 * terminal (xterm, vt100) as ncurses uses; never sleeps for luck: a key is typed when the
 * program has read the last one, has painted, and waits.
 *
 *	pty-screen 80x24 [--keys 'j > /web Enter'] [--styles] COMMAND [ARGUMENT…]
 * Keys are separated by blanks: a name of the table below, WxH (the window gets another size),
 * wait:TEXT (until that stands on the screen, '_' for a blank; for live ones, at most a minute), show (prints the screen as
 * it is now, then a line of '='), or characters as they are.
 * --styles: after each line that has some, a line that marks reverse (r), bold (b), underlined
 * (u), dim (d), coloured (c).
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <utmp.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "view/canvas.h"

#define PATIENCE_NS \
	(20 * NS_PER_SEC) /* with a key that is never read, or a program that never paints */
#define WAIT_NS (60 * NS_PER_SEC) /* for what a live screen is to show */
#define SETTLED_LOOKS 3 /* that the program waits, one after the other */
#define LOOK_MS 5

enum look { LOOK_REVERSE = 1, LOOK_BOLD = 2, LOOK_UNDERLINE = 4, LOOK_DIM = 8, LOOK_COLOUR = 16 };

struct screen {
	struct canvas canvas;
	size_t y, x, top, bottom; /* cursor, scrolling region */
	size_t saved_y, saved_x; /* ESC 7 */
	uint8_t look;
	char sequence[64]; /* an escape that is not whole yet */
	size_t n;
	char last[8]; /* for REP */
	bool painted, styles;
};

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static struct cell *cell_at(struct screen *s, size_t y, size_t x)
{
	return &s->canvas.cells[y * s->canvas.columns + x];
}

static void blank(struct screen *s, size_t y, size_t from, size_t to)
{
	for (size_t x = from; x < to && x < s->canvas.columns; x++)
		*cell_at(s, y, x) = (struct cell){.text = " ", .columns = 1};
}

/* Moves the lines from `top` to the scrolling region's end by n, up or down; blank ones come in. */
static void scroll(struct screen *s, size_t top, size_t n, bool up)
{
	size_t columns = s->canvas.columns, lines = s->bottom + 1 - top, keep;

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
		s->y = least(s->y + 1, s->canvas.rows - 1);
}

static void put(struct screen *s, const char *character)
{
	size_t taken;

	if (s->x >= s->canvas.columns) {
		s->x = 0;
		line_feed(s);
	}
	taken = canvas_put(&s->canvas, s->y, s->x, 2, (enum style)s->look, character);
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
	blank(s, s->y, what ? 0 : s->x, what == 1 ? s->x + 1 : s->canvas.columns);
}

static void erase_display(struct screen *s, unsigned int what)
{
	for (size_t y = 0; y < s->canvas.rows; y++)
		if (what >= 2 || (what ? y < s->y : y > s->y))
			blank(s, y, 0, s->canvas.columns);
	if (what < 2)
		erase_line(s, what);
}

static void shift(struct screen *s, size_t n, bool insert)
{
	size_t columns = s->canvas.columns, rest = columns - least(s->x + n, columns);
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
	s->y = least(y, s->canvas.rows - 1);
	s->x = least(x, s->canvas.columns - 1);
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
	s->bottom = least(bottom ? bottom : s->canvas.rows, s->canvas.rows) - 1;
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
		s->x = least((s->x | 7) + 1, s->canvas.columns - 1);
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

static void feed(struct screen *s, const char *bytes, size_t n)
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

static char process_state(pid_t pid)
{
	char path[64], text[512], *end;
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		return 'X';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 'X';
}

/* Takes all output until the program has read its keys and waits for more. -ECHILD: it has
 * ended. */
static int settle(struct screen *s, int master, int slave, pid_t pid)
{
	uint64_t until = clock_mono_ns() + PATIENCE_NS;

	for (int quiet = 0; quiet < SETTLED_LOOKS; quiet++) {
		struct pollfd in = {.fd = master, .events = POLLIN};
		/* What was typed reaches the other side by a kernel thread, which on a busy machine may be late: until then
		 * nothing is unread there, and the program sleeps. Asking for input waits for that thread (n_tty_poll() calls
		 * tty_buffer_flush_work(), drivers/tty/n_tty.c, since 4.5), as it does in the other direction below. */
		struct pollfd typed = {.fd = slave, .events = POLLIN};
		char bytes[4096];
		int unread = 0;

		if (poll(&in, 1, LOOK_MS) > 0 && in.revents & POLLIN) {
			ssize_t n = read(master, bytes, sizeof(bytes));

			if (n > 0)
				feed(s, bytes, (size_t)n);
			quiet = -1;
			continue;
		}
		if (strchr("XZ", process_state(pid)))
			return -ECHILD;
		poll(&typed, 1, 0);
		if (ioctl(slave, FIONREAD, &unread) || unread || !s->painted ||
		    process_state(pid) != 'S')
			quiet = -1;
		if (clock_mono_ns() > until)
			return -ETIMEDOUT;
	}
	return 0;
}

static const struct {
	const char *name, *bytes;
} keys[] = {
	{"Up", "\033OA"},    {"Down", "\033OB"},  {"Right", "\033OC"}, {"Left", "\033OD"},
	{"PgUp", "\033[5~"}, {"PgDn", "\033[6~"}, {"Home", "\033OH"},  {"End", "\033OF"},
	{"Enter", "\r"},     {"Esc", "\033"},	  {"Space", " "},      {"Backspace", "\177"},
	{"Ctrl-C", "\003"},
};

static void print_screen(struct screen *s, bool styles)
{
	static const char mark[] = {[LOOK_REVERSE] = 'r',
				    [LOOK_BOLD] = 'b',
				    [LOOK_UNDERLINE] = 'u',
				    [LOOK_DIM] = 'd',
				    [LOOK_COLOUR] = 'c'};
	static const uint8_t order[] = {LOOK_COLOUR, LOOK_REVERSE, LOOK_UNDERLINE, LOOK_BOLD,
					LOOK_DIM};
	char text[8192];

	for (size_t y = 0; y < s->canvas.rows; y++) {
		size_t ink = 0;

		puts(canvas_text(&s->canvas, y, text, sizeof(text)));
		for (size_t x = 0; x < s->canvas.columns; x++) {
			uint8_t look = cell_at(s, y, x)->style;

			text[x] = ' ';
			for (size_t i = 0; i < ARRAY_SIZE(order) && look; i++)
				if (look & order[i]) {
					text[x] = mark[order[i]];
					ink = x + 1;
					break;
				}
		}
		text[ink] = 0;
		if (styles && ink)
			printf("~%s\n", text);
	}
}

static bool stands(const struct screen *s, const char *wanted)
{
	char text[8192];

	for (size_t y = 0; y < s->canvas.rows; y++)
		if (strstr(canvas_text(&s->canvas, y, text, sizeof(text)), wanted))
			return true;
	return false;
}

static int wait_until(struct screen *s, int master, int slave, pid_t pid, const char *text)
{
	uint64_t until = clock_mono_ns() + WAIT_NS;
	char wanted[256];
	int r = 0;

	snprintf(wanted, sizeof(wanted), "%s", text);
	for (char *c = wanted; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	while (!r && !stands(s, wanted)) {
		struct pollfd in = {.fd = master, .events = POLLIN};

		if (clock_mono_ns() > until)
			return -ETIME;
		poll(&in, 1, 100);
		r = settle(s, master, slave, pid);
	}
	return r;
}

static int type(struct screen *s, int master, int slave, pid_t pid, const char *key)
{
	struct winsize size = {0};
	const char *bytes = key;

	if (!strncmp(key, "wait:", 5))
		return wait_until(s, master, slave, pid, key + 5);
	if (!strcmp(key, "show")) {
		print_screen(s, s->styles);
		puts("====");
		fflush(stdout);
		return 0;
	}
	if (sscanf(key, "%hux%hu", &size.ws_col, &size.ws_row) == 2) {
		if (ioctl(master, TIOCSWINSZ, &size) ||
		    canvas_reset(&s->canvas, size.ws_row, size.ws_col, false))
			return -errno;
		s->top = s->y = s->x = 0;
		s->bottom = size.ws_row - 1u;
		kill(pid, SIGWINCH);
		return settle(s, master, slave, pid);
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i].name))
			bytes = keys[i].bytes;
	if (write(master, bytes, strlen(bytes)) < 0)
		return -errno;
	return settle(s, master, slave, pid);
}

static int run(struct screen *s, char **argv, char *typed, const struct winsize *size,
	       int *ret_status)
{
	_cleanup_close_ int master = -1, slave = -1;
	int r = openpty(&master, &slave, NULL, NULL, size) ? -errno : 0;
	pid_t pid = r ? -1 : fork();

	if (pid < 0)
		return r ? r : -errno;
	if (!pid) {
		if (!login_tty(slave))
			execvp(argv[0], argv);
		_exit(127);
	}
	r = settle(s, master, slave, pid);
	for (char *key = strtok(typed, " "); key && !r; key = strtok(NULL, " "))
		r = type(s, master, slave, pid, key);
	if (r != -ECHILD)
		kill(pid, SIGTERM);
	/* a program that is ending may still have something to write */
	for (uint64_t until = clock_mono_ns() + PATIENCE_NS;
	     waitpid(pid, ret_status, WNOHANG) != pid;) {
		struct pollfd in = {.fd = master, .events = POLLIN};
		char bytes[4096];

		if (poll(&in, 1, LOOK_MS) > 0 && in.revents & POLLIN &&
		    read(master, bytes, sizeof(bytes)) < 0)
			continue;
		if (clock_mono_ns() > until)
			kill(pid, SIGKILL);
	}
	return r == -ECHILD ? 0 : r;
}

int main(int argc, char **argv)
{
	struct screen s = {0};
	struct winsize size = {0};
	char none[] = "", *typed = none;
	bool styles = false;
	int at = 2, r, status = 0;

	setlocale(LC_CTYPE, "");
	log_name("pty-screen");
	for (; argc > at && !strncmp(argv[at], "--", 2); at++) {
		if (!strcmp(argv[at], "--keys") && argc > at + 1)
			typed = argv[++at];
		else if (!strcmp(argv[at], "--styles"))
			styles = true;
	}
	if (argc <= at || sscanf(argv[1], "%hux%hu", &size.ws_col, &size.ws_row) != 2 ||
	    !size.ws_col || !size.ws_row || size.ws_col > 1000) {
		log_error("usage: pty-screen WxH [--keys KEYS] [--styles] COMMAND…");
		return 2;
	}
	s.styles = styles;
	r = canvas_reset(&s.canvas, size.ws_row, size.ws_col, false);
	s.bottom = size.ws_row - 1u;
	if (!r)
		r = run(&s, argv + at, typed, &size, &status);
	if (r) {
		log_error("%s: %s", argv[at],
			  r == -ETIME ? "what was waited for never stood on this screen:"
				      : strerror(-r));
		print_screen(&s, styles);
		return 1;
	}
	print_screen(&s, styles);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		printf("[exit %d]\n", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("[signal %d]\n", WTERMSIG(status));
	canvas_done(&s.canvas);
	return 0;
}
