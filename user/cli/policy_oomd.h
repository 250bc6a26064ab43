/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* oomd: its rulesets as policies (policy_oomd.c), and its detectors as conditions (policy_oomd_detect.c). */
#ifndef HEADROOM_POLICY_OOMD_H
#define HEADROOM_POLICY_OOMD_H

#include <jansson.h>

#include "policy_import.h"

#define OOMD_PATH 512

struct oomd {
	struct import *im;
	struct import_source *s;
	size_t policies;
};

#define SIZES_MOST 4

/* memory_above: of the cgroups in `of`. */
struct size_above {
	const char *of, *condition; /* usage or used */
	char value[40];
	bool share; /* of the host's memory */
};

/* What the detectors of a group say. All of them must hold: of two the stricter one counts. */
struct group {
	double pressure, swap_free, host_available; /* per cent; below 0: none */
	double seconds;
	struct size_above size[SIZES_MOST];
	size_t sizes;
	bool lacking; /* a detector has no equivalent: the policy must not act by itself */
};

/* What became of the lines of a value and of all in it. */
void oomd_each_line(struct oomd *o, const char *path, bool taken, const char *what);

/* Of a plugin's arguments. */
bool oomd_is_true(json_t *plugin, const char *name);
const char *oomd_cgroup_of(json_t *plugin); /* NULL: none */

void oomd_detector(struct oomd *o, json_t *plugin, const char *path, struct group *g);
/* Writes the conditions for the targets `of`; NULL: any. *ret_why: why the policy must not act by itself, or NULL. false: nothing that a
 * policy could ask for. */
bool oomd_conditions(const struct group *g, const char *of, FILE *out, const char **ret_why);

#endif
