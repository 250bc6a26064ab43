/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Processes outside containers that are one target, as the daemon measures them for policies. Sizes are bytes, times ns of boot time. */
#ifndef HEADROOM_POLICY_PROCESS_GROUP_H
#define HEADROOM_POLICY_PROCESS_GROUP_H

#include <stdint.h>

/* What its processes have in common. A process group is what a shell or a build started together; a process that spreads its
 * memory over many process groups is found by what it cannot leave as easily: its session, its cgroup, its user. */
enum processes_of {
	PROCESSES_OF_GROUP,
	PROCESSES_OF_SESSION,
	PROCESSES_OF_CGROUP,
	PROCESSES_OF_USER
};

#define PGROUP_SPARED  16 /* exempt members that a kill of the others leaves alone */
#define PGROUP_CGROUPS 16
#define PGROUP_NAMES   8

/* Which processes are meant, for enforce/: those of `of` and `id`, but for the spared ones; where n_cgroups or n_names is not
 * 0, only those in these cgroups (others are in containers) and of these names (the policy means no others). */
struct process_members {
	uint8_t of;        /* enum processes_of */
	uint8_t n_cgroups; /* 0: in any */
	uint8_t n_names;   /* 0: of any */
	uint8_t n_spared;
	uint32_t id;   /* process group, session, user; of a cgroup: its memcg_id */
	uint32_t unit; /* of a user: those of this place alone (cgroup/process_place.h) */
	uint32_t spared[PGROUP_SPARED];
	uint64_t cgroup[PGROUP_CGROUPS];
	char name[PGROUP_NAMES][16];
};

struct process_group {
	uint64_t memcg_id;
	uint32_t pgid,
		pid; /* pgid: the process group, session …'s number, members.id; pid: of its largest process */
	uint64_t key; /* 0: none is known; follows the largest process from group to group */
	uint64_t start_boottime_ns; /* of pid */
	uint64_t leader_start_ns;   /* boottime of the group's leader, HR_UNKNOWN: it is gone */
	uint32_t processes;
	uint32_t flags; /* PGROUP_* */
	uint64_t rss;   /* of all that are not spared; shared pages count once */
	/* The most of the last seconds, its predecessor's where it took that one's place; at least rss. When: monotonic. */
	uint64_t recent, recent_ns;
	uint64_t largest_rss;
	uint64_t oldest_ns;              /* start of its oldest process; HR_UNKNOWN */
	uint64_t age_ms;                 /* since then; HR_UNKNOWN */
	int64_t growth_bytes_per_second; /* HR_UNKNOWN_I64 before it was seen twice */
	char comm[16];                   /* of the largest */
	uint32_t user;                   /* that its memory counts for (cgroup/process_place.h) */
	uint32_t unit;                   /* where the largest runs (the same) */
	struct process_members members;
	/* What is in it by name and by cgroup, the largest ones, and resident bytes: of a session, a cgroup or a user a policy may
	 * mean a part. */
	uint8_t n_names, n_in;
	char name[PGROUP_NAMES][16];
	uint64_t name_rss[PGROUP_NAMES];
	uint64_t in[PGROUP_CGROUPS];
	uint64_t in_rss[PGROUP_CGROUPS];
};
#define PGROUP_INIT    0x1u /* holds the host's PID 1: never a target */
#define PGROUP_SELF    0x2u /* holds the daemon, its supervisor, resolver … */
#define PGROUP_RUNTIME 0x4u /* a container runtime or its shim, and no other process */
#define PGROUP_EXEMPT  0x8u /* all have oom_score_adj -1000: the kernel never chooses them */
#define PGROUP_OWN_NAMES \
	0x20u /* its processes are a user's, and in no service of root's: a name of theirs exempts none */
#define PGROUP_HOLDS_OTHERS \
	0x10u /* more processes of it than can be spared are exempt, protected, or inside a container */

#endif
