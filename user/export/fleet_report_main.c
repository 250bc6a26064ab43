// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* `headroom export fleet-report URL`: the OOM kills and near misses that a Prometheus has; the CLI runs it for `report --prometheus`. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/command.h"
#include "command/signals.h"
#include "export.h"
#include "fleet_report.h"
#include "prometheus_server.h"

#define SPAN_NS    (7 * 24 * 3600 * NS_PER_SEC)
#define TIMEOUT_MS 120000 /* a week of all counters of a fleet; Prometheus' own default */

struct report_options {
	uint64_t since_ns;
	const char *credentials;
	bool json;
};

struct asker {
	struct prometheus_server server;
	struct fleet_report *report;
};

static void asker_done(struct asker *a)
{
	fleet_report_free(a->report);
	prometheus_server_close(&a->server);
}

typedef char *(*make_expression)(const struct fleet_report *report, size_t i);
typedef int (*add_response)(struct fleet_report *report, size_t i, const char *json, size_t n,
			    char error[PROMETHEUS_CLIENT_ERROR]);

static int ask_all(struct asker *a, const char *api, const char *more, make_expression make,
		   add_response add)
{
	int err = 0;

	for (size_t i = 0; !err && !signals_caught(); i++) {
		_cleanup_free_ char *expression = make(a->report, i);
		char what[PROMETHEUS_CLIENT_ERROR] = "";

		if (!expression)
			return 0;
		err = prometheus_server_ask(&a->server, api, expression, more)
			      ?: add(a->report, i, a->server.http.response,
				     a->server.http.response_n, what);
		if (*what)
			prometheus_server_fail(&a->server, err, what);
	}
	return err ?: -EINTR;
}

static int ask(struct asker *a)
{
	char range[96];

	fleet_report_range(a->report, range);
	return ask_all(a, "query", "", fleet_report_query, fleet_report_add)
		       ?: ask_all(a, "query_range", range, fleet_report_series,
				  fleet_report_add_series);
}

static int print(struct asker *a, bool json)
{
	json_t *document = fleet_report_finish(a->report);

	if (!document) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	if (!json)
		fleet_report_print(stdout, document);
	else if (!json_dumpf(document, stdout, JSON_COMPACT))
		putchar('\n');
	json_decref(document);
	return CLI_DONE;
}

static int run(const void *values, char **arguments)
{
	const struct report_options *options = values;
	uint64_t now_s = clock_wall_ns() / NS_PER_SEC,
		 since_s = options->since_ns ? options->since_ns / NS_PER_SEC
					     : now_s - SPAN_NS / NS_PER_SEC;
	_cleanup_(asker_done) struct asker a = {.report = fleet_report_new(since_s, now_s)};
	int err = prometheus_server_open(&a.server, arguments[0], options->credentials);

	if (err)
		return prometheus_server_refuse(err);
	if (since_s >= now_s) {
		log_error("--since: a time in the future");
		return CLI_USAGE;
	}
	a.server.options.timeout_ms = TIMEOUT_MS;
	export_confine(false);
	signals_catch();
	err = a.report ? ask(&a) : -ENOMEM;
	if (!err)
		return print(&a, options->json);
	if (err != -EINTR)
		log_error("%s", *a.server.error ? a.server.error : strerror(-err));
	return err == -EACCES ? CLI_NOT_PERMITTED : CLI_FAILED;
}

static const struct option_spec specs[] = {
	OPTION_CREDENTIALS(struct report_options),
	{.name = "since",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct report_options, since_ns),
	 .help = "incidents since then (default: 7 days ago)",
	 .wants = OPTION_WANTS_TIME},
	OPTION_FLAG("json", struct report_options, json, "print JSON"),
	OPTION_UTC,
	{0},
};

const struct command command_fleet_report = {
	.name = "export fleet-report",
	.arguments = "URL",
	.arguments_needed = 1,
	.summary = "Print the OOM kills and near misses in a Prometheus",
	.text = "Only reads from the Prometheus at URL. `headroom report --prometheus URL` runs "
		"it.\n",
	.options = specs,
	.options_bytes = sizeof(struct report_options),
	.run = run,
	.rights = COMMAND_TRIES, /* until export_confine() */
};
