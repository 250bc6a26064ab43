// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Who is on the board: births, names, deaths and tombstones. Figures are measure.c's. A tombstone keeps what a person
 * asks for the next morning; the ledger keeps a workload's counters for longer than that.
 */
#include "slot_lifecycle.h"

#include <string.h>
#include <unistd.h>

#include "policy_driver.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "resolver_client.h"
#include "events.h"

#define TOMBSTONE_NS     (15 * 60 * NS_PER_SEC)  /* a gone container stays in the list */
#define TOMBSTONE_OOM_NS (6 * 3600 * NS_PER_SEC) /* … and one that was OOM-killed, longer */
#define TOMBSTONE_SCALE  1000000
#define TOMBSTONES(cap)  ((cap) / 4) /* at most */
#define CLIMB_MOST       RECORD_LEVELS

static const char *text_of(const void *base, struct hr_str s)
{
	return s.at ? (const char *)base + s.at : NULL;
}

/* What of a slot's text is not its identity; NULL: none. */
struct slot_texts {
	const char *path; /* where the identity has none */
	const char *binding, *labels, *next_policy;
};

/* All text of a slot anew, so that it never fills up with what stood there before. The identity and the rest may live in
 * the slot itself. */
static void slot_text(struct hr_slot *slot, const void *from, size_t from_bytes,
		      const struct hr_identity *id, struct slot_texts rest)
{
	struct hr_slot old = *slot;
	const void *base = from == slot ? &old : from;
	const struct hr_identity *source = from == slot ? &old.id : id;
	const char **const all[] = {&rest.path, &rest.binding, &rest.labels, &rest.next_policy};
	struct board_text text;
	bool cut;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (*all[i] >= (const char *)slot && *all[i] < (const char *)(slot + 1))
			*all[i] = (const char *)&old + (*all[i] - (const char *)slot);
	board_text_init(&text, slot, offsetof(struct hr_slot, text), sizeof(*slot));
	board_text_identity(&text, base, from_bytes, source, &slot->id);
	if (!slot->id.cgroup.at)
		slot->id.cgroup = board_text_add(&text, rest.path, true);
	slot->binding.cgroup = board_text_add(&text, rest.binding, true);
	slot->next_policy = board_text_add(&text, rest.next_policy, false);
	cut = text.cut;
	slot->labels = board_text_add(&text, rest.labels, false);
	if (text.cut && !cut)
		slot->labels.at = 0; /* half a label would match what nobody wrote */
	slot->text_used = text.used;
	slot->flags = (slot->flags & ~HR_SLOT_CUT) | (text.cut ? HR_SLOT_CUT : 0);
}

static struct slot_texts texts_of(const struct hr_slot *slot)
{
	return (struct slot_texts){
		.binding = text_of(slot, slot->binding.cgroup),
		.labels = text_of(slot, slot->labels),
		.next_policy = text_of(slot, slot->next_policy),
	};
}

void publish_binding_path(struct hr_slot *at, const char *path)
{
	struct slot_texts texts = texts_of(at);

	texts.binding = path;
	slot_text(at, at, sizeof(*at), NULL, texts);
}

void publish_next_policy(struct hr_slot *at, const char *policy)
{
	struct slot_texts texts = texts_of(at);

	texts.next_policy = policy;
	slot_text(at, at, sizeof(*at), NULL, texts);
}

uint32_t publish_subject(struct daemon *daemon, uint64_t memcg_id)
{
	uint32_t own = tracks_find(&daemon->tracks, memcg_id), unit = TRACK_NONE;
	uint64_t id = memcg_id;

	for (int n = 0; n < CLIMB_MOST; n++) {
		uint32_t slot = tracks_find(&daemon->tracks, id);
		uint8_t kind;

		if (slot == TRACK_NONE)
			break;
		kind = board_slot(daemon->board, slot)->id.kind;
		if (kind == HR_KIND_CONTAINER)
			return slot;
		if (kind == HR_KIND_UNIT && unit == TRACK_NONE)
			unit = slot;
		id = daemon->tracks.track[slot].parent_id;
	}
	return unit == TRACK_NONE ? own : unit;
}

/* The ledger learns by how much the count grew, not what it is: two cgroups of one workload may live side by side. */
static void enter_kills(struct daemon *daemon, struct track *track, const struct hr_slot *seen)
{
	struct ledger_entry *entry =
		ledger_entry(&daemon->tracks, seen->id.workload, clock_mono_ns());
	uint64_t own = track_kills(track);

	if (!entry->memcg_id) { /* it had given way to others */
		entry->memcg_id = track->memcg_id;
		entry->oom_kills = track->ledger_kills + track->kills_entered;
		entry->restarts = seen->restarts;
	}
	entry->oom_kills += own - track->kills_entered;
	track->kills_entered = own;
}

void publish_kills(struct daemon *daemon, uint32_t slot)
{
	struct track *track = &daemon->tracks.track[slot];
	uint64_t total = track->ledger_kills + track_kills(track);
	const struct hr_slot *seen = board_slot(daemon->board, slot);
	struct hr_slot *at;

	if (track->carried)
		enter_kills(daemon, track, seen);
	if (seen->oom_kills_total == total)
		return;
	at = board_slot_begin(daemon->board, slot);
	at->oom_kills_total = total;
	board_slot_end(daemon->board, slot);
}

/* The name is known: what the workload counted before this cgroup is counted on. */
static void carry_counters(struct daemon *daemon, uint32_t slot, uint64_t workload)
{
	struct track *track = &daemon->tracks.track[slot];
	struct ledger_entry *entry = ledger_entry(&daemon->tracks, workload, clock_mono_ns());
	const struct track *before = tracks_get(&daemon->tracks, entry->memcg_id);
	/* One that still runs was not restarted: it has a twin. */
	bool restarted = entry->memcg_id && (!before || before->gone_ns);
	struct hr_slot *at;

	if (track->carried)
		return;
	track->carried = 1;
	if (restarted && before)
		forecast_succeed(&track->forecast, &before->forecast);
	track->ledger_kills = entry->oom_kills;
	track->ledger_restarts = entry->restarts + restarted;
	entry->memcg_id = track->memcg_id;
	entry->restarts = track->ledger_restarts;
	at = board_slot_begin(daemon->board, slot);
	at->restarts = track->ledger_restarts;
	board_slot_end(daemon->board, slot);
	publish_kills(daemon, slot);
	if (restarted)
		notice_container(daemon, slot, HR_CONTAINER_RESTARTED);
	if (restarted)
		policy_driver_restarted(daemon, slot, workload);
}

static bool has_name(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.kind == HR_KIND_UNIT;
}

void publish_identity(struct daemon *daemon, uint32_t slot, const struct resolve_answer *answer)
{
	struct track *track = &daemon->tracks.track[slot];
	const struct hr_slot *seen = board_slot(daemon->board, slot);
	const char *path = text_of(seen, seen->id.cgroup);
	char path_copy[RECORD_PATH] = "";
	struct slot_texts texts;
	struct hr_slot *at;

	if (path)
		strncpy(path_copy, path, sizeof(path_copy) - 1);
	at = board_slot_begin(daemon->board, slot);
	texts = texts_of(at);
	texts.path = path_copy;
	if (answer->labels.at)
		texts.labels = text_of(answer, answer->labels);
	slot_text(at, answer, sizeof(*answer), &answer->id, texts);
	board_slot_end(daemon->board, slot);
	if (track->resolve != RESOLVE_DONE)
		return;
	if (seen->id.kind == HR_KIND_CONTAINER && !track->emitted) {
		track->emitted = 1;
		notice_container(daemon, slot, HR_CONTAINER_IDENTIFIED);
	}
	if (seen->id.workload && has_name(seen))
		carry_counters(daemon, slot, seen->id.workload);
}

static void forget(struct daemon *daemon, uint32_t slot)
{
	board_slot_free(daemon->board, slot);
	tracks_drop(&daemon->tracks, slot);
}

/* How much of its time as a tombstone is over, in millionths; -1 for a slot that is none. */
static int64_t faded(struct daemon *daemon, uint32_t slot, uint64_t now_ns)
{
	const struct track *track = &daemon->tracks.track[slot];
	uint64_t time =
		board_slot(daemon->board, slot)->oom_kills_total ? TOMBSTONE_OOM_NS : TOMBSTONE_NS;

	if (!track->memcg_id || !track->gone_ns)
		return -1;
	return (int64_t)((now_ns - track->gone_ns) / (time / TOMBSTONE_SCALE));
}

/* The most faded tombstones give way, an eighth of the scale at once: looking for them means going through all. */
static void retention_tombstones(struct daemon *daemon)
{
	uint64_t now = clock_mono_ns();
	int64_t most = -1;

	if (!daemon->tracks.gone)
		return;
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		int64_t here = faded(daemon, slot, now);

		most = here > most ? here : most;
	}
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++)
		if (faded(daemon, slot, now) >= most - most / 8)
			forget(daemon, slot);
}

uint32_t publish_birth(struct daemon *daemon, uint64_t memcg_id, uint64_t parent_id,
		       const char *path)
{
	struct hr_slot *at;
	struct track *track;
	uint32_t slot;

	if (board_slot_take(daemon->board, &slot)) {
		retention_tombstones(daemon);
		if (board_slot_take(daemon->board, &slot)) {
			daemon->board_full++;
			return TRACK_NONE;
		}
	}
	track = tracks_put(&daemon->tracks, slot, memcg_id);
	track->parent_id = parent_id;
	track->born_ns = clock_mono_ns();
	track->seen_sweep = daemon->sweep_number;
	at = board_slot_begin(daemon->board, slot);
	at->state = HR_SLOT_RUNNING;
	at->cgroup_id = memcg_id;
	at->parent_id = parent_id;
	at->appeared_ns = clock_wall_ns();
	at->started_ns = path ? at->appeared_ns : HR_UNKNOWN; /* a path comes from its mkdir */
	at->oom_kills_total = 0;
	if (path)
		slot_text(at, at, sizeof(*at), NULL, (struct slot_texts){.path = path});
	board_slot_end(daemon->board, slot);
	link_ask(daemon, slot);
	return slot;
}

bool publish_populated(struct daemon *daemon, uint32_t slot)
{
	if (daemon->tracks.track[slot].gone_ns ||
	    (board_slot(daemon->board, slot)->flags & HR_SLOT_POPULATED))
		return false;
	board_slot_begin(daemon->board, slot)->flags |= HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	board_slot_end(daemon->board, slot);
	return true;
}

void publish_death(struct daemon *daemon, uint32_t slot)
{
	struct track *track = &daemon->tracks.track[slot];
	const struct hr_slot *seen = board_slot(daemon->board, slot);
	struct hr_slot *at;

	if (track->gone_ns)
		return;
	policy_driver_gone(daemon, slot);
	if (track->close) {
		struct fast_poll *watch = &daemon->close[track->close - 1];

		if (watch->fd >= 0)
			close(watch->fd);
		*watch = (struct fast_poll){.fd = -1};
		track->close = 0;
	}
	collect_forget(daemon->collector, track->memcg_id);
	publish_kills(daemon, slot);
	score_cut(&track->score, &daemon->score);
	if (!has_name(seen) && !seen->oom_kills_total) {
		forget(daemon, slot);
		return;
	}
	tracks_bury(&daemon->tracks, slot, clock_mono_ns());
	at = board_slot_begin(daemon->board, slot);
	at->state = HR_SLOT_GONE;
	if (at->counts.oom_kill == HR_UNKNOWN || at->counts.oom_kill < track_kills(track))
		at->counts.oom_kill = track_kills(track); /* the last sweep came before the kill */
	at->gone_ns = clock_wall_ns();
	at->flags &= ~(HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS | HR_SLOT_UNDER_OOM);
	memset(at->process, 0, sizeof(at->process));
	board_slot_end(daemon->board, slot);
	if (seen->id.kind == HR_KIND_CONTAINER || seen->oom_kills_total)
		notice_container(daemon, slot, HR_CONTAINER_GONE);
	if (daemon->tracks.gone > TOMBSTONES(daemon->tracks.capacity))
		retention_tombstones(daemon);
}

void publish_expire(struct daemon *daemon, uint64_t now_ns)
{
	for (uint32_t slot = 0; daemon->tracks.gone && slot < daemon->tracks.capacity; slot++)
		if (faded(daemon, slot, now_ns) > TOMBSTONE_SCALE)
			forget(daemon, slot);
}

/* What the guard before us had learnt: names, counters, tombstones, history. Forecasts start anew. */
static void adopt_slot(struct daemon *daemon, uint32_t slot)
{
	const struct hr_slot *seen = board_slot(daemon->board, slot);
	struct track *track = tracks_put(&daemon->tracks, slot, seen->cgroup_id);
	uint64_t now = clock_mono_ns(), wall = clock_wall_ns();
	struct ledger_entry *entry;

	track->parent_id = seen->parent_id;
	track->born_ns = TRACK_ADOPTED;
	track->emitted = seen->id.kind == HR_KIND_CONTAINER;
	track->kills_first = seen->oom_kills_total;
	/* Told by the guard before us. The counter on the board may lag behind what was told by a moment; where there
	 * were no restarts the total is this cgroup's own. */
	track->counter_first = seen->counts.oom_kill;
	if (seen->counts.oom_kill != HR_UNKNOWN && !seen->restarts &&
	    seen->oom_kills_total > seen->counts.oom_kill)
		track->counter_first = seen->oom_kills_total;
	track->counter_base = track->counter_first == HR_UNKNOWN ? 0 : track->counter_first;
	/* As last told: not what was lent by those above. */
	if (seen->binding.level == HR_LEVEL_OWN &&
	    seen->forecast.reason[0].reserved == HR_LEVEL_OWN)
		track->alarm = seen->forecast.alarm;
	track->leak = seen->forecast.leak;
	track->under_oom = !!(seen->flags & HR_SLOT_UNDER_OOM);
	track->ledger_restarts = seen->restarts;
	track->stall_base = (struct stall_base){seen->stalls.count, seen->stalls.total_ns};
	if (seen->state == HR_SLOT_GONE) {
		uint64_t age = wall > seen->gone_ns ? wall - seen->gone_ns : 0;

		tracks_bury(&daemon->tracks, slot, now > age ? now - age : 1);
	}
	if (!seen->id.workload || !has_name(seen))
		return;
	track->carried = 1;
	track->kills_entered = track->kills_first;
	entry = ledger_entry(&daemon->tracks, seen->id.workload, now);
	if (entry->oom_kills < seen->oom_kills_total)
		entry->oom_kills = seen->oom_kills_total;
	if (entry->restarts < seen->restarts)
		entry->restarts = seen->restarts;
	if (seen->state == HR_SLOT_RUNNING || !entry->memcg_id)
		entry->memcg_id = seen->cgroup_id;
}

void publish_adopt(struct daemon *daemon)
{
	daemon->score = board_host(daemon->board)->score;
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(daemon->board, slot);

		if (seen->state == HR_SLOT_FREE)
			continue;
		if (!seen->cgroup_id ||
		    tracks_find(&daemon->tracks, seen->cgroup_id) != TRACK_NONE ||
		    (seen->id.cgroup.at && !(seen->flags & HR_SLOT_CUT) &&
		     !daemon_in_scope(daemon, text_of(seen, seen->id.cgroup))))
			board_slot_free(daemon->board, slot);
		else
			adopt_slot(daemon, slot);
	}
}

void publish_peak(struct daemon *daemon, uint32_t slot, uint64_t peak)
{
	const struct hr_slot *seen = board_slot(daemon->board, slot);
	struct hr_slot *at;

	if (peak == RECORD_UNKNOWN ||
	    (seen->memory.peak != HR_UNKNOWN && seen->memory.peak >= peak))
		return;
	at = board_slot_begin(daemon->board, slot);
	at->memory.peak = peak;
	board_slot_end(daemon->board, slot);
}

void publish_stall_bases(struct daemon *daemon)
{
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(daemon->board, slot);

		if (daemon->tracks.track[slot].memcg_id && seen->stalls.count != HR_UNKNOWN)
			daemon->tracks.track[slot].stall_base =
				(struct stall_base){seen->stalls.count, seen->stalls.total_ns};
	}
}
