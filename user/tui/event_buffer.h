/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The events that screens list: copies from a board, a recording or history, oldest first. Bounded: when it is full, frequent
 * types go first (hr_event_ring()), then the oldest.
 *
 *	struct event_buffer buffer = {0};
 *	event_buffer_open(&buffer, path);		// or event_buffer_take(&buffer, reader)
 *	while (event_buffer_read(&buffer, 20 * NS_PER_MS) == -EAGAIN)
 *		…				// a long recording: draw, handle keys, continue
 *	event_buffer_done(&buffer);
 */
#ifndef HEADROOM_TUI_EVENT_BUFFER_H
#define HEADROOM_TUI_EVENT_BUFFER_H

#include <stdbool.h>
#include <headroom/reader.h>

#define EVENT_BUFFER_MAX 8192

struct event_buffer {
	struct hr_reader *reader; /* owned */
	struct hr_event **event;
	size_t n, space;
	uint64_t missed;  /* overwritten before they were read */
	uint64_t changes; /* increases with every change */
	bool cut;         /* older ones were dropped */
	bool whole;       /* read up to the end */
};

/* Drops the present content. 0, or as hr_reader_open(). */
int event_buffer_open(struct event_buffer *buffer, const char *path);
/* The same; takes ownership of the reader, also on failure. */
void event_buffer_take(struct event_buffer *buffer, struct hr_reader *reader);
/* Reads for about that long. 0: all read; -EAGAIN: more to read; -ENOMEM. Damaged records are skipped. */
int event_buffer_read(struct event_buffer *buffer, uint64_t budget_ns);
void event_buffer_done(struct event_buffer *buffer);

/* NULL: not held. `instance` 0: any. */
const struct hr_event *event_buffer_find(const struct event_buffer *buffer, uint64_t seq,
					 uint64_t instance);
/* The outcome of an OOM kill or action; NULL. */
const struct hr_event *event_buffer_outcome(const struct event_buffer *buffer,
					    const struct hr_event *event);

/* Whether it concerns this container: in it, below it, before a restart, or at its limit. */
bool event_concerns(const struct hr_event *event, const struct hr_slot *slot);

#endif
