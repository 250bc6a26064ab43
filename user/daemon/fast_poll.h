/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The fast poll: up to 16 containers with short headroom for their growth, and new ones with unknown growth, are read between sweeps, down to every 50 ms, from files that stay open (no cgroup_mutex, no walk): usage and its parts of one moment, by a
 * thread of its own. While that waits for the kernel the loop reads the usage alone, which says nothing of what grows.
 * Never opens a file itself: the worker does. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_FAST_POLL_H
#define HEADROOM_DAEMON_FAST_POLL_H

#include "containers.h"
#include "split_reader.h"
#include "sweep_worker.h"

#define FAST_POLL_MAX SPLIT_READS /* containers at once */

struct fast_poll_entry {
	uint64_t memcg_id;        /* 0: free */
	uint64_t until_ns;        /* monotonic */
	struct usage_files files; /* -1: not open yet */
	bool asked;               /* the worker was asked to open it */
	bool newborn;
};

struct fast_poll {
	struct containers *containers;
	struct split_reader reader;
	struct fast_poll_entry entry[FAST_POLL_MAX];
};

void fast_poll_init(struct fast_poll *poll, struct containers *containers);
/* Starts the thread; without it usages alone are read. 0 or -errno. */
int fast_poll_open(struct fast_poll *poll, enum cgroup_layout layout);
void fast_poll_done(struct fast_poll *poll);
/* After a full sample: adds the container if its headroom is short. */
void fast_poll_consider(struct fast_poll *poll, struct track *track, uint64_t now_ns);
/* A cgroup was just made. */
void fast_poll_add_new(struct fast_poll *poll, struct track *track, uint64_t now_ns);
/* The cgroup is gone. */
void fast_poll_remove(struct fast_poll *poll, struct track *track);
/* Before a job: asks the worker to open what is not open; after it: takes the descriptors. */
void fast_poll_ask(struct fast_poll *poll, struct worker_job *job);
void fast_poll_take(struct fast_poll *poll, struct worker_job *job);
/* Has all that are open read; `reading` gets each usage at once where the thread has no time. False when the list is empty. */
bool fast_poll_read(struct fast_poll *poll, uint64_t now_ns,
		    void (*reading)(struct track *track, uint64_t usage, uint64_t now_ns,
				    void *arg),
		    void *arg);
/* The thread's done_fd is readable. False: nothing was read. */
bool fast_poll_take_read(struct fast_poll *poll,
			 void (*reading)(struct track *track, const struct split_read *read,
					 void *arg),
			 void *arg);
bool fast_poll_any(const struct fast_poll *poll);
/* Containers with short headroom; without new ones. */
unsigned int fast_poll_count(const struct fast_poll *poll);

#endif
