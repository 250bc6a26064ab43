// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What exactly an action is to do: sizes and times from the policy's line and the target's current figures. Pure. */
#include "action.h"

#define KILL_WATCH_MS 5000 /* how long memory is watched after SIGKILL before the result */

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
	return limit / 1000 * amount->milli + limit % 1000 * amount->milli / 1000;
}

void action_plan(struct action *action, const struct hr_slot *slot)
{
	const struct policy_action *spec = action->spec;

	action->bytes = action->for_ms = HR_UNKNOWN;
	if (!spec)
		return;
	action->largest = spec->largest;
	action->signal = spec->signal;
	action->whole = action->kind == HR_ACTION_KILL && !spec->largest &&
			action->target.slot != HR_UNKNOWN_U32;
	if (action->kind == HR_ACTION_TERM || action->kind == HR_ACTION_THROTTLE)
		action->for_ms = spec->grace_ms;
	if (slot)
		action->bytes = amount_bytes(slot, &spec->amount);
	if (action->kind == HR_ACTION_KILL)
		action->watch_ms = KILL_WATCH_MS;
}
