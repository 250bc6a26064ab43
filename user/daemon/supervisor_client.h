/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The guard's end of the wire to its supervisor. Caller: the loop. */
#ifndef HEADROOM_DAEMON_SUPERVISOR_CLIENT_H
#define HEADROOM_DAEMON_SUPERVISOR_CLIENT_H

#include "daemon_state.h"

int superior_watch(struct daemon *daemon); /* 0 or -errno */
/* Starts a new one where there is none; not more often than every few seconds. */
void superior_respawn(struct daemon *daemon, uint64_t now);

#endif
