// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Starts `headroom-export fleet` and opens what it keeps. Speaks to no network itself. */
#include "fleet.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "command/signals.h"

#define SAID "headroom: " /* what its lines begin with, and ours */

int fleet_open(const char *command, const struct fleet_options *options, const char *board,
	       struct private_daemon **ret_daemon, struct hr_reader **ret_reader)
{
	const char *const argv[] = {
		"headroom-export",    "fleet",
		options->url,         options->credentials ? "--credentials" : NULL,
		options->credentials, NULL};
	const struct own_program program = {"headroom-export", argv};
	char error[256] = "";
	int r;

	if (board) {
		log_error("%s: --board and --prometheus: one of the two", command);
		return CLI_USAGE;
	}
	signals_catch();
	r = private_daemon_start(&program, ret_daemon, error);
	if (!r)
		return cli_open(private_daemon_board(*ret_daemon), ret_reader);
	if (r == -ECHILD)
		log_error("%s", error + (strncmp(error, SAID, strlen(SAID)) ? 0 : strlen(SAID)));
	else if (r == -ENOENT)
		log_error("%s: headroom-export is not installed beside headroom: run make install",
			  command);
	else if (r == -ETIMEDOUT)
		log_error("%s: no answer in time", options->url);
	else if (r != -EINTR)
		log_error("%s: headroom-export can't be started: %s", command, strerror(-r));
	return CLI_FAILED;
}
