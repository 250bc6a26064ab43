/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Groups that the sweep from tasks to ancestors cannot see: those without a process in or below
 * them. Files are read for them now and then, and at once when a group that was there is not seen any more (it lost its last
 * process, or it is gone). In between they are remembered, since what holds no process changes
 * little: a removed one may stay for EMPTIES_EVERY sweeps, a new one take as long to appear. Worker
 * only; allocates in empties_init() only.
 */
#ifndef HEADROOM_COLLECT_EMPTY_CGROUPS_H
#define HEADROOM_COLLECT_EMPTY_CGROUPS_H

#include "cgroup_reader.h"

#define EMPTIES_EVERY 8 /* sweeps from one look at the files to the next */

struct empties {
	struct memcg_sample *rows;
	size_t n, capacity;
	__u64 *before; /* ids of the last result */
	size_t n_before;
	__u32 *index; /* of the caller's rows by id; n + 1, 0: free */
	__u32 mask;
	__u64 sweeps;
};

int empties_init(struct empties *e, size_t capacity);
void empties_done(struct empties *e);

/* Appends to rows[*n] the empty groups that are not there yet; parents stay before children.
 * -ENOSPC as in collect_sweep. */
int empties_add(struct empties *e, struct files *files, struct memcg_sample *rows, size_t capacity,
		size_t *n);

#endif
