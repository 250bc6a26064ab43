// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Raises the limit of a container for a time: memory.max and, where it is set, memory.high (v2); memory.limit_in_bytes and
 * memory.memsw.limit_in_bytes (v1). Only as far as every limit above it and the host's memory have room, so that it helps the
 * container and takes nothing from others: more than a reserve stays available. A setting: settings.c undoes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "cgroup/cgroup_dir.h"
#include "enforce_internal.h"
#include "limit_files.h"

#define RESERVE_PART 16 /* of the host's memory stays available */
#define LEAST_PART   4  /* of what was asked for: less does not help */
#define LEVELS_MOST  64

struct room {                    /* what it may grow to */
	uint64_t most;           /* bytes */
	char why[ACTION_DETAIL]; /* what bounds it */
};

static void bound_by(struct room *room, uint64_t most, const char *why)
{
	if (most >= room->most)
		return;
	room->most = most;
	snprintf(room->why, sizeof(room->why), "%s", why);
}

/* Raised for others, and not used yet. */
static uint64_t granted(const struct enforce *e, const struct setting *own)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < SETTINGS; i++) {
		const struct setting *t = &e->settings[i];
		struct undo_entry entry;
		uint64_t held, was;

		if (t != own && __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == SETTING_SET &&
		    __atomic_load_n(&t->what, __ATOMIC_RELAXED) == UNDO_LIMIT &&
		    undo_get(e->undo, t->undo, &entry) && !undo_held(&entry, &held)) {
			was = limit_own(entry.was, entry.also_was);
			sum += minus(limit_own(entry.ours, entry.also_ours),
				     was > held ? was : held);
		}
	}
	return sum;
}

static void bound_by_host(const struct enforce *e, const struct setting *own, uint64_t held,
			  struct room *room)
{
	uint64_t available = enforce_meminfo(e, "MemAvailable"),
		 kept = enforce_meminfo(e, "MemTotal") / RESERVE_PART + granted(e, own);
	char why[ACTION_DETAIL], text[UNITS_TEXT], text2[UNITS_TEXT];

	snprintf(why, sizeof(why), "the host has %s available, %s kept or given to others",
		 units_bytes(available, text), units_bytes(kept, text2));
	bound_by(room, held + minus(available, kept), why);
}

static uint64_t left_of(uint64_t limit, uint64_t used)
{
	return limit == HR_UNKNOWN ? HR_UNKNOWN : minus(limit, used);
}

/* The room under one limit above it. */
static void bound_by_ancestor(int dir_fd, const char *path, uint64_t held, struct room *room)
{
	struct memory_limit limit, used;
	char why[ACTION_DETAIL], text[UNITS_TEXT];
	uint64_t least;

	if (limit_read(dir_fd, &limit) || limit_held(dir_fd, &used))
		return;
	least = smaller(left_of(limit.limit, used.limit), left_of(limit.also, used.also));
	if (least == HR_UNKNOWN)
		return;
	snprintf(why, sizeof(why), "the limit of %.90s binds: %s", path,
		 units_bytes(smaller(limit.limit, limit.also), text));
	bound_by(room, held + least, why);
}

static void bound_by_ancestors(const struct enforce *e, const struct running_action *running,
			       uint64_t held, struct room *room)
{
	_cleanup_close_ int fd = openat(running->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[ENFORCE_PATH];
	struct stat root, at;
	char *last;

	strcpy(path, running->path);
	if (fstat(e->memory_fd, &root) < 0)
		return;
	for (unsigned i = 0; i < LEVELS_MOST && fd >= 0; i++) {
		int above;

		last = strrchr(path, '/');
		if (!last || fstat(fd, &at) < 0 ||
		    (at.st_ino == root.st_ino && at.st_dev == root.st_dev))
			return;
		*last = '\0';
		bound_by_ancestor(fd, path, held, room);
		above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = above;
	}
}

/* Raised by as much as the limit, where it is set. */
static uint64_t raised(uint64_t value, uint64_t by)
{
	return value == HR_UNKNOWN ? HR_UNKNOWN : value + by;
}

/* False: the result is set. */
static bool find_room(const struct enforce *e, struct running_action *running, struct setting *t,
		      const struct memory_limit *now, uint64_t *ret_by)
{
	uint64_t own = limit_own(now->limit, now->also), page = (uint64_t)sysconf(_SC_PAGESIZE),
		 cap = running->action.most, asked;
	struct room room = {.most = HR_UNKNOWN};
	struct memory_limit held;
	char text[UNITS_TEXT];
	int r = limit_held(running->dir_fd, &held);

	if (r < 0) {
		running_set_result(running, HR_STATUS_FAILED, -r, "its usage is not known");
		return false;
	}
	cap = cap == HR_UNKNOWN ? t->was * 2 : cap;
	asked = minus(running->action.bytes, own);
	if (own >= running->action.bytes) {
		running_set_result(running, own >= cap ? HR_STATUS_REFUSED : HR_STATUS_SKIPPED, 0,
				   own >= cap ? "its limit is %s already, and may not be higher"
					      : "its limit is %s already",
				   units_bytes(own, text));
		return false;
	}
	bound_by(&room, cap, "no more is allowed");
	bound_by_host(e, t, held.limit, &room);
	bound_by_ancestors(e, running, held.limit, &room);
	*ret_by = smaller(minus(room.most, own), asked) / page * page;
	if (*ret_by < page || *ret_by < asked / LEAST_PART) {
		running_set_result(running, HR_STATUS_REFUSED, 0, "%s", room.why);
		return false;
	}
	if (*ret_by < asked / page * page)
		running_set_result(running, HR_STATUS_DONE, 0, "less than was asked for: %s",
				   room.why);
	else
		running_set_result(running, HR_STATUS_DONE, 0, "%s", "");
	return true;
}

static int raise_limit(struct worker *worker, struct running_action *running, struct setting *t,
		       const struct memory_limit *was, const struct memory_limit *now, uint64_t by)
{
	struct enforce *e = worker->enforce;
	struct memory_limit to = {raised(now->limit, by), raised(now->also, by)};
	struct undo_entry entry = {.what = UNDO_LIMIT,
				   .was = was->limit,
				   .ours = to.limit,
				   .also_was = was->also,
				   .also_ours = to.also};
	unsigned int index;
	int r = setting_note(e, running, &entry, &index);

	if (r < 0)
		return r;
	running_bound(worker, WRITE_MS);
	r = limit_write(running->dir_fd, now, &to);
	running_bound(worker, 0);
	if (r < 0) {
		undo_clear(e->undo, index);
		return r;
	}
	if (t->ours)
		undo_clear(e->undo, t->undo);
	t->undo = index;
	t->ours = limit_own(to.limit, to.also);
	t->calm_ns = 0;
	__atomic_store_n(&t->look_ns, clock_mono_ns() + NS_PER_SEC, __ATOMIC_RELAXED);
	__atomic_store_n(&t->until_ns, clock_mono_ns() + running->action.for_ms * NS_PER_MS,
			 __ATOMIC_RELEASE);
	running->result.set = t->ours;
	return 0;
}

/* What to restore: of a limit that we have raised already the one before that. */
static struct memory_limit old_limit(const struct enforce *e, const struct setting *t, bool had,
				     const struct memory_limit *now)
{
	struct undo_entry entry;

	if (!had || !undo_get(e->undo, t->undo, &entry) || entry.ours != now->limit ||
	    entry.also_ours != now->also)
		return *now;
	return (struct memory_limit){entry.was, entry.also_was};
}

static void resize(struct worker *worker, struct running_action *running)
{
	struct enforce *e = worker->enforce;
	struct memory_limit now, was;
	struct setting *t;
	uint64_t by;
	bool had;
	int r = limit_read(running->dir_fd, &now);

	if (r < 0)
		return running_set_result(running, HR_STATUS_FAILED, -r, "cannot read its limit");
	if (now.limit == HR_UNKNOWN && now.also == HR_UNKNOWN)
		return running_set_result(running, HR_STATUS_REFUSED, 0,
					  "it has no limit of its own");
	r = setting_take(e, UNDO_LIMIT, running->action.target.memcg_id, &t, &had);
	if (r < 0)
		return running_set_result(running, HR_STATUS_FAILED, -r,
					  r == -EBUSY ? "its limit is being lowered"
						      : "too many limits are raised");
	was = old_limit(e, t, had, &now);
	t->was = limit_own(was.limit, was.also);
	if (find_room(e, running, t, &now, &by)) {
		r = raise_limit(worker, running, t, &was, &now, by);
		if (r < 0)
			running_set_result(running, HR_STATUS_FAILED, -r, "cannot set its limit");
	}
	setting_put(e, t);
}

void resize_run(struct worker *worker, struct running_action *running)
{
	struct enforce *e = worker->enforce;

	if (!running->action.bytes || running->action.bytes == HR_UNKNOWN ||
	    !running->action.for_ms || running->action.for_ms == HR_UNKNOWN)
		return running_set_result(running, HR_STATUS_REFUSED, EINVAL,
					  "it has no limit of its own");
	if (!e->undo)
		return running_set_result(running, HR_STATUS_FAILED, EOPNOTSUPP,
					  "there is no undo table");
	if (!running_open(e, running))
		return;
	pthread_mutex_lock(&e->setting);
	setting_undo(e, UNDO_HIGH,
		     running->action.target.memcg_id); /* our own throttle ends here */
	resize(worker, running);
	pthread_mutex_unlock(&e->setting);
	running->result.usage_after = running_usage(e, running);
}
