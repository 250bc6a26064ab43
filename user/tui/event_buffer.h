/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The events that a screen lists: copies of what a board, a recording or a piece of history holds, oldest first, read on
 * as more come. Bounded: when it is full what is told by the thousand goes first (hr_event_ring()), then the oldest.
 *
 *	struct event_buffer buffer = {0};
 *	event_buffer_open(&buffer, path);			// or event_buffer_take(&buffer, reader)
 *	while (event_buffer_read(&buffer, 20 * NS_PER_MS) == -EAGAIN)
 *		…				// a long recording: paint, look at the keys, go on
 *	event_buffer_done(&buffer);
 */
#ifndef HEADROOM_TUI_EVENT_BUFFER_H
#define HEADROOM_TUI_EVENT_BUFFER_H

#include <stdbool.h>
#include <headroom/reader.h>

#define EVENT_BUFFER_MAX 8192

struct event_buffer {
	struct hr_reader *reader; /* its own */
	struct hr_event **event;
	size_t n, space;
	uint64_t missed;  /* that went by unread */
	uint64_t changes; /* goes up whenever something was added or let go of */
	bool cut;         /* older ones were let go of */
	bool whole;       /* read up to the end, as it was then */
};

/* What was held is let go of. 0, or as hr_reader_open(). */
int event_buffer_open(struct event_buffer *buffer, const char *path);
/* The same with a reader that becomes the buffer's, also on failure. */
void event_buffer_take(struct event_buffer *buffer, struct hr_reader *reader);
/* Reads on, for about so long. 0: all that there is; -EAGAIN: there is more; -ENOMEM. What is
 * damaged is passed over. */
int event_buffer_read(struct event_buffer *buffer, uint64_t rate_limit_ns);
void event_buffer_done(struct event_buffer *buffer);

/* NULL: not held. `instance` 0: any. */
const struct hr_event *event_buffer_find(const struct event_buffer *buffer, uint64_t seq,
					 uint64_t instance);
/* What came of an OOM kill or a deed; NULL. */
const struct hr_event *event_buffer_outcome(const struct event_buffer *buffer,
					    const struct hr_event *event);

/* It is about this container: in it, below it, in an earlier life of it, or at its limit. */
bool event_concerns(const struct hr_event *event, const struct hr_slot *slot);

#endif
