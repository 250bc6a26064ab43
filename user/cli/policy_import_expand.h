/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A regular expression expanded into its alternatives, as globs with anchors. */
#ifndef HEADROOM_POLICY_IMPORT_EXPAND_H
#define HEADROOM_POLICY_IMPORT_EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#define GLOBS_MOST 512

/* In the texts: ^ and $. */
#define AT_START '\1'
#define AT_END   '\2'

struct expansion {
	char *text[GLOBS_MOST];
	size_t n;
	bool wider; /* they match more than the expression does */
};

/* false: globs can't say it. */
bool regex_expand(const char *regex, struct expansion *ret);
void expansion_free(struct expansion *set);

#endif
