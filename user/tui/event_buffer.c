// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Copies of events, bounded. Never waits; reads no longer than its time limit. */
#include "event_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define MOST_DAMAGED 64 /* consecutive damaged records skipped before giving up */

static void forget(struct event_buffer *buffer)
{
	for (size_t i = 0; i < buffer->n; i++)
		free(buffer->event[i]);
	buffer->n = 0;
	buffer->changes++;
	buffer->cut = buffer->whole = false;
	buffer->missed = 0;
}

void event_buffer_take(struct event_buffer *buffer, struct hr_reader *reader)
{
	forget(buffer);
	hr_reader_close(buffer->reader);
	buffer->reader = reader;
}

int event_buffer_open(struct event_buffer *buffer, const char *path)
{
	struct hr_reader *reader;
	int r = hr_reader_open(path, &reader);

	if (!r)
		event_buffer_take(buffer, reader);
	return r;
}

void event_buffer_done(struct event_buffer *buffer)
{
	forget(buffer);
	free(buffer->event);
	hr_reader_close(buffer->reader);
	memset(buffer, 0, sizeof(*buffer));
}

/* Drops a quarter: chatter first, oldest first. */
static void make_space(struct event_buffer *buffer)
{
	size_t wanted = EVENT_BUFFER_MAX / 4, kept = 0, chatter = 0;

	for (size_t i = 0; i < buffer->n; i++)
		chatter += hr_event_ring(buffer->event[i]->type) == HR_RING_CHATTER;
	for (size_t i = 0; i < buffer->n; i++) {
		bool is_chatter = hr_event_ring(buffer->event[i]->type) == HR_RING_CHATTER;

		if (wanted && (is_chatter || !chatter)) {
			wanted--;
			chatter -= is_chatter;
			free(buffer->event[i]);
		} else {
			buffer->event[kept++] = buffer->event[i];
		}
	}
	buffer->n = kept;
	buffer->cut = true;
}

static int add(struct event_buffer *buffer, const struct hr_event *event)
{
	struct hr_event *copy;

	if (buffer->n == EVENT_BUFFER_MAX)
		make_space(buffer);
	if (buffer->n == buffer->space) {
		size_t space = buffer->space ? 2 * buffer->space : 256;
		struct hr_event **bigger =
			reallocarray(buffer->event, space, sizeof(struct hr_event *));

		if (!bigger)
			return -ENOMEM;
		buffer->event = bigger;
		buffer->space = space;
	}
	copy = malloc(event->bytes);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, event, event->bytes);
	buffer->event[buffer->n++] = copy;
	buffer->changes++;
	return 0;
}

/* -ENODATA: no more at the moment. */
static int drain(struct event_buffer *buffer)
{
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
	const struct hr_event *event = (const void *)record;
	int r;

	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		r = hr_reader_next_event(buffer->reader, (struct hr_event *)record, sizeof(record));
		if (!r)
			r = add(buffer, event);
		else if (r != -EOVERFLOW && r != -EBADMSG)
			r = r == -EAGAIN ? -ENODATA : r;
		if (r == -ENODATA || r == -ENOMEM || r == -EIO)
			break;
	}
	buffer->missed = hr_reader_missed(buffer->reader);
	return r;
}

int event_buffer_read(struct event_buffer *buffer, uint64_t budget_ns)
{
	uint64_t until = clock_mono_ns() + budget_ns;
	int r = 0, damaged = 0;

	if (!buffer->reader)
		return 0;
	if (!hr_reader_is_recording(buffer->reader)) {
		hr_reader_health(buffer->reader, NULL); /* switches to a board that has grown */
		r = drain(buffer);
	} else if (buffer->whole) {
		return 0; /* a growing file is not followed */
	}
	while (!r) {
		if (clock_mono_ns() > until)
			return -EAGAIN;
		r = hr_reader_next_frame(buffer->reader);
		if (!r) {
			r = drain(buffer);
			r = r == -ENODATA ? 0 : r;
		} else if (r == -EBADMSG && ++damaged < MOST_DAMAGED) {
			r = 0;
		}
	}
	buffer->whole = true;
	return r == -ENOMEM ? r : 0;
}

const struct hr_event *event_buffer_find(const struct event_buffer *buffer, uint64_t seq,
					 uint64_t instance)
{
	for (size_t i = buffer->n; i-- > 0;)
		if (buffer->event[i]->seq == seq &&
		    (!instance || buffer->event[i]->instance == instance))
			return buffer->event[i];
	return NULL;
}

const struct hr_event *event_buffer_outcome(const struct event_buffer *buffer,
					    const struct hr_event *event)
{
	for (size_t i = buffer->n; i-- > 0;) {
		const struct hr_event_outcome *o = (const void *)buffer->event[i];

		if (o->event.type == HR_EVENT_OUTCOME && o->event.bytes >= sizeof(*o) &&
		    o->ref == event->seq && o->event.instance == event->instance)
			return &o->event;
	}
	return NULL;
}

bool event_concerns(const struct hr_event *event, const struct hr_slot *slot)
{
	const char *path = hr_slot_text(slot, slot->id.cgroup);
	const char *where = hr_event_text(event, event->id.cgroup);
	const struct hr_event_oom_kill *oom = (const void *)event;
	size_t n = path ? strlen(path) : 0;

	return event->cgroup_id == slot->cgroup_id ||
	       (slot->id.workload && event->id.workload == slot->id.workload) ||
	       (event->type == HR_EVENT_OOM_KILL && event->bytes >= sizeof(*oom) &&
		oom->limit_cgroup_id == slot->cgroup_id) ||
	       (n > 1 && where && !strncmp(where, path, n) && where[n] == '/');
}
