/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A process group outside containers, as the daemon measures it for policies. Sizes are bytes, times ns of boot time. */
#ifndef HEADROOM_POLICY_PROCESS_GROUP_H
#define HEADROOM_POLICY_PROCESS_GROUP_H

#include <stdint.h>

/* A process group outside containers, so that the many small processes of one build count as one culprit. */
struct process_group {
	uint64_t memcg_id;
	uint32_t pgid, pid;         /* pid: of its largest process */
	uint64_t start_boottime_ns; /* of pid */
	uint64_t leader_start_ns;   /* boottime of the group's leader, HR_UNKNOWN: it is gone */
	uint32_t processes;
	uint32_t flags; /* PGROUP_* */
	uint64_t rss, largest_rss;
	int64_t growth_bytes_per_second; /* HR_UNKNOWN_I64 before it was seen twice */
	char comm[16];                   /* of the largest */
};
#define PGROUP_INIT    0x1u /* holds the host's PID 1: never a target */
#define PGROUP_SELF    0x2u /* holds the daemon, its supervisor, resolver … */
#define PGROUP_RUNTIME 0x4u /* holds a container runtime or its shim */
#define PGROUP_EXEMPT \
	0x8u /* its largest process has oom_score_adj -1000: the kernel never chooses it */
#define PGROUP_HOLDS_OTHERS \
	0x10u /* another process of it is exempt, protected, or inside a container */

#endif
