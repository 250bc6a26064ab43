// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Finding cgroups: see cgroup_walk.h. A directory is listed only when its link count tells that children
 * came or went, or when a child was found dead: in calm a walk costs one fstat() per group. (kernfs
 * keeps st_nlink at 2 + subdirectories. One made and one removed between two looks leaves it
 * unchanged, but then the dead one gives it away.)
 */
#include "cgroup_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"

#define LOOK_AGAIN_NS NS_PER_SEC
/* Path from the root's directory, by the names that the walk keeps: "docker/abc"; "" for the root
 * itself. */
static int path_by_names(struct files *f, __u32 g)
{
	const struct groups *t = &f->groups;
	size_t at = sizeof(f->path) - 1;

	f->path[at] = '\0';
	for (; g != f->top; g = t->group[g].parent) {
		const char *name = g != GROUP_NONE ? groups_name(t, g) : NULL;
		size_t n = name ? strlen(name) : 0;

		if (!name || n + 2 > at)
			return -ENOENT;
		if (f->path[at])
			f->path[--at] = '/';
		memcpy(f->path + (at -= n), name, n);
	}
	memmove(f->path, f->path + at, sizeof(f->path) - at);
	return 0;
}

int walk_open_dir(struct files *f, __u32 g)
{
	_cleanup_close_ int fd = -1;
	uint64_t id;

	if (g != f->top && f->by_handle)
		return cgroup_open_id(f->root_fd, f->groups.group[g].id, O_RDONLY);
	if (path_by_names(f, g) < 0)
		return -ENOENT;
	fd = openat(f->root_fd, f->path[0] ? f->path : ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	/* the name may be another group's by now */
	if (cgroup_id(fd, "", &id) < 0 || id != f->groups.group[g].id)
		return -ENOENT;
	return take_fd(fd);
}

/* The scope's name on `level` below the root: the only child to visit until the scope is
 * reached. */
static bool scope_step(const struct files *f, __u32 level, char name[NAME_MAX + 1])
{
	const char *p = f->scope;
	size_t n;

	for (p += strspn(p, "/"); level && *p; level--) {
		p += strcspn(p, "/");
		p += strspn(p, "/");
	}
	n = strcspn(p, "/");
	if (!n || n > NAME_MAX)
		return false;
	memcpy(name, p, n);
	name[n] = '\0';
	return true;
}

/* A directory entry becomes a child of g, or is recognised as one. Returns the group if it is
 * new. */
static __u32 take_child(struct files *f, __u32 g, int dir_fd, const char *name, __u64 ino)
{
	struct groups *t = &f->groups;
	__u32 c = groups_find(t, ino);
	uint64_t id;

	/* On 64 bits the inode number is the id; elsewhere, and for new ones, the handle is
	 * read. */
	if (c == GROUP_NONE || t->group[c].parent != g) {
		if (cgroup_id(dir_fd, name, &id) < 0)
			return GROUP_NONE;
		c = groups_find(t, id);
		if (c == GROUP_NONE)
			c = groups_add(t, id, f->now_ns);
		if (c == GROUP_NONE) {
			f->counts.refused++;
			t->group[g].links = 0;
			return GROUP_NONE;
		}
		if (t->group[c].loose && c != f->top) {
			f->counts.unnamed += !groups_place(t, c, g, name);
			t->group[c].seen = f->listing;
			return c;
		}
	} else {
		groups_rename(t, c, name); /* v1 can */
	}
	t->group[c].seen = f->listing;
	return GROUP_NONE;
}

static void drop_unseen(struct files *f, __u32 g)
{
	struct groups *t = &f->groups;

	for (__u32 c = t->group[g].first, next; c != GROUP_NONE; c = next) {
		next = t->group[c].next;
		if (t->group[c].seen == f->listing)
			continue;
		f->counts.vanished++;
		groups_remove(t, c);
	}
}

struct listing {
	struct files *files;
	__u32 group;
	int dir_fd;
	__u32 first_new; /* GROUP_NONE: none yet */
};

static int list_child(const struct dir_entry *entry, void *arg)
{
	struct listing *listing = arg;
	__u32 new;

	if (!dir_entry_is_dir(listing->dir_fd, entry))
		return 0;
	new = take_child(listing->files, listing->group, listing->dir_fd, entry->name, entry->ino);
	if (listing->first_new == GROUP_NONE)
		listing->first_new = new;
	return 0;
}

/* Returns the first new child; new ones come last among their siblings. */
static __u32 list_children(struct files *f, __u32 g, int dir_fd)
{
	struct listing listing = {
		.files = f, .group = g, .dir_fd = dir_fd, .first_new = GROUP_NONE};

	f->counts.listings++;
	f->listing++;
	if (dir_list(dir_fd, list_child, &listing) < 0)
		f->groups.group[g].links = 0;
	else
		drop_unseen(f, g);
	return listing.first_new;
}

/* Above the scope: only one name counts. */
static __u32 list_scope(struct files *f, __u32 g, int dir_fd, const char *name)
{
	__u32 new = GROUP_NONE;
	struct stat st;

	f->listing++;
	if (!fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode))
		new = take_child(f, g, dir_fd, name, st.st_ino);
	drop_unseen(f, g);
	return new;
}

/* The link count is taken first: a change during the listing causes another listing, never a
 * gap. */
static __u32 update_children(struct files *f, __u32 g, int dir_fd)
{
	struct group *p = &f->groups.group[g];
	char name[NAME_MAX + 1];
	struct stat st;

	if (scope_step(f, p->level, name))
		return list_scope(f, g, dir_fd, name);
	if (fstat(dir_fd, &st) < 0)
		return GROUP_NONE;
	if (f->kernfs && p->links == st.st_nlink)
		return GROUP_NONE;
	p->links = (__u32)st.st_nlink;
	if (f->kernfs && st.st_nlink == 2 && p->first == GROUP_NONE)
		return GROUP_NONE;
	return list_children(f, g, dir_fd);
}

/* A parent of a dead child is listed again when the walk leaves it, once. */
static __u32 revisit(struct files *f, __u32 g)
{
	struct group *p = &f->groups.group[g];
	_cleanup_close_ int own = -1;

	if (p->links || p->relisted == f->round)
		return GROUP_NONE;
	p->relisted = f->round;
	if (p->fd[MEMFILES_DIR] >= 0)
		return update_children(f, g, p->fd[MEMFILES_DIR]);
	own = walk_open_dir(f, g);
	return own < 0 ? GROUP_NONE : update_children(f, g, own);
}

/* After the subtree with this last sibling pointer and parent. */
static __u32 next_after(struct files *f, __u32 next, __u32 parent)
{
	while (next == GROUP_NONE && parent != GROUP_NONE) {
		next = revisit(f, parent);
		if (next == GROUP_NONE) {
			next = f->groups.group[parent].next;
			parent = f->groups.group[parent].parent;
		}
	}
	return next;
}

__u32 walk_next(struct files *f, __u32 g, int result)
{
	struct group *p = &f->groups.group[g];
	__u32 next = p->next, parent = p->parent;

	if (result == -ENOENT) {
		f->counts.vanished++;
		walk_lost(f, g);
		return next_after(f, next, parent);
	}
	if (!result && f->visit.dir_fd >= 0)
		update_children(f, g, f->visit.dir_fd);
	if (result != -ENODATA && p->first != GROUP_NONE)
		return p->first;
	return next_after(f, p->next, parent);
}

void walk_lost(struct files *f, __u32 g)
{
	struct group *p = &f->groups.group[g];

	if (g == f->top)
		return;
	if (p->parent != GROUP_NONE)
		f->groups.group[p->parent].links = 0;
	if (f->visit.group == g && !f->visit.transient)
		f->visit.dir_fd = -1; /* closed with the group */
	groups_remove(&f->groups, g);
}

/* Without handles an id is known only after a walk found it: so this walks, without reading any
 * cgroup, at most once a second. */
static void look_around(struct files *f)
{
	__u64 now_ns = clock_mono_ns();

	if (f->looked_ns && now_ns - f->looked_ns < LOOK_AGAIN_NS)
		return;
	f->looked_ns = now_ns;
	f->round++;
	for (__u32 g = f->top; g != GROUP_NONE;) {
		int kept = f->groups.group[g].fd[MEMFILES_DIR],
		    fd = kept >= 0 ? kept : walk_open_dir(f, g);

		f->visit = (struct visit){.group = g, .dir_fd = fd, .transient = kept < 0};
		g = walk_next(f, g, fd < 0 ? fd : 0);
		if (kept < 0 && fd >= 0)
			close(fd);
	}
	f->visit = (struct visit){.group = GROUP_NONE, .dir_fd = -1};
}

__u32 walk_find(struct files *f, __u64 id)
{
	__u32 g = groups_find(&f->groups, id);
	int fd;

	if (g != GROUP_NONE)
		return g;
	if (!f->by_handle) {
		look_around(f);
		return groups_find(&f->groups, id);
	}
	fd = cgroup_open_id(f->root_fd, id, O_RDONLY);
	if (fd < 0)
		return GROUP_NONE;
	f->counts.opens++;
	g = groups_add(&f->groups, id, f->now_ns);
	if (g == GROUP_NONE)
		f->counts.refused++;
	if (g == GROUP_NONE || !groups_keep(&f->groups, g, MEMFILES_DIR, fd, f->now_ns))
		close(fd);
	return g;
}

const char *walk_below(const struct files *f, const char *path)
{
	size_t base = strlen(f->fs.base);
	const char *p;

	if (path[0] != '/' || strncmp(path, f->fs.base, base) || (path[base] && path[base] != '/'))
		return NULL;
	path += base;
	path += strspn(path, "/");
	for (p = path; *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return NULL;
		p += n;
	}
	return path;
}

/* By the kernel's own name for the directory. It is checked: on v1 a cgroup may have been renamed
 * since. */
static int path_by_handle(struct files *f, __u64 id)
{
	_cleanup_close_ int fd = cgroup_open_id(f->root_fd, id, O_RDONLY);
	uint64_t is;
	int r = fd < 0 ? fd : cgroup_fd_path(fd, f->root_path, f->path, sizeof(f->path));

	if (r < 0)
		return r;
	if (f->path[0])
		memmove(f->path, f->path + 1, strlen(f->path));
	return cgroup_id(f->root_fd, f->path, &is) < 0 || is != id ? -ENOENT : 0;
}

const char *files_path(struct files *f, __u64 id)
{
	size_t base = strlen(f->fs.base), n;
	int r = f->by_handle ? path_by_handle(f, id) : path_by_names(f, walk_find(f, id));

	n = strlen(f->path);
	if (r < 0 || base + 1 + n >= sizeof(f->path))
		return NULL;
	if (!n && base)
		return strcpy(f->path, f->fs.base);
	memmove(f->path + base + 1, f->path, n + 1);
	memcpy(f->path, f->fs.base, base);
	f->path[base] = '/';
	return f->path;
}

int walk_begin(struct files *f, size_t capacity)
{
	_cleanup_close_ int fd = -1;
	const char *scope = f->scope;
	char link[32];
	ssize_t n;
	uint64_t id;
	int r = cgroup_id(f->root_fd, "", &id);

	if (r < 0)
		return r;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", f->root_fd);
	n = readlink(link, f->root_path, sizeof(f->root_path) - 1);
	f->root_path[n < 0 ? 0 : n] = '\0';
	fd = cgroup_open_id(f->root_fd, id, O_RDONLY);
	f->by_handle = f->kernfs && fd >= 0 && n > 0;
	if (scope[0]) {
		_cleanup_close_ int scope_fd = -1;

		scope = walk_below(f, scope);
		if (!scope)
			return -ENOENT;
		scope_fd =
			openat(f->root_fd, *scope ? scope : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (scope_fd < 0)
			return -errno;
		memmove(f->scope, scope, strlen(scope) + 1);
	}
	r = groups_init(&f->groups, capacity, !f->by_handle);
	if (r < 0)
		return r;
	f->top = groups_add(&f->groups, id, 0);
	f->groups.group[f->top].loose = false;
	f->visit.group = GROUP_NONE;
	return 0;
}
