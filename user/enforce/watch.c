// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * After the deed: looks at the memory, not at the signals, until the deed has had its effect, can have no more of it, or its
 * time is up. A zombie holds no memory and is not waited for.
 */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "group.h"
#include "hunt.h"
#include "private.h"

#define SETTLE_NS (5 * NS_PER_MS) /* everybody has ended: usage lags by what CPUs hold back */
#define SETTLE_UNDONE (50 * NS_PER_MS) /* … and less was freed than they had: the rest is cache */
#define PARTLY_NS (100 * NS_PER_MS) /* most is freed, but somebody lives on */
#define EMPTY_NS (5 * NS_PER_MS) /* between two looks into cgroup.procs */
#define AGAIN_NS (100 * NS_PER_MS) /* nothing moves and somebody is there: once more */
#define AGAIN_MOST 3
#define NOISE (256u << 10) /* bytes; what per-CPU charging moves anyway */

static const struct {
	uint64_t until_ns, pause_ns;
} paces[] = {
	{50 * NS_PER_MS, NS_PER_MS},
	{250 * NS_PER_MS, 4 * NS_PER_MS},
	{2000 * NS_PER_MS, 10 * NS_PER_MS},
	{UINT64_MAX, 20 * NS_PER_MS},
};

static uint64_t victims_rss(const struct enforce *e, const struct deed *deed)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < deed->victims; i++) {
		const struct victim *v = &deed->victim[i];
		struct proc_memory memory;

		if (!proc_ended(v->fd) && !proc_memory(e->proc_fd, v->pid, &memory))
			sum += memory.rss;
	}
	return sum;
}

uint64_t deed_usage(const struct enforce *e, const struct deed *deed)
{
	uint64_t usage;
	int r;

	if (deed->dir_fd < 0)
		return victims_rss(e, deed);
	if (deed->usage_fd < 0)
		return HR_UNKNOWN;
	r = group_pread_number(deed->usage_fd, &usage);
	if (!r)
		return usage;
	return r == -ENODEV ? 0 : HR_UNKNOWN; /* its runtime has removed it: all is freed */
}

/* Who is ending stands in no cgroup.procs any more (7.3; on 6.18 it does): that a container is empty does not say that its memory is free. */
static void keep_few(struct deed *deed)
{
	unsigned kept = 0;

	if (deed->job.rung != HR_RUNG_KILL) {
		hunt_release(deed);
		deed->victims = 0;
		return;
	}
	for (unsigned i = 0; i < deed->victims; i++) {
		struct victim *v = &deed->victim[i];

		if (kept < WATCHED && (v->anon || v->ending))
			deed->victim[kept++] = *v;
		else
			cleanup_closep(&v->fd);
	}
	deed->victims = kept;
}

void watch_begin(const struct enforce *e, struct deed *deed)
{
	uint64_t before = deed->result.usage_before, most = deed->anon - deed->anon / 10;

	(void)e;
	if (!deed->job.path[0])
		for (unsigned i = before = 0; i < deed->victims; i++)
			before += deed->victim[i].rss;
	deed->result.usage_before = before;
	deed->goal = before == HR_UNKNOWN ? HR_UNKNOWN : before / 2;
	if (most && most < deed->goal)
		deed->goal = most; /* what is left is cache, which outlives its processes */
	if (!deed->goal)
		deed->goal = 1;
	deed->lowest = HR_UNKNOWN;
	if (deed->job.path[0] && !deed->by_main)
		keep_few(deed);
}

static bool has_ended(const struct deed *deed)
{
	if (deed->dir_fd >= 0 && !deed->by_main && !group_empty(deed->dir_fd))
		return false;
	for (unsigned i = 0; i < (deed->by_main ? 1 : deed->victims); i++)
		if (!proc_ended(deed->victim[i].fd))
			return false;
	return true;
}

static void look_at_memory(const struct enforce *e, struct deed *deed, uint64_t now_ns)
{
	struct enforce_result *result = &deed->result;
	uint64_t usage = deed_usage(e, deed);

	result->usage_after = usage;
	if (usage == HR_UNKNOWN || result->usage_before == HR_UNKNOWN)
		return;
	result->freed = usage < result->usage_before ? result->usage_before - usage : 0;
	if (!result->freed_ns && result->freed >= deed->goal)
		result->freed_ns = now_ns;
	if (deed->lowest == HR_UNKNOWN || usage + NOISE < deed->lowest) {
		deed->lowest = usage;
		deed->lowest_ns = now_ns;
	}
}

static bool stuck(struct deed *deed, uint64_t now_ns)
{
	return deed->job.rung == HR_RUNG_KILL && deed->dir_fd >= 0 && !deed->by_main &&
	       deed->again < AGAIN_MOST && now_ns - deed->lowest_ns > AGAIN_NS &&
	       now_ns - deed->result.ended_ns > AGAIN_NS * (deed->again + 1);
}

/* All have ended, and yet their memory is there: perhaps somebody is ending whom no list has, which only a search tells. */
static bool unsearched(const struct deed *deed)
{
	return deed->job.rung == HR_RUNG_KILL && deed->dir_fd >= 0 && !deed->by_main &&
	       !deed->again && deed->result.freed != HR_UNKNOWN;
}

static void time_is_up(struct deed *deed)
{
	bool freed = deed->result.freed_ns;

	if (!deed->job.deadline_ms) /* nobody asked for a wait */
		return;
	if (deed->job.rung == HR_RUNG_KILL && !freed)
		deed_end(deed, HR_DEED_FAILED, ETIMEDOUT,
			 "not gone after %llu ms: it waits in the kernel, or for CPU time",
			 (unsigned long long)deed->job.deadline_ms);
	else if (!freed)
		deed_end(deed, HR_DEED_DONE, 0, "still there after %llu ms",
			 (unsigned long long)deed->job.deadline_ms);
}

bool watch_look(const struct enforce *e, struct deed *deed, uint64_t now_ns, bool *ret_again)
{
	struct enforce_result *result = &deed->result;

	look_at_memory(e, deed, now_ns);
	if (!deed->gone_ns && now_ns - deed->looked_ns >= EMPTY_NS) {
		deed->looked_ns = now_ns;
		if (has_ended(deed))
			deed->gone_ns = now_ns;
	}
	if (deed->gone_ns) {
		bool still = now_ns - deed->lowest_ns >= SETTLE_NS &&
			     now_ns - deed->gone_ns >= SETTLE_NS;

		if (result->freed_ns ? still : now_ns - deed->gone_ns >= SETTLE_UNDONE) {
			if (!result->freed_ns && unsearched(deed)) {
				deed->again++;
				deed->gone_ns = 0;
				*ret_again = true;
				return false;
			}
			if (!result->freed_ns && result->freed && result->freed != HR_UNKNOWN)
				result->freed_ns = deed->lowest_ns;
			return true;
		}
	} else if (result->freed_ns) {
		if (now_ns - result->freed_ns >= PARTLY_NS)
			return true;
	} else if (stuck(deed, now_ns)) {
		deed->again++;
		*ret_again = true;
		return false;
	}
	if (now_ns - result->ended_ns < deed->job.deadline_ms * NS_PER_MS && !enforce_stopping(e))
		return false;
	time_is_up(deed);
	return true;
}

uint64_t watch_pause_ns(const struct deed *deed, uint64_t now_ns)
{
	uint64_t age = now_ns - deed->result.ended_ns;
	unsigned i = 0;

	while (age > paces[i].until_ns)
		i++;
	return paces[i].pause_ns;
}
