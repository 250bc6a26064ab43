// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "policy_world.h"

#include "base/clock.h"

static const struct hr_slot *world_slot(uint32_t index, void *arg)
{
	const struct containers *containers = arg;
	const struct track *track = &containers->tracks.track[index];
	const struct hr_slot *slot;

	if (!track->memcg_id || track->gone_ns)
		return NULL; /* and its page is left alone: it may have been given back */
	slot = board_slot(containers->board, index);
	/* What protects it may be in the part that was cut; larger slots come (widen_slots.c). */
	if (slot->flags & HR_SLOT_CUT && !containers->texts_stay_cut &&
	    (board_text_short(containers->board) || track->resolve != RESOLVE_DONE))
		return NULL;
	return slot;
}

const struct policy_snapshot *policy_world_now(struct policy_world *world)
{
	world->snapshot = (struct policy_snapshot){
		.now_ns = clock_mono_ns(),
		.host = board_host(world->containers->board),
		.slots = world->containers->tracks.capacity,
		.slot = world_slot,
		.arg = world->containers,
		.self_memcg_id = world->self_memcg_id,
		.pgroup = world->groups->group,
		.pgroups = world->groups->n,
		.pgroups_ns = world->groups->pass_ns,
		.pgroups_new = process_groups_new(world->groups, clock_mono_ns()),
	};
	return &world->snapshot;
}
