/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef HEADROOM_DAEMON_COMMAND_TEMPLATE_H
#define HEADROOM_DAEMON_COMMAND_TEMPLATE_H

#include "containers.h"
#include "ipc.h"
#include "outcome.h"

/* A policy's command with its placeholders filled in: 0 and a message to send, or -EINVAL and one line: why not. */
int command_expand(const struct containers *containers, const struct action *action,
		   const struct pending_outcome *outcome, const struct policy_set *set,
		   const struct policy_command *command, struct daemon_message *ret_message,
		   char reason[ACTION_DETAIL]);

#endif
