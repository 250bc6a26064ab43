// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OOM kills on their way from the kernel to the board: counts them at once, waits shortly for the names, posts one event
 * a victim. Never parses text: what the resolver sent is copied.
 */
#include "kills.h"

#include <string.h>

#include "acting.h"
#include "base/clock.h"
#include "link.h"
#include "notice.h"
#include "publish.h"

#define KILL_WAIT_NS	(700 * NS_PER_MS)	/* for command lines and names; an event is due within a second */
#define COUNTER_WAIT_NS (1500 * NS_PER_MS)	/* a counter ahead of its record: the record may be on its way */
#define TRIGGER_BIT	(1ULL << 63)		/* in a tag: this is about the trigger */
#define FINE_OF_HISTORY 16			/* of HR_OOM_HISTORY; the rest is coarse */

static struct pending_kill *pending_new(struct guard *guard)
{
	struct pending_kill *oldest = NULL;

	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_kill *kill = &guard->kill[i];

		if (!kill->tag)
			return kill;
		if (!oldest || kill->tag < oldest->tag)
			oldest = kill;
	}
	oldest->deadline_ns = 0;	/* a storm of kills: the oldest goes out as it stands */
	kills_settle(guard, 1);
	return oldest;
}

static void remember_forecast(struct guard *guard, struct pending_kill *kill)
{
	uint32_t subject = publish_subject(guard, kill->record.victim.memcg_id);
	const struct hr_outlook *outlook;
	const struct track *track;

	kill->risk_centi = UINT16_MAX;
	kill->oom_in_p50_ms = kill->warned_before_ms = HR_UNKNOWN;
	if (subject == TRACK_NONE)
		return;
	outlook = &board_slot(guard->board, subject)->outlook;
	track = &guard->tracks.track[subject];
	kill->risk_centi = outlook->risk_centi;
	kill->oom_in_p50_ms = outlook->oom_in_p50_ms;
	if (track->warned_ns && track->warned_ns < kill->record.r.time_ns)
		kill->warned_before_ms = (kill->record.r.time_ns - track->warned_ns) / NS_PER_MS;
}

/* Was it the host that had run out, and nobody's limit? */
static bool of_the_host(const struct record_oom *record)
{
	return !record->limit_memcg_id && record->constraint < HR_CONSTRAINT_MEMCG;
}

/* The forecasts of the one who died, of whose limit it was, and of all between. */
static void judge_forecasts(struct guard *guard, const struct record_oom *record)
{
	uint32_t subject = publish_subject(guard, record->victim.memcg_id), slot;
	bool host = of_the_host(record);
	bool met_limit = !host && !record->limit_memcg_id, met_subject = false;
	uint64_t id = record->victim.memcg_id;

	if (record->flags & RECORD_OOM_GROUP)
		return;		/* the one chosen first has been judged */
	for (int n = 0; n < RECORD_LEVELS && !(met_limit && met_subject); n++) {
		slot = tracks_find(&guard->tracks, id);
		if (slot == TRACK_NONE)
			break;
		met_limit |= id == record->limit_memcg_id;
		met_subject |= slot == subject;
		score_died(&guard->tracks.track[slot].score, record->r.time_ns, SCORE_OOM_KILL,
			   slot == subject, &guard->score);
		id = guard->tracks.track[slot].parent_id;
	}
	if (host)
		score_died(&guard->host_score, record->r.time_ns, SCORE_OOM_KILL,
			   subject == TRACK_NONE, &guard->score);
}

static void pending_begin(struct guard *guard, struct pending_kill *kill, const struct record_oom *record)
{
	uint64_t now = clock_mono_ns(), age = now - record->r.time_ns;

	/* The answers are big and say themselves whether they are filled: only what is read first is cleared. */
	kill->record = *record;
	kill->tag = ++guard->next_tag;
	kill->wall_ns = clock_wall_ns() - (age < 60 * NS_PER_SEC ? age : 0);
	kill->deadline_ns = now + KILL_WAIT_NS;
	kill->wait_victim = kill->wait_trigger = kill->counted = false;
	kill->has_victim_id = kill->has_trigger_id = false;
	kill->exited_ns = 0;
	remember_forecast(guard, kill);
	judge_forecasts(guard, record);
}

/* The first further member of a group tells that the one chosen before it will be counted twice. */
static void note_group(struct guard *guard, const struct record_oom *record)
{
	struct track *chosen;

	if (!(record->flags & RECORD_OOM_GROUP)) {
		guard->chosen_memcg_id = record->victim.memcg_id;
		guard->chosen_by = record->trigger.tid;
		return;
	}
	chosen = tracks_get(&guard->tracks, guard->chosen_memcg_id);
	if (chosen && guard->chosen_by == record->trigger.tid)
		chosen->kills_doubled++;
	guard->chosen_memcg_id = 0;
}

/* The container in which it died, and the one whose limit it was, or the host. */
static void tell_acting(struct guard *guard, const struct record_oom *record)
{
	uint32_t victim = publish_subject(guard, record->victim.memcg_id);
	uint32_t limit = tracks_find(&guard->tracks, record->limit_memcg_id);

	if (of_the_host(record))
		acting_oom(guard, HR_UNKNOWN_U32);
	if (victim != TRACK_NONE)
		acting_oom(guard, victim);
	if (limit != TRACK_NONE && limit != victim)
		acting_oom(guard, limit);
}

void kills_on_record(struct guard *guard, const struct record_oom *record)
{
	uint32_t slot = tracks_find(&guard->tracks, record->victim.memcg_id);
	struct pending_kill *kill;

	/* Outside of the scope, unless it was a limit of ours. */
	if (*guard->config->scope && slot == TRACK_NONE &&
	    tracks_find(&guard->tracks, record->trigger.memcg_id) == TRACK_NONE &&
	    tracks_find(&guard->tracks, record->limit_memcg_id) == TRACK_NONE)
		return;
	kill = pending_new(guard);
	pending_begin(guard, kill, record);
	note_group(guard, record);
	if (slot != TRACK_NONE) {
		guard->tracks.track[slot].kills_recorded++;
		guard->tracks.track[slot].kills_told++;
		publish_kills(guard, slot);
		if (guard->tracks.track[slot].resolve == RESOLVE_WANTED)
			link_ask(guard, slot);
	}
	tell_acting(guard, record);
	kill->wait_victim = link_ask_process(guard, kill->tag, &record->victim);
	if (record->trigger.pid != record->victim.pid)
		kill->wait_trigger =
			link_ask_process(guard, kill->tag | TRIGGER_BIT, &record->trigger);
}

void kills_on_answer(struct guard *guard, const struct resolve_answer *answer)
{
	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_kill *kill = &guard->kill[i];

		if (!kill->tag || kill->tag != (answer->tag & ~TRIGGER_BIT))
			continue;
		if (answer->tag & TRIGGER_BIT) {
			kill->trigger_answer = *answer;
			kill->has_trigger_id = true;
			kill->wait_trigger = false;
		} else {
			kill->victim_answer = *answer;
			kill->has_victim_id = true;
			kill->wait_victim = false;
		}
		return;
	}
}

static uint32_t slot_of_path(struct guard *guard, const char *path)
{
	for (uint32_t slot = 0; path && slot < guard->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(guard->board, slot);

		if (guard->tracks.track[slot].memcg_id && seen->id.cgroup.at &&
		    !strcmp((const char *)seen + seen->id.cgroup.at, path))
			return slot;
	}
	return TRACK_NONE;
}

static const char *answer_text(const struct resolve_answer *answer, struct hr_str s)
{
	return s.at && s.at < sizeof(*answer) ? (const char *)answer + s.at : NULL;
}

void kills_on_kmsg(struct guard *guard, const struct resolve_answer *answer)
{
	static struct record_oom record;
	uint32_t victim = slot_of_path(guard, answer_text(answer, answer->task_path));
	uint32_t limit = slot_of_path(guard, answer_text(answer, answer->limit_path));

	memset(&record, 0, sizeof(record));
	record.r.time_ns = clock_mono_ns();
	record.victim = (struct record_task){
		.pid = answer->pid, .tid = answer->pid, .uid = answer->uid,
		.oom_score_adj = answer->oom_score_adj, .anon = answer->anon, .file = answer->file,
		.shmem = answer->shmem, .pgtables = answer->pgtables, .swap = RECORD_UNKNOWN,
		.memcg_id = victim == TRACK_NONE ? answer->cgroup_id
						 : guard->tracks.track[victim].memcg_id,
	};
	memcpy(record.victim.comm, answer->comm, sizeof(record.victim.comm));
	record.trigger = (struct record_task){
		.uid = ~0U, .anon = RECORD_UNKNOWN, .file = RECORD_UNKNOWN,
		.shmem = RECORD_UNKNOWN, .swap = RECORD_UNKNOWN, .pgtables = RECORD_UNKNOWN};
	record.constraint = answer->constraint;
	record.gfp = RECORD_UNKNOWN;
	record.order = -1;
	record.limit_usage = record.limit_max = RECORD_UNKNOWN;
	if (limit != TRACK_NONE) {
		const struct hr_slot *seen = board_slot(guard->board, limit);

		record.limit_memcg_id = guard->tracks.track[limit].memcg_id;
		record.limit_usage = seen->memory.usage;
		record.limit_max = seen->memory.limit;
	}
	kills_on_record(guard, &record);
}

void kills_check_counter(struct guard *guard, uint32_t slot, uint64_t now_ns)
{
	struct track *track = &guard->tracks.track[slot];
	static struct record_oom record;
	struct pending_kill *kill;

	if (track->kills_counter == HR_UNKNOWN ||
	    track_counter(track) <= track->counter_first + track->kills_told) {
		track->kills_missing_ns = 0;
		return;
	}
	if (!track->kills_missing_ns)
		track->kills_missing_ns = now_ns;
	if (now_ns - track->kills_missing_ns < COUNTER_WAIT_NS)
		return;
	track->kills_missing_ns = 0;
	track->kills_told = track_counter(track) - track->counter_first;
	memset(&record, 0, sizeof(record));
	record.r.time_ns = now_ns;
	record.victim.memcg_id = track->memcg_id;
	record.limit_usage = record.limit_max = RECORD_UNKNOWN;
	record.gfp = RECORD_UNKNOWN;
	record.order = -1;
	record.constraint = RECORD_CONSTRAINT_UNKNOWN;
	acting_oom(guard, slot);
	kill = pending_new(guard);
	pending_begin(guard, kill, &record);
	kill->counted = true;
	kill->deadline_ns = 0;
}

static void fill_party(struct guard *guard, struct board_text *text, struct hr_party *party,
		       const struct record_task *task, const struct resolve_answer *answer)
{
	uint32_t slot = publish_subject(guard, task->memcg_id);
	uint64_t boot = clock_boot_ns();

	*party = (struct hr_party){
		.pid = task->pid, .tid = task->tid, .uid = task->uid,
		.oom_score_adj = task->oom_score_adj, .start_boottime_ns = task->start_boottime_ns,
		.cgroup_id = task->memcg_id, .anon = task->anon, .file = task->file,
		.shmem = task->shmem, .swap = task->swap, .pgtables = task->pgtables,
		.started_ns = HR_UNKNOWN,
	};
	memcpy(party->comm, task->comm, sizeof(party->comm));
	if (task->start_boottime_ns && task->start_boottime_ns < boot)
		party->started_ns = clock_wall_ns() - (boot - task->start_boottime_ns);
	if (slot != TRACK_NONE) {
		const struct hr_slot *from = board_slot(guard->board, slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &party->id);
	} else if (answer) {
		board_text_identity(text, answer, sizeof(*answer), &answer->id, &party->id);
	}
	if (answer)
		party->cmdline = board_text_add(text, answer_text(answer, answer->cmdline), false);
}

static void fill_limit(struct guard *guard, struct board_text *text, struct hr_event_oom_kill *event,
		       const struct record_oom *record, uint32_t subject)
{
	uint32_t owner = tracks_find(&guard->tracks, record->limit_memcg_id);
	uint64_t subject_id = subject == TRACK_NONE ? record->victim.memcg_id
						    : guard->tracks.track[subject].memcg_id;

	event->limit_cgroup_id = record->limit_memcg_id;
	event->limit_usage = record->limit_usage;
	event->limit_max = record->limit_max;
	if (!record->limit_memcg_id && record->constraint == RECORD_CONSTRAINT_UNKNOWN) {
		event->level = HR_LEVEL_COUNT;	/* nobody told */
		return;
	}
	if (!record->limit_memcg_id) {
		event->level = HR_LEVEL_HOST;
		event->limit_cgroup = board_text_add(text, "/", false);
		return;
	}
	/* A limit below the container (a nested group of its own) is its own business, too. */
	event->level = record->limit_memcg_id == subject_id ||
			       record->limit_memcg_id == record->victim.memcg_id ||
			       publish_subject(guard, record->limit_memcg_id) == subject
			       ? HR_LEVEL_OWN : HR_LEVEL_ANCESTOR;
	if (owner != TRACK_NONE) {
		const struct hr_slot *from = board_slot(guard->board, owner);

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

/* The coarse points that are older than the fine ones, then the fine ones, then the moment itself. */
static void fill_history(struct guard *guard, struct hr_event_oom_kill *event,
			 const struct hr_slot *slot, uint64_t mono_ns, bool moment)
{
	const struct hr_history *history = &slot->history;
	uint32_t last_fine = history->fine_count, last_coarse = history->coarse_count;
	uint32_t moment_centis, fine, coarse, room, n = 0, first = UINT32_MAX;

	event->created_ns = board_header(guard->board)->created_ns;
	moment_centis = publish_centis(guard, mono_ns);
	/* What was sampled while the names were waited for is not "before". */
	while (last_fine && history->fine_count - last_fine < HR_FINE &&
	       history->fine[(last_fine - 1) % HR_FINE].t_centis > moment_centis)
		last_fine--;
	while (last_coarse && history->coarse_count - last_coarse < HR_COARSE &&
	       history->coarse[(last_coarse - 1) % HR_COARSE].t_centis > moment_centis)
		last_coarse--;
	fine = least(last_fine, HR_FINE - (history->fine_count - last_fine), FINE_OF_HISTORY);
	coarse = least(last_coarse, HR_COARSE - (history->coarse_count - last_coarse), HR_COARSE);
	room = HR_OOM_HISTORY - fine - 1;
	if (fine)
		first = history->fine[(last_fine - fine) % HR_FINE].t_centis;
	for (uint32_t i = coarse > room ? coarse - room : 0; i < coarse; i++) {
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

static uint64_t sum_known(const uint64_t *value, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += value[i] == HR_UNKNOWN ? 0 : value[i];
	return sum;
}

static void post_outcome(struct guard *guard, struct outcome *outcome, uint64_t exited_ns)
{
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_outcome *event = (void *)&buffer;

	notice_begin(guard, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event),
		     publish_subject(guard, outcome->memcg_id));
	event->ref = outcome->ref;
	event->freed = outcome->bytes;
	event->freed_after_ms =
		exited_ns > outcome->killed_ns ? (exited_ns - outcome->killed_ns) / NS_PER_MS : 0;
	event->restarted_after_ms = HR_UNKNOWN;
	event->averted = HR_UNKNOWN_U32;
	notice_post(guard, &buffer, &text);
	outcome->pid = 0;
}

static void await_outcome(struct guard *guard, const struct pending_kill *kill, uint64_t seq)
{
	const struct record_task *victim = &kill->record.victim;
	uint64_t parts[] = {victim->anon, victim->file, victim->shmem};
	struct outcome *outcome = guard->outcome;

	if (!victim->pid || !victim->start_boottime_ns)
		return;
	/* A free place, or the one whose end was missed longest ago. */
	for (size_t i = 1; i < KILLS_MAX && outcome->pid; i++)
		if (!guard->outcome[i].pid || guard->outcome[i].killed_ns < outcome->killed_ns)
			outcome = &guard->outcome[i];
	*outcome = (struct outcome){
		.pid = victim->pid, .start_boottime_ns = victim->start_boottime_ns, .ref = seq,
		.killed_ns = kill->record.r.time_ns, .memcg_id = victim->memcg_id,
		.bytes = sum_known(parts, 3),
	};
	if (kill->exited_ns)
		post_outcome(guard, outcome, kill->exited_ns);
}

void kills_on_exit(struct guard *guard, const struct record_process *record)
{
	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_kill *kill = &guard->kill[i];
		struct outcome *outcome = &guard->outcome[i];

		if (kill->tag && kill->record.victim.pid == record->pid &&
		    kill->record.victim.start_boottime_ns == record->start_boottime_ns)
			kill->exited_ns = record->r.time_ns;
		if (outcome->pid == record->pid &&
		    outcome->start_boottime_ns == record->start_boottime_ns)
			post_outcome(guard, outcome, record->r.time_ns);
	}
}

static void post(struct guard *guard, struct pending_kill *kill)
{
	const struct record_oom *record = &kill->record;
	uint32_t subject = publish_subject(guard, record->victim.memcg_id);
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_oom_kill *event = (void *)&buffer;

	notice_begin(guard, &buffer, &text, HR_EVENT_OOM_KILL, sizeof(*event), subject);
	event->event.severity = HR_CRITICAL;
	event->event.time_ns = kill->wall_ns;
	if (subject == TRACK_NONE) {
		event->event.cgroup_id = record->victim.memcg_id;
		if (kill->has_victim_id)
			board_text_identity(&text, &kill->victim_answer,
					    sizeof(kill->victim_answer), &kill->victim_answer.id,
					    &event->event.id);
	}
	fill_party(guard, &text, &event->victim, &record->victim,
		   kill->has_victim_id ? &kill->victim_answer : NULL);
	fill_party(guard, &text, &event->trigger, &record->trigger,
		   kill->has_trigger_id				 ? &kill->trigger_answer
		   : record->trigger.pid == record->victim.pid && kill->has_victim_id
			   ? &kill->victim_answer : NULL);
	fill_limit(guard, &text, event, record, subject);
	event->constraint = (uint8_t)record->constraint;
	event->gfp = record->gfp;
	event->order = record->order;
	event->flags = (uint8_t)((record->flags & RECORD_OOM_GROUP ? HR_OOM_GROUP : 0) |
				 (record->flags & RECORD_OOM_INFERRED ? HR_OOM_INFERRED : 0) |
				 (kill->counted ? HR_OOM_COUNTED : 0));
	event->risk_centi = kill->risk_centi;
	event->oom_in_p50_ms = kill->oom_in_p50_ms;
	event->warned_before_ms = kill->warned_before_ms;
	if (subject != TRACK_NONE) {
		const struct hr_slot *slot = board_slot(guard->board, subject);

		fill_history(guard, event, slot, record->r.time_ns,
			     record->limit_memcg_id == guard->tracks.track[subject].memcg_id &&
				     record->limit_usage != RECORD_UNKNOWN);
	}
	notice_post(guard, &buffer, &text);
	await_outcome(guard, kill, buffer.event.seq);
	kill->tag = 0;
}

/* Still worth waiting for? The name of a container that is being identified is. */
static bool waiting(struct guard *guard, const struct pending_kill *kill)
{
	uint32_t slot = publish_subject(guard, kill->record.victim.memcg_id);

	return kill->wait_victim || kill->wait_trigger ||
	       (slot != TRACK_NONE && guard->tracks.track[slot].resolve != RESOLVE_DONE);
}

bool kills_settle(struct guard *guard, uint64_t now_ns)
{
	bool left = false;

	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_kill *kill = &guard->kill[i];

		if (!kill->tag)
			continue;
		if (now_ns >= kill->deadline_ns || !waiting(guard, kill))
			post(guard, kill);
		else
			left = true;
	}
	return left;
}
