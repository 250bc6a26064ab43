/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which names of a cgroup's path root chose. Whatever may write to a cgroup's directory chooses the names of the cgroups below
 * it: so a name is root's where every directory above it belongs to root (or to the user that runs the daemon) and nothing else
 * may write to it, and where none of them was delegated: services and scopes of systemd (Delegate= exists for those two alone,
 * systemd.resource-control(5)), and what has the attribute user.delegate or trusted.delegate, by which systemd marks them
 * (systemd: docs/CGROUP_DELEGATION.md). Opens directories and reads none. Callers: any thread.
 */
#ifndef HEADROOM_CGROUP_ROOT_NAMES_H
#define HEADROOM_CGROUP_ROOT_NAMES_H

#include <stdbool.h>
#include <sys/types.h>

struct root_names {
	unsigned int parts;  /* components of the path */
	unsigned int owned;  /* so many of them, from the first, are in directories of root alone */
	unsigned int chosen; /* and so many of those are in no delegated one, too */
};

/* `path` from the directory of root_fd, which is trusted itself; `owner`: a uid that counts as root. 0 or -errno; a cgroup that is
 * gone: -ENOENT. */
int root_names_read(int root_fd, const char *path, uid_t owner, struct root_names *ret_names);
/* A directory of root (or `owner`) that no other may write to. False if that is not known. */
bool root_names_is_roots(int dir_fd, uid_t owner);
/* Whether what is below a directory may be another's: it has such an attribute, or this name (NULL: no name). */
bool root_names_is_delegated(int dir_fd, const char *name);

/* headroom=protect among the attributes of a directory. */
enum protect_attribute {
	PROTECT_NONE,
	PROTECT_USER, /* user.headroom: whatever may write to the directory has set it */
	PROTECT_ROOT, /* trusted.headroom: only CAP_SYS_ADMIN of the initial user namespace sets and sees it */
};
enum protect_attribute protect_attribute_read(int dir_fd);

#endif
