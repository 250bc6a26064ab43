// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Who turns out to be protected after he was armed, or above whom something protected has begun: the kernel strikes without asking
 * anybody, so it is told here up to which cgroup all has been looked at, and owners are asked again and again. Decides nothing:
 * act says who is protected, the worker reads the owners' word.
 */
#include "arming.h"

#include <string.h>

#include "acting_state.h"
#include "base/clock.h"

#define OWNER_NS (1 * NS_PER_SEC) /* an owner's word is this old at most, where no more than some dozen are armed */

static bool has_path(const struct guard *guard, uint32_t slot)
{
	return board_slot(guard->board, slot)->id.cgroup.at != 0;
}

/* Up to which id everybody has been looked at. Whose path is not known yet may be protected by it. */
static void tell_known(struct guard *guard, uint64_t newest)
{
	uint64_t nameless = guard->acting->arming.nameless;

	if (nameless && newest >= nameless)
		newest = nameless - 1;
	sense_arm_known(guard->sense, newest);
}

/* By itself it may be protected, and with it all above it. */
void arming_born(struct guard *guard, uint32_t slot)
{
	struct arming *arming;
	uint64_t now = clock_mono_ns(), id;

	if (!guard->acting)
		return;
	act_born(guard->acting->act, tracks_find(&guard->tracks, guard->tracks.track[slot].parent_id));
	if (!arming_any(guard))
		return;
	arming = &guard->acting->arming;
	id = guard->tracks.track[slot].memcg_id;
	if (!has_path(guard, slot) && (!arming->nameless || id < arming->nameless))
		arming->nameless = id;
	for (unsigned int level = 0; level < RECORD_LEVELS && slot != TRACK_NONE; level++) {
		if (arming_find(arming, guard->tracks.track[slot].memcg_id))
			arming_consider(guard, slot, now);
		slot = tracks_find(&guard->tracks, guard->tracks.track[slot].parent_id);
	}
	tell_known(guard, id);
}

void arming_known(struct guard *guard)
{
	struct arming *arming = &guard->acting->arming;
	uint64_t newest = 0;

	arming->nameless = 0;
	for (uint32_t slot = 0; slot < guard->tracks.capacity; slot++) {
		const struct track *track = &guard->tracks.track[slot];

		if (!track->memcg_id || track->gone_ns)
			continue;
		if (!has_path(guard, slot) && (!arming->nameless || track->memcg_id < arming->nameless))
			arming->nameless = track->memcg_id;
		if (track->memcg_id > newest)
			newest = track->memcg_id;
	}
	tell_known(guard, newest);
}

void arming_path(const struct guard *guard, uint32_t slot, char path[RECORD_PATH])
{
	const struct hr_slot *at = board_slot(guard->board, slot);

	strncpy(path, (const char *)at + at->id.cgroup.at, RECORD_PATH - 1);
	path[RECORD_PATH - 1] = '\0';
}

/* An owner may say so at any time, and the reflex does not ask: with every job that goes anyway, whoever was asked longest ago. */
void arming_ask_owners(struct guard *guard, struct worker_job *job, uint64_t now_ns)
{
	struct arming *arming = &guard->acting->arming;

	job->enforce = guard->acting->enforce;
	job->n_owners = 0;
	for (size_t i = 0; i < ARMING_MOST && job->n_owners < WORKER_OWNERS; i++) {
		struct arming_one *one = &arming->one[arming->owner_hand++ % ARMING_MOST];
		uint32_t slot = tracks_find(&guard->tracks, one->memcg_id);
		struct worker_owner *owner = &job->owner[job->n_owners];

		if (one->state != ARMING_READY || !(one->flags & ARM_REFLEX) || slot == TRACK_NONE ||
		    now_ns - one->owner_ns < OWNER_NS)
			continue;
		one->owner_ns = now_ns;
		owner->memcg_id = one->memcg_id;
		arming_path(guard, slot, owner->path);
		job->n_owners++;
	}
}

void arming_owned(struct guard *guard, struct arming_one *one, uint64_t now_ns)
{
	sense_disarm(guard->sense, one->memcg_id);
	one->owned = true;
	one->owner_ns = now_ns;
	one->flags = 0;
	arming_enter(guard, one, ARMING_WANTED); /* the tripwire is left */
}

void arming_take_owners(struct guard *guard, struct worker_job *job, uint64_t now_ns)
{
	for (size_t i = 0; i < job->n_owners; i++) {
		struct arming_one *one = arming_find(&guard->acting->arming, job->owner[i].memcg_id);

		if (one && job->owner[i].protects && one->state == ARMING_READY)
			arming_owned(guard, one, now_ns);
	}
	job->n_owners = 0;
}
