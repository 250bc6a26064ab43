// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The undo table: see rollback.h. The file belongs to root (0600), but its content is not trusted: a writer may have died in
 * the middle, or another file may stand there. It never writes to a directory with another id than the entry has.
 */
#include "rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "limit_files.h"

#define UNDO_MAGIC 0x314f444e55444548ULL /* "HEDUNDO1" */
#define LOCK_TRIES 200                   /* of 10 ms: creating the file takes less than one */

enum { ENTRY_FREE, ENTRY_WRITING, ENTRY_VALID };

struct undo_file {
	uint64_t magic;
	uint32_t entries, entry_bytes;
	struct undo_entry entry[UNDO_ENTRIES];
};

struct undo {
	struct undo_file *file;
};

static bool is_sound(const struct undo_file *file)
{
	return file->magic == UNDO_MAGIC && file->entries == UNDO_ENTRIES &&
	       file->entry_bytes == sizeof(struct undo_entry);
}

/* Another process may have mapped it already: it is repaired in place, never replaced. */
static void make_sound(bool whole, struct undo_file *file)
{
	if (whole && is_sound(file))
		return;
	memset(file, 0, sizeof(*file));
	file->entries = UNDO_ENTRIES;
	file->entry_bytes = sizeof(struct undo_entry);
	__atomic_store_n(&file->magic, UNDO_MAGIC, __ATOMIC_RELEASE);
}

/* Ours means: a regular file of this user that no other user can write to, with one link. */
static int check_owner(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return st->st_uid != geteuid() || (st->st_mode & (S_IWGRP | S_IWOTH)) || st->st_nlink != 1
		       ? -EPERM
		       : 0;
}

static int lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		usleep(10000);
	}
	return -EBUSY;
}

int undo_open(const char *path, struct undo **ret_undo)
{
	_cleanup_close_ int fd =
		open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	_cleanup_free_ struct undo *undo = NULL;
	struct stat st;
	bool whole;
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	r = check_owner(&st);
	if (r < 0 || (r = lock(fd)) < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	whole = st.st_size == sizeof(struct undo_file);
	if (!whole && ftruncate(fd, sizeof(struct undo_file)) < 0)
		return -errno;
	r = posix_fallocate(
		fd, 0, sizeof(struct undo_file)); /* a hole raises SIGBUS when memory is short */
	if (r)
		return -r;
	undo = calloc(1, sizeof(*undo));
	if (!undo)
		return -ENOMEM;
	undo->file = mmap(NULL, sizeof(*undo->file), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, fd, 0);
	if (undo->file == MAP_FAILED)
		return -errno;
	make_sound(whole, undo->file);
	flock(fd, LOCK_UN); /* closing would not do: the mapping keeps the open file */
	*ret_undo = take_ptr(undo);
	return 0;
}

void undo_close(struct undo *undo)
{
	if (!undo)
		return;
	munmap(undo->file, sizeof(*undo->file));
	free(undo);
}

int undo_note(struct undo *undo, const struct undo_entry *entry, unsigned int *ret_index)
{
	for (unsigned int i = 0; i < UNDO_ENTRIES; i++) {
		struct undo_entry *e = &undo->file->entry[i];
		uint32_t expected = ENTRY_FREE;

		if (!__atomic_compare_exchange_n(&e->state, &expected, ENTRY_WRITING, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		e->what = entry->what;
		e->memcg_id = entry->memcg_id;
		e->was = entry->was;
		e->ours = entry->ours;
		e->also_was = entry->also_was;
		e->also_ours = entry->also_ours;
		e->until_ns = entry->until_ns;
		memcpy(e->path, entry->path, sizeof(e->path));
		memcpy(e->hierarchy, entry->hierarchy, sizeof(e->hierarchy));
		__atomic_store_n(&e->state, ENTRY_VALID, __ATOMIC_RELEASE);
		*ret_index = i;
		return 0;
	}
	return -ENOSPC;
}

void undo_clear(struct undo *undo, unsigned int index)
{
	if (index < UNDO_ENTRIES)
		__atomic_store_n(&undo->file->entry[index].state, ENTRY_FREE, __ATOMIC_RELEASE);
}

static void number_text(uint64_t value, char text[32])
{
	if (value == HR_UNKNOWN)
		strcpy(text, "max");
	else
		snprintf(text, 32, "%llu", (unsigned long long)value);
}

static int undo_high(struct undo *undo, int dir_fd, struct undo_entry *e)
{
	char text[32];
	uint64_t now;
	int r = cgroup_read_number(dir_fd, "memory.high", &now);

	(void)undo;
	if (r < 0)
		return r;
	if (now != e->ours)
		return -ESTALE;
	number_text(e->was, text);
	return cgroup_write(dir_fd, "memory.high", text);
}

/* v2: cgroup.freeze; v1: freezer.state, which says FREEZING until all of them are frozen. */
static int undo_freeze(struct undo *undo, int dir_fd, struct undo_entry *e)
{
	char text[32];

	(void)undo, (void)e;
	if (cgroup_read(dir_fd, "cgroup.freeze", text, sizeof(text)) > 0)
		return text[0] == '1' ? cgroup_write(dir_fd, "cgroup.freeze", "0") : -ESTALE;
	if (cgroup_read(dir_fd, "freezer.state", text, sizeof(text)) > 0)
		return strncmp(text, "THAWED", 6) ? cgroup_write(dir_fd, "freezer.state", "THAWED")
						  : -ESTALE;
	return -ENOENT;
}

/* A step that is lower than now, and higher than the old limit: on the way down its note comes before the value, too. *e gets what is
 * ours then. */
static int step_down(struct undo *undo, int dir_fd, const struct memory_limit *now,
		     const struct memory_limit *next, struct undo_entry *e)
{
	struct undo_entry lower = *e;
	unsigned int index;
	int r;

	lower.ours = next->limit;
	lower.also_ours = next->also;
	r = undo_note(undo, &lower, &index);
	if (r < 0)
		return -EBUSY;
	r = limit_write(dir_fd, now, next);
	if (!r) {
		e->ours = lower.ours;
		e->also_ours = lower.also_ours;
	}
	undo_clear(undo, index);
	return -EBUSY;
}

static int undo_limit(struct undo *undo, int dir_fd, struct undo_entry *e)
{
	struct memory_limit was = {e->was, e->also_was}, now, floor, next;
	bool limit_ours, also_ours;
	int r = limit_read(dir_fd, &now);

	if (r < 0)
		return r;
	limit_ours = e->was != e->ours && now.limit == e->ours;
	also_ours = e->also_was != e->also_ours && now.also == e->also_ours;
	if (!limit_ours && !also_ours)
		return -ESTALE;
	r = limit_floor(dir_fd, &was, &floor);
	if (r < 0)
		return r;
	next.limit = limit_ours ? limit_between(was.limit, floor.limit, now.limit) : now.limit;
	next.also = also_ours ? limit_between(was.also, floor.also, now.also) : now.also;
	if ((!limit_ours || next.limit == was.limit) && (!also_ours || next.also == was.also))
		return limit_write(dir_fd, &now, &next);
	if (next.limit == now.limit && next.also == now.also)
		return -EBUSY;
	return step_down(undo, dir_fd, &now, &next, e);
}

/* *e is a copy: what is ours is changed there after -EBUSY. */
static int (*const undos[])(struct undo *undo, int dir_fd, struct undo_entry *e) = {
	[UNDO_HIGH] = undo_high,
	[UNDO_FREEZE] = undo_freeze,
	[UNDO_LIMIT] = undo_limit,
};

/* Of this very cgroup; or -errno. */
static int open_entry(const struct undo_entry *e)
{
	_cleanup_close_ int root_fd = -1;

	if (e->what >= ARRAY_SIZE(undos) || !undos[e->what] || e->hierarchy[0] != '/' ||
	    !memchr(e->hierarchy, '\0', sizeof(e->hierarchy)) ||
	    !memchr(e->path, '\0', sizeof(e->path)))
		return -EBADMSG;
	root_fd = open(e->hierarchy, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? -errno : cgroup_open_path(root_fd, e->path, e->memcg_id);
}

static int restore(struct undo *undo, struct undo_entry *e)
{
	_cleanup_close_ int dir_fd = open_entry(e);

	return dir_fd < 0 ? dir_fd : undos[e->what](undo, dir_fd, e);
}

int undo_held(const struct undo_entry *entry, uint64_t *ret_bytes)
{
	_cleanup_close_ int dir_fd = open_entry(entry);
	struct memory_limit held;
	int r = dir_fd < 0 ? dir_fd : limit_held(dir_fd, &held);

	if (!r)
		*ret_bytes = held.limit;
	return r;
}

bool undo_may_pass(int r)
{
	return r == -EINTR || r == -EAGAIN || r == -EMFILE || r == -ENFILE || r == -ENOMEM ||
	       r == -EBUSY;
}

bool undo_get(const struct undo *undo, unsigned int index, struct undo_entry *ret_entry)
{
	if (index >= UNDO_ENTRIES ||
	    __atomic_load_n(&undo->file->entry[index].state, __ATOMIC_ACQUIRE) != ENTRY_VALID)
		return false;
	*ret_entry = undo->file->entry[index];
	return true;
}

int undo_one(struct undo *undo, unsigned int index)
{
	struct undo_entry copy;
	uint32_t valid = ENTRY_VALID;
	int r;

	if (index >= UNDO_ENTRIES)
		return -EINVAL;
	if (!undo_get(undo, index, &copy))
		return -ESTALE;
	r = restore(undo, &copy);
	if (!undo_may_pass(r)) {
		__atomic_compare_exchange_n(&undo->file->entry[index].state, &valid, ENTRY_FREE,
					    false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	} else if (r == -EBUSY) {
		undo->file->entry[index].ours = copy.ours;
		undo->file->entry[index].also_ours = copy.also_ours;
	}
	return r;
}

unsigned int undo_all(struct undo *undo)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < UNDO_ENTRIES; i++) {
		uint32_t state = __atomic_load_n(&undo->file->entry[i].state, __ATOMIC_ACQUIRE);

		if (state == ENTRY_VALID)
			done += undo_one(undo, i) == 0;
		else if (state != ENTRY_FREE) /* its writer died before it wrote to the cgroup */
			undo_clear(undo, i);
	}
	return done;
}
