// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "enforce_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rights.h"
#include "cgroup/cgroupfs.h"
#include "proc.h"

static bool add(struct enforce_lock *lock, int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		lock->fd[lock->n++] = fd;
	return fd >= 0;
}

/* What is mounted may be a cgroup below the hierarchy's root: paths begin above it. */
static const char *below_mount(const struct cgroupfs *fs, const char *scope)
{
	size_t n = strlen(fs->base);

	return !strncmp(scope, fs->base, n) && (!scope[n] || scope[n] == '/') ? scope + n : "";
}

int enforce_lock_open(struct enforce_lock *lock, const char *root, const char *scope)
{
	_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));
	char path[512], *name, *rest = path;
	int r;

	*lock = (struct enforce_lock){0};
	if (!fs)
		return -ENOMEM;
	snprintf(lock->root, sizeof(lock->root), "%s", root);
	r = cgroupfs_find(root, fs);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s", below_mount(fs, scope));
	if (!add(lock, AT_FDCWD, fs->memory))
		return -errno;
	while ((name = strsep(&rest, "/")))
		if (*name && lock->n < ENFORCE_LOCK_DEPTH &&
		    !add(lock, lock->fd[lock->n - 1], name)) {
			r = -errno;
			enforce_lock_close(lock);
			return r;
		}
	return 0;
}

void enforce_lock_release(struct enforce_lock *lock)
{
	for (unsigned i = 0; i < lock->n; i++)
		flock(lock->fd[i], LOCK_UN);
	lock->held = false;
}

void enforce_lock_close(struct enforce_lock *lock)
{
	while (lock->n)
		close(lock->fd[--lock->n]);
	lock->held = false;
}

int enforce_lock_try(struct enforce_lock *lock)
{
	if (!lock->n)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < lock->n && !lock->held; i++) {
		int how = i + 1 == lock->n ? LOCK_EX : LOCK_SH, r;

		if (!flock(lock->fd[i], how | LOCK_NB))
			continue;
		r = -errno;
		enforce_lock_release(lock);
		return r;
	}
	lock->held = true;
	return 0;
}

/* The line's lock is on one of these directories, held and not waited for. */
static uint32_t holder_in(const struct enforce_lock *lock, const char *line)
{
	unsigned int major, minor;
	unsigned long inode;
	struct stat st;
	uint32_t pid;

	if (sscanf(line, "%*u: FLOCK %*s %*s %u %x:%x:%lu", &pid, &major, &minor, &inode) != 4)
		return 0;
	for (unsigned i = 0; i < lock->n; i++)
		if (!fstat(lock->fd[i], &st) && st.st_ino == inode && major(st.st_dev) == major &&
		    minor(st.st_dev) == minor)
			return pid;
	return 0;
}

static bool could_enforce(const struct proc_owner *owner)
{
	return !owner->uid &&
	       (owner->capabilities & (RIGHT(CAP_SYS_ADMIN) | RIGHT(CAP_SYS_RESOURCE) |
				       RIGHT(CAP_BPF) | RIGHT(CAP_PERFMON)));
}

static void judge(const struct enforce_lock *lock, uint32_t pid, struct enforce_lock_holder *holder)
{
	char path[sizeof(lock->root) + sizeof("/proc")];
	_cleanup_close_ int proc_fd = -1;
	struct proc_owner owner;
	struct proc_stat stat;

	snprintf(path, sizeof(path), "%s/proc", lock->root);
	proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0 || proc_owner(proc_fd, pid, &owner) || proc_stat(proc_fd, pid, &stat))
		return; /* gone */
	*holder = (struct enforce_lock_holder){.pid = pid,
					       .uid = owner.uid,
					       .enforces = could_enforce(&owner),
					       .stopped = stat.state == 'T' || stat.state == 't'};
	memcpy(holder->comm, stat.comm, sizeof(holder->comm));
}

void enforce_lock_holder(const struct enforce_lock *lock, struct enforce_lock_holder *ret_holder)
{
	struct enforce_lock_holder holder = {.enforces = true};
	char path[sizeof(lock->root) + sizeof("/proc/locks")], line[256];
	_cleanup_fclose_ FILE *locks = NULL;
	uint32_t pid;

	snprintf(path, sizeof(path), "%s/proc/locks", lock->root);
	locks = fopen(path, "re");
	while (locks && fgets(line, sizeof(line), locks)) {
		pid = holder_in(lock, line);
		if (pid && pid != (uint32_t)getpid() && !(holder.pid && holder.enforces))
			judge(lock, pid, &holder);
	}
	*ret_holder = holder;
}
