/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Unit files as systemd reads them (systemd.unit(5), systemd.syntax(7)): search folders in their order, drop-ins of the unit, of its
 * prefixes, its template and its type, masks. No library offers that; only what importers need is here.
 */
#ifndef HEADROOM_SYSTEMD_UNITS_H
#define HEADROOM_SYSTEMD_UNITS_H

#include "shell_words.h"

enum unit_scope { UNITS_SYSTEM, UNITS_USER, UNITS_OOMD /* oomd.conf */, UNITS_OOM_RULES };

struct unit_setting {
	struct import_source *source;
	size_t line; /* of the file: its first */
	const char *section, *key, *value;
};

/* Calls fn for each setting of a file. Comments and sections are marked as empty; the caller marks the rest. */
void unit_settings(struct import_source *s, void (*fn)(void *arg, const struct unit_setting *),
		   void *arg);

/* Names of all units with a file or a drop-in folder below root, sorted: also of prefixes (foo-.service) and types (service). */
int units_names(const char *root, enum unit_scope scope, struct words *ret_names);

struct unit_files {
	struct words path;   /* the unit's file, then drop-ins in the order in which they apply */
	struct words hidden; /* of lower precedence than one of the same name */
	bool masked;
};

/* `fragment`, if not NULL, is taken for the unit's file. */
int units_files(const char *root, enum unit_scope scope, const char *name, const char *fragment,
		struct unit_files *ret);
void unit_files_free(struct unit_files *files);

bool text_ends(const char *text, const char *end);

#endif
