// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Runs a command: parses options by its table, prints its help, reports usage errors in one line.
 * Knows no particular command. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8_clean.h"
#include "command.h"

static const char *last_word(const char *name)
{
	const char *space = strrchr(name, ' ');

	return space ? space + 1 : name;
}

static int help_parts(const struct command *command)
{
	printf("usage: headroom %s %s [OPTIONS]\n\n%s\n\n", command->name, command->arguments,
	       command->summary);
	for (const struct command *const *part = command->parts; *part; part++)
		printf("  %-8s %s\n", last_word((*part)->name), (*part)->summary);
	printf("\n'headroom %s %s --help' for details.\n", command->name,
	       last_word((*command->parts)->name));
	return CLI_DONE;
}

int command_help(const struct command *command)
{
	if (command->parts)
		return help_parts(command);
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

static int run_part(const struct command *command, int argc, char **argv)
{
	char error[OPTIONS_ERROR], clean[64];

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return help_parts(command);
	for (const struct command *const *part = command->parts; argc > 1 && *part; part++)
		if (!strcmp(last_word((*part)->name), argv[1]))
			return command_run(*part, argc - 1, argv + 1);
	if (argc > 1)
		snprintf(error, sizeof(error), "unknown subcommand '%s'",
			 text_clean(argv[1], SIZE_MAX, clean, sizeof(clean)));
	else
		snprintf(error, sizeof(error), "missing arguments: %s", command->arguments);
	return usage_error(command, error);
}

int command_run(const struct command *command, int argc, char **argv)
{
	_Alignas(16) char values[CLI_OPTIONS_BYTES] = {0};
	char error[OPTIONS_ERROR];
	int n, most = command->arguments_needed + command->arguments_optional;

	if (command->parts)
		return run_part(command, argc, argv);
	if (command->defaults)
		memcpy(values, command->defaults, command->options_bytes);
	n = options_parse(command->options, argc, argv, values, error);
	if (n == -ECANCELED)
		return command_help(command);
	if (n == -EDOM) { /* the line names the valid values */
		log_error("%s: %s", command->name, error);
		return CLI_USAGE;
	}
	if (n < 0)
		return usage_error(command, error);
	if (n < command->arguments_needed) {
		snprintf(error, sizeof(error), "missing arguments: %s", command->arguments);
		return usage_error(command, error);
	}
	if (n > most) {
		char clean[64];

		text_clean(argv[1 + most], SIZE_MAX, clean, sizeof(clean));
		snprintf(error, sizeof(error), "unexpected argument '%s'", clean);
		return usage_error(command, error);
	}
	argv[1 + n] = NULL; /* arguments that are not given */
	confine_begin(command->rights);
	return command->run(values, argv + 1);
}
