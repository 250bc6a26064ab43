// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Verifies an action by memory, not by signals: watches until the action has had its effect, can have no more, or its time is
 * up. A zombie holds no memory and is not waited for.
 */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "signal_sweep.h"
#include "enforce_internal.h"

#define SETTLE_NS     (5 * NS_PER_MS)  /* all have ended: usage lags by the per-CPU stocks */
#define SETTLE_UNDONE (50 * NS_PER_MS) /* … and less was freed than they used: the rest is cache */
#define PARTLY_NS     (100 * NS_PER_MS) /* most is freed, but processes remain */
#define EMPTY_NS      (5 * NS_PER_MS)   /* between two reads of cgroup.procs */
#define AGAIN_NS      (100 * NS_PER_MS) /* usage is steady and processes remain: kill again */
#define AGAIN_MOST    3
#define NOISE         (256u << 10) /* bytes; per-CPU charging moves usage by as much anyway */

static const struct {
	uint64_t until_ns, pause_ns;
} paces[] = {
	{50 * NS_PER_MS, NS_PER_MS},
	{250 * NS_PER_MS, 4 * NS_PER_MS},
	{2000 * NS_PER_MS, 10 * NS_PER_MS},
	{UINT64_MAX, 20 * NS_PER_MS},
};

static uint64_t victims_rss(const struct enforce *e, const struct running_action *running)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < running->victims; i++) {
		const struct victim *v = &running->victim[i];
		struct proc_memory memory;

		if (!proc_ended(v->fd) && !proc_memory(e->proc_fd, v->pid, &memory))
			sum += memory.rss;
	}
	return sum;
}

/* Its runtime has removed the cgroup: what its processes had to themselves is freed. Cache and tmpfs outlive it, so the rest
 * counts as freed only if a reading before the removal showed it. */
static uint64_t usage_removed(const struct running_action *running)
{
	uint64_t before = running->result.usage_before, left;

	if (before == HR_UNKNOWN)
		return HR_UNKNOWN;
	left = before > running->anon ? before - running->anon : 0;
	return left < running->lowest ? left : running->lowest;
}

uint64_t running_usage(const struct enforce *e, const struct running_action *running)
{
	uint64_t usage;
	int r;

	if (!running->path[0])
		return victims_rss(e, running);
	if (running->usage_fd < 0)
		return HR_UNKNOWN;
	r = cgroup_pread_number(running->usage_fd, &usage);
	if (!r)
		return usage;
	return r == -ENODEV ? usage_removed(running) : HR_UNKNOWN;
}

/* cgroup.procs omits exiting processes (7.3; 6.18 lists them): an empty container's memory may not be free yet. */
static void keep_few(struct running_action *running)
{
	unsigned kept = 0;

	if (running->action.kind != HR_ACTION_KILL) {
		signal_sweep_release(running);
		running->victims = 0;
		return;
	}
	for (unsigned i = 0; i < running->victims; i++) {
		struct victim *v = &running->victim[i];

		if (kept < WATCHED && (v->anon || v->ending))
			running->victim[kept++] = *v;
		else
			cleanup_closep(&v->fd);
	}
	running->victims = kept;
}

void watch_begin(const struct enforce *e, struct running_action *running)
{
	uint64_t before = running->result.usage_before, most = running->anon - running->anon / 10;

	(void)e;
	if (!running->path[0])
		for (unsigned i = before = 0; i < running->victims; i++)
			before += running->victim[i].rss;
	/* What they share counts once, as the policy saw it. */
	if (!running->path[0] && running->action.target.pgid && running->action.inputs.rss &&
	    running->action.inputs.rss < before)
		before = running->action.inputs.rss;
	running->result.usage_before = before;
	running->goal = before == HR_UNKNOWN ? HR_UNKNOWN : before / 2;
	if (most && most < running->goal)
		running->goal = most; /* what is left is cache, which outlives its processes */
	if (!running->goal)
		running->goal = 1;
	running->lowest = HR_UNKNOWN;
	if (running->path[0] && !running->by_main)
		keep_few(running);
}

static bool has_ended(const struct running_action *running)
{
	if (running->dir_fd >= 0 && !running->by_main && !cgroup_empty(running->dir_fd))
		return false;
	for (unsigned i = 0; i < (running->by_main ? 1 : running->victims); i++)
		if (!proc_ended(running->victim[i].fd))
			return false;
	return true;
}

static void measure(const struct enforce *e, struct running_action *running, uint64_t now_ns)
{
	struct action_result *result = &running->result;
	uint64_t usage = running_usage(e, running);

	result->usage_after = usage;
	if (usage == HR_UNKNOWN || result->usage_before == HR_UNKNOWN)
		return;
	result->freed = usage < result->usage_before ? result->usage_before - usage : 0;
	if (!result->freed_ns && result->freed >= running->goal)
		result->freed_ns = now_ns;
	if (running->lowest == HR_UNKNOWN || usage + NOISE < running->lowest) {
		running->lowest = usage;
		running->lowest_ns = now_ns;
	}
}

static bool stuck(struct running_action *running, uint64_t now_ns)
{
	return running->action.kind == HR_ACTION_KILL && running->dir_fd >= 0 &&
	       !running->by_main && running->again < AGAIN_MOST &&
	       now_ns - running->lowest_ns > AGAIN_NS &&
	       now_ns - running->result.ended_ns > AGAIN_NS * (running->again + 1);
}

/* All have ended, but their memory is not free: a process may be exiting that no list has; only a search finds it. */
static bool unsearched(const struct running_action *running)
{
	return running->action.kind == HR_ACTION_KILL && running->dir_fd >= 0 &&
	       !running->by_main && !running->again && running->result.freed != HR_UNKNOWN;
}

static void time_is_up(struct running_action *running)
{
	bool freed = running->result.freed_ns;

	if (!running->action.watch_ms)
		return;
	if (running->action.kind == HR_ACTION_KILL && !freed)
		running_set_result(
			running, HR_STATUS_FAILED, ETIMEDOUT,
			"not gone after %llu ms: it waits in the kernel, or for CPU time",
			(unsigned long long)running->action.watch_ms);
	else if (!freed)
		running_set_result(running, HR_STATUS_DONE, 0, "still there after %llu ms",
				   (unsigned long long)running->action.watch_ms);
}

bool watch_look(const struct enforce *e, struct running_action *running, uint64_t now_ns,
		bool *ret_again)
{
	struct action_result *result = &running->result;

	measure(e, running, now_ns);
	if (!running->gone_ns && now_ns - running->looked_ns >= EMPTY_NS) {
		running->looked_ns = now_ns;
		if (has_ended(running))
			running->gone_ns = now_ns;
	}
	if (running->gone_ns) {
		bool still = now_ns - running->lowest_ns >= SETTLE_NS &&
			     now_ns - running->gone_ns >= SETTLE_NS;

		if (result->freed_ns ? still : now_ns - running->gone_ns >= SETTLE_UNDONE) {
			if (!result->freed_ns && unsearched(running)) {
				running->again++;
				running->gone_ns = 0;
				*ret_again = true;
				return false;
			}
			if (!result->freed_ns && result->freed && result->freed != HR_UNKNOWN)
				result->freed_ns = running->lowest_ns;
			return true;
		}
	} else if (result->freed_ns) {
		if (now_ns - result->freed_ns >= PARTLY_NS)
			return true;
	} else if (stuck(running, now_ns)) {
		running->again++;
		*ret_again = true;
		return false;
	}
	if (now_ns - result->ended_ns < running->action.watch_ms * NS_PER_MS &&
	    !enforce_stopping(e))
		return false;
	time_is_up(running);
	return true;
}

uint64_t watch_pause_ns(const struct running_action *running, uint64_t now_ns)
{
	uint64_t age = now_ns - running->result.ended_ns;
	unsigned i = 0;

	while (age > paces[i].until_ns)
		i++;
	return paces[i].pause_ns;
}
