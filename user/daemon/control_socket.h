/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The control socket beside the board (include/headroom/control.h): a few clients at a time, a limited number of requests a
 * second, answers sent without waiting. Checks the permission of a client; the ops carry out its request. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_CONTROL_SOCKET_H
#define HEADROOM_DAEMON_CONTROL_SOCKET_H

#include <stdbool.h>
#include <headroom/control.h>
#include "base/loop.h"
#include "board/board.h"
#include "policy/config.h"

#define CONTROL_CLIENTS 8

struct control_ops {
	/* An action: the answer follows by control_answer(). Else the status of a request that can't be taken, and a line. */
	int (*action)(const struct hr_control_request *request, uint32_t uid, int client,
		      char text[HR_CONTROL_TEXT], void *arg);
	/* Reads the configuration again; false: there is no supervisor that could. */
	bool (*reload)(void *arg);
};

struct control_client {
	int fd;          /* -1: free */
	uint32_t serial; /* a late answer must not reach the next client in this place */
	uint32_t uid;
	bool allowed, waiting; /* waiting: its action is in progress */
	uint64_t request_ns;   /* monotonic; its last request */
	struct loop_watch watch;
};

struct control {
	struct loop *loop;
	struct board *board;
	const struct config *config;
	const struct control_ops *ops;
	void *ops_arg;
	int fd; /* -1: no socket */
	char path[128];
	struct loop_watch watch;
	struct control_client client[CONTROL_CLIENTS];
	uint32_t serial;
	uint32_t tokens;              /* requests that may still be served now */
	uint64_t tokens_ns;           /* monotonic; when the last was added */
	uint64_t refused, emitted_ns; /* refusals since the last event of them; its time */
	unsigned int accepted;        /* since the last tick */
};

/* Everything that it gets outlives it. */
void control_init(struct control *control, struct loop *loop, const struct config *config,
		  const struct control_ops *ops, void *ops_arg);
/* Start: makes the socket beside the board. Without one the daemon works all the same, and an event says so. */
void control_open(struct control *control, struct board *board);
void control_close(struct control *control);
/* Every tick: closes clients that ask nothing. */
void control_tick(struct control *control, uint64_t now_ns);
/* The action of this client is done; a client that is gone misses it. */
void control_answer(struct control *control, int client, uint32_t status, const char *text);

#endif
