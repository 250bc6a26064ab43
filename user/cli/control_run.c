// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sends one request to the daemon of a board and prints its answer. */
#include "control_run.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "command/command.h"
#include "control_client.h"

int control_open(const char *command, const char *board, struct hr_reader **ret_reader)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	int r = cli_open(board, &reader);

	if (r)
		return r;
	if (hr_reader_is_recording(reader)) {
		log_error("%s: %s is a recording: give the board of a running daemon", command,
			  hr_reader_path(reader));
		return CLI_USAGE;
	}
	*ret_reader = take_ptr(reader);
	return CLI_DONE;
}

int control_run(const char *command, struct hr_reader *reader,
		const struct hr_control_request *request, int timeout_ms)
{
	struct hr_control_answer answer;
	char error[ASK_ERROR], clean[HR_CONTROL_TEXT * 2];
	int r = ask_daemon(hr_reader_path(reader), request, timeout_ms, &answer, error);

	if (r) {
		log_error("%s: %s", command, error);
		return r == -EACCES                         ? CLI_NOT_PERMITTED
		       : r == -ENOENT || r == -ECONNREFUSED ? CLI_NO_DAEMON
							    : CLI_FAILED;
	}
	text_clean(answer.text, SIZE_MAX, clean, sizeof(clean));
	if (answer.status)
		log_error("%s: %s", command, clean);
	else
		puts(clean);
	return (int)answer.status;
}
