/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A thread that reads the usage of the fast poll's containers together with its parts (memory.stat). It is not the sweep worker, which can wait
 * for cgroup_mutex, and not the loop: memory.stat of v2 may wait for rstat's lock. One list at a time: split_reader_start()
 * gives it to the thread, `done_fd` becomes readable when it is done; in between it belongs to the thread.
 */
#ifndef HEADROOM_DAEMON_SPLIT_READER_H
#define HEADROOM_DAEMON_SPLIT_READER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/usage_split.h"

#define SPLIT_READS 16

struct split_read {
	uint64_t memcg_id;
	struct usage_files files; /* the caller's */
	bool left; /* the caller gave the files up meanwhile: split_reader_finish() closes them */
	int error; /* answer: 0 or -errno */
	uint64_t read_ns;           /* monotonic; before the reading */
	struct memcg_sample sample; /* usage and the stat block */
};

struct split_reader {
	struct split_read read[SPLIT_READS];
	size_t n;
	enum cgroup_layout layout;
	bool busy; /* the loop's view */
	bool stop;
	int done_fd; /* eventfd; 0: not open */
	sem_t go;
	pthread_t thread;
};

/* Starts the thread. 0 or -errno. */
int split_reader_open(struct split_reader *reader, enum cgroup_layout layout);
void split_reader_close(
	struct split_reader *reader); /* waits for the thread; takes one that is not open */
/* As the loop's (daemon_set_priority()). */
void split_reader_priority(struct split_reader *reader, bool first);
/* The list is the thread's until done_fd is readable. */
void split_reader_start(struct split_reader *reader);
/* After done_fd was readable. False: there is nothing. */
bool split_reader_finish(struct split_reader *reader);
/* Closes the files, or leaves that to split_reader_finish() while the thread reads them. */
void split_reader_drop(struct split_reader *reader, struct usage_files *files);

#endif
