/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The limits of one cgroup, to raise and to lower them. v2: memory.max and memory.high; v1: memory.limit_in_bytes and
 * memory.memsw.limit_in_bytes (which the kernel keeps at or above the first: mm/memcontrol-v1.c).
 *
 * Lowering never makes the kernel kill: v2 OOM-kills in a write to memory.max that is below usage once reclaim brings nothing
 * (memory_max_write()), so it is never set below usage and a margin of a third; page cache is reclaimed first by
 * memory.reclaim. v1 refuses such a write with EBUSY, after it has reclaimed cache. With that margin no condition on a share of more
 * than three quarters of the limit begins to hold because of it.
 *
 * int functions return 0 or -errno. Any thread; may block in reclaim.
 */
#ifndef HEADROOM_ENFORCE_LIMIT_FILES_H
#define HEADROOM_ENFORCE_LIMIT_FILES_H

#include <stdint.h>
#include <headroom/board.h>

struct memory_limit {   /* bytes; HR_UNKNOWN: none, or no such file */
	uint64_t limit; /* memory.max; memory.limit_in_bytes */
	uint64_t also;  /* memory.high; memory.memsw.limit_in_bytes */
};

/* The one that binds it: the limit, or memory.high where that alone is set. */
static inline uint64_t limit_own(uint64_t limit, uint64_t also)
{
	return limit != HR_UNKNOWN ? limit : also;
}
int limit_read(int dir_fd, struct memory_limit *ret_limit);
/* What differs, in the order that the kernel accepts. */
int limit_write(int dir_fd, const struct memory_limit *from, const struct memory_limit *to);
/* Usage less clean page cache, as far as each of them counts it. */
int limit_held(int dir_fd, struct memory_limit *ret_held);
/* The least that may be set on the way down to `was`: usage and a margin. Reclaims page cache. */
int limit_floor(int dir_fd, const struct memory_limit *was, struct memory_limit *ret_floor);
/* The next value on the way from `now` down to `was`; `now`: a step would be too small. */
uint64_t limit_between(uint64_t was, uint64_t floor, uint64_t now);

#endif
