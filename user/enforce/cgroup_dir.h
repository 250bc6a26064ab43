/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One cgroup directory: opened by path and held against the id that was meant, its files, and everything below it. Never
 * follows a link, never leaves the hierarchy, never allocates. Callers: any thread.
 */
#ifndef HEADROOM_ENFORCE_CGROUP_DIR_H
#define HEADROOM_ENFORCE_CGROUP_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROUP_DEPTH 24 /* of directories below a container */

/* `path` from the directory of root_fd; a leading "/" does not matter. A descriptor; -ENOENT: gone; -ESTALE: the path is
 * another cgroup by now; -EINVAL: the root itself, a path that leads out, or one with "." or "..". */
int group_open(int root_fd, const char *path, uint64_t id);
int group_id(int dir_fd, uint64_t *ret_id);
/* Has an owner said user.headroom=protect, of this group or of one below it? -errno: not known. */
int group_protected(int dir_fd);
/* … of the group at `path`, or of one above it: for a process that lives there, and is meant by itself. Gone: 0. */
int group_protected_above(int root_fd, const char *path);

int group_read(int dir_fd, const char *file, char *text,
	       size_t size); /* bytes read, text ends with NUL; or -errno */
int group_read_number(int dir_fd, const char *file, uint64_t *ret_value); /* "max": HR_UNKNOWN */
int group_write(int dir_fd, const char *file, const char *text); /* O_NONBLOCK; 0 or -errno */
int group_pread_number(int fd, uint64_t *ret_value);             /* of a file that is kept open */

/* This group and all below it, parents first, until fn gives non-zero: which is returned, or -errno. Groups that vanish
 * meanwhile are passed over. */
int group_walk(int dir_fd, int (*fn)(int dir_fd, void *arg), void *arg);
/* All processes in it and below it; some may be told twice. As group_walk(). */
int group_pids(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg);
bool group_empty(int dir_fd);

/* Names in a directory, without allocating as readdir() would. */
int group_entries(int dir_fd, int (*fn)(const char *name, unsigned char type, void *arg),
		  void *arg);

#endif
