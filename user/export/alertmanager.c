// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Derives alerts from events. Labels name the container; the annotation is the event's line of text. */
#include "alertmanager.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "format/display_name.h"
#include "format/event_line.h"

#define MOMENT_NS (5 * 60 * NS_PER_SEC) /* how long an alert without an end event fires */

struct alert {
	uint64_t cgroup_id;
	const char *name;           /* a string literal below: compared by address */
	uint64_t from_ns, until_ns; /* until 0: firing */
	json_t *labels;
	char text[512];
};

static struct alert *find(struct alerts *alerts, uint64_t cgroup_id, const char *name)
{
	for (size_t i = 0; i < alerts->n; i++)
		if (alerts->alert[i].cgroup_id == cgroup_id && alerts->alert[i].name == name)
			return &alerts->alert[i];
	return NULL;
}

static void drop(struct alerts *alerts, size_t i)
{
	json_decref(alerts->alert[i].labels);
	memmove(alerts->alert + i, alerts->alert + i + 1,
		(--alerts->n - i) * sizeof(*alerts->alert));
}

static struct alert *add(struct alerts *alerts)
{
	if (!alerts->alert)
		alerts->alert = calloc(ALERTS_MAX, sizeof(*alerts->alert));
	if (!alerts->alert)
		return NULL;
	if (alerts->n == ALERTS_MAX)
		drop(alerts, 0);
	return &alerts->alert[alerts->n++];
}

static void set_label(json_t *labels, const struct record_text *from, const char *key,
		      struct hr_str text)
{
	const char *value = from->text(from->record, text);
	char clean[1024];

	if (value && *value)
		json_object_set_new(labels, key,
				    json_string(text_clean(value, SIZE_MAX, clean, sizeof(clean))));
}

static json_t *make_labels(const struct export_event *event, const char *name)
{
	struct record_text from = record_text_event(&event->record);
	const struct hr_identity *id = &event->record.id;
	char identity[256];
	json_t *labels =
		json_pack("{ss ss ss}", "alertname", name, "severity",
			  hr_severity_name(event->record.severity) ?: "info", "node", event->node);
	const struct {
		const char *key;
		struct hr_str text;
	} texts[] = {{"namespace", id->namespace},
		     {"pod", id->pod},
		     {"container", id->container},
		     {"id", id->cgroup}};

	if (!labels)
		return NULL;
	identity_name(&from, id, identity, sizeof(identity), NULL);
	json_object_set_new(labels, "name", json_string(*identity ? identity : "host"));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		set_label(labels, &from, texts[i].key, texts[i].text);
	return labels;
}

static bool fire(struct alerts *alerts, const struct export_event *event, const char *name,
		 uint64_t until_ns)
{
	struct alert *alert = find(alerts, event->record.cgroup_id, name);
	char text[EVENT_LINE_TEXT];

	if (!alert) {
		alert = add(alerts);
		if (!alert)
			return false;
		*alert = (struct alert){.cgroup_id = event->record.cgroup_id,
					.name = name,
					.from_ns = event->record.time_ns};
		alert->labels = make_labels(event, name);
	}
	alert->until_ns = until_ns;
	event_message(&event->record, text);
	snprintf(alert->text, sizeof(alert->text), "%.511s", text);
	return true;
}

static bool end(struct alerts *alerts, const struct export_event *event, const char *name)
{
	struct alert *alert = find(alerts, event->record.cgroup_id, name);

	if (!alert || alert->until_ns)
		return false;
	alert->until_ns = event->record.time_ns;
	return true;
}

static bool take_risk(struct alerts *alerts, const struct export_event *event)
{
	const struct hr_event_forecast *risk = (const void *)&event->record;

	return risk->to < HR_ALARM_WARN ? end(alerts, event, "MemoryRisk")
					: fire(alerts, event, "MemoryRisk", 0);
}

static bool take_leak(struct alerts *alerts, const struct export_event *event)
{
	const struct hr_event_forecast *leak = (const void *)&event->record;

	return hr_leak_grows(leak->to) ? fire(alerts, event, "MemoryLeak", 0)
				       : end(alerts, event, "MemoryLeak");
}

static bool take_container(struct alerts *alerts, const struct export_event *event)
{
	const struct hr_event_container *container = (const void *)&event->record;
	bool gone = container->what == HR_CONTAINER_GONE;
	bool risk = gone && end(alerts, event, "MemoryRisk");
	bool leak = gone && end(alerts, event, "MemoryLeak");

	return risk || leak;
}

static bool take(struct alerts *alerts, const struct export_event *event)
{
	uint64_t until = event->record.time_ns + MOMENT_NS;

	switch (event->record.type) {
	case HR_EVENT_RISK:
		return take_risk(alerts, event);
	case HR_EVENT_LEAK:
		return take_leak(alerts, event);
	case HR_EVENT_CONTAINER:
		return take_container(alerts, event);
	case HR_EVENT_OOM_KILL:
		return fire(alerts, event, "MemoryOOMKill", until);
	case HR_EVENT_ACTION:
		return fire(alerts, event, "MemoryAction", until);
	default:
		return false;
	}
}

void alertmanager_add_event(struct alerts *alerts, const struct export_event *event)
{
	alerts->changed |= take(alerts, event);
}

static json_t *one_json(const struct alert *alert, uint64_t now_ns)
{
	char from[CLOCK_TEXT], until[CLOCK_TEXT];
	/* A firing alert ends by itself if the exporter stops sending. */
	uint64_t end_ns = alert->until_ns ?: now_ns + MOMENT_NS;

	clock_format_rfc3339(alert->from_ns, from);
	clock_format_rfc3339(end_ns, until);
	return json_pack("{sO s{ss} ss ss}", "labels", alert->labels, "annotations", "summary",
			 alert->text, "startsAt", from, "endsAt", until);
}

char *alertmanager_json(const struct alerts *alerts, uint64_t now_ns)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; list && i < alerts->n; i++)
		json_array_append_new(list, one_json(&alerts->alert[i], now_ns));
	text = list ? json_dumps(list, JSON_COMPACT) : NULL;
	json_decref(list);
	return text;
}

void alertmanager_sent(struct alerts *alerts, uint64_t now_ns)
{
	for (size_t i = alerts->n; i-- > 0;)
		if (alerts->alert[i].until_ns && alerts->alert[i].until_ns <= now_ns)
			drop(alerts, i);
	alerts->changed = false;
}

void alertmanager_done(struct alerts *alerts)
{
	while (alerts->n)
		drop(alerts, alerts->n - 1);
	free(alerts->alert);
	memset(alerts, 0, sizeof(*alerts));
}
