// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Kubernetes: an Event on a pod for an alarm, a leak, an OOM kill or an action, and the node condition MemoryForecast. Uses
 * the API server with the service account's token (deploy/kubernetes has the role). Ignores events without a pod.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "http_client.h"
#include "option_parse.h"
#include "format/event_line.h"
#include "format/snapshot.h"

#define ACCOUNT     "/var/run/secrets/kubernetes.io/serviceaccount/"
#define MESSAGE_MAX 1024 /* the API's limit for an Event's message */

struct kubernetes_options {
	struct sink_common common;
	struct http_options http;
	char node[EXPORT_TEXT];
	bool condition;
};

struct kubernetes {
	const struct kubernetes_options *options;
	struct http http;
	struct hr_reader *reader;
	struct snapshot snapshot;  /* without slots */
	char url[2 * EXPORT_TEXT]; /* without a slash at its end */
	char node[EXPORT_TEXT];
	int status;          /* the condition last sent; -1: none */
	uint64_t changed_ns; /* wall time */
};

/* Names become part of a URL: accepts only RFC 1123 subdomains, as the API does. NULL for others. */
static const char *safe_name(const struct hr_event *record, struct hr_str text)
{
	const char *name = hr_event_text(record, text);

	if (!name || !*name || strlen(name) > 253 || *name == '.' || *name == '-' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(name))
		return NULL;
	return name;
}

/* NULL: no Event. */
static const char *reason_of(const struct hr_event *record)
{
	const struct hr_event_forecast *forecast = (const void *)record;

	switch (record->type) {
	case HR_EVENT_OOM_KILL:
		return "MemoryOOMKill";
	case HR_EVENT_ACTION:
		return "MemoryAction";
	case HR_EVENT_RISK:
		return forecast->to > forecast->from && forecast->to >= HR_ALARM_WARN ? "MemoryRisk"
										      : NULL;
	case HR_EVENT_LEAK:
		return hr_leak_grows(forecast->to) && (forecast->to > forecast->from ||
						       forecast->from == HR_LEAK_ENDED)
			       ? "MemoryLeak"
			       : NULL;
	default:
		return NULL;
	}
}

/* The longest prefix of at most `most` bytes that ends between UTF-8 characters. */
static size_t cut_at(const char *clean, size_t most)
{
	size_t n = strnlen(clean, most);

	while (clean[n] && n && ((unsigned char)clean[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static json_t *event_object(const struct kubernetes *k, const struct export_event *event,
			    const char *namespace, const char *pod, const char *reason)
{
	const struct hr_event *record = &event->record;
	const char *uid = safe_name(record, record->id.pod_uid),
		   *container = safe_name(record, record->id.container);
	char time[CLOCK_TEXT], name[320], field[300], text[EVENT_LINE_TEXT],
		message[EVENT_LINE_TEXT + 300];
	json_t *object;

	/* `kubectl get events` does not show the fieldPath. */
	snprintf(message, sizeof(message), "%s%s%s%s", container ? "container " : "",
		 container ?: "", container ? ": " : "", event_text(record, text));
	clock_format_rfc3339(record->time_ns, time);
	strcpy(time + 19, "Z"); /* metav1.Time has whole seconds */
	/* A retried event has the same name: the API answers 409. */
	snprintf(name, sizeof(name), "%.200s.%" PRIx64 "%" PRIx64, pod,
		 record->instance & 0xffffffff, record->seq);
	if (container)
		snprintf(field, sizeof(field), "spec.containers{%s}", container);
	object = json_pack(
		"{ss ss s{ss ss} s{ss ss ss ss ss* ss*} ss so ss ss ss si s{ss ss} ss ss}",
		"apiVersion", "v1", "kind", "Event", "metadata", "name", name, "namespace",
		namespace, "involvedObject", "apiVersion", "v1", "kind", "Pod", "namespace",
		namespace, "name", pod, "uid", uid, "fieldPath", container ? field : NULL, "reason",
		reason, "message", json_stringn(message, cut_at(message, MESSAGE_MAX)), "type",
		record->severity >= HR_WARNING ? "Warning" : "Normal", "firstTimestamp", time,
		"lastTimestamp", time, "count", 1, "source", "component", "headroom", "host",
		k->node, "reportingComponent", "headroom", "reportingInstance", k->node);
	return object;
}

static int kubernetes_event(struct sink *sink, const struct export_event *event)
{
	struct kubernetes *k = sink->state;
	const struct hr_event *record = &event->record;
	const char *reason = reason_of(record);
	const char *namespace = safe_name(record, record->id.namespace),
		   *pod = safe_name(record, record->id.pod);
	char url[3 * EXPORT_TEXT + 64];
	_cleanup_free_ char *body = NULL;
	json_t *object;

	if (!reason || !namespace || !pod)
		return 0;
	object = event_object(k, event, namespace, pod, reason);
	body = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!body)
		return -ENOMEM;
	snprintf(url, sizeof(url), "%s/api/v1/namespaces/%s/events", k->url, namespace);
	return http_deliver(sink, &k->http,
			    &(struct http_request){.url = url,
						   .type = "application/json",
						   .body = body,
						   .bytes = strlen(body),
						   .conflict_is_done = true});
}

/* True: OOM forecast for the host; False: none; Unknown: no heartbeat of the daemon. */
static const struct {
	const char *status, *reason, *message;
} conditions[] = {
	{"False", "NoOOMForecast", "no OOM forecast for this node"},
	{"True", "OOMForecast", "OOM of this node forecast within 15 minutes"},
	{"Unknown", "NoHeartbeat", "headroomd has no current heartbeat: forecast unavailable"},
	{"Unknown", "Stopped", "headroom-export has stopped: forecast unavailable"},
};
#define CONDITION_STOPPED 3

static int condition_of(struct kubernetes *k, const char *board)
{
	if (!k->reader && hr_reader_open(board, &k->reader))
		return 2;
	if (snapshot_head(&k->snapshot, k->reader)) {
		hr_reader_close(take_ptr(k->reader));
		return 2;
	}
	return k->snapshot.health ? 2 : k->snapshot.host.forecast.alarm >= HR_ALARM_WARN;
}

static int kubernetes_tick(struct sink *sink)
{
	struct kubernetes *k = sink->state;
	/* Called once more at the end: what is left behind after an uninstall claims nothing. */
	bool stops = __atomic_load_n(&sink->stop, __ATOMIC_ACQUIRE);
	int status = !k->options->condition ? -1
		     : stops                ? CONDITION_STOPPED
					    : condition_of(k, sink->board);
	int err;
	char now[CLOCK_TEXT], changed[CLOCK_TEXT], url[3 * EXPORT_TEXT + 32];
	_cleanup_free_ char *body = NULL;
	json_t *object;

	if (status < 0)
		return 0;
	if (status != k->status)
		k->changed_ns = clock_wall_ns();
	clock_format_rfc3339(clock_wall_ns(), now);
	clock_format_rfc3339(k->changed_ns, changed);
	strcpy(now + 19, "Z");
	strcpy(changed + 19, "Z");
	object = json_pack("{s{s[{ss ss ss ss ss ss}]}}", "status", "conditions", "type",
			   "MemoryForecast", "status", conditions[status].status, "reason",
			   conditions[status].reason, "message", conditions[status].message,
			   "lastHeartbeatTime", now, "lastTransitionTime", changed);
	body = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!body)
		return -ENOMEM;
	snprintf(url, sizeof(url), "%s/api/v1/nodes/%s/status", k->url, k->node);
	err = http_deliver(sink, &k->http,
			   &(struct http_request){.method = "PATCH",
						  .url = url,
						  .type = "application/strategic-merge-patch+json",
						  .body = body,
						  .bytes = strlen(body)});
	if (!err)
		k->status = status;
	return err;
}

static int kubernetes_open(struct sink *sink)
{
	struct kubernetes *k = calloc(1, sizeof(*k));
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");
	const char *node = getenv("NODE_NAME");
	bool v6 = host && strchr(host, ':');
	size_t n;

	if (!k)
		return -ENOMEM;
	sink->state = k;
	k->options = sink->options;
	k->status = -1;
	snprintf(k->node, sizeof(k->node), "%s", *k->options->node ? k->options->node : node ?: "");
	if (!*k->node) {
		sink_set_error(sink,
			       "unknown node name: set `node`, or NODE_NAME from spec.nodeName");
		return -EINVAL;
	}
	if (*k->options->http.url)
		snprintf(k->url, sizeof(k->url), "%s", k->options->http.url);
	else if (host && port)
		snprintf(k->url, sizeof(k->url), "https://%s%.200s%s:%.10s", v6 ? "[" : "", host,
			 v6 ? "]" : "", port);
	else
		strcpy(k->url, "https://kubernetes.default.svc");
	n = strlen(k->url);
	if (n && k->url[n - 1] == '/')
		k->url[n - 1] = '\0';
	return http_open(&k->http, &k->options->http);
}

static void kubernetes_close(struct sink *sink)
{
	struct kubernetes *k = sink->state;

	if (!k)
		return;
	http_close(&k->http);
	hr_reader_close(k->reader);
	free(k);
	sink->state = NULL;
}

/* Reads our own node, with the same URL and token as the sink. */
static int kubernetes_check(struct sink *sink)
{
	int err = kubernetes_open(sink);
	struct kubernetes *k = sink->state;
	char url[3 * EXPORT_TEXT + 32];

	if (!err) {
		snprintf(url, sizeof(url), "%s/api/v1/nodes/%s", k->url, k->node);
		err = http_deliver(sink, &k->http,
				   &(struct http_request){.method = "GET", .url = url});
	}
	kubernetes_close(sink);
	return err ?: sink->refused ? -EREMOTEIO : 0;
}

static const struct sink_key keys[] = {
	{.name = "url",
	 .parse = parse_url,
	 .offset = offsetof(struct kubernetes_options, http.url),
	 .expected = "the API server's URL"},
	{.name = "ca_file",
	 .parse = parse_path,
	 .offset = offsetof(struct kubernetes_options, http.ca_file),
	 .expected = "an absolute path"},
	{.name = "bearer_file",
	 .parse = parse_path,
	 .offset = offsetof(struct kubernetes_options, http.bearer_file),
	 .expected = "an absolute path of a file that holds a token"},
	{.name = "timeout",
	 .parse = parse_duration,
	 .offset = offsetof(struct kubernetes_options, http.timeout_ms),
	 .expected = "a time such as 10s"},
	{.name = "node",
	 .parse = parse_text,
	 .offset = offsetof(struct kubernetes_options, node),
	 .expected = "this node's name in the cluster"},
	{.name = "condition",
	 .parse = parse_bool,
	 .offset = offsetof(struct kubernetes_options, condition),
	 .expected = "true or false"},
	{0},
};

static const struct kubernetes_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 60000},
	.http = {.ca_file = ACCOUNT "ca.crt", .bearer_file = ACCOUNT "token"},
	.condition = true,
};

const struct sink_type sink_kubernetes = {
	.name = "kubernetes",
	.summary = "Events on pods, and the node condition MemoryForecast",
	.options_bytes = sizeof(struct kubernetes_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.stays_open = true,
	.open = kubernetes_open,
	.close = kubernetes_close,
	.event = kubernetes_event,
	.tick = kubernetes_tick,
	.check = kubernetes_check,
};
