// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom daemon: requests to the running daemon that concern no container. */
#include "base/cleanup.h"
#include "cli.h"
#include "control_run.h"

#define TIMEOUT_MS 5000

struct daemon_options {
	const char *command;
	uint32_t request; /* enum hr_control_command */
	const char *board;
};

static const struct daemon_options reload_defaults = {.command = "daemon reload",
						      .request = HR_CONTROL_RELOAD},
				   ping_defaults = {.command = "daemon ping",
						    .request = HR_CONTROL_PING};

static int run(const void *values, char **arguments)
{
	const struct daemon_options *options = values;
	const struct hr_control_request request = {.magic = HR_CONTROL_MAGIC,
						   .word = options->request};
	_cleanup_reader_ struct hr_reader *reader = NULL;
	int r = control_open(options->command, options->board, &reader);

	return r ? r : control_run(options->command, reader, &request, TIMEOUT_MS);
}

static const struct option_spec specs[] = {OPTION_BOARD(struct daemon_options), {0}};

static const struct command daemon_reload = {
	.name = "daemon reload",
	.arguments = "",
	.summary = "Reload the configuration",
	.text = "An invalid file leaves the running configuration in force; 'headroom events "
		"--type guard'\n"
		"shows the result. Same as SIGHUP to headroomd.\n",
	.options = specs,
	.defaults = &reload_defaults,
	.options_bytes = sizeof(struct daemon_options),
	.run = run,
};

static const struct command daemon_ping = {
	.name = "daemon ping",
	.arguments = "",
	.summary = "Check that the daemon answers",
	.text = "Prints the daemon's version, and fails after 5 s without an answer. Usable as a "
		"health check.\n",
	.options = specs,
	.defaults = &ping_defaults,
	.options_bytes = sizeof(struct daemon_options),
	.run = run,
};

static const struct command *const parts[] = {&daemon_reload, &daemon_ping, NULL};

const struct command command_daemon = {
	.name = "daemon",
	.arguments = "reload|ping",
	.summary = "Reload or ping the running daemon",
	.parts = parts,
};
