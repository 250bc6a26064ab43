// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The turn of the wheel: world to act, orders to flights, answers back, the next rung onto the board. Decides nothing and
 * does no deed. Allocates at start, and where the board grows.
 */
#include "acting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <headroom/reader.h>

#include "acting_state.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "publish.h"

#define DEADLINE_LEAST_NS (2 * NS_PER_MS)
#define LOST_NS		  (60 * NS_PER_SEC)

static const struct hr_slot *world_slot(uint32_t index, void *arg)
{
	struct guard *guard = arg;
	const struct track *track = &guard->tracks.track[index];

	return track->memcg_id && !track->gone_ns ? board_slot(guard->board, index) : NULL;
}

const struct act_world *acting_world(struct guard *guard)
{
	struct acting *acting = guard->acting;

	acting->world = (struct act_world){
		.now_ns = clock_mono_ns(), .host = board_host(guard->board),
		.slots = guard->tracks.capacity, .slot = world_slot, .arg = guard,
		.self_memcg_id = acting->self_memcg_id, .job = acting->jobs.job, .jobs = acting->jobs.n,
	};
	return &acting->world;
}

static void on_order(const struct act_order *order, void *arg)
{
	struct guard *guard = arg;
	struct acting *acting = guard->acting;

	struct flight *flight = flight_new(acting, order);

	if (!flight) {
		acting->lost_orders++;		/* can't be: one rung an emergency */
		return;
	}
	acting->fresh = true;
	if (order->kind == HR_RUNG_NOTIFY || order->kind == HR_RUNG_THEN)
		return;
	flight->awaited = true;
	dossier_of(guard, order->emergency, &order->target)->out++;
}

static void on_end(const struct act_end *end, void *arg)
{
	ends_on_end(arg, end);
}

/* Told at once: nothing is done, and act expects no answer. */
static void on_not_taken(const struct act_order *order, enum hr_deed what, enum hr_why why, void *arg)
{
	struct acting *acting = ((struct guard *)arg)->acting;
	struct flight *flight = flight_new(acting, order);

	if (!flight)
		return;
	flight->not_taken = what;
	flight->why = why;
	acting->fresh = true;
}

/* Onto the board only after the call: act may be looking at that very slot's text. */
static void on_next(uint32_t slot, const struct policy *policy, enum hr_rung rung, void *arg)
{
	struct guard *guard = arg;
	struct acting *acting = guard->acting;
	struct track *track = &guard->tracks.track[slot];

	track->next_rung = policy ? (uint8_t)rung : HR_RUNG_NONE;
	track->next_policy = policy ? (uint32_t)(policy - policy_at(acting->rules.set, 0)) + 1 : 0;
	track->next_dirty = 1;
	acting->next_dirty = true;
}

static void publish_next(struct guard *guard)
{
	struct acting *acting = guard->acting;

	if (!acting->next_dirty)
		return;
	acting->next_dirty = false;
	for (uint32_t slot = 0; slot < guard->tracks.capacity; slot++) {
		struct track *track = &guard->tracks.track[slot];
		const struct policy *policy;
		struct hr_slot *at;

		if (!track->memcg_id || !track->next_dirty)
			continue;
		track->next_dirty = 0;
		policy = track->next_policy ? policy_at(acting->rules.set, track->next_policy - 1) : NULL;
		at = board_slot_begin(guard->board, slot);
		at->outlook.next_rung = track->next_rung;
		publish_next_policy(at, policy ? policy_text(acting->rules.set, policy->name) : NULL);
		board_slot_end(guard->board, slot);
	}
}

static void arm_deadline(struct acting *acting)
{
	uint64_t at = act_deadline(acting->act), now = clock_mono_ns();

	if (at)
		loop_timer_set(acting->deadline_fd,
			       at > now + DEADLINE_LEAST_NS ? at - now : DEADLINE_LEAST_NS, 0);
}

void acting_settle(struct guard *guard)
{
	struct acting *acting = guard->acting;

	if (!acting || acting->settling)
		return;
	acting->settling = true;
	flights_dispatch(guard);
	publish_next(guard);
	arm_deadline(acting);
	arming_settle(guard);
	acting->settling = false;
}

/* What had to wait for want of room is said, though not more often than once a minute. */
static void tell_room(struct guard *guard, uint64_t now)
{
	struct acting *acting = guard->acting;
	struct act_counts counts;
	uint64_t lost;

	act_counts(acting->act, &counts);
	lost = counts.turned_away + counts.untimed + acting->lost_orders + acting->lost_outcomes;
	if (lost == acting->lost_told || (acting->lost_ns && now - acting->lost_ns < LOST_NS))
		return;
	notice_guard(guard, HR_GUARD_CAPACITY, HR_WARNING, lost - acting->lost_told,
		     "%llu times no room for an emergency, its outcome or for how long a rule has held (%u emergencies under way)",
		     (unsigned long long)(lost - acting->lost_told), counts.emergencies);
	acting->lost_told = lost;
	acting->lost_ns = now;
}

void acting_swept(struct guard *guard)
{
	struct acting *acting = guard->acting;
	uint64_t now = clock_mono_ns();

	act_update(acting->act, acting_world(guard));
	flights_expire(guard, now);
	acting_settle(guard);
	ends_settle(guard, now);
	arming_swept(guard, now);
	tell_room(guard, now);
}

void acting_host(struct guard *guard)
{
	act_update(guard->acting->act, acting_world(guard));
	acting_settle(guard);
}

void acting_read(struct guard *guard, uint32_t slot)
{
	act_update_slot(guard->acting->act, acting_world(guard), slot);
	arming_consider(guard, slot, clock_mono_ns());
}

void acting_oom(struct guard *guard, uint32_t slot)
{
	if (guard->acting)
		act_oom(guard->acting->act, slot, clock_mono_ns());
}

void acting_gone(struct guard *guard, uint32_t slot)
{
	if (!guard->acting)
		return;
	arming_gone(guard, guard->tracks.track[slot].memcg_id);
	act_gone(guard->acting->act, slot, guard->tracks.track[slot].memcg_id, clock_mono_ns());
}

int acting_grow(struct guard *guard, uint32_t capacity)
{
	return act_grow(guard->acting->act, capacity);
}

/* Who is to blame must be known by the time a rule on the host's memory holds. */
static bool host_may_run_short(const struct guard *guard)
{
	const struct hr_host *host = board_host(guard->board);
	uint64_t threshold = guard->acting->host_watch.threshold;

	return threshold && host->mem_available != HR_UNKNOWN &&
	       (host->mem_available < host->mem_total / 4 ||
		host->mem_available < threshold + host->mem_total / 8);
}

bool acting_wants_tasks(const struct guard *guard)
{
	const struct policy_set *set = guard->acting->rules.set;

	if (set->mode == MODE_OBSERVE)
		return false;
	for (uint32_t i = 0; i < set->policies; i++)
		if (policy_at(set, i)->mode != MODE_OBSERVE && policy_at(set, i)->outside)
			return true;
	return host_may_run_short(guard);
}

static void on_results(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;
	struct acting *acting = guard->acting;
	struct enforce_result result;

	while (enforce_take(acting->enforce, &result))
		flight_result(guard, &result);
	acting_settle(guard);
}

static void on_deadline(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;

	loop_timer_read(guard->acting->deadline_fd);
	act_update(guard->acting->act, acting_world(guard));
	acting_settle(guard);
}

static void tell_mode(struct guard *guard, enum act_mode mode)
{
	guard->config->mode = mode;
	board_host_begin(guard->board)->mode = mode;
	board_host_end(guard->board);
}

void acting_rules(struct guard *guard, int fd)
{
	struct acting *acting = guard->acting;
	struct rules rules, old = acting->rules;
	int err = rules_map(fd, &rules);

	if (err) {
		notice_guard(guard, HR_GUARD_CONFIG_REFUSED, HR_WARNING, 0,
			     "the policies that were handed over are not sound (%s): the old ones stay",
			     strerror(-err));
		return;
	}
	acting_settle(guard);		/* nothing that was ordered by the old rules is left behind */
	if ((rules.set->mode == MODE_ENFORCE) != (acting->rules.set->mode == MODE_ENFORCE))
		guard_come_first(guard, rules.set->mode == MODE_ENFORCE);
	acting->rules = rules;
	tell_mode(guard, (enum act_mode)rules.set->mode);
	act_policies(acting->act, rules.set);
	rules_done(&old);
	arming_rules(guard);
	host_watch_rules(guard);
	acting_settle(guard);
}

/* What a guard before us foretold is not what these rules say. */
static void forget_next(struct guard *guard)
{
	for (uint32_t slot = 0; slot < guard->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(guard->board, slot);
		struct hr_slot *at;

		if (seen->state == HR_SLOT_FREE ||
		    (!seen->next_policy.at && !seen->outlook.next_rung && !(seen->flags & HR_SLOT_ARMED)))
			continue;
		at = board_slot_begin(guard->board, slot);
		at->outlook.next_rung = HR_RUNG_NONE;
		at->flags &= ~HR_SLOT_ARMED;
		publish_next_policy(at, NULL);
		board_slot_end(guard->board, slot);
	}
}

struct act_calls acting_calls(struct guard *guard)
{
	return (struct act_calls){.order = on_order, .end = on_end, .not_taken = on_not_taken,
				  .next = on_next, .arg = guard};
}

void acting_start(struct guard *guard)
{
	struct acting *acting = guard->acting;

	acting_spare(guard, ACTING_SUPERVISOR, getppid());
	acting_spare(guard, ACTING_RESOLVER, guard->wires->resolver_pid);
	forget_next(guard);
	tell_mode(guard, (enum act_mode)acting->rules.set->mode);
	act_policies(acting->act, acting->rules.set);
	arming_start(guard);
}

int acting_watch(struct guard *guard)
{
	struct acting *acting = guard->acting;

	return loop_add(&guard->loop, &acting->w_enforce, enforce_fd(acting->enforce), EPOLLIN,
			on_results, guard) ?:
	       loop_add(&guard->loop, &acting->w_deadline, acting->deadline_fd, EPOLLIN, on_deadline,
			guard) ?:
	       host_watch_open(guard);
}

int acting_rules_fd(const struct guard *guard)
{
	return guard->acting->rules.fd;
}

uint32_t acting_policies(const struct guard *guard)
{
	return guard->acting->rules.set->policies;
}

void acting_tasks_begin(struct guard *guard)
{
	jobs_begin(&guard->acting->jobs);
}

void acting_task(struct guard *guard, const struct task_sample *task)
{
	jobs_add(&guard->acting->jobs, task, (uint32_t)getpgrp());
}

void acting_task_beside(struct guard *guard, const struct task_sample *task, bool contained)
{
	struct acting *acting = guard->acting;
	struct act_job *job = jobs_beside(&acting->jobs, task);
	uint32_t slot;

	if (!job || (job->flags & ACT_JOB_HOLDS))
		return;
	slot = tracks_find(&guard->tracks, task->memcg_id);
	if (contained || task->oom_score_adj == JOBS_EXEMPT ||
	    act_process_protected(acting->rules.set, task->comm,
				  slot == TRACK_NONE ? NULL : board_slot(guard->board, slot)))
		job->flags |= ACT_JOB_HOLDS;
}

void acting_tasks_end(struct guard *guard, uint64_t now_ns)
{
	jobs_end(&guard->acting->jobs, now_ns, clock_boot_ns());
	arming_prefer(guard);
}

void acting_spare(struct guard *guard, enum acting_spared who, pid_t pid)
{
	enforce_spare(guard->acting->enforce, (unsigned int)who, (uint32_t)pid);
}
