// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "kills_below.h"

#include "base/clock.h"
#include "containers.h"

#define MISSING_NS \
	(1500 * NS_PER_MS) /* the files of a sweep are not of one moment: they agree at the next */

static uint64_t beyond(uint64_t all, uint64_t part) { return all > part ? all - part : 0; }

/* With all below, as last read. */
static const struct hr_counts *counts_of(const struct containers *containers,
					 const struct track *track)
{
	return &board_slot(containers->board, track->slot)->counts;
}

void kills_below_removed(struct containers *containers, uint64_t parent_id, uint64_t kills,
			 uint64_t groups)
{
	struct track *above = tracks_get(&containers->tracks, parent_id);

	containers->kills_settled = false;
	if (!above)
		return;
	above->below.kills += known_or_0(kills);
	above->below.groups += known_or_0(groups);
}

void kills_below_final(struct containers *containers, const struct track *track, uint64_t kills,
		       uint64_t groups)
{
	const struct hr_counts *last;
	struct hr_slot *at;

	if (kills == RECORD_UNKNOWN)
		return;
	last = counts_of(containers, track);
	if (track->gone_ns) /* a sweep missed it before the record of its removal was read */
		kills_below_removed(containers, track->parent_id,
				    beyond(kills, known_or_0(last->oom_kill)),
				    beyond(known_or_0(groups), known_or_0(last->oom_group_kill)));
	containers->kills_settled = false;
	at = board_slot_begin(containers->board, track->slot);
	at->counts.oom_kill = kills;
	if (groups != RECORD_UNKNOWN)
		at->counts.oom_group_kill = groups;
	board_slot_end(containers->board, track->slot);
}

void kills_below_ended(struct containers *containers, const struct track *track)
{
	const struct hr_counts *last = counts_of(containers, track);

	kills_below_removed(containers, track->parent_id, last->oom_kill, last->oom_group_kill);
}

/* It may have had OOM kills before this daemon; so may one that an earlier daemon saw begin. */
static bool is_older(const struct containers *containers, const struct track *track)
{
	return track->born_ns == TRACK_ADOPTED ||
	       board_slot(containers->board, track->slot)->started_ns == HR_UNKNOWN;
}

/* One that was there before it was first read: what it has was taken for one that is gone. */
static void join(struct containers *containers, struct track *track, struct track *above,
		 const struct hr_counts *counts)
{
	track->summed = true;
	if (!is_older(containers, track) || !above->below.complete_ns)
		return;
	above->below.kills = beyond(above->below.kills, known_or_0(counts->oom_kill));
	above->below.groups = beyond(above->below.groups, known_or_0(counts->oom_group_kill));
}

static void sum_up(struct containers *containers)
{
	struct tracks *tracks = &containers->tracks;

	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		struct kills_below *below = &tracks->track[slot].below;

		if (!tracks->track[slot].memcg_id)
			continue;
		below->live_kills = below->live_groups = 0;
		below->stale = false;
	}
	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		struct track *track = &tracks->track[slot];
		struct track *above = track->memcg_id && !track->gone_ns
					      ? tracks_get(tracks, track->parent_id)
					      : NULL;
		const struct hr_counts *counts;

		if (!above)
			continue;
		counts = counts_of(containers, track);
		if (!track->summed && counts->oom_kill != HR_UNKNOWN)
			join(containers, track, above, counts);
		above->below.live_kills += known_or_0(counts->oom_kill);
		above->below.live_groups += known_or_0(counts->oom_group_kill);
		above->below.stale |= track->seen_sweep <= above->below.missing_sweep;
	}
}

/* The likeliest of those that went from the cgroup `above_id` since then without their last counters; NULL: none is known. */
static struct track *find_gone(struct containers *containers, uint64_t above_id, uint64_t since_ns)
{
	struct tracks *tracks = &containers->tracks;
	struct track *best = NULL;
	unsigned int best_risk = 0;

	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		struct track *track = &tracks->track[slot];
		unsigned int risk;

		if (!track->memcg_id || track->parent_id != above_id || track->final ||
		    !track->gone_ns || track->gone_ns < since_ns)
			continue;
		risk = board_slot(containers->board, slot)->forecast.risk_centi;
		if (risk == UINT16_MAX)
			risk = 0;
		if (track->kills_recorded > track->counted.incidents)
			risk = UINT16_MAX; /* a record reported it already */
		if (best &&
		    (risk < best_risk || (risk == best_risk && track->gone_ns < best->gone_ns)))
			continue;
		best = track;
		best_risk = risk;
	}
	return best;
}

static struct track *give(struct containers *containers, struct track *above, uint64_t kills,
			  uint64_t groups)
{
	uint64_t since = above->below.complete_ns;
	struct track *track = above, *gone;
	struct hr_slot *at;

	for (unsigned int n = 0; n < LEVELS_MOST; n++) {
		gone = find_gone(containers, track->memcg_id, since);
		if (!gone)
			break;
		track = gone;
	}
	containers->kills_extra +=
		kills - kill_count_late(&track->counted, kills, groups, track->group_path);
	track->kills_missing_ns = above->below.missing_ns;
	if (track->gone_ns) {
		track->kills_missing_ns = track->gone_ns;
		at = board_slot_begin(containers->board, track->slot);
		at->counts.oom_kill = known_or_0(at->counts.oom_kill) + kills;
		if (groups != HR_UNKNOWN)
			at->counts.oom_group_kill = known_or_0(at->counts.oom_group_kill) + groups;
		board_slot_end(containers->board, track->slot);
	}
	containers_count_kills(containers, track);
	return track;
}

/* The cgroup that had them; NULL: none is missing, or it is not certain yet. */
static struct track *look(struct containers *containers, struct track *track, uint64_t now_ns)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);
	struct kills_below *below = &track->below;
	uint64_t kills =
		beyond(seen->counts.oom_kill, track->own_kills + below->live_kills + below->kills);
	uint64_t groups = HR_UNKNOWN;
	struct track *found;

	if (seen->counts.oom_group_kill != HR_UNKNOWN)
		groups = beyond(seen->counts.oom_group_kill,
				known_or_0(track->own_groups) + below->live_groups + below->groups);
	if (!below->complete_ns && is_older(containers, track)) {
		below->kills += kills;
		below->groups += known_or_0(groups);
		kills = 0;
	}
	if (!kills) {
		below->complete_ns = now_ns;
		below->missing_ns = below->missing_sweep = 0;
		return NULL;
	}
	if (!below->missing_ns) {
		below->missing_ns = now_ns;
		below->missing_sweep = containers->sweep_number;
		return NULL;
	}
	if (below->stale || now_ns - below->missing_ns < MISSING_NS)
		return NULL;
	found = give(containers, track, kills, groups);
	below->kills += kills;
	below->groups += known_or_0(groups);
	below->complete_ns = now_ns;
	below->missing_ns = below->missing_sweep = 0;
	return found;
}

void kills_below_check(struct containers *containers, uint64_t now_ns,
		       void (*found)(struct track *track, uint64_t now_ns, void *arg), void *arg)
{
	struct tracks *tracks = &containers->tracks;

	if (containers->kills_settled)
		return;
	containers->kills_settled = true;
	sum_up(containers);
	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		struct track *track = &tracks->track[slot], *of;

		if (track->gone_ns &&
		    track->kills_missing_ns) { /* it went before its event was due */
			containers->kills_settled = false;
			found(track, now_ns, arg);
		}
		if (!track->memcg_id || track->gone_ns || track->own_kills == HR_UNKNOWN ||
		    counts_of(containers, track)->oom_kill == HR_UNKNOWN)
			continue;
		if (track->seen_sweep != containers->sweep_number) {
			containers->kills_settled = false;
			continue;
		}
		of = look(containers, track, now_ns);
		if (of || track->below.missing_ns)
			containers->kills_settled = false;
		if (of)
			found(of, now_ns, arg);
	}
}
