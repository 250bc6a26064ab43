/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the BPF programs and user/collect/ share: configuration, sizes and the state of a sweep. No
 * other module needs it; records.h has the shapes for all. The includer brings the integer types.
 */
#ifndef HEADROOM_BPF_CONFIG_H
#define HEADROOM_BPF_CONFIG_H

#define RECORDS_BYTES \
	(256u * 1024) /* ring buffer: 240 OOM kills, or 4,000 of the small records, in one go */
#define ARGS_ENTRIES    2048u /* processes with stored arguments; 440 bytes each */
#define THREADS_ENTRIES 4096u /* threads in or lately in reclaim */
#define WATCHED_ENTRIES 1024u

#define TRIGGER_ENTRIES 256u /* memcgs with a trigger at once */
#define TRIGGER_EXEMPT  1024u
#define TRIGGER_LEVELS \
	32u /* memcgs with a trigger are this far from the root at most: levels in a mask */
#define TRIGGER_DEPTH 256u /* a task may be so many levels further down */
#define TRIGGER_RECORDS_BYTES \
	(64u * 1024) /* 400 records of triggers, which wake the reader at once */
#define TRIGGER_QUIET_NS \
	100000000ULL           /* a group is reported once in this time, however often it crosses */
#define ABOVE_ENTRIES    4096u /* memcgs for which the triggers above them are cached */
#define RSS_SEEN_ENTRIES 1024u
/* At the limit itself a group that the kernel reports at its limit may read a little less: charges go by the batch
 * (MEMCG_CHARGE_BATCH, 64 pages), and the limit was rounded down to a page */
#define TRIGGER_SLACK_PAGES 64u
/* The timer looks again when the closest group could be there at this speed; a touched page a microsecond is 4 */
#define TICK_BYTES_PER_NS 4u
#define TICK_LEAST_NS     1000000ULL
#define TICK_MOST_NS      5000000ULL
/* Without a trigger: so many times more, so far apart, while a larger collector takes over; then it ends */
#define TICK_IDLE    200u
#define TICK_IDLE_NS 50000000ULL

struct bpf_config {
	__u32 page_shift;
	__u32 cpus;  /* possible CPUs */
	__u32 flags; /* CONFIG_* */
	__u32 reserved;
	__u64 stats_index; /* address of mem_cgroup_stats_index: item to index of a compacted memcg_vmstats.state[]; 0: none, or unknown */
};
#define CONFIG_V1          0x1u  /* memory is on a v1 hierarchy */
#define CONFIG_PSI         0x2u  /* the kernel accounts pressure */
#define CONFIG_GFP_FIRST   0x4u  /* *_reclaim_begin(gfp, order, memcg), not (order, gfp): 7.x */
#define CONFIG_MEMCG_ARG   0x8u  /* *_reclaim_begin's third argument is the memcg */
#define CONFIG_VICTIM_TASK 0x10u /* mark_victim(task, uid), not (pid) */

/* One element, mapped into user space, which sets the generations and limits before a walk and
 * reads the counts after. */
struct sweep_state {
	__u32 generation;      /* of the memcg walk; never 0 */
	__u32 rows, rows_lost; /* written; not written because the array was full */
	__u32 task_generation; /* of the process walk; 0: there was none */
	__u32 tasks, tasks_lost;
	__u64 min_rss;
	__u32 small;        /* below it */
	__u32 small_one_in; /* one in so many of them has a row … */
	__u32 small_left;   /* … and these have none until the next */
	__u32 reserved;
};

struct pids_value { /* map: memcg id → processes in it, as the last task walk counted them */
	__u32 generation, count;
	__u64 rss; /* of all of them, bytes */
};

/* One memcg with a trigger, by its id: struct trigger of user/collect/trigger.h, resolved. */
struct trigger_value {
	__u64 generation; /* never 0, never reused */
	__u64 threshold;  /* bytes; RECORD_UNKNOWN: see limit_milli */
	__u64 near;       /* bytes; RECORD_UNKNOWN: three quarters of the live threshold */
	__u64 least_rss;  /* bytes; RECORD_UNKNOWN: an eighth of the live threshold */
	__u64 preferred_start_ns;
	__u32 preferred_pid;
	__u32 limit_milli;
	__u32 flags; /* TRIGGER_REFLEX, TRIGGER_WHOLE */
	__u32 reserved;
};
#define TRIGGER_REFLEX 0x1u
#define TRIGGER_WHOLE  0x2u

struct triggers_state { /* one element; written by user space alone */
	__u32 count;    /* of memcgs with a trigger; 0: the programs look no further */
	__u32 epoch;    /* changes whenever a trigger is added or removed */
	__u64 granted; /* the reflex may kill this many times in all, since these programs were loaded */
	__u64 known; /* a memcg with a larger id is younger than what user space has looked at */
};

enum emitted_level { EMITTED_NOT, EMITTED_NEAR, EMITTED_OVER };
struct emitted_value {
	__u64 near_ns, over_ns; /* last reported; 0: never */
	__u32 level;            /* that is known; the timer lowers it when usage falls */
	__u32 reserved;
};

struct fired_key {
	__u64 memcg_id, generation;
};

struct exempt_key { /* one of the two */
	__u64 memcg_id;
	__u32 pid;
	__u32 reserved;
};

#endif
