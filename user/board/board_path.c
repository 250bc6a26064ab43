// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Where the board stands: directory, owner, lock, and a file that appears only when it is whole.
 * Never looks into a board. In the default places the directory must be ours: anybody may make one
 * in /dev/shm before us.
 */
#include "board_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"

#define PLACE_GROUP "headroom"
#define PLACE_NEW   ".new"
#define PLACE_LOCK  ".lock"

static bool is_tmpfs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static bool path_is_tmpfs(const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && is_tmpfs(fd);
}

static const char *default_path(void)
{
	if (!path_is_tmpfs("/run") && path_is_tmpfs("/dev/shm"))
		return "/dev/shm/" HR_BOARD_DIR "/" HR_BOARD_FILE;
	return "/run/" HR_BOARD_DIR "/" HR_BOARD_FILE;
}

/* From the file, not from NSS: a lookup over the network has no place in the guard's start. */
static bool find_group(unsigned int *ret_gid)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/group", "re");
	struct group *group;

	while (f && (group = fgetgrent(f)))
		if (!strcmp(group->gr_name, PLACE_GROUP)) {
			*ret_gid = group->gr_gid;
			return true;
		}
	return false;
}

/* Opens the directory, and makes it where it is missing. Readers need to pass it: 0750 for their
 * group; where there is no such group the board is its owner's alone, and so is the directory. */
static int open_dir(const char *dir, bool ours, struct place *place)
{
	bool made = !mkdir(dir, 0700);
	int made_errno = errno;
	_cleanup_close_ int fd =
		open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (ours ? O_NOFOLLOW : 0));
	struct stat st;

	if (fd < 0)
		return errno == ENOENT && !made && made_errno != EEXIST ? -made_errno : -errno;
	if (fstat(fd, &st))
		return -errno;
	if (ours && (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	if ((made || ours) && place->has_group) {
		if (fchown(fd, (uid_t)-1, place->group))
			place->has_group = false; /* not root, and no member */
		else if (fchmod(fd, 0750))
			return -errno;
	}
	place->tmpfs = is_tmpfs(fd);
	place->dir_fd = take_fd(fd);
	return 0;
}

int place_open(const char *path, struct place *ret_place)
{
	struct place place = {.dir_fd = -1};
	_cleanup_free_ char *copy = NULL, *dir = NULL;
	bool ours = false;
	char *slash;
	int r;

	if (!path)
		path = secure_getenv("HEADROOM_BOARD");
	if (!path || !*path) {
		if (geteuid())
			return -EACCES; /* where everybody looks, root's guard writes */
		path = default_path();
		ours = true;
	}
	copy = strdup(path);
	dir = strdup(path);
	if (!copy || !dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	place.file = slash ? copy + (slash - dir) + 1 : copy;
	if (!*place.file || !strcmp(place.file, ".") || !strcmp(place.file, "..") ||
	    strlen(place.file) + sizeof(PLACE_LOCK) > NAME_MAX)
		return -EINVAL;
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = 0; /* "/board" stands in "/" */
	place.has_group = find_group(&place.group);
	r = open_dir(dir, ours, &place);
	if (r)
		return r;
	place.path = take_ptr(copy);
	*ret_place = place;
	return 0;
}

void place_close(struct place *place)
{
	if (place->dir_fd >= 0)
		close(place->dir_fd);
	place->dir_fd = -1;
	free(place->path);
	place->path = NULL;
}

static const char *beside(const struct place *place, const char *suffix, char name[NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "%s%s", place->file, suffix);
	return name;
}

int place_lock(const struct place *place, int *ret_fd)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = openat(place->dir_fd, beside(place, PLACE_LOCK, name),
					O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	*ret_fd = take_fd(fd);
	return 0;
}

int place_create(const struct place *place, uint64_t bytes, int *ret_fd)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = -1;
	mode_t mode = 0600;
	int r;

	beside(place, PLACE_NEW, name);
	unlinkat(place->dir_fd, name, 0); /* of one who was killed; we hold the lock */
	fd = openat(place->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (place->has_group && !fchown(fd, (uid_t)-1, place->group))
		mode = 0640;
	r = fchmod(fd, mode) ? errno : posix_fallocate(fd, 0, (off_t)bytes);
	if (r) {
		place_discard(place);
		return -r;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

int place_publish(const struct place *place)
{
	char name[NAME_MAX + 1];

	beside(place, PLACE_NEW, name);
	return renameat(place->dir_fd, name, place->dir_fd, place->file) ? -errno : 0;
}

void place_discard(const struct place *place)
{
	char name[NAME_MAX + 1];

	unlinkat(place->dir_fd, beside(place, PLACE_NEW, name), 0);
}
