/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The processes outside containers by process group, so that forty processes of one build are one candidate, and not the
 * largest single process of another. Fixed tables; knows nothing of policies.
 */
#ifndef HEADROOM_DAEMON_PROCESS_GROUPS_H
#define HEADROOM_DAEMON_PROCESS_GROUPS_H

#include <stdbool.h>
#include "policy/engine.h"
#include "collect/collect.h"

#define PROCESS_GROUPS_EXEMPT \
	(-1000) /* OOM_SCORE_ADJ_MIN (include/uapi/linux/oom.h); to set it takes CAP_SYS_RESOURCE */
#define PROCESS_GROUPS_SEEN 256 /* groups in one pass; further ones are ignored */

struct process_groups_seen {
	uint32_t pgid;
	uint64_t
		leader_start_ns; /* as in process_group: tells a group from a later one of the same number */
	uint64_t rss;
};

struct process_groups {
	struct process_group group[POLICY_PROCESS_GROUPS]; /* largest first */
	uint32_t n;
	struct process_group
		all[PROCESS_GROUPS_SEEN]; /* scratch of a pass, in the order of appearance */
	uint32_t n_all;
	struct process_groups_seen
		before[PROCESS_GROUPS_SEEN]; /* of the last pass, by first appearance */
	uint32_t n_before;
	uint64_t pass_ns;      /* monotonic; the last pass, 0: none */
	uint64_t pass_boot_ns; /* the same in boot time, as the start times of processes */
};

/* A pass: begin, add each process outside of containers, end. `own` is the daemon's process group, which supervisor, daemon
 * and resolver share. */
void process_groups_begin(struct process_groups *groups);
void process_groups_add(struct process_groups *groups, const struct task_sample *task,
			uint32_t own);
/* After all have been added: the group of which this process is a member, but not its largest; NULL. */
struct process_group *process_groups_of_member(struct process_groups *groups,
					       const struct task_sample *task);
void process_groups_end(struct process_groups *groups, uint64_t now_ns, uint64_t boot_ns);

#endif
