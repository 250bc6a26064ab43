// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* user.headroom=protect: see owner_protect.h. The kernel gives cgroups user.* attributes on v2
 * since 5.7, on v1 as seen on
 * 6.18; where it does not, none is set. */
#include "owner_protect.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"

static bool is_set(int dir_fd)
{
	char value[16];
	ssize_t n = fgetxattr(dir_fd, "user.headroom", value, sizeof(value));

	return n == 7 && !memcmp(value, "protect", 7);
}

static int see(const struct cgroup_at *at, void *arg)
{
	(void)arg;
	return is_set(at->dir_fd);
}

int owner_protect(int dir_fd) { return cgroup_walk(dir_fd, see, NULL); }

int owner_protect_above(int root_fd, const char *path)
{
	char at[PATH_MAX];
	size_t n;

	path += strspn(path, "/");
	n = strlen(path);
	if (n >= sizeof(at))
		return -EINVAL;
	memcpy(at, path, n + 1);
	for (char *end = at + n; end != at; end = strrchr(at, '/') ?: at) {
		_cleanup_close_ int fd = -1;

		*end = '\0';
		fd = cgroup_open_any(root_fd, at);
		if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ||
		    (fd == -EINVAL && end == at + n))
			return fd;
		if (fd >= 0 && is_set(fd))
			return 1;
	}
	return 0;
}
