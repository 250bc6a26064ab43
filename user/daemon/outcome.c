// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Escalations from their first action to their `outcome` event: see outcome.h. The engine judges how they ended. */
#include <string.h>

#include "policy_driver_state.h"
#include "base/clock.h"

#define RESTART_NS (30 * NS_PER_SEC) /* a restart within this time is part of the outcome */

/* A free place; else the emitted one that was untouched for longest; else any: its outcome is then lost, and counted. */
static struct pending_outcome *place(struct policy_driver *policy_driver)
{
	struct pending_outcome *oldest = NULL;

	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct pending_outcome *here = &policy_driver->outcome[i];

		if (!here->escalation)
			return here;
		if (!oldest || here->emitted > oldest->emitted ||
		    (here->emitted == oldest->emitted && here->touched_ns < oldest->touched_ns))
			oldest = here;
	}
	return oldest;
}

static struct pending_outcome *find(struct policy_driver *policy_driver, uint32_t escalation)
{
	for (size_t i = 0; i < OUTCOMES_MAX; i++)
		if (policy_driver->outcome[i].escalation == escalation)
			return &policy_driver->outcome[i];
	return NULL;
}

static void copy_identity(struct daemon *daemon, struct pending_outcome *pending,
			  const struct action_target *target)
{
	struct board_text text;
	uint32_t slot;

	board_text_init(&text, pending, offsetof(struct pending_outcome, text), sizeof(*pending));
	if (action_slot(daemon, target, &slot)) {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		board_text_identity(&text, from, sizeof(*from), &from->id, &pending->id);
		/* Other cgroups are not restarted. */
		if (from->id.kind == HR_KIND_CONTAINER || from->id.kind == HR_KIND_UNIT)
			pending->workload = from->id.workload;
		pending->cut = text.cut || (from->flags & HR_SLOT_CUT);
	}
}

void outcome_add_subject(struct daemon *daemon, struct board_text *text, struct hr_event *event,
			 const struct pending_outcome *pending, const struct action_target *target)
{
	uint32_t slot;

	event->cgroup_id = target->slot == HR_UNKNOWN_U32 ? 0 : target->memcg_id;
	if (pending) {
		board_text_identity(text, pending, sizeof(*pending), &pending->id, &event->id);
	} else if (action_slot(daemon, target, &slot)) {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &event->id);
	}
}

static void post(struct daemon *daemon, struct pending_outcome *pending)
{
	union notice_buffer buffer;
	struct hr_event_outcome *event = (void *)&buffer;
	const struct outcome *outcome = &pending->outcome;
	struct board_text text;

	notice_begin(daemon, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event), TRACK_NONE);
	outcome_add_subject(daemon, &text, &event->event, pending, &outcome->target);
	event->event.severity = outcome->averted == 0 ? HR_WARNING : HR_INFO;
	event->ref = pending->last_seq;
	event->freed = outcome->freed;
	event->freed_after_ms = outcome->freed_after_ms;
	event->restarted_after_ms =
		pending->restarted_ns ? (pending->restarted_ns - pending->action_ns) / NS_PER_MS
				      : HR_UNKNOWN;
	event->averted = outcome->averted;
	notice_post(daemon, &buffer, &text);
}

struct pending_outcome *outcome_of(struct daemon *daemon, uint32_t escalation,
				   const struct action_target *target)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct pending_outcome *pending = escalation ? find(policy_driver, escalation) : NULL;

	if (!escalation)
		return NULL;
	if (!pending) {
		pending = place(policy_driver);
		if (pending->escalation && pending->ended && !pending->emitted)
			post(daemon, pending);
		else if (pending->escalation && !pending->emitted)
			policy_driver->lost_outcomes++;
		memset(pending, 0, sizeof(*pending));
		pending->escalation = escalation;
		pending->cgroup_id = target->memcg_id;
		copy_identity(daemon, pending, target);
	}
	pending->touched_ns = clock_mono_ns();
	return pending;
}

static void emit(struct daemon *daemon, struct pending_outcome *pending)
{
	pending->emitted = true;
	if (pending->last_seq) /* notices alone have changed nothing that could be judged */
		post(daemon, pending);
}

static void settle(struct daemon *daemon, struct pending_outcome *pending)
{
	if (pending->throttled)
		enforce_lift(daemon->policy_driver->enforce, pending->outcome.target.memcg_id);
	/* Posted once nothing is in flight; a restart is awaited where processes were ended and the workload is known. */
	if (!pending->in_flight && (!pending->fatal || !pending->workload || pending->restarted_ns))
		emit(daemon, pending);
}

/* The engine may close an escalation (taken over, or its target is gone) before the result of its last action is here. */
void outcome_on_result(struct daemon *daemon, struct pending_outcome *pending)
{
	pending->in_flight -= pending->in_flight > 0;
	if (pending->ended && !pending->emitted)
		settle(daemon, pending);
}

void outcome_on_end(const struct outcome *outcome, void *arg)
{
	struct daemon *daemon = arg;
	struct pending_outcome *pending = find(daemon->policy_driver, outcome->escalation);

	if (!pending || pending->ended)
		return;
	pending->ended = true;
	pending->outcome = *outcome;
	pending->touched_ns = clock_mono_ns();
	settle(daemon, pending);
}

void outcome_settle(struct daemon *daemon, uint64_t now_ns)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct pending_outcome *pending = &policy_driver->outcome[i];

		if (pending->escalation && pending->ended && !pending->emitted &&
		    !pending->in_flight && now_ns - pending->action_ns > RESTART_NS)
			emit(daemon, pending);
	}
}

void policy_driver_restarted(struct daemon *daemon, uint32_t slot, uint64_t workload)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; policy_driver && i < OUTCOMES_MAX; i++) {
		struct pending_outcome *pending = &policy_driver->outcome[i];

		if (!pending->escalation || pending->emitted || !pending->fatal ||
		    pending->restarted_ns || pending->workload != workload ||
		    pending->cgroup_id == daemon->tracks.track[slot].memcg_id)
			continue;
		pending->restarted_ns = now;
		if (pending->ended && !pending->in_flight)
			emit(daemon, pending);
	}
}
