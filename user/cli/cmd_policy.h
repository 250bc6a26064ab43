/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The parts of `headroom policy`, one file each. */
#ifndef HEADROOM_CMD_POLICY_H
#define HEADROOM_CMD_POLICY_H

#include "cli.h"

extern const struct command policy_check, policy_import, policy_test;

#endif
