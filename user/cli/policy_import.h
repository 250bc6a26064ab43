/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * headroom policy import: settings of other OOM killers as a configuration that `policy check` accepts. A setting without
 * an equivalent becomes a comment; none is dropped silently. Each importer reads files and writes to out, nothing else.
 */
#ifndef HEADROOM_POLICY_IMPORT_H
#define HEADROOM_POLICY_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* 0 or -errno; -ENODATA: there is nothing of it in there. */
int import_earlyoom(const char *path,
		    FILE *out); /* /etc/default/earlyoom, or any file with its options */
int import_oomd(const char *path,
		FILE *out); /* oomd.conf, a unit or drop-in, or the folder /etc/systemd */

/* policy_import.c: shared by both. */
FILE *import_open(const char *path); /* a regular file; NULL and errno (ENOTSUP: something else) */
void import_quoted(FILE *out, const char *before,
		   const char *text); /* before + text as one YAML word */
/* A comment, its text clean. */
__attribute__((format(printf, 2, 3))) void import_note(FILE *out, const char *format, ...);

#define IMPORT_RESTRAINT                                                                         \
	"%s knows no cooldown and no rate limit; here it is 5m for the same target and 3 kills " \
	"in "                                                                                    \
	"10m."
#define IMPORT_MODE "mode: dry-run    # later: enforce\n"

#define IMPORT_GLOBS 32
#define IMPORT_GLOB  64
/* A regular expression that is a list of names, such as ^(a|b.*)$, as globs. How many; 0: globs can't say it. */
size_t import_globs(const char *regex, char globs[IMPORT_GLOBS][IMPORT_GLOB]);

#endif
