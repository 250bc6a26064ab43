// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define LINKS_MAX 40 /* as the kernel has it (MAXSYMLINKS) */

/* The target of the link `name` in dir, followed by `rest`, into path. */
static int follow(int dir, const char *name, const char *rest, char path[PATH_MAX])
{
	_cleanup_close_ int link = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (link < 0 || fstat(link, &st))
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return -ENOTDIR;
	if (st.st_uid && st.st_uid != geteuid())
		return -ELOOP;
	n = readlinkat(link, "", target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = 0;
	return snprintf(path, PATH_MAX, "%s/%s", target, rest) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The directory at `text` (changed), component by component. */
static int walk(char text[PATH_MAX])
{
	int fd = open(*text == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC), links = 0;
	char *at = text;

	while (fd >= 0) {
		char *name = at + strspn(at, "/"), rest[PATH_MAX];
		size_t n = strcspn(name, "/");
		int next;

		if (!n)
			return fd;
		snprintf(rest, sizeof(rest), "%s", name + n);
		at = name + n + (name[n] == '/');
		name[n] = 0;
		next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && (errno == ENOTDIR || errno == ELOOP)) {
			int r = ++links > LINKS_MAX ? -ELOOP : follow(fd, name, rest, text);

			if (r) {
				close(fd);
				return r;
			}
			next = *text == '/' ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : dup(fd);
			at = text;
		}
		if (next < 0)
			next = -errno;
		close(fd);
		fd = next;
		if (fd < 0)
			return fd;
	}
	return -errno;
}

int safe_dir(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char dir[PATH_MAX];

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash + 1 - path) : 1,
		     slash ? path : ".") >= (int)sizeof(dir))
		return -ENAMETOOLONG;
	*ret_name = name;
	return walk(dir);
}

/* A process that root started and that has become a user of its own (own_uid.h) writes root's files, as it would otherwise: its number may
 * be another one at the next start. Without CAP_CHOWN this does nothing. */
static void give_to_root(int fd)
{
	if (geteuid() && fchown(fd, 0, 0))
		return;
}

int safe_open(const char *path, int flags, mode_t mode)
{
	const char *name;
	_cleanup_close_ int dir = safe_dir(path, &name);
	_cleanup_close_ int fd = -1;
	struct stat st, above;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
	if (fd < 0 || fstat(fd, &st) || fstat(dir, &above))
		return -errno;
	if (flags & O_CREAT && ((S_ISREG(st.st_mode) && st.st_nlink > 1) ||
				(st.st_uid && st.st_uid != geteuid() && st.st_uid != above.st_uid)))
		return -EPERM;
	if (flags & O_CREAT && S_ISREG(st.st_mode) && st.st_uid && st.st_uid == geteuid() &&
	    !st.st_size && !above.st_uid)
		give_to_root(fd);
	return take_fd(fd);
}

int safe_file_begin(const char *path, mode_t mode, struct safe_file *ret_file)
{
	struct safe_file f = {.fd = -1};
	const char *name;

	f.dir_fd = safe_dir(path, &name);
	if (f.dir_fd < 0)
		return f.dir_fd;
	if (snprintf(f.name, sizeof(f.name), "%s", name) >= (int)sizeof(f.name) ||
	    snprintf(f.temporary, sizeof(f.temporary), "%s.new", name) >=
		    (int)sizeof(f.temporary)) {
		close(f.dir_fd);
		return -ENAMETOOLONG;
	}
	/* what a process that was killed left, or what another user put there */
	unlinkat(f.dir_fd, f.temporary, 0);
	f.fd = openat(f.dir_fd, f.temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      mode);
	if (f.fd < 0) {
		int r = -errno;

		close(f.dir_fd);
		return r;
	}
	*ret_file = f;
	return 0;
}

static void end(struct safe_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	f->fd = f->dir_fd = -1;
}

void safe_file_abort(struct safe_file *f)
{
	if (f->dir_fd >= 0)
		unlinkat(f->dir_fd, f->temporary, 0);
	end(f);
}

int safe_file_commit(struct safe_file *f)
{
	int r = renameat(f->dir_fd, f->temporary, f->dir_fd, f->name) ? -errno : 0;

	if (r)
		safe_file_abort(f);
	end(f);
	return r;
}
