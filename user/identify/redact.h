/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Removes secrets from command lines before they reach the board. Pure. When in doubt it hides: a
 * value with a key that names a secret, a value in the form of a well-known token, the password
 * part of a URL.
 */
#ifndef HEADROOM_REDACT_H
#define HEADROOM_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define REDACTED "[redacted]"

/* Arguments, NUL-separated, to one line: joined by blanks, in quotes where they hold blanks or are
 * empty, control characters as blanks. Arguments that do not end in a NUL may have been cut: the
 * last one is treated as incomplete. */
void redact_args(const char *args, size_t n, char *out, size_t out_bytes);

/* Whether the key of a KEY=value, --key or Key: names a secret. */
bool redact_smells(const char *key, size_t n);

#endif
