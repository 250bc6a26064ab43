// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "fast_poll.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define FAST_POLL_SECONDS 30               /* headroom / growth below this: poll */
#define FAST_POLL_SHARE   20               /* … or less than 1/20 of the limit left */
#define NEWBORN_NS        (5 * NS_PER_SEC) /* the growth of a new one is unknown for this long */
#define LINGER_NS         (3 * NS_PER_SEC) /* stays on the list after the reason is gone */

void fast_poll_init(struct fast_poll *poll, struct containers *containers)
{
	poll->containers = containers;
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		poll->entry[i] = (struct fast_poll_entry){.fd = -1};
}

static void leave(struct fast_poll *poll, size_t i)
{
	struct fast_poll_entry *entry = &poll->entry[i];
	struct track *track = tracks_get(&poll->containers->tracks, entry->memcg_id);

	if (track && track->polled == i + 1)
		track->polled = 0;
	if (entry->fd >= 0)
		close(entry->fd);
	*entry = (struct fast_poll_entry){.fd = -1};
}

/* A free place; failing that, a newborn's, since a known danger comes first. */
static int place(struct fast_poll *poll, bool newborn)
{
	int young = -1;

	for (int i = 0; i < FAST_POLL_MAX; i++) {
		if (!poll->entry[i].memcg_id)
			return i;
		if (poll->entry[i].newborn)
			young = i;
	}
	if (newborn || young < 0)
		return -1;
	leave(poll, (size_t)young);
	return young;
}

static void join(struct fast_poll *poll, struct track *track, uint64_t until_ns, bool newborn)
{
	int i;

	if (track->polled) {
		struct fast_poll_entry *entry = &poll->entry[track->polled - 1];

		if (until_ns > entry->until_ns)
			entry->until_ns = until_ns;
		entry->newborn &= newborn;
		return;
	}
	i = place(poll, newborn);
	if (i < 0)
		return;
	poll->entry[i] = (struct fast_poll_entry){
		.memcg_id = track->memcg_id, .until_ns = until_ns, .fd = -1, .newborn = newborn};
	track->polled = (uint8_t)(i + 1);
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

void fast_poll_consider(struct fast_poll *poll, struct track *track, uint64_t now_ns)
{
	const struct hr_slot *at = board_slot(poll->containers->board, track->slot);

	/* Parents that hold no processes are judged by their children. */
	if ((at->flags & HR_SLOT_HAS_TASKS) && short_of_headroom(at))
		join(poll, track, now_ns + LINGER_NS, false);
}

void fast_poll_add_new(struct fast_poll *poll, struct track *track, uint64_t now_ns)
{
	join(poll, track, now_ns + NEWBORN_NS, true);
}

void fast_poll_remove(struct fast_poll *poll, struct track *track)
{
	if (track->polled)
		leave(poll, track->polled - 1u);
}

void fast_poll_ask(struct fast_poll *poll, struct worker_job *job)
{
	job->n_opens = 0;
	for (size_t i = 0; i < FAST_POLL_MAX; i++) {
		struct fast_poll_entry *entry = &poll->entry[i];
		const struct track *track = tracks_get(&poll->containers->tracks, entry->memcg_id);
		struct worker_open *open = &job->open[job->n_opens];
		const char *path;

		if (!track || entry->asked)
			continue;
		path = slot_whole_path(board_slot(poll->containers->board, track->slot));
		if (!*path)
			continue;
		entry->asked = true;
		open->memcg_id = entry->memcg_id;
		strncpy(open->path, path, RECORD_PATH - 1);
		open->path[RECORD_PATH - 1] = '\0';
		job->n_opens++;
	}
}

void fast_poll_take(struct fast_poll *poll, struct worker_job *job)
{
	for (size_t n = 0; n < job->n_opens; n++) {
		const struct track *track =
			tracks_get(&poll->containers->tracks, job->open[n].memcg_id);

		if (job->open[n].fd < 0)
			continue;
		if (track && track->polled && poll->entry[track->polled - 1].fd < 0)
			poll->entry[track->polled - 1].fd = job->open[n].fd;
		else
			close(job->open[n].fd);
	}
	job->n_opens = 0;
}

bool fast_poll_read(struct fast_poll *poll, uint64_t now_ns,
		    void (*reading)(struct track *track, uint64_t usage, uint64_t now_ns,
				    void *arg),
		    void *arg)
{
	bool any = false;

	for (size_t i = 0; i < FAST_POLL_MAX; i++) {
		struct fast_poll_entry *entry = &poll->entry[i];
		struct track *track = tracks_get(&poll->containers->tracks, entry->memcg_id);
		__u64 usage;

		if (!entry->memcg_id)
			continue;
		if (!track || now_ns > entry->until_ns) {
			leave(poll, i);
			continue;
		}
		any = true;
		if (entry->fd >= 0 && !collect_usage_read(entry->fd, &usage))
			reading(track, usage, now_ns, arg);
	}
	return any;
}

bool fast_poll_any(const struct fast_poll *poll)
{
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		if (poll->entry[i].memcg_id)
			return true;
	return false;
}

unsigned int fast_poll_count(const struct fast_poll *poll)
{
	unsigned int n = 0;

	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		n += poll->entry[i].memcg_id && !poll->entry[i].newborn;
	return n;
}

void fast_poll_done(struct fast_poll *poll)
{
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		leave(poll, i);
}
