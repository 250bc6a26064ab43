// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "oom_exits.h"

#include "base/clock.h"
#include "events.h"

void oom_exits_expect(struct oom_exits *exits, const struct pending_oom *pending,
		      const struct record_task *victim)
{
	struct oom_exit *place = exits->exit;

	if (!victim->pid || !victim->start_boottime_ns)
		return;
	/* A free place, or the one of the oldest kill. */
	for (size_t i = 1; i < OOM_EXITS_MAX && place->tag; i++)
		if (!exits->exit[i].tag || exits->exit[i].killed_ns < place->killed_ns)
			place = &exits->exit[i];
	*place = (struct oom_exit){
		.tag = pending->tag,
		.killed_ns = pending->record.r.time_ns,
		.start_boottime_ns = victim->start_boottime_ns,
		.bytes = known_or_0(victim->anon) + known_or_0(victim->file) +
			 known_or_0(victim->shmem),
		.memcg_id = victim->memcg_id,
		.pid = victim->pid,
	};
}

static void post_outcome(struct containers *containers, const struct oom_exit *last)
{
	struct board *board = containers->board;
	const struct track *subject = containers_subject(containers, last->memcg_id);
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_outcome *event = (void *)&buffer;

	events_begin(board, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event),
		     subject ? subject->slot : TRACK_NONE);
	event->ref = last->ref;
	event->freed = last->bytes;
	event->freed_after_ms = last->exited_ns > last->killed_ns
					? (last->exited_ns - last->killed_ns) / NS_PER_MS
					: 0;
	event->restarted_after_ms = HR_UNKNOWN;
	event->averted = HR_UNKNOWN_U32;
	events_post(board, &buffer, &text);
}

/* One has exited, or the event of one that has was posted: the last one of the event brings the outcome. */
static void settle(struct oom_exits *exits, struct containers *containers, struct oom_exit *exited)
{
	for (size_t i = 0; i < OOM_EXITS_MAX; i++) {
		struct oom_exit *other = &exits->exit[i];

		if (other == exited || other->tag != exited->tag)
			continue;
		other->bytes += exited->bytes;
		if (other->exited_ns && other->exited_ns < exited->exited_ns)
			other->exited_ns = exited->exited_ns;
		exited->tag = 0;
		return;
	}
	if (!exited->ref)
		return;
	post_outcome(containers, exited);
	exited->tag = 0;
}

void oom_exits_posted(struct oom_exits *exits, struct containers *containers, uint64_t tag,
		      uint64_t seq)
{
	for (size_t i = 0; i < OOM_EXITS_MAX; i++)
		if (exits->exit[i].tag == tag)
			exits->exit[i].ref = seq;
	for (size_t i = 0; i < OOM_EXITS_MAX; i++)
		if (exits->exit[i].tag == tag && exits->exit[i].exited_ns)
			settle(exits, containers, &exits->exit[i]);
}

void oom_exits_on_exit(struct oom_exits *exits, struct containers *containers,
		       const struct record_process *record)
{
	for (size_t i = 0; i < OOM_EXITS_MAX; i++) {
		struct oom_exit *at = &exits->exit[i];

		if (!at->tag || at->pid != record->pid ||
		    at->start_boottime_ns != record->start_boottime_ns)
			continue;
		at->exited_ns = record->r.time_ns;
		settle(exits, containers, at);
	}
}
