// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "fast_poll.h"

#include <string.h>

#include "base/clock.h"

#define FAST_POLL_SECONDS 30               /* headroom / growth below this: poll */
#define FAST_POLL_SHARE   20               /* … or less than 1/20 of the limit left */
#define NEWBORN_NS        (5 * NS_PER_SEC) /* the growth of a new one is unknown for this long */
#define LINGER_NS         (3 * NS_PER_SEC) /* stays on the list after the reason is gone */

void fast_poll_init(struct fast_poll *poll, struct containers *containers)
{
	poll->containers = containers;
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		poll->entry[i] = (struct fast_poll_entry){.files = USAGE_FILES_CLOSED};
}

static void leave(struct fast_poll *poll, size_t i)
{
	struct fast_poll_entry *entry = &poll->entry[i];
	struct track *track = tracks_get(&poll->containers->tracks, entry->memcg_id);

	if (track && track->polled == i + 1)
		track->polled = 0;
	split_reader_drop(&poll->reader, &entry->files);
	*entry = (struct fast_poll_entry){.files = USAGE_FILES_CLOSED};
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
	poll->entry[i] = (struct fast_poll_entry){.memcg_id = track->memcg_id,
						  .until_ns = until_ns,
						  .files = USAGE_FILES_CLOSED,
						  .newborn = newborn};
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

		if (job->open[n].files.usage < 0)
			continue;
		if (track && track->polled && poll->entry[track->polled - 1].files.usage < 0)
			poll->entry[track->polled - 1].files = job->open[n].files;
		else
			usage_files_close(&job->open[n].files);
	}
	job->n_opens = 0;
}

/* For the thread, if it is idle and the parts can be read at all. */
static bool hand_over(struct fast_poll *poll, const struct fast_poll_entry *entry)
{
	struct split_reader *reader = &poll->reader;

	if (!reader->thread || reader->busy || entry->files.stat < 0)
		return false;
	reader->read[reader->n++] =
		(struct split_read){.memcg_id = entry->memcg_id, .files = entry->files};
	return true;
}

bool fast_poll_read(struct fast_poll *poll, uint64_t now_ns,
		    void (*reading)(struct track *track, uint64_t usage, uint64_t now_ns,
				    void *arg),
		    void *arg)
{
	struct split_reader *reader = &poll->reader;
	bool any = false;

	if (!reader->busy)
		reader->n = 0;
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
		if (entry->files.usage >= 0 && !hand_over(poll, entry) &&
		    !collect_usage_read(entry->files.usage, &usage))
			reading(track, usage, now_ns, arg);
	}
	if (!reader->busy && reader->n)
		split_reader_start(reader);
	return any;
}

bool fast_poll_take_read(struct fast_poll *poll,
			 void (*reading)(struct track *track, const struct split_read *read,
					 void *arg),
			 void *arg)
{
	struct split_reader *reader = &poll->reader;

	if (!split_reader_finish(reader))
		return false;
	for (size_t i = 0; i < reader->n; i++) {
		struct track *track =
			tracks_get(&poll->containers->tracks, reader->read[i].memcg_id);

		if (track && !track->gone_ns)
			reading(track, &reader->read[i], arg);
	}
	reader->n = 0;
	return true;
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

int fast_poll_open(struct fast_poll *poll, enum cgroup_layout layout)
{
	return split_reader_open(&poll->reader, layout);
}

void fast_poll_done(struct fast_poll *poll)
{
	split_reader_close(&poll->reader);
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		leave(poll, i);
}
