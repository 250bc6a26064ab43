/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whether a file is still the one that was read: by its inode, size and times. The change time too, as an owner can set the others. */
#ifndef HEADROOM_IDENTIFY_FILE_STAMP_H
#define HEADROOM_IDENTIFY_FILE_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/clock.h"

/* The kernel's times of files advance by jiffies: a file that was changed this shortly ago may be written again without a new
 * time. */
#define FILE_FRESH_NS (20 * NS_PER_MS)

struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec written, changed;
};

static inline struct file_stamp file_stamp_of(const struct stat *st)
{
	return (struct file_stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.written = st->st_mtim,
		.changed = st->st_ctim,
	};
}

static inline bool file_stamp_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static inline bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       file_stamp_same_time(a->written, b->written) &&
	       file_stamp_same_time(a->changed, b->changed);
}

static inline bool file_stamp_is_fresh(const struct file_stamp *stamp)
{
	uint64_t at =
		(uint64_t)stamp->changed.tv_sec * NS_PER_SEC + (uint64_t)stamp->changed.tv_nsec;
	uint64_t now = clock_wall_ns();

	return now < at + FILE_FRESH_NS && at < now + FILE_FRESH_NS; /* or the clock was set back */
}

#endif
