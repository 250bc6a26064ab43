// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Copies of events, bounded. Never waits, never reads longer than it was told to. */
#include "event_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define MOST_DAMAGED 64 /* pieces in a row that are passed over before the rest is left alone */

static void forget(struct feed *feed)
{
	for (size_t i = 0; i < feed->n; i++)
		free(feed->event[i]);
	feed->n = 0;
	feed->changes++;
	feed->cut = feed->whole = false;
	feed->missed = 0;
}

void feed_take(struct feed *feed, struct hr_reader *reader)
{
	forget(feed);
	hr_reader_close(feed->reader);
	feed->reader = reader;
}

int feed_open(struct feed *feed, const char *path)
{
	struct hr_reader *reader;
	int r = hr_reader_open(path, &reader);

	if (!r)
		feed_take(feed, reader);
	return r;
}

void feed_done(struct feed *feed)
{
	forget(feed);
	free(feed->event);
	hr_reader_close(feed->reader);
	memset(feed, 0, sizeof(*feed));
}

/* A quarter goes: chatter first, oldest first. */
static void make_space(struct feed *feed)
{
	size_t wanted = FEED_EVENTS / 4, kept = 0, chatter = 0;

	for (size_t i = 0; i < feed->n; i++)
		chatter += hr_event_ring(feed->event[i]->type) == HR_RING_CHATTER;
	for (size_t i = 0; i < feed->n; i++) {
		bool is_chatter = hr_event_ring(feed->event[i]->type) == HR_RING_CHATTER;

		if (wanted && (is_chatter || !chatter)) {
			wanted--;
			chatter -= is_chatter;
			free(feed->event[i]);
		} else {
			feed->event[kept++] = feed->event[i];
		}
	}
	feed->n = kept;
	feed->cut = true;
}

static int add(struct feed *feed, const struct hr_event *event)
{
	struct hr_event *copy;

	if (feed->n == FEED_EVENTS)
		make_space(feed);
	if (feed->n == feed->space) {
		size_t space = feed->space ? 2 * feed->space : 256;
		struct hr_event **bigger =
			reallocarray(feed->event, space, sizeof(struct hr_event *));

		if (!bigger)
			return -ENOMEM;
		feed->event = bigger;
		feed->space = space;
	}
	copy = malloc(event->bytes);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, event, event->bytes);
	feed->event[feed->n++] = copy;
	feed->changes++;
	return 0;
}

/* -ENODATA: no more at the moment. */
static int drain(struct feed *feed)
{
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
	const struct hr_event *event = (const void *)record;
	int r;

	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		r = hr_reader_next_event(feed->reader, (struct hr_event *)record, sizeof(record));
		if (!r)
			r = add(feed, event);
		else if (r != -EOVERFLOW && r != -EBADMSG)
			r = r == -EAGAIN ? -ENODATA : r;
		if (r == -ENODATA || r == -ENOMEM || r == -EIO)
			break;
	}
	feed->missed = hr_reader_missed(feed->reader);
	return r;
}

int feed_read(struct feed *feed, uint64_t rate_limit_ns)
{
	uint64_t until = clock_mono_ns() + rate_limit_ns;
	int r = 0, damaged = 0;

	if (!feed->reader)
		return 0;
	if (!hr_reader_is_recording(feed->reader)) {
		hr_reader_health(feed->reader, NULL); /* goes over to a board that has grown */
		r = drain(feed);
	} else if (feed->whole) {
		return 0; /* a file that grows meanwhile is not followed */
	}
	while (!r) {
		if (clock_mono_ns() > until)
			return -EAGAIN;
		r = hr_reader_next_frame(feed->reader);
		if (!r) {
			r = drain(feed);
			r = r == -ENODATA ? 0 : r;
		} else if (r == -EBADMSG && ++damaged < MOST_DAMAGED) {
			r = 0;
		}
	}
	feed->whole = true;
	return r == -ENOMEM ? r : 0;
}

const struct hr_event *feed_find(const struct feed *feed, uint64_t seq, uint64_t instance)
{
	for (size_t i = feed->n; i-- > 0;)
		if (feed->event[i]->seq == seq &&
		    (!instance || feed->event[i]->instance == instance))
			return feed->event[i];
	return NULL;
}

const struct hr_event *feed_outcome(const struct feed *feed, const struct hr_event *event)
{
	for (size_t i = feed->n; i-- > 0;) {
		const struct hr_event_outcome *o = (const void *)feed->event[i];

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
