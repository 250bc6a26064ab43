/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Words for the board's numbers that reader.h has no word for, for screens and JSON alike. NULL where a newer daemon
 * writes a number that this program does not know. */
#ifndef HEADROOM_FORMAT_ENUM_TEXT_H
#define HEADROOM_FORMAT_ENUM_TEXT_H

#include <stddef.h>
#include <headroom/board.h>

const char *mode_word(unsigned int mode);             /* observe, dry-run, enforce */
const char *kind_word(unsigned int kind);             /* group, container, unit, pod, sandbox */
const char *state_word(unsigned int state);           /* enum hr_slot_state: running, gone */
const char *alarm_word(unsigned int alarm);           /* none, notice, warn, act */
const char *layout_word(unsigned int cgroup_version); /* hr_host.cgroup_version: v1, v2, hybrid */
const char *container_what_word(unsigned int what);
const char *daemon_what_word(unsigned int what);
const char *reflex_word(unsigned int what);
const char *pressure_what_word(unsigned int what);

static inline const char *or_unknown(const char *word) { return word ? word : "unknown"; }

/* One clause on why a risk is what it is, also for a kind that only a newer daemon knows. */
#define REASON_TEXT 192
const char *reason_text(const struct hr_reason *reason, char text[REASON_TEXT]);

/* What follows the last '/' of a path. Never empty for a path other than "/". */
const char *path_tail(const char *path);

#endif
