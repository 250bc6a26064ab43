/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The files of a memory cgroup, their content, and the field of a sample that each one sets: one
 * table for v2, one for v1. Pure: text in, sample out. docs/reference/accounting.md is the same table for
 * people.
 */
#ifndef HEADROOM_COLLECT_CGROUP_FILES_H
#define HEADROOM_COLLECT_CGROUP_FILES_H

#include "cgroup/kv_parse.h"
#include "../../bpf/records.h"
#include "cgroup/cgroupfs.h"

/* Index 0 is the directory's own descriptor; files begin at 1. */
#define MEMFILES_DIR   0u
#define MEMFILES_USAGE 1u

enum memfile_shape { MEMFILE_NUMBER, MEMFILE_FIELDS, MEMFILE_PRESSURE, MEMFILE_PIDS };

#define MEMFILE_STAT  0x1u /* part of the stat block: only where it is wanted */
#define MEMFILE_FRESH 0x2u /* must be opened anew each time */
#define MEMFILE_LIMIT 0x4u /* v1: a huge number means "none" */
#define MEMFILE_KILLED \
	0x8u /* only where memory.events, read before it, has an OOM kill: here or below */

struct memfile {
	const char *name;
	enum memfile_shape shape;
	unsigned flags;             /* MEMFILE_* */
	const struct field *fields; /* MEMFILE_NUMBER: one, its offset counts */
	size_t count;
	size_t fill; /* files_stat() reads it if BPF left this unknown; 0: never, but for the stat block always */
};

struct memfiles {
	const struct memfile *file; /* [count]; [0] is the directory */
	unsigned count;
};

/* A sample under construction, with the values that several files give together. */
struct reading {
	struct memcg_sample s;
	__u64 kernel_parts; /* v2 before 5.18: sum of the kinds of kernel memory that are no field */
	__u64 memsw, memsw_limit; /* v1 */
	__u64 stat_swap;          /* v1 */
	__u64 under_oom;          /* v1 */
	__u64 populated;          /* v2 */
	__u64 oom_group;          /* v2, MEMFILE_KILLED */
};

const struct memfiles *memfiles_of(enum cgroup_layout layout);

void reading_init(struct reading *r);        /* everything unknown */
void reading_forget_stat(struct reading *r); /* the stat block alone */
/* Takes in one file's text (not for MEMFILE_PIDS). */
void reading_take(struct reading *r, const struct memfile *file, const char *text, size_t n);
/* What several files give together, once they are read. */
void reading_finish(struct reading *r, enum cgroup_layout layout);
/* Does it hold processes? For a group with files that were just read: a row of BPF knows by itself, and its count of processes is older
 * (of the last process pass). */
void reading_members(struct reading *r);
/* Has memory.events an OOM kill, here or below? Before 5.17 always: without oom_group_kill the flag must be known before a kill. */
bool reading_killed(const struct reading *r);
/* Whether files_stat() reads this file. */
bool reading_wants(const struct reading *r, const struct memfile *file);

#endif
