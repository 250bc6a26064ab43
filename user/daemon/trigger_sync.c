// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Arming goes through the worker and may be late; disarming never is: an entry that is disarmed while the worker is about to
 * arm it is disarmed again when the job comes back.
 */
#include "trigger_sync.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "degraded.h"
#include "events.h"

#define ROUND_MOST 256u /* slots considered after a sweep, besides the armed ones */
#define LINGER_NS \
	(5 * NS_PER_SEC) /* the hot tracepoint stays attached this long after the last was near */
#define LEAST_SHARE 8    /* the reflex kills only a process that holds an eighth of the threshold */

struct trigger_entry *trigger_sync_find(struct trigger_sync *sync, uint64_t memcg_id)
{
	for (size_t i = 0; i < TRIGGERS_MAX; i++)
		if (sync->entry[i].state != ENTRY_FREE && sync->entry[i].memcg_id == memcg_id)
			return &sync->entry[i];
	return NULL;
}

/* Puts what is armed on the board. */
static void show(struct trigger_sync *sync, const struct trigger_entry *entry)
{
	const struct track *track = tracks_get(&sync->containers->tracks, entry->memcg_id);
	struct board *board = sync->containers->board;
	/* What is only changed stays armed meanwhile. */
	bool armed =
		entry->state == ENTRY_READY ||
		((entry->state == ENTRY_WANTED || entry->state == ENTRY_ASKED) && entry->armed_ns);
	bool reflex = armed && (entry->flags & TRIGGER_REFLEX) && !sync->no_reflex;
	uint32_t flags = !armed && entry->state != ENTRY_SHOT ? 0
			 : reflex                             ? HR_SLOT_ARMED
							      : HR_SLOT_TRIPWIRE;
	struct hr_slot *at;

	if (!track || (board_slot(board, track->slot)->flags & HR_SLOT_ARMED) == flags)
		return;
	at = board_slot_begin(board, track->slot);
	at->flags = (at->flags & ~HR_SLOT_ARMED) | flags;
	board_slot_end(board, track->slot);
}

void trigger_sync_enter(struct trigger_sync *sync, struct trigger_entry *entry,
			enum trigger_entry_state state)
{
	entry->state = state;
	show(sync, entry);
}

static void drop(struct trigger_sync *sync, struct trigger_entry *entry)
{
	collect_trigger_remove(sync->collector, entry->memcg_id);
	trigger_sync_enter(sync, entry, ENTRY_FREE);
	sync->n--;
	*entry = (struct trigger_entry){.state = ENTRY_FREE};
}

static bool can_trigger(const struct policy_set *set)
{
	for (uint32_t i = 0; i < set->policies && set->mode != MODE_OBSERVE; i++) {
		const struct policy *policy = policy_at(set, i);

		if (policy->mode != MODE_OBSERVE && (policy->conditions & WHEN(USAGE)) &&
		    !(policy->conditions & WHEN(HOST_AVAILABLE)) && !policy->host_processes)
			return true;
	}
	return false;
}

void trigger_sync_set_policies(struct trigger_sync *sync, const struct policy_set *set)
{
	uint64_t now = clock_mono_ns();

	sync->set = set;
	sync->any = can_trigger(set);
	sync->full_emitted = false;
	trigger_sync_grant(sync);
	for (size_t i = 0; i < TRIGGERS_MAX; i++) {
		struct trigger_entry *entry = &sync->entry[i];
		const struct track *track = tracks_get(&sync->containers->tracks, entry->memcg_id);

		if (entry->state == ENTRY_FREE)
			continue;
		if (!sync->any || !track)
			drop(sync, entry);
		else
			trigger_sync_consider(sync, track, now);
	}
	if (sync->any)
		trigger_sync_checked(sync);
}

void trigger_sync_grant(struct trigger_sync *sync)
{
	if (sync->any)
		collect_trigger_grant(sync->collector,
				      engine_kills_left(sync->engine, clock_mono_ns()));
}

/* The daemon's own group. */
static void exempt_self(struct trigger_sync *sync, struct collector *collector)
{
	struct trigger_exempt self = {.memcg_id = sync->world->self_memcg_id};

	if (self.memcg_id)
		collect_exempt(collector, &self, true);
}

void trigger_sync_start(struct trigger_sync *sync, const struct policy_set *set)
{
	exempt_self(sync, sync->collector);
	collect_trigger_known(sync->collector, 0);
	trigger_sync_set_policies(sync, set);
}

static bool kills_whole(const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->actions; i++)
		if (policy->action[i].kind == HR_ACTION_KILL && !policy->action[i].largest)
			return true;
	return false;
}

static bool populated(const struct trigger_sync *sync, const struct track *track)
{
	return track &&
	       (board_slot(sync->containers->board, track->slot)->flags & HR_SLOT_POPULATED);
}

static struct trigger_entry *free_one(struct trigger_sync *sync)
{
	for (size_t i = 0; i < TRIGGERS_MAX; i++)
		if (sync->entry[i].state == ENTRY_FREE)
			return &sync->entry[i];
	return NULL;
}

/* An owner may make as many cgroups below an armed one as it likes: they take no place from others. */
static bool below_armed(struct trigger_sync *sync, const struct track *track)
{
	return track && trigger_sync_above(sync, track->parent_id);
}

/* An entry of one below another makes room for any; that of an empty cgroup, or of one that may have no limit, for one that holds
 * processes (`holds`). */
static struct trigger_entry *spare_one(struct trigger_sync *sync, bool holds)
{
	for (size_t i = 0; i < TRIGGERS_MAX; i++) {
		struct trigger_entry *entry = &sync->entry[i];
		const struct track *track = tracks_get(&sync->containers->tracks, entry->memcg_id);
		bool idle = entry->threshold == HR_UNKNOWN || !populated(sync, track);

		if (!(holds && idle) && !below_armed(sync, track))
			continue;
		drop(sync, entry);
		return entry;
	}
	return NULL;
}

static struct trigger_entry *place(struct trigger_sync *sync, const struct track *track,
				   uint64_t threshold)
{
	bool holds = populated(sync, track) && threshold != HR_UNKNOWN;
	struct trigger_entry *entry = free_one(sync);

	if (!entry && below_armed(sync, track))
		return NULL;
	entry = entry ?: spare_one(sync, holds);
	if (entry) {
		sync->n++;
		return entry;
	}
	if (holds && !sync->full_emitted)
		events_daemon(sync->containers->board, HR_DAEMON_CAPACITY, HR_WARNING, TRIGGERS_MAX,
			      "%u containers are armed: further ones rely on sampling alone",
			      TRIGGERS_MAX);
	sync->full_emitted |= holds;
	return NULL;
}

static bool same(const struct trigger_entry *a, const struct trigger_entry *b)
{
	return a->flags == b->flags && a->limit_milli == b->limit_milli &&
	       (a->threshold == b->threshold || a->state == ENTRY_SHOT);
}

/* Would the reflex spare a process that the present entry kills? (A share is of the live limit: its bytes don't count.) */
static bool gentler(const struct trigger_entry *entry, const struct trigger_entry *want)
{
	if (!(entry->flags & TRIGGER_REFLEX))
		return false;
	return (entry->flags & ~want->flags) || !entry->limit_milli != !want->limit_milli ||
	       (want->limit_milli ? want->limit_milli > entry->limit_milli
				  : want->threshold > entry->threshold);
}

static void update(struct trigger_sync *sync, struct trigger_entry *entry,
		   const struct trigger_entry *want)
{
	/* The reflex kills once for each arming: when the engine wants it again, it is armed again. */
	bool again = entry->state == ENTRY_SHOT && (want->flags & TRIGGER_REFLEX);

	if (same(entry, want) && !again)
		return;
	/* It is gentler from now on, not from the worker's next job. */
	if (again || gentler(entry, want)) {
		collect_trigger_remove(sync->collector, entry->memcg_id);
		entry->armed_ns = 0;
	}
	entry->threshold = want->threshold;
	entry->limit_milli = want->limit_milli;
	entry->flags = want->flags;
	trigger_sync_enter(sync, entry, ENTRY_WANTED);
}

void trigger_sync_consider(struct trigger_sync *sync, const struct track *track, uint64_t now_ns)
{
	struct trigger_entry want = {.state = ENTRY_WANTED, .memcg_id = track->memcg_id};
	struct trigger_entry *entry;
	const struct policy *policy;
	uint64_t usage;
	bool reflex;

	if (!sync->any)
		return;
	entry = trigger_sync_find(sync, track->memcg_id);
	if (track->gone_ns || !engine_trigger(sync->engine, policy_world_now(sync->world),
					      track->slot, &policy, &want.threshold, &reflex)) {
		if (entry)
			drop(sync, entry);
		return;
	}
	if (policy->threshold[CONDITION_USAGE].value == HR_UNKNOWN)
		want.limit_milli = policy->threshold[CONDITION_USAGE].milli;
	if (entry && entry->owned && now_ns - entry->owner_ns >= RETRY_NS)
		entry->owned = false;
	want.flags = !reflex || (entry && entry->owned)
			     ? 0
			     : TRIGGER_REFLEX | (kills_whole(policy) ? TRIGGER_WHOLE : 0);
	usage = board_slot(sync->containers->board, track->slot)->memory.usage;
	if (usage != HR_UNKNOWN && want.threshold != HR_UNKNOWN &&
	    usage >= want.threshold - want.threshold / 4)
		sync->near_ns = now_ns;
	if (entry) {
		update(sync, entry, &want);
		return;
	}
	entry = place(sync, track, want.threshold);
	if (entry)
		*entry = want;
}

/* Those with a new limit do not wait until the round comes to them. */
static void consider_changed(struct trigger_sync *sync, uint64_t now_ns)
{
	const struct tracks *tracks = &sync->containers->tracks;
	uint32_t left = ROUND_MOST;

	for (uint32_t slot = 0; slot < tracks->capacity && left; slot++) {
		struct track *track = &tracks->track[slot];

		if (!track->memcg_id || !track->limit_changed)
			continue;
		track->limit_changed = 0;
		trigger_sync_consider(sync, track, now_ns);
		left--;
	}
}

void trigger_sync_swept(struct trigger_sync *sync, uint64_t now_ns)
{
	const struct tracks *tracks = &sync->containers->tracks;

	if (!sync->any)
		return;
	for (size_t i = 0; i < TRIGGERS_MAX; i++) {
		const struct track *track =
			tracks_get(&sync->containers->tracks, sync->entry[i].memcg_id);

		if (sync->entry[i].state == ENTRY_FREE)
			continue;
		if (!track)
			drop(sync, &sync->entry[i]);
		else
			trigger_sync_consider(sync, track, now_ns);
	}
	consider_changed(sync, now_ns);
	for (uint32_t n = 0; n < ROUND_MOST && n < tracks->capacity; n++) {
		const struct track *track = &tracks->track[sync->hand++ % tracks->capacity];

		if (track->memcg_id && !track->gone_ns && !trigger_sync_find(sync, track->memcg_id))
			trigger_sync_consider(sync, track, now_ns);
	}
	trigger_sync_checked(sync);
	trigger_sync_grant(sync);
}

void trigger_sync_gone(struct trigger_sync *sync, uint64_t memcg_id)
{
	struct trigger_entry *entry = trigger_sync_find(sync, memcg_id);

	if (entry)
		drop(sync, entry);
}

void trigger_sync_prefer(struct trigger_sync *sync)
{
	for (size_t i = 0; i < TRIGGERS_MAX; i++) {
		struct trigger_entry *entry = &sync->entry[i];
		const struct track *track = tracks_get(&sync->containers->tracks, entry->memcg_id);
		const struct hr_process *largest;

		if (entry->state != ENTRY_READY || !(entry->flags & TRIGGER_REFLEX) || !track)
			continue;
		largest = &board_slot(sync->containers->board, track->slot)->process[0];
		if (largest->pid == entry->preferred_pid)
			continue;
		entry->preferred_pid = largest->pid;
		collect_trigger_prefer(sync->collector, entry->memcg_id, largest->pid,
				       largest->start_boottime_ns);
	}
}

/* ---- the worker's part ---- */

static void fill(const struct trigger_sync *sync, const struct trigger_entry *entry,
		 const struct track *track, struct worker_trigger *to)
{
	const struct hr_slot *at = board_slot(sync->containers->board, track->slot);
	bool whole = entry->flags & TRIGGER_WHOLE;

	trigger_sync_path(sync, track, to->path);
	to->trigger = (struct trigger){
		.memcg_id = entry->memcg_id,
		.path = to->path,
		.threshold = entry->threshold,
		.limit_milli = entry->limit_milli,
		.flags = entry->flags,
		.least_rss = whole                            ? 0
			     : entry->threshold == HR_UNKNOWN ? RECORD_UNKNOWN
							      : entry->threshold / LEAST_SHARE,
		.preferred_pid = at->process[0].pid,
		.preferred_start_ns = at->process[0].start_boottime_ns,
	};
	to->guest = action_guest(at);
	to->error = 0;
	to->armed_ns = 0;
}

bool trigger_sync_ask(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns)
{
	bool close = sync->n && sync->near_ns && now_ns - sync->near_ns < LINGER_NS;

	job->n_triggers = 0;
	for (size_t i = 0; i < TRIGGERS_MAX && job->n_triggers < WORKER_TRIGGERS; i++) {
		struct trigger_entry *entry = &sync->entry[i];
		const struct track *track = tracks_get(&sync->containers->tracks, entry->memcg_id);

		if (entry->state != ENTRY_WANTED || !track || now_ns < entry->retry_ns ||
		    !*slot_whole_path(board_slot(sync->containers->board, track->slot)))
			continue;
		fill(sync, entry, track, &job->trigger[job->n_triggers++]);
		trigger_sync_enter(sync, entry, ENTRY_ASKED);
	}
	job->want_trigger_close = close != sync->close;
	job->trigger_close = close;
	job->want_trigger_ready = sync->any != sync->ready;
	job->trigger_ready = sync->any;
	trigger_sync_ask_owners(sync, job, now_ns);
	return job->n_triggers || job->n_owners || job->want_trigger_close ||
	       job->want_trigger_ready;
}

static void taken(struct trigger_sync *sync, const struct worker_trigger *trigger, uint64_t now_ns)
{
	struct trigger_entry *entry = trigger_sync_find(sync, trigger->trigger.memcg_id);

	/* It was disarmed or changed while the worker was arming it. */
	if (!entry || entry->state == ENTRY_WANTED ||
	    ((trigger->trigger.flags & TRIGGER_REFLEX) && !(entry->flags & TRIGGER_REFLEX)))
		collect_trigger_remove(sync->collector, trigger->trigger.memcg_id);
	if (!entry || entry->state != ENTRY_ASKED)
		return;
	if (trigger->error == -EOPNOTSUPP) {
		if (!sync->no_reflex)
			degraded_set(sync->containers->board, "reflex", HR_WARNING,
				     "no reflex on this kernel: the daemon acts, after the "
				     "tripwire");
		sync->no_reflex = true;
	} else if (trigger->error == -EPERM && (trigger->trigger.flags & TRIGGER_REFLEX)) {
		trigger_sync_owned(sync, entry, now_ns);
		return;
	} else if (trigger->error) {
		trigger_sync_failed(sync, entry, now_ns);
		return;
	}
	entry->preferred_pid = trigger->trigger.preferred_pid;
	entry->owner_ns = now_ns;
	/* What is only changed has been armed all the time. */
	if (!entry->armed_ns || !(entry->flags & TRIGGER_REFLEX) || entry->shot_ns)
		entry->armed_ns = entry->flags & TRIGGER_REFLEX ? trigger->armed_ns : 0;
	entry->shot_ns = 0;
	entry->failed = 0;
	trigger_sync_enter(sync, entry, ENTRY_READY);
}

void trigger_sync_take(struct trigger_sync *sync, struct worker_job *job, uint64_t now_ns)
{
	for (size_t i = 0; i < job->n_triggers; i++)
		taken(sync, &job->trigger[i], now_ns);
	job->n_triggers = 0;
	trigger_sync_take_owners(sync, job, now_ns);
	if (job->want_trigger_close) /* what could not be attached is not tried with every job */
		sync->close = job->trigger_close;
	if (job->want_trigger_ready)
		sync->ready = job->trigger_ready;
	job->want_trigger_close = job->want_trigger_ready = false;
}

void trigger_sync_move(struct trigger_sync *sync, struct collector *to, bool anew)
{
	__u64 dropped[TRIGGERS_MAX];
	size_t n = 0;

	exempt_self(sync, to); /* the old one may have had no reflex to exempt it from */
	collect_trigger_move(to, sync->collector, dropped, TRIGGERS_MAX, &n);
	sync->collector = to;
	for (size_t i = 0; i < n; i++) {
		struct trigger_entry *entry = trigger_sync_find(sync, dropped[i]);

		if (!entry)
			continue;
		entry->armed_ns = 0;
		trigger_sync_enter(sync, entry, ENTRY_WANTED);
	}
	sync->close = sync->ready = false; /* it may have been opened before the worker was asked */
	if (!anew)
		return;
	sync->no_reflex = false;
	degraded_clear(sync->containers->board, "reflex");
	for (size_t i = 0; i < TRIGGERS_MAX; i++)
		if (sync->entry[i].state == ENTRY_READY)
			trigger_sync_enter(sync, &sync->entry[i], ENTRY_WANTED);
}

void trigger_sync_near(struct trigger_sync *sync, uint64_t now_ns) { sync->near_ns = now_ns; }

bool trigger_sync_shot(struct trigger_sync *sync, const struct record_trigger *record)
{
	struct trigger_entry *entry = trigger_sync_find(sync, record->memcg_id);

	if (!entry)
		return false;
	entry->shot_ns = record->r.time_ns;
	entry->shot_pid = record->victim_pid;
	entry->shot_error = -record->error;
	trigger_sync_enter(sync, entry, ENTRY_SHOT);
	return entry->flags & TRIGGER_WHOLE;
}

const struct trigger_entry *trigger_sync_above(struct trigger_sync *sync, uint64_t memcg_id)
{
	struct tracks *tracks = &sync->containers->tracks;

	for (unsigned int level = 0; level < LEVELS_MOST && memcg_id; level++) {
		const struct trigger_entry *entry = trigger_sync_find(sync, memcg_id);
		const struct track *track = tracks_get(tracks, memcg_id);

		if (entry || !track)
			return entry;
		memcg_id = track->parent_id;
	}
	return NULL;
}
