/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * `headroom daemon pause`: the policies observe, whatever their mode, until a time or until `resume`. The board holds the time
 * (hr_host.paused_until_ns), so a daemon that takes the board over is paused, too. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_PAUSE_H
#define HEADROOM_DAEMON_PAUSE_H

#include <headroom/control.h>
#include "board/board.h"

#define PAUSE_MOST_MS (30ULL * 24 * 3600 * 1000)

struct pause {
	struct board *board;
	uint64_t until_ns; /* monotonic; 0: not paused; HR_UNKNOWN: until resumed */
};

void pause_open(struct pause *pause, struct board *board);
static inline bool pause_is_on(const struct pause *pause) { return pause->until_ns != 0; }
/* HR_CONTROL_PAUSE, HR_CONTROL_RESUME: an event, and a line for the answer. Returns its status. */
int pause_ask(struct pause *pause, const struct hr_control_request *asked, uint32_t uid,
	      char text[HR_CONTROL_TEXT]);
/* true: its time has come, and it has ended. */
bool pause_expire(struct pause *pause, uint64_t now_ns);

#endif
