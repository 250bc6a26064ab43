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
#include "base/secret_text.h"
#include "board/board.h"
#include "command/command.h"
#include "command/signals.h"
#include "export.h"
#include "prometheus_client.h"
#include "http_client.h"
#include "option_parse.h"

#define ANSWER_MAX \
	(16u       \
	 << 20) /* the usage of CONTAINERS with all labels is 3 MiB, other queries take half of it */
#define CONTAINERS 10000u /* maximum; of more, those with the highest risk */
#define CAPACITY   256u
#define REST \
	4 /* pauses for so many times the duration of an update: a server has other work, too */
#define QUERY_PATH "/api/v1/query"

struct fleet_options {
	const char *board, *credentials;
};

struct watch {
	struct http_options options;
	struct http http;
	struct prometheus_client *client;
	struct board *board;
	char shown[EXPORT_TEXT]; /* the URL for messages */
	char error[PROMETHEUS_CLIENT_ERROR + EXPORT_TEXT];
};

/* Removes trailing slashes. */
static int take_url(struct watch *w, const char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	if (n >= sizeof(w->options.url) - sizeof(QUERY_PATH) || parse_url(url, w->options.url))
		return -EINVAL;
	w->options.url[n] = '\0';
	secret_url(w->options.url, w->shown, sizeof(w->shown));
	return 0;
}

static int complain(struct watch *w, int err, const char *what)
{
	snprintf(w->error, sizeof(w->error), "%.200s%s%s", w->shown, *what == ':' ? "" : " ", what);
	return err;
}

static int answer_of(struct watch *w, long status)
{
	char what[PROMETHEUS_CLIENT_ERROR];

	if (status == 200 || status == 400 || status == 422 || status == 503)
		return 0; /* JSON, if it is a Prometheus: prometheus_client_add_response() checks */
	if (status == 401 || status == 403) {
		snprintf(what, sizeof(what),
			 "requires credentials (%ld): use --credentials FILE with a token or "
			 "user:password",
			 status);
		return complain(w, -EACCES, what);
	}
	snprintf(what, sizeof(what), "answers %ld to " QUERY_PATH ": is that a Prometheus?",
		 status);
	return complain(w, -EPROTO, what);
}

static int ask_one(struct watch *w, size_t query)
{
	char url[2 * EXPORT_TEXT + 256], what[PROMETHEUS_CLIENT_ERROR] = "";
	char text[PROMETHEUS_CLIENT_QUERY];
	char *expression =
		curl_easy_escape(w->http.curl, prometheus_client_query(w->client, query, text), 0);
	long status;
	int err;

	if (!expression)
		return -ENOMEM;
	/* VictoriaMetrics hides the newest 30 s by default; a Prometheus does not know the parameter. */
	snprintf(url, sizeof(url), "%s" QUERY_PATH "?latency_offset=1s&query=%s", w->options.url,
		 expression);
	curl_free(expression);
	err = http_send(&w->http, &(struct http_request){.method = "GET", .url = url}, &status);
	if (err) {
		snprintf(what, sizeof(what), ": %.200s", w->http.error);
		secret_hide_url(what, w->options.url);
		return complain(w, err, what);
	}
	err = answer_of(w, status);
	if (err)
		return err;
	if (w->http.response_n == ANSWER_MAX)
		return complain(w, -EFBIG, "answers with more than 16 MiB to one query");
	err = prometheus_client_add_response(w->client, query, w->http.response, w->http.response_n,
					     what);
	return err && *what ? complain(w, err, what) : err;
}

static int ask(struct watch *w, bool first)
{
	char text[PROMETHEUS_CLIENT_QUERY];
	int err = 0;

	for (size_t i = 0; prometheus_client_query(w->client, i, text) && !err && !signals_caught();
	     i++) {
		if (prometheus_client_first(i) != first)
			continue;
		err = ask_one(w, i);
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
			*w->error = '\0';
			began = clock_mono_ns();
			err = look(w);
			if (signals_caught())
				break;
			if (err && !*w->error)
				complain(w, err, strerror(-err));
			if (err && !board_host(w->board)->sweeps)
				return err;
			if (err && err != emitted)
				log_error("%s; trying again", w->error);
			else if (!err && emitted)
				log_info("%s answers again", w->shown);
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

static int start(struct watch *w, const struct fleet_options *options)
{
	const struct board_config config = {.path = options->board, .capacity = CAPACITY};
	int err;

	w->options.response_max = ANSWER_MAX;
	if (options->credentials && parse_text(options->credentials, w->options.credentials_file))
		return -ENAMETOOLONG;
	w->client = prometheus_client_new(CONTAINERS);
	err = w->client ? http_open(&w->http, &w->options) : -ENOMEM;
	return err ?: board_open(&config, &w->board, NULL);
}

static void watch_done(struct watch *w)
{
	board_close(w->board);
	prometheus_client_free(w->client);
	http_close(&w->http);
}

static int run(const void *values, char **arguments)
{
	const struct fleet_options *options = values;
	_cleanup_(watch_done) struct watch w = {0};
	int err;

	if (take_url(&w, arguments[0])) {
		log_error("expected an http:// or https:// URL of a Prometheus, such as "
			  "http://127.0.0.1:9090");
		return CLI_USAGE;
	}
	if (!options->board) {
		log_error("expected --board PATH: the board to write");
		return CLI_USAGE;
	}
	export_confine(true);
	signals_catch();
	err = start(&w, options);
	if (err) {
		log_error("%s: %s", options->board, strerror(-err));
		return CLI_FAILED;
	}
	err = watch(&w);
	if (err)
		log_error("%s", w.error);
	return !err ? CLI_DONE : err == -EACCES ? CLI_NOT_PERMITTED : CLI_FAILED;
}

static const struct option_spec specs[] = {
	{.name = "credentials",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct fleet_options, credentials),
	 .help = "file with a bearer token, or user:password",
	 .wants = "a path"},
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
