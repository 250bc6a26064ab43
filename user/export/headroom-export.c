// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom-export, which `headroom export` runs: the sinks that the configuration names. An unprivileged reader of the
 * board; --check looks whether each would work, and starts none. A program of its own, for what the sinks link (curl, NATS, an
 * HTTP server) would triple the memory of every other command.
 */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "policy/config.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sd_notify.h"
#include "command/command.h"
#include "command/signals.h"
#include "config.h"

struct export_options {
	const char *config, *board;
	bool check;
};

static int no_sinks(const char *path)
{
	log_error("%s names no sink below `export:`: such as `export: {prometheus: {listen: "
		  "127.0.0.1:9477}}`",
		  path);
	return CLI_USAGE;
}

static int load(const struct export_options *options, struct exporter *e)
{
	const char *path = options->config ?: CONFIG_DEFAULT_PATH;
	char error[EXPORT_ERROR] = "";
	int err = export_config_load(path, e, error);

	if (err == -ENOENT && !options->config)
		return no_sinks(path);
	if (err) {
		if (*error)
			log_error("%s", error);
		else
			log_error("%s: %s", path, strerror(-err));
		return err == -EACCES ? CLI_NOT_PERMITTED : CLI_USAGE;
	}
	if (!e->n)
		return no_sinks(path);
	if (options->board && strlen(options->board) >= sizeof(e->board)) {
		log_error("export: --board: the path is too long");
		return CLI_USAGE;
	}
	if (options->board)
		strcpy(e->board, options->board);
	for (size_t i = 0; i < e->n; i++)
		e->sink[i].board = options->board;
	return CLI_DONE;
}

/* What to do about it. The sink's line says what happened. */
static const struct {
	int err;
	const char *remedy;
} remedies[] = {
	{-ECONNREFUSED, "start it, or correct the address"},
	{-ETIMEDOUT,
	 "something is there and does not answer: look at it, or at what stands between"},
	{-EHOSTUNREACH, "correct the host's name, or the resolver"},
	{-EPROTO, "look at its certificate; one of your own CA wants ca_file"},
	{-EACCES, "give this user the right to it, or other credentials"},
	{-EPERM, "give this user the right to it, or other credentials"},
	{-ENOENT, "start what should have made it, or correct the path"},
	{-EADDRINUSE, "take another port or path, or end who has this one"},
	{-EREMOTEIO,
	 "it is there and refuses: look at its answer, at the URL's path and at the credentials"},
	{-ENOSPC, "make room"},
	{-EROFS, "take a path that can be written to"},
	{-ENODATA, "make a stream for this subject: nats stream add"},
};

static const char *remedy_of(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].err == err)
			return remedies[i].remedy;
	return NULL;
}

static int check(struct exporter *e)
{
	int status = CLI_DONE;

	for (size_t i = 0; i < e->n; i++) {
		struct sink *sink = &e->sink[i];
		int err = sink->type->check(sink);

		printf("%-12s %s\n", sink->type->name,
		       !err          ? "works"
		       : *sink->said ? sink->said
				     : strerror(-err));
		if (remedy_of(err))
			printf("%-12s   %s\n", "", remedy_of(err));
		if (err)
			status = CLI_FAILED;
	}
	return status;
}

static int run(const void *values, char **arguments)
{
	const struct export_options *options = values;
	static struct exporter e;
	int status = load(options, &e), err;

	if (!status && options->check) {
		status = check(&e);
	} else if (!status) {
		service_begin();
		signals_catch(); /* before there are threads: they inherit the mask */
		err = export_start(&e);
		if (err) {
			log_error("export: can't start a thread: %s", strerror(-err));
			export_stop(&e);
			status = CLI_FAILED;
		} else {
			status = export_feed(&e);
		}
	}
	exporter_done(&e);
	return status;
}

static const struct option_spec specs[] = {
	{.name = "config",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct export_options, config),
	 .help = "the configuration (default " CONFIG_DEFAULT_PATH ")",
	 .wants = "a path"},
	OPTION_FLAG("check", struct export_options, check,
		    "try each sink once and say what would not work"),
	OPTION_BOARD(struct export_options),
	{0},
};

static const struct command command = {
	.name = "export",
	.arguments = "",
	.summary = "figures and events to Prometheus, files and other tools",
	.text = "Runs every sink below `export:` in the configuration until it is interrupted. A "
		"sink that is\n"
		"slow or down delays nobody; what its queue can't hold is dropped and counted.\n"
		"`headroom export fleet URL --board PATH` is another task: it keeps a board of "
		"what a Prometheus knows.\n",
	.options = specs,
	.options_bytes = sizeof(struct export_options),
	.run = run,
};

extern const struct command command_fleet;

int main(int argc, char **argv)
{
	bool fleet = argc > 1 && !strcmp(argv[1], "fleet");
	const struct command *what = fleet ? &command_fleet : &command;
	int status, flushed;

	setlocale(LC_CTYPE, "");
	log_name("headroom");
	argc -= fleet;
	argv += fleet;
	argv[0] = (char *)what->name;
	status = command_run(what, argc, argv);
	flushed = cli_flush();
	return status ? status : flushed;
}
