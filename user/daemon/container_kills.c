// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* OOM kills of a cgroup and of its workload, on the board and in the ledger. */
#include "containers.h"

#include "base/clock.h"

/* A kill that was found after the end of its cgroup: what runs in its place has taken the counters over already. */
static void enter_late(struct containers *containers, const struct ledger_entry *entry,
		       const struct track *track, uint64_t kills)
{
	struct track *next = tracks_get(&containers->tracks, entry->memcg_id);

	if (!next || next == track || !next->carried)
		return;
	next->ledger_kills += kills;
	board_slot_begin(containers->board, next->slot)->oom_kills_total += kills;
	board_slot_end(containers->board, next->slot);
}

/* The ledger gets the increase, not the count: two cgroups of one workload may run side by side. */
static void enter_kills(struct containers *containers, struct track *track,
			const struct hr_slot *seen)
{
	struct ledger_entry *entry =
		ledger_entry(&containers->tracks, seen->id.workload, clock_mono_ns());
	uint64_t own = track_kills(track);

	if (!entry->memcg_id) { /* it had been replaced by another workload's */
		entry->memcg_id = track->memcg_id;
		entry->oom_kills = track->ledger_kills + track->kills_entered;
		entry->restarts = seen->restarts;
	}
	entry->oom_kills += own - track->kills_entered;
	if (track->gone_ns && own > track->kills_entered)
		enter_late(containers, entry, track, own - track->kills_entered);
	track->kills_entered = own;
}

void containers_count_kills(struct containers *containers, struct track *track)
{
	uint64_t total = track->ledger_kills + track_kills(track);
	const struct hr_slot *seen = board_slot(containers->board, track->slot);

	if (track->carried)
		enter_kills(containers, track, seen);
	if (seen->oom_kills_total == total)
		return;
	board_slot_begin(containers->board, track->slot)->oom_kills_total = total;
	board_slot_end(containers->board, track->slot);
}

/* The cgroup above it was read before it: rows come from the top. */
static void read_path(struct containers *containers, struct track *track)
{
	const struct track *above = tracks_get(&containers->tracks, track->parent_id);

	track->groups_path = known_or_0(track->own_groups);
	track->group_path = track->group;
	if (above) {
		track->groups_path += above->groups_path;
		track->group_path |= above->group_path;
	}
}

/* Kills of before the daemon saw the cgroup are counted but get no event; those of a new cgroup do. */
static void first_reading(struct containers *containers, struct track *track, uint64_t above)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);
	bool adopted = track->born_ns == TRACK_ADOPTED;

	track->kills_read = true;
	if (track->counted.kills == HR_UNKNOWN) { /* the daemon before had not read them */
		track->counted.kills = track->own_kills;
		track->counted.groups = known_or_0(track->own_groups);
	}
	/* Of a new cgroup that has had kills already, the group of the cgroup above was killed since it began, as far as one can tell. */
	if (adopted || (seen->started_ns != HR_UNKNOWN && !track->own_kills))
		track->counted.above = above;
}

void containers_read_kills(struct containers *containers, struct track *track, uint64_t kills,
			   uint64_t groups, bool group)
{
	struct kill_reading now = {.kills = kills, .groups = groups, .group = group};
	bool first = !track->kills_read;
	uint64_t before;

	if (kills == RECORD_UNKNOWN)
		return;
	if (track->own_kills != kills || track->own_groups != groups)
		containers->kills_settled = false;
	track->own_kills = kills;
	track->own_groups = groups;
	track->group = group;
	read_path(containers, track);
	now.group_above = track->group_path && !group;
	now.groups_above = track->groups_path - known_or_0(groups);
	if (first)
		first_reading(containers, track, now.groups_above);
	before = track->counted.kills;
	containers->kills_extra -= kill_count_update(&track->counted, &now);
	containers->kills_extra += track->counted.kills - before;
	if (first && track->born_ns != TRACK_ADOPTED &&
	    board_slot(containers->board, track->slot)->started_ns == HR_UNKNOWN)
		track->counted_first = track->counted.incidents;
	containers_count_kills(containers, track);
}
