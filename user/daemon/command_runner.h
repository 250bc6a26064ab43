/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The commands of policies (`notify: {run: …}`, `on_exit: {run: …}`), run by the supervisor so that the daemon never forks: no
 * shell, a process group each, a limit on their number and their time.
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
	bool late;         /* killed: it took too long */
	char words[128];   /* to be shown: cut */
};

struct commands {
	struct command command[COMMANDS_MOST];
};

void commands_init(struct commands *commands);
/* 0, or -errno and the answer in *ret_failed. */
int commands_run(struct commands *commands, const struct daemon_message *asked,
		 struct supervisor_message *ret_failed);
/* The pidfd of command `i` is readable. True: it has exited, here is the answer, and its place is free. */
bool commands_ended(struct commands *commands, int i, struct supervisor_message *ret_answer);
/* Kills those that took too long. Returns the milliseconds until the next has; -1: none runs. */
int commands_expire(struct commands *commands, uint64_t now_ns);
/* Kills all, without an answer. */
void commands_stop(struct commands *commands);

#endif
