/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The close watch: a few containers whose headroom is short for their fill rate, and newborns with a limit, whose rate
 * nobody knows yet, are read between sweeps, down to every 50 ms: one pread of a kept-open usage file each (no
 * cgroup_mutex, no walk). Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_FAST_POLL_H
#define HEADROOM_DAEMON_FAST_POLL_H

#include "daemon_state.h"

void fast_poll_init(struct daemon *daemon);
/* After a full sample: onto the list, or off it? */
void fast_poll_consider(struct daemon *daemon, uint32_t slot, uint64_t now_ns);
/* A cgroup was just made. */
void fast_poll_new_group(struct daemon *daemon, uint32_t slot, uint64_t now_ns);
/* Before a job: asks the worker to open what is not open; after it: takes the descriptors. */
void fast_poll_ask(struct daemon *daemon, struct worker_job *job);
void fast_poll_take(struct daemon *daemon, struct worker_job *job);
/* Reads all that are open; false when the list is empty. */
bool fast_poll_read(struct daemon *daemon, uint64_t now_ns);
unsigned int fast_poll_count(const struct daemon *daemon);
void close_done(struct daemon *daemon);

#endif
