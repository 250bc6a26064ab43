/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Removes secrets from command lines before they reach the board. Pure; time is linear in the
 * input, memory bounded (some 250 KB of stack). When in doubt it hides.
 */
#ifndef HEADROOM_REDACT_H
#define HEADROOM_REDACT_H

#include <stddef.h>

#define REDACTED "[redacted]"

/* Arguments, NUL-separated, to one line: joined by blanks, in quotes where they hold blanks or are
 * empty, control characters as blanks. Arguments that do not end in a NUL may have been cut: the
 * last one is treated as incomplete. */
void redact_args(const char *args, size_t n, char *out, size_t out_bytes);

#endif
