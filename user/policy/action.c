// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What exactly an action is to do: sizes and times from the policy's line and the target's current figures. Pure. */
#include "action.h"

#define KILL_WATCH_MS 5000 /* how long memory is watched after SIGKILL before the result */

static uint64_t amount_of(uint64_t whole, const struct policy_amount *amount)
{
	return amount->bytes != HR_UNKNOWN
		       ? amount->bytes
		       : whole / 1000 * amount->milli + whole % 1000 * amount->milli / 1000;
}

/* A share is one of the container's own limit, else of the nearest ancestor's that binds it. */
static uint64_t amount_bytes(const struct hr_slot *slot, const struct policy_amount *amount)
{
	uint64_t limit = slot->memory.limit;

	if (amount->bytes != HR_UNKNOWN)
		return amount->bytes;
	if (limit == HR_UNKNOWN && slot->binding.level == HR_LEVEL_ANCESTOR)
		limit = slot->binding.limit;
	if (!amount->milli)
		return slot->memory.usage; /* a throttle without a size: the current usage */
	if (limit == HR_UNKNOWN)
		return 0; /* a share of no limit: enforce/ refuses it */
	return amount_of(limit, amount);
}

void action_plan_resize(struct action *action, const struct hr_slot *slot,
			const struct policy_amount *by, uint64_t most)
{
	uint64_t limit = slot->memory.limit;

	if (limit == HR_UNKNOWN)
		limit = slot->memory.high; /* enforce/ raises that where it is the only one */
	action->bytes = limit == HR_UNKNOWN ? 0 : limit + amount_of(limit, by);
	action->most = most;
	if (action->bytes > most)
		action->bytes = most;
}

enum hr_skip_reason action_resize_refusal(const struct hr_slot *slot)
{
	if (hr_leak_grows(slot->forecast.leak))
		return HR_SKIP_LEAK;
	/* memory.high alone is no limit that binds: it only stalls */
	return slot->binding.level != HR_LEVEL_OWN &&
			       (slot->memory.limit != HR_UNKNOWN || slot->memory.high == HR_UNKNOWN)
		       ? HR_SKIP_OTHER_LIMIT
		       : HR_SKIP_NONE;
}

void action_plan(struct action *action, const struct hr_slot *slot)
{
	const struct policy_action *spec = action->spec;

	action->bytes = action->most = action->for_ms = HR_UNKNOWN;
	if (!spec)
		return;
	action->largest = spec->largest;
	action->signal = spec->signal;
	action->swappiness = spec->swappiness;
	action->whole = action->kind == HR_ACTION_KILL && !spec->largest &&
			action->target.slot != HR_UNKNOWN_U32;
	if (action->kind == HR_ACTION_TERM || action->kind == HR_ACTION_THROTTLE ||
	    action->kind == HR_ACTION_RESIZE)
		action->for_ms = spec->grace_ms;
	if (slot && action->kind == HR_ACTION_RESIZE)
		action_plan_resize(action, slot, &spec->amount, spec->most);
	else if (slot)
		action->bytes = amount_bytes(slot, &spec->amount);
	if (action->kind == HR_ACTION_KILL)
		action->watch_ms = KILL_WATCH_MS;
}
