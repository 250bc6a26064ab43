/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The attribute user.headroom=protect, by which the owner of a cgroup exempts it from every action.
 * Callers: any thread. */
#ifndef HEADROOM_ENFORCE_OWNER_PROTECT_H
#define HEADROOM_ENFORCE_OWNER_PROTECT_H

/* 1: the attribute is set on this cgroup or on one below it; 0; -errno: not known. */
int owner_protect(int dir_fd);
/* … on the cgroup at `path` or on one above it: for a process that is itself the target. A path
 * that is gone: 0. */
int owner_protect_above(int root_fd, const char *path);

#endif
