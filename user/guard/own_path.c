// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which memory cgroup we ourselves are in, from the root of the hierarchy. At start only: it may walk the whole tree.
 * In a cgroup namespace of our own the kernel says "/" of us, even where the host's hierarchy is mounted: there we look
 * for the group that lists us.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sense/cgroupfs.h"
#include "state.h"

#define OPEN_DIRS 16

static struct search {
	pid_t pid;
	size_t top; /* bytes of the mount's path, not part of the answer */
	char *path;
	size_t bytes;
} search; /* nftw() takes no argument for its function */

/* Numbers count as in our own pid namespace, whoever mounted it; who is in none of it is told as 0. */
static bool lists_us(const char *procs)
{
	_cleanup_fclose_ FILE *file = fopen(procs, "re");
	char line[32];

	while (file && fgets(line, sizeof(line), file))
		if (atol(line) == search.pid)
			return true;
	return false;
}

static int look_at(const char *path, const struct stat *st, int type, struct FTW *where)
{
	int n = where->base - 1 - (int)search.top;

	if (type != FTW_F || strcmp(path + where->base, "cgroup.procs") || n < 1 || !lists_us(path))
		return 0;
	snprintf(search.path, search.bytes, "%.*s", n, path + search.top);
	return 1;
}

/* Left as it is where no group lists us. */
static void find_by_number(const struct cgroupfs *fs, char *path, size_t bytes)
{
	search = (struct search){getpid(), strlen(fs->memory), path, bytes};
	nftw(fs->memory, look_at, OPEN_DIRS, FTW_PHYS);
}

static int as_the_kernel_says(char *path, size_t bytes)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	char line[600], *controllers, *from;

	*path = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		controllers = strchr(line, ':');
		from = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!from)
			continue;
		*from++ = '\0';
		from[strcspn(from, "\n")] = '\0';
		/* "N:…memory…:PATH", or "0::PATH" */
		if (!strstr(controllers, "memory") && (controllers[1] || *path))
			continue;
		snprintf(path, bytes, "%.500s", from);
	}
	return *path ? 0 : -ENODATA;
}

int guard_own_path(const char *root, char *path, size_t bytes)
{
	struct cgroupfs fs;
	int r = as_the_kernel_says(path, bytes);

	/* Where only our own group is mounted, "/" is right: it is the root of all that can be seen. */
	if (!r && !strcmp(path, "/") && !cgroupfs_find(root, &fs) && fs.private_ns && !fs.partial)
		find_by_number(&fs, path, bytes);
	return r;
}
