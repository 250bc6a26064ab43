/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Wall times on a board: they run with CLOCK_BOOTTIME (include/headroom/board.h), and a reader moves them by the steps of
 * the wall clock since. Pure, but for stamps_begin() and stamps_boot_id().
 */
#ifndef HEADROOM_BOARD_STAMPS_H
#define HEADROOM_BOARD_STAMPS_H

#include <headroom/board.h>
#include <headroom/event.h>

/* Sets created_ns, created_boot_ns and boot_id. */
void stamps_begin(struct hr_board_header *header);
/* Of the running kernel, padded with NUL; "" where /proc does not show it. */
void stamps_boot_id(char ret_id[HR_BOOT_ID]);
/* The step that belongs to a wall clock that reads wall_ns at boot_ns. Differences below 50 ms keep the old one: two
 * readings of clocks are never exact, and times that move with each reading would be new ones. */
int64_t stamps_step(const struct hr_board_header *header, uint64_t wall_ns, uint64_t boot_ns);

/* Adds step_ns to every wall time that is known; a time before 1970 becomes 1970. The header then has no step. */
void stamps_move_header(struct hr_board_header *header, int64_t step_ns);
void stamps_move_host(struct hr_host *host, int64_t step_ns);
void stamps_move_slot(struct hr_slot *slot, int64_t step_ns);
void stamps_move_event(struct hr_event *event,
		       int64_t step_ns); /* a sound one: layout_event_sound() */

#endif
