/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The commands of `headroom`; their frame is command/command.h. */
#ifndef HEADROOM_CLI_H
#define HEADROOM_CLI_H

#include "command/command.h"

/* The list, in headroom.c; NULL past the end. */
const struct command *command_at(size_t i);

extern const struct command command_status, command_top, command_ls, command_events,
	command_explain, command_check, command_record, command_recorder, command_report,
	command_recommend, command_replay, command_export, command_policy, command_daemon,
	command_version;
extern const struct command command_term, command_kill, command_reclaim, command_throttle,
	command_resize; /* cmd_action.c */

#endif
