// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What follows after BPF's reflex has killed in a container: the action's event, and the rest of the container. */
#include <signal.h>
#include <string.h>

#include "policy_driver.h"
#include "policy_driver_state.h"

/* The rest of a container that the policy kills as a whole: what the reflex left would go on charging. */
static void finish_rest(struct policy_driver *driver, const struct action *reflex)
{
	const struct policy *policy = reflex->policy;
	struct action action = *reflex;

	/* A protected cgroup may have begun below it since then. */
	if (policy_exempt(driver->rules.set, policy_world_now(&driver->world), reflex->target.slot))
		return;
	for (uint32_t i = 0; policy && i < policy->actions; i++) {
		if (policy->action[i].kind != HR_ACTION_KILL || policy->action[i].largest)
			continue;
		action.kind = HR_ACTION_KILL;
		action.spec = &policy->action[i];
		action.step = i + 1;
		action_plan(&action, board_slot(driver->containers->board, action.target.slot));
		driver->actions.fresh |= action_new(&driver->actions, &action) != NULL;
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

void policy_driver_reflex(struct policy_driver *driver, const struct record_trigger *record,
			  const struct track *track)
{
	bool whole = trigger_sync_shot(&driver->triggers, record);
	bool rest = whole && !engine_kills_now(driver->engine, track->slot);
	struct pending_action *pending;
	struct action_result result;
	static struct action action;

	if (!engine_reflex_fired(driver->engine, policy_world_now(&driver->world), track->slot,
				 &action))
		return;
	pending = action_new(&driver->actions, &action);
	if (!pending)
		return;
	pending->action.inputs.usage = record->usage;
	pending->action.inputs.threshold = record->threshold;
	pending->action.decided_ns = record->r.time_ns;
	pending->action.whole = whole;
	reflex_result(record, &pending->action, &result);
	action_conclude(&driver->actions, pending, &result);
	if (!record->error && rest)
		finish_rest(driver, &action);
}

void policy_driver_reflex_state(struct policy_driver *driver, uint64_t memcg_id,
				struct oom_reflex *ret)
{
	const struct trigger_entry *entry = trigger_sync_above(&driver->triggers, memcg_id);

	*ret = (struct oom_reflex){.memcg_id = entry ? entry->memcg_id : 0};
	if (!entry)
		return;
	ret->armed_ns = entry->armed_ns;
	if (entry->owned)
		ret->what = HR_REFLEX_OWNER;
	else if (!(entry->flags & TRIGGER_REFLEX) && entry->state != ENTRY_SHOT)
		ret->what = HR_REFLEX_NONE;
	else if (driver->triggers.no_reflex)
		ret->what = HR_REFLEX_UNAVAILABLE;
	else if (entry->state == ENTRY_SHOT)
		ret->what = entry->shot_error ? HR_REFLEX_FAILED : HR_REFLEX_KILLED;
	else
		ret->what = entry->armed_ns ? HR_REFLEX_ARMED : HR_REFLEX_NOT_ARMED;
	if (ret->what == HR_REFLEX_KILLED || ret->what == HR_REFLEX_FAILED) {
		ret->shot_ns = entry->shot_ns;
		ret->pid = entry->shot_pid;
	}
}
