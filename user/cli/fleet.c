// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Starts `headroom-export fleet` and opens its board, or becomes `headroom-export fleet-report`. No network access here. */
#include "fleet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/find_program.h"
#include "base/log.h"
#include "base/secret_text.h"
#include "command/signals.h"

#define PREFIX "headroom: " /* of its lines, and ours */

int fleet_open(const char *command, const struct fleet_options *options, const char *board,
	       bool whole, struct private_daemon **ret_daemon, struct hr_reader **ret_reader)
{
	const char *const argv[] = {
		"headroom-export",    "fleet",
		options->url,         options->credentials ? "--credentials" : NULL,
		options->credentials, NULL};
	const struct own_program program = {"headroom-export", argv, whole ? 2 : 1};
	char error[256] = "";
	int r;

	if (board) {
		log_error("%s: --board and --prometheus exclude each other", command);
		return CLI_USAGE;
	}
	signals_catch();
	r = private_daemon_start(&program, ret_daemon, error);
	if (!r) {
		confine_set(COMMAND_STARTS); /* to end it */
		return cli_open(private_daemon_board(*ret_daemon), ret_reader);
	}
	if (r == -ECHILD)
		log_error("%s",
			  error + (strncmp(error, PREFIX, strlen(PREFIX)) ? 0 : strlen(PREFIX)));
	else if (r == -ENOENT)
		log_error("%s: headroom-export is not installed: run make install", command);
	else if (r == -ETIMEDOUT)
		log_error("%s: no answer in time", secret_url(options->url, error, sizeof(error)));
	else if (r != -EINTR)
		log_error("%s: cannot start headroom-export: %s", command, strerror(-r));
	return CLI_FAILED;
}

int fleet_report(const struct fleet_options *options, uint64_t since_ns, bool json)
{
	char since[32], path[PATH_MAX];
	const char *argv[10] = {"headroom-export", "fleet-report", options->url};
	size_t n = 3;

	if (since_ns) {
		snprintf(since, sizeof(since), "@%llu",
			 (unsigned long long)(since_ns / NS_PER_SEC));
		argv[n++] = "--since";
		argv[n++] = since;
	}
	if (json)
		argv[n++] = "--json";
	if (options->credentials) {
		argv[n++] = "--credentials";
		argv[n++] = options->credentials;
	}
	if (!beside_find(argv[0], path))
		execv(path, (char *const *)argv);
	execvp(argv[0], (char *const *)argv);
	log_error("report: headroom-export is not installed: run make install");
	return CLI_FAILED;
}
