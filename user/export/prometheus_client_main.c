// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * `headroom export fleet URL --board PATH`: keeps a board of all containers in a Prometheus until it is interrupted; the CLI
 * runs it for --prometheus. Updates the board's heartbeat while Prometheus answers. Only reads from Prometheus; never prints
 * a password in the URL.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "board/board.h"
#include "command/command.h"
#include "command/signals.h"
#include "export.h"
#include "prometheus_server.h"

#define CONTAINERS 10000u /* maximum; of more, those with the highest risk */
#define CAPACITY   256u
#define REST \
	4 /* pauses for so many times the duration of an update: a server has other work, too */

struct fleet_options {
	const char *board, *credentials;
};

struct watch {
	struct prometheus_server server;
	struct prometheus_client *client;
	struct board *board;
};

static int ask_one(struct watch *w, const char *expression, size_t query)
{
	char what[PROMETHEUS_CLIENT_ERROR] = "";
	int err = prometheus_server_ask(&w->server, "query", expression, "");

	if (err)
		return err;
	err = prometheus_client_add_response(w->client, query, w->server.http.response,
					     w->server.http.response_n, what);
	return err && *what ? prometheus_server_fail(&w->server, err, what) : err;
}

static int ask(struct watch *w, bool first)
{
	char text[PROMETHEUS_CLIENT_QUERY];
	const char *expression;
	int err = 0;

	for (size_t i = 0; (expression = prometheus_client_query(w->client, i, text)) && !err &&
			   !signals_caught();
	     i++) {
		if (prometheus_client_first(i) != first)
			continue;
		err = ask_one(w, expression, i);
		if (!err && board_host(w->board)->sweeps)
			board_heartbeat(w->board);
	}
	return err ?: signals_caught() ? -EINTR : 0;
}

static int show(struct watch *w)
{
	return prometheus_client_show(w->client, w->board, board_now_ns(w->board));
}

/* The first board has what a first screen shows, soon; the rest follows. */
static int look(struct watch *w)
{
	int err;

	prometheus_client_begin(w->client);
	err = ask(w, true);
	if (!err && !board_host(w->board)->sweeps)
		err = show(w);
	return err ?: ask(w, false) ?: show(w);
}

/* Until a signal. A failure before the first update ends it; a later one is logged once and retried. */
static int watch(struct watch *w)
{
	uint64_t next = 0, began, rest;
	int err = 0, emitted = 0;

	while (!signals_caught()) {
		if (clock_mono_ns() >= next) {
			*w->server.error = '\0';
			began = clock_mono_ns();
			err = look(w);
			if (signals_caught())
				break;
			if (err && !*w->server.error)
				prometheus_server_fail(&w->server, err, strerror(-err));
			if (err && !board_host(w->board)->sweeps)
				return err;
			if (err && err != emitted)
				log_error("%s; trying again", w->server.error);
			else if (!err && emitted)
				log_info("%s answers again", w->server.shown);
			emitted = err;
			rest = REST * (clock_mono_ns() - began);
			if (rest < PROMETHEUS_CLIENT_INTERVAL_S * NS_PER_SEC)
				rest = PROMETHEUS_CLIENT_INTERVAL_S * NS_PER_SEC;
			next = clock_mono_ns() + rest;
		}
		if (!err)
			board_heartbeat(w->board);
		signals_wait(NULL, 0, NS_PER_SEC);
	}
	return 0;
}

static void watch_done(struct watch *w)
{
	board_close(w->board);
	prometheus_client_free(w->client);
	prometheus_server_close(&w->server);
}

static int run(const void *values, char **arguments)
{
	const struct fleet_options *options = values;
	const struct board_config config = {.path = options->board, .capacity = CAPACITY};
	_cleanup_(watch_done) struct watch w = {.client = prometheus_client_new(CONTAINERS)};
	int err = prometheus_server_open(&w.server, arguments[0], options->credentials);

	if (err)
		return prometheus_server_refuse(err);
	if (!options->board) {
		log_error("expected --board PATH: the board to write");
		return CLI_USAGE;
	}
	export_confine(true);
	signals_catch();
	err = w.client ? board_open(&config, &w.board, NULL) : -ENOMEM;
	if (err) {
		log_error("%s: %s", options->board, strerror(-err));
		return CLI_FAILED;
	}
	err = watch(&w);
	if (err)
		log_error("%s", w.server.error);
	return !err ? CLI_DONE : err == -EACCES ? CLI_NOT_PERMITTED : CLI_FAILED;
}

static const struct option_spec specs[] = {
	OPTION_CREDENTIALS(struct fleet_options),
	{.name = "board",
	 .argument = "PATH",
	 .parse = option_text,
	 .offset = offsetof(struct fleet_options, board),
	 .help = "the board to write",
	 .wants = "a path"},
	{0},
};

const struct command command_fleet = {
	.name = "export fleet",
	.arguments = "URL",
	.arguments_needed = 1,
	.summary = "Keep a board of all containers in a Prometheus",
	.text = "Queries the Prometheus at URL every 5 s or less often for the metrics of "
		"headroom's exporters "
		"and "
		"writes them to a\n"
		"board at PATH until it is interrupted. All readers can use it, such as `headroom "
		"ls "
		"--board PATH`.\n"
		"`headroom top --prometheus URL` and `headroom ls --prometheus URL` start it "
		"themselves.\n",
	.options = specs,
	.options_bytes = sizeof(struct fleet_options),
	.run = run,
	.rights = COMMAND_TRIES, /* until export_confine() */
};
