/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs and the loader in user/sense/ tell each other: configuration, sizes and the
 * state of a sweep. Unlike records.h nobody else needs it. The includer brings the integer types.
 */
#ifndef HEADROOM_SHARED_H
#define HEADROOM_SHARED_H

#define RECORDS_BYTES \
	(256u * 1024) /* ring buffer: 240 OOM kills, or 4,000 of the small records, in one go */
#define ARGS_ENTRIES 2048u /* processes whose arguments are remembered; 440 bytes each */
#define THREADS_ENTRIES 4096u /* threads in or lately in reclaim */
#define WATCHED_ENTRIES 1024u

struct bpf_config {
	__u32 page_shift;
	__u32 cpus; /* possible CPUs */
	__u32 flags; /* CONFIG_* */
	__u32 reserved;
};
#define CONFIG_V1 0x1u /* memory is on a v1 hierarchy */
#define CONFIG_PSI 0x2u /* the kernel accounts pressure */
#define CONFIG_GFP_FIRST 0x4u /* *_reclaim_begin(gfp, order, memcg), not (order, gfp): 7.x */
#define CONFIG_MEMCG_ARG 0x8u /* *_reclaim_begin's third argument is the memcg */
#define CONFIG_VICTIM_TASK 0x10u /* mark_victim(task, uid), not (pid) */

/* One element, mapped into user space, which sets the generations and limits before a walk and
 * reads the counts after. */
struct sweep_state {
	__u32 generation; /* of the memcg walk; never 0 */
	__u32 rows, rows_lost; /* written; not written because the array was full */
	__u32 task_generation; /* of the process walk; 0: there was none */
	__u32 tasks, tasks_lost;
	__u64 min_rss;
};

struct pids_value { /* map: memcg id → processes in it, as the last task walk counted them */
	__u32 generation, count;
	__u64 rss; /* of all of them, bytes */
};

#endif
