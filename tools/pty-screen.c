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
#include "pty-screen/emulate.h"
#include "format/screen_buffer.h"

#define PATIENCE_NS \
	(20 * NS_PER_SEC) /* with a key that is never read, or a program that never paints */
#define WAIT_NS       (60 * NS_PER_SEC) /* for what a live screen is to show */
#define SETTLED_LOOKS 3                 /* that the program waits, one after the other */
#define LOOK_MS       5

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
				emulate_feed(s, bytes, (size_t)n);
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
	{"Enter", "\r"},     {"Esc", "\033"},     {"Space", " "},      {"Backspace", "\177"},
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

	for (size_t y = 0; y < s->screen_buffer.rows; y++) {
		size_t ink = 0;

		puts(screen_buffer_text(&s->screen_buffer, y, text, sizeof(text)));
		for (size_t x = 0; x < s->screen_buffer.columns; x++) {
			uint8_t look =
				s->screen_buffer.cells[y * s->screen_buffer.columns + x].style;

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

	for (size_t y = 0; y < s->screen_buffer.rows; y++)
		if (strstr(screen_buffer_text(&s->screen_buffer, y, text, sizeof(text)), wanted))
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
		    screen_buffer_reset(&s->screen_buffer, size.ws_row, size.ws_col, false))
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
	r = screen_buffer_reset(&s.screen_buffer, size.ws_row, size.ws_col, false);
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
	screen_buffer_done(&s.screen_buffer);
	return 0;
}
