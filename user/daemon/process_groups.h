/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The processes outside containers by process group, so that forty processes of one build are one candidate, and not the
 * largest single process of another; and by session, cgroup and user (in each of root's services apart) where none of their parts holds a quarter of them, so
 * that memory spread over many process groups is one candidate as well. What processes share counts once: by the
 * proportional set size of each; where one is not known, its pages count as those of the others do, and in a group of which
 * none is known the anonymous memory of each counts, and the largest shared and the largest file mapping. A process that must
 * not be killed counts for no group that has others. A group that gave back its memory a moment ago, or ended and began anew, is
 * known by what it held. Fixed tables; knows nothing of policies.
 */
#ifndef HEADROOM_DAEMON_PROCESS_GROUPS_H
#define HEADROOM_DAEMON_PROCESS_GROUPS_H

#include <stdbool.h>
#include "cgroup/process_place.h"
#include "collect/collect.h"
#include "policy/engine.h"

#define PROCESS_GROUPS_EXEMPT \
	(-1000) /* OOM_SCORE_ADJ_MIN (include/uapi/linux/oom.h); to set it takes CAP_SYS_RESOURCE */
#define PROCESS_GROUPS_TASKS 4096u /* of one pass, as many as the worker lists; a power of two */

/* Why the caller exempts a process. */
enum process_exempt {
	PROCESS_FREE,
	PROCESS_PROTECTED,
	PROCESS_CONTAINED,
	PROCESS_WISHED, /* spared where others hold more */
};

struct process_facts { /* what the row of a process does not say */
	enum process_exempt exempt;
	struct process_place place;
	bool own_name; /* a user chose what it is called */
};

struct process_groups_seen { /* open addressing; key 0: free */
	uint64_t key;
	uint64_t
		leader_start_ns; /* as in process_group: tells a group from a later one of the same number */
	uint64_t rss;
	uint64_t recent, recent_ns; /* the most of the last seconds, … */
	uint64_t recent_start_ns;
	uint32_t recent_pid; /* … and its largest process then */
};

#define PROCESS_GROUPS_PASSES 5 /* … of the last moment make a history */

/* How much memory a group has, while a pass adds its processes. */
struct process_groups_sum {
	uint64_t pss, pss_rss;                /* of those with a known pss: both */
	uint64_t rss;                         /* of the others, and … */
	uint64_t anon, file_most, shmem_most; /* of the others */
	uint64_t largest;                     /* weight of the largest process */
};

struct process_groups {
	struct process_group
		group[POLICY_PROCESS_GROUPS]; /* largest first; smaller ones give way */
	uint32_t n;
	/* of a pass */
	const struct task_sample *task[PROCESS_GROUPS_TASKS];
	uint16_t flags[PROCESS_GROUPS_TASKS]; /* PGROUP_*, of each; TASK_* of process_groups.c */
	struct process_place place[PROCESS_GROUPS_TASKS];
	uint16_t order[PROCESS_GROUPS_TASKS]; /* sorted by what they have in common */
	uint32_t n_tasks;
	uint32_t own;
	uint64_t mm[PROCESS_GROUPS_TASKS]; /* of those added; open addressing */
	/* of the last pass, and of this one */
	struct process_groups_seen seen[2][PROCESS_GROUPS_TASKS];
	uint32_t now;                                       /* which is this pass's */
	struct process_group before[POLICY_PROCESS_GROUPS]; /* as group, of the last pass */
	uint32_t n_before;
	uint64_t pass_ns; /* monotonic; the last pass, 0: none */
	uint64_t
		passes_ns[PROCESS_GROUPS_PASSES]; /* the last ones, the next to be replaced first */
	uint32_t n_passes;
	uint64_t pass_boot_ns; /* the same in boot time, as the start times of processes */
	uint64_t lost;         /* processes that no pass had room for, in all */
};

/* A pass: begin, add each process, end. `own` is the daemon's process group, which supervisor, daemon and resolver share. The
 * tasks stay the caller's, and unchanged until the end. */
void process_groups_begin(struct process_groups *groups, uint32_t own);
void process_groups_add(struct process_groups *groups, const struct task_sample *task,
			const struct process_facts *facts);
void process_groups_end(struct process_groups *groups, uint64_t now_ns, uint64_t boot_ns);
/* Fewer passes in the last moment than show what a process held that gives back its memory every moment? */
bool process_groups_new(const struct process_groups *groups, uint64_t now_ns);

#endif
