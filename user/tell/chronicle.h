/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * All that a reader still holds of what can belong to an incident, as copies in the order of their
 * times. Zero-initialise, load once, done once.
 */
#ifndef HEADROOM_CHRONICLE_H
#define HEADROOM_CHRONICLE_H

#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>

struct chronicle {
	/* each at least as long as its type's struct, text behind it; by time, then by seq; none twice */
	struct hr_event **event;
	size_t n, room;
};

/* From the oldest event on; what is damaged is passed over. 0, -ENOMEM, or -errno of the reader. */
int chronicle_load(struct chronicle *chronicle, struct hr_reader *reader);
void chronicle_done(struct chronicle *chronicle);

/* The event of that number, or NULL. */
const struct hr_event *chronicle_find(const struct chronicle *chronicle, uint64_t instance,
				      uint64_t seq);

/* incident.c: the incidents among them. Lets go of what ret held before. 0 or -ENOMEM. */
struct incidents;
int incidents_of(const struct chronicle *chronicle, struct incidents *ret);

#endif
