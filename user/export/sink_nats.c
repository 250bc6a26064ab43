// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events to NATS, on SUBJECT.NODE.TYPE. With `jetstream: true` an event counts as delivered when the server acknowledged it,
 * and carries an id, so that the server stores a retried event once; without, when the server received it (flush).
 */
#include <errno.h>
#include <inttypes.h>
#include <nats/nats.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret_text.h"
#include "export.h"
#include "option_parse.h"

#define WAIT_MS 5000

struct nats_options {
	struct sink_common common;
	char url[EXPORT_TEXT], subject[EXPORT_TEXT], creds_file[EXPORT_TEXT], ca_file[EXPORT_TEXT];
	bool jetstream;
};

struct nats {
	const struct nats_options *options;
	natsOptions *settings;
	natsConnection *connection;
	jsCtx *stream;
};

static int error_of(natsStatus status)
{
	switch (status) {
	case NATS_OK:
		return 0;
	case NATS_NO_MEMORY:
		return -ENOMEM;
	case NATS_TIMEOUT:
		return -ETIMEDOUT;
	case NATS_NOT_PERMITTED:
	case NATS_CONNECTION_AUTH_FAILED:
		return -EACCES;
	default:
		return -ECONNREFUSED;
	}
}

static int complain(struct sink *sink, const char *what, natsStatus status)
{
	const struct nats_options *options = sink->options;
	char url[EXPORT_TEXT];

	sink_set_error(sink, "%s: %s: %s", secret_url(options->url, url, sizeof(url)), what,
		       natsStatus_GetText(status));
	return error_of(status);
}

/* No automatic reconnect: sink_runner.c reconnects, logs and counts. */
static natsStatus settle(struct nats *nats)
{
	const struct nats_options *o = nats->options;
	natsStatus s = natsOptions_Create(&nats->settings);

	if (s == NATS_OK)
		s = natsOptions_SetURL(nats->settings, o->url);
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(nats->settings, false);
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(nats->settings, WAIT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetName(nats->settings, "headroom");
	if (s == NATS_OK && *o->creds_file)
		s = natsOptions_SetUserCredentialsFromFiles(nats->settings, o->creds_file, NULL);
	if (s == NATS_OK && *o->ca_file)
		s = natsOptions_LoadCATrustedCertificates(nats->settings, o->ca_file);
	return s;
}

static int nats_open(struct sink *sink)
{
	struct nats *nats = calloc(1, sizeof(*nats));
	natsStatus s;

	if (!nats)
		return -ENOMEM;
	sink->state = nats;
	nats->options = sink->options;
	s = settle(nats);
	if (s == NATS_OK)
		s = natsConnection_Connect(&nats->connection, nats->settings);
	if (s == NATS_OK && nats->options->jetstream)
		s = natsConnection_JetStream(&nats->stream, nats->connection, NULL);
	return s == NATS_OK ? 0 : complain(sink, "can't connect", s);
}

static void nats_close(struct sink *sink)
{
	struct nats *nats = sink->state;

	if (!nats)
		return;
	jsCtx_Destroy(nats->stream);
	natsConnection_Destroy(nats->connection);
	natsOptions_Destroy(nats->settings);
	free(nats);
	sink->state = NULL;
}

/* Replaces characters that a subject must not contain by '_'; the node remains one token. */
static void token(const char *text, char *out, size_t bytes)
{
	size_t n = 0;

	for (; *text && n < bytes - 1; text++)
		out[n++] = *text > ' ' && *text < 127 && !strchr(".*>", *text) ? *text : '_';
	if (!n)
		out[n++] = '_';
	out[n] = '\0';
}

static natsStatus publish_stream(struct nats *nats, const char *subject,
				 const struct export_event *event)
{
	char id[48];
	jsPubOptions options;
	jsPubAck *ack = NULL;
	natsStatus s;

	snprintf(id, sizeof(id), "%016" PRIx64 "-%" PRIu64, event->record.instance,
		 event->record.seq);
	jsPubOptions_Init(&options);
	options.MsgId = id;
	options.MaxWait = WAIT_MS;
	s = js_Publish(&ack, nats->stream, subject, event->json, (int)event->json_bytes, &options,
		       NULL);
	jsPubAck_Destroy(ack);
	return s;
}

static int nats_event(struct sink *sink, const struct export_event *event)
{
	struct nats *nats = sink->state;
	char node[sizeof(event->node)], subject[EXPORT_TEXT + 128];
	natsStatus s;

	token(event->node, node, sizeof(node));
	snprintf(subject, sizeof(subject), "%s.%s.%s", nats->options->subject, node,
		 hr_event_type_name(event->record.type) ?: "unknown");
	if (nats->stream) {
		s = publish_stream(nats, subject, event);
		return s == NATS_OK ? 0 : complain(sink, "not acknowledged by a stream", s);
	}
	s = natsConnection_Publish(nats->connection, subject, event->json, (int)event->json_bytes);
	if (s == NATS_OK)
		s = natsConnection_FlushTimeout(nats->connection, WAIT_MS);
	return s == NATS_OK ? 0 : complain(sink, "can't publish", s);
}

/* Notices a lost server before the next event. */
static int nats_tick(struct sink *sink)
{
	struct nats *nats = sink->state;
	natsStatus s = natsConnection_FlushTimeout(nats->connection, WAIT_MS);

	return s == NATS_OK ? 0 : complain(sink, "the server closed the connection", s);
}

/* Checks that a stream stores our subjects: otherwise no event would be acknowledged. */
static int find_stream(struct sink *sink)
{
	struct nats *nats = sink->state;
	char ask[EXPORT_TEXT + 48], url[EXPORT_TEXT];
	natsMsg *answer = NULL;
	natsStatus s;
	int err = 0;

	snprintf(ask, sizeof(ask), "{\"subject\":\"%s.node.type\"}", nats->options->subject);
	s = natsConnection_RequestString(&answer, nats->connection, "$JS.API.STREAM.NAMES", ask,
					 WAIT_MS);
	if (s != NATS_OK) {
		sink_set_error(sink, "%s: no JetStream: %s",
			       secret_url(nats->options->url, url, sizeof(url)),
			       natsStatus_GetText(s));
		err = -EREMOTEIO;
	} else if (!strstr(natsMsg_GetData(answer) ?: "", "\"streams\":[\"")) {
		sink_set_error(sink, "%s: no stream has the subject %s.NODE.TYPE",
			       secret_url(nats->options->url, url, sizeof(url)),
			       nats->options->subject);
		err = -ENODATA;
	}
	natsMsg_Destroy(answer);
	return err;
}

static int nats_check(struct sink *sink)
{
	int err = nats_open(sink);

	if (!err && ((const struct nats_options *)sink->options)->jetstream)
		err = find_stream(sink);
	nats_close(sink);
	return err;
}

static int parse_nats_url(const char *text, void *at)
{
	static const char *const schemes[] = {"nats://", "tls://", "ws://", "wss://"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncmp(text, schemes[i], strlen(schemes[i])))
			return parse_text(text, at);
	return -EINVAL;
}

static int parse_subject(const char *text, void *at)
{
	bool fine = *text && *text != '.' && text[strlen(text) - 1] != '.' && !strstr(text, "..") &&
		    !strpbrk(text, " \t*>");

	return fine ? parse_text(text, at) : -EINVAL;
}

static const struct sink_key keys[] = {
	{.name = "url",
	 .parse = parse_nats_url,
	 .offset = offsetof(struct nats_options, url),
	 .required = true,
	 .secret = true,
	 .expected = "a URL such as nats://127.0.0.1:4222"},
	{.name = "subject",
	 .parse = parse_subject,
	 .offset = offsetof(struct nats_options, subject),
	 .expected = "a subject without wildcards, such as headroom"},
	{.name = "jetstream",
	 .parse = parse_bool,
	 .offset = offsetof(struct nats_options, jetstream),
	 .expected = "true or false"},
	{.name = "creds_file",
	 .parse = parse_path,
	 .offset = offsetof(struct nats_options, creds_file),
	 .expected = "an absolute path"},
	{.name = "ca_file",
	 .parse = parse_path,
	 .offset = offsetof(struct nats_options, ca_file),
	 .expected = "an absolute path"},
	{0},
};

static const struct nats_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 5000},
	.subject = "headroom",
};

const struct sink_type sink_nats = {
	.name = "nats",
	.summary = "events to NATS, or a JetStream stream",
	.options_bytes = sizeof(struct nats_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.open = nats_open,
	.close = nats_close,
	.event = nats_event,
	.tick = nats_tick,
	.check = nats_check,
};
