/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memory cgroups by their files: the sweep where BPF cannot run, and what BPF cannot see where it
 * does. Read-only. One thread at a time (the sweep worker). Nothing is allocated after
 * files_open().
 *
 * Groups are known by cgroup id: the 8-byte file handle of the directory, which is what BPF sees;
 * the inode number on file systems that have no such handle (tests). Found by walking, or
 * (files_stat, files_path) by open_by_handle_at() where CAP_DAC_READ_SEARCH allows. Which of the
 * two is decided in files_open(): open it with the rights that it will have.
 *
 * Descriptors are kept open by group and read with pread(), which is cheaper than opening. Not
 * without bound: each costs a descriptor and about 5 KiB of kernel memory (a seq_file keeps its
 * page), so at most FILES_OPEN_MAX, or what RLIMIT_NOFILE's hard limit leaves, are kept. When these
 * are used up a file is opened, read and closed, and counted. Only groups that were not asked for
 * during FILES_IDLE_NS give their descriptors up: under a round that is larger than the cache,
 * plain LRU would keep nothing. Of a group that is read more seldom than each FILES_OFTEN_NS only the
 * directory is kept, which has no such page.
 */
#ifndef HEADROOM_COLLECT_CGROUP_READER_H
#define HEADROOM_COLLECT_CGROUP_READER_H

#include <stddef.h>
#include <linux/types.h>
#include "../../bpf/records.h"
#include "cgroup/cgroupfs.h"
#include "usage_split.h"

#define FILES_OPEN_MAX 8192u
#define FILES_IDLE_NS  60000000000ULL
#define FILES_OFTEN_NS 3000000000ULL

struct files;

struct files_counts {    /* since files_open(), but for the first three */
	__u64 groups;    /* known now */
	__u64 kept_open; /* descriptors held now */
	__u64 keep_max;  /* how many may be */
	__u64 opens;     /* files opened */
	__u64 transient; /* of these, read once and closed */
	__u64 listings;  /* directories listed */
	__u64 vanished;  /* groups that went away while being read */
	__u64 refused;   /* groups not taken in: the table was full */
	__u64 unnamed;   /* groups without a stored name: the name pool was full */
};

/* scope: NULL or "/": everything; else a path from the hierarchy's root: that group, what is
 * below it, and, since their limits bind too, the groups on the path down to it. Raises the soft
 * RLIMIT_NOFILE to the hard one. */
int files_open(const struct cgroupfs *fs, const char *scope, size_t capacity,
	       struct files **ret_files);
void files_close(struct files *files); /* takes NULL */

/* For tests and measurements: how many descriptors may be kept (0: none), and the idle time. */
void files_keep(struct files *files, size_t keep_max, __u64 idle_ns);

/* One look at every group: preorder, the root first. want_stat is asked when the row holds all
 * but the stat block. A group that vanishes meanwhile is left out; a file that is missing or
 * garbage leaves its field RECORD_UNKNOWN. -ENOSPC: more groups than `capacity` here or in
 * files_open(); *ret_n rows are valid. */
int files_sweep(struct files *files, struct memcg_sample *rows, size_t capacity, size_t *ret_n,
		bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg);

/* The same without the groups that are `known`: these are neither read nor in the rows. */
int files_sweep_others(struct files *files, struct memcg_sample *rows, size_t capacity,
		       size_t *ret_n, bool (*known)(__u64 id, void *arg),
		       bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg);

/* A row that BPF began, known by its id: adds the stat block and SAMPLE_STAT; on v1 also
 * SAMPLE_UNDER_OOM and `kernel`; and of swap, swap_limit, event_*, psi_* what is still
 * RECORD_UNKNOWN. -ENOENT: no such group (any more), the row is untouched. */
int files_stat(struct files *files, struct memcg_sample *row);

/* Path from the hierarchy's root ("/docker/abc"; "/" for the root), valid until any next call;
 * NULL: not found. Bytes as the kernel has them: hostile. */
const char *files_path(struct files *files, __u64 id);

/* The usage file of a group and its memory.stat (-1 where that can't be opened), by path as files_path() has it. The caller's.
 * 0 or -errno. */
int files_usage_open(struct files *files, const char *path, struct usage_files *ret_files);

void files_count(const struct files *files, struct files_counts *ret_counts);

#endif
