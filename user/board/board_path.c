// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The board's file: see board_path.h. The directory of a default path must belong to us: any user
 * may create one in /dev/shm first. */
#include "board_path.h"

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

#include <headroom/board.h>
#include "base/cleanup.h"

#define PATH_GROUP "headroom"
#define PATH_NEW   ".new"
#define PATH_LOCK  ".lock"

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

/* From the file, not from NSS: a lookup over the network could block the daemon's start. */
static bool find_group(unsigned int *ret_gid)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/group", "re");
	struct group *group;

	while (f && (group = fgetgrent(f)))
		if (!strcmp(group->gr_name, PATH_GROUP)) {
			*ret_gid = group->gr_gid;
			return true;
		}
	return false;
}

/* Opens the directory, and creates it where it is missing. Readers must be able to enter it: 0750
 * for their group. Where there is no such group the board is readable by its owner alone, and so is
 * the directory. */
static int open_dir(const char *dir, bool ours, struct board_path *at)
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
	if ((made || ours) && at->has_group) {
		if (fchown(fd, (uid_t)-1, at->group))
			at->has_group = false; /* neither root nor a member */
		else if (fchmod(fd, 0750))
			return -errno;
	}
	at->tmpfs = is_tmpfs(fd);
	at->dir_fd = take_fd(fd);
	return 0;
}

int board_path_open(const char *path, struct board_path *ret_path)
{
	struct board_path at = {.dir_fd = -1};
	_cleanup_free_ char *copy = NULL, *dir = NULL;
	bool ours = false;
	char *slash;
	int r;

	if (!path)
		path = secure_getenv("HEADROOM_BOARD");
	if (!path || !*path) {
		if (geteuid())
			return -EACCES; /* only a daemon that runs as root writes the default board */
		path = default_path();
		ours = true;
	}
	copy = strdup(path);
	dir = strdup(path);
	if (!copy || !dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	at.file = slash ? copy + (slash - dir) + 1 : copy;
	if (!*at.file || !strcmp(at.file, ".") || !strcmp(at.file, "..") ||
	    strlen(at.file) + sizeof(PATH_LOCK) > NAME_MAX)
		return -EINVAL;
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = 0; /* "/board" is in "/" */
	at.has_group = find_group(&at.group);
	r = open_dir(dir, ours, &at);
	if (r)
		return r;
	at.path = take_ptr(copy);
	*ret_path = at;
	return 0;
}

void board_path_close(struct board_path *at)
{
	if (at->dir_fd >= 0)
		close(at->dir_fd);
	at->dir_fd = -1;
	free(at->path);
	at->path = NULL;
}

static const char *sibling_name(const struct board_path *at, const char *suffix,
				char name[NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "%s%s", at->file, suffix);
	return name;
}

int board_path_lock(const struct board_path *at, int *ret_fd)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = openat(at->dir_fd, sibling_name(at, PATH_LOCK, name),
					O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	*ret_fd = take_fd(fd);
	return 0;
}

int board_path_create(const struct board_path *at, uint64_t bytes, int *ret_fd)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = -1;
	mode_t mode = 0600;
	int r;

	sibling_name(at, PATH_NEW, name);
	unlinkat(at->dir_fd, name, 0); /* left by a daemon that was killed; we hold the lock */
	fd = openat(at->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (at->has_group && !fchown(fd, (uid_t)-1, at->group))
		mode = 0640;
	r = fchmod(fd, mode) ? errno : posix_fallocate(fd, 0, (off_t)bytes);
	if (r) {
		board_path_discard(at);
		return -r;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

int board_path_publish(const struct board_path *at)
{
	char name[NAME_MAX + 1];

	sibling_name(at, PATH_NEW, name);
	return renameat(at->dir_fd, name, at->dir_fd, at->file) ? -errno : 0;
}

void board_path_discard(const struct board_path *at)
{
	char name[NAME_MAX + 1];

	unlinkat(at->dir_fd, sibling_name(at, PATH_NEW, name), 0);
}
