/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Programs with secrets in options or operands that do not show it by name. Pure.
 *
 * options, separated by blanks:
 *   -w          the next word; --long: also --long=VALUE
 *   -p_         attached only: -pVALUE
 *   -u+         both
 *   --secret~   the next word is no secret, although the option's name suggests one
 *   -u+: -U+%   the same; of the value only what follows the first ':' (',' '/' '=') is secret
 * A short option is also found in a cluster: after letters of `flags`, which take no value.
 *
 * operands, patterns separated by ';', each a list of words in their order:
 *   word        this word (a|b: one of them). Of an option (-p, --body) the value may be attached
 *   _           any operand
 *   *           a secret
 *   ?           a secret unless it is a name or a small number; this one repeats
 *   !           a secret unless it holds ':' or '\'; this one repeats
 *   /           a secret after '/', up to '@'
 *   =           a key; the next word is its value
 *   =v          KEY=SECRET; this one repeats
 * Options do not count as operands.
 */
#ifndef HEADROOM_IDENTIFY_REDACT_TOOLS_H
#define HEADROOM_IDENTIFY_REDACT_TOOLS_H

#include <stddef.h>

struct redact_tool {
	const char *names; /* " mysql mysqldump " : blanks around each */
	const char *options, *operands, *flags;
};

/* The tool that word (a path or a bare name) is, or NULL. */
const struct redact_tool *redact_tool(const char *word, size_t n);
/* What holds for every command line. */
extern const struct redact_tool redact_any_tool;

#endif
