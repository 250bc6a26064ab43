// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Counts OOM kills, pairs them with their answers and exits. Never parses text: the resolver's text is copied. */
#include "oom_events.h"

#include <string.h>

#include "base/clock.h"
#include "events.h"

#define NAMES_WAIT_NS \
	(700 * NS_PER_MS) /* for command lines and names; an event is due within a second */
#define COUNTER_WAIT_NS \
	(1500 * NS_PER_MS)       /* a counter ahead of its record: the record may be on its way */
#define TRIGGER_BIT (1ULL << 63) /* in a tag: this is about the trigger */

static struct pending_oom *pending_new(struct oom_events *oom)
{
	struct pending_oom *oldest = NULL;

	for (size_t i = 0; i < OOM_PENDING_MAX; i++) {
		struct pending_oom *pending = &oom->pending[i];

		if (!pending->tag)
			return pending;
		if (!oldest || pending->tag < oldest->tag)
			oldest = pending;
	}
	oldest->deadline_ns = 0; /* many kills at once: the oldest is posted as it is */
	oom_events_settle(oom, 1);
	return oldest;
}

static void remember_forecast(struct containers *containers, struct pending_oom *pending,
			      const struct track *subject)
{
	const struct hr_forecast *forecast;

	pending->risk_centi = UINT16_MAX;
	pending->oom_in_p50_ms = pending->warned_before_ms = HR_UNKNOWN;
	if (!subject)
		return;
	forecast = &board_slot(containers->board, subject->slot)->forecast;
	pending->risk_centi = forecast->risk_centi;
	pending->oom_in_p50_ms = forecast->oom_in_p50_ms;
	if (subject->warned_ns && subject->warned_ns < pending->record.r.time_ns)
		pending->warned_before_ms =
			(pending->record.r.time_ns - subject->warned_ns) / NS_PER_MS;
}

/* Did the host run out of memory, and not a limit? */
static bool of_the_host(const struct record_oom *record)
{
	return !record->limit_memcg_id && record->constraint < HR_CONSTRAINT_MEMCG;
}

/* Judges the forecasts of the victim's cgroup, of the one that has the limit, and of all between. */
static void judge_forecasts(struct containers *containers, const struct record_oom *record,
			    const struct track *subject)
{
	struct track *track = tracks_get(&containers->tracks, record->victim.memcg_id);
	bool host = of_the_host(record);
	bool met_limit = !host && !record->limit_memcg_id, met_subject = false;

	if (record->flags & RECORD_OOM_GROUP)
		return; /* the victim chosen first was judged */
	for (int n = 0; track && n < RECORD_LEVELS && !(met_limit && met_subject); n++) {
		met_limit |= track->memcg_id == record->limit_memcg_id;
		met_subject |= track == subject;
		score_failed(&track->score, record->r.time_ns, SCORE_OOM_KILL, track == subject,
			     &containers->score);
		track = tracks_get(&containers->tracks, track->parent_id);
	}
	if (host)
		score_failed(&containers->host_score, record->r.time_ns, SCORE_OOM_KILL, !subject,
			     &containers->score);
}

static struct pending_oom *pending_begin(struct oom_events *oom, const struct record_oom *record)
{
	struct track *subject = containers_subject(oom->containers, record->victim.memcg_id);
	uint64_t now = clock_mono_ns(), age = now - record->r.time_ns;
	struct pending_oom *pending = pending_new(oom);

	/* The answers are big, and flags say whether they are filled: only what is read first is cleared. */
	pending->record = *record;
	pending->tag = ++oom->next_tag;
	pending->wall_ns = clock_wall_ns() - (age < 60 * NS_PER_SEC ? age : 0);
	pending->deadline_ns = now + NAMES_WAIT_NS;
	pending->wait_victim = pending->wait_trigger = pending->counted = false;
	pending->has_victim_id = pending->has_trigger_id = false;
	pending->exited_ns = 0;
	remember_forecast(oom->containers, pending, subject);
	judge_forecasts(oom->containers, record, subject);
	return pending;
}

/* The first further member of a group shows that the kernel will count the victim chosen before it twice. */
static void note_group(struct oom_events *oom, const struct record_oom *record)
{
	struct track *chosen;

	if (!(record->flags & RECORD_OOM_GROUP)) {
		oom->chosen_memcg_id = record->victim.memcg_id;
		oom->chosen_by = record->trigger.tid;
		return;
	}
	chosen = tracks_get(&oom->containers->tracks, oom->chosen_memcg_id);
	if (chosen && oom->chosen_by == record->trigger.tid)
		chosen->kills_doubled++;
	oom->chosen_memcg_id = 0;
}

/* The victim's container, and the one that has the limit, or the host. */
static void notify(struct oom_events *oom, const struct record_oom *record)
{
	const struct track *victim = containers_subject(oom->containers, record->victim.memcg_id);
	const struct track *limit = tracks_get(&oom->containers->tracks, record->limit_memcg_id);

	if (of_the_host(record))
		oom->oom_kill(NULL, oom->arg);
	if (victim)
		oom->oom_kill(victim, oom->arg);
	if (limit && limit != victim)
		oom->oom_kill(limit, oom->arg);
}

/* In scope, or by a process or a limit that is. */
static bool in_scope(const struct containers *containers, const struct record_oom *record)
{
	const struct tracks *tracks = &containers->tracks;

	return !*containers->scope || tracks_find(tracks, record->victim.memcg_id) != TRACK_NONE ||
	       tracks_find(tracks, record->trigger.memcg_id) != TRACK_NONE ||
	       tracks_find(tracks, record->limit_memcg_id) != TRACK_NONE;
}

static bool ask_process(struct oom_events *oom, uint64_t tag, const struct record_task *task)
{
	struct containers *containers = oom->containers;
	const struct track *track = tracks_get(&containers->tracks, task->memcg_id);

	return resolver_ask_process(
		containers->resolver, tag, task,
		track ? slot_whole_path(board_slot(containers->board, track->slot)) : "");
}

void oom_events_on_record(struct oom_events *oom, const struct record_oom *record)
{
	struct track *track = tracks_get(&oom->containers->tracks, record->victim.memcg_id);
	struct pending_oom *pending;

	if (!in_scope(oom->containers, record))
		return;
	pending = pending_begin(oom, record);
	note_group(oom, record);
	if (track) {
		track->kills_recorded++;
		track->kills_emitted++;
		containers_count_kills(oom->containers, track);
		containers_ask(oom->containers, track);
	}
	notify(oom, record);
	pending->wait_victim = ask_process(oom, pending->tag, &record->victim);
	if (record->trigger.pid != record->victim.pid)
		pending->wait_trigger =
			ask_process(oom, pending->tag | TRIGGER_BIT, &record->trigger);
}

void oom_events_on_answer(struct oom_events *oom, const struct resolve_answer *answer)
{
	for (size_t i = 0; i < OOM_PENDING_MAX; i++) {
		struct pending_oom *pending = &oom->pending[i];

		if (!pending->tag || pending->tag != (answer->tag & ~TRIGGER_BIT))
			continue;
		if (answer->tag & TRIGGER_BIT) {
			pending->trigger_answer = *answer;
			pending->has_trigger_id = true;
			pending->wait_trigger = false;
		} else {
			pending->victim_answer = *answer;
			pending->has_victim_id = true;
			pending->wait_victim = false;
		}
		return;
	}
}

/* Of the kernel's log there are only paths. */
static const struct track *track_of_path(const struct containers *containers,
					 const struct resolve_answer *answer, struct hr_str str)
{
	const char *path =
		str.at && str.at < sizeof(*answer) ? (const char *)answer + str.at : NULL;

	for (uint32_t slot = 0; path && slot < containers->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(containers->board, slot);

		if (containers->tracks.track[slot].memcg_id && seen->id.cgroup.at &&
		    !strcmp((const char *)seen + seen->id.cgroup.at, path))
			return &containers->tracks.track[slot];
	}
	return NULL;
}

void oom_events_on_kmsg(struct oom_events *oom, const struct resolve_answer *answer)
{
	static struct record_oom record;
	const struct track *victim = track_of_path(oom->containers, answer, answer->task_path);
	const struct track *limit = track_of_path(oom->containers, answer, answer->limit_path);

	memset(&record, 0, sizeof(record));
	record.r.time_ns = clock_mono_ns();
	record.victim = (struct record_task){
		.pid = answer->pid,
		.tid = answer->pid,
		.uid = answer->uid,
		.oom_score_adj = answer->oom_score_adj,
		.anon = answer->anon,
		.file = answer->file,
		.shmem = answer->shmem,
		.pgtables = answer->pgtables,
		.swap = RECORD_UNKNOWN,
		.memcg_id = victim ? victim->memcg_id : answer->cgroup_id,
	};
	memcpy(record.victim.comm, answer->comm, sizeof(record.victim.comm));
	record.trigger = (struct record_task){.uid = ~0U,
					      .anon = RECORD_UNKNOWN,
					      .file = RECORD_UNKNOWN,
					      .shmem = RECORD_UNKNOWN,
					      .swap = RECORD_UNKNOWN,
					      .pgtables = RECORD_UNKNOWN};
	record.constraint = answer->constraint;
	record.gfp = RECORD_UNKNOWN;
	record.order = -1;
	record.limit_usage = record.limit_max = RECORD_UNKNOWN;
	if (limit) {
		const struct hr_slot *seen = board_slot(oom->containers->board, limit->slot);

		record.limit_memcg_id = limit->memcg_id;
		record.limit_usage = seen->memory.usage;
		record.limit_max = seen->memory.limit;
	}
	oom_events_on_record(oom, &record);
}

void oom_events_check_counter(struct oom_events *oom, struct track *track, uint64_t now_ns)
{
	static struct record_oom record;
	struct pending_oom *pending;

	if (track->kills_counter == HR_UNKNOWN ||
	    track_counter(track) <= track->counter_first + track->kills_emitted) {
		track->kills_missing_ns = 0;
		return;
	}
	if (!track->kills_missing_ns)
		track->kills_missing_ns = now_ns;
	if (now_ns - track->kills_missing_ns < COUNTER_WAIT_NS)
		return;
	track->kills_missing_ns = 0;
	track->kills_emitted = track_counter(track) - track->counter_first;
	memset(&record, 0, sizeof(record));
	record.r.time_ns = now_ns;
	record.victim.memcg_id = track->memcg_id;
	record.limit_usage = record.limit_max = RECORD_UNKNOWN;
	record.gfp = RECORD_UNKNOWN;
	record.order = -1;
	record.constraint = RECORD_CONSTRAINT_UNKNOWN;
	oom->oom_kill(track, oom->arg);
	pending = pending_begin(oom, &record);
	pending->counted = true;
	pending->deadline_ns = 0;
}

static void post_outcome(struct oom_events *oom, struct oom_outcome *outcome, uint64_t exited_ns)
{
	struct board *board = oom->containers->board;
	const struct track *subject = containers_subject(oom->containers, outcome->memcg_id);
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_outcome *event = (void *)&buffer;

	events_begin(board, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event),
		     subject ? subject->slot : TRACK_NONE);
	event->ref = outcome->ref;
	event->freed = outcome->bytes;
	event->freed_after_ms =
		exited_ns > outcome->killed_ns ? (exited_ns - outcome->killed_ns) / NS_PER_MS : 0;
	event->restarted_after_ms = HR_UNKNOWN;
	event->averted = HR_UNKNOWN_U32;
	events_post(board, &buffer, &text);
	outcome->pid = 0;
}

static uint64_t known(uint64_t bytes) { return bytes == HR_UNKNOWN ? 0 : bytes; }

static void await_exit(struct oom_events *oom, const struct pending_oom *pending, uint64_t seq)
{
	const struct record_task *victim = &pending->record.victim;
	struct oom_outcome *outcome = oom->outcome;

	if (!victim->pid || !victim->start_boottime_ns)
		return;
	/* A free place, or the one of the oldest kill. */
	for (size_t i = 1; i < OOM_PENDING_MAX && outcome->pid; i++)
		if (!oom->outcome[i].pid || oom->outcome[i].killed_ns < outcome->killed_ns)
			outcome = &oom->outcome[i];
	*outcome = (struct oom_outcome){
		.pid = victim->pid,
		.start_boottime_ns = victim->start_boottime_ns,
		.ref = seq,
		.killed_ns = pending->record.r.time_ns,
		.memcg_id = victim->memcg_id,
		.bytes = known(victim->anon) + known(victim->file) + known(victim->shmem),
	};
	if (pending->exited_ns)
		post_outcome(oom, outcome, pending->exited_ns);
}

void oom_events_on_exit(struct oom_events *oom, const struct record_process *record)
{
	for (size_t i = 0; i < OOM_PENDING_MAX; i++) {
		struct pending_oom *pending = &oom->pending[i];
		struct oom_outcome *outcome = &oom->outcome[i];

		if (pending->tag && pending->record.victim.pid == record->pid &&
		    pending->record.victim.start_boottime_ns == record->start_boottime_ns)
			pending->exited_ns = record->r.time_ns;
		if (outcome->pid == record->pid &&
		    outcome->start_boottime_ns == record->start_boottime_ns)
			post_outcome(oom, outcome, record->r.time_ns);
	}
}

/* The name of a container that is being identified is worth waiting for, too. */
static bool waits(const struct oom_events *oom, const struct pending_oom *pending)
{
	const struct track *subject =
		containers_subject(oom->containers, pending->record.victim.memcg_id);

	return pending->wait_victim || pending->wait_trigger ||
	       (subject && subject->resolve != RESOLVE_DONE);
}

bool oom_events_settle(struct oom_events *oom, uint64_t now_ns)
{
	bool left = false;

	for (size_t i = 0; i < OOM_PENDING_MAX; i++) {
		struct pending_oom *pending = &oom->pending[i];

		if (!pending->tag)
			continue;
		if (now_ns < pending->deadline_ns && waits(oom, pending)) {
			left = true;
			continue;
		}
		await_exit(oom, pending, oom_record_post(oom->containers, pending));
		pending->tag = 0;
	}
	return left;
}
