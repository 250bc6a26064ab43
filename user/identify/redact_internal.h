/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the parts of the redaction share. Each part reads decoded text (quotes and escapes removed)
 * and marks bytes of the original as hidden; redact.c prints the original without them. Parts add
 * marks and never remove one, so a text can be read in several ways: as a whole, and as a script.
 */
#ifndef HEADROOM_IDENTIFY_REDACT_INTERNAL_H
#define HEADROOM_IDENTIFY_REDACT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redact_rules.h"

#define REDACT_INPUT \
	4096           /* bytes of arguments that are looked at; what follows counts as cut off */
#define REDACT_DEPTH 4 /* scripts in scripts */

/* A '$' or '`' that a shell replaces stands as this byte in decoded text. */
#define REDACT_VARIABLE '\x01'

/* Decoded text. Byte i came from the bytes [from[i], to[i]) of the original. */
struct redact_text {
	const char *at;
	const uint16_t *from, *to;
	size_t n;
	uint8_t *hidden; /* of the original */
	bool script;   /* a shell's script: a value ends at a blank, and a '$' may be a variable */
	bool header;   /* an HTTP header: Key:value without a blank, Key value */
	bool open;     /* may have been cut at its end */
	bool quoted;   /* began with a quote */
	bool operator; /* of the shell: | ; & ( ) < */
	const struct redact_tool *outer; /* the program that the script was given to; NULL */
};

/* Marks [from, to) unless it is no secret by its form (empty, true, a path, a placeholder, a
 * variable; for a weak key: not random). True if it did. */
bool redact_hide(const struct redact_text *t, size_t from, size_t to, enum redact_key_class key);
bool redact_is_blank(char c);

/* redact_text.c: key=value, "key": value, URLs, tokens, wherever they stand in t. */
void redact_scan(const struct redact_text *t);

/* redact_command.c: the words of one command line, or of a script at `depth`. */
void redact_command(const struct redact_text *words, size_t n, int depth);

/* redact_shell.c: splits t by a shell's rules and hands the words to redact_command(). */
void redact_script(const struct redact_text *t, int depth);

#endif
