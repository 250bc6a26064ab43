// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The list of sinks. A new sink is one file and one line here. */
#include <string.h>

#include "base/cleanup.h"
#include "export.h"

extern const struct sink_type sink_prometheus, sink_jsonl, sink_nats, sink_webhook, sink_journald,
	sink_syslog, sink_otlp, sink_kubernetes, sink_socket, sink_mqtt;

static const struct sink_type *const types[] = {
	&sink_prometheus, &sink_jsonl,  &sink_nats,       &sink_webhook, &sink_journald,
	&sink_otlp,       &sink_syslog, &sink_kubernetes, &sink_socket,  &sink_mqtt,
};

const struct sink_type *sink_type_at(size_t i) { return i < ARRAY_SIZE(types) ? types[i] : NULL; }

const struct sink_type *sink_type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	return NULL;
}
