/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From samples to the board: one slot per memcg, the host record, the process lists, tombstones. The last room before
 * the readers; formulas live in sense/account.c and foresee/. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_SLOT_LIFECYCLE_H
#define HEADROOM_DAEMON_SLOT_LIFECYCLE_H

#include "daemon_state.h"

/* The whole of a finished sweep. */
void publish_sweep(struct daemon *daemon);
void publish_tasks(struct daemon *daemon);
void publish_host(struct daemon *daemon);
/* A single fresh usage figure of a closely watched container. */
void publish_usage(struct daemon *daemon, uint32_t slot, uint64_t usage, uint64_t now_ns);
void publish_identity(struct daemon *daemon, uint32_t slot, const struct resolve_answer *answer);
/* The path of whose limit binds, within begin and end of the slot. All its text is laid anew, so
 * that it never fills up with what bound before. */
void publish_binding_path(struct hr_slot *at, const char *path);
/* The same for the policy whose rung comes next; NULL: none. */
void publish_next_policy(struct hr_slot *at, const char *policy);
/* Monotonic time as hr_point.t_centis. The wall clock may jump; a history must not. */
uint32_t publish_centis(const struct daemon *daemon, uint64_t now_ns);
/* Somebody stepped in: what was foreseen of it, and of those above it, can't be held against what comes now. */
void publish_acted(struct daemon *daemon, uint32_t slot);
/* Kill counters of a slot after they changed. */
void publish_kills(struct daemon *daemon, uint32_t slot);

/* A new cgroup. path NULL: not known, and made before our time; "": made now, but not known either.
 * The slot, or TRACK_NONE when the board is full. */
uint32_t publish_birth(struct daemon *daemon, uint64_t memcg_id, uint64_t parent_id,
		       const char *path);
/* A process runs in it, which the last sweep has not seen; false: it has. */
bool publish_populated(struct daemon *daemon, uint32_t slot);
/* The cgroup is gone: a tombstone, or nothing if there is nothing to remember. */
void publish_death(struct daemon *daemon, uint32_t slot);
/* The kernel's watermark of a cgroup that ends. */
void publish_peak(struct daemon *daemon, uint32_t slot, uint64_t peak);
/* The stall maps start anew (a grown sense): what stands on the board is the base from now on. */
void publish_stall_bases(struct daemon *daemon);

/* A board taken over from the guard before us: its running slots become tracks again. */
void publish_adopt(struct daemon *daemon);
/* Old tombstones give way. */
void publish_expire(struct daemon *daemon, uint64_t now_wall_ns);

/* The slot of the container (else unit, else itself) that this memcg belongs to; TRACK_NONE if unknown. */
uint32_t publish_subject(struct daemon *daemon, uint64_t memcg_id);

#endif
