// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The daemon's own memory cgroup, from the root of the hierarchy. At start only: it may walk the whole tree. In a cgroup
 * namespace of its own the kernel reports "/", even where the host's hierarchy is mounted: then the cgroup that lists the
 * daemon's pid is the one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/pid_cgroup.h"
#include "daemon_state.h"

struct own_path {
	char *path;
	size_t bytes;
};

/* cgroup.procs counts as in our own pid namespace; a process outside of it is listed as 0. */
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

static int see(const struct cgroup_at *at, void *arg)
{
	const struct own_path *own = arg;

	if (!at->path || strlen(at->path) >= own->bytes || !lists_us(at->dir_fd))
		return 0;
	strcpy(own->path, at->path[0] ? at->path : "/");
	return 1;
}

int daemon_own_path(const char *root, char *path, size_t bytes)
{
	_cleanup_close_ int fd = -1;
	struct own_path own = {.path = path, .bytes = bytes};
	struct cgroupfs fs;
	int r;

	*path = '\0';
	r = pid_cgroup_memory("", PID_SELF, path, bytes);
	/* Where only our own cgroup is mounted, "/" is right: it is the root of all that can be seen. */
	if (r || strcmp(path, "/") || cgroupfs_find(root, &fs) || !fs.private_ns || fs.partial)
		return r;
	fd = open(fs.memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		cgroup_walk(fd, see, &own);
	return 0;
}
