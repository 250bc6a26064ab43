/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The supervisor: root, idle. Parses the configuration, starts daemon and resolver, runs the commands of policies, restarts
 * what dies, and takes back what a daemon that died had set. The daemon starts a new one should it die. Watches by pidfd,
 * so that it need not be the parent. Takes no decision about memory.
 */
#ifndef HEADROOM_DAEMON_SUPERVISOR_H
#define HEADROOM_DAEMON_SUPERVISOR_H

#include <sys/types.h>
#include "policy/config.h"
#include "policy_memfd.h"

/* Runs until it gets a signal to stop. Returns the process's exit status. `succeeds`: 0, or the parent, a supervisor with a
 * running daemon: the new daemon gets ready beside that one, then ends it and takes over. */
int supervisor_run(const char *config_path, struct config *config, struct rules *rules, char **argv,
		   pid_t succeeds);
/* A supervisor that takes over a running daemon and resolver: `words` comes from supervisor_respawn() by the command
 * line. */
int supervisor_adopt(const char *words, const char *config_path, struct config *config,
		     char **argv);

#endif
