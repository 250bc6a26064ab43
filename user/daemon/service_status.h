/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * In the supervisor: tells the service manager what the board says of the guard. Ready is who has its first sweep on the
 * board; alive is who still writes its heartbeat: a loop that hangs gets the service restarted. Without a manager, nothing.
 */
#ifndef HEADROOM_DAEMON_SERVICE_STATUS_H
#define HEADROOM_DAEMON_SERVICE_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

/* A guard has come as far as its first heartbeat, on the board whose path has so many bytes. */
void notify_board(const char *path, int bytes, pid_t daemon);
/* Looks at the board if it is time to. Returns the ms until it is again; -1: never. */
int notify_look(void);
/* After a reload: `refused` is why not, or NULL. */
void notify_reloaded(const char *refused);

#endif
