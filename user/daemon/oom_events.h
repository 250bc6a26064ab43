/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OOM kills on their way from the kernel to the board. A record waits for its names (command lines from the resolver,
 * the identity of a container that is younger than its state files), but never long: KILL_WAIT. One that nobody could
 * describe but that a counter shows is told, too, as what it is. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_OOM_EVENTS_H
#define HEADROOM_DAEMON_OOM_EVENTS_H

#include "daemon_state.h"

void kills_on_record(struct daemon *daemon, const struct record_oom *record);
void kills_on_answer(struct daemon *daemon, const struct resolve_answer *answer);
void kills_on_kmsg(struct daemon *daemon, const struct resolve_answer *answer);
/* A watched process has ended: its memory is free. */
void kills_on_exit(struct daemon *daemon, const struct record_process *record);
/* After each sample of `slot`: has its counter run ahead of what was told? */
void kills_check_counter(struct daemon *daemon, uint32_t slot, uint64_t now_ns);
/* Posts what is complete or has waited long enough; true while some are left. */
bool kills_settle(struct daemon *daemon, uint64_t now_ns);

#endif
