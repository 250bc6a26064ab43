/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What processes outside containers have in common, and the order that makes a run of those that have it. */
#ifndef HEADROOM_DAEMON_PROCESS_KINDS_H
#define HEADROOM_DAEMON_PROCESS_KINDS_H

#include "process_groups.h"

#define PROCESS_KINDS 4

struct process_kind {
	enum processes_of of;
	/* Of the process with this index; 0: none. `part`: which part of it, NULL for a process group. */
	uint64_t (*key)(const struct process_groups *groups, uint32_t i);
	uint64_t (*part)(const struct process_groups *groups, uint32_t i);
};

extern const struct process_kind process_kinds[PROCESS_KINDS];

/* groups->order, by key, then by part. */
void process_kinds_sort(struct process_groups *groups, size_t kind);
uint32_t process_kinds_user(const struct process_groups *groups, uint32_t i);

#endif
