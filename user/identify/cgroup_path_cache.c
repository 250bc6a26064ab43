// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Ids to paths by walking: see finder.h. Reads directories and nothing in them; a directory that
 * cannot be listed is passed over, with what is below it.
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

static int add(struct finder *finder, uint64_t id, const char *path)
{
	if (finder->n == GROUPS_MAX)
		return -ENOSPC;
	if (finder->n == finder->space) {
		size_t space = finder->space ? finder->space * 2 : 256;
		void *more = realloc(finder->entries, space * sizeof(*finder->entries));

		if (!more)
			return -ENOMEM;
		finder->entries = more;
		finder->space = space;
	}
	finder->entries[finder->n].path = strdup(path);
	if (!finder->entries[finder->n].path)
		return -ENOMEM;
	finder->entries[finder->n++].id = id;
	return 0;
}

static int see(const struct cgroup_at *at, void *arg)
{
	return at->path && at->path[0] && strlen(at->path) < OPEN_NAME ? add(arg, at->ino, at->path)
								       : 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t one = ((const struct finder_entry *)a)->id;
	uint64_t two = ((const struct finder_entry *)b)->id;

	return one < two ? -1 : one > two;
}

void finder_done(struct finder *finder)
{
	for (size_t i = 0; i < finder->n; i++)
		free(finder->entries[i].path);
	free(finder->entries);
	*finder = (struct finder){0};
}

static int walk_all(struct finder *finder, int root_fd)
{
	uint64_t begin = clock_mono_ns();
	int r;

	finder_done(finder);
	r = cgroup_walk(root_fd, see, finder);
	if (finder->n)
		qsort(finder->entries, finder->n, sizeof(*finder->entries), by_id);
	finder->walked_ns = clock_mono_ns();
	finder->took_ns = finder->walked_ns - begin;
	return r;
}

/* Still there, under this name: ids are never used again, so it is the one that was seen. */
static const char *find(const struct finder *finder, int root_fd, uint64_t id)
{
	const struct finder_entry key = {.id = id}, *found;
	struct stat st;

	found = finder->n ? bsearch(&key, finder->entries, finder->n, sizeof(key), by_id) : NULL;
	return found && !fstatat(root_fd, found->path + 1, &st, AT_SYMLINK_NOFOLLOW) &&
			       st.st_ino == id
		       ? found->path
		       : NULL;
}

int finder_look(struct finder *finder, int root_fd, uint64_t id, char *ret_path, size_t bytes)
{
	struct stat st;
	const char *path = "/";
	int r;

	if (fstat(root_fd, &st))
		return -errno;
	if (st.st_ino != id && !(path = find(finder, root_fd, id))) {
		if (finder->walked_ns &&
		    clock_mono_ns() - finder->walked_ns < WALK_SHARE * finder->took_ns)
			return -EAGAIN;
		r = walk_all(finder, root_fd);
		path = find(finder, root_fd, id);
		if (!path)
			return r < 0 ? r : -ENOENT;
	}
	if (strlen(path) >= bytes)
		return -ENAMETOOLONG;
	strcpy(ret_path, path);
	return 0;
}
