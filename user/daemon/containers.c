// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which cgroups are on the board: additions, ends, tombstones. A tombstone keeps what a person looks for the next morning;
 * the ledger keeps the counters of a workload for longer than that.
 */
#include "containers.h"

#include <string.h>

#include "base/clock.h"
#include "events.h"

#define TOMBSTONE_NS (15 * 60 * NS_PER_SEC) /* a gone container stays in the list */
/* … and longer one that was OOM-killed, or that may have left memory: a tenth of the limit */
#define TOMBSTONE_LONG_NS (6 * 3600 * NS_PER_SEC)
/* … and one without a name, while an OOM kill of it may be found */
#define TOMBSTONE_LATE_NS (20 * NS_PER_SEC)
#define OUTLIVED_SHARE    10
#define TOMBSTONE_SCALE   1000000
#define TOMBSTONES(cap)   ((cap) / 4) /* at most */

int containers_init(struct containers *containers, struct board *board,
		    struct resolver_client *resolver, const char *scope,
		    const struct containers_ops *ops, void *ops_arg)
{
	*containers = (struct containers){
		.board = board,
		.resolver = resolver,
		.scope = scope,
		.ops = ops,
		.ops_arg = ops_arg,
	};
	return tracks_init(&containers->tracks, board_capacity(board));
}

void containers_done(struct containers *containers) { tracks_done(&containers->tracks); }

bool containers_in_scope(const struct containers *containers, const char *path)
{
	size_t n = strlen(containers->scope);

	return !n || (!strncmp(path, containers->scope, n) && (path[n] == '/' || path[n] == '\0'));
}

uint32_t containers_centis(const struct containers *containers, uint64_t now_ns)
{
	int64_t since = (int64_t)(board_stamp_mono_ns(containers->board, now_ns) -
				  board_header(containers->board)->created_ns);

	return since > 0 ? (uint32_t)(since / (int64_t)(10 * NS_PER_MS)) : 0;
}

struct track *containers_at(const struct containers *containers, uint32_t slot, uint64_t memcg_id)
{
	const struct tracks *tracks = &containers->tracks;

	return slot < tracks->capacity && tracks->track[slot].memcg_id == memcg_id
		       ? &tracks->track[slot]
		       : NULL;
}

struct track *containers_subject(struct containers *containers, uint64_t memcg_id)
{
	struct track *own = tracks_get(&containers->tracks, memcg_id), *unit = NULL;
	struct track *track = own;

	for (unsigned int n = 0; track && n < LEVELS_MOST; n++) {
		uint8_t kind = board_slot(containers->board, track->slot)->id.kind;

		if (kind == HR_KIND_CONTAINER)
			return track;
		if (kind == HR_KIND_UNIT && !unit)
			unit = track;
		track = tracks_get(&containers->tracks, track->parent_id);
	}
	return unit ?: own;
}

bool containers_contained(struct containers *containers, uint64_t memcg_id)
{
	const struct track *track = containers_subject(containers, memcg_id);

	return track && board_slot(containers->board, track->slot)->id.kind == HR_KIND_CONTAINER;
}

static void forget(struct containers *containers, struct track *track)
{
	board_slot_free(containers->board, track->slot);
	tracks_drop(&containers->tracks, track);
}

/* Tmpfs and shared memory that it had may outlive it: explain and reports say then of which cgroup they are (format/outlived.h). */
static bool leaves_memory(const struct hr_slot *seen)
{
	return seen->binding.level != HR_LEVEL_HOST && seen->binding.limit != HR_UNKNOWN &&
	       seen->memory.shmem != HR_UNKNOWN && seen->memory.shmem &&
	       seen->memory.shmem >= seen->binding.limit / OUTLIVED_SHARE;
}

/* How much of its time as a tombstone is over, in millionths; -1 for a track that is none. */
static int64_t faded(struct containers *containers, const struct track *track, uint64_t now_ns)
{
	const struct hr_slot *seen;
	uint64_t time;

	if (!track->memcg_id || !track->gone_ns)
		return -1;
	seen = board_slot(containers->board, track->slot);
	time = seen->oom_kills_total || leaves_memory(seen) ? TOMBSTONE_LONG_NS
	       : slot_has_name(seen)                        ? TOMBSTONE_NS
							    : TOMBSTONE_LATE_NS;
	return (int64_t)((now_ns - track->gone_ns) / (time / TOMBSTONE_SCALE));
}

/* Removes the most faded tombstones, an eighth of the scale at once: finding them takes a walk through all tracks. */
static void thin_tombstones(struct containers *containers)
{
	struct tracks *tracks = &containers->tracks;
	uint64_t now = clock_mono_ns();
	int64_t most = -1;

	if (!tracks->gone)
		return;
	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		int64_t here = faded(containers, &tracks->track[slot], now);

		most = here > most ? here : most;
	}
	for (uint32_t slot = 0; slot < tracks->capacity; slot++)
		if (faded(containers, &tracks->track[slot], now) >= most - most / 8)
			forget(containers, &tracks->track[slot]);
}

struct track *containers_add(struct containers *containers, uint64_t memcg_id, uint64_t parent_id,
			     const char *path)
{
	struct hr_slot *at;
	struct track *track;
	uint32_t slot;

	if (board_slot_take(containers->board, &slot)) {
		thin_tombstones(containers);
		if (board_slot_take(containers->board, &slot)) {
			containers->without_slot++;
			return NULL;
		}
	}
	track = tracks_put(&containers->tracks, slot, memcg_id);
	track->parent_id = parent_id;
	track->born_ns = clock_mono_ns();
	track->seen_sweep = containers->sweep_number;
	containers->kills_settled = false;
	at = board_slot_begin(containers->board, slot);
	at->state = HR_SLOT_RUNNING;
	at->cgroup_id = memcg_id;
	at->parent_id = parent_id;
	at->appeared_ns = board_now_ns(containers->board);
	at->started_ns = path ? at->appeared_ns : HR_UNKNOWN; /* a path comes from its mkdir */
	at->oom_kills_total = 0;
	if (path)
		slot_set_path(containers->board, at, path);
	board_slot_end(containers->board, slot);
	containers_ask(containers, track);
	return track;
}

static bool removed_lately(const struct containers *containers, uint64_t memcg_id)
{
	for (size_t i = 0; i < REMOVED_MAX; i++)
		if (containers->removed[i] == memcg_id)
			return true;
	return false;
}

struct track *containers_of_row(struct containers *containers, uint64_t memcg_id,
				uint64_t parent_id)
{
	struct track *track = tracks_get(&containers->tracks, memcg_id);

	if (track)
		return track->gone_ns ? NULL : track;
	if (removed_lately(containers, memcg_id))
		return NULL;
	track = containers_add(containers, memcg_id, parent_id, NULL);
	containers->unannounced += track != NULL;
	return track;
}

bool containers_populated(struct containers *containers, struct track *track)
{
	if (track->gone_ns ||
	    (board_slot(containers->board, track->slot)->flags & HR_SLOT_POPULATED))
		return false;
	board_slot_begin(containers->board, track->slot)->flags |=
		HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	board_slot_end(containers->board, track->slot);
	return true;
}

static void raise_peak(struct containers *containers, const struct track *track, uint64_t peak)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);

	if (peak == RECORD_UNKNOWN ||
	    (seen->memory.peak != HR_UNKNOWN && seen->memory.peak >= peak))
		return;
	board_slot_begin(containers->board, track->slot)->memory.peak = peak;
	board_slot_end(containers->board, track->slot);
}

void containers_end(struct containers *containers, struct track *track)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);
	struct hr_slot *at;

	if (track->gone_ns)
		return;
	containers->ops->ended(track, containers->ops_arg);
	while (track->counted.waits) /* no further reading will come */
		containers_read_kills(containers, track, track->own_kills, track->own_groups,
				      track->group);
	containers_count_kills(containers, track);
	score_cut(&track->score, &containers->score);
	kills_below_ended(containers, track);
	/* Where its last counters were not read, an OOM kill may yet be found in those of the cgroup above. */
	if (track->final && !slot_has_name(seen) && !seen->oom_kills_total &&
	    !leaves_memory(seen)) {
		forget(containers, track);
		return;
	}
	tracks_bury(&containers->tracks, track, clock_mono_ns());
	at = board_slot_begin(containers->board, track->slot);
	at->state = HR_SLOT_GONE;
	if (at->counts.oom_kill == HR_UNKNOWN || at->counts.oom_kill < track->kills_recorded)
		at->counts.oom_kill = track->kills_recorded; /* the last sweep came before it */
	at->gone_ns = board_now_ns(containers->board);
	at->flags &= ~(HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS | HR_SLOT_UNDER_OOM);
	memset(at->process, 0, sizeof(at->process));
	board_slot_end(containers->board, track->slot);
	if (seen->id.kind == HR_KIND_CONTAINER || seen->oom_kills_total)
		events_container(containers->board, track->slot, HR_CONTAINER_GONE);
	if (containers->tracks.gone > TOMBSTONES(board_slots(containers->board)))
		thin_tombstones(containers);
}

void containers_removed(struct containers *containers, const struct record_cgroup *gone)
{
	struct track *track = tracks_get(&containers->tracks, gone->memcg_id);

	containers->removed[containers->n_removed++ % REMOVED_MAX] = gone->memcg_id;
	if (!track) {
		kills_below_removed(containers, gone->parent_id, gone->oom_kills_all,
				    gone->oom_groups_all);
		return;
	}
	containers_read_kills(containers, track, gone->oom_kills, gone->oom_groups, track->group);
	kills_below_final(containers, track, gone->oom_kills_all, gone->oom_groups_all);
	track->final = gone->oom_kills != RECORD_UNKNOWN;
	raise_peak(containers, track, gone->peak);
	containers_end(containers, track);
}

void containers_expire(struct containers *containers, uint64_t now_ns)
{
	struct tracks *tracks = &containers->tracks;

	for (uint32_t slot = 0; tracks->gone && slot < tracks->capacity; slot++)
		if (faded(containers, &tracks->track[slot], now_ns) > TOMBSTONE_SCALE)
			forget(containers, &tracks->track[slot]);
}

static void adopt_ledger(struct containers *containers, struct track *track,
			 const struct hr_slot *seen)
{
	struct ledger_entry *entry =
		ledger_entry(&containers->tracks, seen->id.workload, clock_mono_ns());

	track->carried = 1;
	track->kills_entered = track_kills(track);
	if (entry->oom_kills < seen->oom_kills_total)
		entry->oom_kills = seen->oom_kills_total;
	if (entry->restarts < seen->restarts)
		entry->restarts = seen->restarts;
	if (seen->state == HR_SLOT_RUNNING || !entry->memcg_id)
		entry->memcg_id = seen->cgroup_id;
}

/* The previous daemon posted these. The counters on the board may lag behind its events by a moment: what they do not have yet
 * was recorded. Where there were no restarts the total is this cgroup's own. */
static void adopt_kills(struct track *track, const struct hr_slot *seen)
{
	uint64_t kills = known_or_0(seen->counts.oom_kill),
		 groups = known_or_0(seen->counts.oom_group_kill);
	uint64_t counted = groups ? groups : kills;

	if (seen->counts.oom_kill != HR_UNKNOWN && !seen->restarts &&
	    seen->oom_kills_total > counted)
		track->kills_recorded = seen->oom_kills_total - counted;
	track->kills_emitted = track->kills_recorded;
	track->kills_first = seen->oom_kills_total - track->kills_recorded;
	track->counted.kills = seen->counts.oom_kill;
	track->counted.groups = groups;
}

/* Names, counters, tombstones and history of the previous daemon stay. Forecasts start anew. */
static void adopt_slot(struct containers *containers, uint32_t slot)
{
	const struct hr_slot *seen = board_slot(containers->board, slot);
	struct track *track = tracks_put(&containers->tracks, slot, seen->cgroup_id);
	uint64_t now = clock_mono_ns(), stamp = board_now_ns(containers->board);

	track->parent_id = seen->parent_id;
	track->born_ns = TRACK_ADOPTED;
	track->emitted = seen->id.kind == HR_KIND_CONTAINER;
	track->named = seen->id.image.at != 0; /* no path holds one */
	adopt_kills(track, seen);
	/* As in the last event: without what it inherited from levels above. */
	if (seen->binding.level == HR_LEVEL_OWN &&
	    seen->forecast.reason[0].reserved == HR_LEVEL_OWN)
		track->alarm = seen->forecast.alarm;
	track->leak = seen->forecast.leak;
	track->under_oom = !!(seen->flags & HR_SLOT_UNDER_OOM);
	track->ledger_restarts = seen->restarts;
	track->stall_base = (struct stall_base){seen->stalls.count, seen->stalls.total_ns};
	if (seen->state == HR_SLOT_GONE) {
		uint64_t age = stamp > seen->gone_ns ? stamp - seen->gone_ns : 0;

		tracks_bury(&containers->tracks, track, now > age ? now - age : 1);
	}
	if (seen->id.workload && slot_has_name(seen))
		adopt_ledger(containers, track, seen);
}

void containers_adopt(struct containers *containers)
{
	const struct hr_host *host = board_host(containers->board);

	containers->score = host->score;
	if (host->oom_kills != HR_UNKNOWN && host->oom_killed_processes != HR_UNKNOWN &&
	    host->oom_killed_processes > host->oom_kills)
		containers->kills_extra = host->oom_killed_processes - host->oom_kills;
	for (uint32_t slot = 0; slot < containers->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(containers->board, slot);

		if (seen->state == HR_SLOT_FREE)
			continue;
		if (!seen->cgroup_id ||
		    tracks_find(&containers->tracks, seen->cgroup_id) != TRACK_NONE ||
		    (*slot_whole_path(seen) &&
		     !containers_in_scope(containers, slot_whole_path(seen))))
			board_slot_free(containers->board, slot);
		else
			adopt_slot(containers, slot);
	}
}

void containers_acted(struct containers *containers, struct track *track)
{
	for (unsigned int n = 0; track && n < LEVELS_MOST; n++) {
		score_cut(&track->score, &containers->score);
		track = tracks_get(&containers->tracks, track->parent_id);
	}
	score_cut(&containers->host_score, &containers->score);
}

void containers_rebase_stalls(struct containers *containers)
{
	for (uint32_t slot = 0; slot < containers->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(containers->board, slot);
		struct track *track = &containers->tracks.track[slot];

		if (track->memcg_id && seen->stalls.count != HR_UNKNOWN)
			track->stall_base =
				(struct stall_base){seen->stalls.count, seen->stalls.total_ns};
	}
}
