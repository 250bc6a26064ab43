// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The owner of each directory on a path: see root_names.h. */
#include "root_names.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "cgroup_dir.h"

static bool has(int dir_fd, const char *attribute, const char *wanted)
{
	char value[16];
	ssize_t n = fgetxattr(dir_fd, attribute, value, sizeof(value));

	return n == (ssize_t)strlen(wanted) && !memcmp(value, wanted, (size_t)n);
}

enum protect_attribute protect_attribute_read(int dir_fd)
{
	if (has(dir_fd, "trusted.headroom", "protect"))
		return PROTECT_ROOT;
	return has(dir_fd, "user.headroom", "protect") ? PROTECT_USER : PROTECT_NONE;
}

bool root_names_is_roots(int dir_fd, uid_t owner)
{
	struct stat st;

	if (fstat(dir_fd, &st) || (st.st_uid && st.st_uid != owner))
		return false;
	return !(st.st_mode & S_IWOTH) && (!(st.st_mode & S_IWGRP) || !st.st_gid);
}

static bool ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && !strcmp(name + n - m, suffix);
}

bool root_names_is_delegated(int dir_fd, const char *name)
{
	return (name && (ends(name, ".service") || ends(name, ".scope"))) ||
	       has(dir_fd, "user.delegate", "1") || has(dir_fd, "trusted.delegate", "1");
}

int root_names_read(int root_fd, const char *path, uid_t owner, struct root_names *ret)
{
	struct root_names names = {0};
	_cleanup_close_ int at = -1;
	bool owned = true, chosen = true;
	char part[NAME_MAX + 1];

	for (; *(path += strspn(path, "/")); path += strcspn(path, "/")) {
		size_t n = strcspn(path, "/");
		int fd;

		if (n >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, path, n);
		part[n] = '\0';
		fd = cgroup_open_any(at < 0 ? root_fd : at, part);
		if (fd < 0)
			return fd;
		cleanup_closep(&at);
		at = fd;
		names.parts++;
		names.owned += owned;
		names.chosen += chosen;
		owned = owned && root_names_is_roots(fd, owner);
		chosen = chosen && owned && !root_names_is_delegated(fd, part);
	}
	*ret = names;
	return 0;
}
