// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom-export, the program behind `headroom export`: runs the configured sinks as an unprivileged reader of the board.
 * --check tests each sink and starts none. A separate program because the sinks' libraries (curl, NATS, an HTTP server) would
 * triple the memory of every other command.
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
	log_error("%s has no sink: add one, such as `export: {prometheus: {listen: "
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

/* What to do about an error; the sink's line has the cause. */
static const struct {
	int err;
	const char *remedy;
} remedies[] = {
	{-ECONNREFUSED, "start the server, or correct the address"},
	{-ETIMEDOUT, "the server does not answer: check it, and firewalls on the way"},
	{-EHOSTUNREACH, "correct the host name, or the DNS configuration"},
	{-EPROTO, "check the server's certificate; for a private CA set ca_file"},
	{-EACCES, "grant this user access, or use other credentials"},
	{-EPERM, "grant this user access, or use other credentials"},
	{-ENOENT, "start the service that creates it, or correct the path"},
	{-EADDRINUSE, "use another port or path, or stop the program that uses it"},
	{-EREMOTEIO,
	 "the server refuses: check its response, the path of the URL and the credentials"},
	{-ENOSPC, "free disk space"},
	{-EROFS, "use a writable path"},
	{-ENODATA, "create a stream for this subject: nats stream add"},
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
		       *sink->error ? sink->error
		       : err        ? strerror(-err)
				    : "works");
		if (remedy_of(err))
			printf("%-12s   %s\n", "", remedy_of(err));
		if (err)
			status = CLI_FAILED;
	}
	return status;
}

static bool writes_files(const struct exporter *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->sink[i].type->writes_files)
			return true;
	return *e->state;
}

static int run(const void *values, char **arguments)
{
	const struct export_options *options = values;
	static struct exporter e;
	int status = load(options, &e), err;

	if (!status)
		export_confine(writes_files(&e));
	if (!status && options->check) {
		status = check(&e);
	} else if (!status) {
		service_begin();
		signals_catch(); /* before the threads, which inherit the mask */
		err = export_start(&e);
		if (err) {
			log_error("export: can't start a thread: %s", strerror(-err));
			export_stop(&e);
			status = CLI_FAILED;
		} else {
			status = board_reader_run(&e);
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
	 .help = "configuration file (default " CONFIG_DEFAULT_PATH ")",
	 .wants = "a path"},
	OPTION_FLAG("check", struct export_options, check, "test each sink once, and start none"),
	OPTION_BOARD(struct export_options),
	{0},
};

static const struct command command = {
	.name = "export",
	.arguments = "",
	.summary = "Export metrics and events to Prometheus and other tools",
	.text = "Runs every sink below `export:` in the configuration until it is interrupted. A "
		"slow or failing\n"
		"sink does not delay the others; events that its queue can't hold are dropped and "
		"counted.\n"
		"`headroom export fleet URL --board PATH` keeps a board of all containers in a "
		"Prometheus.\n",
	.options = specs,
	.options_bytes = sizeof(struct export_options),
	.run = run,
	.rights = COMMAND_TRIES, /* until export_confine() */
};

extern const struct command command_fleet, command_fleet_report;

int main(int argc, char **argv)
{
	bool fleet = argc > 1 && !strcmp(argv[1], "fleet"),
	     report = argc > 1 && !strcmp(argv[1], "fleet-report");
	const struct command *what = fleet    ? &command_fleet
				     : report ? &command_fleet_report
					      : &command;
	int status, flushed;

	setlocale(LC_CTYPE, "");
	log_name("headroom");
	argc -= fleet || report;
	argv += fleet || report;
	argv[0] = (char *)what->name;
	status = command_run(what, argc, argv);
	flushed = cli_flush();
	return status ? status : flushed;
}
