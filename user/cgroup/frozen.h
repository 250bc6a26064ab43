/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Whether processes are frozen: docker pause, systemctl freeze, cgroup.freeze (v2), freezer.state (v1). Only reads, never
 * allocates but in frozen_open(). Callers: any thread.
 *
 * v2 (Documentation/admin-guide/cgroup-v2.rst): cgroup.freeze is what was asked of this cgroup; "frozen 1" in cgroup.events
 * also shows an ancestor's freeze, once all processes have stopped. v1 (freezer-subsystem.rst): freezer.state is THAWED,
 * FREEZING or FROZEN, an ancestor's freeze included.
 */
#ifndef HEADROOM_CGROUP_FROZEN_H
#define HEADROOM_CGROUP_FROZEN_H

#include <stdbool.h>
#include <stdint.h>

/* Of a process: `root_fd` is the mount of v1's freezer, or of cgroup2; < 0: false. */
bool frozen_v1(int proc_fd, int root_fd, uint32_t pid);
bool frozen_v2(int proc_fd, int root_fd, uint32_t pid);

struct frozen_look { /* -1: not mounted here */
	int proc_fd, memory_fd, freezer_fd, unified_fd;
	bool v1; /* memory is on v1 */
};

/* `root` as for cgroupfs_find(), and its errors; -ENOMEM. frozen_close() in any case. */
int frozen_open(const char *root, struct frozen_look *ret_look);
void frozen_close(struct frozen_look *look);
/* Of a memory cgroup, which must still have this id: 1, 0, or -errno where it is not known. On v1 its first process decides;
 * one without processes of its own is looked up by its path. */
int frozen_cgroup(const struct frozen_look *look, const char *path, uint64_t id);

#endif
