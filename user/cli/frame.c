// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* How a command is run: its options parsed by its table, its help printed, its mistakes told in one line. Knows no command. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cli.h"

int command_help(const struct command *command)
{
	printf("usage: headroom %s%s%s [OPTIONS]\n\n%s\n", command->name,
	       *command->arguments ? " " : "", command->arguments, command->summary);
	if (command->text)
		printf("\n%s", command->text);
	puts("");
	options_help(stdout, command->options);
	return CLI_DONE;
}

static int usage_error(const struct command *command, const char *what)
{
	log_error("%s: %s: see 'headroom %s --help'", command->name, what, command->name);
	return CLI_USAGE;
}

int command_run(const struct command *command, int argc, char **argv)
{
	_Alignas(16) char values[CLI_OPTIONS_BYTES] = {0};
	char error[OPTIONS_ERROR];
	int n;

	if (command->defaults)
		memcpy(values, command->defaults, command->options_bytes);
	n = options_parse(command->options, argc, argv, values, error);
	if (n == -ECANCELED)
		return command_help(command);
	if (n == -EDOM) { /* the line says what would be right */
		log_error("%s: %s", command->name, error);
		return CLI_USAGE;
	}
	if (n < 0)
		return usage_error(command, error);
	if (n < command->arguments_needed) {
		snprintf(error, sizeof(error), "%s is missing", command->arguments);
		return usage_error(command, error);
	}
	if (n > command->arguments_needed) {
		char clean[64];

		text_clean(argv[1 + command->arguments_needed], SIZE_MAX, clean, sizeof(clean));
		snprintf(error, sizeof(error), "'%s' is one too many", clean);
		return usage_error(command, error);
	}
	return command->run(values, argv + 1);
}
