/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Carries out actions: the only code that signals, kills, freezes or writes to a cgroup. Gets exactly what to do to which
 * target, checks that the target is still the one that was chosen, acts in a worker thread, watches memory (not signals), and
 * returns the result. It decides nothing and never acts on a name.
 *
 * Two kinds of workers, because each can block on something else: kills (process_mrelease waits for the victim's mmap lock)
 * and writes to cgroup files (memory.high and memory.reclaim can take minutes). What is never a target is checked here once
 * more, whatever policy/ chose: PID 1 and inits of other pid namespaces unless the whole container goes, kernel threads,
 * ourselves.
 *
 * Use: enforce_open() at start (allocates, probes, starts the threads); then L = the loop thread: submit, take. Nothing is
 * allocated after start. int functions return 0 or -errno.
 */
#ifndef HEADROOM_ENFORCE_H
#define HEADROOM_ENFORCE_H

#include <stdbool.h>
#include <stdint.h>
#include "policy/action.h"

#define ENFORCE_PATH   512
#define ENFORCE_QUEUE  64 /* actions running or waiting, per kind of worker */
#define ENFORCE_EXEMPT 8

struct enforce;

struct enforce_config {
	const char *root;        /* where the host's /proc and /sys are; "": here */
	const char *memory_root; /* the memory hierarchy, collect_memory_root() */
	bool v1;
	const char *undo_path; /* rollback.h; beside the board */
};

int enforce_open(const struct enforce_config *config, struct enforce **ret_enforce);
void enforce_close(struct enforce *enforce);   /* lifts and thaws what is set; takes NULL */
int enforce_fd(const struct enforce *enforce); /* readable when there are results */
/* L. Takes a copy; the workers do not read the action's policy and spec. `path`: the target's cgroup from the hierarchy's root,
 * opened and compared with target.memcg_id; "" for processes outside containers. -EAGAIN: the queue is full; -EINVAL, -EOPNOTSUPP:
 * it can never be carried out. */
int enforce_submit(struct enforce *enforce, const struct action *action, const char *path);
/* L. False: no more. */
bool enforce_take(struct enforce *enforce, struct action_result *ret_result);
/* L. Lifts the throttle of this container now (calm again), if the value is still ours. */
void enforce_lift(struct enforce *enforce, uint64_t memcg_id);

/* L. A limit that was raised, and is the old one again. False: no more. */
bool enforce_take_restored(struct enforce *enforce, uint64_t *ret_memcg_id, uint64_t *ret_limit);

/* L. Exempt process number i (below ENFORCE_EXEMPT), never a target: the supervisor, the resolver …; 0: none. The daemon
 * itself and its parents at the time of enforce_open() are exempt anyway. */
void enforce_exempt(struct enforce *enforce, unsigned int i, uint32_t pid);

/* Any thread; may wait. Has root set headroom=protect on this cgroup, or on one below it (owner_protect.h)? 1, 0; -errno: not known. */
int enforce_owner_protects(const struct enforce *enforce, const char *path, uint64_t memcg_id,
			   bool guest);

/* Whether this host supports an action, probed at start; for `headroom check` and the board. */
struct enforce_support {
	enum hr_action_kind kind;
	const char *variant; /* "cgroup.kill", "freeze and kill", "memory.reclaim", … or "none" */
	const char *reason;  /* for "none" and for lesser variants: one line; else "" */
};
/* i from 0; -ENODATA past the end. Needs no enforce_open(): `headroom check` calls it, too. */
int enforce_support(const struct enforce_config *config, unsigned int i,
		    struct enforce_support *ret_support);

#endif
