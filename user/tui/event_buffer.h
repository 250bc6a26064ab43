/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The events that a screen lists: copies of what a board, a recording or a piece of history holds, oldest first, read on
 * as more come. Bounded: when it is full what is told by the thousand goes first (hr_event_ring()), then the oldest.
 *
 *	struct feed feed = {0};
 *	feed_open(&feed, path);			// or feed_take(&feed, reader)
 *	while (feed_read(&feed, 20 * NS_PER_MS) == -EAGAIN)
 *		…				// a long recording: paint, look at the keys, go on
 *	feed_done(&feed);
 */
#ifndef HEADROOM_TUI_EVENT_BUFFER_H
#define HEADROOM_TUI_EVENT_BUFFER_H

#include <stdbool.h>
#include <headroom/reader.h>

#define FEED_EVENTS 8192

struct feed {
	struct hr_reader *reader; /* its own */
	struct hr_event **event;
	size_t n, space;
	uint64_t missed;  /* that went by unread */
	uint64_t changes; /* goes up whenever something was added or let go of */
	bool cut;         /* older ones were let go of */
	bool whole;       /* read up to the end, as it was then */
};

/* What was held is let go of. 0, or as hr_reader_open(). */
int feed_open(struct feed *feed, const char *path);
/* The same with a reader that becomes the feed's, also on failure. */
void feed_take(struct feed *feed, struct hr_reader *reader);
/* Reads on, for about so long. 0: all that there is; -EAGAIN: there is more; -ENOMEM. What is
 * damaged is passed over. */
int feed_read(struct feed *feed, uint64_t rate_limit_ns);
void feed_done(struct feed *feed);

/* NULL: not held. `instance` 0: any. */
const struct hr_event *feed_find(const struct feed *feed, uint64_t seq, uint64_t instance);
/* What came of an OOM kill or a deed; NULL. */
const struct hr_event *feed_outcome(const struct feed *feed, const struct hr_event *event);

/* It is about this container: in it, below it, in an earlier life of it, or at its limit. */
bool event_concerns(const struct hr_event *event, const struct hr_slot *slot);

#endif
