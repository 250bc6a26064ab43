// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One event, converted to JSON once for all sinks. */
#include <string.h>

#include "json/json.h"
#include "export.h"

struct export_event *export_event_new(const struct hr_event *record, const char *node)
{
	struct export_event *event = malloc(offsetof(struct export_event, record) + record->bytes);
	json_t *json;

	if (!event)
		return NULL;
	memcpy(&event->record, record, record->bytes);
	snprintf(event->node, sizeof(event->node), "%s", node);
	event->refs = 1;
	json = json_event(record, node);
	event->json = json ? json_dumps(json, JSON_STYLE) : NULL;
	json_decref(json);
	if (!event->json) {
		free(event);
		return NULL;
	}
	event->json_bytes = strlen(event->json);
	return event;
}

struct export_event *export_event_ref(struct export_event *event)
{
	__atomic_add_fetch(&event->refs, 1, __ATOMIC_RELAXED);
	return event;
}

void export_event_unref(struct export_event *event)
{
	if (!event || __atomic_sub_fetch(&event->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(event->json);
	free(event);
}
