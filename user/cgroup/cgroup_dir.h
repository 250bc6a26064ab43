/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One cgroup directory: opened by id or by path, its files, and everything below it. Never follows
 * a link, never leaves the hierarchy, never allocates. Callers: any thread.
 *
 * A cgroup's id is its kernfs id: the file handle of its directory, and on 64 bits also the inode
 * number. The kernel never uses an id again while it runs.
 */
#ifndef HEADROOM_CGROUP_DIR_H
#define HEADROOM_CGROUP_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_DEPTH 1024 /* levels of which cgroup_walk() remembers where it was */

/* Of `name` in the directory, or of the directory itself (""). Falls back to the inode number where
 * the file system has no such handles. 0 or -errno. */
int cgroup_id(int dir_fd, const char *name, uint64_t *ret_id);

/* `mount_fd` is any directory of the hierarchy, `flags` O_RDONLY or O_PATH. A descriptor; -ENOENT:
 * removed; -EPERM: no CAP_DAC_READ_SEARCH in the initial user namespace; another -errno: the file
 * system has no such handles. */
int cgroup_open_id(int mount_fd, uint64_t id, int flags);

/* `path` from the directory of root_fd; a leading "/" does not matter. A descriptor; -ENOENT:
 * removed; -ESTALE: the path is another cgroup by now; -EINVAL: the root itself, a path that leads
 * out, or one with "." or "..". */
int cgroup_open_path(int root_fd, const char *path, uint64_t id);
/* As above, for any cgroup that is there now. */
int cgroup_open_any(int root_fd, const char *path);

/* The path of an open cgroup below the directory that the kernel calls `mount`: "" or "/a/b".
 * -ENOENT: removed; -EXDEV: outside of what a private cgroup namespace shows; -ENAMETOOLONG. */
int cgroup_fd_path(int fd, const char *mount, char *ret_path, size_t size);

/* As the kernel writes it: "/" or "/a/b", no empty component, no "." and "..". A component has any other byte. */
bool cgroup_path_is_sound(const char *path);
bool cgroup_path_is_below(const char *path, const char *top); /* … or the same */

/* Bytes read, text ends with NUL; or -errno. */
int cgroup_read(int dir_fd, const char *file, char *text, size_t size);
int cgroup_read_number(int dir_fd, const char *file, uint64_t *ret_value); /* "max": ~0 */
int cgroup_pread_number(int fd, uint64_t *ret_value);             /* of a file that is kept open */
int cgroup_write(int dir_fd, const char *file, const char *text); /* O_NONBLOCK; 0 or -errno */

struct dir_entry {
	uint64_t ino;
	unsigned char type; /* DT_… */
	const char *name;
};

/* Each entry of a directory, until fn returns non-zero: which is returned, or -errno. Does not
 * allocate, as readdir() would. */
int dir_list(int dir_fd, int (*fn)(const struct dir_entry *entry, void *arg), void *arg);
/* Whether the entry is a directory other than "." and "..". */
bool dir_entry_is_dir(int dir_fd, const struct dir_entry *entry);

struct cgroup_at {
	int dir_fd;
	uint64_t ino;
	const char *path; /* from where the walk began: "" or "/a/b"; NULL: longer than PATH_MAX */
};

/* This cgroup and all below it, parents first, until fn returns non-zero: which is returned, or
 * -errno. Skips cgroups that vanish meanwhile. Of any depth: below CGROUP_DEPTH it finds its place in a directory by the one
 * that it comes back from, and leaves out the rest of the directory if that has vanished. */
int cgroup_walk(int dir_fd, int (*fn)(const struct cgroup_at *at, void *arg), void *arg);
/* All processes in it and below it, as cgroup_walk(); some may come twice. */
int cgroup_pids(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg);
/* The same, but no longer than until then (monotonic ns; 0: without a bound): -ETIME. */
int cgroup_pids_until(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg, uint64_t until_ns);
/* The same, and fn(0) for each process of a PID namespace above ours, which v2 lists (v1 does not). */
int cgroup_processes_until(int dir_fd, int (*fn)(uint32_t pid, void *arg), void *arg,
			   uint64_t until_ns);
/* It holds none, of any PID namespace (on v1: of ours). */
bool cgroup_empty(int dir_fd);

#endif
