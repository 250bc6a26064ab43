// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The close watch: who is on it, and the fast readings. Never opens a file itself: the worker does. */
#include "close.h"

#include <string.h>
#include <unistd.h>

#include "acting.h"
#include "base/clock.h"
#include "publish.h"

#define CLOSE_SECONDS	30			/* headroom / drift below this: watch closely */
#define CLOSE_SHARE	20			/* … or less than 1/20 of the limit left */
#define NEWBORN_NS	(5 * NS_PER_SEC)	/* a newborn's rate is unknown for this long */
#define LINGER_NS	(3 * NS_PER_SEC)	/* stay on the list this long after the reason is gone */

void close_init(struct guard *guard)
{
	for (size_t i = 0; i < CLOSE_MAX; i++)
		guard->close[i] = (struct close_watch){.fd = -1};
}

static void leave(struct guard *guard, size_t i)
{
	struct track *track = tracks_get(&guard->tracks, guard->close[i].memcg_id);

	if (track && track->close == i + 1)
		track->close = 0;
	if (guard->close[i].fd >= 0)
		close(guard->close[i].fd);
	guard->close[i] = (struct close_watch){.fd = -1};
}

/* A free place; failing that, a newborn's, since a known danger comes first. */
static int place(struct guard *guard, bool newborn)
{
	int young = -1;

	for (int i = 0; i < CLOSE_MAX; i++) {
		if (!guard->close[i].memcg_id)
			return i;
		if (guard->close[i].newborn)
			young = i;
	}
	if (newborn || young < 0)
		return -1;
	leave(guard, (size_t)young);
	return young;
}

static void join(struct guard *guard, uint32_t slot, uint64_t until_ns, bool newborn)
{
	struct track *track = &guard->tracks.track[slot];
	int i;

	if (track->close) {
		struct close_watch *watch = &guard->close[track->close - 1];

		if (until_ns > watch->until_ns)
			watch->until_ns = until_ns;
		watch->newborn &= newborn;
		return;
	}
	i = place(guard, newborn);
	if (i < 0)
		return;
	guard->close[i] = (struct close_watch){.memcg_id = track->memcg_id, .until_ns = until_ns,
					       .fd = -1, .newborn = newborn};
	track->close = (uint8_t)(i + 1);
}

static bool short_of_headroom(const struct hr_slot *slot)
{
	uint64_t headroom = slot->memory.headroom;
	int64_t drift = slot->outlook.drift_bytes_per_second;

	if (slot->binding.level == HR_LEVEL_HOST || headroom == HR_UNKNOWN)
		return false;	/* the host has its own figures */
	if (drift != HR_UNKNOWN_I64 && drift > 0 && headroom / (uint64_t)drift < CLOSE_SECONDS)
		return true;
	return slot->binding.limit != HR_UNKNOWN && headroom < slot->binding.limit / CLOSE_SHARE;
}

void close_consider(struct guard *guard, uint32_t slot, uint64_t now_ns)
{
	const struct hr_slot *at = board_slot(guard->board, slot);

	/* Parents that hold no processes are judged by their children. */
	if ((at->flags & HR_SLOT_HAS_TASKS) && short_of_headroom(at))
		join(guard, slot, now_ns + LINGER_NS, false);
}

void close_newborn(struct guard *guard, uint32_t slot, uint64_t now_ns)
{
	join(guard, slot, now_ns + NEWBORN_NS, true);
}

void close_ask(struct guard *guard, struct worker_job *job)
{
	job->n_opens = 0;
	for (size_t i = 0; i < CLOSE_MAX; i++) {
		struct close_watch *watch = &guard->close[i];
		uint32_t slot = tracks_find(&guard->tracks, watch->memcg_id);
		const struct hr_slot *at;

		if (!watch->memcg_id || watch->asked || slot == TRACK_NONE)
			continue;
		at = board_slot(guard->board, slot);
		if (!at->id.cgroup.at || (at->flags & HR_SLOT_CUT))
			continue;
		watch->asked = true;
		job->open[job->n_opens].memcg_id = watch->memcg_id;
		strncpy(job->open[job->n_opens].path, (const char *)at + at->id.cgroup.at,
			RECORD_PATH - 1);
		job->open[job->n_opens++].path[RECORD_PATH - 1] = '\0';
	}
}

void close_take(struct guard *guard, struct worker_job *job)
{
	for (size_t n = 0; n < job->n_opens; n++) {
		struct track *track = tracks_get(&guard->tracks, job->open[n].memcg_id);

		if (job->open[n].fd < 0)
			continue;
		if (track && track->close && guard->close[track->close - 1].fd < 0)
			guard->close[track->close - 1].fd = job->open[n].fd;
		else
			close(job->open[n].fd);
	}
	job->n_opens = 0;
}

static void read_one(struct guard *guard, uint32_t slot, uint64_t usage, uint64_t now_ns)
{
	publish_usage(guard, slot, usage, now_ns);
	acting_read(guard, slot);
}

bool close_read(struct guard *guard, uint64_t now_ns)
{
	bool any = false;

	for (size_t i = 0; i < CLOSE_MAX; i++) {
		struct close_watch *watch = &guard->close[i];
		uint32_t slot = tracks_find(&guard->tracks, watch->memcg_id);
		__u64 usage;

		if (!watch->memcg_id)
			continue;
		if (slot == TRACK_NONE || now_ns > watch->until_ns) {
			leave(guard, i);
			continue;
		}
		any = true;
		if (watch->fd >= 0 && !sense_usage_read(watch->fd, &usage))
			read_one(guard, slot, usage, now_ns);
	}
	if (any)
		acting_settle(guard);
	return any;
}

unsigned int close_count(const struct guard *guard)
{
	unsigned int n = 0;

	for (size_t i = 0; i < CLOSE_MAX; i++)
		n += guard->close[i].memcg_id && !guard->close[i].newborn;
	return n;
}

void close_done(struct guard *guard)
{
	for (size_t i = 0; i < CLOSE_MAX; i++)
		leave(guard, i);
}
