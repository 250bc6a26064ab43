/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where large tmpfs file systems of this host are mounted: memory that outlives its container is in one of them, or in System V
 * segments. Reads /proc/PID/mounts, and asks tmpfs alone for its size, which cannot hang. */
#ifndef HEADROOM_CLI_TMPFS_PLACES_H
#define HEADROOM_CLI_TMPFS_PLACES_H

#include <stddef.h>
#include <stdint.h>

struct tmpfs_place {
	uint64_t used, size; /* bytes; size 0: no limit */
	uint64_t device;
	uint32_t pid;   /* the mount namespace is its; 0: this one */
	char path[256]; /* there */
};

/* The largest first, those with at least `least` bytes in use: in this mount namespace, and in those of the processes, which may be gone
 * or not readable. Returns how many. */
size_t tmpfs_places(const uint32_t *pids, size_t n, uint64_t least, struct tmpfs_place *out,
		    size_t most);

#endif
