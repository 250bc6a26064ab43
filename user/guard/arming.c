// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Keeps sense's table of what is armed in step with what act says. Arming goes through the worker and may be late; disarming
 * never is: whoever is disarmed while the worker is about to arm him is disarmed again when it comes back.
 */
#include "arming.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "acting_state.h"
#include "base/clock.h"
#include "publish.h"

#define ROUND_MOST	256u			/* slots looked at after one sweep, besides those that are armed */
#define LINGER_NS	(5 * NS_PER_SEC)	/* the hot tracepoint stays this long after nobody is near any more */
#define RETRY_NS	(10 * NS_PER_SEC)
#define LEAST_SHARE	8			/* whom the reflex hits must hold an eighth of the threshold */

static struct arming *arming_of(struct guard *guard)
{
	return &guard->acting->arming;
}

struct arming_one *arming_find(struct arming *arming, uint64_t memcg_id)
{
	for (size_t i = 0; i < ARMING_MOST; i++)
		if (arming->one[i].state != ARMING_FREE && arming->one[i].memcg_id == memcg_id)
			return &arming->one[i];
	return NULL;
}

/* What is armed stands on the board. */
static void show(struct guard *guard, const struct arming_one *one)
{
	uint32_t slot = tracks_find(&guard->tracks, one->memcg_id);
	bool reflex = one->state == ARMING_READY && (one->flags & ARM_REFLEX) && !arming_of(guard)->reflex_told;
	uint32_t flags = one->state != ARMING_READY && one->state != ARMING_SHOT ? 0
			 : reflex					 ? HR_SLOT_ARMED
									 : HR_SLOT_TRIPWIRE;
	struct hr_slot *at;

	if (slot == TRACK_NONE || (board_slot(guard->board, slot)->flags & HR_SLOT_ARMED) == flags)
		return;
	at = board_slot_begin(guard->board, slot);
	at->flags = (at->flags & ~HR_SLOT_ARMED) | flags;
	board_slot_end(guard->board, slot);
}

void arming_enter(struct guard *guard, struct arming_one *one, enum arming_state state)
{
	one->state = state;
	show(guard, one);
}

static void drop(struct guard *guard, struct arming_one *one)
{
	sense_disarm(guard->sense, one->memcg_id);
	arming_enter(guard, one, ARMING_FREE);
	arming_of(guard)->n--;
	*one = (struct arming_one){.state = ARMING_FREE};
}

static bool can_arm(const struct policy_set *set)
{
	for (uint32_t i = 0; i < set->policies && set->mode != MODE_OBSERVE; i++) {
		const struct policy *policy = policy_at(set, i);

		if (policy->mode != MODE_OBSERVE && (policy->conditions & WHEN_USAGE) &&
		    !(policy->conditions & WHEN_HOST) && !policy->outside)
			return true;
	}
	return false;
}

void arming_rules(struct guard *guard)
{
	struct arming *arming = arming_of(guard);
	uint64_t now = clock_mono_ns();

	arming->any = can_arm(guard->acting->rules.set);
	arming->full_told = false;
	arming_settle(guard);
	for (size_t i = 0; i < ARMING_MOST; i++) {
		struct arming_one *one = &arming->one[i];
		uint32_t slot = tracks_find(&guard->tracks, one->memcg_id);

		if (one->state == ARMING_FREE)
			continue;
		if (!arming->any || slot == TRACK_NONE)
			drop(guard, one);
		else
			arming_consider(guard, slot, now);
	}
	if (arming->any)
		arming_known(guard);
}

bool arming_any(const struct guard *guard)
{
	return guard->acting->arming.any;
}

void arming_settle(struct guard *guard)
{
	const struct acting *acting = guard->acting;

	if (acting->arming.any)
		sense_arm_grant(guard->sense, act_budget_left(acting->act, clock_mono_ns()));
}

void arming_start(struct guard *guard)
{
	struct arm_spare self = {.memcg_id = guard->acting->self_memcg_id};

	if (self.memcg_id)
		sense_spare(guard->sense, &self, true);
	sense_arm_known(guard->sense, 0);
	arming_rules(guard);
}

static bool kills_whole(const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->rungs; i++)
		if (policy->rung[i].rung == HR_RUNG_KILL && !policy->rung[i].largest)
			return true;
	return false;
}

static bool populated(const struct guard *guard, uint32_t slot)
{
	return slot != TRACK_NONE && (board_slot(guard->board, slot)->flags & HR_SLOT_POPULATED);
}

static struct arming_one *free_one(struct arming *arming)
{
	for (size_t i = 0; i < ARMING_MOST; i++)
		if (arming->one[i].state == ARMING_FREE)
			return &arming->one[i];
	return NULL;
}

/* One that is empty makes room for one that is not. */
static struct arming_one *empty_one(struct guard *guard)
{
	struct arming *arming = arming_of(guard);

	for (size_t i = 0; i < ARMING_MOST; i++)
		if (!populated(guard, tracks_find(&guard->tracks, arming->one[i].memcg_id))) {
			drop(guard, &arming->one[i]);
			return &arming->one[i];
		}
	return NULL;
}

static struct arming_one *place(struct guard *guard, uint32_t slot)
{
	struct arming *arming = arming_of(guard);
	struct arming_one *one = free_one(arming);

	if (!one) {
		if (!populated(guard, slot))
			return NULL;
		one = empty_one(guard);
	}
	if (one) {
		arming->n++;
		return one;
	}
	if (!arming->full_told)
		notice_guard(guard, HR_GUARD_CAPACITY, HR_WARNING, ARMING_MOST,
			     "%u containers are armed: further ones are watched by sampling alone", ARMING_MOST);
	arming->full_told = true;
	return NULL;
}

static bool same(const struct arming_one *a, const struct arming_one *b)
{
	return a->flags == b->flags && a->limit_milli == b->limit_milli &&
	       (a->threshold == b->threshold || a->state == ARMING_SHOT);
}

/* Would the reflex spare somebody whom it hits as it stands? (A share is of the live limit: its bytes are of no account.) */
static bool gentler(const struct arming_one *one, const struct arming_one *want)
{
	if (!(one->flags & ARM_REFLEX))
		return false;
	return (one->flags & ~want->flags) || !one->limit_milli != !want->limit_milli ||
	       (want->limit_milli ? want->limit_milli > one->limit_milli : want->threshold > one->threshold);
}

/* What is asked for now, against what stands. */
static void update(struct guard *guard, struct arming_one *one, const struct arming_one *want)
{
	/* The shot is used up as long as act does not give it another: then a new arming, with a new one. */
	bool again = one->state == ARMING_SHOT && (want->flags & ARM_REFLEX);

	if (same(one, want) && !again)
		return;
	/* Gentler from this moment on, not from the worker's next turn. */
	if (again || gentler(one, want))
		sense_disarm(guard->sense, one->memcg_id);
	one->threshold = want->threshold;
	one->limit_milli = want->limit_milli;
	one->flags = want->flags;
	arming_enter(guard, one, ARMING_WANTED);
}

void arming_consider(struct guard *guard, uint32_t slot, uint64_t now_ns)
{
	struct acting *acting = guard->acting;
	uint64_t memcg_id = guard->tracks.track[slot].memcg_id, usage;
	struct arming_one *one, want = {.state = ARMING_WANTED, .memcg_id = memcg_id};
	const struct policy *policy;
	bool reflex;

	if (!acting->arming.any)
		return;
	one = arming_find(&acting->arming, memcg_id);
	if (guard->tracks.track[slot].gone_ns ||
	    !act_armed(acting->act, acting_world(guard), slot, &policy, &want.threshold, &reflex)) {
		if (one)
			drop(guard, one);
		return;
	}
	if (policy->usage.bytes == HR_UNKNOWN)
		want.limit_milli = policy->usage.milli;
	if (one && one->owned && now_ns - one->owner_ns >= RETRY_NS)
		one->owned = false;
	want.flags = !reflex || (one && one->owned) ? 0 : ARM_REFLEX | (kills_whole(policy) ? ARM_WHOLE : 0);
	usage = board_slot(guard->board, slot)->memory.usage;
	if (usage != HR_UNKNOWN && usage >= want.threshold - want.threshold / 4)
		acting->arming.near_ns = now_ns;
	if (one) {
		update(guard, one, &want);
		return;
	}
	one = place(guard, slot);
	if (one)
		*one = want;
}

void arming_swept(struct guard *guard, uint64_t now_ns)
{
	struct arming *arming = arming_of(guard);
	uint32_t capacity = guard->tracks.capacity;

	if (!arming->any)
		return;
	for (size_t i = 0; i < ARMING_MOST; i++) {
		uint32_t slot = tracks_find(&guard->tracks, arming->one[i].memcg_id);

		if (arming->one[i].state == ARMING_FREE)
			continue;
		if (slot == TRACK_NONE)
			drop(guard, &arming->one[i]);
		else
			arming_consider(guard, slot, now_ns);
	}
	for (uint32_t n = 0; n < ROUND_MOST && n < capacity; n++) {
		uint32_t slot = arming->hand++ % capacity;
		const struct track *track = &guard->tracks.track[slot];

		if (track->memcg_id && !track->gone_ns && !arming_find(arming, track->memcg_id))
			arming_consider(guard, slot, now_ns);
	}
	arming_known(guard);
	arming_settle(guard);
}

void arming_gone(struct guard *guard, uint64_t memcg_id)
{
	struct arming_one *one = arming_find(arming_of(guard), memcg_id);

	if (one)
		drop(guard, one);
}

void arming_prefer(struct guard *guard)
{
	struct arming *arming = arming_of(guard);

	for (size_t i = 0; i < ARMING_MOST; i++) {
		struct arming_one *one = &arming->one[i];
		uint32_t slot = tracks_find(&guard->tracks, one->memcg_id);
		const struct hr_process *largest;

		if (one->state != ARMING_READY || !(one->flags & ARM_REFLEX) || slot == TRACK_NONE)
			continue;
		largest = &board_slot(guard->board, slot)->process[0];
		if (largest->pid == one->preferred_pid)
			continue;
		one->preferred_pid = largest->pid;
		sense_arm_prefer(guard->sense, one->memcg_id, largest->pid, largest->start_boottime_ns);
	}
}

/* ---- the worker's part ---- */

static void fill(const struct guard *guard, const struct arming_one *one, uint32_t slot, struct worker_arm *to)
{
	const struct hr_slot *at = board_slot(guard->board, slot);
	bool whole = one->flags & ARM_WHOLE;

	arming_path(guard, slot, to->path);
	to->arm = (struct arm){
		.memcg_id = one->memcg_id, .path = to->path, .threshold = one->threshold,
		.limit_milli = one->limit_milli, .flags = one->flags,
		.least_rss = whole ? 0 : one->threshold / LEAST_SHARE,
		.preferred_pid = at->process[0].pid, .preferred_start_ns = at->process[0].start_boottime_ns,
	};
	to->error = 0;
}

bool arming_ask(struct guard *guard, struct worker_job *job, uint64_t now_ns)
{
	struct arming *arming = arming_of(guard);
	bool close = arming->n && arming->near_ns && now_ns - arming->near_ns < LINGER_NS;

	job->n_arms = 0;
	for (size_t i = 0; i < ARMING_MOST && job->n_arms < WORKER_ARMS; i++) {
		struct arming_one *one = &arming->one[i];
		uint32_t slot = tracks_find(&guard->tracks, one->memcg_id);
		const struct hr_slot *at;

		if (one->state != ARMING_WANTED || slot == TRACK_NONE || now_ns < one->retry_ns)
			continue;
		at = board_slot(guard->board, slot);
		if (!at->id.cgroup.at || (at->flags & HR_SLOT_CUT))
			continue;
		fill(guard, one, slot, &job->arm[job->n_arms++]);
		arming_enter(guard, one, ARMING_ASKED);
	}
	job->want_arm_close = close != arming->close;
	job->arm_close = close;
	arming_ask_owners(guard, job, now_ns);
	return job->n_arms || job->n_owners || job->want_arm_close;
}

static void taken(struct guard *guard, const struct worker_arm *arm, uint64_t now_ns)
{
	struct arming *arming = arming_of(guard);
	struct arming_one *one = arming_find(arming, arm->arm.memcg_id);

	/* Disarmed, or changed its mind, while the worker was about it. */
	if (!one || one->state == ARMING_WANTED || ((arm->arm.flags & ARM_REFLEX) && !(one->flags & ARM_REFLEX)))
		sense_disarm(guard->sense, arm->arm.memcg_id);
	if (!one || one->state != ARMING_ASKED)
		return;
	if (arm->error == -EOPNOTSUPP) {
		if (!arming->reflex_told)
			notice_guard(guard, HR_GUARD_FALLBACK, HR_WARNING, 0,
				     "no reflex on this kernel: the guard acts itself, after the tripwire");
		arming->reflex_told = true;
	} else if (arm->error == -EPERM && (arm->arm.flags & ARM_REFLEX)) {
		arming_owned(guard, one, now_ns);
		return;
	} else if (arm->error) {
		one->retry_ns = now_ns + RETRY_NS;
		arming_enter(guard, one, ARMING_WANTED);
		return;
	}
	one->preferred_pid = arm->arm.preferred_pid;
	one->owner_ns = now_ns;
	arming_enter(guard, one, ARMING_READY);
}

void arming_take(struct guard *guard, struct worker_job *job, uint64_t now_ns)
{
	for (size_t i = 0; i < job->n_arms; i++)
		taken(guard, &job->arm[i], now_ns);
	job->n_arms = 0;
	arming_take_owners(guard, job, now_ns);
	if (job->want_arm_close)	/* what could not be attached is not tried with every job */
		arming_of(guard)->close = job->arm_close;
	job->want_arm_close = false;
}

void arming_move(struct guard *guard, struct sense *to)
{
	struct arming *arming = arming_of(guard);
	__u64 dropped[ARMING_MOST];
	size_t n = 0;

	sense_arm_move(to, guard->sense, dropped, ARMING_MOST, &n);
	for (size_t i = 0; i < n; i++) {
		struct arming_one *one = arming_find(arming, dropped[i]);

		if (one)
			arming_enter(guard, one, ARMING_WANTED);
	}
	arming->close = false;
}

/* ---- told by the kernel ---- */

/* The rest of a container that the rule ends as a whole: what the reflex left would only charge on. */
static void finish_rest(struct guard *guard, const struct act_order *struck)
{
	struct acting *acting = guard->acting;
	struct act_order order = *struck;
	const struct policy *policy = struck->policy;
	struct flight *flight;

	/* Whoever has begun below it since then may be protected. */
	if (act_protected(acting->rules.set, acting_world(guard), struck->target.slot))
		return;
	for (uint32_t i = 0; policy && i < policy->rungs; i++) {
		if (policy->rung[i].rung != HR_RUNG_KILL || policy->rung[i].largest)
			continue;
		order.kind = HR_RUNG_KILL;
		order.rung = &policy->rung[i];
		order.step = i + 1;
		flight = flight_new(acting, &order);
		acting->fresh |= flight != NULL;
		return;
	}
}

static void on_reflex(struct guard *guard, const struct record_arm *record, uint32_t slot)
{
	struct acting *acting = guard->acting;
	struct arming_one *one = arming_find(&acting->arming, record->memcg_id);
	struct deed deed = {.deed = record->error ? HR_DEED_FAILED : HR_DEED_DONE, .error = -record->error,
			    .signal = SIGKILL, .pid = record->victim_pid, .processes = record->error ? 0 : 1,
			    .start_boottime_ns = record->victim_start_boottime_ns, .ended_ns = record->r.time_ns,
			    .freed = HR_UNKNOWN,
			    .detail = record->flags & RECORD_ARM_OTHER ? "the largest, not the one that charged"
								       : NULL};
	static struct act_order order;
	struct flight *flight;

	if (one)
		arming_enter(guard, one, ARMING_SHOT);
	if (!act_reflexed(acting->act, acting_world(guard), slot, &order))
		return;
	flight = flight_new(acting, &order);
	if (!flight)
		return;
	flight->order.evidence.usage = record->usage;
	flight->order.evidence.threshold = record->threshold;
	flight->order.decided_ns = record->r.time_ns;
	flight->whole = one && (one->flags & ARM_WHOLE);
	memcpy(deed.comm, record->victim_comm, sizeof(deed.comm));
	flight_conclude(guard, flight, &deed);
	if (!record->error && one && (one->flags & ARM_WHOLE))
		finish_rest(guard, &order);
}

void arming_on_record(struct guard *guard, const struct record_arm *record)
{
	uint32_t slot = tracks_find(&guard->tracks, record->memcg_id);
	uint64_t now = clock_mono_ns();

	if (slot == TRACK_NONE || guard->tracks.track[slot].gone_ns)
		return;
	guard->acting->arming.near_ns = now;
	if (record->r.type == RECORD_REFLEX) {
		on_reflex(guard, record, slot);
	} else if (guard->tracks.track[slot].sampled_ns < record->r.time_ns) {
		publish_usage(guard, slot, record->usage, now);
		acting_read(guard, slot);
	}
	acting_settle(guard);
}
