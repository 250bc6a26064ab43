/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the commands that send a request to the daemon share. `command` begins each error line. Returns an exit status. */
#ifndef HEADROOM_CLI_CONTROL_RUN_H
#define HEADROOM_CLI_CONTROL_RUN_H

#include <headroom/control.h>
#include <headroom/reader.h>

/* Opens the board (NULL: the default path) beside which the control socket is; refuses a recording. */
int control_open(const char *command, const char *board, struct hr_reader **ret_reader);
/* Sends the request and prints the answer: to stdout, or to stderr where its status is not 0. */
int control_run(const char *command, struct hr_reader *reader,
		const struct hr_control_request *request, int timeout_ms);

#endif
