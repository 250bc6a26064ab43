/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The forms of keys, values and tokens, as tables. Pure. */
#ifndef HEADROOM_IDENTIFY_REDACT_RULES_H
#define HEADROOM_IDENTIFY_REDACT_RULES_H

#include <stdbool.h>
#include <stddef.h>

enum redact_key_class {
	KEY_NONE,
	KEY_WEAK,   /* key, seed, session: a secret only if its value looks random */
	KEY_STRONG, /* password, token: a secret whatever its value */
};

/* Whether the key of a KEY=value, --key or Key: names a secret. */
enum redact_key_class redact_key(const char *key, size_t n);
/* A bare word after which a secret follows: password, Bearer. */
enum redact_key_class redact_announces(const char *word, size_t n);
/* The length of a token of a well-known form at text, or 0. `open`: the text may have been cut at
 * its end. */
size_t redact_token(const char *text, size_t n, bool open);
/* No secret whatever its key: true, none, a path, a reference, a placeholder. */
bool redact_harmless(const char *value, size_t n);
/* Made by a generator: digits inside letters of both cases or of a long text. */
bool redact_random(const char *value, size_t n);
/* The key of a figure, a name or the like about a secret: token_ttl. */
bool redact_about(const char *key, size_t n);
/* Digits, with a unit at most: 20m. */
bool redact_is_figure(const char *value, size_t n);
/* 8, 16 or 40 upper-case hexadecimal digits. */
bool redact_is_key_id(const char *value, size_t n);
/* 32 or more characters of base64 in disorder, but not hexadecimal. */
bool redact_base64(const char *value, size_t n);
/* Lower-case letters, with '-', '_' or '.' between and digits at the end: a name. */
bool redact_is_name(const char *value, size_t n);
/* Nothing but these characters. Values are parts of a text, and no text ends where they do. */
bool redact_only(const char *value, size_t n, const char *characters);
bool redact_is(const char *word, size_t n, const char *what); /* without case */

#endif
