/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which cgroup a process is in, as the hierarchy that memory is on names it. */
#ifndef HEADROOM_PID_CGROUP_H
#define HEADROOM_PID_CGROUP_H

#include <stddef.h>
#include <stdint.h>

/* `root` is where the host's /proc stands; "" for here. 0, -ENOENT: no such process, or memory is
 * on no hierarchy of its; -EACCES; -ENAMETOOLONG. */
int pid_cgroup(const char *root, uint32_t pid, char *ret_path, size_t bytes);

#endif
