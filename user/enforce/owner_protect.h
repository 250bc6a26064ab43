/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The attribute headroom=protect, by which root exempts a cgroup from every action. trusted.headroom counts on every cgroup, since
 * only root of the host can set it. user.headroom may be set by whatever may write to the directory: it counts where that is root
 * alone, on a cgroup that was not delegated; elsewhere it is a wish, which only policy/ regards. Callers: any thread.
 */
#ifndef HEADROOM_ENFORCE_OWNER_PROTECT_H
#define HEADROOM_ENFORCE_OWNER_PROTECT_H

#include <stdbool.h>

/* 1: root has set it on the cgroup at `path`, which is open as dir_fd, or on one below it; 0; -errno: not known. `guest`: it belongs
 * to a container or a user. */
int owner_protect(int root_fd, int dir_fd, const char *path, bool guest);
/* … on the cgroup at `path` or on one above it: for a process that is itself the target. A path that is gone: 0. */
int owner_protect_above(int root_fd, const char *path);

#endif
