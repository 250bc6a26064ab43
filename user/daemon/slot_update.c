// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Figures onto the board: what a sweep brought, and the single readings of closely watched containers in between. Writes
 * slots; decides only who is watched closely.
 */
#include "slot_lifecycle.h"

#include <string.h>

#include "base/clock.h"
#include "fast_poll.h"
#include "forecast/reason_text.h"
#include "oom_events.h"
#include "events.h"

#define COARSE_NS   (60 * NS_PER_SEC)
#define FINE_NS     (900 * NS_PER_MS) /* a fine point a second … */
#define FINE_SHARE  50                /* … or whenever usage moved by a 50th */
#define MISSED_MOST 20                /* sweeps without a group before it counts as gone untold */
#define STALL_ENTER 1000 /* PSI full avg10, hundredths of a per cent: a tenth of the time lost */
#define STALL_LEAVE 500

static uint32_t kib(uint64_t bytes)
{
	uint64_t n = bytes >> 10;

	return bytes == HR_UNKNOWN ? HR_UNKNOWN_U32 : n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
}

uint32_t publish_centis(const struct daemon *daemon, uint64_t now_ns)
{
	int64_t since = (int64_t)now_ns - daemon->zero_ns;

	return since > 0 ? (uint32_t)(since / (int64_t)(10 * NS_PER_MS)) : 0;
}

/* Close readings come every 50 ms: keep those that tell something, so that the last minute stays in view. */
static bool describes_something(const struct hr_history *history, const struct hr_point *point)
{
	const struct hr_point *last = &history->fine[(history->fine_count - 1) % HR_FINE];
	uint32_t moved = point->usage_kib > last->usage_kib ? point->usage_kib - last->usage_kib
							    : last->usage_kib - point->usage_kib;

	return !history->fine_count || moved > last->usage_kib / FINE_SHARE ||
	       point->t_centis - last->t_centis >= FINE_NS / (10 * NS_PER_MS);
}

static void history_add(struct daemon *daemon, struct hr_slot *at, struct track *track,
			uint64_t now_ns)
{
	struct hr_point point = {
		.t_centis = publish_centis(daemon, now_ns),
		.usage_kib = kib(at->memory.usage),
		.unreclaimable_kib = kib(at->memory.unreclaimable),
		.headroom_kib = kib(at->memory.headroom),
	};
	struct hr_history *history = &at->history;

	if (!describes_something(history, &point))
		return;
	history->fine[history->fine_count++ % HR_FINE] = point;
	if (track->coarse_ns && now_ns - track->coarse_ns < COARSE_NS)
		return;
	track->coarse_ns = now_ns;
	history->coarse[history->coarse_count++ % HR_COARSE] = point;
}

/* The stat block was not read this time: the last one stands, the difference in usage counts as unreclaimable. */
static void merge_stat(struct memcg_sample *row, const struct hr_memory *old)
{
	if ((row->flags & SAMPLE_STAT) || old->anon == HR_UNKNOWN)
		return;
#define HR_MEMORY_STAT(name, ...) row->name = old->name;
#include <headroom/fields.def>
	row->flags |= SAMPLE_STAT;
}

static void fill_memory(struct hr_memory *to, const struct memcg_sample *row,
			const struct account *account)
{
	uint64_t peak = to->peak == HR_UNKNOWN ? 0 : to->peak;

	*to = (struct hr_memory){
#define HR_MEMORY(name, ...)         .name = row->name,
#define HR_MEMORY_DERIVED(name, ...) .name = account->name,
#include <headroom/fields.def>
	};
	if (to->peak == HR_UNKNOWN && to->usage != HR_UNKNOWN)
		to->peak = to->usage > peak ? to->usage : peak; /* no watermark: the highest seen */
}

static void fill_binding(struct daemon *daemon, struct hr_slot *at, const struct account *account)
{
	bool same = at->binding.level == account->level && at->binding.cgroup.at &&
		    at->binding.cgroup_id == account->binding_id;
	const char *path = "/";
	uint32_t owner;

	at->binding.limit = account->binding_limit;
	if (same)
		return;
	at->binding.level = (uint8_t)account->level;
	at->binding.cgroup_id = account->binding_id;
	at->binding.cgroup.at = 0;
	owner = tracks_find(&daemon->tracks, account->binding_id);
	if (account->level != HR_LEVEL_HOST) {
		const struct hr_slot *from =
			owner == TRACK_NONE ? NULL : board_slot(daemon->board, owner);

		if (!from || !from->id.cgroup.at)
			return; /* its path is not known yet: next time */
		path = (const char *)from + from->id.cgroup.at;
	}
	publish_binding_path(at, path);
}

static void fill_rest(struct hr_slot *at, const struct memcg_sample *row)
{
	at->pressure = (struct hr_pressure){row->psi_some_avg10_centi, row->psi_full_avg10_centi,
					    row->psi_some_us, row->psi_full_us};
	at->counts = (struct hr_counts){
#define HR_EVENT(name, ...)   .name = row->event_##name,
#define HR_COUNTER(name, ...) .name = row->name,
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
	};
	at->pids = row->pids;
	at->flags = (at->flags & (HR_SLOT_CUT | HR_SLOT_ARMED)) |
		    (row->flags & SAMPLE_V1 ? HR_SLOT_V1 : 0) |
		    (row->flags & SAMPLE_POPULATED ? HR_SLOT_POPULATED : 0) |
		    (row->flags & SAMPLE_HAS_TASKS ? HR_SLOT_HAS_TASKS : 0) |
		    (row->flags & SAMPLE_UNDER_OOM ? HR_SLOT_UNDER_OOM : 0);
}

static void publish_stalls(__u64 memcg_id, const struct stall_value *stall, void *arg)
{
	struct daemon *daemon = arg;
	uint32_t slot = tracks_find(&daemon->tracks, memcg_id);
	const struct track *track;
	struct hr_slot *at;

	if (slot == TRACK_NONE)
		return;
	track = &daemon->tracks.track[slot];
	at = board_slot_begin(daemon->board, slot);
	at->stalls.count = track->stall_base.count + stall->count;
	at->stalls.total_ns = track->stall_base.total_ns + stall->total_ns;
	memcpy(at->stalls.bucket, stall->bucket, sizeof(at->stalls.bucket));
	board_slot_end(daemon->board, slot);
}

/* Reasons that lie in the cgroup itself, whoever's limit binds. */
static bool of_itself(const struct hr_forecast *forecast)
{
	switch (forecast->reason[0].kind) {
	case HR_REASON_HEAP:
	case HR_REASON_STALL:
	case HR_REASON_REFAULT:
	case HR_REASON_UNDER_OOM:
	case HR_REASON_HIGH:
	case HR_REASON_THROTTLED:
		return true;
	default:
		return false;
	}
}

/* The alarm that is this cgroup's to tell. Where a limit above it binds, or the host's memory, that one tells it, once:
 * not each of the many who share it. */
static uint8_t alarm_to_describe(const struct daemon *daemon, const struct hr_slot *at)
{
	bool emitted_above =
		at->binding.level == HR_LEVEL_HOST
			? daemon->has_host
			: tracks_find(&daemon->tracks, at->binding.cgroup_id) != TRACK_NONE;

	return at->binding.level == HR_LEVEL_OWN || !emitted_above || of_itself(&at->forecast)
		       ? at->forecast.alarm
		       : HR_ALARM_NONE;
}

/* Those above lend what is worse than its own; they were looked at before. Who is bound by the host alone adds nothing. */
static void inherit(struct daemon *daemon, struct hr_slot *at, struct track *track)
{
	uint32_t above = tracks_find(&daemon->tracks, track->parent_id);

	track->path = at->forecast;
	if (above != TRACK_NONE && daemon->tracks.track[above].sampled_ns &&
	    board_slot(daemon->board, above)->binding.level != HR_LEVEL_HOST)
		forecast_inherit(&track->path, &daemon->tracks.track[above].path,
				 HR_LEVEL_ANCESTOR);
	at->forecast = track->path;
	if (daemon->has_host)
		forecast_inherit(&at->forecast, &board_host(daemon->board)->forecast,
				 HR_LEVEL_HOST);
}

static void score_slot(struct daemon *daemon, struct hr_slot *at, struct track *track)
{
	struct score_sight sight = {
		.t_ns = track->sampled_ns,
		.forecast = &at->forecast,
		.limit = at->binding.limit,
		.level = at->binding.level,
		.alarm = track->own_alarm,
		.full_avg10_centi = at->pressure.full_avg10_centi,
		.under_oom = !!(at->flags & HR_SLOT_UNDER_OOM),
	};

	forecast_record(&track->forecast, &sight.record);
	score_look(&track->score, &sight, &daemon->score);
	at->intervals = (uint16_t)sight.record.checked;
	at->intervals_held = (uint16_t)sight.record.covered;
}

static void forecast_slot(struct daemon *daemon, struct hr_slot *at, struct track *track,
			  uint64_t now_ns)
{
	struct forecast_input input = {
		.t_ns = now_ns,
		.usage = at->memory.usage,
		.unreclaimable = at->memory.unreclaimable,
		.headroom = at->memory.headroom,
		.limit = at->binding.limit,
		.binding_level = at->binding.level,
		.high = at->memory.high,
		.anon = at->memory.anon,
		.file = at->memory.file,
		.shmem = at->memory.shmem,
		.kernel = at->memory.kernel,
		.slab = at->memory.slab_reclaimable,
		.swap = at->memory.swap,
		.swap_free = daemon->has_host ? daemon->host.swap_free : HR_UNKNOWN,
		.rss = at->memory.rss,
		.refaults = at->counts.refaults,
		.stall_ns = at->stalls.total_ns,
		.psi_some_us = at->pressure.some_total_us,
		.psi_full_us = at->pressure.full_total_us,
		.events_max = at->counts.max,
		.events_oom_kill = at->counts.oom_kill,
		.under_oom = !!(at->flags & HR_SLOT_UNDER_OOM),
	};

	forecast_update(&track->forecast, &input, &at->forecast);
	at->forecast.next_action = track->next_action;
	track->sampled_ns = now_ns;
	track->own_alarm = alarm_to_describe(daemon, at);
	inherit(daemon, at, track);
	score_slot(daemon, at, track);
}

/* What has changed enough to be told, after the slot is closed again. */
static void describe_changes(struct daemon *daemon, uint32_t slot, struct track *track,
			     uint64_t now_ns)
{
	const struct hr_slot *at = board_slot(daemon->board, slot);
	uint32_t full = at->pressure.full_avg10_centi;
	bool under_oom = at->flags & HR_SLOT_UNDER_OOM;

	track->warned_ns = !at->forecast.alarm ? 0 : track->warned_ns ? track->warned_ns : now_ns;
	if (track->own_alarm != track->alarm) {
		enum hr_alarm from = track->alarm;

		track->alarm = track->own_alarm;
		notice_alarm(daemon, slot, from, track->alarm);
	}
	if (at->forecast.leak != track->leak) {
		enum hr_leak_state from = track->leak;

		track->leak = at->forecast.leak;
		notice_leak(daemon, slot, from);
	}
	if (full != HR_UNKNOWN_U32 && (track->stalled ? full < STALL_LEAVE : full >= STALL_ENTER)) {
		track->stalled = !track->stalled;
		notice_pressure(daemon, slot,
				track->stalled ? HR_PRESSURE_ENTERED : HR_PRESSURE_LEFT);
	}
	if (under_oom != track->under_oom) {
		track->under_oom = under_oom;
		notice_pressure(daemon, slot,
				under_oom ? HR_PRESSURE_UNDER_OOM : HR_PRESSURE_UNDER_OOM_LEFT);
	}
}

static void count_kills(struct daemon *daemon, uint32_t slot, struct track *track, uint64_t counter,
			uint64_t now_ns)
{
	if (counter == RECORD_UNKNOWN)
		return;
	if (track->counter_first == HR_UNKNOWN) {
		/* Kills before our time are counted, but not told as news; a newborn's are news. */
		bool newborn = track->born_ns != TRACK_ADOPTED &&
			       board_slot(daemon->board, slot)->started_ns != HR_UNKNOWN;

		track->counter_first = newborn ? 0 : counter;
		if (track->born_ns == TRACK_ADOPTED)
			track->counter_base = counter;
	}
	if (track->kills_counter == HR_UNKNOWN || counter > track->kills_counter)
		track->kills_counter = counter;
	publish_kills(daemon, slot);
	kills_check_counter(daemon, slot, now_ns);
}

/* A usage figure alone is fresher than the rest: what came or went counts as unreclaimable. */
static void shift_usage(struct hr_memory *memory, uint64_t usage)
{
	if (memory->usage != HR_UNKNOWN && memory->unreclaimable != HR_UNKNOWN) {
		uint64_t grown = usage > memory->usage ? usage - memory->usage : 0;
		uint64_t shrunk = memory->usage > usage ? memory->usage - usage : 0;

		memory->unreclaimable = memory->unreclaimable + grown > shrunk
						? memory->unreclaimable + grown - shrunk
						: 0;
		if (memory->headroom != HR_UNKNOWN)
			memory->headroom = memory->headroom + shrunk > grown
						   ? memory->headroom + shrunk - grown
						   : 0;
	}
	memory->usage = usage;
	if (memory->unreclaimable == HR_UNKNOWN)
		memory->unreclaimable = usage; /* a newborn before its first sweep */
	if (memory->peak == HR_UNKNOWN || usage > memory->peak)
		memory->peak = usage;
}

static void publish_row(struct daemon *daemon, const struct memcg_sample *row,
			const struct account *account, uint32_t slot)
{
	struct track *track = &daemon->tracks.track[slot];
	uint64_t now = daemon->worker.job.begun_ns;
	struct hr_slot *at = board_slot_begin(daemon->board, slot);
	bool fresher = track->sampled_ns >= now; /* a close reading came after this sweep began */
	uint64_t usage = at->memory.usage;

	track->parent_id = at->parent_id = row->parent_id;
	track->seen_sweep = daemon->worker.job.number;
	fill_memory(&at->memory, row, account);
	fill_binding(daemon, at, account);
	fill_rest(at, row);
	at->sampled_ns = clock_wall_ns();
	if (fresher) {
		shift_usage(&at->memory, usage);
	} else {
		forecast_slot(daemon, at, track, now);
		history_add(daemon, at, track, now);
	}
	board_slot_end(daemon->board, slot);
	count_kills(daemon, slot, track, row->own_oom_kills, now);
	describe_changes(daemon, slot, track, now);
	fast_poll_consider(daemon, slot, now);
}

static bool buried(const struct daemon *daemon, uint64_t memcg_id)
{
	for (size_t i = 0; i < BURIED_MAX; i++)
		if (daemon->buried[i] == memcg_id)
			return true;
	return false;
}

static uint32_t slot_of_row(struct daemon *daemon, const struct memcg_sample *row)
{
	uint32_t slot = tracks_find(&daemon->tracks, row->id);

	if (slot != TRACK_NONE)
		return daemon->tracks.track[slot].gone_ns ? TRACK_NONE : slot;
	if (buried(daemon, row->id))
		return TRACK_NONE;
	return publish_birth(daemon, row->id, row->parent_id, NULL);
}

void publish_sweep(struct daemon *daemon)
{
	struct worker_job *job = &daemon->worker.job;
	uint64_t patience;
	uint32_t slot;

	daemon->sweep_number = job->number;
	for (size_t i = 0; i < job->n_rows; i++) {
		slot = slot_of_row(daemon, &job->rows[i]);
		if (slot != TRACK_NONE)
			merge_stat(&job->rows[i], &board_slot(daemon->board, slot)->memory);
	}
	collect_stalls(daemon->collector, publish_stalls, daemon);
	account_path(job->rows, job->n_rows, &daemon->host, job->parent, job->accounts);
	for (size_t i = 0; i < job->n_rows; i++) {
		slot = tracks_find(&daemon->tracks, job->rows[i].id);
		if (slot != TRACK_NONE && !daemon->tracks.track[slot].gone_ns)
			publish_row(daemon, &job->rows[i], &job->accounts[i], slot);
	}
	if (job->sweep_error)
		return; /* not all rows came: who is missing is not gone */
	/* The climb (5.10) sees no empty groups, and files bring those in more rarely: missing means little there, and the
	 * kernel tells of every end. A record may be lost, though. */
	patience = daemon->emitted_of_ends && daemon->climbs ? MISSED_MOST : 1;
	for (slot = 0; slot < daemon->tracks.capacity; slot++) {
		const struct track *track = &daemon->tracks.track[slot];

		if (track->memcg_id && !track->gone_ns && track->born_ns < job->begun_ns &&
		    job->number - track->seen_sweep >= patience)
			publish_death(daemon, slot);
	}
}

void publish_usage(struct daemon *daemon, uint32_t slot, uint64_t usage, uint64_t now_ns)
{
	struct track *track = &daemon->tracks.track[slot];
	struct hr_slot *at = board_slot_begin(daemon->board, slot);

	shift_usage(&at->memory, usage);
	at->sampled_ns = clock_wall_ns();
	forecast_slot(daemon, at, track, now_ns);
	history_add(daemon, at, track, now_ns);
	board_slot_end(daemon->board, slot);
	describe_changes(daemon, slot, track, now_ns);
}

void publish_acted(struct daemon *daemon, uint32_t slot)
{
	for (int n = 0; slot != TRACK_NONE && n < RECORD_LEVELS; n++) {
		score_cut(&daemon->tracks.track[slot].score, &daemon->score);
		slot = tracks_find(&daemon->tracks, daemon->tracks.track[slot].parent_id);
	}
	score_cut(&daemon->host_score, &daemon->score);
}
