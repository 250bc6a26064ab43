// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OpenTelemetry over HTTP with JSON: metrics every interval to ENDPOINT/v1/metrics, events as log records to
 * ENDPOINT/v1/logs. Each container is a resource with the attributes of the semantic conventions; other attributes are named
 * headroom.*.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "http_client.h"
#include "metrics.h"
#include "option_parse.h"
#include "format/display_name.h"
#include "format/event_line.h"

#define BATCH           250 /* resources in one request: collectors accept 4 MiB by default */
#define JSON_STYLE_OTLP (JSON_COMPACT | JSON_REAL_PRECISION(15))

struct otlp_options {
	struct sink_common common;
	struct http_options http; /* url: the endpoint, without /v1/… */
	bool metrics, logs;
};

struct otlp {
	const struct otlp_options *options;
	struct http http;
	struct hr_reader *reader;
	struct snapshot head; /* without slots */
	struct hr_slot slot;
	char metrics_url[EXPORT_TEXT + 16], logs_url[EXPORT_TEXT + 16];
};

/* ---- attributes ---- */

static void attribute(json_t *list, const char *key, const char *raw)
{
	char clean[1024];

	if (raw && *raw)
		json_array_append_new(list,
				      json_pack("{ss s{ss}}", "key", key, "value", "stringValue",
						text_clean(raw, SIZE_MAX, clean, sizeof(clean))));
}

/* https://opentelemetry.io/docs/specs/semconv/resource/ */
static json_t *resource(const struct record_text *from, const struct hr_identity *id,
			const char *node)
{
	json_t *list = json_array();
	const struct {
		const char *key;
		struct hr_str text;
	} texts[] = {
		{"container.id", id->container_id},
		{id->kind == HR_KIND_CONTAINER ? "container.name" : "headroom.name", id->name},
		{"container.image.name", id->image},
		{"k8s.namespace.name", id->namespace},
		{"k8s.pod.name", id->pod},
		{"k8s.pod.uid", id->pod_uid},
		{"k8s.container.name", id->container},
		{"headroom.unit", id->unit},
		{"process.linux.cgroup", id->cgroup},
	};

	attribute(list, "service.name", "headroom");
	attribute(list, "service.version", HEADROOM_VERSION);
	attribute(list, "host.name", node);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		attribute(list, texts[i].key,
			  from ? from->text(from->record, texts[i].text) : NULL);
	if (from && id->runtime != HR_RUNTIME_NONE)
		attribute(list, "container.runtime", hr_runtime_name(id->runtime));
	return json_pack("{so}", "attributes", list);
}

/* ---- metrics ---- */

static json_t *nanoseconds(uint64_t ns)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, ns);
	return json_string(text);
}

static json_t *one_metric(const struct otlp_metric *m, const struct hr_slot *slot, uint64_t now_ns)
{
	double value = m->value(slot);
	json_t *points;

	if (isnan(value))
		return NULL;
	points = json_pack("[{so sf}]", "timeUnixNano", nanoseconds(now_ns), "asDouble", value);
	if (!m->counter)
		return json_pack("{ss ss s{so}}", "name", m->name, "unit", m->unit, "gauge",
				 "dataPoints", points);
	/* The end must not be before the start, even if the clock was set back. */
	json_object_set_new(json_array_get(points, 0), "startTimeUnixNano",
			    nanoseconds(slot->appeared_ns < now_ns ? slot->appeared_ns : now_ns));
	return json_pack("{ss ss s{so si sb}}", "name", m->name, "unit", m->unit, "sum",
			 "dataPoints", points, "aggregationTemporality", 2, "isMonotonic", 1);
}

static json_t *slot_metrics(const struct hr_slot *slot, const char *node, uint64_t now_ns)
{
	struct record_text from = record_text_slot(slot);
	json_t *list = json_array();

	for (const struct otlp_metric *m = metric_otlp; m->name; m++) {
		json_t *one = one_metric(m, slot, now_ns);

		if (one)
			json_array_append_new(list, one);
	}
	return json_pack("{so s[{s{ss ss} so}]}", "resource", resource(&from, &slot->id, node),
			 "scopeMetrics", "scope", "name", "headroom", "version", HEADROOM_VERSION,
			 "metrics", list);
}

static int post(struct sink *sink, const char *url, const char *key, json_t *list)
{
	struct otlp *otlp = sink->state;
	json_t *document = json_pack("{so}", key, list);
	_cleanup_free_ char *body = document ? json_dumps(document, JSON_STYLE_OTLP) : NULL;

	json_decref(document);
	if (!body)
		return -ENOMEM;
	return http_deliver(sink, &otlp->http,
			    &(struct http_request){.url = url,
						   .type = "application/json",
						   .body = body,
						   .bytes = strlen(body)});
}

/* Slot by slot: holds the containers of one request at a time, even of ten thousand. */
static int send_metrics(struct sink *sink)
{
	struct otlp *otlp = sink->state;
	json_t *list = json_array();
	uint32_t index = 0;
	int err = 0;

	while (!err && !hr_reader_slot(otlp->reader, &index, &otlp->slot)) {
		if (slot_listed(&otlp->slot) && !slot_gone(&otlp->slot))
			json_array_append_new(list, slot_metrics(&otlp->slot, otlp->head.host.node,
								 otlp->head.time_ns));
		if (json_array_size(list) == BATCH) {
			err = post(sink, otlp->metrics_url, "resourceMetrics", list);
			list = json_array();
		}
	}
	if (!err && json_array_size(list))
		return post(sink, otlp->metrics_url, "resourceMetrics", list);
	json_decref(list);
	return err;
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

/* https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
static const struct {
	int number;
	const char *text;
} severities[] = {
	[HR_INFO] = {9, "INFO"}, [HR_WARNING] = {13, "WARN"}, [HR_CRITICAL] = {17, "ERROR"}};

static json_t *log_record(const struct export_event *event)
{
	const struct hr_event *record = &event->record;
	unsigned int severity =
		record->severity < ARRAY_SIZE(severities) ? record->severity : HR_INFO;
	char line[EVENT_LINE_TEXT], name[64], seq[24];
	json_t *attributes = json_array();

	event_line(record, record->time_ns, line);
	snprintf(name, sizeof(name), "headroom.%s", hr_event_type_name(record->type) ?: "unknown");
	snprintf(seq, sizeof(seq), "%" PRIu64, record->seq);
	attribute(attributes, "event.name", name);
	attribute(attributes, "headroom.seq", seq);
	json_array_append_new(attributes, json_pack("{ss s{ss%}}", "key", "headroom.event", "value",
						    "stringValue", event->json, event->json_bytes));
	return json_pack("{so so si ss s{ss} so}", "timeUnixNano", nanoseconds(record->time_ns),
			 "observedTimeUnixNano", nanoseconds(clock_wall_ns()), "severityNumber",
			 severities[severity].number, "severityText", severities[severity].text,
			 "body", "stringValue", line, "attributes", attributes);
}

static int otlp_event(struct sink *sink, const struct export_event *event)
{
	struct otlp *otlp = sink->state;
	struct record_text from = record_text_event(&event->record);
	json_t *list;

	if (!otlp->options->logs)
		return 0;
	list = json_pack(
		"[{so s[{s{ss ss} s[o]}]}]", "resource",
		resource(event->record.cgroup_id ? &from : NULL, &event->record.id, event->node),
		"scopeLogs", "scope", "name", "headroom", "version", HEADROOM_VERSION, "logRecords",
		log_record(event));
	return list ? post(sink, otlp->logs_url, "resourceLogs", list) : -ENOMEM;
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

/* Collectors accept an empty request. */
static int otlp_check(struct sink *sink)
{
	int err = otlp_open(sink);
	struct otlp *otlp = sink->state;

	if (!err)
		err = post(sink, otlp->metrics_url, "resourceMetrics", json_array());
	otlp_close(sink);
	return err ?: sink->refused ? -EREMOTEIO : 0;
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
	{0},
};

static const struct otlp_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 30000},
	.metrics = true,
	.logs = true,
};

const struct sink_type sink_otlp = {
	.name = "otlp",
	.summary = "metrics and events to an OpenTelemetry collector (OTLP/HTTP, JSON)",
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
