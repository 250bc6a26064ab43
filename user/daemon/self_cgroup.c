// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * In a cgroup namespace of its own a process has the path "/", even where the host's hierarchy is mounted: then the cgroup
 * that lists its pid is the one.
 */
#include "self_cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/pid_cgroup.h"

struct own_path {
	char *path;
	size_t bytes;
};

/* cgroup.procs counts as in its own pid namespace; a process outside of it is listed as 0. */
static bool lists_self(int dir_fd)
{
	int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[32];

	while (file && fgets(line, sizeof(line), file))
		if (atol(line) == getpid())
			return true;
	return false;
}

static int see(const struct cgroup_at *at, void *arg)
{
	const struct own_path *own = arg;

	if (!at->path || strlen(at->path) >= own->bytes || !lists_self(at->dir_fd))
		return 0;
	strcpy(own->path, at->path[0] ? at->path : "/");
	return 1;
}

int self_cgroup_path(const char *root, char *path, size_t bytes)
{
	_cleanup_close_ int fd = -1;
	struct own_path own = {.path = path, .bytes = bytes};
	struct cgroupfs fs;
	int r;

	*path = '\0';
	r = pid_cgroup_memory("", PID_SELF, path, bytes);
	/* Where only its own cgroup is mounted, "/" is right: it is the root of all that can be seen. */
	if (r || strcmp(path, "/") || cgroupfs_find(root, &fs) || !fs.private_ns || fs.partial)
		return r;
	fd = open(fs.memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		cgroup_walk(fd, see, &own);
	return 0;
}
