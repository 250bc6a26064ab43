/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OpenTelemetry's export requests. A request is built once, as OTLP/JSON (the JSON mapping of the protocol's messages), and sent as
 * it is or encoded as protobuf from a table of the messages' fields: so both say the same. Pure; any thread.
 *
 * Protocol: https://github.com/open-telemetry/opentelemetry-proto (1.5: metrics, logs, resource and common, v1).
 */
#ifndef HEADROOM_EXPORT_OTLP_H
#define HEADROOM_EXPORT_OTLP_H

#include <jansson.h>

#include "chunked_body.h"
#include "export.h"
#include "metrics.h"

/* One element of `resourceMetrics`, or NULL without memory. time_ns: of the points, wall time. */
json_t *otlp_slot_metrics(const struct hr_slot *slot, const char *node, uint64_t time_ns);
json_t *otlp_host_metrics(const struct snapshot *head); /* the node's and the daemon's figures */
/* One element of `resourceLogs`. */
json_t *otlp_event_logs(const struct export_event *event, uint64_t observed_ns);

/* {"resourceMetrics": […]} or {"resourceLogs": […]} as ExportMetricsServiceRequest or ExportLogsServiceRequest: the first
 * fields of both have number 1. 0, -ENOMEM, or -EINVAL for a key that the messages do not have. */
int otlp_encode(const json_t *request, struct body *out);

/* What a receiver that answered 2xx did not take (partial_success of its response): points or records. message: its reason,
 * or "". An empty or damaged response: 0, as the protocol has it. */
uint64_t otlp_rejected_protobuf(const char *response, size_t n, char *message, size_t bytes);
uint64_t otlp_rejected_json(const char *response, size_t n, char *message, size_t bytes);

#endif
