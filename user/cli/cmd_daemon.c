// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom daemon: requests to the running daemon that concern no container. */
#include "base/cleanup.h"
#include "base/human_units.h"
#include "base/log.h"
#include "base/utf8_clean.h"
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
						    .request = HR_CONTROL_PING},
				   pause_defaults = {.command = "daemon pause",
						     .request = HR_CONTROL_PAUSE},
				   resume_defaults = {.command = "daemon resume",
						      .request = HR_CONTROL_RESUME};

static int run(const void *values, char **arguments)
{
	const struct daemon_options *options = values;
	struct hr_control_request request = {
		.magic = HR_CONTROL_MAGIC, .word = options->request, .for_ms = HR_UNKNOWN};
	_cleanup_reader_ struct hr_reader *reader = NULL;
	char clean[64];
	int r;

	if (arguments[0] && units_parse_duration_ms(arguments[0], &request.for_ms)) {
		log_error("%s: '%s': give " OPTION_WANTS_DURATION, options->command,
			  text_clean(arguments[0], SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	r = control_open(options->command, options->board, &reader);
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
	.rights = COMMAND_CONTROLS,
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
	.rights = COMMAND_CONTROLS,
};

static const struct command daemon_pause = {
	.name = "daemon pause",
	.arguments = "[TIME]",
	.arguments_optional = 1,
	.summary = "Stop all actions of policies",
	.text = "No policy acts, for TIME (30m, 2h; at most 30d) or until 'headroom daemon "
		"resume'; the\n"
		"reflex is disarmed, and what policies had throttled is undone. Watching goes on. "
		"A restart of\n"
		"the daemon does not end it. Actions by hand still run.\n",
	.options = specs,
	.defaults = &pause_defaults,
	.options_bytes = sizeof(struct daemon_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};

static const struct command daemon_resume = {
	.name = "daemon resume",
	.arguments = "",
	.summary = "Let policies act again",
	.text = "Ends 'headroom daemon pause'.\n",
	.options = specs,
	.defaults = &resume_defaults,
	.options_bytes = sizeof(struct daemon_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};

static const struct command *const parts[] = {&daemon_reload, &daemon_ping, &daemon_pause,
					      &daemon_resume, NULL};

const struct command command_daemon = {
	.name = "daemon",
	.arguments = "reload|ping|pause|resume",
	.summary = "Pause, resume, reload or ping the running daemon",
	.parts = parts,
};
