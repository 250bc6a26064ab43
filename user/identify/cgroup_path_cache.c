// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Ids to paths by walking: see cgroup_path_cache.h. Reads directories and no file in them; skips a
 * directory that cannot be listed, with everything below it.
 */
#include "cgroup_path_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "opener_proto.h"

#define WALK_SHARE 10 /* of the time, one part is for walks */
#define GROUPS_MAX 200000

static int add(struct path_cache *cache, uint64_t id, const char *path)
{
	if (cache->n == GROUPS_MAX)
		return -ENOSPC;
	if (cache->n == cache->space) {
		size_t space = cache->space ? cache->space * 2 : 256;
		void *more = realloc(cache->entries, space * sizeof(*cache->entries));

		if (!more)
			return -ENOMEM;
		cache->entries = more;
		cache->space = space;
	}
	cache->entries[cache->n].path = strdup(path);
	if (!cache->entries[cache->n].path)
		return -ENOMEM;
	cache->entries[cache->n++].id = id;
	return 0;
}

static int see(const struct cgroup_at *at, void *arg)
{
	return at->path && at->path[0] && strlen(at->path) < OPEN_NAME ? add(arg, at->ino, at->path)
								       : 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t one = ((const struct path_cache_entry *)a)->id;
	uint64_t two = ((const struct path_cache_entry *)b)->id;

	return one < two ? -1 : one > two;
}

void path_cache_done(struct path_cache *cache)
{
	for (size_t i = 0; i < cache->n; i++)
		free(cache->entries[i].path);
	free(cache->entries);
	*cache = (struct path_cache){0};
}

static int walk_all(struct path_cache *cache, int root_fd)
{
	uint64_t begin = clock_mono_ns();
	int r;

	path_cache_done(cache);
	r = cgroup_walk(root_fd, see, cache);
	if (cache->n)
		qsort(cache->entries, cache->n, sizeof(*cache->entries), by_id);
	cache->walked_ns = clock_mono_ns();
	cache->took_ns = cache->walked_ns - begin;
	return r;
}

/* Whether it still has this name: the kernel never reuses an id, so it is the same cgroup. */
static const char *find(const struct path_cache *cache, int root_fd, uint64_t id)
{
	const struct path_cache_entry key = {.id = id}, *found;
	struct stat st;

	found = cache->n ? bsearch(&key, cache->entries, cache->n, sizeof(key), by_id) : NULL;
	return found && !fstatat(root_fd, found->path + 1, &st, AT_SYMLINK_NOFOLLOW) &&
			       st.st_ino == id
		       ? found->path
		       : NULL;
}

int path_cache_find(struct path_cache *cache, int root_fd, uint64_t id, char *ret_path,
		    size_t bytes)
{
	struct stat st;
	const char *path = "/";
	int r;

	if (fstat(root_fd, &st))
		return -errno;
	if (st.st_ino != id && !(path = find(cache, root_fd, id))) {
		if (cache->walked_ns &&
		    clock_mono_ns() - cache->walked_ns < WALK_SHARE * cache->took_ns)
			return -EAGAIN;
		r = walk_all(cache, root_fd);
		path = find(cache, root_fd, id);
		if (!path)
			return r < 0 ? r : -ENOENT;
	}
	if (strlen(path) >= bytes)
		return -ENAMETOOLONG;
	strcpy(ret_path, path);
	return 0;
}
