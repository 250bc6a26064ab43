/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Shared by the files of enforce/. A *running action* is one place of a table; its state says which thread may touch it.
 *
 *   FREE --submit (L)--> QUEUED --a worker--> RUNNING --> WATCHED --the watcher--> DONE --take (L)--> FREE
 *
 * Threads: three killers (signals and freezing; any of them takes the next kill), two writers (memory.reclaim, memory.high),
 * one watcher (watches memory until an action has had its effect; interrupts writes that take too long). Only
 * process_mrelease may block without a bound: one of the killers always stays out of it, free for the next kill.
 */
#ifndef HEADROOM_ENFORCE_ENFORCE_INTERNAL_H
#define HEADROOM_ENFORCE_ENFORCE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include "collect/pss.h"
#include "enforce.h"
#include "rollback.h"

#define KILLERS 3
#define WRITERS 2
#define VICTIMS 16 /* of one action, the largest: reaped */
#define WATCHED 4  /* … of a container, kept open during the watch: descriptors are few */
#define EXEMPT  (ENFORCE_EXEMPT + 8) /* pids that are never targets: helpers, then parents */
#define PIDSET  32768u               /* slots; half of them are used at most */

enum running_state { RUNNING_FREE, RUNNING_QUEUED, RUNNING_RUNNING, RUNNING_WATCHED, RUNNING_DONE };
enum running_kind { KIND_KILL, KIND_WRITE, KINDS };

struct victim {
	uint32_t pid;
	int fd;      /* pidfd; -1 */
	bool ending; /* it is exiting: /proc shows no memory of it, and not all of it is freed yet */
	uint64_t rss, anon, start_ticks;
	char comm[16];
};

struct running_action {
	uint32_t state; /* enum running_state; __atomic */
	uint64_t seq;
	struct action action; /* its policy and spec may be unmapped by now */
	char path
		[ENFORCE_PATH]; /* of the container, from the hierarchy's root; "": processes outside containers */
	struct action_result result;
	int dir_fd, usage_fd;          /* of the container; -1 */
	struct victim victim[VICTIMS]; /* largest first */
	unsigned victims;
	uint64_t anon; /* bytes, of all that were signalled */
	/* the watch */
	bool by_main;   /* it has ended when victim[0] has, not when no process is left */
	unsigned again; /* how often the kill was repeated */
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
	uint64_t bound_ns;              /* when a write under way is interrupted; 0; __atomic */
	uint64_t reap_ns;               /* since when it is inside process_mrelease; 0; __atomic */
	uint64_t reap_cpu_ns;           /* its CPU time at that moment */
	bool real_time;                 /* real-time priority is permitted; __atomic */
	bool first;                     /* … and in use; the watcher's from then on */
};

#define SETTINGS 64

enum { SETTING_FREE, SETTING_SETTING, SETTING_SET, SETTING_LIFTING, SETTING_RESTORED };

struct setting {        /* settings.c */
	uint32_t state; /* __atomic */
	uint32_t what;  /* enum undo_what: UNDO_HIGH, UNDO_LIMIT; __atomic */
	unsigned int undo, tries;
	uint64_t memcg_id, until_ns; /* monotonic; both __atomic */
	uint64_t was, ours;          /* ours 0: nothing is set */
	uint64_t look_ns;            /* UNDO_LIMIT: the next look; __atomic */
	uint64_t calm_ns;            /* UNDO_LIMIT: since when it is far below; 0 */
};

struct enforce {
	struct enforce_config config;
	char memory_root[ENFORCE_PATH], freezer_root[ENFORCE_PATH];
	char base
		[ENFORCE_PATH]; /* memory_root's path in its hierarchy: cgroup paths begin with it */
	int proc_fd, memory_fd, freezer_fd, unified_fd; /* -1: none; v1's freezer; cgroup2 */
	bool pids_ours;                                 /* /proc shows our pid namespace */
	const char *hidden;      /* why processes are not visible here, in words; NULL: they are */
	struct pss *pss;         /* NULL: no thread for it */
	uint32_t exempt[EXEMPT]; /* __atomic */
	struct undo *undo;
	struct setting *settings;
	pthread_mutex_t setting; /* writers set one value at a time */
	int event_fd;
	uint64_t next_seq; /* L */
	bool stop;         /* __atomic */
	int reaping;       /* killers inside process_mrelease; __atomic */
	bool no_reap;      /* ENOSYS; __atomic */
	bool no_hurry;     /* enforce-try: to measure what it gains */
	struct running_action running[KINDS][ENFORCE_QUEUE];
	sem_t wanted[KINDS], watch;
	struct worker worker[KILLERS + WRITERS];
	pthread_t watcher;
	bool watching;
};

typedef void action_fn(struct worker *worker, struct running_action *running);
struct action_type {
	enum running_kind kind;
	action_fn *run; /* NULL: enforce/ does not carry it out */
};
extern const struct action_type action_types[HR_ACTION_COUNT];
/* kill.c, term.c, memcg_limits.c, resize.c. Each sets result.status; a kill or term that is DONE is watched. */
action_fn kill_run, term_run, reclaim_run, throttle_run, resize_run;

/* kill.c: the victims to reap, with pidfds of their own: by then the running action is the watcher's. */
struct reap {
	unsigned n;
	bool again; /* a repeated kill: the first did not help */
	int fd[VICTIMS];
	uint32_t pid[VICTIMS];
};
void reap_take(struct running_action *running, struct reap *ret_reap);
void reap_run(struct enforce *e, struct reap *reap); /* closes them */

/* running.c */
bool enforce_stopping(const struct enforce *e);
bool enforce_is_exempt(const struct enforce *e,
		       uint32_t pid); /* PID 1, ourselves, our parents and helpers */
/* Is one of those, or PID 1, in the running action's container? */
bool enforce_holds_exempt(const struct enforce *e, const struct running_action *running);
const char *enforce_below(const struct enforce *e,
			  const char *path); /* of memory_root; "" where it is not below */

/* Why a target has no processes here. */
#define HIDDEN_PROCESSES \
	"no process is visible from this PID namespace: run headroomd in the host's (--pid host)"
#define HIDDEN_BY_MOUNT \
	"/proc hides processes (hidepid): give headroomd CAP_SYS_PTRACE, or mount it without"

/* refusal.c. What refuses a signal or a pidfd with this errno; in `text`. "": the errno says it. May
 * read files. */
#define REFUSAL_TEXT 160
const char *refusal_text(int error, char text[REFUSAL_TEXT]);

/* Sets the result. */
__attribute__((format(printf, 4, 5))) void running_set_result(struct running_action *running,
							      enum hr_action_status what, int error,
							      const char *format, ...);
void running_no_processes(const struct enforce *e, struct running_action *running); /* skipped */
void running_name_victim(struct running_action *running); /* the result names the first victim */
/* Opens the container and its usage file, checks id and protection. False: the result is set. */
bool running_open(struct enforce *e, struct running_action *running);
void running_close(
	struct running_action *running); /* all that running_open() and the action have open */
uint32_t running_state(const struct running_action *running);
void running_set_state(struct running_action *running, enum running_state state);
void running_finish(struct enforce *e,
		    struct running_action *running); /* closes it, and wakes the loop */
struct running_action *running_oldest(struct enforce *e, enum running_kind kind,
				      enum running_state state);

/* workers.c */
int threads_start(struct enforce *e);
bool threads_join(struct enforce *e);                   /* false: a thread hangs in the kernel */
void running_bound(struct worker *worker, uint64_t ms); /* of the next write; 0: it is over */

/* verify.c */
uint64_t running_usage(const struct enforce *e,
		       const struct running_action *running); /* now; HR_UNKNOWN */
void watch_begin(const struct enforce *e,
		 struct running_action *running); /* after the action, by its worker */
/* One look. True: the result is ready. *ret_again: processes remain, kill again. */
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
/* Freezes the action's container, after a note in the undo table. pids: the processes that belong to it. 0; -EOPNOTSUPP: it
 * has no freezer cgroup of its own; other -errno. */
int freeze(struct enforce *e, const struct running_action *running, const struct pidset *pids,
	   struct frozen *ret_frozen);
void thaw(struct enforce *e, struct frozen *frozen);

/* settings.c */
int settings_init(struct enforce *e);
void settings_done(struct enforce *e);
uint64_t settings_lift_due(struct enforce *e,
			   uint64_t now_ns); /* writers; when the next is due, 0: none */
/* This container's setting, or a free one; the caller owns it until setting_put(). 0; -EBUSY: a writer is undoing this container's;
 * -ENOSPC: none is left. */
int setting_take(struct enforce *e, enum undo_what what, uint64_t memcg_id,
		 struct setting **ret_setting, bool *ret_had);
void setting_put(struct enforce *e, struct setting *t);
void setting_undo(struct enforce *e, enum undo_what what, uint64_t memcg_id); /* now */
bool setting_is_set(const struct enforce *e, enum undo_what what, uint64_t memcg_id);
/* Fills in the action's container, and notes it in the undo table: 0, -ENOSPC. */
int setting_note(struct enforce *e, const struct running_action *running, struct undo_entry *entry,
		 unsigned int *ret_index);

/* memcg_limits.c. Bytes of one line of /proc/meminfo; 0: unknown. */
uint64_t enforce_meminfo(const struct enforce *e, const char *key);

#define WRITE_MS 2000 /* bound of one write to a limit */
/* exiting.c: only an exiting process itself frees its memory, and needs CPU time for it. */
struct signal_sweep;
/* Adds exiting processes of the container, which no list has, to the victims: how many. */
unsigned exiting_find(struct signal_sweep *sweep);
/* Raises the priority of all threads of a process that was killed or is exiting; `most`: to real time. How many. */
unsigned exiting_hurry(const struct enforce *e, uint32_t pid, int pidfd, bool most);

/* pidset.c */
void pidset_clear(struct pidset *set);
bool pidset_has(const struct pidset *set, uint32_t pid);
bool pidset_add(struct pidset *set,
		uint32_t pid); /* false: it was in already, or the set is full */

#endif
