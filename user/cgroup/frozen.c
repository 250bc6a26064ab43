// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "frozen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup_dir.h"
#include "cgroupfs.h"
#include "pid_cgroup.h"

#define TEXT 128

/* The cgroup that holds the process in this hierarchy; -1: the root, which cannot be frozen, or unknown. */
static int open_of(int proc_fd, int root_fd, uint32_t pid, const char *controller)
{
	char path[PATH_MAX];

	if (root_fd < 0 || pid_cgroup(proc_fd, pid, controller, path, sizeof(path)) || !path[0] ||
	    !path[1])
		return -1;
	return openat(root_fd, path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int state_v1(int dir_fd)
{
	char text[TEXT];
	int r = cgroup_read(dir_fd, "freezer.state", text, sizeof(text));

	return r < 0 ? r : text[0] == 'F'; /* FROZEN, FREEZING */
}

static int state_v2(int dir_fd)
{
	char text[TEXT];
	int events = cgroup_read(dir_fd, "cgroup.events", text, sizeof(text)), freeze;

	if (events > 0 && strstr(text, "frozen 1"))
		return 1;
	freeze = cgroup_read(dir_fd, "cgroup.freeze", text, sizeof(text));
	return freeze > 0 ? text[0] == '1' : freeze;
}

bool frozen_v1(int proc_fd, int root_fd, uint32_t pid)
{
	_cleanup_close_ int fd = open_of(proc_fd, root_fd, pid, "freezer");

	return fd >= 0 && state_v1(fd) == 1;
}

bool frozen_v2(int proc_fd, int root_fd, uint32_t pid)
{
	_cleanup_close_ int fd = open_of(proc_fd, root_fd, pid, "");

	return fd >= 0 && state_v2(fd) == 1;
}

static int open_dir(const char *path)
{
	return *path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

int frozen_open(const char *root, struct frozen_look *ret_look)
{
	_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));
	char proc[PATH_MAX];
	int r;

	*ret_look = (struct frozen_look){-1, -1, -1, -1, false};
	r = fs ? cgroupfs_find(root, fs) : -ENOMEM;
	if (r)
		return r;
	snprintf(proc, sizeof(proc), "%s/proc", root);
	*ret_look = (struct frozen_look){.proc_fd = open_dir(proc),
					 .memory_fd = open_dir(fs->memory),
					 .freezer_fd = open_dir(fs->freezer),
					 .unified_fd = open_dir(fs->unified),
					 .v1 = fs->layout != CGROUP_V2};
	return 0;
}

void frozen_close(struct frozen_look *look)
{
	int *const fds[] = {&look->proc_fd, &look->memory_fd, &look->freezer_fd, &look->unified_fd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(take_fd(*fds[i]));
}

/* The first process of this cgroup itself; -ESRCH: none; -EXDEV: of another PID namespace. */
static int first_process(int dir_fd, uint32_t *ret_pid)
{
	char text[TEXT];
	int r = cgroup_read(dir_fd, "cgroup.procs", text, sizeof(text));

	if (r <= 0)
		return r ?: -ESRCH;
	*ret_pid = (uint32_t)strtoul(text, NULL, 10);
	return *ret_pid ? 0 : -EXDEV;
}

static int group_v1(const struct frozen_look *look, int memory_fd, const char *path)
{
	_cleanup_close_ int fd = -1;
	uint32_t pid;
	int r = first_process(memory_fd, &pid);

	if (!r)
		return frozen_v1(look->proc_fd, look->freezer_fd, pid) ||
		       frozen_v2(look->proc_fd, look->unified_fd, pid);
	if (r != -ESRCH || look->freezer_fd < 0)
		return r;
	fd = cgroup_open_any(look->freezer_fd, path);
	return fd < 0 ? fd : state_v1(fd);
}

int frozen_cgroup(const struct frozen_look *look, const char *path, uint64_t id)
{
	_cleanup_close_ int fd = -1;

	if (look->memory_fd < 0)
		return -ENOENT;
	fd = cgroup_open_path(look->memory_fd, path, id);
	if (fd < 0)
		return fd;
	return look->v1 ? group_v1(look, fd, path) : state_v2(fd);
}
