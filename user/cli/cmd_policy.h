/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The parts of `headroom policy`, one file each. */
#ifndef HEADROOM_CMD_POLICY_H
#define HEADROOM_CMD_POLICY_H

#include "cli.h"

extern const struct command policy_check, policy_import, policy_init, policy_test;

/* What a command prints passes `policy check`, or is not printed: a configuration has limits, too. Else false after one line with the
 * reason. */
bool policy_is_valid(const char *command, const char *text, size_t bytes);

#endif
