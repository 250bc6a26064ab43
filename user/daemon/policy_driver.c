// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Drives the policy engine: snapshots in, requested actions into flight, results back, the next action of each slot onto the
 * board. Decides nothing and carries nothing out. Allocates at start, and where the board grows.
 */
#include "policy_driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <headroom/reader.h>

#include "policy_driver_state.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "slot_lifecycle.h"

#define DEADLINE_LEAST_NS (2 * NS_PER_MS)
#define LOST_NS           (60 * NS_PER_SEC)

static const struct hr_slot *world_slot(uint32_t index, void *arg)
{
	struct daemon *daemon = arg;
	const struct track *track = &daemon->tracks.track[index];

	return track->memcg_id && !track->gone_ns ? board_slot(daemon->board, index) : NULL;
}

const struct policy_snapshot *policy_driver_world(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	policy_driver->snapshot = (struct policy_snapshot){
		.now_ns = clock_mono_ns(),
		.host = board_host(daemon->board),
		.slots = daemon->tracks.capacity,
		.slot = world_slot,
		.arg = daemon,
		.self_memcg_id = policy_driver->self_memcg_id,
		.pgroup = policy_driver->jobs.job,
		.pgroups = policy_driver->jobs.n,
	};
	return &policy_driver->snapshot;
}

/* Onto the board only after the call: the engine may be reading this very slot's text. */
static void on_next(uint32_t slot, const struct policy *policy, enum hr_action_kind kind, void *arg)
{
	struct daemon *daemon = arg;
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct track *track = &daemon->tracks.track[slot];

	track->next_action = policy ? (uint8_t)kind : HR_ACTION_NONE;
	track->next_policy =
		policy ? (uint32_t)(policy - policy_at(policy_driver->rules.set, 0)) + 1 : 0;
	track->next_dirty = 1;
	policy_driver->next_dirty = true;
}

static void publish_next(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	if (!policy_driver->next_dirty)
		return;
	policy_driver->next_dirty = false;
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		struct track *track = &daemon->tracks.track[slot];
		const struct policy *policy;
		struct hr_slot *at;

		if (!track->memcg_id || !track->next_dirty)
			continue;
		track->next_dirty = 0;
		policy = track->next_policy
				 ? policy_at(policy_driver->rules.set, track->next_policy - 1)
				 : NULL;
		at = board_slot_begin(daemon->board, slot);
		at->forecast.next_action = track->next_action;
		publish_next_policy(at, policy ? policy_text(policy_driver->rules.set, policy->name)
					       : NULL);
		board_slot_end(daemon->board, slot);
	}
}

static void trigger_deadline(struct policy_driver *policy_driver)
{
	uint64_t at = engine_deadline(policy_driver->engine), now = clock_mono_ns();

	if (at)
		loop_timer_set(policy_driver->deadline_fd,
			       at > now + DEADLINE_LEAST_NS ? at - now : DEADLINE_LEAST_NS, 0);
}

void policy_driver_settle(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	if (!policy_driver || policy_driver->settling)
		return;
	policy_driver->settling = true;
	action_dispatch(daemon);
	publish_next(daemon);
	trigger_deadline(policy_driver);
	trigger_sync_settle(daemon);
	policy_driver->settling = false;
}

/* Reports full tables, at most once a minute. */
static void report_full_tables(struct daemon *daemon, uint64_t now)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct engine_counts counts;
	uint64_t lost;

	engine_counts(policy_driver->engine, &counts);
	lost = counts.turned_away + counts.untimed + policy_driver->lost_actions +
	       policy_driver->lost_outcomes;
	if (lost == policy_driver->lost_emitted ||
	    (policy_driver->lost_ns && now - policy_driver->lost_ns < LOST_NS))
		return;
	notice_daemon(daemon, HR_DAEMON_CAPACITY, HR_WARNING, lost - policy_driver->lost_emitted,
		      "%llu times no room for an escalation, its outcome or a policy's hold timer "
		      "(%u escalations under way)",
		      (unsigned long long)(lost - policy_driver->lost_emitted), counts.escalations);
	policy_driver->lost_emitted = lost;
	policy_driver->lost_ns = now;
}

void policy_driver_swept(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	uint64_t now = clock_mono_ns();

	engine_update(policy_driver->engine, policy_driver_world(daemon));
	action_expire(daemon, now);
	policy_driver_settle(daemon);
	outcome_settle(daemon, now);
	trigger_sync_swept(daemon, now);
	report_full_tables(daemon, now);
}

void policy_driver_host(struct daemon *daemon)
{
	engine_update(daemon->policy_driver->engine, policy_driver_world(daemon));
	policy_driver_settle(daemon);
}

void policy_driver_read(struct daemon *daemon, uint32_t slot)
{
	engine_update_slot(daemon->policy_driver->engine, policy_driver_world(daemon), slot);
	trigger_sync_consider(daemon, slot, clock_mono_ns());
}

void policy_driver_oom(struct daemon *daemon, uint32_t slot)
{
	if (daemon->policy_driver)
		engine_oom_kill(daemon->policy_driver->engine, slot, clock_mono_ns());
}

void policy_driver_gone(struct daemon *daemon, uint32_t slot)
{
	if (!daemon->policy_driver)
		return;
	trigger_sync_gone(daemon, daemon->tracks.track[slot].memcg_id);
	engine_slot_gone(daemon->policy_driver->engine, slot, daemon->tracks.track[slot].memcg_id,
			 clock_mono_ns());
}

int policy_driver_grow(struct daemon *daemon, uint32_t capacity)
{
	return engine_grow(daemon->policy_driver->engine, capacity);
}

/* Process groups must be known by the time a policy on the host's memory holds. */
static bool host_may_run_short(const struct daemon *daemon)
{
	const struct hr_host *host = board_host(daemon->board);
	uint64_t threshold = daemon->policy_driver->host_poll.threshold;

	return threshold && host->mem_available != HR_UNKNOWN &&
	       (host->mem_available < host->mem_total / 4 ||
		host->mem_available < threshold + host->mem_total / 8);
}

bool policy_driver_wants_tasks(const struct daemon *daemon)
{
	const struct policy_set *set = daemon->policy_driver->rules.set;

	if (set->mode == MODE_OBSERVE)
		return false;
	for (uint32_t i = 0; i < set->policies; i++)
		if (policy_at(set, i)->mode != MODE_OBSERVE && policy_at(set, i)->host_processes)
			return true;
	return host_may_run_short(daemon);
}

static void on_results(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct action_result result;

	while (enforce_take(daemon->policy_driver->enforce, &result))
		action_on_result(daemon, &result);
	policy_driver_settle(daemon);
}

static void on_deadline(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	loop_timer_read(daemon->policy_driver->deadline_fd);
	engine_update(daemon->policy_driver->engine, policy_driver_world(daemon));
	policy_driver_settle(daemon);
}

static void publish_mode(struct daemon *daemon, enum policy_mode mode)
{
	daemon->config->mode = mode;
	board_host_begin(daemon->board)->mode = mode;
	board_host_end(daemon->board);
}

void policy_driver_rules(struct daemon *daemon, int fd)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct rules rules, old = policy_driver->rules;
	int err = rules_map(fd, &rules);

	if (err) {
		notice_daemon(
			daemon, HR_DAEMON_CONFIG_REFUSED, HR_WARNING, 0,
			"the policies that were handed over are not valid (%s): the old ones stay",
			strerror(-err));
		return;
	}
	policy_driver_settle(
		daemon); /* every action that the old policies asked for is dispatched first */
	if ((rules.set->mode == MODE_ENFORCE) != (policy_driver->rules.set->mode == MODE_ENFORCE))
		daemon_come_first(daemon, rules.set->mode == MODE_ENFORCE);
	policy_driver->rules = rules;
	publish_mode(daemon, (enum policy_mode)rules.set->mode);
	engine_set_policies(policy_driver->engine, rules.set);
	rules_done(&old);
	trigger_sync_rules(daemon);
	host_poll_rules(daemon);
	policy_driver_settle(daemon);
}

/* The next actions of a daemon before us are not these policies'. */
static void forget_next(struct daemon *daemon)
{
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(daemon->board, slot);
		struct hr_slot *at;

		if (seen->state == HR_SLOT_FREE ||
		    (!seen->next_policy.at && !seen->forecast.next_action &&
		     !(seen->flags & HR_SLOT_ARMED)))
			continue;
		at = board_slot_begin(daemon->board, slot);
		at->forecast.next_action = HR_ACTION_NONE;
		at->flags &= ~HR_SLOT_ARMED;
		publish_next_policy(at, NULL);
		board_slot_end(daemon->board, slot);
	}
}

struct engine_callbacks policy_driver_calls(struct daemon *daemon)
{
	return (struct engine_callbacks){.action = action_on_request,
					 .outcome = outcome_on_end,
					 .not_taken = action_on_not_taken,
					 .next = on_next,
					 .arg = daemon};
}

void policy_driver_start(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	policy_driver_exempt(daemon, POLICY_DRIVER_SUPERVISOR, getppid());
	policy_driver_exempt(daemon, POLICY_DRIVER_RESOLVER, daemon->wires->resolver_pid);
	forget_next(daemon);
	publish_mode(daemon, (enum policy_mode)policy_driver->rules.set->mode);
	engine_set_policies(policy_driver->engine, policy_driver->rules.set);
	trigger_sync_start(daemon);
}

int policy_driver_watch(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	return loop_add(&daemon->loop, &policy_driver->w_enforce, enforce_fd(policy_driver->enforce), EPOLLIN,
			on_results, daemon) ?:
	       loop_add(&daemon->loop, &policy_driver->w_deadline, policy_driver->deadline_fd, EPOLLIN, on_deadline,
			daemon) ?:
	       host_poll_open(daemon);
}

int policy_driver_rules_fd(const struct daemon *daemon) { return daemon->policy_driver->rules.fd; }

uint32_t policy_driver_policies(const struct daemon *daemon)
{
	return daemon->policy_driver->rules.set->policies;
}

void policy_driver_tasks_begin(struct daemon *daemon)
{
	process_groups_begin(&daemon->policy_driver->jobs);
}

void policy_driver_task(struct daemon *daemon, const struct task_sample *task)
{
	process_groups_add(&daemon->policy_driver->jobs, task, (uint32_t)getpgrp());
}

void policy_driver_task_beside(struct daemon *daemon, const struct task_sample *task,
			       bool contained)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct process_group *job = process_groups_add_member(&policy_driver->jobs, task);
	uint32_t slot;

	if (!job || (job->flags & PGROUP_HOLDS_OTHERS))
		return;
	slot = tracks_find(&daemon->tracks, task->memcg_id);
	if (contained || task->oom_score_adj == PROCESS_GROUPS_EXEMPT ||
	    policy_exempt_process(policy_driver->rules.set, task->comm,
				  slot == TRACK_NONE ? NULL : board_slot(daemon->board, slot)))
		job->flags |= PGROUP_HOLDS_OTHERS;
}

void policy_driver_tasks_end(struct daemon *daemon, uint64_t now_ns)
{
	process_groups_end(&daemon->policy_driver->jobs, now_ns, clock_boot_ns());
	trigger_sync_prefer(daemon);
}

void policy_driver_exempt(struct daemon *daemon, enum policy_driver_helper identity, pid_t pid)
{
	enforce_exempt(daemon->policy_driver->enforce, (unsigned int)identity, (uint32_t)pid);
}
