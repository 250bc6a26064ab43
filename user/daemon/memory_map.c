// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "memory_map.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "events.h"

#define MAPS_MOST  2 /* of an episode … */
#define READS_MOST 4 /* … and tries, where a process ends or another becomes the largest */
#define AGAIN_NS   (60 * NS_PER_SEC) /* an alarm that comes again so soon is the same episode */
#define LATE_NS    (10 * NS_PER_SEC) /* no answer comes any more */
#define APART_NS   (2 * NS_PER_SEC)  /* between the two maps, at least */
#define GROWN_MIN  (4ull << 20)      /* bytes of growth that are worth a second map, at least … */
#define GROWN_PART 32                /* … and this part of the usage */

void memory_maps_init(struct memory_maps *maps, struct board *board, struct containers *containers,
		      struct resolver_client *resolver)
{
	*maps = (struct memory_maps){
		.board = board, .containers = containers, .resolver = resolver};
}

static struct map_episode *find(struct memory_maps *maps, uint64_t memcg_id)
{
	for (size_t i = 0; i < MAP_EPISODES; i++)
		if (maps->episode[i].used && maps->episode[i].memcg_id == memcg_id)
			return &maps->episode[i];
	return NULL;
}

/* A free place, or that of the episode that ended first; NULL: all go on. */
static struct map_episode *place(struct memory_maps *maps)
{
	struct map_episode *oldest = NULL;

	for (size_t i = 0; i < MAP_EPISODES; i++) {
		struct map_episode *e = &maps->episode[i];

		if (!e->used)
			return e;
		if (e->ended_ns && (!oldest || e->ended_ns < oldest->ended_ns))
			oldest = e;
	}
	return oldest;
}

void memory_maps_alarm(struct memory_maps *maps, uint32_t slot, enum hr_alarm alarm,
		       uint64_t now_ns)
{
	struct map_episode *e;
	uint64_t id;

	if (!maps)
		return;
	id = slot == TRACK_NONE ? 0 : board_slot(maps->board, slot)->cgroup_id;
	e = find(maps, id);
	if (alarm == HR_ALARM_NONE) {
		if (e && !e->ended_ns)
			e->ended_ns = now_ns;
		return;
	}
	if (e && (!e->ended_ns || now_ns - e->ended_ns < AGAIN_NS)) {
		e->ended_ns = 0;
		return;
	}
	if (alarm < HR_ALARM_WARN)
		return;
	if (!e)
		e = place(maps);
	if (e)
		*e = (struct map_episode){.used = true, .memcg_id = id};
}

/* NULL: the host's, or gone. */
static const struct track *track_of(const struct memory_maps *maps, uint64_t memcg_id)
{
	return memcg_id ? tracks_get(&maps->containers->tracks, memcg_id) : NULL;
}

/* ---- which process ---- */

static bool is_below(const struct memory_maps *maps, const struct track *track, uint64_t memcg_id)
{
	for (unsigned int level = 0; track && level < LEVELS_MOST; level++) {
		if (track->memcg_id == memcg_id)
			return true;
		track = tracks_get(&maps->containers->tracks, track->parent_id);
	}
	return false;
}

/* The largest of the cgroup and those below it, as of the last process pass; NULL: none is known. */
static const struct hr_process *largest(const struct memory_maps *maps, uint64_t memcg_id)
{
	const struct tracks *tracks = &maps->containers->tracks;
	const struct hr_process *most = NULL;

	if (!memcg_id)
		most = board_host(maps->board)->process;
	for (uint32_t slot = 0; memcg_id && slot < tracks->capacity; slot++) {
		const struct track *track = &tracks->track[slot];
		const struct hr_process *one;

		if (!track->memcg_id || track->gone_ns)
			continue;
		one = board_slot(maps->board, slot)->process;
		if (one->pid && (!most || one->rss_bytes > most->rss_bytes) &&
		    is_below(maps, track, memcg_id))
			most = one;
	}
	return most && most->pid ? most : NULL;
}

/* ---- when ---- */

static uint64_t usage_of(const struct memory_maps *maps, const struct track *track)
{
	const struct hr_host *host = board_host(maps->board);

	if (track)
		return board_slot(maps->board, track->slot)->memory.usage;
	return host->mem_total == HR_UNKNOWN || host->mem_available == HR_UNKNOWN
		       ? HR_UNKNOWN
		       : host->mem_total - host->mem_available;
}

static bool is_due(const struct memory_maps *maps, const struct map_episode *e, uint64_t now_ns)
{
	const struct track *track = track_of(maps, e->memcg_id);
	enum hr_alarm alarm;
	uint64_t usage, grown;

	if (!e->used || e->ended_ns || e->maps == MAPS_MOST || e->reads == READS_MOST ||
	    (e->asked_ns && now_ns - e->asked_ns < LATE_NS) ||
	    (e->memcg_id && (!track || track->gone_ns)))
		return false;
	alarm = e->memcg_id ? track->alarm : board_host(maps->board)->forecast.alarm;
	if (alarm != HR_ALARM_WARN)
		return false;
	if (!e->maps)
		return true;
	usage = usage_of(maps, track);
	if (usage == HR_UNKNOWN || e->usage == HR_UNKNOWN || now_ns - e->read_ns < APART_NS)
		return false;
	grown = usage > e->usage ? usage - e->usage : 0;
	return grown >= GROWN_MIN && grown >= e->usage / GROWN_PART;
}

bool memory_maps_ask(struct memory_maps *maps, struct worker_job *job, uint64_t now_ns)
{
	job->map_pid = 0;
	maps->pending = 0;
	for (uint32_t i = 0; i < MAP_EPISODES; i++) {
		struct map_episode *e = &maps->episode[i];
		const struct hr_process *process;

		if (!is_due(maps, e, now_ns))
			continue;
		process = largest(maps, e->memcg_id);
		if (!process)
			continue;
		/* Of another process than before: there is nothing to compare with. */
		if (process->pid != e->pid || process->start_boottime_ns != e->start_boottime_ns)
			e->maps = 0;
		e->reads++;
		e->pid = process->pid;
		e->start_boottime_ns = process->start_boottime_ns;
		memcpy(e->comm, process->comm, sizeof(e->comm));
		e->asked_ns = now_ns;
		maps->pending = i + 1;
		job->map_pid = e->pid;
		job->map_start_ns = e->start_boottime_ns;
		return true;
	}
	return false;
}

void memory_maps_take(struct memory_maps *maps, struct worker_job *job, uint64_t now_ns)
{
	struct map_episode *e = maps->pending ? &maps->episode[maps->pending - 1] : NULL;
	_cleanup_close_ int fd = job->map_pid ? job->map_fd : -1;

	job->map_pid = 0;
	maps->pending = 0;
	if (e && fd >= 0)
		resolver_ask_map(maps->resolver, e->memcg_id, e->pid, e->start_boottime_ns, fd);
}

/* ---- the answer ---- */

static const char *name_of(const struct resolve_answer *answer, const struct resolve_region *region)
{
	return board_text_at(answer, region->name) ?: "";
}

static uint64_t size_of(uint64_t resident, uint64_t swap) { return resident + swap; }

/* Of the same kind and name in the first map; what is not there had nothing, or little. */
static uint64_t size_before(const struct map_episode *e, uint8_t kind, const char *name)
{
	for (uint32_t i = 0; i < e->first.regions; i++)
		if (e->first.region[i].kind == kind && !strcmp(e->name[i], name))
			return size_of(e->first.region[i].resident, e->first.region[i].swap);
	return 0;
}

static void post(struct memory_maps *maps, const struct map_episode *e,
		 const struct resolve_answer *answer, bool again, uint64_t now_ns)
{
	const struct track *track = track_of(maps, e->memcg_id);
	const struct resolve_map *map = &answer->map;
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_memory_map *event = (void *)&buffer;

	events_begin(maps->board, &buffer, &text, HR_EVENT_MEMORY_MAP, sizeof(*event),
		     e->memcg_id ? track->slot : TRACK_NONE);
	event->pid = e->pid;
	event->start_boottime_ns = e->start_boottime_ns;
	memcpy(event->comm, e->comm, sizeof(event->comm));
	event->mappings = map->mappings;
	event->resident = map->resident;
	event->swap = map->swap;
	event->took_ns = map->took_ns;
	event->since_ms = again ? (now_ns - e->read_ns) / NS_PER_MS : HR_UNKNOWN;
	event->growth = again ? (int64_t)(size_of(map->resident, map->swap) -
					  size_of(e->first.resident, e->first.swap))
			      : HR_UNKNOWN_I64;
	event->regions = map->regions;
	for (uint32_t i = 0; i < map->regions; i++) {
		const struct resolve_region *region = &map->region[i];
		const char *name = name_of(answer, region);

		event->region[i] = (struct hr_map_region){
			.kind = region->kind,
			.name = board_text_add(&text, *name ? name : NULL, false),
			.mappings = region->mappings,
			.resident = region->resident,
			.swap = region->swap,
			.growth = again ? (int64_t)(size_of(region->resident, region->swap) -
						    size_before(e, region->kind, name))
					: HR_UNKNOWN_I64,
		};
	}
	events_post(maps->board, &buffer, &text);
}

static void keep(struct map_episode *e, const struct resolve_answer *answer)
{
	e->first = answer->map;
	memset(e->name, 0, sizeof(e->name));
	for (uint32_t i = 0; i < answer->map.regions; i++)
		strncpy(e->name[i], name_of(answer, &answer->map.region[i]),
			sizeof(e->name[i]) - 1);
}

void memory_maps_answer(struct memory_maps *maps, const struct resolve_answer *answer,
			uint64_t now_ns)
{
	struct map_episode *e = find(maps, answer->cgroup_id);
	const struct track *track = track_of(maps, answer->cgroup_id);

	if (!e || !e->asked_ns || answer->pid != e->pid || (e->memcg_id && !track))
		return;
	/* One that could not be read is asked for again, later (LATE_NS). */
	if (answer->error)
		return;
	e->asked_ns = 0;
	post(maps, e, answer, e->maps > 0, now_ns);
	if (!e->maps++) {
		keep(e, answer);
		e->read_ns = now_ns;
		e->usage = usage_of(maps, track);
	}
}
