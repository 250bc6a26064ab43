// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events to a webhook: CloudEvents 1.0, structured or binary, or Alertmanager's API. With a secret, signed as in the Standard
 * Webhooks specification: webhook-signature "v1," + base64(HMAC-SHA256(id.timestamp.body)).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <string.h>

#include "alertmanager.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "http_client.h"
#include "option_parse.h"

#define SECRET_MAX 256

enum webhook_format { FORMAT_STRUCTURED, FORMAT_BINARY, FORMAT_ALERTMANAGER, FORMATS };
static const char *const format_words[FORMATS] = {"structured", "binary", "alertmanager"};

struct webhook_options {
	struct sink_common common;
	struct http_options http;
	uint32_t format;
	char secret_file[EXPORT_TEXT];
};

struct webhook {
	const struct webhook_options *options;
	struct http http;
	unsigned char secret[SECRET_MAX];
	size_t secret_n;
	struct alerts alerts; /* for Alertmanager */
};

struct attributes { /* of one event, as CloudEvents names them */
	char id[48], source[96], type[48], time[CLOCK_TEXT], subject[24];
};

static void get_attributes(const struct export_event *event, struct attributes *a)
{
	const struct hr_event *record = &event->record;
	/* A node's name may contain characters that a URI must not. */
	char node[sizeof(event->node)];
	size_t n = 0;

	for (const char *c = event->node; *c && n < sizeof(node) - 1; c++)
		node[n++] = *c > ' ' && *c < 127 && !strchr("\"<>\\^`{|}%", *c) ? *c : '_';
	node[n] = '\0';
	snprintf(a->id, sizeof(a->id), "%016" PRIx64 "-%" PRIu64, record->instance, record->seq);
	snprintf(a->source, sizeof(a->source), "/headroom/%s", node);
	snprintf(a->type, sizeof(a->type), "headroom.%s",
		 hr_event_type_name(record->type) ?: "unknown");
	clock_format_rfc3339(record->time_ns, a->time);
	snprintf(a->subject, sizeof(a->subject), "%" PRIu64, record->cgroup_id);
}

/* `data` is the event's JSON line, unchanged. */
static char *structured(const struct export_event *event, const struct attributes *a, size_t *ret_n)
{
	_cleanup_free_ char *head = NULL;
	json_t *object = json_pack("{ss ss ss ss ss ss ss}", "specversion", "1.0", "id", a->id,
				   "source", a->source, "type", a->type, "time", a->time, "subject",
				   a->subject, "datacontenttype", "application/json");
	char *body;
	size_t n;

	head = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!head)
		return NULL;
	n = strlen(head) - 1; /* without its last brace */
	body = malloc(n + event->json_bytes + 16);
	if (body)
		*ret_n = (size_t)sprintf(body, "%.*s,\"data\":%s}", (int)n, head, event->json);
	return body;
}

static void sign(const struct webhook *w, const struct attributes *a, const char *stamp,
		 const char *body, size_t n, char header[128])
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1] = "";
	struct hmac_sha256_ctx hmac;

	hmac_sha256_set_key(&hmac, w->secret_n, w->secret);
	hmac_sha256_update(&hmac, strlen(a->id), (const uint8_t *)a->id);
	hmac_sha256_update(&hmac, 1, (const uint8_t *)".");
	hmac_sha256_update(&hmac, strlen(stamp), (const uint8_t *)stamp);
	hmac_sha256_update(&hmac, 1, (const uint8_t *)".");
	hmac_sha256_update(&hmac, n, (const uint8_t *)body);
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	snprintf(header, 128, "webhook-signature: v1,%s", text);
}

static int deliver(struct sink *sink, const struct attributes *a, const char *type,
		   const char *const *extra, const char *body, size_t n)
{
	struct webhook *w = sink->state;
	char id[80], stamp[24], time[64], signature[128];
	const char *headers[12];
	size_t h = 0;

	snprintf(stamp, sizeof(stamp), "%llu", (unsigned long long)(clock_wall_ns() / NS_PER_SEC));
	snprintf(id, sizeof(id), "webhook-id: %s", a->id);
	snprintf(time, sizeof(time), "webhook-timestamp: %s", stamp);
	headers[h++] = id;
	headers[h++] = time;
	if (w->secret_n) {
		sign(w, a, stamp, body, n, signature);
		headers[h++] = signature;
	}
	for (; extra && *extra; extra++)
		headers[h++] = *extra;
	headers[h] = NULL;
	return http_deliver(
		sink, &w->http,
		&(struct http_request){.type = type, .headers = headers, .body = body, .bytes = n});
}

static int send_structured(struct sink *sink, const struct export_event *event,
			   const struct attributes *a)
{
	size_t n;
	_cleanup_free_ char *body = structured(event, a, &n);

	return body ? deliver(sink, a, "application/cloudevents+json; charset=utf-8", NULL, body, n)
		    : -ENOMEM;
}

static int send_binary(struct sink *sink, const struct export_event *event,
		       const struct attributes *a)
{
	char header[5][160];
	const char *extra[] = {
		"ce-specversion: 1.0", header[0], header[1], header[2], header[3], header[4], NULL};

	snprintf(header[0], sizeof(header[0]), "ce-id: %s", a->id);
	snprintf(header[1], sizeof(header[1]), "ce-source: %s", a->source);
	snprintf(header[2], sizeof(header[2]), "ce-type: %s", a->type);
	snprintf(header[3], sizeof(header[3]), "ce-time: %s", a->time);
	snprintf(header[4], sizeof(header[4]), "ce-subject: %s", a->subject);
	return deliver(sink, a, "application/json", extra, event->json, event->json_bytes);
}

/* Sends firing alerts again every interval (tick), as Alertmanager requires of its clients. */
static int send_alerts(struct sink *sink, const struct attributes *a)
{
	struct webhook *w = sink->state;
	uint64_t now = clock_wall_ns();
	_cleanup_free_ char *body = w->alerts.n ? alertmanager_json(&w->alerts, now) : NULL;
	int err;

	if (!body)
		return w->alerts.n ? -ENOMEM : 0;
	err = deliver(sink, a, "application/json", NULL, body, strlen(body));
	if (!err)
		alertmanager_sent(&w->alerts, now);
	return err;
}

static int webhook_event(struct sink *sink, const struct export_event *event)
{
	struct webhook *w = sink->state;
	struct attributes a;

	get_attributes(event, &a);
	switch (w->options->format) {
	case FORMAT_BINARY:
		return send_binary(sink, event, &a);
	case FORMAT_ALERTMANAGER:
		alertmanager_add_event(&w->alerts, event);
		return w->alerts.changed ? send_alerts(sink, &a) : 0;
	default:
		return send_structured(sink, event, &a);
	}
}

static int webhook_tick(struct sink *sink)
{
	struct webhook *w = sink->state;
	struct attributes a = {.id = "refresh"};

	return w->options->format == FORMAT_ALERTMANAGER ? send_alerts(sink, &a) : 0;
}

/* Standard Webhooks writes a key as whsec_BASE64; receivers decode it. Any other text is the key itself. */
static int decode_secret(struct webhook *w)
{
	static const char prefix[] = "whsec_";
	const size_t skip = sizeof(prefix) - 1;
	struct base64_decode_ctx base64;
	unsigned char key[SECRET_MAX];
	size_t n = sizeof(key);
	int err = 0;

	if (w->secret_n < skip || memcmp(w->secret, prefix, skip))
		return 0;
	base64_decode_init(&base64);
	if (!base64_decode_update(&base64, &n, key, w->secret_n - skip,
				  (const char *)w->secret + skip) ||
	    !base64_decode_final(&base64) || !n)
		err = -EINVAL;
	memcpy(w->secret, key, err ? 0 : n);
	w->secret_n = n;
	explicit_bzero(key, sizeof(key));
	return err;
}

static int read_secret(struct sink *sink, struct webhook *w)
{
	const char *path = w->options->secret_file;
	_cleanup_close_ int fd = *path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;

	if (!*path)
		return 0;
	n = fd < 0 ? -1 : read(fd, w->secret, sizeof(w->secret));
	if (n < 0) {
		int err = errno;

		sink_set_error(sink, "%s: %s", path, strerror(err));
		return -err;
	}
	while (n && (w->secret[n - 1] == '\n' || w->secret[n - 1] == '\r'))
		n--;
	if (!n) {
		sink_set_error(sink, "%s: empty; expected a secret", path);
		return -EINVAL;
	}
	w->secret_n = (size_t)n;
	if (decode_secret(w)) {
		sink_set_error(sink, "%s: expected base64 after whsec_", path);
		return -EINVAL;
	}
	return 0;
}

static int webhook_open(struct sink *sink)
{
	struct webhook *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	sink->state = w;
	w->options = sink->options;
	err = read_secret(sink, w);
	return err ?: http_open(&w->http, &w->options->http);
}

static void webhook_close(struct sink *sink)
{
	struct webhook *w = sink->state;

	if (!w)
		return;
	http_close(&w->http);
	alertmanager_done(&w->alerts);
	explicit_bzero(w->secret, sizeof(w->secret));
	free(w);
	sink->state = NULL;
}

/* Checks only that a server answers; a real event would be needed to test acceptance. */
static int webhook_check(struct sink *sink)
{
	struct webhook *w;
	long status;
	int err = webhook_open(sink);

	w = sink->state;
	if (!err) {
		err = http_send(&w->http, &(struct http_request){.method = "OPTIONS"}, &status);
		if (err)
			http_set_error(sink, &w->http, w->options->http.url, ": %s", w->http.error);
	}
	webhook_close(sink);
	return err;
}

static int parse_format(const char *text, void *at)
{
	for (uint32_t i = 0; i < FORMATS; i++)
		if (!strcmp(text, format_words[i])) {
			*(uint32_t *)at = i;
			return 0;
		}
	return -EINVAL;
}

static const struct sink_key keys[] = {
	HTTP_KEYS(struct webhook_options, http),
	{.name = "format",
	 .parse = parse_format,
	 .offset = offsetof(struct webhook_options, format),
	 .expected = "structured, binary or alertmanager"},
	{.name = "secret_file",
	 .parse = parse_path,
	 .offset = offsetof(struct webhook_options, secret_file),
	 .expected = "an absolute path of a file that holds the secret"},
	{0},
};

static const struct webhook_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 60000, .severity = HR_WARNING},
};

const struct sink_type sink_webhook = {
	.name = "webhook",
	.summary = "events to a webhook as CloudEvents, or to Alertmanager",
	.options_bytes = sizeof(struct webhook_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.stays_open = true,
	.open = webhook_open,
	.close = webhook_close,
	.event = webhook_event,
	.tick = webhook_tick,
	.check = webhook_check,
};
