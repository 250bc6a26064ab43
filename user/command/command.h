/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The frame of a command, for `headroom` and `headroom-export`: what a command is, how it is run,
 * and what all commands
 * share (opening the board, properties of stdout, exit statuses). A command states its options as a
 * table; it prints its
 * result to stdout and an error as one line to stderr, and returns an exit status. Knows no
 * particular command.
 */
#ifndef HEADROOM_COMMAND_H
#define HEADROOM_COMMAND_H

#include <headroom/reader.h>
#include "options.h"

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,     /* or a configuration error */
	CLI_NO_DAEMON = 3, /* no daemon has run here, or its heartbeat is overdue */
	CLI_NOT_PERMITTED = 4,
	CLI_KERNEL = 5 /* this kernel lacks what is needed */
};

#define CLI_OPTIONS_BYTES 256

struct command {
	const char *name;
	const char *arguments;  /* "FILE", or "" */
	const char *summary;    /* one line of the list of commands */
	const char *text;       /* further lines for its own help; NULL: none */
	int arguments_needed;   /* so many … */
	int arguments_optional; /* … and at most so many more */
	const struct option_spec *options;
	const void *defaults; /* options_bytes of them; NULL: all zero */
	size_t options_bytes; /* at most CLI_OPTIONS_BYTES */
	int (*run)(const void *options, char **arguments);
	const char *program; /* a program of its own does it, with the same words; NULL: run() */
	/* NULL-terminated: the next word chooses one, by the last word of its name */
	const struct command *const *parts;
};

/* command_run.c. argv[0] is the command's name. Returns an exit status. */
int command_run(const struct command *command, int argc, char **argv);
int command_help(const struct command *command);

#define OPTION_BOARD(type_)                                                         \
	{                                                                           \
		.name = "board", .argument = "PATH", .parse = option_text,          \
		.offset = offsetof(type_, board),                                   \
		.help = "the board, or a recording in its place", .wants = "a path" \
	}

/* Opens the board at path (NULL: the usual place) or says in one line why not. 0 or an exit
 * status. */
int cli_open(const char *path, struct hr_reader **ret_reader);
static inline void cli_closep(struct hr_reader **r) { hr_reader_close(*r); }
/* A recording shows its last picture, or the one asked for (at_ns 0: the last); a live board has
 * no past. 0 or an exit status, and then one line said why. */
int cli_go_to_time(const char *command, struct hr_reader *reader, uint64_t at_ns);
#define _cleanup_reader_ _cleanup_(cli_closep)

/* Whether a terminal of ours has no UTF-8: what goes there must be ASCII. */
bool cli_ascii(void);
/* Colour for stdout: a terminal, not dumb, no NO_COLOR. */
bool cli_colour(void);
/* Columns of the terminal that stdout is; 0: it is none. */
size_t cli_width(void);
/* Prints text in lines of at most `width` columns, each `indent` spaces in, broken between words; a
 * word that is longer
 * than a line stays whole. width 0: one line. */
void cli_print_wrapped(const char *text, size_t indent, size_t width);

/* Writes out what is buffered. A reader that went away is no error: CLI_DONE. */
int cli_flush(void);

#endif
