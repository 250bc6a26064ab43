/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Boards with plausible containers for tests and for tools/make-board. Deterministic: the same
 * numbers give the same bytes, times included. The guard of such a board is "alive" for ever
 * (FIXTURE_ALIVE) or has died long ago.
 *
 * 	struct fixture fixture = {.containers = 30, .seed = 1};
 * 	fixture_open(&fixture, path);		// makes the board, all containers, their events
 * 	fixture_step(&fixture);			// a second later
 * 	fixture_leave(&fixture);		// unmaps; the file stays, RUNNING
 */
#ifndef HEADROOM_FIXTURE_BOARD_H
#define HEADROOM_FIXTURE_BOARD_H

#include <fcntl.h>
#include <unistd.h>
#include <headroom/record.h>

#include "fixture_slot.h"

union fixture_event {
	struct hr_event event;
	struct hr_event_oom_kill oom;
	struct hr_event_container container;
	struct hr_event_daemon daemon;
	struct hr_event_pressure pressure;
	struct hr_event_forecast forecast;
	struct hr_event_outcome outcome;
	struct hr_event_oom_score_adj adj;
	struct hr_event_action action;
	struct hr_event_memory_map map;
	unsigned char space[HR_EVENT_MAX_BYTES];
};

/* An event about a slot (NULL: the guard's own), ready for its payload and text. */
static inline void fixture_event_begin(struct fixture *f, union fixture_event *e,
				       struct board_text *text, enum hr_event_type type,
				       size_t fixed, const struct hr_slot *slot)
{
	memset(e, 0, sizeof(*e));
	e->event.type = (uint16_t)type;
	e->event.time_ns = f->now_ns;
	board_text_init(text, e, fixed, sizeof(*e));
	if (!slot)
		return;
	e->event.cgroup_id = slot->cgroup_id;
	board_text_identity(text, slot, sizeof(*slot), &slot->id, &e->event.id);
}

static inline uint64_t fixture_event_post(struct fixture *f, union fixture_event *e,
					  const struct board_text *text)
{
	e->event.bytes = (text->start + text->used + 7) & ~7u;
	return board_event_post(f->board, &e->event);
}

static inline void fixture_oom_process(struct fixture *f, struct board_text *text,
				       const struct hr_slot *slot, struct hr_oom_process *party,
				       const char *cmdline)
{
	*party = (struct hr_oom_process){.pid = slot->process[0].pid,
					 .tid = slot->process[0].pid,
					 .uid = 1000,
					 .start_boottime_ns = slot->process[0].start_boottime_ns,
					 .started_ns = slot->started_ns,
					 .cgroup_id = slot->cgroup_id,
					 .anon = slot->memory.anon,
					 .file = slot->memory.file / 4,
					 .shmem = 0,
					 .swap = 0,
					 .pgtables = 512 << 10};
	memcpy(party->comm, slot->process[0].comm, sizeof(party->comm));
	board_text_identity(text, slot, sizeof(*slot), &slot->id, &party->id);
	party->cmdline = board_text_add(text, cmdline, false);
}

static inline void fixture_oom_kill(struct fixture *f, uint32_t index)
{
	const struct hr_slot *slot = board_slot(f->board, index);
	union fixture_event e;
	struct board_text text;
	uint64_t ref;

	fixture_event_begin(f, &e, &text, HR_EVENT_OOM_KILL, sizeof(e.oom), slot);
	e.event.severity = HR_CRITICAL;
	fixture_oom_process(f, &text, slot, &e.oom.trigger, "tail /dev/zero");
	fixture_oom_process(f, &text, slot, &e.oom.victim,
			    f->hostile ? "sh -c \"\033[1mboom\n\"" : "tail /dev/zero");
	e.oom.level = HR_LEVEL_OWN;
	e.oom.constraint = HR_CONSTRAINT_MEMCG;
	e.oom.gfp = 0xcc0;
	e.oom.limit_cgroup_id = slot->cgroup_id;
	e.oom.limit_usage = e.oom.limit_max = slot->binding.limit;
	e.oom.limit_cgroup = board_text_add(&text, hr_slot_text(slot, slot->id.cgroup), true);
	e.oom.risk_centi = 9100;
	e.oom.oom_in_p50_ms = 1500;
	e.oom.warned_before_ms = 42000;
	e.oom.created_ns = FIXTURE_T0_NS;
	e.oom.history_count = 3;
	for (uint32_t i = 0; i < 3; i++)
		e.oom.history[i] = (struct hr_point){fixture_centis(f) + i * 100, 1000 * (i + 1),
						     900 * (i + 1), 2000 - 500 * i};
	ref = fixture_event_post(f, &e, &text);
	fixture_event_begin(f, &e, &text, HR_EVENT_OUTCOME, sizeof(e.outcome), slot);
	e.outcome.ref = ref;
	e.outcome.freed = slot->memory.anon;
	e.outcome.freed_after_ms = 8;
	e.outcome.restarted_after_ms = HR_UNKNOWN;
	e.outcome.averted = HR_UNKNOWN_U32;
	fixture_event_post(f, &e, &text);
}

/* One of each kind, for the containers that it fits. */
static inline void fixture_events(struct fixture *f, uint32_t i, uint32_t index)
{
	const struct hr_slot *slot = board_slot(f->board, index);
	union fixture_event e;
	struct board_text text;

	fixture_event_begin(f, &e, &text, HR_EVENT_CONTAINER, sizeof(e.container), slot);
	e.container.what = slot->state == HR_SLOT_GONE ? HR_CONTAINER_GONE : HR_CONTAINER_APPEARED;
	e.container.restarts = (uint32_t)slot->restarts;
	e.container.oom_kills_total = slot->oom_kills_total;
	e.container.uptime_ms = slot->state == HR_SLOT_GONE ? 61000 : HR_UNKNOWN;
	e.container.peak = slot->state == HR_SLOT_GONE ? slot->memory.peak : HR_UNKNOWN;
	fixture_event_post(f, &e, &text);
	if (slot->oom_kills_total)
		fixture_oom_kill(f, index);
	if (slot->forecast.alarm) {
		fixture_event_begin(f, &e, &text, HR_EVENT_RISK, sizeof(e.forecast), slot);
		e.event.severity = slot->forecast.alarm == HR_ALARM_ACT ? HR_CRITICAL : HR_WARNING;
		e.forecast.to = slot->forecast.alarm;
		e.forecast.usage = slot->memory.usage;
		e.forecast.headroom = slot->memory.headroom;
		e.forecast.forecast = slot->forecast;
		fixture_event_post(f, &e, &text);
		e.event.type = HR_EVENT_LEAK;
		e.forecast.to = slot->forecast.leak;
		fixture_event_post(f, &e, &text);
	}
	if (slot->pressure.full_avg10_centi) {
		fixture_event_begin(f, &e, &text, HR_EVENT_PRESSURE, sizeof(e.pressure), slot);
		e.event.severity = HR_WARNING;
		e.pressure.what = HR_PRESSURE_ENTERED;
		e.pressure.pressure = slot->pressure;
		e.pressure.usage = slot->memory.usage;
		e.pressure.limit = slot->memory.limit;
		fixture_event_post(f, &e, &text);
	}
	if (i % 11 == 0) {
		fixture_event_begin(f, &e, &text, HR_EVENT_OOM_SCORE_ADJ, sizeof(e.adj), slot);
		e.adj.pid = slot->process[0].pid;
		e.adj.oom_score_adj = -500;
		memcpy(e.adj.comm, slot->process[0].comm, sizeof(e.adj.comm));
		fixture_event_post(f, &e, &text);
	}
}

/* Of the largest process of a container, again after 40 s. */
static inline void fixture_map(struct fixture *f, uint32_t index, bool again)
{
	static const struct {
		enum hr_map_kind kind;
		uint32_t mappings;
		uint64_t mib, grown;
		const char *name, *hostile;
	} regions[] = {
		{HR_MAP_GLIBC_ARENA, 28, 240, 166, NULL, NULL},
		{HR_MAP_MEMFD, 1, 24, 14, "frames", "fr\033[5m\n"},
		{HR_MAP_FILE, 5, 12, 0, "/usr/lib/libshop.so.1", "/tmp/\xe2\x80\xae.so"},
		{HR_MAP_FILE, 40, 4, 0, NULL, NULL},
		{HR_MAP_REST, 1, 1, 0, NULL, NULL},
	};
	const struct hr_slot *slot = board_slot(f->board, index);
	union fixture_event e;
	struct board_text text;

	fixture_event_begin(f, &e, &text, HR_EVENT_MEMORY_MAP, sizeof(e.map), slot);
	e.map.pid = slot->process[0].pid;
	e.map.start_boottime_ns = slot->process[0].start_boottime_ns;
	memcpy(e.map.comm, slot->process[0].comm, sizeof(e.map.comm));
	e.map.since_ms = again ? 40000 : HR_UNKNOWN;
	e.map.growth = again ? 0 : HR_UNKNOWN_I64;
	e.map.took_ns = 12000000;
	e.map.regions = ARRAY_SIZE(regions);
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		uint64_t mib = regions[i].mib - (again ? 0 : regions[i].grown);
		int64_t grown = (int64_t)(regions[i].grown * FIXTURE_MIB);

		e.map.region[i] = (struct hr_map_region){
			.kind = (uint8_t)regions[i].kind,
			.mappings = regions[i].mappings,
			.resident = mib * FIXTURE_MIB,
			.growth = again ? grown : HR_UNKNOWN_I64,
			.name = board_text_add(
				&text, f->hostile ? regions[i].hostile : regions[i].name, false),
		};
		e.map.mappings += regions[i].mappings;
		e.map.resident += mib * FIXTURE_MIB;
		e.map.growth += again ? grown : 0;
	}
	fixture_event_post(f, &e, &text);
}

static inline void fixture_host(struct fixture *f)
{
	struct hr_host *host = board_host_begin(f->board);

	host->cgroup_version = 2;
	snprintf(host->node, sizeof(host->node), "%s", f->hostile ? "no\033[5mde" : "node-1");
	snprintf(host->kernel, sizeof(host->kernel), "6.12.0");
	snprintf(host->version, sizeof(host->version), "0.0.0");
	host->sampled_ns = f->now_ns;
	host->mem_total = FIXTURE_HOST_BYTES;
	host->mem_available =
		FIXTURE_HOST_BYTES / 3 + (f->now_ns / FIXTURE_STEP_NS % 64) * FIXTURE_MIB;
	host->headroom = host->mem_available;
	host->pressure = (struct hr_pressure){12, 0, 34567, 1234};
	host->forecast = (struct hr_forecast){.drift_bytes_per_second = -4096,
					      .rss_drift_bytes_per_second = 0,
					      .oom_in_p10_ms = HR_UNKNOWN,
					      .oom_in_p50_ms = HR_UNKNOWN,
					      .oom_in_p90_ms = HR_UNKNOWN,
					      .risk_centi = 40,
					      .confidence_milli = 900};
	host->memory = (struct hr_host_memory){
#define HR_HOST_MEMORY(name, ...) .name = HR_UNKNOWN,
#include <headroom/host_memory.def>
	};
	host->memory.hugetlb = 0;
	host->swap_cost_milli = UINT32_MAX;
	if (f->packed) {
		host->memory.hugetlb = FIXTURE_HOST_BYTES / 2;
		host->memory.zram = 300 * FIXTURE_MIB;
		host->swap_total = 4096 * FIXTURE_MIB;
		host->swap_free = 3072 * FIXTURE_MIB;
		host->swap_cost = 900 * FIXTURE_MIB;
		host->zram_swap_total = 4096 * FIXTURE_MIB;
		host->zram_swap_used = 1024 * FIXTURE_MIB;
		host->swap_cost_milli = 293;
		host->swap_cost_measured = 1;
		host->headroom += host->swap_free - host->swap_cost;
	}
	host->pid = 4242;
	host->started_ns = FIXTURE_T0_NS;
	host->rss_bytes = 5 * FIXTURE_MIB;
	host->cpu_ns = 120000000 + (f->now_ns - FIXTURE_T0_NS) / 500;
	host->heap_bytes = FIXTURE_MIB;
	host->sweep_ns = 250000;
	host->sweeps = 1 + (f->now_ns - FIXTURE_T0_NS) / FIXTURE_STEP_NS;
	host->interval_ms = 1000;
	host->containers = f->containers - (f->containers / 17);
	host->capacity = board_capacity(f->board);
	snprintf(host->source[0].signal, sizeof(host->source[0].signal), "oom_kill");
	snprintf(host->source[0].variant, sizeof(host->source[0].variant), "tp_btf/mark_victim");
	snprintf(host->source[1].signal, sizeof(host->source[1].signal), "sweep");
	snprintf(host->source[1].variant, sizeof(host->source[1].variant), "iter/cgroup");
	if (f->containers > 1)
		host->degraded[0] = (struct hr_degraded){
			.since_ns = FIXTURE_T0_NS,
			.what = "signals",
			.text = "a lesser source is used for: lifecycle, reclaim_stall"};
	host->process[0] = (struct hr_process){.pid = 812,
					       .start_boottime_ns = 5,
					       .rss_bytes = 90 * FIXTURE_MIB,
					       .growth_bytes_per_second = 0,
					       .comm = "dockerd"};
	if (f->containers > 1) /* a lonely one has seen nothing yet */
		host->score = (struct hr_score){.intervals = 412,
						.intervals_covered = 330,
						.times = 23,
						.times_covered = 18,
						.time_error = {9, 6, 4, 3, 1},
						.time_error_sum_milli = 2990,
						.warn = {9, 1, 2},
						.act = {8, 0, 1},
						.oom_kills = {8, 1},
						.lead = {0, 0, 1, 4, 3},
						.lead_sum_ms = 634000,
						.risks = 600,
						.risks_observed = 9,
						.risk_sum_milli = 10200,
						.brier_sum_micro = 3100000};
	board_host_end(f->board);
}

static inline int fixture_open(struct fixture *f, const char *path)
{
	uint32_t capacity = f->capacity ? f->capacity : f->containers > 256 ? f->containers : 256;
	struct board_config config = {.path = path, .capacity = capacity, .text_bytes = f->text};
	struct hr_board_header *header;
	union fixture_event e;
	struct board_text text;
	int r = board_open(&config, &f->board, NULL);

	if (r)
		return r;
	f->random = f->seed;
	f->now_ns = FIXTURE_T0_NS;
	header = board_header(f->board);
	header->instance = 0x1000 + f->seed;
	if (!f->young) { /* its times are made up: no clock goes with them */
		header->created_ns = FIXTURE_T0_NS;
		header->created_boot_ns = 0;
		memset(header->boot_id, 0, sizeof(header->boot_id));
	}
	header->daemon_pid = 4242;
	fixture_host(f);
	fixture_event_begin(f, &e, &text, HR_EVENT_DAEMON, sizeof(e.daemon), NULL);
	e.daemon.what = HR_DAEMON_STARTED;
	e.daemon.text = board_text_add(&text, "observing, cgroup v2", false);
	fixture_event_post(f, &e, &text);
	for (uint32_t i = 0; i < f->containers; i++) {
		uint32_t index;

		r = board_slot_take(f->board, &index);
		if (r)
			return r;
		fixture_fill(f, i, index);
		fixture_events(f, i, index);
	}
	for (int again = 0; f->maps && again < 2; again++)
		fixture_map(f, 0, again);
	return 0;
}

/* One second on: every running container moves, a few events happen. */
static inline void fixture_step(struct fixture *f)
{
	f->now_ns += FIXTURE_STEP_NS;
	fixture_host(f);
	for (uint32_t i = 0; i < f->containers; i++) {
		const struct hr_slot *seen = board_slot(f->board, i);
		uint64_t most = seen->memory.limit == HR_UNKNOWN ? FIXTURE_HOST_BYTES / 2
								 : seen->memory.limit;
		int64_t move = f->still ? 0
					: fixture_drift(i) +
						  (int64_t)(fixture_random(f) % 17) * 4096 -
						  8 * 4096;
		struct hr_slot *slot;

		if (seen->state != HR_SLOT_RUNNING)
			continue;
		slot = board_slot_begin(f->board, i);
		slot->memory.usage = (uint64_t)((int64_t)slot->memory.usage + move) & ~4095ULL;
		if (slot->memory.usage > most) /* over: as if it had been killed and begun anew */
			slot->memory.usage = most / 4 & ~4095ULL;
		slot->pressure.some_total_us += i % 7 == 3 ? fixture_random(f) % 50000 : 0;
		fixture_derive(f, slot);
		fixture_forecast(f, slot, fixture_drift(i));
		fixture_point(f, slot);
		board_slot_end(f->board, i);
	}
	if (f->containers && f->now_ns / FIXTURE_STEP_NS % 10 == 0)
		fixture_events(f, 0, 0);
}

/* Leaves the file as a living guard's (or a dead one's), and forgets it. */
static inline int fixture_leave(struct fixture *f)
{
	_cleanup_close_ int fd = open(board_path(f->board), O_WRONLY | O_CLOEXEC);
	uint64_t heartbeat = f->dead    ? 1
			     : f->young ? board_header(f->board)->heartbeat_ns
					: HR_UNKNOWN - 1;
	uint32_t state = HR_BOARD_RUNNING;

	board_close(take_ptr(f->board));
	if (fd < 0 ||
	    pwrite(fd, &state, sizeof(state), offsetof(struct hr_board_header, state)) !=
		    sizeof(state) ||
	    pwrite(fd, &heartbeat, sizeof(heartbeat),
		   offsetof(struct hr_board_header, heartbeat_ns)) != sizeof(heartbeat))
		return -EIO;
	return 0;
}

/* `frames` frames, one a second, of the board that is open. */
static inline int fixture_record(struct fixture *f, const char *path, uint32_t frames)
{
	struct hr_recorder *recorder = NULL;
	struct hr_reader *reader = NULL;
	uint64_t created = FIXTURE_T0_NS;
	int fd, r = hr_reader_open(board_path(f->board), &reader);

	if (!r)
		r = hr_recorder_new(path, false, &recorder);
	board_header(f->board)->heartbeat_ns = HR_UNKNOWN - 1;
	for (uint32_t i = 0; !r && i < frames; i++) {
		if (i)
			fixture_step(f);
		r = hr_recorder_frame_at(recorder, reader, f->now_ns);
	}
	hr_recorder_close(recorder);
	hr_reader_close(reader);
	if (r)
		return r;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = pwrite(fd, &created, sizeof(created), offsetof(struct hr_record_header, created_ns)) ==
			    sizeof(created)
		    ? 0
		    : -EIO;
	close(fd);
	return r;
}

#endif
