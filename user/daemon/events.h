/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The guard's events, one function a kind: fills a record, posts it. Nothing is decided here. Caller: the loop. */
#ifndef HEADROOM_DAEMON_EVENTS_H
#define HEADROOM_DAEMON_EVENTS_H

#include "daemon_state.h"

/* Room for one event under construction. */
union notice_buffer {
	struct hr_event event;
	char bytes[HR_EVENT_MAX_BYTES];
};

/* Starts a record of `fixed` bytes about the cgroup of `slot` (TRACK_NONE: about the host); text goes behind it. */
void notice_begin(struct daemon *daemon, union notice_buffer *buffer, struct board_text *text,
		  enum hr_event_type type, size_t fixed, uint32_t slot);
/* Its seq. */
uint64_t notice_post(struct daemon *daemon, union notice_buffer *buffer,
		     const struct board_text *text);

void notice_container(struct daemon *daemon, uint32_t slot, enum hr_container_what what);
__attribute__((format(printf, 5, 6))) void notice_daemon(struct daemon *daemon,
							 enum hr_daemon_what what,
							 enum hr_severity severity, uint64_t count,
							 const char *format, ...);
void notice_pressure(struct daemon *daemon, uint32_t slot, enum hr_pressure_what what);
void notice_alarm(struct daemon *daemon, uint32_t slot, enum hr_alarm from, enum hr_alarm to);
void notice_leak(struct daemon *daemon, uint32_t slot, enum hr_leak_state from);
void notice_oom_score_adj(struct daemon *daemon, uint32_t slot,
			  const struct record_process *record);

#endif
