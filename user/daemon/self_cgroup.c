// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which memory cgroup we ourselves are in, from the root of the hierarchy. At start only: it may walk the whole tree.
 * In a cgroup namespace of our own the kernel says "/" of us, even where the host's hierarchy is mounted: there we look
 * for the group that lists us.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "collect/cgroupfs.h"
#include "daemon_state.h"

#define DEEPEST 32

/* Numbers count as in our own pid namespace, whoever mounted it; who is in none of it is told as 0. */
static bool lists_us(int dir_fd)
{
	int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[32];

	while (file && fgets(line, sizeof(line), file))
		if (atol(line) == getpid())
			return true;
	return false;
}

/* Takes fd. True: path has become the group that lists us, else it is as before. */
static bool find_below(int fd, char *path, size_t bytes, unsigned int depth)
{
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t used = strlen(path);
	const struct dirent *entry;

	if (!dir)
		return false;
	if (lists_us(fd))
		return true;
	while (depth && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, "..") || used + strlen(entry->d_name) + 2 > bytes)
			continue;
		snprintf(path + used, bytes - used, "/%s", entry->d_name);
		if (find_below(openat(fd, entry->d_name,
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			       path, bytes, depth - 1))
			return true;
		path[used] = '\0';
	}
	return false;
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

int daemon_own_path(const char *root, char *path, size_t bytes)
{
	struct cgroupfs fs;
	int r = as_the_kernel_says(path, bytes);

	/* Where only our own group is mounted, "/" is right: it is the root of all that can be seen. */
	if (r || strcmp(path, "/") || cgroupfs_find(root, &fs) || !fs.private_ns || fs.partial)
		return r;
	*path = '\0';
	if (!find_below(open(fs.memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, bytes,
			DEEPEST) ||
	    !*path)
		snprintf(path, bytes, "/");
	return 0;
}
