/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The inside of struct sense, for sense.c (start, sweeps: worker) and records.c (records, counters:
 * loop). */
#ifndef HEADROOM_INSIDE_H
#define HEADROOM_INSIDE_H

#include "empties.h"
#include "files.h"
#include "host.h"
#include "loader.h"
#include "sense.h"
#include "sweep.h"

struct arms;
struct ring_buffer;

struct sense {
	struct sense_config config; /* its strings are root and scope */
	char *root, *scope;
	struct cgroupfs fs;
	bool psi;
	struct host *host;
	struct sense_source host_source[2];
	struct loaded loaded;
	/* the worker's */
	struct files *files;
	struct sweep sweep;
	struct empties empties; /* rows NULL: the sweep sees them itself */
	/* the loop's */
	struct ring_buffer *ring; /* NULL: no BPF */
	void (*fn)(const struct record *record, void *arg);
	void *arg;
	unsigned int cpus;
	__u64 *lost_cpu; /* one counter for each CPU */
	__u64 damaged; /* records that were too short for their type */
	bool follows; /* took over from another sense: its records are not told twice */
	__u64 skip_ns;
	struct arms *arms; /* arm.c; the loop's and the worker's */
};

int records_open(struct sense *s);
void records_close(struct sense *s);
int arms_open(struct sense *s);
void arms_close(struct sense *s);
void arms_prepare(struct sense *s, const struct sense *before); /* for sense_arm_move() */

static inline void sense_closep(struct sense **s) { sense_close(*s); }

#endif
