/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which cgroup a process is in: /proc/PID/cgroup. Never allocates. Callers: any thread. */
#ifndef HEADROOM_PID_CGROUP_H
#define HEADROOM_PID_CGROUP_H

#include <stdbool.h>
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

/* This process is in a PID namespace of its own: it sees and can signal only what is in there. v1's cgroup.procs leaves out
 * the others (kernel/cgroup/cgroup-v1.c, pidlist_array_load()), v2's lists them as 0. */
bool pid_namespace_private(void);

/* The mount option hidepid (kernel: fs/proc/base.c, proc_pid_permission(); not `hidepid=off`) of /proc below `root`: it hides the
 * processes of other users, and all that have more capabilities than the reader, from those without CAP_SYS_PTRACE and outside its
 * group (gid=; 0 if it names none, so root sees all; hidepid=4 knows no group). */
bool proc_hides_processes(const char *root);
/* … and from this process. False, too, where no procfs is mounted. */
bool proc_hides_from_us(const char *root);

#endif
