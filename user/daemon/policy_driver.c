// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Drives the policy engine: snapshots in, requested actions into flight, results back, the next action of each slot onto the
 * board. Decides nothing and carries nothing out. Allocates at start, and where the board grows.
 */
#include "policy_driver.h"

#include <stdio.h>
#include <headroom/reader.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "events.h"
#include "policy_driver_state.h"

#define DEADLINE_LEAST_NS (2 * NS_PER_MS)
#define LOST_NS           (60 * NS_PER_SEC)

/* Onto the board only after the call: the engine may be reading this very slot's text. */
static void on_next(uint32_t slot, const struct policy *policy, enum hr_action_kind kind, void *arg)
{
	struct policy_driver *driver = arg;
	struct track *track = &driver->containers->tracks.track[slot];

	track->next_action = policy ? (uint8_t)kind : HR_ACTION_NONE;
	track->next_policy = policy ? (uint32_t)(policy - policy_at(driver->rules.set, 0)) + 1 : 0;
	track->next_dirty = 1;
	driver->next_dirty = true;
}

static void publish_next(struct policy_driver *driver)
{
	if (!driver->next_dirty)
		return;
	driver->next_dirty = false;
	for (uint32_t slot = 0; slot < driver->containers->tracks.capacity; slot++) {
		struct track *track = &driver->containers->tracks.track[slot];
		const struct policy *policy;
		struct hr_slot *at;

		if (!track->memcg_id || !track->next_dirty)
			continue;
		track->next_dirty = 0;
		policy = track->next_policy ? policy_at(driver->rules.set, track->next_policy - 1)
					    : NULL;
		at = board_slot_begin(driver->containers->board, slot);
		at->forecast.next_action = track->next_action;
		slot_set_next_policy(driver->containers->board, at,
				     policy ? policy_text(driver->rules.set, policy->name) : NULL);
		board_slot_end(driver->containers->board, slot);
	}
}

static void set_deadline(struct policy_driver *driver)
{
	uint64_t at = engine_deadline(driver->engine), now = clock_mono_ns(),
		 identity = action_deadline(&driver->actions);

	if (identity && (!at || identity < at))
		at = identity;
	if (at)
		loop_timer_set(driver->deadline_fd,
			       at > now + DEADLINE_LEAST_NS ? at - now : DEADLINE_LEAST_NS, 0);
}

void policy_driver_settle(struct policy_driver *driver)
{
	if (driver->settling)
		return;
	driver->settling = true;
	action_dispatch(&driver->actions);
	publish_next(driver);
	set_deadline(driver);
	trigger_sync_grant(&driver->triggers);
	driver->settling = false;
}

/* Reports full tables, at most once a minute. */
static void report_full_tables(struct policy_driver *driver, uint64_t now)
{
	struct engine_counts counts;
	uint64_t lost;

	engine_counts(driver->engine, &counts);
	lost = counts.turned_away + counts.untimed + driver->actions.lost +
	       driver->actions.outcomes.lost;
	if (lost == driver->lost_emitted || (driver->lost_ns && now - driver->lost_ns < LOST_NS))
		return;
	events_daemon(driver->containers->board, HR_DAEMON_CAPACITY, HR_WARNING,
		      lost - driver->lost_emitted,
		      "%llu times no room for an escalation, its outcome or a policy's hold timer "
		      "(%u escalations under way)",
		      (unsigned long long)(lost - driver->lost_emitted), counts.escalations);
	driver->lost_emitted = lost;
	driver->lost_ns = now;
}

/* The mode of the policies, or less while another daemon enforces, or paused. */
static void set_mode(struct policy_driver *driver)
{
	struct board *board = driver->containers->board;
	enum policy_mode most =
		pause_is_on(&driver->pause) ? MODE_OBSERVE : exclusive_mode(&driver->exclusive);
	enum policy_mode mode = (enum policy_mode)driver->rules.set->mode;
	struct hr_host *host;

	if (mode > most)
		mode = most;
	if ((mode == MODE_ENFORCE) != (driver->config->mode == MODE_ENFORCE))
		driver->set_priority(mode == MODE_ENFORCE, driver->arg);
	driver->config->mode = mode;
	host = board_host_begin(board);
	host->mode = mode;
	host->policies = driver->rules.set->policies;
	board_host_end(board);
	engine_limit_mode(driver->engine, most);
}

static void change_mode(struct policy_driver *driver)
{
	policy_driver_settle(driver); /* what was asked for in the old mode */
	set_mode(driver);
	trigger_sync_set_policies(&driver->triggers, driver->rules.set);
	policy_driver_settle(driver);
}

void policy_driver_swept(struct policy_driver *driver)
{
	uint64_t now = clock_mono_ns();

	if (pause_expire(&driver->pause, now))
		change_mode(driver);
	engine_update(driver->engine, policy_world_now(&driver->world));
	action_expire(&driver->actions, now);
	policy_driver_settle(driver);
	outcome_settle(&driver->actions.outcomes, now);
	trigger_sync_swept(&driver->triggers, now);
	report_full_tables(driver, now);
}

void policy_driver_host(struct policy_driver *driver)
{
	engine_update(driver->engine, policy_world_now(&driver->world));
	policy_driver_settle(driver);
}

void policy_driver_read(struct policy_driver *driver, const struct track *track)
{
	engine_update_slot(driver->engine, policy_world_now(&driver->world), track->slot);
	trigger_sync_consider(&driver->triggers, track, clock_mono_ns());
}

void policy_driver_child(struct policy_driver *driver, const struct track *track)
{
	engine_child_created(driver->engine,
			     tracks_find(&driver->containers->tracks, track->parent_id));
	trigger_sync_child(&driver->triggers, track);
}

void policy_driver_identified(struct policy_driver *driver, const struct track *track)
{
	policy_driver_child(driver, track);
	if (action_identified(&driver->actions, track->memcg_id))
		policy_driver_settle(driver);
}

void policy_driver_oom(struct policy_driver *driver, const struct track *track)
{
	engine_oom_kill(driver->engine, track ? track->slot : HR_UNKNOWN_U32, clock_mono_ns());
}

uint64_t policy_driver_self(const struct policy_driver *driver)
{
	return driver->world.self_memcg_id;
}

void policy_driver_not_acted(struct policy_driver *driver, const struct track *subject, bool host,
			     struct pending_oom *pending)
{
	const struct policy *policy;
	enum hr_skip_reason reason;

	if (!engine_not_acted(driver->engine, policy_world_now(&driver->world),
			      subject ? subject->slot : HR_UNKNOWN_U32, host, &policy, &reason))
		return;
	snprintf(pending->policy, sizeof(pending->policy), "%s",
		 policy_text(driver->rules.set, policy->name));
	pending->not_acted = (uint8_t)reason;
}

void policy_driver_gone(struct policy_driver *driver, const struct track *track)
{
	trigger_sync_gone(&driver->triggers, track->memcg_id);
	engine_slot_gone(driver->engine, track->slot, track->memcg_id, clock_mono_ns());
}

void policy_driver_restarted(struct policy_driver *driver, const struct track *track,
			     uint64_t workload)
{
	outcome_restarted(&driver->actions.outcomes, track->memcg_id, workload);
}

int policy_driver_grow(struct policy_driver *driver, uint32_t capacity)
{
	return engine_grow(driver->engine, capacity);
}

/* Process groups must be known by the time a policy on the host's memory holds. */
static bool host_may_run_short(const struct hr_host *host, uint64_t threshold)
{
	uint64_t usable = hr_host_usable(host);

	return threshold && host->mem_available != HR_UNKNOWN &&
	       (host->mem_available < usable / 4 || host->mem_available < threshold + usable / 8);
}

bool policy_driver_wants_processes(const struct policy_driver *driver, uint64_t host_threshold)
{
	const struct policy_set *set = driver->rules.set;

	if (set->mode == MODE_OBSERVE)
		return false;
	for (uint32_t i = 0; i < set->policies; i++)
		if (policy_at(set, i)->mode != MODE_OBSERVE && policy_at(set, i)->host_processes)
			return true;
	return host_may_run_short(board_host(driver->containers->board), host_threshold);
}

#define CHOSE_NS (3 * NS_PER_SEC)

bool policy_driver_chose_processes(const struct policy_driver *driver, uint64_t now_ns)
{
	uint64_t chosen_ns = engine_chosen_ns(driver->engine);

	return chosen_ns && now_ns - chosen_ns < CHOSE_NS;
}

static void report_restored(struct policy_driver *driver)
{
	struct containers *containers = driver->containers;
	char limit[UNITS_TEXT];
	uint64_t id, bytes;

	while (enforce_take_restored(driver->enforce, &id, &bytes)) {
		const struct track *track = tracks_get(&containers->tracks, id);
		const struct hr_slot *slot =
			track ? board_slot(containers->board, track->slot) : NULL;
		const char *path = slot ? board_text_at(slot, slot->id.cgroup) : NULL;

		events_daemon(containers->board, HR_DAEMON_RESTORED, HR_INFO, 1,
			      "the limit of %.160s is %s again", path ?: "a cgroup that is gone",
			      units_bytes(bytes, limit));
	}
}

static void on_results(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct policy_driver *driver = arg;
	struct action_result result;

	while (enforce_take(driver->enforce, &result))
		action_on_result(&driver->actions, &result);
	report_restored(driver);
	policy_driver_settle(driver);
}

static void on_deadline(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct policy_driver *driver = arg;

	loop_timer_read(driver->deadline_fd);
	action_expire(&driver->actions, clock_mono_ns());
	engine_update(driver->engine, policy_world_now(&driver->world));
	policy_driver_settle(driver);
}

bool policy_driver_ask_lock(struct policy_driver *driver, struct worker_job *job, uint64_t now_ns)
{
	return exclusive_ask(&driver->exclusive, job, now_ns);
}

void policy_driver_take_lock(struct policy_driver *driver, struct worker_job *job)
{
	if (exclusive_take(&driver->exclusive, job))
		change_mode(driver);
}

int policy_driver_pause(struct policy_driver *driver, const struct hr_control_request *asked,
			uint32_t uid, char text[HR_CONTROL_TEXT])
{
	int status = pause_ask(&driver->pause, asked, uid, text);

	if (!status)
		change_mode(driver);
	return status;
}

void policy_driver_rules(struct policy_driver *driver, int fd)
{
	struct rules rules, old = driver->rules;
	int err = rules_map(fd, &rules);

	if (err) {
		events_daemon(
			driver->containers->board, HR_DAEMON_CONFIG_REFUSED, HR_WARNING, 0,
			"the policies that were handed over are not valid (%s): the old ones stay",
			strerror(-err));
		return;
	}
	policy_driver_settle(
		driver); /* every action that the old policies asked for is dispatched first */
	driver->rules = rules;
	exclusive_set_mode(&driver->exclusive, (enum policy_mode)rules.set->mode);
	set_mode(driver);
	driver->actions.set = rules.set;
	engine_set_policies(driver->engine, rules.set);
	rules_done(&old);
	trigger_sync_set_policies(&driver->triggers, rules.set);
	policy_driver_settle(driver);
}

/* The next actions of the previous daemon are not those of these policies. */
static void forget_next(struct containers *containers)
{
	for (uint32_t slot = 0; slot < containers->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(containers->board, slot);
		struct hr_slot *at;

		if (!containers->tracks.track[slot].memcg_id || seen->state == HR_SLOT_FREE ||
		    (!seen->next_policy.at && !seen->forecast.next_action &&
		     !(seen->flags & HR_SLOT_ARMED)))
			continue;
		at = board_slot_begin(containers->board, slot);
		at->forecast.next_action = HR_ACTION_NONE;
		at->flags &= ~HR_SLOT_ARMED;
		slot_set_next_policy(containers->board, at, NULL);
		board_slot_end(containers->board, slot);
	}
}

static void on_action(const struct action *action, void *arg)
{
	struct policy_driver *driver = arg;

	action_on_request(&driver->actions, action);
}

static void on_outcome(const struct outcome *outcome, void *arg)
{
	struct policy_driver *driver = arg;

	outcome_on_end(&driver->actions.outcomes, outcome);
}

static void on_not_taken(const struct action *action, enum hr_action_status status,
			 enum hr_skip_reason reason, void *arg)
{
	struct policy_driver *driver = arg;

	action_on_not_taken(&driver->actions, action, status, reason);
}

struct engine_callbacks policy_driver_callbacks(struct policy_driver *driver)
{
	return (struct engine_callbacks){.action = on_action,
					 .outcome = on_outcome,
					 .not_taken = on_not_taken,
					 .next = on_next,
					 .arg = driver};
}

void policy_driver_connect(struct policy_driver *driver, const struct policy_driver_setup *setup)
{
	driver->containers = setup->containers;
	driver->loop = setup->loop;
	driver->config = setup->config;
	driver->set_priority = setup->set_priority;
	driver->arg = setup->arg;
	driver->world.containers = setup->containers;
	driver->world.groups = &driver->groups;
	driver->triggers.containers = setup->containers;
	driver->triggers.collector = setup->collector;
	driver->triggers.engine = driver->engine;
	driver->triggers.world = &driver->world;
	driver->triggers.enforce = driver->enforce;
	driver->actions.containers = setup->containers;
	driver->actions.engine = driver->engine;
	driver->actions.enforce = driver->enforce;
	driver->actions.world = &driver->world;
	driver->actions.set = driver->rules.set;
	driver->actions.ops = setup->action_ops;
	driver->actions.ops_arg = setup->arg;
	driver->actions.outcomes.containers = setup->containers;
	driver->actions.outcomes.enforce = driver->enforce;
}

void policy_driver_start(struct policy_driver *driver, pid_t resolver_pid)
{
	policy_driver_exempt(driver, POLICY_DRIVER_SUPERVISOR, getppid());
	policy_driver_exempt(driver, POLICY_DRIVER_RESOLVER, resolver_pid);
	forget_next(driver->containers);
	set_mode(driver);
	engine_set_policies(driver->engine, driver->rules.set);
	trigger_sync_start(&driver->triggers, driver->rules.set);
}

int policy_driver_watch(struct policy_driver *driver)
{
	return loop_add(driver->loop, &driver->w_enforce, enforce_fd(driver->enforce), EPOLLIN,
			on_results, driver)
		       ?: loop_add(driver->loop, &driver->w_deadline, driver->deadline_fd, EPOLLIN,
				   on_deadline, driver);
}

void policy_driver_ran(struct policy_driver *driver, const struct supervisor_message *message)
{
	action_ran(&driver->actions, message);
	policy_driver_settle(driver);
}

int policy_driver_rules_fd(const struct policy_driver *driver) { return driver->rules.fd; }

const struct policy_set *policy_driver_policies(const struct policy_driver *driver)
{
	return driver->rules.set;
}

struct trigger_sync *policy_driver_triggers(struct policy_driver *driver)
{
	return &driver->triggers;
}

static struct process_facts facts_of(struct policy_driver *driver, const struct task_sample *task)
{
	const struct track *track = tracks_get(&driver->containers->tracks, task->memcg_id);
	const struct hr_slot *slot =
		track ? board_slot(driver->containers->board, track->slot) : NULL;
	const char *path = slot ? hr_slot_text(slot, slot->id.cgroup) : NULL;
	struct process_facts facts = {.exempt = PROCESS_FREE};

	if (path)
		facts.place = process_place_of(path, policy_unit_bytes(slot, path));
	facts.own_name = task->user && (!facts.place.unit || facts.place.mixed);
	if (containers_contained(driver->containers, task->memcg_id))
		facts.exempt = PROCESS_CONTAINED;
	else if (policy_exempt_process(driver->rules.set, task->comm, facts.own_name, slot))
		facts.exempt = PROCESS_PROTECTED;
	else if (facts.own_name && policy_protects_name(driver->rules.set, task->comm))
		facts.exempt = PROCESS_WISHED;
	return facts;
}

void policy_driver_processes(struct policy_driver *driver, const struct task_sample *tasks,
			     size_t n, uint64_t now_ns)
{
	/* The pass before the first sweep: what is in a container, or in a service, is not known. */
	if (!driver->containers->tracks.running)
		return;
	process_groups_begin(&driver->groups, (uint32_t)getpgrp());
	for (size_t i = 0; i < n; i++) {
		struct process_facts facts = facts_of(driver, &tasks[i]);

		process_groups_add(&driver->groups, &tasks[i], &facts);
	}
	process_groups_end(&driver->groups, now_ns, clock_boot_ns());
	trigger_sync_prefer(&driver->triggers);
}

void policy_driver_exempt(struct policy_driver *driver, enum policy_driver_helper helper, pid_t pid)
{
	enforce_exempt(driver->enforce, (unsigned int)helper, (uint32_t)pid);
}
