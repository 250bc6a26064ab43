// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A rung that a person asks for: one flight without a policy. In dry-run it is rehearsed; in observe it is done, since somebody
 * asked for just that. Who is never a target is none for people either.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "acting_state.h"
#include "base/clock.h"

#define THROTTLE_MS	30000
#define WATCH_MS	5000

static struct hr_evidence evidence(const struct guard *guard, const struct hr_slot *slot)
{
	const struct hr_host *host = board_host(guard->board);

	return (struct hr_evidence){
		.usage = slot->memory.usage, .limit = slot->memory.limit,
		.unreclaimable = slot->memory.unreclaimable, .headroom = slot->memory.headroom,
		.rss = slot->memory.rss, .oom_in_p50_ms = slot->outlook.oom_in_p50_ms,
		.growth_bytes_per_second = slot->outlook.drift_bytes_per_second,
		.host_available = host->mem_available, .host_total = host->mem_total,
		.risk_centi = slot->outlook.risk_centi, .leak = slot->outlook.leak,
		.level = slot->binding.level, .some_avg10_centi = slot->pressure.some_avg10_centi,
		.full_avg10_centi = slot->pressure.full_avg10_centi, .held_ms = HR_UNKNOWN,
		.threshold = HR_UNKNOWN,
	};
}

static int refuse(char text[HR_CONTROL_TEXT], int status, const char *why)
{
	snprintf(text, HR_CONTROL_TEXT, "%s", why);
	return status;
}

/* What is wrong with it; 0: nothing. */
static int judge(struct guard *guard, const struct hr_control_request *asked, uint32_t slot,
		 char text[HR_CONTROL_TEXT])
{
	enum hr_why why;

	if (asked->rung < HR_RUNG_RECLAIM || asked->rung > HR_RUNG_KILL)
		return refuse(text, 2, "only reclaim, throttle, term and kill can be asked for");
	if (asked->signal < 0 || asked->signal >= NSIG)
		return refuse(text, 2, "there is no such signal");
	if (slot == TRACK_NONE || guard->tracks.track[slot].gone_ns)
		return refuse(text, 1, "no such cgroup, or it is gone");
	why = act_protected(guard->acting->rules.set, acting_world(guard), slot);
	if (why != HR_WHY_NONE) {
		snprintf(text, HR_CONTROL_TEXT, "it is never a target: %s", hr_why_word(why));
		return 4;
	}
	return 0;
}

/* What its default is: a tenth of what it uses. */
static uint64_t reclaim_size(const struct hr_control_request *asked, const struct hr_slot *slot)
{
	return asked->size != HR_UNKNOWN ? asked->size
	       : slot->memory.usage != HR_UNKNOWN ? slot->memory.usage / 10 : HR_UNKNOWN;
}

static void plan(struct flight *flight, const struct hr_control_request *asked, const struct hr_slot *slot)
{
	switch ((enum hr_rung)asked->rung) {
	case HR_RUNG_RECLAIM:
		flight->size = reclaim_size(asked, slot);
		break;
	case HR_RUNG_THROTTLE:
		flight->size = asked->size != HR_UNKNOWN ? asked->size : slot->memory.usage;
		flight->for_ms = asked->for_ms != HR_UNKNOWN ? asked->for_ms : THROTTLE_MS;
		break;
	case HR_RUNG_TERM:
		flight->signal = asked->signal ?: SIGTERM;
		flight->watch_ms = 0;
		break;
	default:
		flight->largest = asked->largest;
		flight->whole = !asked->largest;
		flight->watch_ms = WATCH_MS;
	}
}

int acting_by_hand(struct guard *guard, const struct hr_control_request *asked, uint32_t uid, int client,
		   char text[HR_CONTROL_TEXT])
{
	struct acting *acting = guard->acting;
	uint32_t slot = tracks_find(&guard->tracks, asked->cgroup_id);
	int status = judge(guard, asked, slot, text);
	static struct act_order order;
	const struct hr_slot *at;
	struct flight *flight;

	if (status)
		return status;
	at = board_slot(guard->board, slot);
	order = (struct act_order){
		.step = 1, .steps = 1, .kind = (enum hr_rung)asked->rung,
		.mode = acting->rules.set->mode == MODE_DRY_RUN ? MODE_DRY_RUN : MODE_ENFORCE,
		.target = {.slot = slot, .memcg_id = asked->cgroup_id, .leader_start_ns = HR_UNKNOWN},
		.evidence = evidence(guard, at), .decided_ns = clock_mono_ns(),
	};
	flight = flight_new(acting, &order);
	if (!flight)
		return refuse(text, 1, "too many rungs are under way");
	plan(flight, asked, at);
	flight->by_uid = uid;
	flight->client = client;
	acting->fresh = true;
	acting_settle(guard);
	return 0;
}
