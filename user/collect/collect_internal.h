/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Internals of struct collector, for collector.c (start, sweeps: worker) and ringbuf.c (records,
 * counters: loop). */
#ifndef HEADROOM_COLLECT_COLLECT_INTERNAL_H
#define HEADROOM_COLLECT_COLLECT_INTERNAL_H

#include "empty_cgroups.h"
#include "cgroup_reader.h"
#include "meminfo.h"
#include "loader.h"
#include "collect.h"
#include "sweep.h"

struct triggers;
struct ring_buffer;

struct collector {
	struct collect_config config; /* its strings are root and scope */
	char *root, *scope;
	struct cgroupfs fs;
	bool psi;
	struct host *host;
	struct collect_source host_source[2];
	struct loaded loaded;
	/* the worker's */
	struct files *files;
	struct sweep sweep;
	__u64 failed;           /* sweeps that BPF did not do */
	struct empties empties; /* rows NULL: the sweep sees them itself */
	/* the loop's */
	struct ring_buffer *ring;         /* NULL: no BPF */
	struct ring_buffer *trigger_ring; /* that of the triggers alone; NULL: none */
	void (*fn)(const struct record *record, void *arg);
	void *arg;
	unsigned int cpus;
	__u64 *lost_cpu; /* one counter for each CPU */
	__u64 damaged;   /* records that were too short for their type */
	bool follows;    /* took over from another collector: records are not handed on twice */
	bool first;      /* … which had none: what came before is known from other sources */
	__u64 skip_ns;
	struct triggers *triggers; /* trigger.c; the loop's and the worker's */
};

int records_open(struct collector *s);
void records_close(struct collector *s);
int triggers_open(struct collector *s);
void triggers_close(struct collector *s);
void triggers_prepare(struct collector *s,
		      const struct collector *before); /* for collect_trigger_move() */

static inline void collect_closep(struct collector **s) { collect_close(*s); }

#endif
