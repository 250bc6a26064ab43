/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Public interface of collect: kernel → struct memcg_sample, struct host_sample, records. The attach plan (attach_plan.h)
 * decides what runs; each signal has ranked variants and the first that works is used. Never parses text that a
 * container's owner wrote; never writes to a cgroup, but for the eventfds of trigger.h, which only notify.
 *
 * Order of calls: collect_open() before anything is locked (it loads BPF in a child, reads BTF, opens files, allocates all that it
 * will ever need); then the calls below; they allocate nothing. Callers: L = the daemon's loop thread, W = its sweep
 * worker, S = start only. int functions return 0 or -errno.
 */
#ifndef HEADROOM_COLLECT_COLLECT_H
#define HEADROOM_COLLECT_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include "../../bpf/records.h"
#include "cgroup/cgroupfs.h"
#include "meminfo.h"
#include "usage_split.h"

struct collector;

struct collect_config {
	const char *root; /* where the host's /proc and /sys are mounted; "" for here */
	const char *
		scope; /* NULL: the host; else a cgroup path (from the memory hierarchy's root): only cgroups below it */
	size_t capacity; /* memcgs in one sweep */
	bool no_bpf;     /* files only */
};

int collect_open(const struct collect_config *config,
		 struct collector **ret_collector); /* S; works without BPF, too */
void collect_close(struct collector *collector);    /* takes NULL */
/* A second collector with the same configuration but more room; the caller swaps it in and closes the old one. Loads BPF
 * again in a child (about a second), so W and in calm. The maps start empty: stalls are counted from here on. */
int collect_grow(const struct collector *collector, size_t capacity,
		 struct collector **ret_collector);
/* Was something lost at the start that a later try may get: for want of memory, of descriptors, by a signal that ended the loader? The
 * reason, or NULL. */
const char *collect_incomplete(const struct collector *collector);
/* The same with the same room, for another try: as collect_grow(). */
int collect_again(const struct collector *collector, struct collector **ret_collector);
/* Does it get more from the kernel than `than`: no signal worse, one better; or less? 1, 0, -1. */
int collect_compare(const struct collector *collector, const struct collector *than);
/* How many memory cgroups there are now (a count of directories); S. For choosing a capacity. */
size_t collect_count(const char *root);
enum cgroup_layout collect_layout(const struct collector *collector);
/* v2: groups below the root have the memory controller; v1: true. */
bool collect_delegated(const struct collector *collector);
/* Kernel lockdown refuses BPF what it needs. */
bool collect_locked_down(const struct collector *collector);
const char *
collect_memory_root(const struct collector *collector); /* e.g. /sys/fs/cgroup/memory, below root */

/* Which variant each signal got, and why the better ones did not. i from 0; -ENODATA past the
 * end. */
struct collect_source {
	const char *signal, *variant; /* variant "none" where nothing worked */
	const char *skipped;          /* "tp_btf: EPERM; …" or "" */
	bool fallback;                /* not the first choice */
};
int collect_source(const struct collector *collector, size_t i, struct collect_source *ret_source);

/* W. One sample of every memcg. rows[capacity], parents before children, root first. Reads the stat
 * block only where `want_stat` says so (NULL: everywhere); rows without it lack SAMPLE_STAT.
 * -ENOSPC: more groups than rows; *ret_n of them are valid. */
int collect_sweep(struct collector *collector, struct memcg_sample *rows, size_t capacity,
		  size_t *ret_n, bool (*want_stat)(const struct memcg_sample *row, void *arg),
		  void *arg);
/* Sweeps so far that BPF should have done and did not: files were read instead. Between jobs of W. */
__u64 collect_failed(const struct collector *collector);
/* W. The largest processes: rows with rss >= min_rss. -EOPNOTSUPP: not without BPF. */
int collect_tasks(struct collector *collector, __u64 min_rss, struct task_sample *rows,
		  size_t capacity, size_t *ret_n);
size_t
collect_tasks_lost(const struct collector *collector); /* W; those without a row, by that call */
/* W. */
int collect_host(struct collector *collector, struct host_sample *ret_host);
/* Fast polling: opens a cgroup's usage file and memory.stat once (may block for a path walk: W); the loop reads the usage with one pread,
 * another thread both of one moment (usage_split.h). 0 or -errno. */
int collect_usage_open(struct collector *collector, const char *path,
		       struct usage_files *ret_files);
int collect_usage_read(int fd, __u64 *ret_bytes); /* L */

/* Records, L. The fd becomes readable when there are some (-1: no BPF). collect_consume calls fn
 * for each. */
int collect_record_fd(const struct collector *collector);
int collect_consume(struct collector *collector, void (*fn)(const struct record *record, void *arg),
		    void *arg);
__u64 collect_lost(struct collector *collector); /* L; records lost since start */
/* All memcgs that ever stalled, since collect_open(); one system call if there are none. */
void collect_stalls(struct collector *collector,
		    void (*fn)(__u64 memcg_id, const struct stall_value *value, void *arg),
		    void *arg); /* L */
void collect_forget(struct collector *collector,
		    __u64 memcg_id); /* L; the memcg is gone: drop its map entries */
int collect_host_counts(struct collector *collector, struct host_counts *ret_counts); /* L */

#endif
