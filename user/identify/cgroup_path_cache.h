/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A cgroup's path by its id, for an opener that may not open by handle (no CAP_DAC_READ_SEARCH: a
 * daemon without root, or in a plain container): one walk over the hierarchy finds all of them. A
 * cgroup that is not in the last walk causes another one, but walks take at most a tenth of the
 * time.
 */
#ifndef HEADROOM_IDENTIFY_CGROUP_PATH_CACHE_H
#define HEADROOM_IDENTIFY_CGROUP_PATH_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct path_cache {
	struct path_cache_entry {
		uint64_t id; /* inode number; kernfs gives a directory its cgroup's id for that */
		char *path;
	} * entries; /* by id */
	size_t n, space;
	uint64_t walked_ns, took_ns;
};

/* 0 with the path from root_fd, which begins with a slash; -ENOENT; -EAGAIN: not found, and too
 * early for another walk; or -errno. */
int path_cache_find(struct path_cache *cache, int root_fd, uint64_t id, char *ret_path,
		    size_t bytes);
void path_cache_done(struct path_cache *cache);

#endif
