// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom=protect: see owner_protect.h. The kernel gives cgroups user.* attributes on v2 since 5.7, on v1 as seen on 6.18; where
 * it does not, none is set. trusted.* attributes are older than cgroup v2 (setting and reading them takes CAP_SYS_ADMIN). */
#include "owner_protect.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/root_names.h"

struct look {
	bool guest; /* at the cgroup and below, only trusted.headroom counts */
	bool below; /* the same, but for the cgroup itself */
	char given
		[PATH_MAX]; /* the same below this cgroup, seen last of those that were delegated; "": none */
};

static bool in_given(const struct look *look, const char *path)
{
	size_t n = strlen(look->given);

	return n && !strncmp(path, look->given, n) && path[n] == '/';
}

static const char *last_part(const char *path)
{
	const char *last = strrchr(path, '/');

	return last ? last + 1 : path;
}

/* Parents come first, and all that is below a cgroup comes before the next one beside it. */
static int see(const struct cgroup_at *at, void *arg)
{
	struct look *look = arg;
	enum protect_attribute set = protect_attribute_read(at->dir_fd);
	bool top = at->path && !*at->path;

	if (set == PROTECT_ROOT)
		return 1;
	if (look->guest || !at->path || (look->below && !top) || in_given(look, at->path))
		return 0;
	if (root_names_is_roots(at->dir_fd, geteuid())) {
		bool delegated = root_names_is_delegated(at->dir_fd, NULL);

		if (set == PROTECT_USER && !delegated)
			return 1;
		if (!delegated && !root_names_is_delegated(at->dir_fd, last_part(at->path)))
			return 0;
	}
	look->below |= top;
	strcpy(look->given, at->path);
	return 0;
}

int owner_protect(int root_fd, int dir_fd, const char *path, bool guest)
{
	struct root_names names;
	struct look look = {.guest = guest};

	look.guest |=
		!root_names_read(root_fd, path, geteuid(), &names) && names.chosen < names.parts;
	look.below = root_names_is_delegated(dir_fd, last_part(path));
	return cgroup_walk(dir_fd, see, &look);
}

int owner_protect_above(int root_fd, const char *path)
{
	_cleanup_close_ int at = -1;
	char part[NAME_MAX + 1];
	bool roots = true;

	for (; *(path += strspn(path, "/")); path += strcspn(path, "/")) {
		size_t n = strcspn(path, "/");
		enum protect_attribute set;
		int fd;

		if (n >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, path, n);
		part[n] = '\0';
		fd = cgroup_open_any(at < 0 ? root_fd : at, part);
		if (fd == -ENOENT || fd == -ENOTDIR)
			return 0;
		if (fd < 0)
			return fd;
		cleanup_closep(&at);
		at = fd;
		set = protect_attribute_read(fd);
		roots = roots && root_names_is_roots(fd, geteuid());
		if (set == PROTECT_ROOT ||
		    (set == PROTECT_USER && roots && !root_names_is_delegated(fd, NULL)))
			return 1;
		roots = roots && !root_names_is_delegated(fd, part);
	}
	return 0;
}
