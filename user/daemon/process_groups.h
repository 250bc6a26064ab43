/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Jobs outside containers: the rows of a process pass, those that belong to no container grouped by process group, so that
 * forty processes of one build are one culprit and the largest single innocent is not. Fixed tables; knows nothing of rules.
 */
#ifndef HEADROOM_DAEMON_PROCESS_GROUPS_H
#define HEADROOM_DAEMON_PROCESS_GROUPS_H

#include <stdbool.h>
#include "policy/engine.h"
#include "collect/collect.h"

#define PROCESS_GROUPS_EXEMPT \
	(-1000) /* OOM_SCORE_ADJ_MIN (include/uapi/linux/oom.h); to set it takes CAP_SYS_RESOURCE */
#define PROCESS_GROUPS_SEEN 256 /* groups in one pass; further small ones are not looked at */

struct process_groups_seen {
	uint32_t pgid;
	uint64_t
		leader_start_ns; /* as in process_group: tells a group from a later one of the same number */
	uint64_t rss;
};

struct jobs {
	struct process_group job[POLICY_PROCESS_GROUPS]; /* largest first */
	uint32_t n;
	struct process_group
		all[PROCESS_GROUPS_SEEN]; /* scratch of a pass, in the order of appearance */
	uint32_t n_all;
	struct process_groups_seen
		before[PROCESS_GROUPS_SEEN]; /* of the last pass, by first appearance */
	uint32_t n_before;
	uint64_t pass_ns;      /* monotonic; the last pass, 0: none */
	uint64_t pass_boot_ns; /* the same in boot time, as processes' starts are told */
};

/* A pass: begin, add each process outside of containers, end. `own` is our own process group, which supervisor, guard and
 * resolver share. */
void process_groups_begin(struct jobs *jobs);
void process_groups_add(struct jobs *jobs, const struct task_sample *task, uint32_t own);
/* After all have been added: the job of which this process is a member, but not the largest; NULL. */
struct process_group *process_groups_add_member(struct jobs *jobs, const struct task_sample *task);
void process_groups_end(struct jobs *jobs, uint64_t now_ns, uint64_t boot_ns);

#endif
