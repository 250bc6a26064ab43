/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The commands of policies (`notify: {run: …}`, `on_exit: {run: …}`), run by the supervisor so that the daemon never forks: no
 * shell, a session each, a limit on their number and their time, as the user that the policy names (command_child.c). What they
 * print comes by a pipe and is logged: they get no descriptor of the supervisor's.
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
	int out_fd;        /* what it prints; -1: closed */
	uint32_t printed;  /* bytes of it that were read */
	uint32_t used;     /* of line */
	char line[256];    /* what was read of the line under way */
	char words[128];   /* to be shown: cut */
};

struct commands {
	struct command command[COMMANDS_MOST];
};

/* command_child.c: in the child, which becomes the command. Does not return. */
_Noreturn void command_become(const char *const *argv, const char *run_as, int out_fd);
#define COMMAND_NOT_FOUND 127 /* its exit status where there is no such program … */
#define COMMAND_NO_USER   126 /* … or it cannot become that user */

void commands_init(struct commands *commands);
/* 0, or -errno and the answer in *ret_failed. */
int commands_run(struct commands *commands, const struct daemon_message *asked,
		 struct supervisor_message *ret_failed);
/* Command `i` has printed something: logs it. */
void commands_print(struct commands *commands, int i);
/* The pidfd of command `i` is readable. True: it has exited, here is the answer, and its place is free. */
bool commands_ended(struct commands *commands, int i, struct supervisor_message *ret_answer);
/* Kills those that took too long. Returns the milliseconds until the next has; -1: none runs. */
int commands_expire(struct commands *commands, uint64_t now_ns);
/* Kills all, without an answer. */
void commands_stop(struct commands *commands);

#endif
