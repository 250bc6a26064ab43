/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the daemon cannot do, or does by a lesser way: one list on the board (struct hr_degraded), which `headroom status`,
 * `check` and JSON read, and an event for each change. Caller: the loop, or start-up once the board is open.
 */
#ifndef HEADROOM_DAEMON_DEGRADED_H
#define HEADROOM_DAEMON_DEGRADED_H

#include <stdbool.h>
#include "board/board.h"

/* `what`: one word of at most 15 bytes, listed in docs/reference/json.md; the text: cause, then effect, in one line. Called
 * again with the same text it does nothing; with another text it replaces the entry, and posts an event again. The same holds
 * while the list is full: the entry moves to the board when another one is cleared. */
__attribute__((format(printf, 4, 5))) void degraded_set(struct board *board, const char *what,
							enum hr_severity severity,
							const char *format, ...);
/* It is over: removes the entry and posts an event. Without such an entry it does nothing. */
void degraded_clear(struct board *board, const char *what);
bool degraded_is_set(const struct board *board, const char *what);

#endif
