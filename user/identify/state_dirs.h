/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The opener's two ways to open: the administrator's directories, and files below them. A
 * descriptor, or -errno. */
#ifndef HEADROOM_IDENTIFY_STATE_DIRS_H
#define HEADROOM_IDENTIFY_STATE_DIRS_H

#include "opener_proto.h"

/* Links are followed, but never out of the root. */
int state_dirs_open_dir(int root_fd, const char *dir);
/* No links, no ".." above dir_fd. */
int state_dirs_open_below(int dir_fd, const char *path, uint64_t flags);

#endif
