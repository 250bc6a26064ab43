/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The close watch: a few containers whose headroom is short for their fill rate, and newborns with a limit, whose rate
 * nobody knows yet, are read between sweeps, down to every 50 ms: one pread of a kept-open usage file each (no
 * cgroup_mutex, no walk). Caller: the loop.
 */
#ifndef HEADROOM_CLOSE_H
#define HEADROOM_CLOSE_H

#include "state.h"

void close_init(struct guard *guard);
/* After a full sample: onto the list, or off it? */
void close_consider(struct guard *guard, uint32_t slot, uint64_t now_ns);
/* A cgroup was just made. */
void close_newborn(struct guard *guard, uint32_t slot, uint64_t now_ns);
/* Before a job: asks the worker to open what is not open; after it: takes the descriptors. */
void close_ask(struct guard *guard, struct worker_job *job);
void close_take(struct guard *guard, struct worker_job *job);
/* Reads all that are open; false when the list is empty. */
bool close_read(struct guard *guard, uint64_t now_ns);
unsigned int close_count(const struct guard *guard);
void close_done(struct guard *guard);

#endif
