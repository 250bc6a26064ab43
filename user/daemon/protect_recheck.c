// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Who turns out to be protected after he was armed, or above whom something protected has begun: the kernel strikes without asking
 * anybody, so it is told here up to which cgroup all has been looked at, and owners are asked again and again. Decides nothing:
 * act says who is protected, the worker reads the owners' word.
 */
#include "trigger_sync.h"

#include <string.h>

#include "policy_driver_state.h"
#include "base/clock.h"

#define OWNER_NS \
	(1 *     \
	 NS_PER_SEC) /* an owner's word is this old at most, where no more than some dozen are armed */

static bool has_path(const struct daemon *daemon, uint32_t slot)
{
	return board_slot(daemon->board, slot)->id.cgroup.at != 0;
}

/* Up to which id everybody has been looked at. Whose path is not known yet may be protected by it. */
static void describe_known(struct daemon *daemon, uint64_t newest)
{
	uint64_t nameless = daemon->policy_driver->trigger_sync.nameless;

	if (nameless && newest >= nameless)
		newest = nameless - 1;
	collect_trigger_known(daemon->collector, newest);
}

/* By itself it may be protected, and with it all above it. */
void trigger_sync_born(struct daemon *daemon, uint32_t slot)
{
	struct trigger_sync *trigger_sync;
	uint64_t now = clock_mono_ns(), id;

	if (!daemon->policy_driver)
		return;
	engine_child_created(daemon->policy_driver->engine,
			     tracks_find(&daemon->tracks, daemon->tracks.track[slot].parent_id));
	if (!trigger_sync_any(daemon))
		return;
	trigger_sync = &daemon->policy_driver->trigger_sync;
	id = daemon->tracks.track[slot].memcg_id;
	if (!has_path(daemon, slot) && (!trigger_sync->nameless || id < trigger_sync->nameless))
		trigger_sync->nameless = id;
	for (unsigned int level = 0; level < RECORD_LEVELS && slot != TRACK_NONE; level++) {
		if (trigger_sync_find(trigger_sync, daemon->tracks.track[slot].memcg_id))
			trigger_sync_consider(daemon, slot, now);
		slot = tracks_find(&daemon->tracks, daemon->tracks.track[slot].parent_id);
	}
	describe_known(daemon, id);
}

void trigger_sync_known(struct daemon *daemon)
{
	struct trigger_sync *trigger_sync = &daemon->policy_driver->trigger_sync;
	uint64_t newest = 0;

	trigger_sync->nameless = 0;
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		const struct track *track = &daemon->tracks.track[slot];

		if (!track->memcg_id || track->gone_ns)
			continue;
		if (!has_path(daemon, slot) &&
		    (!trigger_sync->nameless || track->memcg_id < trigger_sync->nameless))
			trigger_sync->nameless = track->memcg_id;
		if (track->memcg_id > newest)
			newest = track->memcg_id;
	}
	describe_known(daemon, newest);
}

void trigger_sync_path(const struct daemon *daemon, uint32_t slot, char path[RECORD_PATH])
{
	const struct hr_slot *at = board_slot(daemon->board, slot);

	strncpy(path, (const char *)at + at->id.cgroup.at, RECORD_PATH - 1);
	path[RECORD_PATH - 1] = '\0';
}

/* An owner may say so at any time, and the reflex does not ask: with every job that goes anyway, whoever was asked longest ago. */
void trigger_sync_ask_owners(struct daemon *daemon, struct worker_job *job, uint64_t now_ns)
{
	struct trigger_sync *trigger_sync = &daemon->policy_driver->trigger_sync;

	job->enforce = daemon->policy_driver->enforce;
	job->n_owners = 0;
	for (size_t i = 0; i < TRIGGER_SYNC_MOST && job->n_owners < WORKER_OWNERS; i++) {
		struct trigger_sync_one *one =
			&trigger_sync->one[trigger_sync->owner_hand++ % TRIGGER_SYNC_MOST];
		uint32_t slot = tracks_find(&daemon->tracks, one->memcg_id);
		struct worker_owner *owner = &job->owner[job->n_owners];

		if (one->state != TRIGGER_SYNC_READY || !(one->flags & TRIGGER_REFLEX) ||
		    slot == TRACK_NONE || now_ns - one->owner_ns < OWNER_NS)
			continue;
		one->owner_ns = now_ns;
		owner->memcg_id = one->memcg_id;
		trigger_sync_path(daemon, slot, owner->path);
		job->n_owners++;
	}
}

void trigger_sync_owned(struct daemon *daemon, struct trigger_sync_one *one, uint64_t now_ns)
{
	collect_disarm(daemon->collector, one->memcg_id);
	one->owned = true;
	one->owner_ns = now_ns;
	one->flags = 0;
	trigger_sync_enter(daemon, one, TRIGGER_SYNC_WANTED); /* the tripwire is left */
}

void trigger_sync_take_owners(struct daemon *daemon, struct worker_job *job, uint64_t now_ns)
{
	for (size_t i = 0; i < job->n_owners; i++) {
		struct trigger_sync_one *one = trigger_sync_find(
			&daemon->policy_driver->trigger_sync, job->owner[i].memcg_id);

		if (one && job->owner[i].protects && one->state == TRIGGER_SYNC_READY)
			trigger_sync_owned(daemon, one, now_ns);
	}
	job->n_owners = 0;
}
