// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom: the command line. The list of commands and their dispatch. An unprivileged reader: it never signals, kills or
 * writes to a cgroup.
 */
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "base/find_program.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cli.h"

/* A separate program, beside this one or in libexec, so that its libraries are not linked into every command. */
static int run_program(const struct command *command, char **argv)
{
	char path[PATH_MAX];

	if (!beside_find(command->program, path))
		execv(path, argv);
	log_error("%s: %s is not installed: run make install", command->name, command->program);
	return CLI_FAILED;
}

static const struct command *const commands[] = {
	&command_status,   &command_top,      &command_ls,     &command_events,    &command_explain,
	&command_record,   &command_recorder, &command_report, &command_recommend, &command_replay,
	&command_export,   &command_policy,   &command_term,   &command_kill,      &command_reclaim,
	&command_throttle, &command_resize,   &command_daemon, &command_check,     &command_version,
};

/* Commands of version 0.1. */
static const struct {
	const char *old, *now;
} renamed[] = {
	{"do", "headroom term|kill|reclaim|throttle|resize TARGET"},
	{"history", "headroom recorder"},
};

const struct command *command_at(size_t i) { return i < ARRAY_SIZE(commands) ? commands[i] : NULL; }

static const char *command_name(size_t i)
{
	return i < ARRAY_SIZE(commands) ? commands[i]->name : NULL;
}

static const struct command *command_find(const char *name)
{
	if (!strcmp(name, "ps"))
		name = "ls";
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int print_commands(FILE *out)
{
	fputs("headroom: memory headroom of every container, with forecasts, causes and actions\n\n"
	      "usage: headroom COMMAND [OPTIONS]\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'headroom COMMAND --help' for details. Every reader takes --board PATH.\n", out);
	return CLI_DONE;
}

static int help(const struct command *command, char **argv)
{
	char *words[] = {argv[0], (char *)"--help", NULL};

	return command->program ? run_program(command, words) : command_help(command);
}

static int unknown_command(const char *typed)
{
	const char *meant = suggest(typed, command_name);
	char clean[64];

	for (size_t i = 0; i < ARRAY_SIZE(renamed); i++)
		if (!strcmp(renamed[i].old, typed)) {
			log_error("unknown command '%s': it is now '%s'", typed, renamed[i].now);
			return CLI_USAGE;
		}
	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (meant)
		log_error("unknown command '%s': did you mean '%s'?", clean, meant);
	else
		log_error("unknown command '%s': see 'headroom --help'", clean);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int status, flushed;

	/* Character set of the terminal; number format C. */
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
		status = argc > 2 && command_find(argv[2]) ? help(command_find(argv[2]), argv + 2)
							   : print_commands(stdout);
	else if (command)
		status = command->program ? run_program(command, argv + 1)
					  : command_run(command, argc - 1, argv + 1);
	else
		status = unknown_command(argv[1]);
	flushed = cli_flush();
	return status ? status : flushed;
}
