// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Keeps sense's table of what is armed in step with what act says. Arming goes through the worker and may be late; disarming
 * never is: whoever is disarmed while the worker is about to arm him is disarmed again when it comes back.
 */
#include "trigger_sync.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "policy_driver_state.h"
#include "base/clock.h"
#include "slot_lifecycle.h"

#define ROUND_MOST 256u /* slots looked at after one sweep, besides those that are armed */
#define LINGER_NS \
	(5 * NS_PER_SEC) /* the hot tracepoint stays this long after nobody is near any more */
#define RETRY_NS    (10 * NS_PER_SEC)
#define LEAST_SHARE 8 /* whom the reflex hits must hold an eighth of the threshold */

static struct trigger_sync *trigger_sync_of(struct daemon *daemon)
{
	return &daemon->policy_driver->trigger_sync;
}

struct trigger_sync_one *trigger_sync_find(struct trigger_sync *trigger_sync, uint64_t memcg_id)
{
	for (size_t i = 0; i < TRIGGER_SYNC_MOST; i++)
		if (trigger_sync->one[i].state != TRIGGER_SYNC_FREE &&
		    trigger_sync->one[i].memcg_id == memcg_id)
			return &trigger_sync->one[i];
	return NULL;
}

/* What is armed stands on the board. */
static void show(struct daemon *daemon, const struct trigger_sync_one *one)
{
	uint32_t slot = tracks_find(&daemon->tracks, one->memcg_id);
	bool reflex = one->state == TRIGGER_SYNC_READY && (one->flags & TRIGGER_REFLEX) &&
		      !trigger_sync_of(daemon)->reflex_emitted;
	uint32_t flags = one->state != TRIGGER_SYNC_READY && one->state != TRIGGER_SYNC_SHOT ? 0
			 : reflex ? HR_SLOT_ARMED
				  : HR_SLOT_TRIPWIRE;
	struct hr_slot *at;

	if (slot == TRACK_NONE || (board_slot(daemon->board, slot)->flags & HR_SLOT_ARMED) == flags)
		return;
	at = board_slot_begin(daemon->board, slot);
	at->flags = (at->flags & ~HR_SLOT_ARMED) | flags;
	board_slot_end(daemon->board, slot);
}

void trigger_sync_enter(struct daemon *daemon, struct trigger_sync_one *one,
			enum trigger_sync_state state)
{
	one->state = state;
	show(daemon, one);
}

static void drop(struct daemon *daemon, struct trigger_sync_one *one)
{
	collect_disarm(daemon->collector, one->memcg_id);
	trigger_sync_enter(daemon, one, TRIGGER_SYNC_FREE);
	trigger_sync_of(daemon)->n--;
	*one = (struct trigger_sync_one){.state = TRIGGER_SYNC_FREE};
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

void trigger_sync_rules(struct daemon *daemon)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);
	uint64_t now = clock_mono_ns();

	trigger_sync->any = can_trigger(daemon->policy_driver->rules.set);
	trigger_sync->full_emitted = false;
	trigger_sync_settle(daemon);
	for (size_t i = 0; i < TRIGGER_SYNC_MOST; i++) {
		struct trigger_sync_one *one = &trigger_sync->one[i];
		uint32_t slot = tracks_find(&daemon->tracks, one->memcg_id);

		if (one->state == TRIGGER_SYNC_FREE)
			continue;
		if (!trigger_sync->any || slot == TRACK_NONE)
			drop(daemon, one);
		else
			trigger_sync_consider(daemon, slot, now);
	}
	if (trigger_sync->any)
		trigger_sync_known(daemon);
}

bool trigger_sync_any(const struct daemon *daemon)
{
	return daemon->policy_driver->trigger_sync.any;
}

void trigger_sync_settle(struct daemon *daemon)
{
	const struct policy_driver *policy_driver = daemon->policy_driver;

	if (policy_driver->trigger_sync.any)
		collect_trigger_grant(daemon->collector,
				      engine_kills_left(policy_driver->engine, clock_mono_ns()));
}

void trigger_sync_start(struct daemon *daemon)
{
	struct trigger_exempt self = {.memcg_id = daemon->policy_driver->self_memcg_id};

	if (self.memcg_id)
		collect_exempt(daemon->collector, &self, true);
	collect_trigger_known(daemon->collector, 0);
	trigger_sync_rules(daemon);
}

static bool kills_whole(const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->actions; i++)
		if (policy->action[i].kind == HR_ACTION_KILL && !policy->action[i].largest)
			return true;
	return false;
}

static bool populated(const struct daemon *daemon, uint32_t slot)
{
	return slot != TRACK_NONE && (board_slot(daemon->board, slot)->flags & HR_SLOT_POPULATED);
}

static struct trigger_sync_one *free_one(struct trigger_sync *trigger_sync)
{
	for (size_t i = 0; i < TRIGGER_SYNC_MOST; i++)
		if (trigger_sync->one[i].state == TRIGGER_SYNC_FREE)
			return &trigger_sync->one[i];
	return NULL;
}

/* One that is empty makes room for one that is not. */
static struct trigger_sync_one *empty_one(struct daemon *daemon)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);

	for (size_t i = 0; i < TRIGGER_SYNC_MOST; i++)
		if (!populated(daemon,
			       tracks_find(&daemon->tracks, trigger_sync->one[i].memcg_id))) {
			drop(daemon, &trigger_sync->one[i]);
			return &trigger_sync->one[i];
		}
	return NULL;
}

static struct trigger_sync_one *place(struct daemon *daemon, uint32_t slot)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);
	struct trigger_sync_one *one = free_one(trigger_sync);

	if (!one) {
		if (!populated(daemon, slot))
			return NULL;
		one = empty_one(daemon);
	}
	if (one) {
		trigger_sync->n++;
		return one;
	}
	if (!trigger_sync->full_emitted)
		notice_daemon(daemon, HR_DAEMON_CAPACITY, HR_WARNING, TRIGGER_SYNC_MOST,
			      "%u containers are armed: further ones are watched by sampling alone",
			      TRIGGER_SYNC_MOST);
	trigger_sync->full_emitted = true;
	return NULL;
}

static bool same(const struct trigger_sync_one *a, const struct trigger_sync_one *b)
{
	return a->flags == b->flags && a->limit_milli == b->limit_milli &&
	       (a->threshold == b->threshold || a->state == TRIGGER_SYNC_SHOT);
}

/* Would the reflex spare somebody whom it hits as it stands? (A share is of the live limit: its bytes are of no account.) */
static bool gentler(const struct trigger_sync_one *one, const struct trigger_sync_one *want)
{
	if (!(one->flags & TRIGGER_REFLEX))
		return false;
	return (one->flags & ~want->flags) || !one->limit_milli != !want->limit_milli ||
	       (want->limit_milli ? want->limit_milli > one->limit_milli
				  : want->threshold > one->threshold);
}

/* What is asked for now, against what stands. */
static void update(struct daemon *daemon, struct trigger_sync_one *one,
		   const struct trigger_sync_one *want)
{
	/* The shot is used up as long as act does not give it another: then a new arming, with a new one. */
	bool again = one->state == TRIGGER_SYNC_SHOT && (want->flags & TRIGGER_REFLEX);

	if (same(one, want) && !again)
		return;
	/* Gentler from this moment on, not from the worker's next turn. */
	if (again || gentler(one, want))
		collect_disarm(daemon->collector, one->memcg_id);
	one->threshold = want->threshold;
	one->limit_milli = want->limit_milli;
	one->flags = want->flags;
	trigger_sync_enter(daemon, one, TRIGGER_SYNC_WANTED);
}

void trigger_sync_consider(struct daemon *daemon, uint32_t slot, uint64_t now_ns)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	uint64_t memcg_id = daemon->tracks.track[slot].memcg_id, usage;
	struct trigger_sync_one *one, want = {.state = TRIGGER_SYNC_WANTED, .memcg_id = memcg_id};
	const struct policy *policy;
	bool reflex;

	if (!policy_driver->trigger_sync.any)
		return;
	one = trigger_sync_find(&policy_driver->trigger_sync, memcg_id);
	if (daemon->tracks.track[slot].gone_ns ||
	    !engine_trigger(policy_driver->engine, policy_driver_world(daemon), slot, &policy,
			    &want.threshold, &reflex)) {
		if (one)
			drop(daemon, one);
		return;
	}
	if (policy->threshold[CONDITION_USAGE].value == HR_UNKNOWN)
		want.limit_milli = policy->threshold[CONDITION_USAGE].milli;
	if (one && one->owned && now_ns - one->owner_ns >= RETRY_NS)
		one->owned = false;
	want.flags = !reflex || (one && one->owned)
			     ? 0
			     : TRIGGER_REFLEX | (kills_whole(policy) ? TRIGGER_WHOLE : 0);
	usage = board_slot(daemon->board, slot)->memory.usage;
	if (usage != HR_UNKNOWN && usage >= want.threshold - want.threshold / 4)
		policy_driver->trigger_sync.near_ns = now_ns;
	if (one) {
		update(daemon, one, &want);
		return;
	}
	one = place(daemon, slot);
	if (one)
		*one = want;
}

void trigger_sync_swept(struct daemon *daemon, uint64_t now_ns)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);
	uint32_t capacity = daemon->tracks.capacity;

	if (!trigger_sync->any)
		return;
	for (size_t i = 0; i < TRIGGER_SYNC_MOST; i++) {
		uint32_t slot = tracks_find(&daemon->tracks, trigger_sync->one[i].memcg_id);

		if (trigger_sync->one[i].state == TRIGGER_SYNC_FREE)
			continue;
		if (slot == TRACK_NONE)
			drop(daemon, &trigger_sync->one[i]);
		else
			trigger_sync_consider(daemon, slot, now_ns);
	}
	for (uint32_t n = 0; n < ROUND_MOST && n < capacity; n++) {
		uint32_t slot = trigger_sync->hand++ % capacity;
		const struct track *track = &daemon->tracks.track[slot];

		if (track->memcg_id && !track->gone_ns &&
		    !trigger_sync_find(trigger_sync, track->memcg_id))
			trigger_sync_consider(daemon, slot, now_ns);
	}
	trigger_sync_known(daemon);
	trigger_sync_settle(daemon);
}

void trigger_sync_gone(struct daemon *daemon, uint64_t memcg_id)
{
	struct trigger_sync_one *one = trigger_sync_find(trigger_sync_of(daemon), memcg_id);

	if (one)
		drop(daemon, one);
}

void trigger_sync_prefer(struct daemon *daemon)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);

	for (size_t i = 0; i < TRIGGER_SYNC_MOST; i++) {
		struct trigger_sync_one *one = &trigger_sync->one[i];
		uint32_t slot = tracks_find(&daemon->tracks, one->memcg_id);
		const struct hr_process *largest;

		if (one->state != TRIGGER_SYNC_READY || !(one->flags & TRIGGER_REFLEX) ||
		    slot == TRACK_NONE)
			continue;
		largest = &board_slot(daemon->board, slot)->process[0];
		if (largest->pid == one->preferred_pid)
			continue;
		one->preferred_pid = largest->pid;
		collect_trigger_prefer(daemon->collector, one->memcg_id, largest->pid,
				       largest->start_boottime_ns);
	}
}

/* ---- the worker's part ---- */

static void fill(const struct daemon *daemon, const struct trigger_sync_one *one, uint32_t slot,
		 struct worker_trigger *to)
{
	const struct hr_slot *at = board_slot(daemon->board, slot);
	bool whole = one->flags & TRIGGER_WHOLE;

	trigger_sync_path(daemon, slot, to->path);
	to->trigger = (struct trigger){
		.memcg_id = one->memcg_id,
		.path = to->path,
		.threshold = one->threshold,
		.limit_milli = one->limit_milli,
		.flags = one->flags,
		.least_rss = whole ? 0 : one->threshold / LEAST_SHARE,
		.preferred_pid = at->process[0].pid,
		.preferred_start_ns = at->process[0].start_boottime_ns,
	};
	to->error = 0;
}

bool trigger_sync_ask(struct daemon *daemon, struct worker_job *job, uint64_t now_ns)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);
	bool close = trigger_sync->n && trigger_sync->near_ns &&
		     now_ns - trigger_sync->near_ns < LINGER_NS;

	job->n_triggers = 0;
	for (size_t i = 0; i < TRIGGER_SYNC_MOST && job->n_triggers < WORKER_TRIGGERS; i++) {
		struct trigger_sync_one *one = &trigger_sync->one[i];
		uint32_t slot = tracks_find(&daemon->tracks, one->memcg_id);
		const struct hr_slot *at;

		if (one->state != TRIGGER_SYNC_WANTED || slot == TRACK_NONE ||
		    now_ns < one->retry_ns)
			continue;
		at = board_slot(daemon->board, slot);
		if (!at->id.cgroup.at || (at->flags & HR_SLOT_CUT))
			continue;
		fill(daemon, one, slot, &job->trigger[job->n_triggers++]);
		trigger_sync_enter(daemon, one, TRIGGER_SYNC_ASKED);
	}
	job->want_trigger_close = close != trigger_sync->close;
	job->trigger_close = close;
	trigger_sync_ask_owners(daemon, job, now_ns);
	return job->n_triggers || job->n_owners || job->want_trigger_close;
}

static void taken(struct daemon *daemon, const struct worker_trigger *trigger, uint64_t now_ns)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);
	struct trigger_sync_one *one = trigger_sync_find(trigger_sync, trigger->trigger.memcg_id);

	/* Disarmed, or changed its mind, while the worker was about it. */
	if (!one || one->state == TRIGGER_SYNC_WANTED ||
	    ((trigger->trigger.flags & TRIGGER_REFLEX) && !(one->flags & TRIGGER_REFLEX)))
		collect_disarm(daemon->collector, trigger->trigger.memcg_id);
	if (!one || one->state != TRIGGER_SYNC_ASKED)
		return;
	if (trigger->error == -EOPNOTSUPP) {
		if (!trigger_sync->reflex_emitted)
			notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
				      "no reflex on this kernel: the guard acts itself, after the "
				      "tripwire");
		trigger_sync->reflex_emitted = true;
	} else if (trigger->error == -EPERM && (trigger->trigger.flags & TRIGGER_REFLEX)) {
		trigger_sync_owned(daemon, one, now_ns);
		return;
	} else if (trigger->error) {
		one->retry_ns = now_ns + RETRY_NS;
		trigger_sync_enter(daemon, one, TRIGGER_SYNC_WANTED);
		return;
	}
	one->preferred_pid = trigger->trigger.preferred_pid;
	one->owner_ns = now_ns;
	trigger_sync_enter(daemon, one, TRIGGER_SYNC_READY);
}

void trigger_sync_take(struct daemon *daemon, struct worker_job *job, uint64_t now_ns)
{
	for (size_t i = 0; i < job->n_triggers; i++)
		taken(daemon, &job->trigger[i], now_ns);
	job->n_triggers = 0;
	trigger_sync_take_owners(daemon, job, now_ns);
	if (job->want_trigger_close) /* what could not be attached is not tried with every job */
		trigger_sync_of(daemon)->close = job->trigger_close;
	job->want_trigger_close = false;
}

void trigger_sync_move(struct daemon *daemon, struct collector *to)
{
	struct trigger_sync *trigger_sync = trigger_sync_of(daemon);
	__u64 dropped[TRIGGER_SYNC_MOST];
	size_t n = 0;

	collect_trigger_move(to, daemon->collector, dropped, TRIGGER_SYNC_MOST, &n);
	for (size_t i = 0; i < n; i++) {
		struct trigger_sync_one *one = trigger_sync_find(trigger_sync, dropped[i]);

		if (one)
			trigger_sync_enter(daemon, one, TRIGGER_SYNC_WANTED);
	}
	trigger_sync->close = false;
}

/* ---- told by the kernel ---- */

/* The rest of a container that the rule ends as a whole: what the reflex left would only charge on. */
static void finish_rest(struct daemon *daemon, const struct action *struck)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct action action = *struck;
	const struct policy *policy = struck->policy;
	struct pending_action *pending;

	/* Whoever has begun below it since then may be protected. */
	if (policy_exempt(policy_driver->rules.set, policy_driver_world(daemon),
			  struck->target.slot))
		return;
	for (uint32_t i = 0; policy && i < policy->actions; i++) {
		if (policy->action[i].kind != HR_ACTION_KILL || policy->action[i].largest)
			continue;
		action.kind = HR_ACTION_KILL;
		action.spec = &policy->action[i];
		action.step = i + 1;
		action_plan(&action, board_slot(daemon->board, action.target.slot));
		pending = action_new(policy_driver, &action);
		policy_driver->fresh |= pending != NULL;
		return;
	}
}

static void reflex_result(const struct record_trigger *record, const struct action *action,
			  struct action_result *ret_result)
{
	action_result_init(ret_result, action, record->error ? HR_STATUS_FAILED : HR_STATUS_DONE);
	ret_result->error = -record->error;
	ret_result->signal = SIGKILL;
	ret_result->pid = record->victim_pid;
	ret_result->processes = record->error ? 0 : 1;
	ret_result->start_boottime_ns = record->victim_start_boottime_ns;
	ret_result->ended_ns = record->r.time_ns;
	memcpy(ret_result->comm, record->victim_comm, sizeof(ret_result->comm));
	if (record->flags & RECORD_TRIGGER_OTHER)
		strcpy(ret_result->detail, "the largest, not the one that charged");
}

static void on_reflex(struct daemon *daemon, const struct record_trigger *record, uint32_t slot)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct trigger_sync_one *one =
		trigger_sync_find(&policy_driver->trigger_sync, record->memcg_id);
	struct action_result result;
	static struct action action;
	struct pending_action *pending;

	if (one)
		trigger_sync_enter(daemon, one, TRIGGER_SYNC_SHOT);
	if (!engine_reflex_fired(policy_driver->engine, policy_driver_world(daemon), slot, &action))
		return;
	pending = action_new(policy_driver, &action);
	if (!pending)
		return;
	pending->action.inputs.usage = record->usage;
	pending->action.inputs.threshold = record->threshold;
	pending->action.decided_ns = record->r.time_ns;
	pending->action.whole = one && (one->flags & TRIGGER_WHOLE);
	reflex_result(record, &pending->action, &result);
	action_conclude(daemon, pending, &result);
	if (!record->error && one && (one->flags & TRIGGER_WHOLE))
		finish_rest(daemon, &action);
}

void trigger_sync_on_record(struct daemon *daemon, const struct record_trigger *record)
{
	uint32_t slot = tracks_find(&daemon->tracks, record->memcg_id);
	uint64_t now = clock_mono_ns();

	if (slot == TRACK_NONE || daemon->tracks.track[slot].gone_ns)
		return;
	daemon->policy_driver->trigger_sync.near_ns = now;
	if (record->r.type == RECORD_REFLEX) {
		on_reflex(daemon, record, slot);
	} else if (daemon->tracks.track[slot].sampled_ns < record->r.time_ns) {
		publish_usage(daemon, slot, record->usage, now);
		policy_driver_read(daemon, slot);
	}
	policy_driver_settle(daemon);
}
