/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The commands of policies (`notify: {run: …}`, `on_exit: {run: …}`), run by the supervisor so that the guard never forks: no
 * shell, a process group of its own, a bound on their number and their time. Knows nothing of why they are run.
 */
#ifndef HEADROOM_DAEMON_COMMAND_RUNNER_H
#define HEADROOM_DAEMON_COMMAND_RUNNER_H

#include <stdbool.h>
#include "ipc.h"

#define COMMANDS_MOST 8
#define COMMAND_MS    30000 /* then its whole process group is killed */

struct command {
	pid_t pid; /* 0: free */
	int pidfd;
	uint64_t tag;
	uint64_t began_ns; /* monotonic */
	bool late;         /* was killed for its time */
	char words[128];   /* for people: cut */
};

struct commands {
	struct command command[COMMANDS_MOST];
};

void commands_init(struct commands *commands);
/* 0, or with the answer in *ret_failed what kept it from being run. */
int commands_run(struct commands *commands, const struct daemon_message *asked,
		 struct supervisor_message *ret_failed);
/* Has command `i` ended (its pidfd is readable)? Then the answer, and its place is free. */
bool commands_ended(struct commands *commands, int i, struct supervisor_message *ret_answer);
/* Ends those whose time is over; milliseconds until the next one's is, -1: none runs. */
int commands_expire(struct commands *commands, uint64_t now_ns);
/* Ends all, without an answer. */
void commands_stop(struct commands *commands);

#endif
