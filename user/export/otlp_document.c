// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The board's records as OTLP/JSON. Each container is a resource with the attributes of the semantic conventions, and so is the
 * node; other attributes are named headroom.*.
 */
#include "otlp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "format/display_name.h"
#include "format/event_line.h"

#define CUMULATIVE 2 /* AggregationTemporality */

/* ---- attributes ---- */

static void attribute(json_t *list, const char *key, const char *raw)
{
	char clean[1024];

	if (raw && *raw)
		json_array_append_new(list,
				      json_pack("{ss s{ss}}", "key", key, "value", "stringValue",
						text_clean(raw, SIZE_MAX, clean, sizeof(clean))));
}

/*
 * https://opentelemetry.io/docs/specs/semconv/resource/. Receivers that keep only job and instance of a resource (Prometheus: service.name
 * and service.instance.id) must not take two containers for one: the instance is the container's.
 */
static void add_service(json_t *list, const char *node, const char *cgroup)
{
	char instance[1024];

	snprintf(instance, sizeof(instance), "%s%s", node, cgroup ?: "");
	attribute(list, "service.name", "headroom");
	attribute(list, "service.version", HEADROOM_VERSION);
	attribute(list, "service.instance.id", instance);
	attribute(list, "host.name", node);
}

static json_t *container_resource(const struct record_text *from, const struct hr_identity *id,
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

	add_service(list, node, from->text(from->record, id->cgroup));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		attribute(list, texts[i].key, from->text(from->record, texts[i].text));
	if (from->text(from->record, id->pod))
		attribute(list, "k8s.node.name", node);
	if (id->runtime != HR_RUNTIME_NONE)
		attribute(list, "container.runtime.name", hr_runtime_name(id->runtime));
	return json_pack("{so}", "attributes", list);
}

static json_t *host_resource(const char *node)
{
	json_t *list = json_array();

	add_service(list, node, NULL);
	attribute(list, "os.type", "linux");
	attribute(list, "k8s.node.name", getenv("NODE_NAME")); /* of a pod's environment */
	return json_pack("{so}", "attributes", list);
}

/* resource and items: stolen. Both levels name the schema: one is the resource's, one the items'. */
static json_t *scoped(json_t *resource, const char *scopes, const char *kind, json_t *items)
{
	return json_pack("{so ss s[{s{ss ss} ss so}]}", "resource", resource, "schemaUrl",
			 OTLP_SCHEMA_URL, scopes, "scope", "name", "headroom", "version",
			 HEADROOM_VERSION, "schemaUrl", OTLP_SCHEMA_URL, kind, items);
}

/* ---- metrics ---- */

static json_t *nanoseconds(uint64_t ns)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, ns);
	return json_string(text);
}

struct point {
	enum otlp_instrument instrument;
	const char *name, *unit, *key, *attribute;
	double value;
	uint64_t time_ns, since_ns;
};

static json_t *point_json(const struct point *p)
{
	json_t *point =
		json_pack("{so sf}", "timeUnixNano", nanoseconds(p->time_ns), "asDouble", p->value);

	/* The end must not be before the start, even if the clock was set back. */
	if (p->instrument != OTLP_GAUGE)
		json_object_set_new(
			point, "startTimeUnixNano",
			nanoseconds(p->since_ns < p->time_ns ? p->since_ns : p->time_ns));
	if (p->key) {
		json_t *list = json_array();

		attribute(list, p->key, p->attribute);
		json_object_set_new(point, "attributes", list);
	}
	return point;
}

/* Unknown: nothing. Points of the metric before are added to it. */
static void add_point(json_t *list, const struct point *p)
{
	const char *kind = p->instrument == OTLP_GAUGE ? "gauge" : "sum";
	json_t *last = json_array_get(list, json_array_size(list) - 1), *data;
	const char *name = json_string_value(json_object_get(last, "name"));

	if (isnan(p->value))
		return;
	if (!name || strcmp(name, p->name)) {
		data = json_pack("{s[]}", "dataPoints");
		if (p->instrument != OTLP_GAUGE) {
			json_object_set_new(data, "aggregationTemporality",
					    json_integer(CUMULATIVE));
			json_object_set_new(data, "isMonotonic",
					    json_boolean(p->instrument == OTLP_COUNTER));
		}
		last = json_pack("{ss ss so}", "name", p->name, "unit", p->unit, kind, data);
		json_array_append_new(list, last);
	}
	data = json_object_get(json_object_get(last, kind), "dataPoints");
	json_array_append_new(data, point_json(p));
}

json_t *otlp_slot_metrics(const struct hr_slot *slot, const char *node, uint64_t time_ns)
{
	struct record_text from = record_text_slot(slot);
	json_t *list = json_array();

	for (const struct otlp_metric *m = metric_otlp; m->name; m++)
		add_point(list,
			  &(struct point){m->instrument, m->name, m->unit, m->key, m->attribute,
					  m->value(slot), time_ns, slot->appeared_ns});
	return scoped(container_resource(&from, &slot->id, node), "scopeMetrics", "metrics", list);
}

json_t *otlp_host_metrics(const struct snapshot *head)
{
	json_t *list = json_array();

	for (const struct otlp_host_metric *m = metric_otlp_host; m->name; m++)
		add_point(list,
			  &(struct point){m->instrument, m->name, m->unit, m->key, m->attribute,
					  m->value(head), head->time_ns, head->host.started_ns});
	return scoped(host_resource(head->host.node), "scopeMetrics", "metrics", list);
}

/* ---- logs ---- */

/* https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
static const struct {
	int number;
	const char *text;
} severities[] = {
	[HR_INFO] = {9, "INFO"}, [HR_WARNING] = {13, "WARN"}, [HR_CRITICAL] = {17, "ERROR"}};

static json_t *log_record(const struct export_event *event, uint64_t observed_ns)
{
	const struct hr_event *record = &event->record;
	unsigned int severity =
		record->severity < ARRAY_SIZE(severities) ? record->severity : HR_INFO;
	char line[EVENT_LINE_TEXT], name[64], seq[24];
	json_t *attributes = json_array();

	event_message(record, line);
	snprintf(name, sizeof(name), "headroom.%s", hr_event_type_name(record->type) ?: "unknown");
	snprintf(seq, sizeof(seq), "%" PRIu64, record->seq);
	attribute(attributes, "headroom.seq", seq);
	json_array_append_new(attributes, json_pack("{ss s{ss%}}", "key", "headroom.event", "value",
						    "stringValue", event->json, event->json_bytes));
	return json_pack("{so so si ss ss s{ss} so}", "timeUnixNano", nanoseconds(record->time_ns),
			 "observedTimeUnixNano", nanoseconds(observed_ns), "severityNumber",
			 severities[severity].number, "severityText", severities[severity].text,
			 "eventName", name, "body", "stringValue", line, "attributes", attributes);
}

json_t *otlp_event_logs(const struct export_event *event, uint64_t observed_ns)
{
	struct record_text from = record_text_event(&event->record);
	json_t *resource = event->record.cgroup_id
				   ? container_resource(&from, &event->record.id, event->node)
				   : host_resource(event->node);

	return scoped(resource, "scopeLogs", "logRecords",
		      json_pack("[o]", log_record(event, observed_ns)));
}
