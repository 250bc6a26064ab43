// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is remembered of each emergency from its first action to its `outcome`: who it was, the events' numbers, and
 * whether the workload came back. Judges nothing: act says how it ended.
 */
#include <string.h>

#include "policy_driver_state.h"
#include "base/clock.h"

#define RESTART_NS (30 * NS_PER_SEC) /* a restart within this is told with the outcome */

/* A free one; else the told one that was untouched for longest; else any: what was not told then never is, and is counted. */
static struct outcome *place(struct policy_driver *policy_driver)
{
	struct outcome *oldest = NULL;

	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct outcome *here = &policy_driver->outcome[i];

		if (!here->escalation)
			return here;
		if (!oldest || here->emitted > oldest->emitted ||
		    (here->emitted == oldest->emitted && here->touched_ns < oldest->touched_ns))
			oldest = here;
	}
	return oldest;
}

static struct outcome *find(struct policy_driver *policy_driver, uint32_t escalation)
{
	for (size_t i = 0; i < OUTCOMES_MAX; i++)
		if (policy_driver->outcome[i].escalation == escalation)
			return &policy_driver->outcome[i];
	return NULL;
}

static void copy_identity(struct daemon *daemon, struct outcome *outcome,
			  const struct action_target *target)
{
	struct board_text text;
	uint32_t slot;

	board_text_init(&text, outcome, offsetof(struct outcome, text), sizeof(*outcome));
	if (inflight_slot(daemon, target, &slot)) {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		board_text_identity(&text, from, sizeof(*from), &from->id, &outcome->id);
		/* Of any other group nobody would say that it was restarted. */
		if (from->id.kind == HR_KIND_CONTAINER || from->id.kind == HR_KIND_UNIT)
			outcome->workload = from->id.workload;
		outcome->cut = text.cut || (from->flags & HR_SLOT_CUT);
	}
}

struct outcome *outcome_of(struct daemon *daemon, uint32_t escalation,
			   const struct action_target *target)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct outcome *outcome = escalation ? find(policy_driver, escalation) : NULL;

	if (!escalation)
		return NULL;
	if (!outcome) {
		outcome = place(policy_driver);
		if (outcome->escalation && outcome->ended && !outcome->emitted)
			outcome_post(daemon, outcome);
		else if (outcome->escalation && !outcome->emitted)
			policy_driver->lost_outcomes++;
		memset(outcome, 0, sizeof(*outcome));
		outcome->escalation = escalation;
		outcome->cgroup_id = target->memcg_id;
		copy_identity(daemon, outcome, target);
	}
	outcome->touched_ns = clock_mono_ns();
	return outcome;
}

static void describe(struct daemon *daemon, struct outcome *outcome)
{
	outcome->emitted = true;
	if (outcome->last_seq) /* a ladder that only notified has brought nothing that could be judged */
		outcome_post(daemon, outcome);
}

static void settle(struct daemon *daemon, struct outcome *outcome)
{
	if (outcome->throttled)
		enforce_lift(daemon->policy_driver->enforce, outcome->end.target.memcg_id);
	/* Told when nothing is on its way any more; at once where nobody was ended, or nobody would know him again. */
	if (!outcome->out && (!outcome->fatal || !outcome->workload || outcome->restarted_ns))
		describe(daemon, outcome);
}

/* Act may close an emergency, a taken-over one or one whose target has gone, before the last rung's answer is here. */
void outcome_on_answer(struct daemon *daemon, struct outcome *outcome)
{
	outcome->out -= outcome->out > 0;
	if (outcome->ended && !outcome->emitted)
		settle(daemon, outcome);
}

void outcome_on_end(struct daemon *daemon, const struct escalation_end *end)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct outcome *outcome = find(policy_driver, end->escalation);

	if (!outcome || outcome->ended)
		return;
	outcome->ended = true;
	outcome->end = *end;
	outcome->touched_ns = clock_mono_ns();
	settle(daemon, outcome);
}

void outcome_settle(struct daemon *daemon, uint64_t now_ns)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct outcome *outcome = &policy_driver->outcome[i];

		if (outcome->escalation && outcome->ended && !outcome->emitted && !outcome->out &&
		    now_ns - outcome->action_ns > RESTART_NS)
			describe(daemon, outcome);
	}
}

void policy_driver_restarted(struct daemon *daemon, uint32_t slot, uint64_t workload)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; policy_driver && i < OUTCOMES_MAX; i++) {
		struct outcome *outcome = &policy_driver->outcome[i];

		if (!outcome->escalation || outcome->emitted || !outcome->fatal ||
		    outcome->restarted_ns || outcome->workload != workload ||
		    outcome->cgroup_id == daemon->tracks.track[slot].memcg_id)
			continue;
		outcome->restarted_ns = now;
		if (outcome->ended && !outcome->out)
			describe(daemon, outcome);
	}
}
