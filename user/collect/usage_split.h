/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Usage and its parts at one moment. They come from two files, on v1 three: page cache that is charged between the two reads
 * would appear as memory that can't be reclaimed. So the usage is read before and after the parts. Any thread; bytes; RECORD_UNKNOWN.
 */
#ifndef HEADROOM_COLLECT_USAGE_SPLIT_H
#define HEADROOM_COLLECT_USAGE_SPLIT_H

#include <linux/types.h>
#include "../../bpf/records.h"
#include "cgroup/cgroupfs.h"

#define USAGE_SPLIT_TRIES 3

struct usage_files { /* of one cgroup, for pread(); -1: not open */
	int usage, stat;
	int kernel; /* v1: memory.kmem.usage_in_bytes */
};
#define USAGE_FILES_CLOSED ((struct usage_files){-1, -1, -1})

void usage_files_close(struct usage_files *files);
/* Do two readings of the usage, around one of the parts, agree well enough for the parts to belong to them? */
bool usage_split_agrees(__u64 before, __u64 after);
/* Fills usage and the stat block, and sets SAMPLE_STAT; the rest of *sample stays. -EAGAIN: the usage moves too fast for
 * parts of the same moment, even after some tries; sample->usage alone is filled then. May wait for a lock of the kernel's (v2: rstat). */
int usage_split_read(const struct usage_files *files, enum cgroup_layout layout,
		     struct memcg_sample *sample);

#endif
