// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events to the journal in its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL), or to syslog: the event's line
 * of text as MESSAGE, and searchable fields. One datagram per event.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "export.h"
#include "chunked_body.h"
#include "option_parse.h"
#include "format/display_name.h"
#include "format/event_line.h"

struct journald_options {
	struct sink_common common;
	char socket[EXPORT_TEXT];
	bool syslog;
};

struct journald {
	int fd;
};

static const int priority[] = {
	[HR_INFO] = LOG_INFO, [HR_WARNING] = LOG_WARNING, [HR_CRITICAL] = LOG_CRIT};

static int priority_of(const struct hr_event *record)
{
	return record->severity < ARRAY_SIZE(priority) ? priority[record->severity] : LOG_INFO;
}

static int journald_open(struct sink *sink)
{
	const struct journald_options *options = sink->options;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct journald *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	sink->state = j;
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (j->fd < 0)
		return -errno;
	if (strlen(options->socket) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, options->socket);
	if (connect(j->fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = errno;

		sink_set_error(sink, "%s: %s", options->socket, strerror(err));
		return -err;
	}
	return 0;
}

static void journald_close(struct sink *sink)
{
	struct journald *j = sink->state;

	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j);
	sink->state = NULL;
}

/* The text is cleaned and has no newline, so the form KEY=VALUE suffices. */
static void field(struct body *body, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	body_printf(body, "%s=", key);
	body_puts(body, value);
	body_add(body, "\n", 1);
}

static void text_field(struct body *body, const char *key, const struct record_text *from,
		       struct hr_str text)
{
	const char *value = from->text(from->record, text);
	char clean[1024];

	if (value)
		field(body, key, text_clean(value, SIZE_MAX, clean, sizeof(clean)));
}

static void write_fields(struct body *body, const struct export_event *event, const char *line)
{
	const struct hr_event *record = &event->record;
	struct record_text from = record_text_event(record);
	char name[256];

	identity_name(&from, &record->id, name, sizeof(name), NULL);
	field(body, "MESSAGE", line);
	body_printf(body, "PRIORITY=%d\nSYSLOG_IDENTIFIER=headroom\nHEADROOM_SEQ=%" PRIu64 "\n",
		    priority_of(record), record->seq);
	body_printf(body, "HEADROOM_INSTANCE=%016" PRIx64 "\nHEADROOM_TIME_NS=%" PRIu64 "\n",
		    record->instance, record->time_ns);
	field(body, "HEADROOM_TYPE", hr_event_type_name(record->type));
	field(body, "HEADROOM_NAME", name);
	text_field(body, "HEADROOM_CGROUP", &from, record->id.cgroup);
	text_field(body, "CONTAINER_ID_FULL", &from, record->id.container_id);
	text_field(body, "CONTAINER_NAME", &from, record->id.name);
	text_field(body, "HEADROOM_NAMESPACE", &from, record->id.namespace);
	text_field(body, "HEADROOM_POD", &from, record->id.pod);
	text_field(body, "HEADROOM_CONTAINER", &from, record->id.container);
	text_field(body, "HEADROOM_UNIT", &from, record->id.unit);
	body_puts(body, "HEADROOM_EVENT=");
	body_add(body, event->json, event->json_bytes);
	body_add(body, "\n", 1);
}

static int journald_event(struct sink *sink, const struct export_event *event)
{
	const struct journald_options *options = sink->options;
	struct journald *j = sink->state;
	_cleanup_(body_done) struct body body = {0};
	char whole[EVENT_LINE_TEXT];
	const char *line = event_message(&event->record, whole); /* the journal adds the time */

	if (options->syslog)
		body_printf(&body, "<%d>headroom: %.900s", LOG_DAEMON | priority_of(&event->record),
			    line);
	else
		write_fields(&body, event, line);
	if (body.failed)
		return -ENOMEM;
	if (send(j->fd, body.text, body.n, MSG_NOSIGNAL) < 0) {
		int err = errno;

		sink_set_error(sink, "%s: %s", options->socket, strerror(err));
		if (err != EMSGSIZE)
			return -err;
		sink_drop(sink);
	}
	return 0;
}

static int journald_check(struct sink *sink)
{
	int err = journald_open(sink);

	journald_close(sink);
	return err;
}

static const struct sink_key journald_keys[] = {
	{.name = "socket",
	 .parse = parse_path,
	 .offset = offsetof(struct journald_options, socket),
	 .expected = "an absolute path"},
	{0},
};

#define SINK(name_, summary_, ...)                                                    \
	static const struct journald_options name_##_defaults = {                     \
		.common = {.queue = EXPORT_QUEUE, .interval_ms = 1000}, __VA_ARGS__}; \
	const struct sink_type sink_##name_ = {                                       \
		.name = #name_,                                                       \
		.summary = summary_,                                                  \
		.options_bytes = sizeof(struct journald_options),                     \
		.defaults = &name_##_defaults,                                        \
		.keys = journald_keys,                                                \
		.events = true,                                                       \
		.open = journald_open,                                                \
		.close = journald_close,                                              \
		.event = journald_event,                                              \
		.check = journald_check,                                              \
	}

SINK(journald, "events to the journal, with fields", .socket = "/run/systemd/journal/socket");
SINK(syslog, "events to syslog, one line each", .socket = "/dev/log", .syslog = true);
