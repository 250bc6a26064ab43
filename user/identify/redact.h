/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Secrets out of command lines, before they reach the board. Pure. Errs on the side of hiding: a
 * value is hidden when its key smells of a secret, when its own form is that of a well-known token,
 * or when it is the password part of a URL.
 */
#ifndef HEADROOM_REDACT_H
#define HEADROOM_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define REDACTED "[redacted]"

/* Arguments, NUL-separated, to one line: joined by blanks, in quotes where they hold blanks or are
 * empty, control characters as blanks. Arguments that do not end in a NUL may have been cut: the
 * last one is looked at with that in mind. */
void redact_args(const char *args, size_t n, char *out, size_t out_bytes);

/* Does the key of a KEY=value, --key or Key: smell of a secret? */
bool redact_smells(const char *key, size_t n);

#endif
