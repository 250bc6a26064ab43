/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The socket pair between supervisor and daemon, and what the supervisor sends. Waits for nothing. */
#ifndef HEADROOM_DAEMON_SUPERVISOR_SOCKET_H
#define HEADROOM_DAEMON_SUPERVISOR_SOCKET_H

#include "ipc.h"

int supervisor_pair(int *ret_a, int *ret_b); /* 0 or -errno */
/* A message to the daemon, with a descriptor or (-1) without. */
void supervisor_send(const struct daemon_sockets *sockets, struct supervisor_message *message,
		     int fd);

#endif
