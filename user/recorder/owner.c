// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/own_uid.h"
#include "base/safe_file.h"

#define GROUP "headroom" /* may read the board, and so the history */

static bool group_of_readers(const char *etc, uint32_t *ret_gid)
{
	char path[PATH_MAX];
	_cleanup_fclose_ FILE *f = NULL;
	const struct group *group;

	snprintf(path, sizeof(path), "%s/group", etc);
	f = fopen(path, "re");
	while (f && (group = fgetgrent(f)))
		if (!strcmp(group->gr_name, GROUP)) {
			*ret_gid = group->gr_gid;
			return true;
		}
	return false;
}

/* The owner of the file, or else of its directory; if that is root, the recorder's own user. */
static int find_user(int dir, const char *name, const struct stat *above, const char *etc,
		     struct store_owner *owner)
{
	struct stat st;
	int r = 0;

	owner->uid = above->st_uid;
	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) && st.st_uid)
		owner->uid = st.st_uid;
	owner->gid = owner->uid;
	if (!owner->uid)
		r = own_uid_find(OWN_UID_RECORDER, etc, &owner->uid, &owner->gid);
	if (r && r != -EBUSY)
		return r;
	if (above->st_gid)
		owner->gid = above->st_gid;
	else
		group_of_readers(etc, &owner->gid);
	return r;
}

/* Only a file of root's with one name: a second name may be another user's link to a file that is no history. */
static int give(int dir, const char *name, const struct store_owner *owner)
{
	_cleanup_close_ int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid)
		return 0;
	return fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) ? -errno : 0;
}

static void make_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (slash &&
	    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path) < (int)sizeof(dir))
		mkdir(dir, 0750);
}

int store_owner_find(const char *path, bool take_directory, const char *etc,
		     struct store_owner *ret_owner)
{
	static const char *const parts[] = {"", "-wal", "-shm", ".lock"};
	struct store_owner owner;
	_cleanup_close_ int dir = -1;
	const char *name;
	struct stat above;
	int r, found;

	if (take_directory)
		make_directory(path);
	dir = safe_dir(path, &name);
	if (dir < 0)
		return dir;
	if (fstat(dir, &above))
		return -errno;
	found = find_user(dir, name, &above, etc, &owner);
	if (found && found != -EBUSY)
		return found;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char file[NAME_MAX + 1];

		if (snprintf(file, sizeof(file), "%s%s", name, parts[i]) >= (int)sizeof(file))
			return -ENAMETOOLONG;
		r = give(dir, file, &owner);
		if (r)
			return r;
	}
	/* Last: as long as it is root's, no other user puts anything there. */
	owner.directory = above.st_uid == owner.uid;
	if (take_directory && !above.st_uid) {
		if (fchownat(dir, "", owner.uid, owner.gid, AT_EMPTY_PATH))
			return -errno;
		owner.directory = true;
	}
	*ret_owner = owner;
	return found;
}
