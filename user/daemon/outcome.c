// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Escalations from their first action to their `outcome` event: see outcome.h. The engine judges how they ended. */
#include "outcome.h"

#include <string.h>

#include "base/clock.h"
#include "events.h"

#define RESTART_NS (30 * NS_PER_SEC) /* a restart within this time is part of the outcome */

/* A free place; else the emitted one that was untouched for longest; else any: its outcome is then lost, and counted. */
static struct pending_outcome *place(struct outcomes *outcomes)
{
	struct pending_outcome *oldest = NULL;

	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct pending_outcome *here = &outcomes->outcome[i];

		if (!here->escalation)
			return here;
		if (!oldest || here->emitted > oldest->emitted ||
		    (here->emitted == oldest->emitted && here->touched_ns < oldest->touched_ns))
			oldest = here;
	}
	return oldest;
}

static struct pending_outcome *find(struct outcomes *outcomes, uint32_t escalation)
{
	for (size_t i = 0; i < OUTCOMES_MAX; i++)
		if (outcomes->outcome[i].escalation == escalation)
			return &outcomes->outcome[i];
	return NULL;
}

static void copy_identity(const struct containers *containers, struct pending_outcome *pending,
			  const struct action_target *target)
{
	const struct track *track = containers_at(containers, target->slot, target->memcg_id);
	struct board_text text;

	board_text_init(&text, pending, offsetof(struct pending_outcome, text), sizeof(*pending));
	if (track) {
		const struct hr_slot *from = board_slot(containers->board, track->slot);

		board_text_identity(&text, from, sizeof(*from), &from->id, &pending->id);
		/* Other cgroups are not restarted. */
		if (from->id.kind == HR_KIND_CONTAINER || from->id.kind == HR_KIND_UNIT)
			pending->workload = from->id.workload;
		pending->cut = text.cut || (from->flags & HR_SLOT_CUT);
	}
}

void outcome_add_subject(const struct containers *containers, struct board_text *text,
			 struct hr_event *event, const struct pending_outcome *pending,
			 const struct action_target *target)
{
	const struct track *track = containers_at(containers, target->slot, target->memcg_id);

	event->cgroup_id = target->slot == HR_UNKNOWN_U32 ? 0 : target->memcg_id;
	if (pending) {
		board_text_identity(text, pending, sizeof(*pending), &pending->id, &event->id);
	} else if (track) {
		const struct hr_slot *from = board_slot(containers->board, track->slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &event->id);
	}
}

static void post(const struct containers *containers, const struct pending_outcome *pending)
{
	union event_buffer buffer;
	struct hr_event_outcome *event = (void *)&buffer;
	const struct outcome *outcome = &pending->outcome;
	struct board_text text;

	events_begin(containers->board, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event),
		     TRACK_NONE);
	outcome_add_subject(containers, &text, &event->event, pending, &outcome->target);
	event->event.severity = outcome->averted == 0 ? HR_WARNING : HR_INFO;
	event->ref = pending->last_seq;
	event->freed = outcome->freed;
	event->freed_after_ms = outcome->freed_after_ms;
	event->restarted_after_ms =
		pending->restarted_ns ? (pending->restarted_ns - pending->action_ns) / NS_PER_MS
				      : HR_UNKNOWN;
	event->averted = outcome->averted;
	events_post(containers->board, &buffer, &text);
}

struct pending_outcome *outcome_of(struct outcomes *outcomes, uint32_t escalation,
				   const struct action_target *target)
{
	struct pending_outcome *pending = escalation ? find(outcomes, escalation) : NULL;

	if (!escalation)
		return NULL;
	if (!pending) {
		pending = place(outcomes);
		if (pending->escalation && pending->ended && !pending->emitted)
			post(outcomes->containers, pending);
		else if (pending->escalation && !pending->emitted)
			outcomes->lost++;
		memset(pending, 0, sizeof(*pending));
		pending->escalation = escalation;
		pending->cgroup_id = target->memcg_id;
		copy_identity(outcomes->containers, pending, target);
	}
	pending->touched_ns = clock_mono_ns();
	return pending;
}

static void emit(struct outcomes *outcomes, struct pending_outcome *pending)
{
	pending->emitted = true;
	if (pending->last_seq) /* notices alone have changed nothing that could be judged */
		post(outcomes->containers, pending);
}

static void settle(struct outcomes *outcomes, struct pending_outcome *pending)
{
	if (pending->throttled)
		enforce_lift(outcomes->enforce, pending->outcome.target.memcg_id);
	/* Posted once nothing is in flight; a restart is awaited where processes were ended and the workload is known. */
	if (!pending->in_flight && (!pending->fatal || !pending->workload || pending->restarted_ns))
		emit(outcomes, pending);
}

/* The engine may close an escalation (taken over, or its target is gone) before the result of its last action is here. */
void outcome_on_result(struct outcomes *outcomes, struct pending_outcome *pending)
{
	pending->in_flight -= pending->in_flight > 0;
	if (pending->ended && !pending->emitted)
		settle(outcomes, pending);
}

void outcome_on_end(struct outcomes *outcomes, const struct outcome *outcome)
{
	struct pending_outcome *pending = find(outcomes, outcome->escalation);

	if (!pending || pending->ended)
		return;
	pending->ended = true;
	pending->outcome = *outcome;
	pending->touched_ns = clock_mono_ns();
	settle(outcomes, pending);
}

void outcome_settle(struct outcomes *outcomes, uint64_t now_ns)
{
	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct pending_outcome *pending = &outcomes->outcome[i];

		if (pending->escalation && pending->ended && !pending->emitted &&
		    !pending->in_flight && now_ns - pending->action_ns > RESTART_NS)
			emit(outcomes, pending);
	}
}

void outcome_restarted(struct outcomes *outcomes, uint64_t memcg_id, uint64_t workload)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < OUTCOMES_MAX; i++) {
		struct pending_outcome *pending = &outcomes->outcome[i];

		if (!pending->escalation || pending->emitted || !pending->fatal ||
		    pending->restarted_ns || pending->workload != workload ||
		    pending->cgroup_id == memcg_id)
			continue;
		pending->restarted_ns = now;
		if (pending->ended && !pending->in_flight)
			emit(outcomes, pending);
	}
}
