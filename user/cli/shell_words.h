/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Files of assignments such as /etc/default/NAME, as the shell reads them and as systemd does (EnvironmentFile=, systemd.exec(5)), and
 * words of a command line. They differ: only the shell has comments behind a value, replaces $NAME, and takes what follows an unquoted value
 * for a command; only systemd takes the rest of the line as the value.
 */
#ifndef HEADROOM_SHELL_WORDS_H
#define HEADROOM_SHELL_WORDS_H

#include "policy_import.h"

struct assignment {
	char *name, *value;
	size_t first, last; /* lines */
	bool runs;          /* the value holds a command or an expansion that is not done here */
	bool command;       /* what follows would be a command with this variable */
};

struct assignments {
	struct assignment *of;
	size_t n;
};

enum shell_dialect { SHELL_SH, SHELL_SYSTEMD };

/* All assignments, in order. In SHELL_SH also says of each line that is none what it is. -EINVAL: a quote has no end, at *ret_line. */
int shell_assignments(struct import_source *s, enum shell_dialect dialect, struct assignments *ret,
		      size_t *ret_line);
/* The last one of that name, or NULL. */
const struct assignment *shell_last(const struct assignments *all, const char *name);
void shell_free(struct assignments *all);

struct words {
	char **word; /* ends in NULL */
	size_t n;
};

/* Words with quotes and backslashes taken off. -EINVAL: a quote has no end; -ENOMEM. */
int shell_split(const char *text, struct words *ret_words);
int words_add(struct words *words, const char *text);
void words_free(struct words *words);

/* Without the blanks at both ends, in place. */
char *text_trim(char *text);

#endif
