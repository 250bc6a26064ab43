/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Copies of a reader's events that can belong to an incident, by time. Zero-initialise, load once, done once. */
#ifndef HEADROOM_FORMAT_EVENT_LOG_H
#define HEADROOM_FORMAT_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>

struct event_log {
	/* each at least as long as its type's struct, text behind it; by time, then by seq; none twice */
	struct hr_event **event;
	size_t n, space;
	uint64_t damaged; /* places that could not be read */
};

/* From the oldest event on; damaged records are skipped. 0, -ENOMEM, or -errno of the reader. */
int event_log_load(struct event_log *event_log, struct hr_reader *reader);
void event_log_done(struct event_log *event_log);

/* The event of that number, or NULL. */
const struct hr_event *event_log_find(const struct event_log *event_log, uint64_t instance,
				      uint64_t seq);

/* incident.c: the incidents among them. Frees what *ret held. 0 or -ENOMEM. */
struct incidents;
int incidents_of(const struct event_log *event_log, struct incidents *ret);

#endif
