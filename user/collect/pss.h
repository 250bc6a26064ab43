/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memory of processes with each shared page counted once: the proportional set size of /proc/PID/smaps_rollup, of which the
 * sum over all sharers is what they hold together. The read waits for the process's mmap lock (fs/proc/task_mmu.c,
 * show_smaps_rollup(): mmap_read_lock_killable()), which a process that waits for memory may hold for as long: so a thread of
 * its own reads, and a caller waits for it only for a time that it gives. What is not read in time stays unknown, or is
 * what the last reading said.
 */
#ifndef HEADROOM_COLLECT_PSS_H
#define HEADROOM_COLLECT_PSS_H

#include <stddef.h>
#include <stdint.h>

#define PSS_MOST 128 /* processes of one reading */

struct pss_process {
	uint32_t pid,
		group; /* group: what may share; a new process in it makes the figures of the others stale */
	uint64_t start_boottime_ns;
	uint64_t rss;          /* bytes; the caller's figure */
	uint64_t pss, private; /* bytes: its part of what it shares; what only it has. HR_UNKNOWN */
};

struct pss;

/* 0 or -errno. `root`: where the host's /proc is. Allocates and starts the thread; later calls do neither. */
int pss_open(struct pss **ret_pss, const char *root);
/* Takes NULL. A reading that still waits for a lock keeps its thread and memory until the process ends. */
void pss_close(struct pss *pss);
/* Reads these, in this order, unless an earlier reading still goes on, and waits for at most wait_ms. Fills pss and private of
 * each. One caller at a time; not the loop. */
void pss_read(struct pss *pss, struct pss_process *processes, size_t n, unsigned int wait_ms);
/* "Pss:" and "Private_*:" of the text of a smaps_rollup; HR_UNKNOWN where they are missing. */
void pss_parse(const char *text, uint64_t *ret_pss, uint64_t *ret_private);

#endif
