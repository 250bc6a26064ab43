// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OpenTelemetry over HTTP: metrics of the containers, the node and the daemon every interval to ENDPOINT/v1/metrics, events as log
 * records to ENDPOINT/v1/logs. Protobuf, which every receiver takes, or JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http_client.h"
#include "option_parse.h"
#include "otlp.h"

#define BATCH           250 /* resources in one request: collectors accept 4 MiB by default */
#define JSON_STYLE_OTLP (JSON_COMPACT | JSON_REAL_PRECISION(15))

struct otlp_options {
	struct sink_common common;
	struct http_options http; /* url: the endpoint, without /v1/… */
	bool metrics, logs, json;
};

struct otlp {
	const struct otlp_options *options;
	struct http http;
	struct hr_reader *reader;
	struct snapshot head; /* without slots */
	struct hr_slot slot;
	char metrics_url[EXPORT_TEXT + 16], logs_url[EXPORT_TEXT + 16];
};

/* 2xx may mean that a part was not taken; a retry would repeat the rest. */
static int check_rejected(struct sink *sink, const char *url, const char *what)
{
	struct otlp *otlp = sink->state;
	char message[160];
	uint64_t n = (otlp->options->json ? otlp_rejected_json : otlp_rejected_protobuf)(
		otlp->http.response, otlp->http.response_n, message, sizeof(message));

	if (!n)
		return 0;
	http_set_error(sink, &otlp->http, url, " rejected %" PRIu64 " %s: %s", n, what, message);
	return -EREMOTEIO;
}

static int encode(const struct otlp *otlp, const json_t *document, struct body *body)
{
	if (!document)
		return -ENOMEM;
	if (!otlp->options->json)
		return otlp_encode(document, body);
	body->text = json_dumps(document, JSON_STYLE_OTLP);
	if (!body->text)
		return -ENOMEM;
	body->n = strlen(body->text);
	return 0;
}

/* list: stolen. Figures that are refused come anew with the next interval, so they count as a failure, not as a dropped event. */
static int post(struct sink *sink, bool logs, json_t *list)
{
	struct otlp *otlp = sink->state;
	const char *url = logs ? otlp->logs_url : otlp->metrics_url;
	bool event = logs && json_array_size(list); /* --check sends none */
	json_t *document = json_pack("{so}", logs ? "resourceLogs" : "resourceMetrics", list);
	_cleanup_(body_done) struct body body = {0};
	int err = encode(otlp, document, &body);

	json_decref(document);
	if (err)
		return err;
	err = http_deliver(sink, &otlp->http,
			   &(struct http_request){.url = url,
						  .type = otlp->options->json
								  ? "application/json"
								  : "application/x-protobuf",
						  .body = body.text,
						  .bytes = body.n,
						  .refusal_is_error = !event});
	if (err || sink->refused)
		return err;
	err = check_rejected(sink, url, logs ? "log records" : "data points");
	if (err && event) {
		sink_drop(sink);
		return 0;
	}
	return err;
}

/* ---- metrics ---- */

/* Posts and empties the list. A receiver that refuses one request may take the next. */
static int post_batch(struct sink *sink, json_t **list, int *refused)
{
	int err = post(sink, false, *list);

	*list = json_array();
	if (err != -EREMOTEIO)
		return err;
	*refused = err;
	return 0;
}

/* Slot by slot: holds the containers of one request at a time, even of ten thousand. */
static int send_metrics(struct sink *sink)
{
	struct otlp *otlp = sink->state;
	json_t *list = json_array();
	uint32_t index = 0;
	int err = 0, refused = 0;

	json_array_append_new(list, otlp_host_metrics(&otlp->head));
	while (!err && !hr_reader_slot(otlp->reader, &index, &otlp->slot)) {
		if (slot_listed(&otlp->slot) && !slot_gone(&otlp->slot))
			json_array_append_new(list,
					      otlp_slot_metrics(&otlp->slot, otlp->head.host.node,
								otlp->head.time_ns));
		if (json_array_size(list) == BATCH)
			err = post_batch(sink, &list, &refused);
	}
	if (!err && json_array_size(list))
		err = post_batch(sink, &list, &refused);
	json_decref(list);
	return err ?: refused;
}

static int otlp_tick(struct sink *sink)
{
	struct otlp *otlp = sink->state;
	int err = 0;

	if (!otlp->options->metrics)
		return 0;
	if (!otlp->reader)
		err = hr_reader_open(sink->board, &otlp->reader);
	if (!err)
		err = snapshot_head(&otlp->head, otlp->reader);
	if (err) {
		hr_reader_close(take_ptr(otlp->reader));
		return 0; /* no board yet */
	}
	/* Without a heartbeat the values are stale: sends none. */
	return otlp->head.health ? 0 : send_metrics(sink);
}

/* ---- logs ---- */

static int otlp_event(struct sink *sink, const struct export_event *event)
{
	const struct otlp *otlp = sink->state;

	if (!otlp->options->logs)
		return 0;
	return post(sink, true, json_pack("[o]", otlp_event_logs(event, clock_wall_ns())));
}

/* ---- open and close ---- */

static int otlp_open(struct sink *sink)
{
	struct otlp *otlp = calloc(1, sizeof(*otlp));
	size_t n;

	if (!otlp)
		return -ENOMEM;
	sink->state = otlp;
	otlp->options = sink->options;
	n = strlen(otlp->options->http.url);
	n -= n && otlp->options->http.url[n - 1] == '/';
	snprintf(otlp->metrics_url, sizeof(otlp->metrics_url), "%.*s/v1/metrics", (int)n,
		 otlp->options->http.url);
	snprintf(otlp->logs_url, sizeof(otlp->logs_url), "%.*s/v1/logs", (int)n,
		 otlp->options->http.url);
	return http_open(&otlp->http, &otlp->options->http);
}

static void otlp_close(struct sink *sink)
{
	struct otlp *otlp = sink->state;

	if (!otlp)
		return;
	http_close(&otlp->http);
	hr_reader_close(otlp->reader);
	free(otlp);
	sink->state = NULL;
}

/* Receivers accept an empty request. */
static int otlp_check(struct sink *sink)
{
	const struct otlp_options *options = sink->options;
	int err = otlp_open(sink);

	if (!err && options->metrics)
		err = post(sink, false, json_array());
	if (!err && options->logs)
		err = post(sink, true, json_array());
	otlp_close(sink);
	return err;
}

static int parse_encoding(const char *text, void *at)
{
	bool json = !strcmp(text, "json");

	if (!json && strcmp(text, "protobuf"))
		return -EINVAL;
	*(bool *)at = json;
	return 0;
}

static const struct sink_key keys[] = {
	HTTP_KEYS(struct otlp_options, http),
	{.name = "metrics",
	 .parse = parse_bool,
	 .offset = offsetof(struct otlp_options, metrics),
	 .expected = "true or false"},
	{.name = "logs",
	 .parse = parse_bool,
	 .offset = offsetof(struct otlp_options, logs),
	 .expected = "true or false"},
	{.name = "encoding",
	 .parse = parse_encoding,
	 .offset = offsetof(struct otlp_options, json),
	 .expected = "protobuf or json"},
	{0},
};

static const struct otlp_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 30000},
	.metrics = true,
	.logs = true,
};

const struct sink_type sink_otlp = {
	.name = "otlp",
	.summary = "metrics and events to an OpenTelemetry collector (OTLP/HTTP)",
	.options_bytes = sizeof(struct otlp_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.stays_open = true,
	.open = otlp_open,
	.close = otlp_close,
	.event = otlp_event,
	.tick = otlp_tick,
	.check = otlp_check,
};
