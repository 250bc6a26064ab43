// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Reads memory cgroups by their files: see cgroup_reader.h. cgroup_table.c keeps the table, cgroup_files.c knows what
 * is in which file, cgroup_walk.c finds the groups; here files are opened and read. Never writes to a
 * cgroup, never follows a name that it did not get from the kernel.
 */
#include "cgroup_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/pid_cgroup.h"
#include "cgroup_walk.h"
#include "collect.h"

#define SPARE_DESCRIPTORS 256 /* of the hard limit, for the rest of this process */

static void raise_nofile(size_t *ret_keep_max)
{
	struct rlimit lim;
	rlim_t keep;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0) {
		*ret_keep_max = 0;
		return;
	}
	if (lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
			getrlimit(RLIMIT_NOFILE, &lim);
	}
	keep = lim.rlim_cur > 2 * SPARE_DESCRIPTORS ? lim.rlim_cur - SPARE_DESCRIPTORS
						    : lim.rlim_cur / 2;
	*ret_keep_max = keep > FILES_OPEN_MAX ? FILES_OPEN_MAX : (size_t)keep;
}

int files_open(const struct cgroupfs *fs, const char *scope, size_t capacity,
	       struct files **ret_files)
{
	_cleanup_(files_closep) struct files *f = calloc(1, sizeof(*f));
	struct statfs sfs;
	int r;

	if (!f)
		return -ENOMEM;
	f->root_fd = -1;
	f->fs = *fs;
	f->layout = fs->layout;
	f->memfiles = memfiles_of(fs->layout);
	f->pids_hidden = fs->layout != CGROUP_V2 && pid_namespace_private();
	if (strlen(scope ? scope : "") >= sizeof(f->scope))
		return -ENAMETOOLONG;
	strcpy(f->scope, scope ? scope : "");

	f->root_fd = open(fs->memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root_fd < 0 || fstatfs(f->root_fd, &sfs) < 0)
		return -errno;
	f->kernfs = (unsigned long)sfs.f_type == CGROUPFS_V2_MAGIC ||
		    (unsigned long)sfs.f_type == CGROUPFS_V1_MAGIC;
	r = walk_begin(f, capacity);
	if (r < 0)
		return r;
	raise_nofile(&f->groups.fds_max);
	f->groups.idle_ns = FILES_IDLE_NS;
	*ret_files = take_ptr(f);
	return 0;
}

void files_close(struct files *f)
{
	if (!f)
		return;
	groups_done(&f->groups);
	if (f->root_fd >= 0)
		close(f->root_fd);
	free(f);
}

void files_keep(struct files *f, size_t keep_max, __u64 idle_ns)
{
	f->groups.fds_max = keep_max;
	f->groups.idle_ns = idle_ns;
	for (__u32 g = f->groups.oldest; f->groups.fds > keep_max && g != GROUP_NONE;
	     g = f->groups.group[g].newer)
		groups_close_all(&f->groups, g);
}

void files_count(const struct files *f, struct files_counts *ret_counts)
{
	*ret_counts = f->counts;
	ret_counts->groups = f->groups.count;
	ret_counts->kept_open = f->groups.fds;
	ret_counts->keep_max = f->groups.fds_max;
}

/* Out of descriptors in spite of the bound (the limit was lowered, or the system's table is
 * full): hold fewer, once and for all. */
static bool make_space(struct files *f, int error)
{
	struct groups *t = &f->groups;

	if ((error != -EMFILE && error != -ENFILE) || !t->fds)
		return false;
	t->fds_max = t->fds - (t->fds / 8 ? t->fds / 8 : 1);
	for (__u32 g = t->oldest; t->fds > t->fds_max && g != GROUP_NONE; g = t->group[g].newer)
		if (g != f->visit.group)
			groups_close_all(t, g);
	return t->fds <= t->fds_max;
}

static void visit_begin(struct files *f, __u32 g, bool keep_dir)
{
	struct group *p = &f->groups.group[g];

	f->visit =
		(struct visit){.group = g,
			       .dir_fd = p->fd[MEMFILES_DIR],
			       .keep_dir = keep_dir,
			       .keep_files = p->visited && f->now_ns - p->used_ns < FILES_OFTEN_NS};
	p->visited = true;
	groups_touch(&f->groups, g, f->now_ns);
}

/* Everything that is opened of one group at one moment shares one directory descriptor. 0 or -errno. */
static int visit_dir(struct files *f)
{
	__u32 g = f->visit.group;
	int fd;

	if (f->visit.dir_fd >= 0)
		return 0;
	fd = walk_open_dir(f, g);
	if (make_space(f, fd))
		fd = walk_open_dir(f, g);
	if (fd < 0)
		return fd;
	f->counts.opens++;
	f->visit.dir_fd = fd;
	f->visit.transient =
		!f->visit.keep_dir || !groups_keep(&f->groups, g, MEMFILES_DIR, fd, f->now_ns);
	f->counts.transient += f->visit.transient;
	return 0;
}

static void visit_end(struct files *f)
{
	if (f->visit.transient)
		close(f->visit.dir_fd);
	f->visit = (struct visit){.group = GROUP_NONE, .dir_fd = -1};
}

static int open_file(struct files *f, const struct memfile *file)
{
	int fd, result = visit_dir(f);

	if (result < 0)
		return result;
	fd = openat(f->visit.dir_fd, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* cgroup.procs: newlines are counted, the numbers do not matter. */
static int count_pids(struct files *f, int fd, __u32 *ret_pids)
{
	__u32 pids = 0;
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, f->text, sizeof(f->text), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		for (ssize_t i = 0; i < n; i++)
			pids += f->text[i] == '\n';
		at += n;
	}
	*ret_pids = pids || !f->pids_hidden ? pids : ~0U;
	return 0;
}

static int take_file(struct files *f, const struct memfile *file, int fd, struct reading *r)
{
	ssize_t n;

	if (file->shape == MEMFILE_PIDS)
		return count_pids(f, fd, &r->s.pids);
	n = fields_read(fd, f->text, sizeof(f->text), true);
	if (n < 0)
		return (int)n;
	reading_take(r, file, f->text, (size_t)n);
	return 0;
}

/* A kept descriptor gives ENODEV for ever once its file is removed: with its group, or with the
 * controller that was switched off there. An open descriptor then says nothing, the name does. */
static int read_file(struct files *f, unsigned which, struct reading *r)
{
	const struct memfile *file = &f->memfiles->file[which];
	__u32 g = f->visit.group;
	struct group *p = &f->groups.group[g];
	int fd = p->fd[which], result;

	if (fd >= 0) {
		result = take_file(f, file, fd, r);
		if (result != -ENODEV)
			return result;
		groups_close(&f->groups, g, which);
	}
	fd = open_file(f, file);
	if (make_space(f, fd))
		fd = open_file(f, file);
	if (fd < 0)
		return fd;
	f->counts.opens++;
	result = take_file(f, file, fd, r);
	if (!(file->flags & MEMFILE_FRESH)) {
		if (!result && f->visit.keep_files &&
		    groups_keep(&f->groups, g, which, fd, f->now_ns))
			return 0;
		f->counts.transient++;
	}
	close(fd);
	return result;
}

/* Missing files are not opened again as long as the usage file, which all memory cgroups have,
 * stays. */
static void read_optional(struct files *f, unsigned which, struct reading *r)
{
	struct group *p = &f->groups.group[f->visit.group];
	int result;

	if (p->absent & 1U << which)
		return;
	result = read_file(f, which, r);
	if (result == -ENOENT || result == -EOPNOTSUPP)
		p->absent |= (__u16)(1U << which);
}

static void read_block(struct files *f, struct reading *r, __u64 kernel)
{
	const struct memfiles *m = f->memfiles;

	reading_forget_stat(r);
	r->s.kernel = kernel;
	for (unsigned i = MEMFILES_USAGE + 1; i < m->count; i++)
		if ((m->file[i].flags & MEMFILE_STAT) && reading_wants(r, &m->file[i]))
			read_optional(f, i, r);
}

/* The files of the stat block, and the usage of the same moment: the lesser of two readings around them, since page cache that came or went
 * meanwhile must not count as used. Where the two differ too much, all is read again. v2's root has no usage. `swept`: what BPF read a moment
 * ago (NULL: nothing); as long as the usage is the same, its kernel memory is, too. */
static void read_stat(struct files *f, struct reading *r, const struct memcg_sample *swept)
{
	__u64 before, after;
	int known;

	for (int tries = USAGE_SPLIT_TRIES; tries > 0; tries--) {
		known = read_file(f, MEMFILES_USAGE, r);
		before = r->s.usage;
		read_block(f, r,
			   swept && usage_split_agrees(swept->usage, before) ? swept->kernel
									     : RECORD_UNKNOWN);
		if (known < 0 || read_file(f, MEMFILES_USAGE, r) < 0)
			return;
		after = r->s.usage;
		r->s.usage = before < after ? before : after;
		if (usage_split_agrees(before, after))
			return;
	}
}

static bool is_there(const struct files *f)
{
	return !faccessat(f->visit.dir_fd, "cgroup.procs", F_OK, 0);
}

/* One group's row, stat block included where it is wanted. -ENOENT: removed; -ENODATA: exists, but
 * is no memory cgroup (v2 without the controller). */
static int read_group(struct files *f, struct reading *r,
		      bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg)
{
	const struct memfiles *m = f->memfiles;
	struct group *p = &f->groups.group[f->visit.group];
	bool root = !p->level && !p->loose;
	int result = read_file(f, MEMFILES_USAGE, r);

	if (result < 0 && !is_there(f))
		return -ENOENT;
	/* v2's root has no usage file, but a memory.stat and a memory.pressure */
	if (result == -ENOENT && !root) {
		p->absent = 0;
		return -ENODATA;
	}
	for (unsigned i = MEMFILES_USAGE + 1; i < m->count; i++) {
		if (m->file[i].flags & MEMFILE_STAT ||
		    (m->file[i].flags & MEMFILE_KILLED && !reading_killed(r)))
			continue;
		if (m->file[i].shape == MEMFILE_PIDS && !r->populated)
			r->s.pids = 0;
		else
			read_optional(f, i, r);
	}
	reading_finish(r, f->layout);
	reading_members(r);
	if (want_stat && !want_stat(&r->s, arg))
		return 0;
	read_stat(f, r, NULL);
	reading_finish(r, f->layout);
	return 0;
}

/* A group with processes below it is populated, too; v1 has no file that says so. */
static void mark_populated(struct files *f, __u32 g, struct memcg_sample *rows)
{
	const struct groups *t = &f->groups;

	for (g = t->group[g].parent; g != GROUP_NONE; g = t->group[g].parent) {
		struct memcg_sample *above = &rows[t->group[g].row];

		if (t->group[g].round != f->round || (above->flags & SAMPLE_POPULATED))
			return;
		above->flags |= SAMPLE_POPULATED;
	}
}

static void emit(struct files *f, __u32 g, struct memcg_sample *row, struct memcg_sample *rows)
{
	struct groups *t = &f->groups;
	struct group *p = &t->group[g];

	row->id = p->id;
	row->level = p->level;
	row->parent_id = p->level > 1 ? t->group[p->parent].id : 0;
	p->round = f->round;
	p->row = (__u32)(row - rows);
	if (row->flags & SAMPLE_POPULATED)
		mark_populated(f, g, rows);
}

int files_sweep(struct files *f, struct memcg_sample *rows, size_t capacity, size_t *ret_n,
		bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg)
{
	return files_sweep_others(f, rows, capacity, ret_n, NULL, want_stat, arg);
}

int files_sweep_others(struct files *f, struct memcg_sample *rows, size_t capacity, size_t *ret_n,
		       bool (*known)(__u64 id, void *arg),
		       bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg)
{
	__u64 refused = f->counts.refused;
	size_t n = 0;
	bool full = false;

	f->now_ns = clock_mono_ns();
	f->round++;
	groups_retire(&f->groups, f->now_ns);
	for (__u32 g = f->top; g != GROUP_NONE && !full;) {
		bool skip = known && known(f->groups.group[g].id, arg);
		struct reading r;
		int result;

		visit_begin(f, g, true);
		reading_init(&r);
		result = visit_dir(f);
		if (!result && !skip)
			result = read_group(f, &r, want_stat, arg);
		if (skip) {
			/* only its directory is looked at, for children */
		} else if (!result && n < capacity) {
			rows[n] = r.s;
			emit(f, g, &rows[n], rows);
			n++;
		} else if (!result) {
			full = true;
		}
		g = walk_next(f, g, result);
		visit_end(f);
	}
	*ret_n = n;
	return full || f->counts.refused != refused ? -ENOSPC : 0;
}

int files_stat(struct files *f, struct memcg_sample *row)
{
	const struct memfiles *m = f->memfiles;
	struct reading r;
	int result = 0;
	__u32 g;

	f->now_ns = clock_mono_ns();
	groups_retire(&f->groups, f->now_ns);
	g = walk_find(f, row->id);
	if (g == GROUP_NONE)
		return -ENOENT;
	reading_init(&r);
	r.s = *row;
	reading_forget_stat(&r);
	visit_begin(f, g, false);
	for (unsigned i = MEMFILES_USAGE + 1; i < m->count; i++)
		if (!(m->file[i].flags & MEMFILE_STAT) && reading_wants(&r, &m->file[i]))
			read_optional(f, i, &r);
	read_stat(f, &r, row);
	if (r.s.anon == RECORD_UNKNOWN)
		result = visit_dir(f) ?: is_there(f) ? -EIO : -ENOENT;
	visit_end(f);
	if (result == -ENOENT || result == -ESTALE)
		walk_lost(f, g);
	if (result < 0)
		return result == -ESTALE ? -ENOENT : result;
	reading_finish(&r, f->layout);
	*row = r.s;
	return 0;
}

int files_usage_open(struct files *f, const char *path, struct usage_files *ret_files)
{
	_cleanup_close_ int dir_fd = -1;
	const struct memfiles *m = f->memfiles;
	const char *below = walk_below(f, path);
	struct usage_files files = USAGE_FILES_CLOSED;

	if (!below)
		return -ENOENT;
	dir_fd = openat(f->root_fd, *below ? below : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	files.usage =
		openat(dir_fd, m->file[MEMFILES_USAGE].name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (files.usage < 0)
		return -errno;
	files.stat = openat(dir_fd, "memory.stat", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f->layout != CGROUP_V2)
		files.kernel = openat(dir_fd, "memory.kmem.usage_in_bytes",
				      O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*ret_files = files;
	return 0;
}

int collect_usage_read(int fd, __u64 *ret_bytes)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	__u64 value = 0;
	ssize_t i;

	if (n < 0)
		return -errno;
	for (i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + (text[i] - '0');
	if (i == 0 || i > 19)
		return -EBADMSG;
	*ret_bytes = value;
	return 0;
}
