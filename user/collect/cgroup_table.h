/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The file reader's table of cgroups: a tree, an index by cgroup id, least-recently-used order and
 * the descriptors that are kept open. Private to cgroup_reader.c and cgroup_walk.c. A fixed number of groups, all memory
 * taken by groups_init(); no file is read here.
 *
 * A group is an index below `capacity`; GROUP_NONE is none. A group is either placed (it has a
 * parent and a name, the walk has seen it) or loose (known by its handle only, because its id
 * was asked for). Indices are valid until the group is removed.
 */
#ifndef HEADROOM_COLLECT_CGROUP_TABLE_H
#define HEADROOM_COLLECT_CGROUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define GROUP_NONE  (~0U)
#define GROUP_FILES 16 /* descriptors of a group: its directory and files (cgroup_files.h) */

struct group {
	__u64 id;
	__u64 used_ns;
	__u32 parent, first, last; /* children, in the order they were found */
	__u32 prev, next;          /* siblings */
	__u32 newer, older;        /* by use */
	__u32 name;                /* place in the pool, 0: none */
	__u32 level;
	__u32 links;    /* of the directory when it was listed; 0: to be listed */
	__u32 seen;     /* the listing that last had it */
	__u32 relisted; /* the sweep that listed it a second time */
	__u32 round;    /* the sweep that last gave a row, and the row */
	__u32 row;
	__u16 absent; /* bit i: file i is not there (this kernel has none) */
	bool loose;
	bool visited;        /* its files were read before */
	int fd[GROUP_FILES]; /* -1: not open */
};

struct groups {
	struct group *group;
	__u32 *index; /* open addressing by id; GROUP_NONE: free */
	__u32 index_mask;
	__u32 capacity, count, free;
	__u32 newest, oldest;
	size_t fds, fds_max;
	__u64 idle_ns;
	char *names; /* pool: owner, bytes, NUL; no pool where handles do */
	size_t names_size, names_used, names_dead;
};

int groups_init(struct groups *t, size_t capacity, bool with_names); /* -ENOMEM, -EINVAL */
void groups_done(struct groups *t);

__u32 groups_find(const struct groups *t, __u64 id);
/* A loose group; GROUP_NONE: the table is full of groups that are in use. */
__u32 groups_add(struct groups *t, __u64 id, __u64 now_ns);
/* Last of the parent's children; a name that does not fit the pool is not kept: false. */
bool groups_place(struct groups *t, __u32 g, __u32 parent, const char *name);
bool groups_rename(struct groups *t, __u32 g, const char *name);
void groups_remove(struct groups *t, __u32 g); /* with all below it; closes what is open */
const char *groups_name(const struct groups *t, __u32 g); /* NULL: not known */

void groups_touch(struct groups *t, __u32 g, __u64 now_ns);
/* Gives the descriptor to the group. false: there is no room, it stays the caller's. */
bool groups_keep(struct groups *t, __u32 g, unsigned which, int fd, __u64 now_ns);
void groups_close(struct groups *t, __u32 g, unsigned which);
void groups_close_all(struct groups *t, __u32 g);
/* A few of those that were not asked for lately give up what they hold. To be called once in a
 * while. */
void groups_retire(struct groups *t, __u64 now_ns);

#endif
