// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Containers that turn out to be protected after they were armed, or below which a protected one begins: the kernel kills
 * without a question to anything, so it learns up to which cgroup all have been checked, and the owners of the armed ones are
 * asked again and again. Decides nothing: the engine says what is protected, the worker reads what the owner has set.
 */
#include "trigger_sync.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

#define OWNER_NS \
	(1 *     \
	 NS_PER_SEC) /* an owner was asked this long ago at most, while no more than some dozen are armed */

#define RETRY_LEAST_NS (100 * NS_PER_MS) /* doubles up to RETRY_NS */

static bool has_path(const struct trigger_sync *sync, const struct track *track)
{
	return board_slot(sync->containers->board, track->slot)->id.cgroup.at != 0;
}

/* Up to which id all were checked. One without a known path may be protected by it. */
static void tell_kernel(struct trigger_sync *sync, uint64_t newest)
{
	if (sync->nameless && newest >= sync->nameless)
		newest = sync->nameless - 1;
	collect_trigger_known(sync->collector, newest);
}

/* It may be armed by now; and it may be protected, and then so is every cgroup above it. */
void trigger_sync_child(struct trigger_sync *sync, const struct track *track)
{
	uint64_t now = clock_mono_ns(), id = track->memcg_id;

	if (!sync->any)
		return;
	if (!has_path(sync, track) && (!sync->nameless || id < sync->nameless))
		sync->nameless = id;
	for (unsigned int level = 0; level < LEVELS_MOST && track; level++) {
		if (!level || trigger_sync_find(sync, track->memcg_id))
			trigger_sync_consider(sync, track, now);
		track = tracks_get(&sync->containers->tracks, track->parent_id);
	}
	tell_kernel(sync, id);
}

void trigger_sync_checked(struct trigger_sync *sync)
{
	const struct tracks *tracks = &sync->containers->tracks;
	uint64_t newest = 0;

	sync->nameless = 0;
	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		const struct track *track = &tracks->track[slot];

		if (!track->memcg_id || track->gone_ns)
			continue;
		if (!has_path(sync, track) && (!sync->nameless || track->memcg_id < sync->nameless))
			sync->nameless = track->memcg_id;
		if (track->memcg_id > newest)
			newest = track->memcg_id;
	}
	tell_kernel(sync, newest);
}

void trigger_sync_path(const struct trigger_sync *sync, const struct track *track,
		       char path[RECORD_PATH])
{
	const struct hr_slot *at = board_slot(sync->containers->board, track->slot);

	strncpy(path, (const char *)at + at->id.cgroup.at, RECORD_PATH - 1);
	path[RECORD_PATH - 1] = '\0';
}

/* An owner may protect its cgroup at any time, and the reflex does not ask: each job asks those that were asked longest ago. */
void trigger_sync_ask_owners(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns)
{
	job->enforce = sync->enforce;
	job->n_owners = 0;
	for (size_t i = 0; i < TRIGGERS_MAX && job->n_owners < WORKER_OWNERS; i++) {
		struct trigger_entry *entry = &sync->entry[sync->owner_hand++ % TRIGGERS_MAX];
		const struct track *track = tracks_get(&sync->containers->tracks, entry->memcg_id);
		struct worker_owner *owner = &job->owner[job->n_owners];

		if (entry->state != ENTRY_READY || !(entry->flags & TRIGGER_REFLEX) || !track ||
		    now_ns - entry->owner_ns < OWNER_NS)
			continue;
		entry->owner_ns = now_ns;
		owner->memcg_id = entry->memcg_id;
		owner->guest = action_guest(board_slot(sync->containers->board, track->slot));
		trigger_sync_path(sync, track, owner->path);
		job->n_owners++;
	}
}

void trigger_sync_owned(struct trigger_sync *sync, struct trigger_entry *entry, uint64_t now_ns)
{
	collect_trigger_remove(sync->collector, entry->memcg_id);
	entry->owned = true;
	entry->armed_ns = 0;
	entry->owner_ns = now_ns;
	entry->flags = 0;
	trigger_sync_enter(sync, entry, ENTRY_WANTED); /* the tripwire stays */
}

/* What could not be read or armed now may be a moment later: a cgroup is renamed, a descriptor is free again. */
void trigger_sync_failed(struct trigger_sync *sync, struct trigger_entry *entry, uint64_t now_ns)
{
	uint64_t wait_ns = RETRY_LEAST_NS << entry->failed;

	collect_trigger_remove(sync->collector, entry->memcg_id);
	entry->armed_ns = 0;
	entry->retry_ns = now_ns + (wait_ns < RETRY_NS ? wait_ns : RETRY_NS);
	entry->failed += wait_ns < RETRY_NS;
	trigger_sync_enter(sync, entry, ENTRY_WANTED);
}

void trigger_sync_take_owners(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns)
{
	for (size_t i = 0; i < job->n_owners; i++) {
		struct trigger_entry *entry = trigger_sync_find(sync, job->owner[i].memcg_id);

		if (!entry || !job->owner[i].error || entry->state != ENTRY_READY)
			continue;
		if (job->owner[i].error == -EPERM)
			trigger_sync_owned(sync, entry, now_ns);
		else
			trigger_sync_failed(sync, entry, now_ns);
	}
	job->n_owners = 0;
}
