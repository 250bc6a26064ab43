/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Walks by BPF iterator: run one, then take the rows out of the mapped arrays. Called by the sweep
 * worker only (iter/cgroup waits for cgroup_mutex). Allocates in sweep_init() only.
 */
#ifndef HEADROOM_COLLECT_SWEEP_H
#define HEADROOM_COLLECT_SWEEP_H

#include <stddef.h>
#include <linux/types.h>
#include "loader.h"
#include "../../bpf/records.h"
#include "../../bpf/bpf_config.h"

struct sweep {
	int memcg_link[2], task_link; /* of struct loaded; -1: files, or nothing, must do */
	struct sweep_state *state;
	const struct memcg_sample *rows;
	const struct task_sample *tasks;
	size_t capacity, task_capacity;
	bool ordered; /* the walk gives parents before children */
	__u32 *order; /* room to sort by level, else */
};

/* Maps what the loaded programs write to. 0 with links of -1 where BPF does not run; -errno: out of
 * memory. */
int sweep_init(struct sweep *sweep, const struct loaded *loaded, size_t capacity,
	       size_t task_capacity);
void sweep_done(struct sweep *sweep);

/* Parents before children. -ENOSPC: not all fitted, *ret_n are valid; -EOPNOTSUPP: no iterator
 * runs. */
int sweep_memcgs(struct sweep *sweep, struct memcg_sample *rows, size_t capacity, size_t *ret_n);
int sweep_tasks(struct sweep *sweep, __u64 min_rss, struct task_sample *rows, size_t capacity,
		size_t *ret_n);

/* The sweep in use goes from processes to ancestors (attach_plan.c): it sees no empty groups, and parents in no
 * order. */
bool sweep_is_ancestors(const struct loaded *loaded);

/* rows[order[i]] has levels that do not fall as i grows; stable. For sweep.c and its test. */
void sweep_order(const struct memcg_sample *rows, size_t n, __u32 *order);

#endif
