/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The spare: a small process without a system-call filter that starts a new supervisor when the daemon asks for one. The daemon can't:
 * what it starts would have its filter and few of its capabilities, and so would the commands of policies. The supervisor forks it
 * beside each daemon; it ends when the daemon's end of the socket closes.
 */
#ifndef HEADROOM_DAEMON_SPARE_H
#define HEADROOM_DAEMON_SPARE_H

#include <stdbool.h>
#include "ipc.h"

/* In the supervisor: forks it. Ends the one with the pid in *pid (0: none; a child of this process) and puts the new one's there.
 * Returns the daemon's end of its socket, or -errno. */
int spare_start(const struct daemon_sockets *sockets, pid_t *pid);
/* In the daemon: asks for a supervisor that adopts it, with its end of their socket and the policies in force (-1: none). Waits
 * for nothing. 0 or -errno. */
int spare_ask(const struct daemon_sockets *sockets, int supervisor_fd, int rules_fd);
/* In the daemon: whether it has ended. */
bool spare_gone(const struct daemon_sockets *sockets);

#endif
