/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The supervisor: root, idle. Parses the configuration, starts guard and resolver, restarts what dies, and is itself
 * started again by the guard should it die. Watches by pidfd, so that it needs no kinship with what it watches.
 */
#ifndef HEADROOM_DAEMON_SUPERVISOR_H
#define HEADROOM_DAEMON_SUPERVISOR_H

#include "policy/config.h"
#include "main_loop.h"
#include "ipc.h"
#include "policy_memfd.h"

/* Runs until told to stop. Returns the process's exit status. `succeeds`: 0, or our parent, a supervisor whose guard is
 * at work: ours gets ready beside it, then ends it and takes over. */
int supervisor_run(const char *config_path, struct config *config, struct rules *rules, char **argv,
		   pid_t succeeds);
/* A supervisor that takes over a running guard and resolver: `words` is what supervisor_respawn() gave on the command
 * line. */
int supervisor_adopt(const char *words, const char *config_path, struct config *config,
		     char **argv);

/* respawn.c. In the guard, whose supervisor has died: starts a new one by exec, with the wires in its hands. Returns the
 * guard's end of the new pair, or -errno. */
int supervisor_respawn(const struct daemon_wires *wires, int rules_fd);
/* In the supervisor: starts the program that stands at our path by now, to succeed us. Its pid or -errno. */
pid_t supervisor_succeed(void);
/* The command line for both; set once at start. */
void supervisor_set_argv(char **argv);
/* wires.c. A pair for supervisor and guard; a message to the guard, with a descriptor or (-1) without. */
int supervisor_pair(int *ret_a, int *ret_b);
void supervisor_send(const struct daemon_wires *wires, struct supervisor_message *message, int fd);
/* resolver_start.c. Its pid; -ENOENT: it is not installed; other -errno. */
pid_t resolver_start(const struct config *config, const struct daemon_wires *wires,
		     const struct policy_set *set);

#define UNDO_SUFFIX        ".undo" /* what is set at the moment, beside the board (enforce/undo.h) */
#define SUPERVISOR_ADOPT   "--adopt"
#define SUPERVISOR_SUCCEED "--succeed"
/* guard, resolver, both ends of the resolver's wire, the supervisor's end of the guard's, the rules */
#define SUPERVISOR_WORDS "%d,%d,%d,%d,%d,%d"

#endif
