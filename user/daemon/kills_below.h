/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OOM kills in cgroups that were removed before their counters were read. On cgroup v2 memory.events counts a kill in every cgroup
 * above it, too, and these stay: what a cgroup's count has beyond its own kills and those of all cgroups in it, there or gone, was in
 * one that is gone. It is given to the likeliest of those that went since all was accounted for: the highest risk, else the last;
 * where none is known, to the cgroup above. A container that ends with its only process is such a case wherever no record of the
 * kernel reports the kill: without BPF, and in a pod's sidecar. cgroup v1 has no such counts. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_KILLS_BELOW_H
#define HEADROOM_DAEMON_KILLS_BELOW_H

#include "track_table.h"

struct containers;

/* A cgroup that had no track was removed, with these counts of it and all below (RECORD_UNKNOWN: not known). */
void kills_below_removed(struct containers *containers, uint64_t parent_id, uint64_t kills,
			 uint64_t groups);
/* The last counts of a cgroup that was removed, with all below. */
void kills_below_final(struct containers *containers, const struct track *track, uint64_t kills,
		       uint64_t groups);
/* It is gone: its counts are now of the cgroup above. */
void kills_below_ended(struct containers *containers, const struct track *track);
/* After each sweep; nothing where no count and no cgroup has changed since all were accounted for. `found`: a cgroup that had more OOM kills than it has events. */
void kills_below_check(struct containers *containers, uint64_t now_ns,
		       void (*found)(struct track *track, uint64_t now_ns, void *arg), void *arg);

#endif
