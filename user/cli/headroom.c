// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom: the face of the guard, for people and programs. Here are the list of commands and
 * the way to them, nothing else. An unprivileged reader: it never signals, kills or writes to a
 * cgroup.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli.h"

static const struct command *const commands[] = {
	&command_top,	 &command_ls,	  &command_events, &command_explain,
	&command_record, &command_replay, &command_export, &command_check,
	&command_version,
};

const struct command *command_at(size_t i) { return i < ARRAY_SIZE(commands) ? commands[i] : NULL; }

static const char *command_name(size_t i)
{
	return i < ARRAY_SIZE(commands) ? commands[i]->name : NULL;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int print_commands(FILE *out)
{
	fputs("headroom: how much memory every container has left, how long that will last, and "
	      "why\n\n"
	      "usage: headroom COMMAND [OPTIONS]\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'headroom COMMAND --help' tells more. Every command that reads takes --board "
	      "PATH.\n",
	      out);
	return CLI_DONE;
}

static int print_command(const struct command *command)
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

static int run_command(const struct command *command, int argc, char **argv)
{
	_Alignas(16) char values[CLI_OPTIONS_BYTES] = {0};
	char error[OPTIONS_ERROR];
	int n;

	if (command->defaults)
		memcpy(values, command->defaults, command->options_bytes);
	n = options_parse(command->options, argc, argv, values, error);
	if (n == -ECANCELED)
		return print_command(command);
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

static int unknown_command(const char *typed)
{
	const char *meant = suggest(typed, command_name);
	char clean[64];

	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (meant)
		log_error("there is no command '%s': did you mean '%s'?", clean, meant);
	else
		log_error("there is no command '%s': 'headroom --help' lists them", clean);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int status, flushed;

	/* Characters as the terminal has them; numbers stay as they are everywhere. */
	setlocale(LC_CTYPE, "");
	log_name("headroom");
	if (argc < 2) {
		print_commands(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		argv[1] = (char *)"";
	if (!strcmp(argv[1], "--version"))
		argv[1] = (char *)"version";
	command = command_find(argv[1]);
	if (!*argv[1])
		status = argc > 2 && command_find(argv[2]) ? print_command(command_find(argv[2]))
							   : print_commands(stdout);
	else if (command)
		status = run_command(command, argc - 1, argv + 1);
	else
		status = unknown_command(argv[1]);
	flushed = cli_flush();
	return status ? status : flushed;
}
