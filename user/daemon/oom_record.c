// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Fills an `oom_kill` event: trigger, victim, limit, and the minutes before. */
#include "oom_record.h"

#include <string.h>

#include "base/clock.h"
#include "events.h"

#define FINE_OF_HISTORY 16 /* of HR_OOM_HISTORY; the rest is coarse */

static void fill_process(struct containers *containers, struct board_text *text,
			 struct hr_oom_process *process, const struct record_task *task,
			 const struct resolve_answer *answer)
{
	const struct track *subject = containers_subject(containers, task->memcg_id);

	*process = (struct hr_oom_process){
		.pid = task->pid,
		.tid = task->tid,
		.uid = task->uid,
		.oom_score_adj = task->oom_score_adj,
		.start_boottime_ns = task->start_boottime_ns,
		.cgroup_id = task->memcg_id,
		.anon = task->anon,
		.file = task->file,
		.shmem = task->shmem,
		.swap = task->swap,
		.pgtables = task->pgtables,
		.started_ns = HR_UNKNOWN,
	};
	memcpy(process->comm, task->comm, sizeof(process->comm));
	if (task->start_boottime_ns && task->start_boottime_ns < clock_boot_ns())
		process->started_ns =
			board_stamp_boot_ns(containers->board, task->start_boottime_ns);
	if (subject) {
		const struct hr_slot *from = board_slot(containers->board, subject->slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &process->id);
	} else if (answer) {
		board_text_identity(text, answer, sizeof(*answer), &answer->id, &process->id);
	}
	if (answer && answer->cmdline.at && answer->cmdline.at < sizeof(*answer))
		process->cmdline =
			board_text_add(text, (const char *)answer + answer->cmdline.at, false);
}

static void fill_limit(struct containers *containers, struct board_text *text,
		       struct hr_event_oom_kill *event, const struct record_oom *record,
		       const struct track *subject)
{
	const struct track *owner = tracks_get(&containers->tracks, record->limit_memcg_id);
	uint64_t subject_id = subject ? subject->memcg_id : record->victim.memcg_id;

	event->limit_cgroup_id = record->limit_memcg_id;
	event->limit_usage = record->limit_usage;
	event->limit_max = record->limit_max;
	if (!record->limit_memcg_id && record->constraint == RECORD_CONSTRAINT_UNKNOWN) {
		event->level = HR_LEVEL_COUNT; /* unknown */
		return;
	}
	if (!record->limit_memcg_id) {
		event->level = HR_LEVEL_HOST;
		event->limit_cgroup = board_text_add(text, "/", false);
		return;
	}
	/* A limit below the container (of a nested cgroup) counts as its own, too. Where no cgroup of the kill is known yet, the ids
	 * decide: the owner of the limit is the victim's cgroup or one above it. */
	event->level =
		record->limit_memcg_id == subject_id ||
				record->limit_memcg_id == record->victim.memcg_id ||
				(subject &&
				 containers_subject(containers, record->limit_memcg_id) == subject)
			? HR_LEVEL_OWN
			: HR_LEVEL_ANCESTOR;
	if (owner) {
		const struct hr_slot *from = board_slot(containers->board, owner->slot);

		if (from->id.cgroup.at)
			event->limit_cgroup =
				board_text_add(text, (const char *)from + from->id.cgroup.at, true);
	}
}

static uint32_t least(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many points there were at the moment: those sampled while the names were waited for are not "before". */
static uint32_t count_before(const struct hr_point *ring, uint32_t size, uint32_t count,
			     uint32_t moment_centis)
{
	uint32_t last = count;

	while (last && count - last < size && ring[(last - 1) % size].t_centis > moment_centis)
		last--;
	return last;
}

/* The coarse points that are older than the fine ones, then the fine ones, then the moment itself. */
static void fill_history(struct containers *containers, struct hr_event_oom_kill *event,
			 const struct hr_history *history, uint64_t mono_ns, bool moment)
{
	uint32_t moment_centis = containers_centis(containers, mono_ns);
	uint32_t last_fine =
		count_before(history->fine, HR_FINE, history->fine_count, moment_centis);
	uint32_t last_coarse =
		count_before(history->coarse, HR_COARSE, history->coarse_count, moment_centis);
	uint32_t fine =
		least(last_fine, HR_FINE - (history->fine_count - last_fine), FINE_OF_HISTORY);
	uint32_t coarse =
		least(last_coarse, HR_COARSE - (history->coarse_count - last_coarse), HR_COARSE);
	uint32_t space = HR_OOM_HISTORY - fine - 1, n = 0, first = UINT32_MAX;

	event->created_ns = board_header(containers->board)->created_ns;
	if (fine)
		first = history->fine[(last_fine - fine) % HR_FINE].t_centis;
	for (uint32_t i = coarse > space ? coarse - space : 0; i < coarse; i++) {
		const struct hr_point *point =
			&history->coarse[(last_coarse - coarse + i) % HR_COARSE];

		if (point->t_centis < first)
			event->history[n++] = *point;
	}
	for (uint32_t i = 0; i < fine; i++)
		event->history[n++] = history->fine[(last_fine - fine + i) % HR_FINE];
	if (moment)
		event->history[n++] = (struct hr_point){
			.t_centis = moment_centis,
			.usage_kib = (uint32_t)(event->limit_usage >> 10),
			.unreclaimable_kib = HR_UNKNOWN_U32,
			.headroom_kib = 0,
		};
	event->history_count = (uint8_t)n;
}

static uint64_t ms_before(uint64_t at_ns, uint64_t moment_ns)
{
	return at_ns && at_ns <= moment_ns ? (moment_ns - at_ns) / NS_PER_MS : HR_UNKNOWN;
}

static void fill_reflex(struct hr_event_oom_kill *event, const struct oom_reflex *reflex,
			uint64_t moment_ns)
{
	event->reflex = reflex->what;
	event->armed_before_ms = ms_before(reflex->armed_ns, moment_ns);
	event->reflex_before_ms = ms_before(reflex->shot_ns, moment_ns);
	event->reflex_pid = reflex->pid;
	/* Armed a moment too late, or a kill after the kernel's. */
	if (reflex->what == HR_REFLEX_ARMED && event->armed_before_ms == HR_UNKNOWN)
		event->reflex = HR_REFLEX_NOT_ARMED;
	if (reflex->shot_ns && event->reflex_before_ms == HR_UNKNOWN) {
		event->reflex = HR_REFLEX_ARMED;
		event->reflex_pid = 0;
	}
}

static uint8_t flags_of(const struct pending_oom *pending)
{
	uint32_t flags = pending->record.flags;
	bool group = flags & (RECORD_OOM_GROUP | RECORD_OOM_WHOLE);

	return (uint8_t)((group ? HR_OOM_GROUP : 0) |
			 (flags & RECORD_OOM_INFERRED ? HR_OOM_INFERRED : 0) |
			 (pending->counted ? HR_OOM_COUNTED : 0) |
			 (pending->parent_warned ? HR_OOM_PARENT_WARNED : 0));
}

uint64_t oom_record_post(struct containers *containers, const struct pending_oom *pending)
{
	const struct record_oom *record = &pending->record;
	const struct track *subject = containers_subject(containers, record->victim.memcg_id);
	const struct resolve_answer *victim =
		pending->has_victim_id ? &pending->victim_answer : NULL;
	const struct resolve_answer *trigger = pending->has_trigger_id ? &pending->trigger_answer
					       : record->trigger.pid == record->victim.pid ? victim
											   : NULL;
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_oom_kill *event = (void *)&buffer;

	events_begin(containers->board, &buffer, &text, HR_EVENT_OOM_KILL, sizeof(*event),
		     subject ? subject->slot : TRACK_NONE);
	event->event.severity = HR_CRITICAL;
	event->event.time_ns = pending->wall_ns;
	if (!subject) {
		event->event.cgroup_id = record->victim.memcg_id;
		if (victim)
			board_text_identity(&text, victim, sizeof(*victim), &victim->id,
					    &event->event.id);
	}
	fill_process(containers, &text, &event->victim, &record->victim, victim);
	fill_process(containers, &text, &event->trigger, &record->trigger, trigger);
	fill_limit(containers, &text, event, record, subject);
	event->constraint = (uint8_t)record->constraint;
	event->gfp = record->gfp;
	event->order = record->order;
	event->flags = flags_of(pending);
	event->risk_centi = pending->risk_centi;
	event->oom_in_p50_ms = pending->oom_in_p50_ms;
	event->warned_before_ms = pending->warned_before_ms;
	fill_reflex(event, &pending->reflex, record->r.time_ns);
	event->policy = board_text_add(&text, pending->policy, false);
	event->not_acted = pending->not_acted;
	event->more = pending->more;
	if (subject)
		fill_history(containers, event,
			     &board_slot(containers->board, subject->slot)->history,
			     record->r.time_ns,
			     record->limit_memcg_id == subject->memcg_id &&
				     record->limit_usage != RECORD_UNKNOWN);
	return events_post(containers->board, &buffer, &text);
}
