// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One cgroup directory: see group.h. */
#include "cgroup_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <headroom/board.h>
#include "base/cleanup.h"
#include "collect/kv_parse.h"

#define FILEID_KERNFS 0xfe /* linux/exportfs.h, 5.5 and later: the handle is the 64-bit cgroup id */

union handle {
	struct file_handle h;
	char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

struct dirent_raw { /* what getdents64 fills */
	uint64_t ino;
	int64_t off;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

int group_id(int dir_fd, uint64_t *ret_id)
{
	union handle u = {.h.handle_bytes = MAX_HANDLE_SZ};
	struct stat st;
	int mount_id;

	if (!name_to_handle_at(dir_fd, "", &u.h, &mount_id, AT_EMPTY_PATH) &&
	    u.h.handle_bytes == 8 && u.h.handle_type == FILEID_KERNFS) {
		memcpy(ret_id, u.h.f_handle, 8);
		return 0;
	}
	if (fstat(dir_fd, &st) < 0)
		return -errno;
	*ret_id = st.st_ino;
	return 0;
}

static bool has_dots(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		size_t n;

		p += *p == '/';
		n = strcspn(p, "/");
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return true;
	}
	return false;
}

int group_open(int root_fd, const char *path, uint64_t id)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	_cleanup_close_ int fd = -1;
	uint64_t found;
	int r;

	path += strspn(path, "/");
	if (!*path || has_dots(path))
		return -EINVAL;
	fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how)); /* 5.6 */
	if (fd < 0)
		return errno == EXDEV || errno == ELOOP ? -EINVAL : -errno;
	r = group_id(fd, &found);
	if (r < 0)
		return r;
	if (found != id)
		return -ESTALE;
	return take_fd(fd);
}

static int protected_here(int dir_fd, void *arg)
{
	char value[16];
	ssize_t n = fgetxattr(dir_fd, "user.headroom", value, sizeof(value));

	(void)arg;
	return n == 7 && !memcmp(value, "protect", 7);
}

/* Where the kernel gives cgroups no user.* attributes (v2: since 5.7; v1: seen on 6.18 only), nobody has said so. */
int group_protected(int dir_fd) { return group_walk(dir_fd, protected_here, NULL); }

int group_protected_above(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char at[PATH_MAX];
	size_t n;

	path += strspn(path, "/");
	n = strlen(path);
	if (n >= sizeof(at) || has_dots(path))
		return -EINVAL;
	memcpy(at, path, n + 1);
	for (char *end = at + n; end != at; end = strrchr(at, '/') ?: at) {
		_cleanup_close_ int fd = -1;

		*end = '\0';
		fd = (int)syscall(SYS_openat2, root_fd, at, &how, sizeof(how));
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
			return -errno;
		if (fd >= 0 && protected_here(fd, NULL))
			return 1;
	}
	return 0;
}

int group_read(int dir_fd, const char *file, char *text, size_t size)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fields_read(fd, text, size - 1, true);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return (int)n;
}

int group_read_number(int dir_fd, const char *file, uint64_t *ret_value)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : group_pread_number(fd, ret_value);
}

int group_pread_number(int fd, uint64_t *ret_value)
{
	char text[32];
	ssize_t n = fields_read(fd, text, sizeof(text), true);
	__u64 value;
	int r;

	if (n < 0)
		return (int)n;
	r = fields_number(text, (size_t)n, &value);
	if (r < 0)
		return r;
	*ret_value = value;
	return 0;
}

int group_write(int dir_fd, const char *file, const char *text)
{
	_cleanup_close_ int fd =
		openat(dir_fd, file, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	size_t n = strlen(text);

	if (fd < 0)
		return -errno;
	return write(fd, text, n) == (ssize_t)n ? 0 : -errno;
}

int group_entries(int dir_fd, int (*fn)(const char *name, unsigned char type, void *arg), void *arg)
{
	_Alignas(struct dirent_raw) char buffer[2048];
	int r = 0;

	if (lseek(dir_fd, 0, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		long n = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer));

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n && !r;) {
			const struct dirent_raw *d = (const struct dirent_raw *)(buffer + at);

			r = fn(d->name, d->type, arg);
			at += d->bytes;
		}
		if (r)
			return r;
	}
}

struct walk {
	int (*fn)(int dir_fd, void *arg);
	void *arg;
	int dir_fd, depth;
};

static int walk_here(const struct walk *walk);

static int walk_child(const char *name, unsigned char type, void *arg)
{
	const struct walk *above = arg;
	_cleanup_close_ int fd = -1;
	struct walk below = *above;

	if ((type != DT_DIR && type != DT_UNKNOWN) || name[0] == '.')
		return 0;
	fd = openat(above->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	below.dir_fd = fd;
	below.depth++;
	return walk_here(&below);
}

static int walk_here(const struct walk *walk)
{
	struct stat st;
	int r = walk->fn(walk->dir_fd, walk->arg);

	/* kernfs counts 2 + directories below; most containers have none */
	if (r || (!fstat(walk->dir_fd, &st) && st.st_nlink == 2))
		return r;
	if (walk->depth >= GROUP_DEPTH)
		return -ELOOP;
	r = group_entries(walk->dir_fd, walk_child, (void *)walk);
	return r == -ENOENT ? 0 : r;
}

int group_walk(int dir_fd, int (*fn)(int dir_fd, void *arg), void *arg)
{
	return walk_here(&(struct walk){.fn = fn, .arg = arg, .dir_fd = dir_fd});
}

struct pids {
	int (*fn)(uint32_t pid, void *arg);
	void *arg;
};

/* Numbers, each on a line; a read may end in the middle of one. 0 stands for a process of a pid namespace above ours. */
static int pids_here(int dir_fd, void *arg)
{
	const struct pids *pids = arg;
	_cleanup_close_ int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[4096];
	uint32_t pid = 0;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	for (;;) {
		ssize_t n = read(fd, text, sizeof(text));

		if (n < 0 && errno == EINTR)
			continue;
		/* ENODEV: removed; EOPNOTSUPP: threaded, its processes are told by the group above */
		if (n <= 0)
			return 0;
		for (ssize_t i = 0; i < n; i++) {
			int r = 0;

			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (uint32_t)(text[i] - '0');
				continue;
			}
			if (pid)
				r = pids->fn(pid, pids->arg);
			pid = 0;
			if (r)
				return r;
		}
	}
}

int group_pids(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg)
{
	struct pids pids = {.fn = fn, .arg = arg};

	return group_walk(dir_fd, pids_here, &pids);
}

static int any(uint32_t pid, void *arg)
{
	(void)pid, (void)arg;
	return 1;
}

bool group_empty(int dir_fd) { return group_pids(dir_fd, any, NULL) == 0; }
