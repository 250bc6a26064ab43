// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One pass over the events of a board, a recording or the store. Copies those that a report may use; starts of containers
 * (thousands on a busy host) are left out. */
#include "event_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MOST_DAMAGED 64 /* damaged records skipped before giving up */

/* Minimum length of a record of that type; 0: not kept. */
static size_t least_bytes(const struct hr_event *event)
{
	static const size_t bytes[HR_EVENT_COUNT] = {
		[HR_EVENT_OOM_KILL] = sizeof(struct hr_event_oom_kill),
		[HR_EVENT_RISK] = sizeof(struct hr_event_forecast),
		[HR_EVENT_LEAK] = sizeof(struct hr_event_forecast),
		[HR_EVENT_ACTION] = sizeof(struct hr_event_action),
		[HR_EVENT_OUTCOME] = sizeof(struct hr_event_outcome),
		[HR_EVENT_PRESSURE] = sizeof(struct hr_event_pressure),
		[HR_EVENT_CONTAINER] = sizeof(struct hr_event_container),
		[HR_EVENT_DAEMON] = sizeof(struct hr_event_daemon),
		[HR_EVENT_MEMORY_MAP] = sizeof(struct hr_event_memory_map),
	};

	return event->type < HR_EVENT_COUNT ? bytes[event->type] : 0;
}

static bool kept(const struct hr_event *event)
{
	const struct hr_event_container *container = (const void *)event;
	size_t least = least_bytes(event);

	if (!least || event->bytes < least)
		return false;
	return event->type != HR_EVENT_CONTAINER || container->what == HR_CONTAINER_RESTARTED ||
	       container->what == HR_CONTAINER_GONE;
}

static int keep(struct event_log *c, const struct hr_event *event)
{
	struct hr_event *copy;

	if (!kept(event))
		return 0;
	if (c->n == c->space) {
		size_t space = c->space ? 2 * c->space : 256;
		struct hr_event **more = reallocarray(c->event, space, sizeof(struct hr_event *));

		if (!more)
			return -ENOMEM;
		c->event = more;
		c->space = space;
	}
	copy = malloc(event->bytes);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, event, event->bytes);
	c->event[c->n++] = copy;
	return 0;
}

static int drain(struct event_log *c, struct hr_reader *reader)
{
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
	struct hr_event *event = (struct hr_event *)record;
	int r;

	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		r = hr_reader_next_event(reader, event, sizeof(record));
		if (r == -ENODATA || r == -EAGAIN)
			return 0;
		if (!r)
			r = keep(c, event);
		c->damaged += r == -EBADMSG;
		if (r && r != -EOVERFLOW && r != -EBADMSG)
			return r;
	}
	return 0;
}

static int drain_recording(struct event_log *c, struct hr_reader *reader)
{
	int r = hr_reader_seek_frame(reader, 0);

	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		c->damaged += r == -EBADMSG;
		if (r == -ENODATA)
			return 0;
		if (!r)
			r = drain(c, reader);
		if (r && r != -EBADMSG)
			return r;
		r = hr_reader_next_frame(reader);
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct hr_event *x = *(struct hr_event *const *)a, *y = *(struct hr_event *const *)b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Several sources may hold the same event. */
static void drop_duplicates(struct event_log *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		bool same = n && c->event[n - 1]->seq == c->event[i]->seq &&
			    c->event[n - 1]->instance == c->event[i]->instance &&
			    c->event[n - 1]->time_ns == c->event[i]->time_ns;

		if (same)
			free(c->event[i]);
		else
			c->event[n++] = c->event[i];
	}
	c->n = n;
}

int event_log_load(struct event_log *event_log, struct hr_reader *reader)
{
	int r;

	if (hr_reader_is_recording(reader)) {
		r = drain_recording(event_log, reader);
	} else {
		hr_reader_seek_event(reader, 0);
		r = drain(event_log, reader);
	}
	if (r)
		return r;
	if (event_log->n)
		qsort(event_log->event, event_log->n, sizeof(struct hr_event *), by_time);
	drop_duplicates(event_log);
	return 0;
}

void event_log_done(struct event_log *event_log)
{
	for (size_t i = 0; i < event_log->n; i++)
		free(event_log->event[i]);
	free(event_log->event);
	memset(event_log, 0, sizeof(*event_log));
}

const struct hr_event *event_log_find(const struct event_log *event_log, uint64_t instance,
				      uint64_t seq)
{
	for (size_t i = 0; i < event_log->n; i++)
		if (event_log->event[i]->seq == seq && event_log->event[i]->instance == instance)
			return event_log->event[i];
	return NULL;
}
