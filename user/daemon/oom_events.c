// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OOM kills on their way from the kernel to the board: counts them at once, waits shortly for the names, posts one event
 * a victim. Never parses text: what the resolver sent is copied.
 */
#include "oom_events.h"

#include <string.h>

#include "policy_driver.h"
#include "base/clock.h"
#include "resolver_client.h"
#include "events.h"
#include "slot_lifecycle.h"

#define KILL_WAIT_NS \
	(700 * NS_PER_MS) /* for command lines and names; an event is due within a second */
#define COUNTER_WAIT_NS \
	(1500 * NS_PER_MS) /* a counter ahead of its record: the record may be on its way */
#define TRIGGER_BIT     (1ULL << 63) /* in a tag: this is about the trigger */
#define FINE_OF_HISTORY 16           /* of HR_OOM_HISTORY; the rest is coarse */

static struct pending_oom *pending_new(struct daemon *daemon)
{
	struct pending_oom *oldest = NULL;

	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_oom *kill = &daemon->kill[i];

		if (!kill->tag)
			return kill;
		if (!oldest || kill->tag < oldest->tag)
			oldest = kill;
	}
	oldest->deadline_ns = 0; /* a storm of kills: the oldest goes out as it stands */
	kills_settle(daemon, 1);
	return oldest;
}

static void remember_forecast(struct daemon *daemon, struct pending_oom *kill)
{
	uint32_t subject = publish_subject(daemon, kill->record.victim.memcg_id);
	const struct hr_forecast *forecast;
	const struct track *track;

	kill->risk_centi = UINT16_MAX;
	kill->oom_in_p50_ms = kill->warned_before_ms = HR_UNKNOWN;
	if (subject == TRACK_NONE)
		return;
	forecast = &board_slot(daemon->board, subject)->forecast;
	track = &daemon->tracks.track[subject];
	kill->risk_centi = forecast->risk_centi;
	kill->oom_in_p50_ms = forecast->oom_in_p50_ms;
	if (track->warned_ns && track->warned_ns < kill->record.r.time_ns)
		kill->warned_before_ms = (kill->record.r.time_ns - track->warned_ns) / NS_PER_MS;
}

/* Was it the host that had run out, and nobody's limit? */
static bool of_the_host(const struct record_oom *record)
{
	return !record->limit_memcg_id && record->constraint < HR_CONSTRAINT_MEMCG;
}

/* The forecasts of the one who died, of whose limit it was, and of all between. */
static void judge_forecasts(struct daemon *daemon, const struct record_oom *record)
{
	uint32_t subject = publish_subject(daemon, record->victim.memcg_id), slot;
	bool host = of_the_host(record);
	bool met_limit = !host && !record->limit_memcg_id, met_subject = false;
	uint64_t id = record->victim.memcg_id;

	if (record->flags & RECORD_OOM_GROUP)
		return; /* the one chosen first has been judged */
	for (int n = 0; n < RECORD_LEVELS && !(met_limit && met_subject); n++) {
		slot = tracks_find(&daemon->tracks, id);
		if (slot == TRACK_NONE)
			break;
		met_limit |= id == record->limit_memcg_id;
		met_subject |= slot == subject;
		score_died(&daemon->tracks.track[slot].score, record->r.time_ns, SCORE_OOM_KILL,
			   slot == subject, &daemon->score);
		id = daemon->tracks.track[slot].parent_id;
	}
	if (host)
		score_died(&daemon->host_score, record->r.time_ns, SCORE_OOM_KILL,
			   subject == TRACK_NONE, &daemon->score);
}

static void pending_begin(struct daemon *daemon, struct pending_oom *kill,
			  const struct record_oom *record)
{
	uint64_t now = clock_mono_ns(), age = now - record->r.time_ns;

	/* The answers are big and say themselves whether they are filled: only what is read first is cleared. */
	kill->record = *record;
	kill->tag = ++daemon->next_tag;
	kill->wall_ns = clock_wall_ns() - (age < 60 * NS_PER_SEC ? age : 0);
	kill->deadline_ns = now + KILL_WAIT_NS;
	kill->wait_victim = kill->wait_trigger = kill->counted = false;
	kill->has_victim_id = kill->has_trigger_id = false;
	kill->exited_ns = 0;
	remember_forecast(daemon, kill);
	judge_forecasts(daemon, record);
}

/* The first further member of a group tells that the one chosen before it will be counted twice. */
static void note_group(struct daemon *daemon, const struct record_oom *record)
{
	struct track *chosen;

	if (!(record->flags & RECORD_OOM_GROUP)) {
		daemon->chosen_memcg_id = record->victim.memcg_id;
		daemon->chosen_by = record->trigger.tid;
		return;
	}
	chosen = tracks_get(&daemon->tracks, daemon->chosen_memcg_id);
	if (chosen && daemon->chosen_by == record->trigger.tid)
		chosen->kills_doubled++;
	daemon->chosen_memcg_id = 0;
}

/* The container in which it died, and the one whose limit it was, or the host. */
static void describe_policy_driver(struct daemon *daemon, const struct record_oom *record)
{
	uint32_t victim = publish_subject(daemon, record->victim.memcg_id);
	uint32_t limit = tracks_find(&daemon->tracks, record->limit_memcg_id);

	if (of_the_host(record))
		policy_driver_oom(daemon, HR_UNKNOWN_U32);
	if (victim != TRACK_NONE)
		policy_driver_oom(daemon, victim);
	if (limit != TRACK_NONE && limit != victim)
		policy_driver_oom(daemon, limit);
}

void kills_on_record(struct daemon *daemon, const struct record_oom *record)
{
	uint32_t slot = tracks_find(&daemon->tracks, record->victim.memcg_id);
	struct pending_oom *kill;

	/* Outside of the scope, unless it was a limit of ours. */
	if (*daemon->config->scope && slot == TRACK_NONE &&
	    tracks_find(&daemon->tracks, record->trigger.memcg_id) == TRACK_NONE &&
	    tracks_find(&daemon->tracks, record->limit_memcg_id) == TRACK_NONE)
		return;
	kill = pending_new(daemon);
	pending_begin(daemon, kill, record);
	note_group(daemon, record);
	if (slot != TRACK_NONE) {
		daemon->tracks.track[slot].kills_recorded++;
		daemon->tracks.track[slot].kills_emitted++;
		publish_kills(daemon, slot);
		if (daemon->tracks.track[slot].resolve == RESOLVE_WANTED)
			link_ask(daemon, slot);
	}
	describe_policy_driver(daemon, record);
	kill->wait_victim = link_ask_process(daemon, kill->tag, &record->victim);
	if (record->trigger.pid != record->victim.pid)
		kill->wait_trigger =
			link_ask_process(daemon, kill->tag | TRIGGER_BIT, &record->trigger);
}

void kills_on_answer(struct daemon *daemon, const struct resolve_answer *answer)
{
	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_oom *kill = &daemon->kill[i];

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

static uint32_t slot_of_path(struct daemon *daemon, const char *path)
{
	for (uint32_t slot = 0; path && slot < daemon->tracks.capacity; slot++) {
		const struct hr_slot *seen = board_slot(daemon->board, slot);

		if (daemon->tracks.track[slot].memcg_id && seen->id.cgroup.at &&
		    !strcmp((const char *)seen + seen->id.cgroup.at, path))
			return slot;
	}
	return TRACK_NONE;
}

static const char *answer_text(const struct resolve_answer *answer, struct hr_str s)
{
	return s.at && s.at < sizeof(*answer) ? (const char *)answer + s.at : NULL;
}

void kills_on_kmsg(struct daemon *daemon, const struct resolve_answer *answer)
{
	static struct record_oom record;
	uint32_t victim = slot_of_path(daemon, answer_text(answer, answer->task_path));
	uint32_t limit = slot_of_path(daemon, answer_text(answer, answer->limit_path));

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
		.memcg_id = victim == TRACK_NONE ? answer->cgroup_id
						 : daemon->tracks.track[victim].memcg_id,
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
	if (limit != TRACK_NONE) {
		const struct hr_slot *seen = board_slot(daemon->board, limit);

		record.limit_memcg_id = daemon->tracks.track[limit].memcg_id;
		record.limit_usage = seen->memory.usage;
		record.limit_max = seen->memory.limit;
	}
	kills_on_record(daemon, &record);
}

void kills_check_counter(struct daemon *daemon, uint32_t slot, uint64_t now_ns)
{
	struct track *track = &daemon->tracks.track[slot];
	static struct record_oom record;
	struct pending_oom *kill;

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
	policy_driver_oom(daemon, slot);
	kill = pending_new(daemon);
	pending_begin(daemon, kill, &record);
	kill->counted = true;
	kill->deadline_ns = 0;
}

static void fill_oom_process(struct daemon *daemon, struct board_text *text,
			     struct hr_oom_process *party, const struct record_task *task,
			     const struct resolve_answer *answer)
{
	uint32_t slot = publish_subject(daemon, task->memcg_id);
	uint64_t boot = clock_boot_ns();

	*party = (struct hr_oom_process){
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
	memcpy(party->comm, task->comm, sizeof(party->comm));
	if (task->start_boottime_ns && task->start_boottime_ns < boot)
		party->started_ns = clock_wall_ns() - (boot - task->start_boottime_ns);
	if (slot != TRACK_NONE) {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		board_text_identity(text, from, sizeof(*from), &from->id, &party->id);
	} else if (answer) {
		board_text_identity(text, answer, sizeof(*answer), &answer->id, &party->id);
	}
	if (answer)
		party->cmdline = board_text_add(text, answer_text(answer, answer->cmdline), false);
}

static void fill_limit(struct daemon *daemon, struct board_text *text,
		       struct hr_event_oom_kill *event, const struct record_oom *record,
		       uint32_t subject)
{
	uint32_t owner = tracks_find(&daemon->tracks, record->limit_memcg_id);
	uint64_t subject_id = subject == TRACK_NONE ? record->victim.memcg_id
						    : daemon->tracks.track[subject].memcg_id;

	event->limit_cgroup_id = record->limit_memcg_id;
	event->limit_usage = record->limit_usage;
	event->limit_max = record->limit_max;
	if (!record->limit_memcg_id && record->constraint == RECORD_CONSTRAINT_UNKNOWN) {
		event->level = HR_LEVEL_COUNT; /* nobody told */
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
				       publish_subject(daemon, record->limit_memcg_id) == subject
			       ? HR_LEVEL_OWN
			       : HR_LEVEL_ANCESTOR;
	if (owner != TRACK_NONE) {
		const struct hr_slot *from = board_slot(daemon->board, owner);

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
static void fill_history(struct daemon *daemon, struct hr_event_oom_kill *event,
			 const struct hr_slot *slot, uint64_t mono_ns, bool moment)
{
	const struct hr_history *history = &slot->history;
	uint32_t last_fine = history->fine_count, last_coarse = history->coarse_count;
	uint32_t moment_centis, fine, coarse, space, n = 0, first = UINT32_MAX;

	event->created_ns = board_header(daemon->board)->created_ns;
	moment_centis = publish_centis(daemon, mono_ns);
	/* What was sampled while the names were waited for is not "before". */
	while (last_fine && history->fine_count - last_fine < HR_FINE &&
	       history->fine[(last_fine - 1) % HR_FINE].t_centis > moment_centis)
		last_fine--;
	while (last_coarse && history->coarse_count - last_coarse < HR_COARSE &&
	       history->coarse[(last_coarse - 1) % HR_COARSE].t_centis > moment_centis)
		last_coarse--;
	fine = least(last_fine, HR_FINE - (history->fine_count - last_fine), FINE_OF_HISTORY);
	coarse = least(last_coarse, HR_COARSE - (history->coarse_count - last_coarse), HR_COARSE);
	space = HR_OOM_HISTORY - fine - 1;
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

static uint64_t sum_known(const uint64_t *value, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += value[i] == HR_UNKNOWN ? 0 : value[i];
	return sum;
}

static void post_outcome(struct daemon *daemon, struct oom_outcome *oom_outcome, uint64_t exited_ns)
{
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_outcome *event = (void *)&buffer;

	notice_begin(daemon, &buffer, &text, HR_EVENT_OUTCOME, sizeof(*event),
		     publish_subject(daemon, oom_outcome->memcg_id));
	event->ref = oom_outcome->ref;
	event->freed = oom_outcome->bytes;
	event->freed_after_ms = exited_ns > oom_outcome->killed_ns
					? (exited_ns - oom_outcome->killed_ns) / NS_PER_MS
					: 0;
	event->restarted_after_ms = HR_UNKNOWN;
	event->averted = HR_UNKNOWN_U32;
	notice_post(daemon, &buffer, &text);
	oom_outcome->pid = 0;
}

static void await_outcome(struct daemon *daemon, const struct pending_oom *kill, uint64_t seq)
{
	const struct record_task *victim = &kill->record.victim;
	uint64_t parts[] = {victim->anon, victim->file, victim->shmem};
	struct oom_outcome *oom_outcome = daemon->oom_outcome;

	if (!victim->pid || !victim->start_boottime_ns)
		return;
	/* A free place, or the one whose end was missed longest ago. */
	for (size_t i = 1; i < KILLS_MAX && oom_outcome->pid; i++)
		if (!daemon->oom_outcome[i].pid ||
		    daemon->oom_outcome[i].killed_ns < oom_outcome->killed_ns)
			oom_outcome = &daemon->oom_outcome[i];
	*oom_outcome = (struct oom_outcome){
		.pid = victim->pid,
		.start_boottime_ns = victim->start_boottime_ns,
		.ref = seq,
		.killed_ns = kill->record.r.time_ns,
		.memcg_id = victim->memcg_id,
		.bytes = sum_known(parts, 3),
	};
	if (kill->exited_ns)
		post_outcome(daemon, oom_outcome, kill->exited_ns);
}

void kills_on_exit(struct daemon *daemon, const struct record_process *record)
{
	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_oom *kill = &daemon->kill[i];
		struct oom_outcome *oom_outcome = &daemon->oom_outcome[i];

		if (kill->tag && kill->record.victim.pid == record->pid &&
		    kill->record.victim.start_boottime_ns == record->start_boottime_ns)
			kill->exited_ns = record->r.time_ns;
		if (oom_outcome->pid == record->pid &&
		    oom_outcome->start_boottime_ns == record->start_boottime_ns)
			post_outcome(daemon, oom_outcome, record->r.time_ns);
	}
}

static void post(struct daemon *daemon, struct pending_oom *kill)
{
	const struct record_oom *record = &kill->record;
	uint32_t subject = publish_subject(daemon, record->victim.memcg_id);
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_oom_kill *event = (void *)&buffer;

	notice_begin(daemon, &buffer, &text, HR_EVENT_OOM_KILL, sizeof(*event), subject);
	event->event.severity = HR_CRITICAL;
	event->event.time_ns = kill->wall_ns;
	if (subject == TRACK_NONE) {
		event->event.cgroup_id = record->victim.memcg_id;
		if (kill->has_victim_id)
			board_text_identity(&text, &kill->victim_answer,
					    sizeof(kill->victim_answer), &kill->victim_answer.id,
					    &event->event.id);
	}
	fill_oom_process(daemon, &text, &event->victim, &record->victim,
			 kill->has_victim_id ? &kill->victim_answer : NULL);
	fill_oom_process(daemon, &text, &event->trigger, &record->trigger,
			 kill->has_trigger_id ? &kill->trigger_answer
			 : record->trigger.pid == record->victim.pid && kill->has_victim_id
				 ? &kill->victim_answer
				 : NULL);
	fill_limit(daemon, &text, event, record, subject);
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
		const struct hr_slot *slot = board_slot(daemon->board, subject);

		fill_history(daemon, event, slot, record->r.time_ns,
			     record->limit_memcg_id == daemon->tracks.track[subject].memcg_id &&
				     record->limit_usage != RECORD_UNKNOWN);
	}
	notice_post(daemon, &buffer, &text);
	await_outcome(daemon, kill, buffer.event.seq);
	kill->tag = 0;
}

/* Still worth waiting for? The name of a container that is being identified is. */
static bool waiting(struct daemon *daemon, const struct pending_oom *kill)
{
	uint32_t slot = publish_subject(daemon, kill->record.victim.memcg_id);

	return kill->wait_victim || kill->wait_trigger ||
	       (slot != TRACK_NONE && daemon->tracks.track[slot].resolve != RESOLVE_DONE);
}

bool kills_settle(struct daemon *daemon, uint64_t now_ns)
{
	bool left = false;

	for (size_t i = 0; i < KILLS_MAX; i++) {
		struct pending_oom *kill = &daemon->kill[i];

		if (!kill->tag)
			continue;
		if (now_ns >= kill->deadline_ns || !waiting(daemon, kill))
			post(daemon, kill);
		else
			left = true;
	}
	return left;
}
