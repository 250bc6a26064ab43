// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events to the journal in its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL), or to syslog where there is
 * none: a sentence as MESSAGE, and fields that can be asked for. One datagram an event.
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

		sink_say(sink, "%s: %s", options->socket, strerror(err));
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

/* Clean text has no newline: KEY=VALUE on a line of its own is enough. */
static void field(struct page *page, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	page_printf(page, "%s=", key);
	page_puts(page, value);
	page_add(page, "\n", 1);
}

static void text_field(struct page *page, const char *key, const struct record_text *from,
		       struct hr_str text)
{
	const char *value = from->text(from->record, text);
	char clean[1024];

	if (value)
		field(page, key, text_clean(value, SIZE_MAX, clean, sizeof(clean)));
}

static void write_fields(struct page *page, const struct export_event *event, const char *sentence)
{
	const struct hr_event *record = &event->record;
	struct record_text from = record_text_event(record);
	char name[256];

	identity_name(&from, &record->id, name, sizeof(name), NULL);
	field(page, "MESSAGE", sentence);
	page_printf(page, "PRIORITY=%d\nSYSLOG_IDENTIFIER=headroom\nHEADROOM_SEQ=%" PRIu64 "\n",
		    priority_of(record), record->seq);
	page_printf(page, "HEADROOM_INSTANCE=%016" PRIx64 "\nHEADROOM_TIME_NS=%" PRIu64 "\n",
		    record->instance, record->time_ns);
	field(page, "HEADROOM_TYPE", hr_event_type_name(record->type));
	field(page, "HEADROOM_NAME", name);
	text_field(page, "HEADROOM_CGROUP", &from, record->id.cgroup);
	text_field(page, "CONTAINER_ID_FULL", &from, record->id.container_id);
	text_field(page, "CONTAINER_NAME", &from, record->id.name);
	text_field(page, "HEADROOM_NAMESPACE", &from, record->id.namespace);
	text_field(page, "HEADROOM_POD", &from, record->id.pod);
	text_field(page, "HEADROOM_CONTAINER", &from, record->id.container);
	text_field(page, "HEADROOM_UNIT", &from, record->id.unit);
	page_puts(page, "HEADROOM_EVENT=");
	page_add(page, event->json, event->json_bytes);
	page_add(page, "\n", 1);
}

static int journald_event(struct sink *sink, const struct export_event *event)
{
	const struct journald_options *options = sink->options;
	struct journald *j = sink->state;
	_cleanup_(page_done) struct page page = {0};
	char whole[EVENT_LINE_TEXT];
	const char *sentence = event_line(&event->record, event->record.time_ns, whole);

	/* The journal has a clock of its own. */
	sentence += strcspn(sentence, " ");
	sentence += strspn(sentence, " ");
	if (options->syslog)
		page_printf(&page, "<%d>headroom: %.900s", LOG_DAEMON | priority_of(&event->record),
			    sentence);
	else
		write_fields(&page, event, sentence);
	if (page.failed)
		return -ENOMEM;
	if (send(j->fd, page.text, page.n, MSG_NOSIGNAL) < 0) {
		int err = errno;

		sink_say(sink, "%s: %s", options->socket, strerror(err));
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
	 .wants = "an absolute path"},
	{0},
};

static const struct journald_options journald_defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 1000},
	.socket = "/run/systemd/journal/socket",
};

const struct sink_type sink_journald = {
	.name = "journald",
	.summary = "events to the journal, with fields",
	.options_bytes = sizeof(struct journald_options),
	.defaults = &journald_defaults,
	.keys = journald_keys,
	.events = true,
	.open = journald_open,
	.close = journald_close,
	.event = journald_event,
	.check = journald_check,
};

static const struct journald_options syslog_defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 1000},
	.socket = "/dev/log",
	.syslog = true,
};

const struct sink_type sink_syslog = {
	.name = "syslog",
	.summary = "events to syslog, a sentence each",
	.options_bytes = sizeof(struct journald_options),
	.defaults = &syslog_defaults,
	.keys = journald_keys,
	.events = true,
	.open = journald_open,
	.close = journald_close,
	.event = journald_event,
	.check = journald_check,
};
