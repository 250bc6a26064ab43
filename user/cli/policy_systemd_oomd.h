/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* systemd-oomd: values and paths (policy_systemd_values.c), settings and policies (policy_systemd_oomd.c). */
#ifndef HEADROOM_POLICY_SYSTEMD_OOMD_H
#define HEADROOM_POLICY_SYSTEMD_OOMD_H

#include <limits.h>
#include <stdint.h>

#include "systemd_units.h"

/* "60%", "60.5%", "605‰", "6050‱" as per cent (parse-util.c of systemd: at most two decimals). -EINVAL */
int systemd_percent(const char *text, double *ret_percent);
/* "20s", "1min 30s", "1.5h", "500ms", a number alone is seconds; "infinity": UINT64_MAX. -EINVAL (systemd.time(7)) */
int systemd_time_ms(const char *text, uint64_t *ret_ms);
/* A duration as a configuration writes it, at most 7d. */
void systemd_duration(uint64_t ms, char text[32]);

/* Globs for the cgroups of a unit, a template, a prefix (foo-.service) or a type (service): itself, and what is below it. 0: it has no
 * cgroup of its own (a type with slices in it has, in both). */
/* `slice`: of the unit's Slice=, or "". */
struct unit_globs {
	char itself[600], below[604];
};
void systemd_globs(enum unit_scope scope, const char *name, const char *slice,
		   struct unit_globs *ret);

struct unit {
	char slice[256]; /* Slice=, or "" */
	bool pressure, swap, protect;
	const char *preference;
	double limit;         /* per cent; below 0: the default */
	uint64_t duration_ms; /* UINT64_MAX: the default */
	struct words rules;
	struct place at_pressure, at_swap, at_limit, at_duration, at_preference, at_rules;
};

struct rule {
	double pressure, swap; /* below 0: no condition */
	uint64_t lasting_ms;
	bool whole; /* kill-all */
	struct place at;
};

struct kept_unit {
	char *name;
	struct unit u;
};

struct systemd_oomd {
	struct import *im;
	char root[PATH_MAX];
	double swap_limit, limit;
	uint64_t duration_ms;
	bool any, pressure, swap;
	struct unit *unit; /* that is being read */
	struct rule *rule;
	struct kept_unit *kept; /* of one scope */
	size_t n_kept;
};

/* How long the stall of a unit must last: its own time, else oomd.conf's, else systemd's 30 s. */
uint64_t systemd_pressure_ms(const struct systemd_oomd *o, const struct unit *u);
/* Writes the policies and protected cgroups of a unit. */
void systemd_write_unit(struct systemd_oomd *o, enum unit_scope scope, const char *name,
			const struct unit *u);
/* A setting of a rule's file; arg is the struct systemd_oomd. */
void systemd_rule_setting(void *arg, const struct unit_setting *set);

/* policy_systemd_class.c: a unit that differs from what holds for its prefix, template or type. The policies and protected cgroups of those
 * select it by its name all the same: says it, and forgets the units. */
int systemd_keep_unit(struct systemd_oomd *o, const char *name, const struct unit *u); /* -ENOMEM */
void systemd_say_classes(struct systemd_oomd *o);

#endif
