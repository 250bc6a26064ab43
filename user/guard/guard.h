/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The guard process: one loop thread, one sweep worker. Started by the supervisor, ends by SIGTERM. Once it runs it
 * keeps the five nevers (docs/architecture.md).
 */
#ifndef HEADROOM_GUARD_H
#define HEADROOM_GUARD_H

#include <sys/types.h>
#include "act/config.h"

/* Descriptors that the two ends of headroomd share. The supervisor and the guard each hold all of them, so that either
 * can be started again by the other without a word being lost on the wires. */
struct guard_wires {
	int resolver_guard, resolver_resolver;	/* guard ↔ resolver, SOCK_SEQPACKET */
	int guard_supervisor, supervisor_guard;	/* [guard's end, supervisor's end] */
	pid_t resolver_pid;
	int predecessor;	/* pidfd of the supervisor whose guard is to be taken over from; -1: none */
};

/* Exit statuses that a restart would not mend: the supervisor passes them on. */
#define GUARD_EXIT_BUSY 6

/* Runs until told to stop, on the sealed rules of rules_fd. Returns the process's exit status. */
int guard_run(struct config *config, int rules_fd, struct guard_wires *wires);

#endif
