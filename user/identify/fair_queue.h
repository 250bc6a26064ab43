/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Questions that wait for the parser, taken in the order of what their owners have left of their share. An owner is a user (all that
 * runs below user-UID.slice), or one container or unit with all that is below it, or one other cgroup: so nothing that a user or a
 * container makes more of gets it a larger share (identity_owner()).
 *
 * A share is time in which files are opened and read for an owner, and a part of it for each byte: FAIR_BURST_NS at once, refilled at a
 * tenth of the time. An owner that has used its share is answered from the path alone, with the time after which to ask again: so
 * that its questions do not fill the daemon's window either. Pure: no clock, no I/O.
 */
#ifndef HEADROOM_IDENTIFY_FAIR_QUEUE_H
#define HEADROOM_IDENTIFY_FAIR_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "identify.h"

#define FAIR_QUESTIONS 64 /* that wait; more stay in the socket */
#define FAIR_OWNERS    256
#define FAIR_BURST_NS  200000000ll
#define FAIR_REFILL    10 /* one part in so many of the time */
#define FAIR_BYTE_NS   10 /* 1 MiB is 10 ms */

struct fair_owner {
	uint64_t key;     /* 0: free */
	int64_t left_ns;  /* may be below 0 by one question */
	uint64_t at_ns;   /* as of when */
	uint64_t cost_ns; /* of its last question that read a file */
	uint64_t turn_ns; /* when the next question that has to wait comes again */
};

struct fair_queue {
	struct fair_owner owner[FAIR_OWNERS];
	struct resolve_question question[FAIR_QUESTIONS];
	uint64_t key[FAIR_QUESTIONS]; /* of the question's owner */
	unsigned int n;               /* in the order of arrival */
};

static inline bool fair_full(const struct fair_queue *queue) { return queue->n == FAIR_QUESTIONS; }
void fair_put(struct fair_queue *queue, const struct resolve_question *question, uint64_t key);
/* The next question of the owner that has most left, the oldest first. ret_wait_ms: 0, or its owner has nothing left: read no file for
 * it, and have it asked again then. False: none waits. */
bool fair_take(struct fair_queue *queue, uint64_t now_ns, struct resolve_question *ret_question,
	       uint64_t *ret_key, uint32_t *ret_wait_ms);
/* What a question has cost. */
void fair_charge(struct fair_queue *queue, uint64_t now_ns, uint64_t key, uint64_t took_ns,
		 uint64_t bytes);

#endif
