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

static int undo_high(int dir_fd, const struct undo_entry *e)
{
	char text[32];
	uint64_t now;
	int r = cgroup_read_number(dir_fd, "memory.high", &now);

	if (r < 0)
		return r;
	if (now != e->ours)
		return -ESTALE;
	number_text(e->was, text);
	return cgroup_write(dir_fd, "memory.high", text);
}

/* v2: cgroup.freeze; v1: freezer.state, which says FREEZING until all of them are frozen. */
static int undo_freeze(int dir_fd, const struct undo_entry *e)
{
	char text[32];

	(void)e;
	if (cgroup_read(dir_fd, "cgroup.freeze", text, sizeof(text)) > 0)
		return text[0] == '1' ? cgroup_write(dir_fd, "cgroup.freeze", "0") : -ESTALE;
	if (cgroup_read(dir_fd, "freezer.state", text, sizeof(text)) > 0)
		return strncmp(text, "THAWED", 6) ? cgroup_write(dir_fd, "freezer.state", "THAWED")
						  : -ESTALE;
	return -ENOENT;
}

static int (*const undos[])(int dir_fd, const struct undo_entry *e) = {
	[UNDO_HIGH] = undo_high,
	[UNDO_FREEZE] = undo_freeze,
};

static int restore(const struct undo_entry *e)
{
	_cleanup_close_ int root_fd = -1, dir_fd = -1;

	if (e->what >= ARRAY_SIZE(undos) || !undos[e->what] || e->hierarchy[0] != '/' ||
	    !memchr(e->hierarchy, '\0', sizeof(e->hierarchy)) ||
	    !memchr(e->path, '\0', sizeof(e->path)))
		return -EBADMSG;
	root_fd = open(e->hierarchy, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	dir_fd = cgroup_open_path(root_fd, e->path, e->memcg_id);
	return dir_fd < 0 ? dir_fd : undos[e->what](dir_fd, e);
}

/* An entry is kept for another try only after an error that may pass. */
static bool is_settled(int r)
{
	return r != -EINTR && r != -EAGAIN && r != -EMFILE && r != -ENFILE && r != -ENOMEM &&
	       r != -EBUSY;
}

int undo_one(struct undo *undo, unsigned int index)
{
	struct undo_entry copy;
	uint32_t valid = ENTRY_VALID;
	int r;

	if (index >= UNDO_ENTRIES)
		return -EINVAL;
	if (__atomic_load_n(&undo->file->entry[index].state, __ATOMIC_ACQUIRE) != ENTRY_VALID)
		return -ESTALE;
	copy = undo->file->entry[index];
	r = restore(&copy);
	if (is_settled(r))
		__atomic_compare_exchange_n(&undo->file->entry[index].state, &valid, ENTRY_FREE,
					    false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
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
