/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How the file reader finds cgroups: by walking the tree, by id, by path. Private to
 * cgroup_reader.c and cgroup_walk.c. */
#ifndef HEADROOM_COLLECT_CGROUP_WALK_H
#define HEADROOM_COLLECT_CGROUP_WALK_H

#include "cgroup_reader.h"
#include "cgroup_table.h"
#include "cgroup_files.h"

#define FILES_TEXT 16384 /* memory.stat has about 2 KiB */

struct visit { /* the group that is being read */
	__u32 group;
	int dir_fd;      /* -1: not opened yet */
	bool transient;  /* dir_fd is to be closed afterwards */
	bool keep_dir;   /* it may be kept: files are opened at each visit */
	bool keep_files; /* they may be kept: the group is read often */
};

struct files {
	struct cgroupfs fs;
	enum cgroup_layout layout;
	const struct memfiles *memfiles;
	bool pids_hidden; /* v1, in a PID namespace of our own: 0 processes may be others' */
	int root_fd;
	bool kernfs;          /* a real cgroup file system: link counts show new children */
	bool by_handle;       /* open_by_handle_at() works: no names are needed */
	char scope[PATH_MAX]; /* "" or the path from `fs.memory` to the top cgroup */
	struct groups groups;
	__u32 top;   /* the root's group */
	__u32 round; /* of the sweep */
	__u32 listing;
	__u64 now_ns;
	__u64 looked_ns;
	struct visit visit;
	struct files_counts counts;
	char root_path[PATH_MAX]; /* of root_fd, the kernel's path */
	char path[PATH_MAX];      /* files_path()'s result; scratch for cgroup_walk.c */
	char text[FILES_TEXT];
};

static inline void files_closep(struct files **f) { files_close(*f); }

int walk_begin(struct files *f, size_t capacity); /* takes the table's memory */
/* The group after `g` in preorder, including children created meanwhile. `result` is the result of
 * reading g: after -ENOENT it is removed, after -ENODATA its children are skipped. Call it inside
 * the visit. */
__u32 walk_next(struct files *f, __u32 g, int result);
__u32 walk_find(struct files *f, __u64 id);  /* GROUP_NONE: there is no such group */
void walk_lost(struct files *f, __u32 g);    /* it is gone */
int walk_open_dir(struct files *f, __u32 g); /* an fd, or -ENOENT, … */
/* The path relative to root_fd; NULL: not in our view. */
const char *walk_below(const struct files *f, const char *path);

#endif
