/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The guard process: one loop thread, one sweep worker. Started by the supervisor, ends by SIGTERM. Once it runs it
 * keeps the five nevers (docs/architecture.md).
 */
#ifndef HEADROOM_DAEMON_MAIN_LOOP_H
#define HEADROOM_DAEMON_MAIN_LOOP_H

#include <sys/types.h>
#include "policy/config.h"

/* Descriptors that the two ends of headroomd share. The supervisor and the guard each hold all of them, so that either
 * can be started again by the other without a word being lost on the wires. */
struct daemon_wires {
	int resolver_daemon, resolver_resolver;   /* guard ↔ resolver, SOCK_SEQPACKET */
	int daemon_supervisor, supervisor_daemon; /* [guard's end, supervisor's end] */
	pid_t resolver_pid;
	int predecessor; /* pidfd of the supervisor whose guard is to be taken over from; -1: none */
};

/* Exit statuses that a restart would not mend: the supervisor passes them on. */
#define DAEMON_EXIT_BUSY 6

/* Runs until told to stop, on the sealed rules of rules_fd. Returns the process's exit status. */
int daemon_run(struct config *config, int rules_fd, struct daemon_wires *wires);

#endif
