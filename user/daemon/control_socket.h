/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The control socket beside the board (include/headroom/control.h): a few clients at a time, a bounded number of requests a
 * second, answers that nobody waits for. Knows who may ask; what is asked for is acting's. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_CONTROL_SOCKET_H
#define HEADROOM_DAEMON_CONTROL_SOCKET_H

#include <stdbool.h>
#include <headroom/control.h>
#include "base/loop.h"

#define CONTROL_CLIENTS 8

struct daemon;

struct control_client {
	int fd;          /* -1: free */
	uint32_t serial; /* an answer that comes late must not go to the next one here */
	uint32_t uid;
	bool allowed, waiting; /* waiting: a rung of his is under way */
	uint64_t heard_ns;     /* monotonic */
	struct loop_watch watch;
};

struct control {
	int fd; /* -1: no socket */
	char path[128];
	struct loop_watch watch;
	struct control_client client[CONTROL_CLIENTS];
	uint32_t serial;
	uint32_t tokens;              /* requests that may still be served now */
	uint64_t tokens_ns;           /* monotonic; when the last was added */
	uint64_t refused, emitted_ns; /* since refusals were last told; when */
	unsigned int accepted;        /* since the last tick */
};

void control_init(struct daemon *daemon);
/* Start: makes the socket. Without one the guard works all the same, and says so. */
void control_open(struct daemon *daemon);
void control_close(struct daemon *daemon);
/* Every tick: closes who asks nothing. */
void control_tick(struct daemon *daemon, uint64_t now_ns);
/* The rung of this client is done; a client that is gone misses it. */
void control_answer(struct daemon *daemon, int client, uint32_t status, const char *text);

#endif
