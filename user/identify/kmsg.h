/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OOM kills from the kernel log, for hosts where no BPF source runs. Takes one record of /dev/kmsg
 * at a time; returns a kill at its "Killed process" line, with the data of the lines before it.
 * Pure: no I/O, no clock. Wording: mm/oom_kill.c and mm/memcontrol.c, 4.19 to 7.x (the one-line
 * summary "oom-kill:" is of 5.0, "UID:" of 5.3, "pgtables:" of 5.4; before that "Task in A killed
 * as a result of limit of B").
 */
#ifndef HEADROOM_KMSG_H
#define HEADROOM_KMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/board.h>
#include <linux/types.h>
#include "../../bpf/records.h"

#define KMSG_RECORD_MAX 8192 /* a read(2) of /dev/kmsg returns one record: CONSOLE_EXT_LOG_MAX */

struct kmsg_oom {
	uint32_t pid, uid;                    /* HR_UNKNOWN_U32 */
	uint32_t constraint;                  /* the kernel's; RECORD_CONSTRAINT_UNKNOWN */
	int32_t oom_score_adj;                /* INT32_MIN: the wording had none */
	uint64_t anon, file, shmem, pgtables; /* bytes; HR_UNKNOWN */
	char comm[RECORD_COMM];
	char limit_path[RECORD_PATH]; /* "": the host's, or unknown */
	char task_path[RECORD_PATH];
	uint32_t chosen; /* process that was chosen first: another one is of its group */
};

struct kmsg {
	uint64_t emitted_us; /* time of the current summary, by the log's clock; 0: none */
	uint32_t pid;        /* of the summary; before 5.0 that of the first kill; 0: none yet */
	struct kmsg_oom said;
	bool spent; /* its kill has been returned; only the rest of a group may follow */
	bool group; /* the whole task_path is being killed: logged after the first kill */
};

/* One record as read from /dev/kmsg ("6,339,5140900,-;text\n KEY=value\n"). True: *ret_oom is a
 * kill. */
bool kmsg_record(struct kmsg *kmsg, const char *record, size_t n, struct kmsg_oom *ret_oom);
/* The text alone, at a time of the log's clock. */
bool kmsg_text(struct kmsg *kmsg, uint64_t time_us, const char *text, struct kmsg_oom *ret_oom);

#endif
