// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Counts OOM kills, pairs them with their answers and exits. Never parses text: the resolver's text is copied. */
#include "oom_events.h"

#include <string.h>

#include "base/clock.h"
#include "events.h"

#define NAMES_WAIT_NS \
	(700 * NS_PER_MS) /* for command lines and names; an event is due within a second */
#define COUNTER_WAIT_NS \
	(1500 * NS_PER_MS) /* a counter ahead of its record: the record may be on its way */
#define GROUP_WAIT_NS (100 * NS_PER_MS) /* for the next member: the kernel logs each of them */
#define TRIGGER_BIT   (1ULL << 63)      /* in a tag: this is about the trigger */

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

static uint64_t warned_before_ms(const struct track *track, uint64_t time_ns)
{
	return track->warned_ns && track->warned_ns < time_ns
		       ? (time_ns - track->warned_ns) / NS_PER_MS
		       : HR_UNKNOWN;
}

static void remember_forecast(struct containers *containers, struct pending_oom *pending,
			      const struct track *subject)
{
	const struct hr_forecast *forecast;
	const struct track *above;

	pending->parent_warned = false;
	pending->risk_centi = UINT16_MAX;
	pending->oom_in_p50_ms = pending->warned_before_ms = HR_UNKNOWN;
	if (!subject)
		return;
	forecast = &board_slot(containers->board, subject->slot)->forecast;
	pending->risk_centi = forecast->risk_centi;
	pending->oom_in_p50_ms = forecast->oom_in_p50_ms;
	pending->warned_before_ms = warned_before_ms(subject, pending->record.r.time_ns);
	/* what it inherited is an alarm of a cgroup above, which alone has an event of it */
	pending->parent_warned =
		pending->warned_before_ms != HR_UNKNOWN && subject->own_alarm < HR_ALARM_WARN;
	/* A short-lived container under a parent that was about to run out: that alarm warned of this kill, too. */
	above = tracks_get(&containers->tracks, subject->parent_id);
	for (unsigned int n = 0; pending->record.limit_memcg_id != subject->memcg_id && above &&
				 pending->warned_before_ms == HR_UNKNOWN && n < LEVELS_MOST;
	     n++) {
		pending->warned_before_ms = warned_before_ms(above, pending->record.r.time_ns);
		pending->parent_warned = pending->warned_before_ms != HR_UNKNOWN;
		if (above->memcg_id == pending->record.limit_memcg_id)
			break;
		above = tracks_get(&containers->tracks, above->parent_id);
	}
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

	if (record->flags & RECORD_OOM_GROUP || (track && track->gone_ns))
		return; /* the victim chosen first was judged; a forecast ends with its cgroup */
	for (unsigned int n = 0; track && n < LEVELS_MOST && !(met_limit && met_subject); n++) {
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
	pending->wall_ns = board_stamp_mono_ns(oom->containers->board,
					       age < 60 * NS_PER_SEC ? record->r.time_ns : now);
	pending->deadline_ns = now + NAMES_WAIT_NS;
	pending->wait_victim = pending->wait_trigger = pending->counted = false;
	pending->has_victim_id = pending->has_trigger_id = false;
	pending->incident = oom->incident;
	pending->hold_ns = 0;
	pending->subject = subject ? subject->memcg_id : record->victim.memcg_id;
	pending->more = 0;
	pending->reflex = (struct oom_reflex){0};
	if (oom->reflex)
		oom->reflex(record->victim.memcg_id, &pending->reflex, oom->arg);
	remember_forecast(oom->containers, pending, subject);
	pending->policy[0] = '\0';
	pending->not_acted = HR_SKIP_NONE;
	if (oom->not_acted)
		oom->not_acted(subject, of_the_host(record), pending, oom->arg);
	judge_forecasts(oom->containers, record, subject);
	return pending;
}

/* Does the record continue the last incident? One that is not the chosen process is a further member of its group. */
static bool continues(const struct oom_events *oom, const struct record_oom *record)
{
	return record->flags & RECORD_OOM_GROUP && oom->incident_chosen == record->chosen &&
	       oom->incident_by == record->trigger.tid;
}

static struct pending_oom *pending_of(struct oom_events *oom, uint64_t incident, uint64_t subject)
{
	for (size_t i = 0; i < OOM_PENDING_MAX; i++)
		if (oom->pending[i].tag && oom->pending[i].incident == incident &&
		    oom->pending[i].subject == subject)
			return &oom->pending[i];
	return NULL;
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

/* In the cgroup of the victim itself, once for an incident. */
static void count(struct oom_events *oom, struct track *track)
{
	if (!track || track->incident == oom->incident)
		return;
	track->incident = oom->incident;
	track->kills_recorded++;
	track->kills_emitted++;
	containers_count_kills(oom->containers, track);
	containers_ask(oom->containers, track);
}

static void event_begin(struct oom_events *oom, const struct record_oom *record,
			struct track *subject)
{
	struct pending_oom *pending = pending_begin(oom, record);

	if (subject)
		subject->incident_posted = oom->incident;
	if (record->flags & (RECORD_OOM_WHOLE | RECORD_OOM_GROUP) || !record->trigger.tid)
		pending->hold_ns = clock_mono_ns() + GROUP_WAIT_NS;
	oom_exits_expect(&oom->exits, pending, &record->victim);
	notify(oom, record);
	pending->wait_victim = ask_process(oom, pending->tag, &record->victim);
	if (record->trigger.pid != record->victim.pid)
		pending->wait_trigger =
			ask_process(oom, pending->tag | TRIGGER_BIT, &record->trigger);
}

void oom_events_on_record(struct oom_events *oom, const struct record_oom *record)
{
	struct containers *containers = oom->containers;
	struct track *track = tracks_get(&containers->tracks, record->victim.memcg_id);
	struct track *subject = containers_subject(containers, record->victim.memcg_id);
	struct pending_oom *pending;

	/* The kernel marks one that was exiting already, but neither kills nor counts it: a signal came before, perhaps the daemon's own. */
	if (!in_scope(containers, record) || record->flags & RECORD_OOM_EXITING)
		return;
	if (!continues(oom, record)) {
		oom->incident++;
		oom->incident_by = record->trigger.tid;
		oom->incident_chosen = record->chosen;
	}
	count(oom, track);
	pending = pending_of(oom, oom->incident,
			     subject ? subject->memcg_id : record->victim.memcg_id);
	if (pending) {
		pending->more++;
		pending->hold_ns = clock_mono_ns() + GROUP_WAIT_NS;
		pending->record.flags |= RECORD_OOM_WHOLE;
		oom_exits_expect(&oom->exits, pending, &record->victim);
	} else if (!subject || subject->incident_posted != oom->incident) {
		event_begin(oom, record, subject);
	}
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
	record.chosen = answer->chosen;
	if (answer->chosen && answer->chosen != answer->pid)
		record.flags = RECORD_OOM_GROUP;
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

/* The limit that bound it when it was last sampled: no source says which one it was. */
static void suppose_limit(const struct containers *containers, const struct track *track,
			  struct record_oom *record)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);

	if (seen->binding.level == HR_LEVEL_HOST || seen->binding.limit == HR_UNKNOWN ||
	    !track->sampled_ns)
		return;
	record->flags |= RECORD_OOM_INFERRED;
	record->limit_max = seen->binding.limit;
	record->limit_memcg_id =
		seen->binding.level == HR_LEVEL_OWN ? track->memcg_id : seen->binding.cgroup_id;
	record->constraint = HR_CONSTRAINT_MEMCG;
}

void oom_events_check_counter(struct oom_events *oom, struct track *track, uint64_t now_ns)
{
	static struct record_oom record;
	struct pending_oom *pending;
	uint64_t emitted = track->counted_first + track->kills_emitted, kills;

	if (track->counted.incidents <= emitted) {
		track->kills_missing_ns = 0;
		return;
	}
	if (!track->kills_missing_ns)
		track->kills_missing_ns = now_ns;
	if (!track->final && now_ns - track->kills_missing_ns < COUNTER_WAIT_NS)
		return;
	kills = track->counted.incidents - emitted;
	oom->counted += kills;
	track->kills_emitted += kills;
	memset(&record, 0, sizeof(record));
	record.r.time_ns = track->kills_missing_ns;
	track->kills_missing_ns = 0;
	record.victim.memcg_id = track->memcg_id;
	record.limit_usage = record.limit_max = RECORD_UNKNOWN;
	record.gfp = RECORD_UNKNOWN;
	record.order = -1;
	record.constraint = RECORD_CONSTRAINT_UNKNOWN;
	suppose_limit(oom->containers, track, &record);
	if (track->group_path)
		record.flags |= RECORD_OOM_WHOLE;
	oom->oom_kill(track, oom->arg);
	oom->incident++;
	pending = pending_begin(oom, &record);
	pending->counted = true;
	pending->more = track->group_path ? HR_UNKNOWN_U32 : (uint32_t)(kills - 1);
	pending->deadline_ns = 0;
}

static bool unknown(const struct containers *containers, uint64_t memcg_id)
{
	return memcg_id && tracks_find(&containers->tracks, memcg_id) == TRACK_NONE;
}

bool oom_events_is_new(const struct oom_events *oom, const struct record_oom *record)
{
	/* With a scope the others are not expected. */
	return !*oom->containers->scope && (unknown(oom->containers, record->victim.memcg_id) ||
					    unknown(oom->containers, record->limit_memcg_id));
}

void oom_events_on_reflex(struct oom_events *oom, const struct record_trigger *record)
{
	for (size_t i = 0; i < OOM_PENDING_MAX; i++) {
		struct pending_oom *pending = &oom->pending[i];

		if (!pending->tag || pending->reflex.memcg_id != record->memcg_id ||
		    pending->record.r.time_ns < record->r.time_ns)
			continue;
		pending->reflex.what = record->error ? HR_REFLEX_FAILED : HR_REFLEX_KILLED;
		pending->reflex.shot_ns = record->r.time_ns;
		pending->reflex.pid = record->victim_pid;
	}
}

/* The name of a container that is being identified is worth waiting for, too, and the sweep that finds the cgroup. */
static bool waits(const struct oom_events *oom, const struct pending_oom *pending, uint64_t now_ns)
{
	const struct track *subject =
		containers_subject(oom->containers, pending->record.victim.memcg_id);

	return pending->hold_ns > now_ns || pending->wait_victim || pending->wait_trigger ||
	       (subject && subject->resolve != RESOLVE_DONE) ||
	       oom_events_is_new(oom, &pending->record);
}

bool oom_events_settle(struct oom_events *oom, uint64_t now_ns)
{
	bool left = false;

	for (size_t i = 0; i < OOM_PENDING_MAX; i++) {
		struct pending_oom *pending = &oom->pending[i];

		if (!pending->tag)
			continue;
		if (now_ns < pending->deadline_ns && waits(oom, pending, now_ns)) {
			left = true;
			continue;
		}
		oom_exits_posted(&oom->exits, oom->containers, pending->tag,
				 oom_record_post(oom->containers, pending));
		pending->tag = 0;
	}
	return left;
}
