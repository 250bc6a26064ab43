/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the files of this room share. A *deed* is a job on its way: one slot of a table, whose state says who may touch it.
 *
 *   FREE --submit (L)--> QUEUED --a worker--> RUNNING --> WATCHED --the watcher--> DONE --take (L)--> FREE
 *
 * Threads: three killers (signals and freezing; any of them takes the next kill), two writers (memory.reclaim, memory.high),
 * one watcher (looks at memory until a deed has had its effect; interrupts writes that take too long). What may block for
 * good is process_mrelease alone: of the killers one always stays out of it, so that the next emergency finds somebody.
 */
#ifndef HEADROOM_ENFORCE_ENFORCE_INTERNAL_H
#define HEADROOM_ENFORCE_ENFORCE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include "enforce.h"
#include "rollback.h"

#define KILLERS 3
#define WRITERS 2
#define VICTIMS 16 /* of one deed, the largest: reaped */
#define WATCHED 4  /* … of a container, whose ends are awaited: descriptors are few */
#define EXEMPT  (ENFORCE_EXEMPT + 8) /* pids that are never targets: helpers, then parents */
#define PIDSET  8192u                /* slots; half of them are used at most */

enum running_state { RUNNING_FREE, RUNNING_QUEUED, RUNNING_RUNNING, RUNNING_WATCHED, RUNNING_DONE };
enum running_kind { KIND_KILL, KIND_WRITE, KINDS };

struct victim {
	uint32_t pid;
	int fd;      /* pidfd; -1 */
	bool ending; /* it has begun to: its memory is nobody's to be counted, and not freed yet */
	uint64_t rss, anon, start_ticks;
	char comm[16];
};

struct running_action {
	uint32_t state; /* enum running_state; __atomic */
	uint64_t seq;
	struct enforce_request request;
	struct enforce_result result;
	int dir_fd, usage_fd;          /* of the container; -1 */
	struct victim victim[VICTIMS]; /* largest first */
	unsigned victims;
	uint64_t anon; /* bytes, of all that were signalled */
	/* the watch */
	bool by_main;   /* it has ended when victim[0] has, not when nobody is left */
	unsigned again; /* how often it was killed once more */
	uint64_t goal, lowest, lowest_ns, gone_ns, looked_ns;
};

struct pidset { /* open addressing; 0: free */
	uint32_t n;
	uint32_t slot[PIDSET];
};

struct worker {
	struct enforce *enforce;
	pthread_t thread;
	bool started;
	enum running_kind kind;
	struct pidset *killed, *listed; /* killers */
	uint64_t bound_ns;              /* a write under way is interrupted then; 0; __atomic */
	uint64_t reap_ns;               /* since when it is inside process_mrelease; 0; __atomic */
	uint64_t reap_cpu_ns;           /* its CPU time at that moment */
	bool real_time;                 /* it may have real-time priority; __atomic */
	bool first;                     /* … and has it: the watcher's, from then on */
};

struct throttle;

struct enforce {
	struct enforce_config config;
	char memory_root[ENFORCE_PATH], freezer_root[ENFORCE_PATH];
	char base[ENFORCE_PATH]; /* of memory_root in its hierarchy: paths begin with it */
	int proc_fd, memory_fd, freezer_fd; /* -1: none */
	bool pids_ours;                     /* /proc counts pids as we do */
	uint32_t exempt[EXEMPT];            /* __atomic */
	struct undo *undo;
	struct throttle *throttles;
	pthread_mutex_t throttling; /* writers: one throttle is set at a time */
	int event_fd;
	uint64_t next_seq; /* L */
	bool stop;         /* __atomic */
	int reaping;       /* killers inside process_mrelease; __atomic */
	bool no_reap;      /* ENOSYS; __atomic */
	bool no_hurry;     /* enforce-try: to see what it is good for */
	struct running_action running[KINDS][ENFORCE_QUEUE];
	sem_t wanted[KINDS], watch;
	struct worker worker[KILLERS + WRITERS];
	pthread_t watcher;
	bool watching;
};

typedef void action_fn(struct worker *worker, struct running_action *running);
struct action_type {
	enum running_kind kind;
	action_fn *run; /* NULL: not this room's */
};
extern const struct action_type action_types[HR_ACTION_COUNT];
/* kill.c, term.c, limits.c. Each sets result.deed; DONE with a deadline is watched. */
action_fn kill_run, term_run, reclaim_run, throttle_run;

/* kill.c: those whose memory is to be freed from here, with pidfds of their own: by then the deed is the watcher's. */
struct reap {
	unsigned n;
	bool again; /* the first time has not helped */
	int fd[VICTIMS];
	uint32_t pid[VICTIMS];
};
void reap_take(struct running_action *running, struct reap *ret_reap);
void reap_run(struct enforce *e, struct reap *reap); /* closes them */

/* enforce.c */
bool enforce_stopping(const struct enforce *e);
bool enforce_is_exempt(const struct enforce *e,
		       uint32_t pid); /* PID 1, ourselves, our parents and helpers */
const char *enforce_below(const struct enforce *e,
			  const char *path); /* of memory_root; "" where it is not below */

/* deed.c. Sets the answer. */
__attribute__((format(printf, 4, 5))) void running_end(struct running_action *running,
						       enum hr_action_status what, int error,
						       const char *format, ...);
void running_describe(
	struct running_action *running); /* the first victim, as the one that the answer names */
/* Opens the container and its usage file, checks id and protection. False: it was answered. */
bool running_open(struct enforce *e, struct running_action *running);
void running_close(
	struct running_action *running); /* all that running_open() and the deed have open */
uint32_t running_state(const struct running_action *running);
void running_set_state(struct running_action *running, enum running_state state);
void running_finish(struct enforce *e,
		    struct running_action *running); /* closes it, and tells the loop */
struct running_action *running_oldest(struct enforce *e, enum running_kind kind,
				      enum running_state state);

/* threads.c */
int threads_start(struct enforce *e);
bool threads_join(struct enforce *e); /* false: somebody hangs in the kernel */
void running_bound(struct worker *worker,
		   uint64_t ms); /* of the write that comes now; 0: it is over */

/* watch.c */
uint64_t running_usage(const struct enforce *e,
		       const struct running_action *running); /* now; HR_UNKNOWN */
void watch_begin(const struct enforce *e,
		 struct running_action *running); /* after the deed, by its worker */
/* One look. True: the answer is ready. *ret_again: some came through, kill once more. */
bool watch_look(const struct enforce *e, struct running_action *running, uint64_t now_ns,
		bool *ret_again);
uint64_t watch_pause_ns(const struct running_action *running,
			uint64_t now_ns); /* until the next look */

/* freeze.c */
struct frozen {
	int dir_fd; /* -1: nothing is frozen */
	const char *file, *thaw;
	unsigned int undo;
};
/* Freezes the deed's container; noted in the undo table before. pids: those that belong to it. 0; -EOPNOTSUPP: it has no
 * freezer of its own; other -errno. */
int freeze(struct enforce *e, const struct running_action *running, const struct pidset *pids,
	   struct frozen *ret_frozen);
void thaw(struct enforce *e, struct frozen *frozen);

/* limits.c */
int throttles_init(struct enforce *e);
void throttles_done(struct enforce *e);
uint64_t throttles_lift_due(struct enforce *e,
			    uint64_t now_ns); /* writers; when the next is due, 0: none */

/* dying.c: who has begun to end is freed by nobody but itself, and gets CPU time for it. */
struct signal_sweep;
/* Those of the deed's container that no list has any more, to the deed's victims: how many. */
unsigned exiting_find(struct signal_sweep *sweep);
/* All threads of a process that was killed, or is ending, come before others; `most`: before all that are not real-time.
 * How many did. */
unsigned exiting_hurry(const struct enforce *e, uint32_t pid, int pidfd, bool most);

/* pidset.c */
void pidset_clear(struct pidset *set);
bool pidset_has(const struct pidset *set, uint32_t pid);
bool pidset_add(struct pidset *set,
		uint32_t pid); /* false: it was in already, or the set is full */

#endif
