/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The daemon's end of the socket to its supervisor. Parses nothing: a configuration comes compiled, and its policies are
 * checked before they are used. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_SUPERVISOR_CLIENT_H
#define HEADROOM_DAEMON_SUPERVISOR_CLIENT_H

#include "base/loop.h"
#include "ipc.h"

struct supervisor_ops {
	/* Takes the descriptor that came with the message; -1: none. */
	void (*message)(const struct supervisor_message *message, int fd, void *arg);
	/* The supervisor died; the socket is closed. */
	void (*lost)(void *arg);
};

struct supervisor_client {
	struct loop *loop;
	const struct daemon_sockets *sockets;
	const struct supervisor_ops *ops;
	void *ops_arg;
	int fd; /* -1: no supervisor */
	struct loop_watch watch;
	uint64_t respawn_ns; /* monotonic; when one was last started from here */
};

/* Adds the socket, if there is one, to the loop. 0 or -errno. */
int supervisor_client_watch(struct supervisor_client *supervisor);
/* False: there is none, or its socket is full. */
bool supervisor_client_send(const struct supervisor_client *supervisor,
			    const struct daemon_message *message);
/* To a supervisor that does not know this daemon yet. */
void supervisor_client_ready(const struct supervisor_client *supervisor, const char *board_path);
/* Starts a new one, at most every few seconds. True: it runs. */
bool supervisor_client_respawn(struct supervisor_client *supervisor, int rules_fd, uint64_t now_ns);

#endif
