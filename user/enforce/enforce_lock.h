/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Of all daemons that could act on a cgroup only one may enforce. The lock is flock(2) on directories of the memory
 * hierarchy: exclusive on the daemon's scope, shared on every cgroup above it. So a daemon of the host and one of a cgroup
 * below it exclude each other, and two of different cgroups do not. kernfs has one inode for a cgroup, whatever the mount,
 * mount namespace or (v1 and v2) cgroup namespace; the lock ends with its process, however that ends. Not excluded: a daemon
 * in a cgroup namespace for which the cgroups above its own do not exist.
 *
 * Any process that can open a directory can lock it. So a lock that is held counts only if a process that could enforce holds
 * it: effective uid 0 in the host's user namespace and a capability that containers do not get by default.
 */
#ifndef HEADROOM_ENFORCE_LOCK_H
#define HEADROOM_ENFORCE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#define ENFORCE_LOCK_DEPTH 16 /* cgroups of a scope's path; those further down are not locked */

struct enforce_lock {
	char root[256]; /* where the host's /proc is; "" for here */
	int fd[ENFORCE_LOCK_DEPTH];
	unsigned n; /* the last one is the scope; 0: not open */
	bool held;
};

struct enforce_lock_holder {
	uint32_t pid; /* 0: no process that can be seen from here */
	uint32_t uid;
	char comm[16];
	bool enforces; /* it could enforce: the lock counts; true where pid is 0 */
	bool stopped;  /* by a signal or a tracer: nothing acts */
};

/* Opens the directories and takes no lock; `scope`: a cgroup path from the hierarchy's root, or "" for all. May block. */
int enforce_lock_open(struct enforce_lock *lock, const char *root, const char *scope);
void enforce_lock_close(struct enforce_lock *lock);
/* Never blocks. 0: it is held; -EWOULDBLOCK: another process holds it; other -errno: there are no such locks here. */
int enforce_lock_try(struct enforce_lock *lock);
void enforce_lock_release(struct enforce_lock *lock); /* never blocks */
/* After -EWOULDBLOCK: which process holds it; one that could enforce before another. Reads /proc. */
void enforce_lock_holder(const struct enforce_lock *lock, struct enforce_lock_holder *ret_holder);

#endif
