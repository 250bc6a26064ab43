// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What all commands share: opening the board, properties of stdout. */
#include "command.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8_clean.h"

int cli_open(const char *path, struct hr_reader **ret_reader)
{
	int r = hr_reader_open(path, ret_reader);

	if (!r) {
		confine_now();
		return CLI_DONE;
	}
	log_error("%s", hr_reader_error());
	return r == -ENOENT                  ? CLI_NO_DAEMON
	       : r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED
					     : CLI_FAILED;
}

int cli_go_to_time(const char *command, struct hr_reader *reader, uint64_t at_ns)
{
	int r;

	if (!hr_reader_is_recording(reader)) {
		if (!at_ns)
			return CLI_DONE;
		log_error("%s: no past in a live board: give a recording with --board FILE",
			  command);
		return CLI_USAGE;
	}
	r = hr_reader_seek_frame(reader, at_ns ? at_ns : UINT64_MAX);
	if (!r)
		return CLI_DONE;
	log_error("%s: %s", hr_reader_path(reader),
		  r == -ENODATA ? "the recording is empty" : "the recording is damaged");
	return CLI_FAILED;
}

bool cli_ascii(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") != 0; }

bool cli_colour(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no_colour || !*no_colour) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

size_t cli_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

void cli_print_wrapped(const char *text, size_t indent, size_t width)
{
	char word[4096];
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		n = n < sizeof(word) ? n : sizeof(word) - 1;
		memcpy(word, text, n);
		word[n] = 0;
		if (!column || (width && column + 1 + text_width(word) > width)) {
			printf("%s%*s%s", column ? "\n" : "", (int)indent, "", word);
			column = indent;
		} else {
			printf(" %s", word);
			column++;
		}
		column += text_width(word);
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

/* Whether the other end of a pipe was closed. */
static bool reader_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) > 0 && out.revents & POLLERR;
}

int cli_flush(void)
{
	static bool emitted;
	int r = fflush(stdout) ? errno : 0;

	if ((!r && !ferror(stdout)) || r == EPIPE || emitted || reader_gone())
		return emitted ? CLI_FAILED : CLI_DONE;
	emitted = true;
	log_error("cannot write to standard output: %s", r ? strerror(r) : "write error");
	return CLI_FAILED;
}
