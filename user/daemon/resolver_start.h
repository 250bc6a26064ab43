/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef HEADROOM_DAEMON_RESOLVER_START_H
#define HEADROOM_DAEMON_RESOLVER_START_H

#include "ipc.h"
#include "policy/policy.h"

/* Starts the resolver: a program of its own, with one socket, the host's root and the labels that policies match. Its pid;
 * -ENOENT: it is not installed; other -errno. */
pid_t resolver_start(const struct config *config, const struct daemon_sockets *sockets,
		     const struct policy_set *set);

#endif
