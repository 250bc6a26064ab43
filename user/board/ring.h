/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The writer's side of the event rings. Callers: the daemon's loop thread; start and growth. */
#ifndef HEADROOM_BOARD_RING_H
#define HEADROOM_BOARD_RING_H

#include <headroom/board.h>
#include <headroom/event.h>

/* Appends a record with the seq it has; overwrites the oldest. */
void ring_put(struct hr_board_header *header, unsigned char *map, const struct hr_event *event);
/* Calls fn for each record of one ring but pads, oldest first. fn's first non-zero result;
 * -EBADMSG: a record is damaged. */
int ring_walk(const void *map, enum hr_ring ring,
	      int (*fn)(const struct hr_event *event, void *arg), void *arg);

#endif
