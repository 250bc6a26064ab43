// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The ledger's events: `action` and `outcome`. What was seen, who was passed over and what came of it; decides nothing. */
#include <string.h>

#include "acting_state.h"
#include "base/clock.h"
#include "publish.h"

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

static void add_passed_over(struct guard *guard, struct board_text *text, struct hr_event_action *event,
			    const struct flight *flight)
{
	const struct act_order *order = &flight->order;

	event->passed_over_count = (uint8_t)order->passed_over_count;
	for (uint32_t i = 0; i < order->passed_over_count && i < HR_PASSED_OVER; i++) {
		struct hr_passed_over *to = &event->passed_over[i];
		uint32_t slot = order->passed_slot[i];
		const char *name = flight->passed_comm[i];
		bool path = false;

		*to = order->passed_over[i];
		if (slot < guard->tracks.capacity && guard->tracks.track[slot].memcg_id == to->cgroup_id)
			name = slot_name(board_slot(guard->board, slot), &path);
		to->name = board_text_add(text, name, path);
	}
}

static enum hr_severity severity(const struct flight *flight, const struct deed *deed)
{
	bool fatal = flight->order.kind == HR_RUNG_TERM || flight->order.kind == HR_RUNG_KILL ||
		     flight->order.kind == HR_RUNG_REFLEX;

	if (deed->deed == HR_DEED_DONE)
		return fatal ? HR_CRITICAL : flight->order.kind == HR_RUNG_THEN ? HR_INFO : HR_WARNING;
	return deed->deed == HR_DEED_SKIPPED ? HR_INFO : HR_WARNING;
}

/* Whom it is about: as it was known at the first rung, since the slot may be gone or another's by now. */
static void add_subject(struct guard *guard, struct board_text *text, struct hr_event *event,
			const struct dossier *dossier, const struct act_target *target)
{
	uint32_t slot;

	event->cgroup_id = target->slot == HR_UNKNOWN_U32 ? 0 : target->memcg_id;
	if (dossier) {
		board_text_identity(text, dossier, sizeof(*dossier), &dossier->id, &event->id);
	} else if (flight_slot(guard, target, &slot)) {
		const struct hr_slot *from = board_slot(guard->board, slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &event->id);
	}
}

uint64_t deed_post(struct guard *guard, const struct flight *flight, const struct deed *deed,
		   const struct dossier *dossier)
{
	static union notice_buffer buffer;	/* the loop's alone; too large for a stack in an emergency */
	const struct act_order *order = &flight->order;
	struct hr_event_action *event = (void *)&buffer;
	struct board_text text;
	uint32_t slot;

	if (deed->deed == HR_DEED_DONE && order->kind > HR_RUNG_NOTIFY && order->kind <= HR_RUNG_REFLEX &&
	    flight_slot(guard, &order->target, &slot))
		publish_acted(guard, slot);
	notice_begin(guard, &buffer, &text, HR_EVENT_ACTION, sizeof(*event), TRACK_NONE);
	add_subject(guard, &text, &event->event, dossier, &order->target);
	event->event.severity = (uint8_t)severity(flight, deed);
	event->policy = board_text_add(&text, flight->policy, false);
	event->rung = (uint8_t)order->kind;
	event->mode = (uint8_t)order->mode;
	event->deed = (uint8_t)deed->deed;
	event->whole = flight->whole;
	event->error = deed->error;
	event->signal = deed->signal;
	event->pid = deed->pid;
	event->processes = deed->processes;
	event->start_boottime_ns = deed->start_boottime_ns;
	event->emergency = dossier && dossier->first_seq ? dossier->first_seq
							 : board_header(guard->board)->last_seq + 1;
	memcpy(event->comm, deed->comm, sizeof(event->comm));
	event->by_uid = flight->by_uid;
	event->step = (uint8_t)order->step;
	event->steps = (uint8_t)order->steps;
	event->size = flight->size;
	event->until_ms = flight->for_ms;
	event->took_ns = deed->ended_ns > order->decided_ns ? deed->ended_ns - order->decided_ns : 0;
	event->freed = deed->freed;
	event->detail = board_text_add(&text, deed->detail, false);
	event->evidence = order->evidence;
	add_passed_over(guard, &text, event, flight);
	return notice_post(guard, &buffer, &text);
}

void outcome_post(struct guard *guard, const struct dossier *dossier)
{
	union notice_buffer buffer;
	struct hr_event_outcome *event = (void *)&buffer;
	const struct act_end *end = &dossier->end;
	struct board_text text;

	notice_begin(guard, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event), TRACK_NONE);
	add_subject(guard, &text, &event->event, dossier, &end->target);
	event->event.severity = end->averted == 0 ? HR_WARNING : HR_INFO;
	event->ref = dossier->last_seq;
	event->freed = end->freed;
	event->freed_after_ms = end->freed_after_ms;
	event->restarted_after_ms = dossier->restarted_ns
					    ? (dossier->restarted_ns - dossier->deed_ns) / NS_PER_MS
					    : HR_UNKNOWN;
	event->averted = end->averted;
	notice_post(guard, &buffer, &text);
}
