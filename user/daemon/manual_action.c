// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A rung that a person asks for: one flight without a policy. In dry-run it is rehearsed; in observe it is done, since somebody
 * asked for just that. Who is never a target is none for people either.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "policy_driver_state.h"
#include "base/clock.h"
#include "policy/condition_table.h"

#define THROTTLE_MS 30000
#define WATCH_MS    5000

static struct hr_inputs inputs(const struct daemon *daemon, const struct hr_slot *slot)
{
	const struct hr_host *host = board_host(daemon->board);

	const struct input_source from = {.host = host, .slot = slot};
	uint64_t at[CONDITIONS];
	struct hr_inputs inputs = {
		.limit = slot->memory.limit,
		.unreclaimable = slot->memory.unreclaimable,
		.growth_bytes_per_second = slot->forecast.drift_bytes_per_second,
		.host_total = host->mem_total,
		.level = slot->binding.level,
		.held_ms = HR_UNKNOWN,
		.threshold = HR_UNKNOWN,
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

/* What is wrong with it; 0: nothing. */
static int judge(struct daemon *daemon, const struct hr_control_request *asked, uint32_t slot,
		 char text[HR_CONTROL_TEXT])
{
	enum hr_skip_reason reason;

	if (asked->kind < HR_ACTION_RECLAIM || asked->kind > HR_ACTION_KILL)
		return refuse(text, 2, "only reclaim, throttle, term and kill can be asked for");
	if (asked->signal < 0 || asked->signal >= NSIG)
		return refuse(text, 2, "there is no such signal");
	if (slot == TRACK_NONE || daemon->tracks.track[slot].gone_ns)
		return refuse(text, 1, "no such cgroup, or it is gone");
	reason = policy_exempt(daemon->policy_driver->rules.set, policy_driver_world(daemon), slot);
	if (reason != HR_SKIP_NONE) {
		snprintf(text, HR_CONTROL_TEXT, "it is never a target: %s",
			 hr_skip_reason_name(reason));
		return 4;
	}
	return 0;
}

/* What its default is: a tenth of what it uses. */
static uint64_t reclaim_size(const struct hr_control_request *asked, const struct hr_slot *slot)
{
	return asked->size != HR_UNKNOWN          ? asked->size
	       : slot->memory.usage != HR_UNKNOWN ? slot->memory.usage / 10
						  : HR_UNKNOWN;
}

static void plan(struct inflight *inflight, const struct hr_control_request *asked,
		 const struct hr_slot *slot)
{
	switch ((enum hr_action_kind)asked->kind) {
	case HR_ACTION_RECLAIM:
		inflight->size = reclaim_size(asked, slot);
		break;
	case HR_ACTION_THROTTLE:
		inflight->size = asked->size != HR_UNKNOWN ? asked->size : slot->memory.usage;
		inflight->for_ms = asked->for_ms != HR_UNKNOWN ? asked->for_ms : THROTTLE_MS;
		break;
	case HR_ACTION_TERM:
		inflight->signal = asked->signal ?: SIGTERM;
		inflight->watch_ms = 0;
		break;
	default:
		inflight->largest = asked->largest;
		inflight->whole = !asked->largest;
		inflight->watch_ms = WATCH_MS;
	}
}

int policy_driver_by_hand(struct daemon *daemon, const struct hr_control_request *asked,
			  uint32_t uid, int client, char text[HR_CONTROL_TEXT])
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	uint32_t slot = tracks_find(&daemon->tracks, asked->cgroup_id);
	int status = judge(daemon, asked, slot, text);
	static struct action action;
	const struct hr_slot *at;
	struct inflight *inflight;

	if (status)
		return status;
	at = board_slot(daemon->board, slot);
	action = (struct action){
		.step = 1,
		.steps = 1,
		.kind = (enum hr_action_kind)asked->kind,
		.mode = policy_driver->rules.set->mode == MODE_DRY_RUN ? MODE_DRY_RUN
								       : MODE_ENFORCE,
		.target = {.slot = slot,
			   .memcg_id = asked->cgroup_id,
			   .leader_start_ns = HR_UNKNOWN},
		.inputs = inputs(daemon, at),
		.decided_ns = clock_mono_ns(),
	};
	inflight = inflight_new(policy_driver, &action);
	if (!inflight)
		return refuse(text, 1, "too many rungs are under way");
	plan(inflight, asked, at);
	inflight->by_uid = uid;
	inflight->client = client;
	policy_driver->fresh = true;
	policy_driver_settle(daemon);
	return 0;
}
