/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * In the supervisor: reports the daemon's state on the board to the service manager. Ready: the first sweep is on the board;
 * alive: the heartbeat is current, so that the manager restarts a daemon if its loop hangs. Without a manager the supervisor is
 * the one that does.
 */
#ifndef HEADROOM_DAEMON_SERVICE_STATUS_H
#define HEADROOM_DAEMON_SERVICE_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

/* A daemon wrote its first heartbeat; `bytes`: the length of the board's path. */
void service_status_board(const char *path, int bytes, pid_t daemon);
/* Reads the board if it is time to. Returns the ms until the next time; -1: never. */
int service_status_update(void);
/* The daemon wrote heartbeats, and for 10 s has written none: it hangs or is stopped. Not so while a debugger holds it, and time
 * in which the supervisor itself did not run does not count. */
bool service_status_silent(pid_t daemon);
/* After a reload; `refused`: the error, or NULL. */
void service_status_reloaded(const char *refused);

#endif
