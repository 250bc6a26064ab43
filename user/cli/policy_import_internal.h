/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Between the files of policy_import.h. */
#ifndef HEADROOM_POLICY_IMPORT_INTERNAL_H
#define HEADROOM_POLICY_IMPORT_INTERNAL_H

#include <errno.h>

#include "policy_import.h"

void import_add_source(struct import *im, struct import_source *source); /* owns it from here on */
struct import_source *import_find_source(struct import *im,
					 const char *path); /* NULL: not read yet */
IMPORT_PRINTF(2) void import_lost(struct import *im, const char *format, ...);

struct import_source **source_next(struct import_source *source);
void sources_free(struct import_source *source);
/* Each line and what became of it, as comments. */
void sources_write(const struct import_source *source, FILE *out);

/* A process's name as a glob of its own, cut after 15 bytes as the kernel does. */
void globs_add_name(struct globs *globs, const char *name);
/* Text as comment lines, wrapped and clean. */
void comment_write(FILE *out, const char *indent, const char *text);

#endif
