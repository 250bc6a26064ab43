// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The ledger's events: `action` and `outcome`. What was seen, who was passed over and what came of it; decides nothing. */
#include <string.h>

#include "policy_driver_state.h"
#include "base/clock.h"
#include "slot_lifecycle.h"

static const char *text_at(const void *base, struct hr_str s)
{
	return s.at ? (const char *)base + s.at : NULL;
}

/* What a person calls it. */
static const char *slot_name(const struct hr_slot *slot, bool *ret_path)
{
	const struct hr_str *const names[] = {&slot->id.name, &slot->id.container, &slot->id.unit,
					      &slot->id.container_id};

	*ret_path = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i]->at)
			return text_at(slot, *names[i]);
	*ret_path = true;
	return text_at(slot, slot->id.cgroup);
}

static void add_passed_over(struct daemon *daemon, struct board_text *text,
			    struct hr_event_action *event, const struct inflight *inflight)
{
	const struct action *action = &inflight->action;

	event->skipped_count = (uint8_t)action->skipped_count;
	for (uint32_t i = 0; i < action->skipped_count && i < HR_SKIPPED; i++) {
		struct hr_skipped *to = &event->skipped[i];
		uint32_t slot = action->skipped_slot[i];
		const char *name = inflight->skipped_comm[i];
		bool path = false;

		*to = action->skipped[i];
		if (slot < daemon->tracks.capacity &&
		    daemon->tracks.track[slot].memcg_id == to->cgroup_id)
			name = slot_name(board_slot(daemon->board, slot), &path);
		to->name = board_text_add(text, name, path);
	}
}

static enum hr_severity severity(const struct inflight *inflight,
				 const struct action_result *result)
{
	bool fatal = inflight->action.kind == HR_ACTION_TERM ||
		     inflight->action.kind == HR_ACTION_KILL ||
		     inflight->action.kind == HR_ACTION_REFLEX;

	if (result->status == HR_STATUS_DONE)
		return fatal                                        ? HR_CRITICAL
		       : inflight->action.kind == HR_ACTION_ON_EXIT ? HR_INFO
								    : HR_WARNING;
	return result->status == HR_STATUS_SKIPPED ? HR_INFO : HR_WARNING;
}

/* Whom it is about: as it was known at the first rung, since the slot may be gone or another's by now. */
static void add_subject(struct daemon *daemon, struct board_text *text, struct hr_event *event,
			const struct outcome *outcome, const struct action_target *target)
{
	uint32_t slot;

	event->cgroup_id = target->slot == HR_UNKNOWN_U32 ? 0 : target->memcg_id;
	if (outcome) {
		board_text_identity(text, outcome, sizeof(*outcome), &outcome->id, &event->id);
	} else if (inflight_slot(daemon, target, &slot)) {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &event->id);
	}
}

uint64_t action_post(struct daemon *daemon, const struct inflight *inflight,
		     const struct action_result *result, const struct outcome *outcome)
{
	static union notice_buffer
		buffer; /* the loop's alone; too large for a stack in an emergency */
	const struct action *action = &inflight->action;
	struct hr_event_action *event = (void *)&buffer;
	struct board_text text;
	uint32_t slot;

	if (result->status == HR_STATUS_DONE && action->kind > HR_ACTION_NOTIFY &&
	    action->kind <= HR_ACTION_REFLEX && inflight_slot(daemon, &action->target, &slot))
		publish_acted(daemon, slot);
	notice_begin(daemon, &buffer, &text, HR_EVENT_ACTION, sizeof(*event), TRACK_NONE);
	add_subject(daemon, &text, &event->event, outcome, &action->target);
	event->event.severity = (uint8_t)severity(inflight, result);
	event->policy = board_text_add(&text, inflight->policy, false);
	event->kind = (uint8_t)action->kind;
	event->mode = (uint8_t)action->mode;
	event->status = (uint8_t)result->status;
	event->whole = inflight->whole;
	event->error = result->error;
	event->signal = result->signal;
	event->pid = result->pid;
	event->processes = result->processes;
	event->start_boottime_ns = result->start_boottime_ns;
	event->escalation = outcome && outcome->first_seq
				    ? outcome->first_seq
				    : board_header(daemon->board)->last_seq + 1;
	memcpy(event->comm, result->comm, sizeof(event->comm));
	event->by_uid = inflight->by_uid;
	event->step = (uint8_t)action->step;
	event->steps = (uint8_t)action->steps;
	event->size = inflight->size;
	event->until_ms = inflight->for_ms;
	event->took_ns =
		result->ended_ns > action->decided_ns ? result->ended_ns - action->decided_ns : 0;
	event->freed = result->freed;
	event->detail = board_text_add(&text, result->detail, false);
	event->inputs = action->inputs;
	add_passed_over(daemon, &text, event, inflight);
	return notice_post(daemon, &buffer, &text);
}

void outcome_post(struct daemon *daemon, const struct outcome *outcome)
{
	union notice_buffer buffer;
	struct hr_event_outcome *event = (void *)&buffer;
	const struct escalation_end *end = &outcome->end;
	struct board_text text;

	notice_begin(daemon, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event), TRACK_NONE);
	add_subject(daemon, &text, &event->event, outcome, &end->target);
	event->event.severity = end->averted == 0 ? HR_WARNING : HR_INFO;
	event->ref = outcome->last_seq;
	event->freed = end->freed;
	event->freed_after_ms = end->freed_after_ms;
	event->restarted_after_ms =
		outcome->restarted_ns ? (outcome->restarted_ns - outcome->action_ns) / NS_PER_MS
				      : HR_UNKNOWN;
	event->averted = end->averted;
	notice_post(daemon, &buffer, &text);
}
