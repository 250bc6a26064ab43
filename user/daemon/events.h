/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The one way of an event to the board: fills a record from the slot or the host as they are now, and posts it. One
 * function for each kind that several parts post; the others use events_begin() and events_post(). Decides nothing,
 * allocates nothing. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_EVENTS_H
#define HEADROOM_DAEMON_EVENTS_H

#include "board/board.h"
#include "collect/collect.h"
#include "track_table.h"

/* Space for one event under construction. */
union event_buffer {
	struct hr_event event;
	char bytes[HR_EVENT_MAX_BYTES];
};

/* Starts a record of `fixed` bytes about the cgroup of `slot` (TRACK_NONE: about the host); text follows it. */
void events_begin(struct board *board, union event_buffer *buffer, struct board_text *text,
		  enum hr_event_type type, size_t fixed, uint32_t slot);
/* Its seq. */
uint64_t events_post(struct board *board, union event_buffer *buffer,
		     const struct board_text *text);

void events_container(struct board *board, uint32_t slot, enum hr_container_what what);
/* The slot has the new name. */
void events_renamed(struct board *board, uint32_t slot, const char *former_name);
__attribute__((format(printf, 5, 6))) void events_daemon(struct board *board,
							 enum hr_daemon_what what,
							 enum hr_severity severity, uint64_t count,
							 const char *format, ...);
void events_pressure(struct board *board, uint32_t slot, enum hr_pressure_what what);
void events_alarm(struct board *board, uint32_t slot, enum hr_alarm from, enum hr_alarm to);
void events_leak(struct board *board, uint32_t slot, enum hr_leak_state from);
void events_oom_score_adj(struct board *board, uint32_t slot, const struct record_process *record);

#endif
