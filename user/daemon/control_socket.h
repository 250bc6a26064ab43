/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The control socket (include/headroom/control.h): a few clients at a time, a limited number of requests a second for each
 * user, answers sent without waiting. control_access.h says which users may connect; the ops carry out their requests. Root is
 * answered whatever other users do: places and requests of its own, and a full table makes room for it. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_CONTROL_SOCKET_H
#define HEADROOM_DAEMON_CONTROL_SOCKET_H

#include <stdbool.h>
#include <headroom/control.h>
#include "base/loop.h"
#include "board/board.h"
#include "control_access.h"
#include "policy/config.h"

#define CONTROL_CLIENTS  16
#define CONTROL_FOR_ROOT 4 /* of them: only root gets these */
#define CONTROL_PER_USER \
	4 /* connections of one other user; a further one replaces its oldest idle one */
#define CONTROL_USERS \
	16 /* with a known rate of requests; the one that asked longest ago is forgotten */
#define CONTROL_PARKED 64 /* connections that pass descriptors; then only root may connect */

struct control_ops {
	/* An action: the answer follows by control_answer(). Else the status of a request that can't be taken, and a line. */
	int (*action)(const struct hr_control_request *request, uint32_t uid, int client,
		      char text[HR_CONTROL_TEXT], void *arg);
	/* Reads the configuration again; false: there is no supervisor that could. */
	bool (*reload)(void *arg);
	/* Pauses the policies, or resumes: the status of the answer, and its line. */
	int (*pause)(const struct hr_control_request *request, uint32_t uid,
		     char text[HR_CONTROL_TEXT], void *arg);
};

struct control_client {
	int fd;          /* -1: free */
	uint32_t serial; /* a late answer must not reach the next client in this place */
	uint32_t uid;
	bool asked, waiting; /* asked: at least one request; waiting: its action is in progress */
	uint64_t request_ns; /* monotonic; its last request, or when it connected */
	struct loop_watch watch;
};

struct control_rate {         /* requests of a user */
	uint32_t uid, tokens; /* tokens: requests that may still be served now */
	uint64_t ns;          /* monotonic; when the last token was added; 0: unused */
};

struct control {
	struct loop *loop;
	struct board *board;
	const struct config *config;
	const struct control_ops *ops;
	void *ops_arg;
	int fd; /* -1: no socket */
	struct control_place place;
	bool unmapped; /* rights_in_user_namespace() */
	struct loop_watch watch;
	struct control_client client[CONTROL_CLIENTS];
	uint32_t serial;
	struct control_rate rate[CONTROL_USERS]; /* [0]: root's */
	uint64_t refused, emitted_ns; /* refusals since the last event of them; its time */
	unsigned int accepted;        /* since the last tick */
	unsigned int parked;          /* connections that are never closed: see unix_socket.h */
};

/* Everything that it gets outlives it. */
void control_init(struct control *control, struct loop *loop, const struct config *config,
		  const struct control_ops *ops, void *ops_arg);
/* Start: makes the socket. Without one the daemon works all the same, and an event says so. */
void control_open(struct control *control, struct board *board);
/* `control: allow` has changed. */
void control_permit(struct control *control);
void control_close(struct control *control);
/* Every tick: closes clients that ask nothing. */
void control_tick(struct control *control, uint64_t now_ns);
/* What is wrong with a packet of n bytes; NULL: nothing. */
const char *control_packet_error(const struct hr_control_request *asked, ssize_t n);
/* The action of this client is done; a client that is gone misses it. */
void control_answer(struct control *control, int client, uint32_t status, const char *text);

#endif
