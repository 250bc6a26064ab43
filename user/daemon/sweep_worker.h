/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The sweep worker: a thread for everything in collect/ that can wait for a kernel lock (cgroup_mutex in iter/cgroup,
 * kernfs, /proc). One job at a time: worker_start() gives `job` to the thread, `done_fd` becomes readable when it is done;
 * in between the job belongs to the thread, otherwise to the loop. So nothing is copied and nothing is locked.
 */
#ifndef HEADROOM_DAEMON_SWEEP_WORKER_H
#define HEADROOM_DAEMON_SWEEP_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include "collect/accounting.h"
#include "collect/trigger.h"
#include "collect/collect.h"
#include "collect/pss.h"
#include "enforce/enforce_lock.h"
#include "track_table.h"

#define WORKER_OPENS     16
#define WORKER_TRIGGERS  8
#define WORKER_OWNERS    16
#define WORKER_CONTAINED 256 /* cgroups */
#define CAPACITY_MOST    65536u

struct worker_open { /* files to keep open for the fast poll */
	__u64 memcg_id;
	struct usage_files files; /* answer; -1 where it can't be opened */
	char path[RECORD_PATH];
};

struct worker_trigger {         /* a container to be armed */
	struct trigger trigger; /* its path: below */
	bool guest;             /* as in struct action_target */
	int error;      /* answer: 0 or -errno; -EPERM: protected by an attribute, and not armed */
	__u64 armed_ns; /* answer: monotonic; the kernel has had it since then */
	char path[RECORD_PATH];
};

struct worker_owner { /* is it protected by an attribute by now? */
	__u64 memcg_id;
	bool guest; /* as in struct action_target */
	int error;  /* answer: 0, -EPERM: protected, another: not known */
	char path[RECORD_PATH];
};

struct enforce;

struct worker_job {
	/* request */
	bool want_sweep, want_tasks;
	bool want_pss; /* of the largest tasks outside `contained`: the cgroups of containers, as of the last pass */
	uint64_t contained[WORKER_CONTAINED];
	uint32_t n_contained;
	__u64 min_rss;       /* smallest process to list, bytes; 0: all */
	__u32 want_capacity; /* > 0: open another collector and tables of rows, for this many at least */
	__u32 slots; /* with want_capacity: of the loop's tables; larger ones are made where these do not do */
	bool want_again; /* try BPF again: a collector with the same room */
	struct collector
		*retired; /* was replaced: to be closed here, since freeing BPF objects can block */
	const char *root;
	const char *board_path; /* each sweep checks that it exists */
	size_t n_opens;
	struct worker_open open[WORKER_OPENS];
	size_t n_triggers;
	struct worker_trigger trigger[WORKER_TRIGGERS];
	const struct enforce
		*enforce; /* reads the owners' protection; with n_triggers or n_owners */
	size_t n_owners;
	struct worker_owner owner[WORKER_OWNERS];
	const char *killers_root;               /* look for other killers below it; NULL: not now */
	struct enforce_lock *lock;              /* to be taken; NULL */
	bool want_trigger_close, trigger_close; /* collect_trigger_close() */
	bool want_trigger_ready, trigger_ready; /* collect_trigger_ready() */
	__u32 map_pid;                          /* open its /proc/PID/smaps; 0: none */
	__u64 map_start_ns;                     /* … if it began then, by boot time */
	/* result */
	char killers[64]; /* other_killers_find() */
	int lock_error;   /* of `lock`: as enforce_lock_try() */
	struct enforce_lock_holder lock_holder;
	bool board_gone; /* the file was removed */
	int sweep_error; /* 0, -ENOSPC (rows are valid but not all), or another: no rows */
	int tasks_error, host_error;
	size_t n_rows, n_tasks;
	int map_fd;        /* the loop closes it; -errno: it could not be opened */
	size_t tasks_lost; /* that the tables had no room for */
	__u64 begun_ns;    /* monotonic */
	__u64 sweep_cpu_ns;
	__u64 number; /* of this sweep, from 1 */
	struct host_sample host;
	__u64 rss, heap; /* the daemon's own, bytes */
	int grow_error;
	__u32 grown_capacity; /* the new capacity */
	struct collector
		*grown;       /* the other collector; the loop takes it and retires the old one */
	struct tracks tracks; /* the loop's larger tables, empty; of capacity 0: those it has do */
	/* tables; the loop's scratch, [capacity] like the rows: of each row its parent's, its account, its track (TRACK_NONE); and
	 * rows that shared_limits.c looks at again */
	struct memcg_sample *rows;
	int *parent;
	struct account *accounts;
	uint32_t *track, *moving;
	size_t capacity;
	struct task_sample *tasks;
	size_t task_capacity;
};

/* When memory.stat of a cgroup was last read, and at what usage: decides whether to read it again. */
struct stat_memo {
	__u64 id, usage, read_ns;
	__u64 kinds_ns; /* … for the kinds that BPF does not tell */
};

struct worker {
	struct worker_job job;
	struct collector *collector; /* used by the thread only while a job runs */
	struct pss *pss;             /* the thread's; NULL: it could not be started */
	struct pss_process shared[PSS_MOST];
	uint16_t shared_task[PSS_MOST]; /* its row */
	struct stat_memo *memo;         /* the thread's own */
	__u32 memo_mask;
	__u64 sweeps;
	bool busy; /* the loop's view: from worker_start() to worker_release() */
	bool stop;
	int statm_fd, proc_fd;
	int done_fd; /* eventfd */
	sem_t go;
	pthread_t thread;
};

/* Capacity for the cgroups that exist and some more: a slot takes a page, and the board can grow. May block. */
__u32 worker_capacity(const char *root);
__u32 worker_capacity_for(size_t cgroups);
int worker_init(struct worker *worker, struct collector *collector, const char *root,
		size_t capacity);        /* starts the thread */
void worker_done(struct worker *worker); /* waits for the thread */
/* The job is the thread's until worker_finished(), then the loop's. It stays busy until its results are taken: what takes them
 * (a record, a host that runs short) may ask for the next job, which would be written over them. */
void worker_start(struct worker *worker);
bool worker_finished(struct worker *worker); /* after done_fd was readable */
void worker_release(struct worker *worker);  /* another job may be filled in */

#endif
