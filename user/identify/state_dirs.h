/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The opener's two ways to open: what an administrator placed, and what lies below it.
 * Descriptor, or -errno. */
#ifndef HEADROOM_IDENTIFY_STATE_DIRS_H
#define HEADROOM_IDENTIFY_STATE_DIRS_H

#include "opener_proto.h"

/* Links are followed, but never out of the root. */
int places_open_dir(int root_fd, const char *dir);
/* No links, nothing upwards. */
int places_open_below(int dir_fd, const char *path, uint64_t flags);

#endif
