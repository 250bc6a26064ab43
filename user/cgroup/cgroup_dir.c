// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One cgroup directory: see cgroup_dir.h. Every open is an openat2(2) (5.6): the only one that the
 * resolver's seccomp filter allows. */
#include "cgroup_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kv_parse.h"

#define FILEID_KERNFS 0xfe /* linux/exportfs.h, 5.5 and later: the handle is the 64-bit kernfs id */

union handle {
	struct file_handle h;
	char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

struct dirent_raw { /* what getdents64 fills */
	uint64_t ino;
	int64_t off; /* where the next entry is read */
	uint16_t bytes;
	uint8_t type;
	char name[];
};

int cgroup_id(int dir_fd, const char *name, uint64_t *ret_id)
{
	union handle u = {.h.handle_bytes = MAX_HANDLE_SZ};
	int mount_id, flags = *name ? 0 : AT_EMPTY_PATH;
	struct stat st;

	if (!name_to_handle_at(dir_fd, name, &u.h, &mount_id, flags) && u.h.handle_bytes == 8 &&
	    u.h.handle_type == FILEID_KERNFS) {
		memcpy(ret_id, u.h.f_handle, 8);
		return 0;
	}
	if (fstatat(dir_fd, name, &st, flags | AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	*ret_id = st.st_ino;
	return 0;
}

int cgroup_open_id(int mount_fd, uint64_t id, int flags)
{
	union handle u = {.h = {.handle_bytes = 8, .handle_type = FILEID_KERNFS}};
	int fd;

	memcpy(u.h.f_handle, &id, 8);
	fd = open_by_handle_at(mount_fd, &u.h, flags | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE ? -ENOENT : -errno;
	return fd;
}

static int open_dir(int dir_fd, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = resolve,
	};
	int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int open_below(int dir_fd, const char *path)
{
	return open_dir(dir_fd, path, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
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

int cgroup_open_any(int root_fd, const char *path)
{
	int fd;

	path += strspn(path, "/");
	if (!*path || has_dots(path))
		return -EINVAL;
	fd = open_below(root_fd, path);
	return fd == -EXDEV || fd == -ELOOP ? -EINVAL : fd;
}

int cgroup_open_path(int root_fd, const char *path, uint64_t id)
{
	_cleanup_close_ int fd = cgroup_open_any(root_fd, path);
	uint64_t found;
	int r = fd < 0 ? fd : cgroup_id(fd, "", &found);

	if (r < 0)
		return r;
	if (found != id)
		return -ESTALE;
	return take_fd(fd);
}

static bool is_removed(const char *path) /* as d_path() marks it */
{
	size_t n = strlen(path), m = strlen(" (deleted)");

	return n > m && !strcmp(path + n - m, " (deleted)");
}

int cgroup_fd_path(int fd, const char *mount, char *ret_path, size_t size)
{
	char link[32], path[PATH_MAX];
	size_t top = strlen(mount);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	if (is_removed(path))
		return -ENOENT;
	if (!cgroup_path_is_below(path, mount))
		return -EXDEV;
	if ((size_t)n - top >= size)
		return -ENAMETOOLONG;
	memcpy(ret_path, path + top, (size_t)n - top + 1);
	return 0;
}

bool cgroup_path_is_sound(const char *path)
{
	if (*path != '/')
		return false;
	if (!path[1])
		return true;
	while (*path) {
		size_t n = strcspn(++path, "/");

		if (!n || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
	}
	return true;
}

bool cgroup_path_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (!path[n] || path[n] == '/');
}

int cgroup_read(int dir_fd, const char *file, char *text, size_t size)
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

int cgroup_read_number(int dir_fd, const char *file, uint64_t *ret_value)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : cgroup_pread_number(fd, ret_value);
}

int cgroup_pread_number(int fd, uint64_t *ret_value)
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

int cgroup_write(int dir_fd, const char *file, const char *text)
{
	_cleanup_close_ int fd =
		openat(dir_fd, file, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	size_t n = strlen(text);

	if (fd < 0)
		return -errno;
	return write(fd, text, n) == (ssize_t)n ? 0 : -errno;
}

/* From *from on, which moves past each entry before fn gets it. */
static int list_from(int dir_fd, int64_t *from, int (*fn)(const struct dir_entry *entry, void *arg),
		     void *arg)
{
	_Alignas(struct dirent_raw) char buffer[4096];

	if (lseek(dir_fd, *from, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		long n = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer));

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			const struct dirent_raw *d = (const struct dirent_raw *)(buffer + at);
			const struct dir_entry entry = {
				.ino = d->ino, .type = d->type, .name = d->name};
			int r;

			*from = d->off;
			at += d->bytes;
			r = fn(&entry, arg);
			if (r)
				return r;
		}
	}
}

int dir_list(int dir_fd, int (*fn)(const struct dir_entry *entry, void *arg), void *arg)
{
	int64_t from = 0;

	return list_from(dir_fd, &from, fn, arg);
}

bool dir_entry_is_dir(int dir_fd, const struct dir_entry *entry)
{
	struct stat st;

	if (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
		return false;
	if (entry->type != DT_UNKNOWN)
		return entry->type == DT_DIR;
	return !fstatat(dir_fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* A walk holds one descriptor and, for each level, where its directory is read on: it comes back by
 * "..". */
struct walk {
	int (*fn)(const struct cgroup_at *at, void *arg);
	void *arg;
	int fd;       /* the directory that is being listed */
	int child_fd; /* the one that is to be listed next */
	unsigned int depth;
	unsigned int unnamed; /* the level from which on the path does not fit; 0: none */
	int64_t from[CGROUP_DEPTH +
		     1]; /* the last one: of the level that is listed, if it is deeper */
	char path[PATH_MAX];
};

static int64_t *from_of(struct walk *walk)
{
	return &walk->from[walk->depth < CGROUP_DEPTH ? walk->depth : CGROUP_DEPTH];
}

struct place {
	uint64_t ino;
	bool found;
};

static int is_place(const struct dir_entry *entry, void *arg)
{
	struct place *place = arg;

	place->found = entry->ino == place->ino;
	return place->found;
}

/* After the entry of the directory that the walk came from. False: it has vanished. */
static bool find_place(struct walk *walk, uint64_t ino)
{
	struct place place = {.ino = ino};

	if (walk->depth < CGROUP_DEPTH)
		return true;
	*from_of(walk) = 0;
	return list_from(walk->fd, from_of(walk), is_place, &place) == 1 && place.found;
}

static void path_down(struct walk *walk, const char *name)
{
	size_t used = strlen(walk->path), n = strlen(name);

	if (!walk->unnamed && used + n + 2 > sizeof(walk->path))
		walk->unnamed = walk->depth + 1;
	if (walk->unnamed)
		return;
	walk->path[used] = '/';
	memcpy(walk->path + used + 1, name, n + 1);
}

/* `level` is the one that is left. */
static void path_up(struct walk *walk, unsigned int level)
{
	if (!walk->unnamed)
		*strrchr(walk->path, '/') = '\0';
	else if (walk->unnamed == level)
		walk->unnamed = 0;
}

/* Calls fn; *ret is its result. Whether there may be directories below that are to be listed. */
static bool visit(struct walk *walk, int fd, int *ret)
{
	struct stat st;
	bool known = !fstat(fd, &st);
	const struct cgroup_at at = {
		.dir_fd = fd,
		.ino = known ? st.st_ino : 0,
		.path = walk->unnamed ? NULL : walk->path,
	};

	*ret = walk->fn(&at, walk->arg);
	/* kernfs counts 2 + directories below; most containers have none */
	return !*ret && !(known && st.st_nlink == 2);
}

/* 1: walk->child_fd is to be listed now. */
static int walk_entry(const struct dir_entry *entry, void *arg)
{
	struct walk *walk = arg;
	_cleanup_close_ int fd = -1;
	int r;

	if (!dir_entry_is_dir(walk->fd, entry))
		return 0;
	fd = open_below(walk->fd, entry->name);
	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : 0;
	path_down(walk, entry->name);
	if (visit(walk, fd, &r)) {
		walk->child_fd = take_fd(fd);
		return INT_MAX;
	}
	path_up(walk, walk->depth + 1);
	return r;
}

/* Replaces the directory that is being listed. Takes fd. */
static int walk_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return fd;
	close(walk->fd);
	walk->fd = fd;
	return 0;
}

/* To the directory above, after the entry of the one that is left. 1: no more of it. */
static int walk_up(struct walk *walk)
{
	struct stat st = {0};
	int r;

	if (walk->depth > CGROUP_DEPTH && fstat(walk->fd, &st) < 0)
		return -errno;
	path_up(walk, walk->depth--);
	r = walk_to(walk, open_dir(walk->fd, "..", 0));
	return r ? r : !find_place(walk, st.st_ino);
}

static int walk_below(struct walk *walk)
{
	for (;;) {
		int r = list_from(walk->fd, from_of(walk), walk_entry, walk);

		if (r == INT_MAX) {
			r = walk_to(walk, walk->child_fd);
			if (r)
				return r;
			walk->depth++;
			*from_of(walk) = 0;
			continue;
		}
		if (r && r != -ENOENT) /* -ENOENT: removed while it was listed */
			return r;
		do {
			if (!walk->depth)
				return 0;
			r = walk_up(walk);
		} while (r == 1);
		if (r)
			return r;
	}
}

int cgroup_walk(int dir_fd, int (*fn)(const struct cgroup_at *at, void *arg), void *arg)
{
	struct walk walk;
	int r;

	walk.fn = fn;
	walk.arg = arg;
	walk.depth = walk.unnamed = 0;
	walk.from[0] = 0;
	walk.path[0] = '\0';
	if (!visit(&walk, dir_fd, &r))
		return r;
	walk.fd = open_dir(dir_fd, ".", 0); /* its own position */
	if (walk.fd < 0)
		return walk.fd == -ENOENT ? 0 : walk.fd;
	r = walk_below(&walk);
	close(walk.fd);
	return r;
}

struct pids {
	int (*fn)(uint32_t pid, void *arg);
	void *arg;
	uint64_t until_ns;
	bool unseen; /* 0 as well */
};

/* Numbers, each on a line; a read may end in the middle of one. 0 stands for a process of a pid
 * namespace above ours. */
static int pids_of(const struct cgroup_at *at, void *arg)
{
	const struct pids *pids = arg;
	_cleanup_close_ int fd =
		openat(at->dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[4096];
	uint32_t pid = 0;
	bool number = false;

	if (pids->until_ns && clock_mono_ns() >= pids->until_ns)
		return -ETIME;
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	for (;;) {
		ssize_t n = read(fd, text, sizeof(text));

		if (n < 0 && errno == EINTR)
			continue;
		/* ENODEV: removed; EOPNOTSUPP: threaded, the cgroup above lists its processes */
		if (n <= 0)
			return 0;
		for (ssize_t i = 0; i < n; i++) {
			int r = 0;

			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (uint32_t)(text[i] - '0');
				number = true;
				continue;
			}
			if (number && (pid || pids->unseen))
				r = pids->fn(pid, pids->arg);
			pid = 0;
			number = false;
			if (r)
				return r;
		}
	}
}

int cgroup_pids(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg)
{
	return cgroup_pids_until(dir_fd, fn, arg, 0);
}

int cgroup_pids_until(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg, uint64_t until_ns)
{
	struct pids pids = {.fn = fn, .arg = arg, .until_ns = until_ns};

	return cgroup_walk(dir_fd, pids_of, &pids);
}

int cgroup_processes_until(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg,
			   uint64_t until_ns)
{
	struct pids pids = {.fn = fn, .arg = arg, .until_ns = until_ns, .unseen = true};

	return cgroup_walk(dir_fd, pids_of, &pids);
}

static int any(uint32_t pid, void *arg)
{
	(void)pid, (void)arg;
	return 1;
}

bool cgroup_empty(int dir_fd) { return cgroup_processes_until(dir_fd, any, NULL, 0) == 0; }
