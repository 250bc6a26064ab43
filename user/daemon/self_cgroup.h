/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef HEADROOM_DAEMON_SELF_CGROUP_H
#define HEADROOM_DAEMON_SELF_CGROUP_H

#include <stddef.h>

/* The memory cgroup of this process, from the root of the hierarchy; root: where the host's /proc and /sys are mounted. At
 * start only: it may walk the whole tree. 0 or -errno. */
int self_cgroup_path(const char *root, char *path, size_t bytes);

#endif
