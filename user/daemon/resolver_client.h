/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The guard's end of the wire to the resolver. Never waits: what can't be sent now is asked at a later tick; what got
 * no answer (a resolver that died) is asked again. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_RESOLVER_CLIENT_H
#define HEADROOM_DAEMON_RESOLVER_CLIENT_H

#include "daemon_state.h"

/* Asks for the identity of the cgroup in `slot` now, if there is room on the wire. */
void link_ask(struct daemon *daemon, uint32_t slot);
/* Every tick: asks for those whose time has come. */
void link_scan(struct daemon *daemon, uint64_t now_ns);
/* A resolver that looks for other labels has taken over: containers are asked for once more, a few at a time. */
void link_relabel(struct daemon *daemon);
/* Asks for a redacted command line; true if it was sent. */
bool link_ask_process(struct daemon *daemon, uint64_t tag, const struct record_task *task);
/* Reads what came: identities go to publish, command lines and kernel log lines to kills. */
void link_read(struct daemon *daemon);

#endif
