/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which cgroup a process is in: /proc/PID/cgroup. Never allocates. Callers: any thread. */
#ifndef HEADROOM_PID_CGROUP_H
#define HEADROOM_PID_CGROUP_H

#include <stddef.h>
#include <stdint.h>

#define PID_SELF 0

/* In the v1 hierarchy that has `controller`, or in v2's (""). `proc_fd` is a /proc; pid as in its
 * pid namespace, or PID_SELF. v1 shows "/" for all processes that are exiting. 0; -ENOENT: no such
 * process, or no such hierarchy; -EACCES; -ENAMETOOLONG; another -errno. */
int pid_cgroup(int proc_fd, uint32_t pid, const char *controller, char *ret_path, size_t size);

/* In the hierarchy that memory is on: v1's, else v2's, which on a hybrid host has no memory. `root`
 * is where the host's /proc stands; "" for here. Errors as above. */
int pid_cgroup_memory(const char *root, uint32_t pid, char *ret_path, size_t size);

#endif
