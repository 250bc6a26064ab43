/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The frame of a command, for `headroom` and `headroom-export`: what a command is, how it is run,
 * and what all commands share (opening the board, properties of stdout, exit statuses). A command
 * states its options as a table; it prints its result to stdout and an error as one line to stderr,
 * and returns an exit status. Knows no particular command.
 */
#ifndef HEADROOM_COMMAND_H
#define HEADROOM_COMMAND_H

#include <headroom/reader.h>
#include "confine.h"
#include "options.h"

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,     /* or a configuration error */
	CLI_NO_DAEMON = 3, /* no daemon has run here, or its heartbeat is overdue */
	CLI_NOT_PERMITTED = 4,
	CLI_KERNEL = 5, /* this kernel lacks what is needed */
	CLI_SKIPPED =
		6 /* possible here, but not at the moment or not for that target: nothing was done */
};

#define CLI_OPTIONS_BYTES 256

struct command {
	const char *name;
	const char *arguments;  /* "FILE", or "" */
	const char *summary;    /* one line of the list of commands */
	const char *text;       /* further lines for its own help; NULL: none */
	int arguments_needed;   /* that many … */
	int arguments_optional; /* … and at most that many more */
	const struct option_spec *options;
	const void *defaults; /* options_bytes of them; NULL: all zero */
	size_t options_bytes; /* at most CLI_OPTIONS_BYTES */
	int (*run)(const void *options, char **arguments);
	enum command_rights rights; /* what it keeps once it has opened the board */
	const char *
		program; /* a separate program that runs it, with the same arguments; NULL: run() */
	/* NULL-terminated: the next word chooses one, by the last word of its name */
	const struct command *const *parts;
};

/* command_run.c. argv[0] is the command's name. Returns an exit status. */
int command_run(const struct command *command, int argc, char **argv);
int command_help(const struct command *command);

#define OPTION_BOARD(type_)                                                                       \
	{                                                                                         \
		.name = "board", .argument = "PATH", .parse = option_text,                        \
		.offset = offsetof(type_, board), .help = "board or recording", .wants = "a path" \
	}

/* Opens the board at path (NULL: the default) or prints one line with the reason; then gives up the rights that the command
 * does not keep. 0 or an exit status. */
int cli_open(const char *path, struct hr_reader **ret_reader);
static inline void cli_closep(struct hr_reader **r) { hr_reader_close(*r); }
/* Moves a recording to the frame at at_ns (0: the last); a live board has no past. 0 or an exit
 * status after one line with the reason. */
int cli_go_to_time(const char *command, struct hr_reader *reader, uint64_t at_ns);
#define _cleanup_reader_ _cleanup_(cli_closep)

/* Whether the locale has no UTF-8: output must then be ASCII. */
bool cli_ascii(void);
/* Colour for stdout: a terminal, not dumb, no NO_COLOR. */
bool cli_colour(void);
/* Columns of the terminal on stdout; 0: stdout is no terminal. */
size_t cli_width(void);
/* Prints text in lines of at most `width` columns, each `indent` spaces in, broken between words; a
 * word that is longer than a line stays whole. width 0: one line. */
void cli_print_wrapped(const char *text, size_t indent, size_t width);

/* Flushes stdout. A closed pipe is no error: CLI_DONE. */
int cli_flush(void);

#endif
