/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The forms of secrets, as tables: keys, values, tokens, and the options of well-known programs.
 * Pure. */
#ifndef HEADROOM_IDENTIFY_REDACT_RULES_H
#define HEADROOM_IDENTIFY_REDACT_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* An option of a program with a secret value, although its name does not show it. */
enum option_form {
	OPTION_ATTACHED = 1, /* -pSECRET */
	OPTION_SEPARATE = 2, /* -p SECRET */
	OPTION_BOTH = 3,
};
struct secret_option {
	const char *programs; /* " mysql mysqldump " : blanks around each */
	const char *option;
	enum option_form form;
	char after; /* only what follows this character is secret; 0: all of it */
};

/* The length of a token of a well-known form at text, or 0. `open`: the text may have been cut at
 * its end. */
size_t redact_token(const char *text, size_t n, bool open);
/* A value that cannot be a secret: true, false, none … */
bool redact_harmless(const char *value, size_t n);
/* A word after which a secret follows, without any dash: Bearer. */
bool redact_announces(const char *word, size_t n);
/* The name of the table's program if word (a path or a bare name) is one; else NULL. */
const char *redact_program(const char *word, size_t n);
/* The program's option that word is; NULL. */
const struct secret_option *redact_option(const char *program, const char *word, size_t n);

#endif
