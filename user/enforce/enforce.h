/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The face of the enforcing room: the only code that signals, kills, freezes or writes to a cgroup. It is told exactly what
 * to do to whom, checks that the target is still the one that was meant, does it in a worker thread, watches the memory (not
 * the signals), and answers. It decides nothing and never acts on a name.
 *
 * Two workers, because each kind can block on something else: kills (process_mrelease waits for the victim's mmap lock) and
 * writes to cgroup files (memory.high and memory.reclaim can take minutes). Never-targets are checked here once more,
 * whatever act/ said: PID 1 and inits of other pid namespaces unless the whole container goes, kernel threads, ourselves.
 *
 * Life: enforce_open() at start (allocates, probes, starts the threads); then L = the loop thread: submit, take. Nothing is
 * allocated after start. int functions return 0 or -errno.
 */
#ifndef HEADROOM_ENFORCE_H
#define HEADROOM_ENFORCE_H

#include <stdbool.h>
#include <stdint.h>
#include <headroom/event.h>

#define ENFORCE_PATH   512
#define ENFORCE_QUEUE  64 /* deeds under way or waiting, per worker */
#define ENFORCE_DETAIL 96
#define ENFORCE_EXEMPT 8

struct enforce;

struct enforce_config {
	const char *root;        /* where the host's /proc and /sys stand; "" for here */
	const char *memory_root; /* the memory hierarchy, collect_memory_root() */
	bool v1;
	const char *undo_path; /* undo.h; beside the board */
};

struct enforce_request {
	uint64_t tag; /* comes back unchanged */
	enum hr_action_kind kind;
	uint64_t memcg_id; /* the container; its directory is opened by path and the id compared */
	char path
		[ENFORCE_PATH]; /* from the hierarchy's root; "" for processes outside containers */
	uint32_t pid;           /* one process is meant (the largest of a job); 0: the container */
	uint32_t pgid;          /* the whole job; 0 */
	uint64_t start_boottime_ns; /* of pid: a reused pid is somebody else */
	uint64_t leader_start_ns;   /* of pgid's leader; HR_UNKNOWN */
	bool largest;    /* KILL: only the container's largest process; of a job: only pid */
	int signal;      /* TERM */
	uint64_t bytes;  /* RECLAIM: how much; THROTTLE: memory.high */
	uint64_t for_ms; /* THROTTLE: until it is lifted again */
	uint64_t
		deadline_ms; /* KILL, TERM: how long memory is watched before the answer; 0: no wait */
};

struct enforce_result {
	uint64_t tag;
	enum hr_action_kind kind;
	enum hr_action_status status;
	int error;               /* errno of the step that failed; 0 */
	int signal;              /* that was sent */
	uint32_t pid, processes; /* the main one; how many were signalled */
	char comm[16];
	uint64_t start_boottime_ns;
	uint64_t usage_before, usage_after, freed; /* bytes; of a job: RSS. HR_UNKNOWN */
	uint64_t began_ns, ended_ns;               /* monotonic; the deed itself */
	uint64_t
		freed_ns; /* monotonic; when half of usage_before, or the victim's RSS, was gone; 0 */
	char detail
		[ENFORCE_DETAIL]; /* "SIGTERM would be discarded: the init has no handler" …; or "" */
};

int enforce_open(const struct enforce_config *config, struct enforce **ret_enforce);
void enforce_close(struct enforce *enforce);   /* lifts and thaws what is ours; takes NULL */
int enforce_fd(const struct enforce *enforce); /* readable when there are answers */
/* L. -EAGAIN: the queue is full. */
int enforce_submit(struct enforce *enforce, const struct enforce_request *request);
/* L. False: no more. */
bool enforce_take(struct enforce *enforce, struct enforce_result *ret_result);
/* L. Lift the throttle of this container now (calm again), if the value is still ours. */
void enforce_lift(struct enforce *enforce, uint64_t memcg_id);

/* L. Process number i (below ENFORCE_EXEMPT) of those that are never targets: the supervisor, the resolver …; 0: none. We
 * ourselves and our parents at the time of enforce_open() are spared anyway. */
void enforce_exempt(struct enforce *enforce, unsigned int i, uint32_t pid);

/* Any thread; may wait. Has its owner said user.headroom=protect of this cgroup, or of one below it? 1, 0; -errno: not known. */
int enforce_owner_protects(const struct enforce *enforce, const char *path, uint64_t memcg_id);

/* What can be done on this host, tried at start without harming anybody; for `headroom check` and the board. */
struct enforce_support {
	enum hr_action_kind kind;
	const char *variant; /* "cgroup.kill", "freeze and kill", "memory.reclaim", … or "none" */
	const char *reason;  /* for "none" and for lesser variants: one line; else "" */
};
/* i from 0; -ENODATA past the end. Needs no enforce_open(): `headroom check` may ask too (it links this room for that). */
int enforce_support(const struct enforce_config *config, unsigned int i,
		    struct enforce_support *ret_ability);

#endif
