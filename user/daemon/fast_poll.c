// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The close watch: who is on it, and the fast readings. Never opens a file itself: the worker does. */
#include "fast_poll.h"

#include <string.h>
#include <unistd.h>

#include "policy_driver.h"
#include "base/clock.h"
#include "slot_lifecycle.h"

#define FAST_POLL_SECONDS 30               /* headroom / drift below this: watch closely */
#define FAST_POLL_SHARE   20               /* … or less than 1/20 of the limit left */
#define NEWBORN_NS        (5 * NS_PER_SEC) /* a newborn's rate is unknown for this long */
#define LINGER_NS         (3 * NS_PER_SEC) /* stay on the list this long after the reason is gone */

void fast_poll_init(struct daemon *daemon)
{
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		daemon->close[i] = (struct fast_poll){.fd = -1};
}

static void leave(struct daemon *daemon, size_t i)
{
	struct track *track = tracks_get(&daemon->tracks, daemon->close[i].memcg_id);

	if (track && track->close == i + 1)
		track->close = 0;
	if (daemon->close[i].fd >= 0)
		close(daemon->close[i].fd);
	daemon->close[i] = (struct fast_poll){.fd = -1};
}

/* A free place; failing that, a newborn's, since a known danger comes first. */
static int place(struct daemon *daemon, bool newborn)
{
	int young = -1;

	for (int i = 0; i < FAST_POLL_MAX; i++) {
		if (!daemon->close[i].memcg_id)
			return i;
		if (daemon->close[i].newborn)
			young = i;
	}
	if (newborn || young < 0)
		return -1;
	leave(daemon, (size_t)young);
	return young;
}

static void join(struct daemon *daemon, uint32_t slot, uint64_t until_ns, bool newborn)
{
	struct track *track = &daemon->tracks.track[slot];
	int i;

	if (track->close) {
		struct fast_poll *watch = &daemon->close[track->close - 1];

		if (until_ns > watch->until_ns)
			watch->until_ns = until_ns;
		watch->newborn &= newborn;
		return;
	}
	i = place(daemon, newborn);
	if (i < 0)
		return;
	daemon->close[i] = (struct fast_poll){
		.memcg_id = track->memcg_id, .until_ns = until_ns, .fd = -1, .newborn = newborn};
	track->close = (uint8_t)(i + 1);
}

static bool short_of_headroom(const struct hr_slot *slot)
{
	uint64_t headroom = slot->memory.headroom;
	int64_t drift = slot->forecast.drift_bytes_per_second;

	if (slot->binding.level == HR_LEVEL_HOST || headroom == HR_UNKNOWN)
		return false; /* the host has its own figures */
	if (drift != HR_UNKNOWN_I64 && drift > 0 && headroom / (uint64_t)drift < FAST_POLL_SECONDS)
		return true;
	return slot->binding.limit != HR_UNKNOWN &&
	       headroom < slot->binding.limit / FAST_POLL_SHARE;
}

void fast_poll_consider(struct daemon *daemon, uint32_t slot, uint64_t now_ns)
{
	const struct hr_slot *at = board_slot(daemon->board, slot);

	/* Parents that hold no processes are judged by their children. */
	if ((at->flags & HR_SLOT_HAS_TASKS) && short_of_headroom(at))
		join(daemon, slot, now_ns + LINGER_NS, false);
}

void fast_poll_new_group(struct daemon *daemon, uint32_t slot, uint64_t now_ns)
{
	join(daemon, slot, now_ns + NEWBORN_NS, true);
}

void fast_poll_ask(struct daemon *daemon, struct worker_job *job)
{
	job->n_opens = 0;
	for (size_t i = 0; i < FAST_POLL_MAX; i++) {
		struct fast_poll *watch = &daemon->close[i];
		uint32_t slot = tracks_find(&daemon->tracks, watch->memcg_id);
		const struct hr_slot *at;

		if (!watch->memcg_id || watch->asked || slot == TRACK_NONE)
			continue;
		at = board_slot(daemon->board, slot);
		if (!at->id.cgroup.at || (at->flags & HR_SLOT_CUT))
			continue;
		watch->asked = true;
		job->open[job->n_opens].memcg_id = watch->memcg_id;
		strncpy(job->open[job->n_opens].path, (const char *)at + at->id.cgroup.at,
			RECORD_PATH - 1);
		job->open[job->n_opens++].path[RECORD_PATH - 1] = '\0';
	}
}

void fast_poll_take(struct daemon *daemon, struct worker_job *job)
{
	for (size_t n = 0; n < job->n_opens; n++) {
		struct track *track = tracks_get(&daemon->tracks, job->open[n].memcg_id);

		if (job->open[n].fd < 0)
			continue;
		if (track && track->close && daemon->close[track->close - 1].fd < 0)
			daemon->close[track->close - 1].fd = job->open[n].fd;
		else
			close(job->open[n].fd);
	}
	job->n_opens = 0;
}

static void read_one(struct daemon *daemon, uint32_t slot, uint64_t usage, uint64_t now_ns)
{
	publish_usage(daemon, slot, usage, now_ns);
	policy_driver_read(daemon, slot);
}

bool fast_poll_read(struct daemon *daemon, uint64_t now_ns)
{
	bool any = false;

	for (size_t i = 0; i < FAST_POLL_MAX; i++) {
		struct fast_poll *watch = &daemon->close[i];
		uint32_t slot = tracks_find(&daemon->tracks, watch->memcg_id);
		__u64 usage;

		if (!watch->memcg_id)
			continue;
		if (slot == TRACK_NONE || now_ns > watch->until_ns) {
			leave(daemon, i);
			continue;
		}
		any = true;
		if (watch->fd >= 0 && !collect_usage_read(watch->fd, &usage))
			read_one(daemon, slot, usage, now_ns);
	}
	if (any)
		policy_driver_settle(daemon);
	return any;
}

unsigned int fast_poll_count(const struct daemon *daemon)
{
	unsigned int n = 0;

	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		n += daemon->close[i].memcg_id && !daemon->close[i].newborn;
	return n;
}

void close_done(struct daemon *daemon)
{
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		leave(daemon, i);
}
