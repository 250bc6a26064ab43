// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The figures of the cgroups: from a sweep, and from single readings in between. */
#include "sampling.h"

#include <string.h>

#include "base/clock.h"
#include "events.h"
#include "forecast/reason_text.h"
#include "shared_limits.h"

#define COARSE_NS   (60 * NS_PER_SEC)
#define FINE_NS     (900 * NS_PER_MS) /* a fine point a second … */
#define FINE_SHARE  50                /* … or whenever usage moved by a 50th */
#define MISSED_MOST 20                /* sweeps without a cgroup before it counts as gone */
#define STALL_ENTER 1000 /* PSI full avg10, hundredths of a per cent: a tenth of the time lost */
#define STALL_LEAVE 500

static uint32_t kib(uint64_t bytes)
{
	uint64_t n = bytes >> 10;

	return bytes == HR_UNKNOWN ? HR_UNKNOWN_U32 : n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
}

/* Fast readings come every 50 ms: only those that differ are kept, so that the history covers the last minute. */
static bool worth_keeping(const struct hr_history *history, const struct hr_point *point)
{
	const struct hr_point *last = &history->fine[(history->fine_count - 1) % HR_FINE];
	uint32_t moved = point->usage_kib > last->usage_kib ? point->usage_kib - last->usage_kib
							    : last->usage_kib - point->usage_kib;

	return !history->fine_count || moved > last->usage_kib / FINE_SHARE ||
	       point->t_centis - last->t_centis >= FINE_NS / (10 * NS_PER_MS);
}

static void history_add(const struct containers *containers, struct hr_slot *at,
			struct track *track, uint64_t now_ns)
{
	struct hr_point point = {
		.t_centis = containers_centis(containers, now_ns),
		.usage_kib = kib(at->memory.usage),
		.unreclaimable_kib = kib(at->memory.unreclaimable),
		.headroom_kib = kib(at->memory.headroom),
	};
	struct hr_history *history = &at->history;

	if (!worth_keeping(history, &point))
		return;
	history->fine[history->fine_count++ % HR_FINE] = point;
	if (track->coarse_ns && now_ns - track->coarse_ns < COARSE_NS)
		return;
	track->coarse_ns = now_ns;
	history->coarse[history->coarse_count++ % HR_COARSE] = point;
}

/* memory.stat was not read this time, for the usage has hardly moved since (sweep_worker.c, want_stat()): the last one stands. */
static void merge_stat(struct memcg_sample *row, const struct hr_memory *old)
{
#define HR_MEMORY_STAT(...)
#define HR_MEMORY_KIND(name, ...)        \
	if (row->name == RECORD_UNKNOWN) \
		row->name = old->name;
#include <headroom/fields.def>
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

/* What is used where the limit is. Kernel memory of unknown kind is needed once the kernel has killed there: it was not given back. */
static void fill_shared(struct containers *containers, const struct worker_job *job,
			const struct account *account, struct hr_binding *binding)
{
	struct hr_memory there = {0};
	const struct track *owner;
	uint64_t kills;

	binding->used = binding->pending = binding->unsorted = HR_UNKNOWN;
	if (account->level != HR_LEVEL_ANCESTOR || account->binding_row < 0)
		return;
	owner = tracks_get(&containers->tracks, account->binding_id);
	kills = owner ? board_slot(containers->board, owner->slot)->oom_kills_total : 0;
	fill_memory(&there, &job->rows[account->binding_row], &job->accounts[account->binding_row]);
	binding->used = there.unreclaimable;
	binding->pending = memory_pending(&there);
	binding->unsorted = kills && kills != HR_UNKNOWN ? 0 : memory_unsorted(&there);
}

static void fill_binding(struct containers *containers, const struct worker_job *job,
			 struct hr_slot *at, const struct account *account)
{
	bool same = at->binding.level == account->level && at->binding.cgroup.at &&
		    at->binding.cgroup_id == account->binding_id;
	const char *path = "/";
	const struct track *owner;

	at->binding.limit = account->binding_limit;
	fill_shared(containers, job, account, &at->binding);
	if (same)
		return;
	at->binding.level = (uint8_t)account->level;
	at->binding.cgroup_id = account->binding_id;
	at->binding.cgroup.at = 0;
	owner = tracks_get(&containers->tracks, account->binding_id);
	if (account->level != HR_LEVEL_HOST) {
		const struct hr_slot *from =
			owner ? board_slot(containers->board, owner->slot) : NULL;

		if (!from || !from->id.cgroup.at)
			return; /* its path is not known yet: next time */
		path = (const char *)from + from->id.cgroup.at;
	}
	slot_set_binding_path(containers->board, at, path);
}

static uint64_t refaults_per_second(const struct memcg_sample *row, struct track *track,
				    uint64_t now_ns)
{
	return rate_update(&track->refaults, row->flags & SAMPLE_V1 ? HR_UNKNOWN : row->refaults,
			   now_ns);
}

static void fill_rest(struct hr_slot *at, const struct memcg_sample *row, struct track *track,
		      uint64_t now_ns)
{
	at->pressure = (struct hr_pressure){row->psi_some_avg10_centi, row->psi_full_avg10_centi,
					    row->psi_some_us, row->psi_full_us};
	at->counts = (struct hr_counts){
#define HR_EVENT(name, ...) .name = row->event_##name,
/* of memory.stat, as its last reading has it */
#define HR_COUNTER(name, ...)         .name = row->name != RECORD_UNKNOWN ? row->name : at->counts.name,
#define HR_COUNTER_DERIVED(name, ...) .name = name(row, track, now_ns),
#include <headroom/fields.def>
	};
	at->pids = row->pids;
	at->flags = (at->flags & (HR_SLOT_CUT | HR_SLOT_ARMED | HR_SLOT_ALARMS)) |
		    (row->flags & SAMPLE_V1 ? HR_SLOT_V1 : 0) |
		    (row->flags & SAMPLE_POPULATED ? HR_SLOT_POPULATED : 0) |
		    (row->flags & SAMPLE_HAS_TASKS ? HR_SLOT_HAS_TASKS : 0) |
		    (row->flags & SAMPLE_UNDER_OOM ? HR_SLOT_UNDER_OOM : 0);
}

static void publish_stalls(__u64 memcg_id, const struct stall_value *stall, void *arg)
{
	struct containers *containers = arg;
	const struct track *track = tracks_get(&containers->tracks, memcg_id);
	struct hr_slot *at;

	if (!track)
		return;
	at = board_slot_begin(containers->board, track->slot);
	at->stalls.count = track->stall_base.count + stall->count;
	at->stalls.total_ns = track->stall_base.total_ns + stall->total_ns;
	memcpy(at->stalls.bucket, stall->bucket, sizeof(at->stalls.bucket));
	board_slot_end(containers->board, track->slot);
}

/* Reasons within the cgroup itself, whichever limit binds. */
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

/* Another cgroup raises all its alarms: a container of this pod, or the next one after one that has ended. */
static bool is_raised_by_container(const struct sampling *sampling, const struct hr_slot *at,
				   const struct track *track)
{
	return at->id.kind == HR_KIND_POD &&
	       (track->shared.had_subject || shared_limits_subject(sampling->containers, track));
}

/* The cgroup of the limit that is reached first, or together with its own; NULL: its own alone, or it is not on the board. */
static const struct track *limit_above(const struct sampling *sampling, const struct track *track,
				       const struct hr_slot *at)
{
	struct tracks *tracks = &sampling->containers->tracks;
	const struct track *above = tracks_get(tracks, at->binding.cgroup_id);

	return at->binding.level == HR_LEVEL_OWN ? tracks_get(tracks, track->shared.shared_id)
						 : above;
}

/* The alarm that this cgroup raises. Where a limit above it binds, or the host's memory, that level raises it, once, and
 * not each of the many cgroups that share it; or the one of them that is its subject does. */
static uint8_t alarm_of_its_own(const struct sampling *sampling, const struct hr_slot *at,
				const struct track *track)
{
	const struct track *above = limit_above(sampling, track, at);
	bool raised_above = at->binding.level == HR_LEVEL_HOST ? sampling->has_host : !!above;
	uint8_t alarm = at->forecast.alarm;

	if (is_raised_by_container(sampling, at, track))
		return HR_ALARM_NONE;
	if (above && above->shared.subject_id == track->memcg_id)
		return alarm > above->level_alarm ? alarm : above->level_alarm;
	if (of_itself(&at->forecast))
		return alarm;
	if (shared_limits_subject(sampling->containers, track))
		return HR_ALARM_NONE;
	return at->binding.level == HR_LEVEL_OWN || !raised_above ? alarm : HR_ALARM_NONE;
}

/* A cgroup inherits a worse forecast from those above it, which a sweep samples first. A parent that only the host bounds
 * adds nothing. */
static void inherit(const struct sampling *sampling, struct hr_slot *at, struct track *track)
{
	const struct track *above = tracks_get(&sampling->containers->tracks, track->parent_id);

	track->path = at->forecast;
	if (above && above->sampled_ns &&
	    board_slot(sampling->board, above->slot)->binding.level != HR_LEVEL_HOST)
		forecast_inherit(&track->path, &above->path, HR_LEVEL_ANCESTOR);
	at->forecast = track->path;
	if (sampling->has_host)
		forecast_inherit(&at->forecast, &board_host(sampling->board)->forecast,
				 HR_LEVEL_HOST);
}

static void score_slot(struct hr_score *score, struct hr_slot *at, struct track *track)
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

	forecast_accuracy(&track->forecast, &sight.record);
	score_look(&track->score, &sight, score);
	at->intervals = (uint16_t)sight.record.checked;
	at->intervals_covered = (uint16_t)sight.record.covered;
}

/* NULL: not on the board. */
static const struct shared_limit *binding_limit(const struct sampling *sampling,
						const struct hr_slot *at)
{
	const struct track *track =
		tracks_get(&sampling->containers->tracks, at->binding.cgroup_id);

	return at->binding.level == HR_LEVEL_HOST ? &sampling->containers->host_shared
	       : track                            ? &track->shared
						  : NULL;
}

static void forecast_slot(const struct sampling *sampling, struct hr_slot *at, struct track *track,
			  uint64_t now_ns)
{
	const struct shared_limit *limit = binding_limit(sampling, at);
	struct forecast_input input = {
		.t_ns = now_ns,
		.usage = at->memory.usage,
		.unreclaimable = at->memory.unreclaimable,
		.headroom = at->memory.headroom,
		.limit = at->binding.limit,
		.binding_level = at->binding.level,
		.claimed = limit ? limit->claimed : 0,
		.claims_changed = limit && limit->claims != track->shared.claims_seen,
		.high = at->memory.high,
		.anon = at->memory.anon,
		.file = at->memory.file,
		.shmem = at->memory.shmem,
		.kernel = at->memory.kernel,
		.slab = at->memory.slab_reclaimable,
		.pending = memory_pending(&at->memory),
		.unsorted = memory_unsorted(&at->memory),
		.above_used = at->binding.used,
		.above_pending = at->binding.pending,
		.above_unsorted = at->binding.unsorted,
		.swap = at->memory.swap,
		.swap_free = sampling->has_host ? sampling->host.swap_free : HR_UNKNOWN,
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
	track->shared.claims_seen = limit ? limit->claims : 0;
	track->level_alarm = at->forecast.alarm;
	track->own_alarm = alarm_of_its_own(sampling, at, track);
	at->flags = (at->flags & ~HR_SLOT_ALARMS) | (track->own_alarm ? HR_SLOT_ALARMS : 0);
	inherit(sampling, at, track);
	score_slot(&sampling->containers->score, at, track);
}

/* Events for what has changed enough; after board_slot_end(). */
static void emit_changes(const struct sampling *sampling, struct track *track, uint64_t now_ns)
{
	uint32_t slot = track->slot;
	struct board *board = sampling->board;
	const struct hr_slot *at = board_slot(board, slot);
	bool by_container = is_raised_by_container(sampling, at, track);
	uint32_t full = at->pressure.full_avg10_centi;
	bool under_oom = at->flags & HR_SLOT_UNDER_OOM;

	track->warned_ns = at->forecast.alarm < HR_ALARM_WARN ? 0
			   : track->warned_ns                 ? track->warned_ns
							      : now_ns;
	if (track->own_alarm != track->alarm) {
		enum hr_alarm from = track->alarm;

		track->alarm = track->own_alarm;
		events_alarm(board, slot, from, track->alarm);
		memory_maps_alarm(sampling->maps, slot, track->alarm, now_ns);
	}
	if (at->forecast.leak != track->leak) {
		enum hr_leak_state from = track->leak;

		track->leak = at->forecast.leak;
		if (!by_container)
			events_leak(board, slot, from);
	}
	if (full != HR_UNKNOWN_U32 && (track->stalled ? full < STALL_LEAVE : full >= STALL_ENTER)) {
		track->stalled = !track->stalled;
		if (!by_container)
			events_pressure(board, slot,
					track->stalled ? HR_PRESSURE_ENTERED : HR_PRESSURE_LEFT);
	}
	if (under_oom != track->under_oom) {
		track->under_oom = under_oom;
		events_pressure(board, slot,
				under_oom ? HR_PRESSURE_UNDER_OOM : HR_PRESSURE_UNDER_OOM_LEFT);
	}
}

static void count_kills(struct sampling *sampling, struct track *track,
			const struct memcg_sample *row, uint64_t now_ns)
{
	if (row->own_oom_kills == RECORD_UNKNOWN)
		return;
	containers_read_kills(sampling->containers, track, row->own_oom_kills, row->own_oom_groups,
			      row->flags & SAMPLE_OOM_GROUP);
	sampling->counted(track, now_ns, sampling->arg);
}

/* What takes headroom where the limit is. Under an ancestor's that is what is certain: the rest is in binding.pending and
 * binding.unsorted, which are of the last sweep. */
static uint64_t takes(const struct hr_slot *at)
{
	return at->binding.level == HR_LEVEL_ANCESTOR ? memory_certain(&at->memory)
						      : at->memory.unreclaimable;
}

/* What takes headroom was this much before: the headroom follows, whichever level binds. */
static void shift_headroom(struct hr_slot *at, uint64_t before)
{
	uint64_t now = takes(at), *headroom = &at->memory.headroom;

	if (before == HR_UNKNOWN || now == HR_UNKNOWN || *headroom == HR_UNKNOWN)
		return;
	if (now > before)
		*headroom -= now - before < *headroom ? now - before : *headroom;
	else
		*headroom += before - now;
}

/* A usage without its parts: its growth is of unknown kind, page cache or not, and consumes no headroom. Only what it has fallen below is
 * certain. */
static void take_usage(struct hr_slot *at, uint64_t usage)
{
	struct hr_memory *memory = &at->memory;
	uint64_t before = takes(at);

	memory->usage = usage;
	if (memory->unreclaimable != HR_UNKNOWN && memory->unreclaimable > usage)
		memory->unreclaimable = usage;
	if (memory->peak == HR_UNKNOWN || usage > memory->peak)
		memory->peak = usage;
	shift_headroom(at, before);
}

/* A usage and its parts of one moment. Figures that come from other files stay. */
static void take_split(struct hr_slot *at, const struct memcg_sample *sample)
{
	struct hr_memory *memory = &at->memory;
	uint64_t before;

	take_usage(at, sample->usage);
	before = takes(at);
#define HR_MEMORY_STAT(name, ...)           \
	if (sample->name != RECORD_UNKNOWN) \
		memory->name = sample->name;
#include <headroom/fields.def>
	memory->working_set = account_working_set(sample);
	memory->unreclaimable = account_unreclaimable(sample, NULL);
	shift_headroom(at, before);
}

/* What a sweep brought is older than the last split. */
static void keep_split(struct hr_slot *at, const struct hr_memory *fresh)
{
	struct hr_memory *memory = &at->memory;
	uint64_t before = takes(at);

	memory->usage = fresh->usage;
	memory->working_set = fresh->working_set;
#define HR_MEMORY_STAT(name, ...) memory->name = fresh->name;
#include <headroom/fields.def>
	memory->unreclaimable = fresh->unreclaimable;
	shift_headroom(at, before);
}

static void publish_row(struct sampling *sampling, const struct memcg_sample *row,
			const struct account *account, struct track *track)
{
	const struct worker_job *job = &sampling->worker.job;
	uint64_t now = job->begun_ns;
	struct hr_slot *at = board_slot_begin(sampling->board, track->slot);
	bool fresher = track->sampled_ns >= now; /* a fast reading came after this sweep began */
	struct hr_memory fresh = at->memory;
	struct hr_counts before = at->counts;

	if (track->parent_id != row->parent_id)
		sampling->containers->kills_settled = false;
	track->parent_id = at->parent_id = row->parent_id;
	track->seen_sweep = job->number;
	fill_memory(&at->memory, row, account);
	track->limit_changed |= !track->sampled_ns || at->memory.limit != fresh.limit;
	fill_binding(sampling->containers, job, at, account);
	fill_rest(at, row, track, now);
	if (at->counts.oom_kill != before.oom_kill ||
	    at->counts.oom_group_kill != before.oom_group_kill)
		sampling->containers->kills_settled = false;
	at->sampled_ns = board_now_ns(sampling->board);
	if (fresher) {
		keep_split(at, &fresh);
	} else {
		forecast_slot(sampling, at, track, now);
		history_add(sampling->containers, at, track, now);
	}
	board_slot_end(sampling->board, track->slot);
	count_kills(sampling, track, row, now);
	emit_changes(sampling, track, now);
	fast_poll_consider(&sampling->fast_poll, track, now);
}

/* Ends cgroups that the sweep has not seen. */
static void end_missing(struct sampling *sampling, const struct worker_job *job)
{
	struct tracks *tracks = &sampling->containers->tracks;
	/* Where a sweep sees populated cgroups only (5.10), cgroup files bring the empty ones more rarely: to be missing
	 * means little there, and the kernel records each removal. A record may be lost, though. */
	uint64_t patience =
		sampling->removal_recorded && sampling->populated_only ? MISSED_MOST : 1;

	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		struct track *track = &tracks->track[slot];

		if (track->memcg_id && !track->gone_ns && track->born_ns < job->begun_ns &&
		    job->number - track->seen_sweep >= patience)
			containers_end(sampling->containers, track);
	}
}

void sampling_sweep(struct sampling *sampling)
{
	struct containers *containers = sampling->containers;
	struct worker_job *job = &sampling->worker.job;

	containers->sweep_number = job->number;
	for (size_t i = 0; i < job->n_rows; i++) {
		const struct track *track =
			containers_of_row(containers, job->rows[i].id, job->rows[i].parent_id);

		job->track[i] = track ? track->slot : TRACK_NONE;
		if (track)
			merge_stat(&job->rows[i],
				   &board_slot(sampling->board, track->slot)->memory);
	}
	collect_stalls(sampling->collector, publish_stalls, containers);
	account_path(job->rows, job->n_rows, &sampling->host, job->parent, job->accounts);
	shared_limits_update(containers, job);
	for (size_t i = 0; i < job->n_rows; i++) {
		struct track *track = job->track[i] == TRACK_NONE
					      ? NULL
					      : &containers->tracks.track[job->track[i]];

		if (track && !track->gone_ns)
			publish_row(sampling, &job->rows[i], &job->accounts[i], track);
	}
	if (job->sweep_error) /* not all rows came: a cgroup without one is not gone */
		return;
	end_missing(sampling, job);
	kills_below_check(containers, job->begun_ns, sampling->counted, sampling->arg);
}

void sampling_usage(struct sampling *sampling, struct track *track, uint64_t usage)
{
	struct hr_slot *at = board_slot_begin(sampling->board, track->slot);

	take_usage(at, usage);
	at->sampled_ns = board_now_ns(sampling->board);
	board_slot_end(sampling->board, track->slot);
}

void sampling_split(struct sampling *sampling, struct track *track,
		    const struct memcg_sample *sample, uint64_t read_ns)
{
	struct hr_slot *at;

	if (read_ns <= track->sampled_ns) /* a sweep that began later is on the board already */
		return;
	at = board_slot_begin(sampling->board, track->slot);
	take_split(at, sample);
	at->sampled_ns = board_now_ns(sampling->board);
	forecast_slot(sampling, at, track, read_ns);
	history_add(sampling->containers, at, track, read_ns);
	board_slot_end(sampling->board, track->slot);
	emit_changes(sampling, track, read_ns);
}
