// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events to an MQTT broker, on TOPIC/NODE/TYPE, with QoS 1: an event counts as delivered when the broker acknowledged it. MQTT 5, since
 * only its acknowledgement has a reason: an MQTT 3.1.1 broker acknowledges what its ACL throws away. The library runs in the sink's
 * thread alone, one message at a time.
 */
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret_text.h"
#include "base/utf8_clean.h"
#include "export.h"
#include "option_parse.h"

#define WAIT_MS   5000
#define KEEPALIVE 60 /* s; tick() comes more often */
#define QOS       1

struct mqtt_address {
	char host[EXPORT_TEXT];
	int port;
	bool tls;
};

struct mqtt_options {
	struct sink_common common;
	struct mqtt_address url;
	char topic[EXPORT_TEXT], ca_file[EXPORT_TEXT], cert_file[EXPORT_TEXT],
		key_file[EXPORT_TEXT], credentials_file[EXPORT_TEXT];
};

struct mqtt {
	const struct mqtt_options *options;
	struct mosquitto *client;
	/* Set by the callbacks, which run inside mosquitto_loop(). */
	bool answered; /* CONNACK, or PUBACK of `mid` */
	int reason;    /* MQTT 5 reason code of the answer, or of the broker's DISCONNECT */
	int mid;
	char tls_error[128]; /* the library's line on it; its status has no reason */
};

static int complain(struct sink *sink, int err, const char *what, const char *why)
{
	const struct mqtt_address *to = &((const struct mqtt_options *)sink->options)->url;
	bool v6 = strchr(to->host, ':');
	char clean[160];

	sink_set_error(sink, "mqtt%s://%s%s%s:%d: %s: %s", to->tls ? "s" : "", v6 ? "[" : "",
		       to->host, v6 ? "]" : "", to->port, what,
		       text_clean(why, SIZE_MAX, clean, sizeof(clean)));
	return err;
}

/* An error of the library. */
static int failed(struct sink *sink, const char *what, int status)
{
	const struct mqtt *mqtt = sink->state;
	int saved = errno;

	switch (status) {
	case MOSQ_ERR_ERRNO:
		return complain(sink, -saved, what, strerror(saved));
	case MOSQ_ERR_NOMEM:
		return complain(sink, -ENOMEM, what, strerror(ENOMEM));
	case MOSQ_ERR_EAI:
	case MOSQ_ERR_LOOKUP:
		return complain(sink, -EHOSTUNREACH, what, "unknown host");
	case MOSQ_ERR_TLS:
	case MOSQ_ERR_TLS_HANDSHAKE:
		return complain(sink, -EPROTO, what,
				*mqtt->tls_error ? mqtt->tls_error : mosquitto_strerror(status));
	default: /* the broker's DISCONNECT says more than that it came */
		return complain(sink, -ECONNREFUSED, what,
				mqtt->reason >= 0x80 ? mosquitto_reason_string(mqtt->reason)
						     : mosquitto_strerror(status));
	}
}

/* ---- callbacks ---- */

static void on_connect(struct mosquitto *client, void *state, int reason, int flags,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = state;

	mqtt->answered = true;
	mqtt->reason = reason;
}

static void on_disconnect(struct mosquitto *client, void *state, int reason,
			  const mosquitto_property *properties)
{
	struct mqtt *mqtt = state;

	if (!mqtt->answered)
		mqtt->reason = reason;
}

static void on_publish(struct mosquitto *client, void *state, int mid, int reason,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = state;

	if (mid != mqtt->mid)
		return; /* too late: given up before */
	mqtt->answered = true;
	mqtt->reason = reason;
}

/* "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" */
static void on_log(struct mosquitto *client, void *state, int how, const char *line)
{
	struct mqtt *mqtt = state;
	const char *reason = strrchr(line, ':');

	if (how == MOSQ_LOG_ERR && strstr(line, "SSL") && reason)
		snprintf(mqtt->tls_error, sizeof(mqtt->tls_error), "%s",
			 reason + 1 + strspn(reason + 1, " "));
}

/* Runs the connection until the answer is there. 0: it is, see `reason`. */
static int wait_answer(struct sink *sink, const char *what)
{
	struct mqtt *mqtt = sink->state;
	uint64_t until = clock_mono_ns() + WAIT_MS * NS_PER_MS, now;
	int status;

	while (!mqtt->answered) {
		now = clock_mono_ns();
		if (now >= until)
			return complain(sink, -ETIMEDOUT, what, "no answer");
		status = mosquitto_loop(mqtt->client, (int)((until - now) / NS_PER_MS) + 1, 1);
		if (status != MOSQ_ERR_SUCCESS && !mqtt->answered)
			return failed(sink, what, status);
	}
	return 0;
}

/* ---- open and close ---- */

static int set_credentials(struct sink *sink, struct mqtt *mqtt)
{
	char text[SECRET_BYTES], *password;
	int err, status;

	if (!*mqtt->options->credentials_file)
		return 0;
	err = secret_read(mqtt->options->credentials_file, text, sizeof(text));
	if (err)
		return complain(sink, err, mqtt->options->credentials_file, strerror(-err));
	password = strchr(text, ':');
	if (password)
		*password++ = '\0';
	status = mosquitto_username_pw_set(mqtt->client, text, password);
	explicit_bzero(text, sizeof(text));
	return status ? failed(sink, "credentials_file", status) : 0;
}

static const char *path_or_null(const char *path) { return *path ? path : NULL; }

/* The library does not say which file it cannot read. */
static int check_readable(struct sink *sink, const char *path)
{
	return !*path || !access(path, R_OK) ? 0 : complain(sink, -errno, path, strerror(errno));
}

static int set_tls(struct sink *sink, struct mqtt *mqtt)
{
	const struct mqtt_options *o = mqtt->options;
	int status, err;

	if (!o->url.tls)
		return 0;
	err = check_readable(sink, o->ca_file) ?: check_readable(sink, o->cert_file)
	      ?: check_readable(sink, o->key_file);
	if (err)
		return err;
	if (!*o->ca_file)
		mosquitto_int_option(mqtt->client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	status = mosquitto_tls_set(mqtt->client, path_or_null(o->ca_file),
				   *o->ca_file ? NULL : "/etc/ssl/certs",
				   path_or_null(o->cert_file), path_or_null(o->key_file), NULL);
	return status ? failed(sink, "can't use the certificates", status) : 0;
}

static int settle(struct sink *sink, struct mqtt *mqtt)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int err;

	pthread_once(&once, (void (*)(void))mosquitto_lib_init);
	mqtt->client = mosquitto_new(NULL, true, mqtt); /* an id of its own each time: no session */
	if (!mqtt->client)
		return -errno;
	mosquitto_int_option(mqtt->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_connect_v5_callback_set(mqtt->client, on_connect);
	mosquitto_disconnect_v5_callback_set(mqtt->client, on_disconnect);
	mosquitto_publish_v5_callback_set(mqtt->client, on_publish);
	mosquitto_log_callback_set(mqtt->client, on_log);
	err = set_credentials(sink, mqtt);
	return err ?: set_tls(sink, mqtt);
}

static int mqtt_open(struct sink *sink)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
	const struct mqtt_address *to;
	int status, err;

	if (!mqtt)
		return -ENOMEM;
	sink->state = mqtt;
	mqtt->options = sink->options;
	to = &mqtt->options->url;
	err = settle(sink, mqtt);
	if (err)
		return err;
	status = mosquitto_connect_async(mqtt->client, to->host, to->port, KEEPALIVE);
	if (status)
		return failed(sink, "can't connect", status);
	err = wait_answer(sink, "can't connect");
	if (err || !mqtt->reason)
		return err;
	return complain(sink,
			mqtt->reason == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION ? -EPROTO : -EACCES,
			"refused", mosquitto_reason_string(mqtt->reason));
}

static void mqtt_close(struct sink *sink)
{
	struct mqtt *mqtt = sink->state;

	if (!mqtt)
		return;
	if (mqtt->client)
		mosquitto_disconnect_v5(mqtt->client, MQTT_RC_NORMAL_DISCONNECTION, NULL);
	mosquitto_destroy(mqtt->client);
	free(mqtt);
	sink->state = NULL;
}

/* ---- events ---- */

/* Replaces what a topic's level must not contain by '_'. */
static void level(const char *text, char *out, size_t bytes)
{
	size_t n = 0;

	for (; *text && n < bytes - 1; text++)
		out[n++] = *text > ' ' && *text < 127 && !strchr("/+#", *text) ? *text : '_';
	if (!n)
		out[n++] = '_';
	out[n] = '\0';
}

/* The broker refuses this event for good. */
static int refused(struct sink *sink, const char *why)
{
	complain(sink, 0, "refused an event", why);
	sink_drop(sink);
	return 0;
}

static int mqtt_event(struct sink *sink, const struct export_event *event)
{
	struct mqtt *mqtt = sink->state;
	char node[sizeof(event->node)], topic[EXPORT_TEXT + 128];
	int status, err;

	level(event->node, node, sizeof(node));
	snprintf(topic, sizeof(topic), "%s/%s/%s", mqtt->options->topic, node,
		 hr_event_type_name(event->record.type) ?: "unknown");
	mqtt->answered = false;
	mqtt->reason = 0;
	status = mosquitto_publish_v5(mqtt->client, &mqtt->mid, topic, (int)event->json_bytes,
				      event->json, QOS, false, NULL);
	if (status == MOSQ_ERR_OVERSIZE_PACKET || status == MOSQ_ERR_PAYLOAD_SIZE)
		return refused(sink, mosquitto_strerror(status));
	if (status)
		return failed(sink, "can't publish", status);
	err = wait_answer(sink, "not acknowledged");
	if (err || mqtt->reason < 0x80) /* 0x10: there is no subscriber */
		return err;
	if (mqtt->reason == MQTT_RC_QUOTA_EXCEEDED)
		return complain(sink, -EAGAIN, "can't publish",
				mosquitto_reason_string(mqtt->reason));
	return refused(sink, mosquitto_reason_string(mqtt->reason));
}

/* Keeps the connection alive, and notices a lost broker before the next event. */
static int mqtt_tick(struct sink *sink)
{
	struct mqtt *mqtt = sink->state;
	int status;

	mqtt->reason = 0;
	mqtt->answered = false;
	status = mosquitto_loop(mqtt->client, 0, 1);
	return status ? failed(sink, "lost the broker", status) : 0;
}

static int mqtt_check(struct sink *sink)
{
	int err = mqtt_open(sink);

	mqtt_close(sink);
	return err;
}

/* ---- options ---- */

/* mqtt://HOST[:PORT], mqtts://…; an IPv6 address in brackets. */
static int parse_mqtt_url(const char *text, void *at)
{
	struct mqtt_address to = {.tls = !strncmp(text, "mqtts://", 8)};
	const char *host = text + (to.tls ? 8 : 7), *end, *after;
	uint64_t port = to.tls ? 8883 : 1883;

	if ((!to.tls && strncmp(text, "mqtt://", 7)) || strchr(host, '@'))
		return -EINVAL;
	if (*host == '[') {
		end = strchr(++host, ']');
		after = end ? end + 1 : NULL;
	} else {
		end = after = host + strcspn(host, ":/");
	}
	if (!end || end == host || (size_t)(end - host) >= sizeof(to.host))
		return -EINVAL;
	if (*after == ':' && (parse_count(after + 1, &port) || port > UINT16_MAX))
		return -EINVAL;
	if (*after && *after != ':')
		return -EINVAL;
	memcpy(to.host, host, (size_t)(end - host));
	to.port = (int)port;
	*(struct mqtt_address *)at = to;
	return 0;
}

static int parse_topic(const char *text, void *at)
{
	return *text != '$' && mosquitto_pub_topic_check(text) == MOSQ_ERR_SUCCESS
		       ? parse_text(text, at)
		       : -EINVAL;
}

static const struct sink_key keys[] = {
	{.name = "url",
	 .parse = parse_mqtt_url,
	 .offset = offsetof(struct mqtt_options, url),
	 .required = true,
	 .secret = true,
	 .expected = "a URL such as mqtt://127.0.0.1:1883 or mqtts://HOST, without credentials"},
	{.name = "topic",
	 .parse = parse_topic,
	 .offset = offsetof(struct mqtt_options, topic),
	 .expected = "a topic without wildcards, such as headroom"},
	{.name = "credentials_file",
	 .parse = parse_path,
	 .offset = offsetof(struct mqtt_options, credentials_file),
	 .expected = "an absolute path of a file that holds USER:PASSWORD"},
	{.name = "ca_file",
	 .parse = parse_path,
	 .offset = offsetof(struct mqtt_options, ca_file),
	 .expected = "an absolute path"},
	{.name = "cert_file",
	 .parse = parse_path,
	 .offset = offsetof(struct mqtt_options, cert_file),
	 .expected = "an absolute path"},
	{.name = "key_file",
	 .parse = parse_path,
	 .offset = offsetof(struct mqtt_options, key_file),
	 .expected = "an absolute path"},
	{0},
};

static const struct mqtt_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 5000},
	.topic = "headroom",
};

const struct sink_type sink_mqtt = {
	.name = "mqtt",
	.summary = "events to an MQTT broker",
	.options_bytes = sizeof(struct mqtt_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.open = mqtt_open,
	.close = mqtt_close,
	.event = mqtt_event,
	.tick = mqtt_tick,
	.check = mqtt_check,
};
