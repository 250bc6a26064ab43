/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The daemon process: one loop thread, one sweep worker. Started by the supervisor, ends by SIGTERM. On its loop the
 * invariants of docs/architecture.md hold.
 */
#ifndef HEADROOM_DAEMON_MAIN_LOOP_H
#define HEADROOM_DAEMON_MAIN_LOOP_H

#include "ipc.h"

/* Exit status: another daemon writes this board. A restart does not help. */
#define DAEMON_EXIT_BUSY 6

/* Runs until SIGTERM, with the sealed policies of rules_fd. Returns the process's exit status. */
int daemon_run(struct config *config, int rules_fd, struct daemon_sockets *sockets);

#endif
