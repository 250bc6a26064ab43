/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What BPF hands to user space: the shapes, shared by both sides. Fixed-width types only, no pointers.
 * Sizes are bytes; RECORD_UNKNOWN (all ones) stands for "not known" (and, in a limit, "none").
 * The includer brings the integer types: vmlinux.h in the kernel, <linux/types.h> in user space.
 */
#ifndef HEADROOM_RECORDS_H
#define HEADROOM_RECORDS_H

#define RECORD_UNKNOWN (~0ULL)
#define RECORD_COMM    16
#define RECORD_ARGS    384 /* raw argument bytes kept of a process, NUL-separated */
#define RECORD_PATH    512 /* bytes of a cgroup path; longer ones are cut at the end and flagged */
#define RECORD_LEVELS  128 /* deepest nesting of memory cgroups that is followed upwards */

enum record_type {
	RECORD_OOM = 1,
	RECORD_CGROUP_MKDIR,
	RECORD_CGROUP_RMDIR,
	RECORD_EXEC,
	RECORD_EXIT,
	RECORD_OOM_SCORE_ADJ,
	RECORD_THRESHOLD,
	RECORD_REFLEX,
	RECORD_TYPES
};

struct record {        /* every ring-buffer record begins so */
	__u32 type;    /* enum record_type */
	__u32 bytes;   /* of the whole record */
	__u64 time_ns; /* CLOCK_MONOTONIC (bpf_ktime_get_ns) */
};

struct record_task {
	__u32 pid, tid; /* of the initial pid namespace; pid is the thread group's */
	__u32 uid;
	__s32 oom_score_adj;
	__u64 start_boottime_ns;
	__u64 memcg_id; /* cgroup id of its memory css, not of its default hierarchy */
	__u64 anon, file, shmem, swap, pgtables;
	char comm[RECORD_COMM];
	__u32 args_bytes;       /* 0: not known */
	__u32 flags;            /* RECORD_TASK_* */
	char args[RECORD_ARGS]; /* hostile, unredacted: only the resolver may look at it */
};
#define RECORD_TASK_INIT    0x1u /* init of its pid namespace */
#define RECORD_TASK_KTHREAD 0x2u

struct record_oom {
	struct record r;
	struct record_task trigger, victim;
	__u64 limit_memcg_id; /* the memcg at its limit; 0: the host's (global OOM) */
	__u64 limit_usage, limit_max;
	__u64 gfp;        /* RECORD_UNKNOWN */
	__s32 order;      /* -1 */
	__u32 constraint; /* kernel's enum oom_constraint; RECORD_CONSTRAINT_UNKNOWN */
	__u32 flags;      /* RECORD_OOM_* */
	__u32 chosen;     /* process that the kernel chose first: one OOM has one; 0: not known */
};
#define RECORD_CONSTRAINT_UNKNOWN 4u
#define RECORD_OOM_GROUP          0x1u /* not the chosen one: a further member of a group kill */
#define RECORD_OOM_INFERRED \
	0x2u /* limit_memcg_id is inferred (no oom_control at hand); gfp, order: as reclaim had them */
#define RECORD_OOM_EXITING \
	0x4u /* the victim was exiting already: not killed, and not counted as oom_kill */
#define RECORD_OOM_MEMSW 0x8u /* v1: the limit is the one on memory + swap */
#define RECORD_OOM_WHOLE \
	0x10u /* memory.oom.group is set where the victim is, or above it up to the limit: further members may follow */

struct record_cgroup {
	struct record r;
	__u64 memcg_id, parent_id; /* parent_id 0: the root */
	__u64 oom_kills, /* RMDIR: memory.events.local oom_kill at the end; else RECORD_UNKNOWN */
		oom_groups; /* the same of oom_group_kill, which older kernels do not have */
	__u64 oom_kills_all, oom_groups_all; /* RMDIR: the same with all below (memory.events) */
	__u64 peak;                          /* RMDIR: watermark in bytes; RECORD_UNKNOWN */
	__u32 level;
	__u32 path_bytes;       /* without the NUL; RECORD_PATH - 1: it may have been cut */
	char path[RECORD_PATH]; /* from the hierarchy's root */
};

struct record_process { /* EXEC, EXIT (watched processes only), OOM_SCORE_ADJ */
	struct record r;
	__u64 memcg_id;
	__u64 start_boottime_ns;
	__u32 pid;
	__s32 oom_score_adj;
	char comm[RECORD_COMM];
};

/* THRESHOLD: a memcg with a trigger (user/collect/trigger.h) is near or over its threshold; at most one record in 100 ms
 * for each. REFLEX: SIGKILL was sent, once for each generation of the trigger. */
enum trigger_hook {
	TRIGGER_HOOK_RSS_STAT,
	TRIGGER_HOOK_RECLAIM,
	TRIGGER_HOOK_TIMER,
	TRIGGER_HOOK_EVENTFD,
	TRIGGER_HOOK_COUNT
};
struct record_trigger {
	struct record r;
	__u64 memcg_id;      /* the one with the trigger */
	__u64 task_memcg_id; /* the task's own: the same, or below it; 0 */
	__u64 generation;    /* of the trigger */
	__u64 usage,
		threshold; /* bytes, live; threshold: the one that was crossed (RECORD_TRIGGER_NEAR: `near`) */
	__u64 limit; /* that binds it: its own or its nearest limited ancestor's; RECORD_UNKNOWN */
	__u32 flags; /* RECORD_TRIGGER_NEAR, RECORD_TRIGGER_OTHER */
	__u32 hook;  /* enum trigger_hook */
	__u32 pid, tid; /* the charging task; 0 where the hook has no task (timer, eventfd) */
	__u64 start_boottime_ns; /* of pid */
	char comm[RECORD_COMM];  /* of the thread */
	/* REFLEX: the process that got the signal; else 0 */
	__u32 victim_pid;
	__s32 error; /* 0: sent; else the kernel's -errno, and no process was killed */
	__u64 victim_start_boottime_ns;
	__u64 victim_rss;              /* anon + file + shmem, bytes */
	char victim_comm[RECORD_COMM]; /* of the process */
};
#define RECORD_TRIGGER_NEAR  0x1u /* near only: attach rss_stat now (collect_trigger_close) */
#define RECORD_TRIGGER_OTHER 0x2u /* the preferred victim, not the charging process */

/* One memory cgroup at one moment: the sweep's row, written by iter/cgroup, by the walk from tasks to ancestors, or by the file
 * reader; every later module works on it. */
struct memcg_sample {
	__u64 id, parent_id; /* parent_id 0: the root is its parent, or it is the root */
	__u32 level;         /* 0: the root itself */
	__u32 flags;         /* SAMPLE_* */
#define HR_MEMORY(name, ...) __u64 name;
#define HR_MEMORY_DERIVED(...)
#define HR_EVENT(name, ...)   __u64 event_##name;
#define HR_COUNTER(name, ...) __u64 name;
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
	__u64 own_oom_kills; /* of processes in it, not below (memory.events.local oom_kill) */
	__u64 own_oom_groups; /* it was killed as a whole (memory.events.local oom_group_kill; 5.17) */
	__u64 psi_some_us, psi_full_us;
	__u32 psi_some_avg10_centi, psi_full_avg10_centi; /* ~0U */
	__u32 pids;                                       /* processes in it, not below; ~0U */
	__u32 reserved;
};
#define SAMPLE_V1        0x1u
#define SAMPLE_STAT      0x2u /* the anon … file_writeback block is filled and current */
#define SAMPLE_POPULATED 0x4u /* processes in it or below */
#define SAMPLE_UNDER_OOM 0x8u
#define SAMPLE_HAS_TASKS 0x10u
#define SAMPLE_OOM_GROUP \
	0x20u /* memory.oom.group is set; from files, only where there was an OOM kill */

struct task_sample {
	__u32 pid;
	__s32 oom_score_adj;
	__u64 start_boottime_ns;
	__u64 memcg_id;
	__u64 rss, swap;   /* rss: anon + file + shmem */
	__u64 file, shmem; /* parts of rss: what processes can map together */
	__u64 pss; /* rss with shared pages counted once (collect/pss.h); BPF does not know it */
	__u64 mm;  /* the same in two rows: they have the same memory (CLONE_VM). Never shown */
	char comm[RECORD_COMM];
	char exe[RECORD_COMM]; /* first bytes of its executable's name on the disk; "": not known */
	__u32 pgid, sid; /* process group, session; of the initial pid namespace; 0: not known */
	__u32 user;      /* real uid; in a user namespace that a user made: the uid of that user */
	__u32 flags;     /* TASK_* */
	__u32 weight; /* how many processes of its size it stands for: small ones are sampled; 0: 1 */
	__u32 reserved;
};
#define TASK_HOST_ROOT    0x1u /* real and effective uid 0, in the initial user and pid namespaces */
#define TASK_SMALL_ONE_IN 16u  /* of those below the threshold, at the least */

#define STALL_BUCKETS  16
#define STALL_FIRST_NS 65536u
struct stall_value { /* map: memcg id → this */
	__u64 count, total_ns;
	__u32 bucket[STALL_BUCKETS];
};

struct host_counts { /* one element of an array map */
	__u64 kswapd_wakes, throttled, throttled_ns;
};

/* Index of the lost-record counters (per-CPU array). */
enum lost_index { LOST_RING_FULL, LOST_MAP_FULL, LOST_TOO_DEEP, LOST_COUNT };

#endif
