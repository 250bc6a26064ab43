// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * memory.reclaim and memory.high (cgroup v2). Both may make the writer reclaim in its own context for as long as there is
 * something to reclaim; the steps are small, each has a bound, and the watcher interrupts what exceeds it (both loops in
 * mm/memcontrol.c check for signals). A throttle is a setting: settings.c undoes it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "cgroup/cgroup_dir.h"
#include "enforce_internal.h"
#include "cgroup/kv_parse.h"

#define RECLAIM_STEP    (16u << 20)
#define RECLAIM_STEP_MS 1000
#define RECLAIM_NS      (10 * NS_PER_SEC)
#define RECLAIMABLE_PART \
	32 /* of usage: less than this is reclaimed at once, and then the container livelocks */

struct stat_values {
	__u64 anon, active_file, inactive_file, file_dirty, file_writeback, slab_reclaimable;
};

uint64_t enforce_meminfo(const struct enforce *e, const char *key)
{
	const struct field field = {key, 0, FIELD_KIB};
	__u64 bytes = 0;
	char text[4096];
	int n = cgroup_read(e->proc_fd, "meminfo", text, sizeof(text));

	if (n > 0)
		fields_parse(text, (size_t)n, &field, 1, &bytes);
	return bytes;
}

/* Swap that it may still fill: the host's, within its own limit. */
static uint64_t swap_usable(const struct enforce *e, int dir_fd)
{
	uint64_t max, current, free_bytes = enforce_meminfo(e, "SwapFree");

	if (!cgroup_read_number(dir_fd, "memory.swap.max", &max) && max != HR_UNKNOWN &&
	    !cgroup_read_number(dir_fd, "memory.swap.current", &current))
		free_bytes = smaller(free_bytes, minus(max, current));
	return free_bytes;
}

/* Bytes that reclaim could free: clean cache, half of slab_reclaimable, anonymous memory as far as there is swap. */
static uint64_t reclaimable(const struct enforce *e, int dir_fd)
{
#define AT(name)                                                     \
	{                                                            \
#name, offsetof(struct stat_values, name), FIELD_SET \
	}
	static const struct field fields[] = {AT(anon),           AT(file_dirty),
					      AT(file_writeback), AT(inactive_file),
					      AT(active_file),    AT(slab_reclaimable)};
#undef AT
	struct stat_values s = {0};
	char text[8192];
	int n = cgroup_read(dir_fd, "memory.stat", text, sizeof(text));

	if (n > 0)
		fields_parse(text, (size_t)n, fields, ARRAY_SIZE(fields), &s);
	return minus(s.active_file + s.inactive_file, s.file_dirty + s.file_writeback) +
	       s.slab_reclaimable / 2 + smaller(s.anon, swap_usable(e, dir_fd));
}

static int set_high(struct worker *worker, struct running_action *running, struct setting *t,
		    uint64_t value)
{
	struct enforce *e = worker->enforce;
	struct undo_entry entry = {
		.what = UNDO_HIGH,
		.was = t->was,
		.ours = value,
	};
	unsigned int index;
	uint64_t now;
	char text[32];
	int r;

	r = setting_note(e, running, &entry, &index);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	running_bound(worker, WRITE_MS);
	r = cgroup_write(running->dir_fd, "memory.high", text);
	running_bound(worker, 0);
	if (!cgroup_read_number(running->dir_fd, "memory.high", &now) && now == value)
		r = 0; /* interrupted, but set */
	else if (!r)
		r = -EIO;
	if (r < 0) {
		undo_clear(e->undo, index);
		return r;
	}
	if (t->ours)
		undo_clear(e->undo, t->undo);
	t->undo = index;
	t->ours = value;
	t->tries = 0;
	return 0;
}

/* False: the result is set. t->was is the value to restore. */
static bool may_throttle(const struct enforce *e, struct running_action *running, struct setting *t,
			 bool had, uint64_t value)
{
	uint64_t usage = running->result.usage_before, can = reclaimable(e, running->dir_fd), high;
	char text[UNITS_TEXT], text2[UNITS_TEXT];
	int r = cgroup_read_number(running->dir_fd, "memory.high", &high);

	if (r < 0)
		running_set_result(running, HR_STATUS_FAILED, -r, "cannot read memory.high");
	else if (usage == HR_UNKNOWN)
		running_set_result(running, HR_STATUS_FAILED, ENODATA, "its usage is not known");
	else if (high <= value && !(had && high == t->ours))
		running_set_result(running, HR_STATUS_SKIPPED, 0, "its memory.high is %s already",
				   units_bytes(high, text));
	else if (can < usage / RECLAIMABLE_PART || can < minus(usage, value))
		running_set_result(running, HR_STATUS_SKIPPED, 0,
				   "only %s of %s can be reclaimed: it would stall",
				   units_bytes(can, text), units_bytes(usage, text2));
	else {
		if (!had || high != t->ours) {
			t->was = high;
			t->ours = 0;
		}
		return true;
	}
	return false;
}

static void after_write(const struct enforce *e, struct running_action *running)
{
	struct action_result *result = &running->result;

	result->usage_after = running_usage(e, running);
	if (result->usage_after != HR_UNKNOWN && result->usage_before != HR_UNKNOWN)
		result->freed = minus(result->usage_before, result->usage_after);
}

/* The container is open. One at a time, so that of two throttles for one container none takes the other's value for a foreign one. */
static void throttle(struct worker *worker, struct running_action *running, uint64_t value)
{
	struct enforce *e = worker->enforce;
	struct setting *t;
	bool had;
	int r;

	r = setting_take(e, UNDO_HIGH, running->action.target.memcg_id, &t, &had);
	if (r < 0) {
		running_set_result(running, HR_STATUS_FAILED, -r,
				   r == -EBUSY ? "its memory.high is being restored"
					       : "too many are throttled");
		return;
	}
	if (may_throttle(e, running, t, had, value)) {
		__atomic_store_n(&t->until_ns, clock_mono_ns() + running->action.for_ms * NS_PER_MS,
				 __ATOMIC_RELEASE);
		r = set_high(worker, running, t, value);
		if (r < 0)
			running_set_result(running, HR_STATUS_FAILED, -r, "cannot set memory.high");
		else
			running_set_result(running, HR_STATUS_DONE, 0, "%s", "");
	}
	setting_put(e, t);
}

void throttle_run(struct worker *worker, struct running_action *running)
{
	struct enforce *e = worker->enforce;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE),
		 value = running->action.bytes / page * page;

	if (e->config.v1)
		return running_set_result(running, HR_STATUS_SKIPPED, EOPNOTSUPP,
					  "cgroup v1 has no memory.high");
	if (!value || !running->action.for_ms || running->action.for_ms == HR_UNKNOWN)
		return running_set_result(running, HR_STATUS_REFUSED, EINVAL,
					  "a throttle needs a value and an end");
	if (!e->undo)
		return running_set_result(running, HR_STATUS_FAILED, EOPNOTSUPP,
					  "there is no undo table");
	if (setting_is_set(e, UNDO_LIMIT, running->action.target.memcg_id))
		return running_set_result(running, HR_STATUS_SKIPPED, 0,
					  "its limit is raised at the moment");
	if (!running_open(e, running))
		return;
	pthread_mutex_lock(&e->setting);
	throttle(worker, running, value);
	pthread_mutex_unlock(&e->setting);
	after_write(e, running);
}

/* EAGAIN: less than asked for was reclaimed; the usage shows how much. */
static int reclaim_step(struct worker *worker, const struct running_action *running, uint64_t bytes)
{
	char text[64], swappiness[32] = "";
	int r;

	if (running->action.swappiness)
		snprintf(swappiness, sizeof(swappiness), " swappiness=%u",
			 running->action.swappiness - 1);
	snprintf(text, sizeof(text), "%llu%s", (unsigned long long)bytes, swappiness);
	running_bound(worker, RECLAIM_STEP_MS);
	r = cgroup_write(running->dir_fd, "memory.reclaim", text);
	running_bound(worker, 0);
	return r;
}

void reclaim_run(struct worker *worker, struct running_action *running)
{
	struct enforce *e = worker->enforce;
	struct action_result *result = &running->result;
	uint64_t until = clock_mono_ns() + RECLAIM_NS, had;
	unsigned poor = 0;
	int r = 0;

	if (e->config.v1)
		return running_set_result(running, HR_STATUS_SKIPPED, EOPNOTSUPP,
					  "cgroup v1 has no memory.reclaim");
	if (!running->action.bytes)
		return running_set_result(running, HR_STATUS_REFUSED, EINVAL, "nothing to reclaim");
	if (!running_open(e, running))
		return;
	result->freed = 0;
	while (result->freed < running->action.bytes && poor < 2 && clock_mono_ns() < until &&
	       !enforce_stopping(e)) {
		uint64_t step = smaller(running->action.bytes - result->freed, RECLAIM_STEP);

		had = result->freed;
		r = reclaim_step(worker, running, step);
		after_write(e, running);
		if (r && r != -EAGAIN && r != -EINTR)
			break;
		settings_lift_due(e, clock_mono_ns());
		poor = minus(result->freed, had) < step / 16 ? poor + 1 : 0;
	}
	if (r == -ENOENT)
		running_set_result(running, HR_STATUS_SKIPPED, EOPNOTSUPP,
				   "this kernel has no memory.reclaim (5.19)");
	else if (r == -EINVAL && running->action.swappiness)
		running_set_result(running, HR_STATUS_SKIPPED, EOPNOTSUPP,
				   "this kernel's memory.reclaim takes no swappiness (6.11)");
	else if (r == -ENODEV)
		running_set_result(running, HR_STATUS_SKIPPED, ESRCH, "the container is gone");
	else if (r && r != -EAGAIN && r != -EINTR)
		running_set_result(running, HR_STATUS_FAILED, -r, "cannot write to memory.reclaim");
	else if (!result->freed)
		running_set_result(running, HR_STATUS_FAILED, EAGAIN, "nothing could be reclaimed");
	else
		running_set_result(running, HR_STATUS_DONE, 0, "%s",
				   result->freed < running->action.bytes / 16 * 15
					   ? "less than was asked for"
					   : "");
}
