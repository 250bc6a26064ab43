// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Manual actions: one action without a policy, asked for at the control socket. In dry-run mode it is only logged; in observe
 * mode it is carried out, since the request is explicit. What is never a target is none for a person either.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "policy_driver.h"
#include "policy_driver_state.h"
#include "base/clock.h"
#include "policy/condition_table.h"

#define THROTTLE_MS     30000
#define RESIZE_MS       1800000
#define RESIZE_BY_MILLI 250
#define WATCH_MS        5000
/* Actions in flight that users other than root have asked for, one of them and all: they share the table with the policies. */
#define ACTIONS_OF_USER  4
#define ACTIONS_OF_USERS 8

static struct hr_inputs inputs(const struct policy_driver *driver, const struct hr_slot *slot)
{
	const struct hr_host *host = board_host(driver->actions.containers->board);

	const struct input_source from = {.host = host, .slot = slot};
	uint64_t at[CONDITIONS];
	struct hr_inputs inputs = {
		.limit = slot->memory.limit,
		.effective_limit = slot->binding.level == HR_LEVEL_HOST ? host->mem_total
									: slot->binding.limit,
		.unreclaimable = slot->memory.unreclaimable,
		.growth_bytes_per_second = slot->forecast.drift_bytes_per_second,
		.host_total = hr_host_usable(host),
		.level = slot->binding.level,
		.held_ms = HR_UNKNOWN,
		.threshold = HR_UNKNOWN,
		.used_threshold = HR_UNKNOWN,
	};

	condition_inputs(&from, at);
	condition_record(at, &inputs);
	return inputs;
}

static int refuse(char text[HR_CONTROL_TEXT], int status, const char *reason)
{
	snprintf(text, HR_CONTROL_TEXT, "%s", reason);
	return status;
}

static bool may_ask_more(const struct policy_driver *driver, uint32_t uid)
{
	size_t own = 0, all = 0;

	for (size_t i = 0; i < ACTIONS_MAX; i++) {
		const struct pending_action *pending = &driver->actions.action[i];

		if (pending->state == PENDING_FREE || !pending->by_uid ||
		    pending->by_uid == HR_UNKNOWN_U32)
			continue;
		own += pending->by_uid == uid;
		all++;
	}
	return !uid || (own < ACTIONS_OF_USER && all < ACTIONS_OF_USERS);
}

/* What is wrong with it; 0: nothing. */
static int check(struct policy_driver *driver, const struct hr_control_request *asked, uint32_t uid,
		 const struct track *track, char text[HR_CONTROL_TEXT])
{
	enum hr_skip_reason reason;

	if ((asked->kind < HR_ACTION_RECLAIM || asked->kind > HR_ACTION_KILL) &&
	    asked->kind != HR_ACTION_RESIZE)
		return refuse(text, 2,
			      "only reclaim, throttle, resize, term and kill can be asked for");
	if (asked->signal < 0 || asked->signal >= NSIG)
		return refuse(text, 2, "there is no such signal");
	if (!may_ask_more(driver, uid))
		return refuse(text, 1, "too many actions in progress: try again when one is done");
	if (!track || track->gone_ns)
		return refuse(text, 1, "no such cgroup, or it is gone");
	reason = policy_exempt(driver->rules.set, policy_world_now(&driver->world), track->slot);
	if (reason != HR_SKIP_NONE) {
		snprintf(text, HR_CONTROL_TEXT, "it is never a target: %s",
			 hr_skip_reason_name(reason));
		return 4;
	}
	return 0;
}

/* By default a tenth of its usage. */
static uint64_t reclaim_bytes(const struct hr_control_request *asked, const struct hr_slot *slot)
{
	return asked->size != HR_UNKNOWN          ? asked->size
	       : slot->memory.usage != HR_UNKNOWN ? slot->memory.usage / 10
						  : HR_UNKNOWN;
}

static void plan(struct action *action, const struct hr_control_request *asked,
		 const struct hr_slot *slot)
{
	action->bytes = action->most = action->for_ms = HR_UNKNOWN;
	switch (action->kind) {
	case HR_ACTION_RECLAIM:
		action->bytes = reclaim_bytes(asked, slot);
		break;
	case HR_ACTION_THROTTLE:
		action->bytes = asked->size != HR_UNKNOWN ? asked->size : slot->memory.usage;
		action->for_ms = asked->for_ms != HR_UNKNOWN ? asked->for_ms : THROTTLE_MS;
		break;
	case HR_ACTION_RESIZE: {
		struct policy_amount by = {.bytes = asked->size, .milli = RESIZE_BY_MILLI};

		action_plan_resize(action, slot, &by, asked->most);
		action->for_ms = asked->for_ms != HR_UNKNOWN ? asked->for_ms : RESIZE_MS;
		break;
	}
	case HR_ACTION_TERM:
		action->signal = asked->signal ?: SIGTERM;
		break;
	default:
		action->largest = asked->largest;
		action->whole = !asked->largest;
		action->watch_ms = WATCH_MS;
	}
}

int policy_driver_by_hand(struct policy_driver *driver, const struct hr_control_request *asked,
			  uint32_t uid, int client, char text[HR_CONTROL_TEXT])
{
	struct containers *containers = driver->actions.containers;
	const struct track *track = tracks_get(&containers->tracks, asked->cgroup_id);
	int status = check(driver, asked, uid, track, text);
	static struct action action;
	const struct hr_slot *at;
	struct pending_action *pending;

	if (status)
		return status;
	at = board_slot(containers->board, track->slot);
	action = (struct action){
		.step = 1,
		.steps = 1,
		.kind = (enum hr_action_kind)asked->kind,
		.mode = driver->config->mode == MODE_DRY_RUN ? MODE_DRY_RUN : MODE_ENFORCE,
		.target = {.slot = track->slot,
			   .guest = action_guest(at),
			   .memcg_id = asked->cgroup_id,
			   .leader_start_ns = HR_UNKNOWN},
		.inputs = inputs(driver, at),
		.decided_ns = clock_mono_ns(),
	};
	plan(&action, asked, at);
	pending = action_new(&driver->actions, &action);
	if (!pending)
		return refuse(text, 1, "too many actions are in flight");
	pending->by_uid = uid;
	pending->client = client;
	driver->actions.fresh = true;
	policy_driver_settle(driver);
	return 0;
}
