// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The limits of one cgroup: see limit_files.h. */
#include "limit_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/kv_parse.h"

#define NO_LIMIT    (1ULL << 62) /* v1 writes PAGE_COUNTER_MAX, LONG_MAX rounded down to pages */
#define MARGIN_PART 3            /* of usage: three quarters of what is set are used then */
#define STEP_PART   32           /* of the old limit: the least step */
#define PAGE_MOST \
	(64ULL << 10) /* the kernel rounds a limit down to its pages, of any size up to this */
#define RECLAIM_MOST (32ULL << 20) /* in one write: the next step takes more */

static bool is_v1(int dir_fd) { return faccessat(dir_fd, "memory.max", F_OK, 0) < 0; }

static int read_number(int dir_fd, const char *file, uint64_t *ret_value)
{
	uint64_t value;
	int r = cgroup_read_number(dir_fd, file, &value);

	if (!r)
		*ret_value = value >= NO_LIMIT ? HR_UNKNOWN : value;
	return r;
}

static const char *limit_file(bool v1) { return v1 ? "memory.limit_in_bytes" : "memory.max"; }
static const char *also_file(bool v1) { return v1 ? "memory.memsw.limit_in_bytes" : "memory.high"; }

int limit_read(int dir_fd, struct memory_limit *ret_limit)
{
	bool v1 = is_v1(dir_fd);
	struct memory_limit limit = {.also = HR_UNKNOWN};
	int r = read_number(dir_fd, limit_file(v1), &limit.limit);

	if (r < 0)
		return r;
	r = read_number(dir_fd, also_file(v1), &limit.also);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_limit = limit;
	return 0;
}

/* A write that was interrupted may have set the value all the same. */
static int set(int dir_fd, const char *file, uint64_t from, uint64_t to)
{
	char text[32];
	uint64_t now;
	int r;

	if (from == to)
		return 0;
	if (to == HR_UNKNOWN)
		snprintf(text, sizeof(text), "max");
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)to);
	r = cgroup_write(dir_fd, file, text);
	return r < 0 && !read_number(dir_fd, file, &now) && now == to ? 0 : r;
}

int limit_write(int dir_fd, const struct memory_limit *from, const struct memory_limit *to)
{
	bool v1 = is_v1(dir_fd), also_first = to->limit > from->limit || to->also > from->also;
	int r = 0;

	if (also_first)
		r = set(dir_fd, also_file(v1), from->also, to->also);
	if (!r)
		r = set(dir_fd, limit_file(v1), from->limit, to->limit);
	if (r && also_first)
		set(dir_fd, also_file(v1), to->also, from->also);
	return r || also_first ? r : set(dir_fd, also_file(v1), from->also, to->also);
}

struct cache {
	__u64 active, inactive, dirty, writeback;
};

/* Page cache of it and of all below it that can be dropped. */
static uint64_t clean_cache(int dir_fd, bool v1)
{
#define AT(key, field)                                        \
	{                                                     \
		key, offsetof(struct cache, field), FIELD_SET \
	}
	static const struct field fields[2][4] = {
		{AT("file_dirty", dirty), AT("file_writeback", writeback),
		 AT("inactive_file", inactive), AT("active_file", active)},
		{AT("total_dirty", dirty), AT("total_writeback", writeback),
		 AT("total_inactive_file", inactive), AT("total_active_file", active)}};
#undef AT
	struct cache c = {0};
	char text[8192];
	int n = cgroup_read(dir_fd, "memory.stat", text, sizeof(text));

	if (n > 0)
		fields_parse(text, (size_t)n, fields[v1], ARRAY_SIZE(fields[v1]), &c);
	return minus(c.active + c.inactive, c.dirty + c.writeback);
}

static int read_usage(int dir_fd, bool v1, struct memory_limit *ret_usage)
{
	struct memory_limit usage;
	int r = cgroup_read_number(dir_fd, v1 ? "memory.usage_in_bytes" : "memory.current",
				   &usage.limit);

	if (r < 0)
		return r;
	usage.also = usage.limit;
	if (v1)
		read_number(dir_fd, "memory.memsw.usage_in_bytes", &usage.also);
	*ret_usage = usage;
	return 0;
}

int limit_held(int dir_fd, struct memory_limit *ret_held)
{
	bool v1 = is_v1(dir_fd);
	uint64_t cache = clean_cache(dir_fd, v1);
	struct memory_limit usage;
	int r = read_usage(dir_fd, v1, &usage);

	if (!r)
		*ret_held =
			(struct memory_limit){minus(usage.limit, cache), minus(usage.also, cache)};
	return r;
}

/* Best effort: without memory.reclaim (before 5.19) the cache stays until something else takes it. */
static void reclaim_cache(int dir_fd, uint64_t bytes)
{
	char text[48];

	if (!bytes)
		return;
	bytes = bytes < RECLAIM_MOST ? bytes : RECLAIM_MOST;
	/* Cache alone: "swappiness=" came with 6.11, and is refused with EINVAL where it is not known. */
	snprintf(text, sizeof(text), "%llu swappiness=0", (unsigned long long)bytes);
	if (cgroup_write(dir_fd, "memory.reclaim", text) != -EINVAL)
		return;
	*strchr(text, ' ') = '\0';
	cgroup_write(dir_fd, "memory.reclaim", text);
}

int limit_floor(int dir_fd, const struct memory_limit *was, struct memory_limit *ret_floor)
{
	bool v1 = is_v1(dir_fd);
	uint64_t old = limit_own(was->limit, was->also), margin;
	struct memory_limit usage;
	int r = v1 ? limit_held(dir_fd, &usage) : read_usage(dir_fd, v1, &usage);

	if (r < 0)
		return r;
	margin = usage.limit / MARGIN_PART;
	if (!v1 && usage.limit + margin > old) {
		uint64_t cache = clean_cache(dir_fd, v1), above = usage.limit + margin - old;

		reclaim_cache(dir_fd, cache < above ? cache : above);
		r = read_usage(dir_fd, v1, &usage);
	}
	if (!r)
		*ret_floor = (struct memory_limit){usage.limit + usage.limit / MARGIN_PART,
						   usage.also + usage.also / MARGIN_PART};
	return r;
}

uint64_t limit_between(uint64_t was, uint64_t floor, uint64_t now)
{
	if (floor <= was)
		return was;
	floor = (floor + PAGE_MOST - 1) / PAGE_MOST * PAGE_MOST;
	return floor >= now || now - floor < was / STEP_PART ? now : floor;
}
