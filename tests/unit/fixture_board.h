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
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "board/board.h"
#include "forecast/reason_text.h"

#define FIXTURE_T0_NS      1767225600000000000ULL /* 2026-01-01T00:00:00Z */
#define FIXTURE_STEP_NS    1000000000ULL
#define FIXTURE_MIB        (1ULL << 20)
#define FIXTURE_HOST_BYTES (16ULL << 30)

struct fixture {
	uint32_t containers;
	uint64_t seed;
	bool hostile; /* names that try everything */
	bool dead;    /* the guard's last heartbeat is long ago */
	bool still;   /* nothing moves from step to step */
	bool packed;  /* the host has reserved huge pages, and swap on zram */
	bool young;   /* made and left just now by the clock: may be adopted; not deterministic */
	uint32_t capacity; /* 0: as many as needed, at least 256 */
	/* below: the fixture's own */
	struct board *board;
	uint64_t random;
	uint64_t now_ns;
};

static inline uint64_t fixture_random(struct fixture *f) /* splitmix64: Steele, Lea, Flood, 2014 */
{
	uint64_t z = f->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint64_t fixture_between(struct fixture *f, uint64_t low, uint64_t high)
{
	return low + fixture_random(f) % (high - low + 1);
}

static const char *const fixture_names[] = {
	"web",     "api",   "db",   "cache",   "queue",  "worker",  "mailer",    "search",
	"metrics", "proxy", "auth", "billing", "images", "reports", "scheduler", "gateway",
};

static const char *const fixture_hostile_names[] = {
	"esc\033[2J\033[31mred",
	"new\nline\r\ttab",
	"bell\a\b\x7f",
	"quote\"back\\slash'",
	"rtl\xe2\x80\xae"
	"cod.exe",
	"zero\xe2\x80\x8bwidth\xef\xbb\xbf",
	"bad\xff\xfe\xc0\xaf",
	"surrogate\xed\xa0\x80",
	"c1\xc2\x9b"
	"31m",
	"cut\xe2\x82",
	"</script><b>&amp;",
	"日本語のコンテナ",
	"emoji👩‍👩‍👧",
	"%s%n%d",
	"tag\xf3\xa0\x81\xa1",
	"-rf /",
	"=cmd|' /C calc'!A0",
	" lead and trail ",
	"a,b;c\td",
};

static inline const char *fixture_name(struct fixture *f, uint32_t i, char *text, size_t bytes)
{
	if (f->hostile && i < ARRAY_SIZE(fixture_hostile_names))
		return fixture_hostile_names[i];
	if (f->hostile && i == ARRAY_SIZE(fixture_hostile_names)) {
		memset(text, 'w', bytes - 1); /* longer than any column */
		text[bytes - 1] = 0;
		return text;
	}
	snprintf(text, bytes, "%s-%u", fixture_names[i % ARRAY_SIZE(fixture_names)],
		 i / (uint32_t)ARRAY_SIZE(fixture_names) + 1);
	return text;
}

static inline void fixture_hex(struct fixture *f, char *text, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		text[i] = "0123456789abcdef"[fixture_random(f) & 15];
	text[digits] = 0;
}

/* Runtime by turns: docker, a Kubernetes pod in containerd, a systemd unit, podman, CRI-O, a bare
 * cgroup. */
static inline void fixture_identity(struct fixture *f, uint32_t i, struct board_text *text,
				    struct hr_identity *id)
{
	static const uint8_t turns[] = {HR_RUNTIME_DOCKER,  HR_RUNTIME_CONTAINERD,
					HR_RUNTIME_SYSTEMD, HR_RUNTIME_PODMAN,
					HR_RUNTIME_CRIO,    HR_RUNTIME_NONE};
	char made[300], cid[65], uid[37], pod[340], path[800], image[340];
	const char *name = fixture_name(f, i, made, sizeof(made));

	fixture_hex(f, cid, 64);
	fixture_hex(f, uid, 36);
	uid[8] = uid[13] = uid[18] = uid[23] = '-';
	id->runtime = turns[i % ARRAY_SIZE(turns)];
	id->kind = HR_KIND_CONTAINER;
	id->workload = fixture_random(f) | 1;
	snprintf(image, sizeof(image), "registry.example/%s:1.%u", name, i % 10);
	switch (id->runtime) {
	case HR_RUNTIME_SYSTEMD:
		id->kind = HR_KIND_UNIT;
		snprintf(pod, sizeof(pod), "%s.service", name);
		snprintf(path, sizeof(path), "/system.slice/%s", pod);
		id->name = board_text_add(text, pod, false);
		id->unit = id->name;
		break;
	case HR_RUNTIME_NONE:
		id->kind = HR_KIND_GROUP;
		snprintf(path, sizeof(path), "/jobs/%s", name);
		id->name = board_text_add(text, path, false);
		break;
	case HR_RUNTIME_CONTAINERD:
	case HR_RUNTIME_CRIO:
		snprintf(pod, sizeof(pod), "%s-6d4b75cb6d-%.5s", name, cid);
		snprintf(path, sizeof(path), "/kubepods/burstable/pod%s/%s", uid, cid);
		id->name = board_text_add(text, name, false);
		id->container = id->name;
		id->pod = board_text_add(text, pod, false);
		id->namespace = board_text_add(text, i % 2 ? "shop" : "default", false);
		id->pod_uid = board_text_add(text, uid, false);
		break;
	default:
		snprintf(path, sizeof(path), "/docker/%s", cid);
		id->name = board_text_add(text, name, false);
	}
	id->cgroup = board_text_add(text, path, true);
	if (id->kind == HR_KIND_CONTAINER) {
		id->container_id = board_text_add(text, cid, false);
		id->image = board_text_add(text, image, false);
	}
}

static inline uint32_t fixture_centis(const struct fixture *f)
{
	return (uint32_t)((f->now_ns - FIXTURE_T0_NS) / 10000000);
}

/* What follows from usage and limit. */
static inline void fixture_derive(struct fixture *f, struct hr_slot *slot)
{
	struct hr_memory *m = &slot->memory;
	uint64_t limit = m->limit == HR_UNKNOWN ? FIXTURE_HOST_BYTES : m->limit;
	uint64_t clean;

	m->file = m->usage / 5;
	m->shmem = m->usage / 50;
	m->kernel = m->usage / 40;
	m->anon = m->usage - m->file - m->kernel;
	m->slab_reclaimable = m->kernel / 2;
	m->active_file = m->file / 3;
	m->inactive_file = m->file / 2;
	m->file_dirty = m->file / 20;
	m->file_writeback = 0;
	m->rss = m->anon + m->file / 4;
	m->swap = 0;
	m->swap_limit = HR_UNKNOWN;
	m->working_set = m->usage - m->inactive_file;
	clean = m->active_file + m->inactive_file - m->file_dirty;
	m->unreclaimable = m->usage - clean - m->slab_reclaimable / 2;
	m->headroom = limit > m->unreclaimable ? limit - m->unreclaimable : 0;
	m->high = HR_UNKNOWN;
	m->low = m->min = 0;
	m->peak = m->peak == HR_UNKNOWN || m->peak < m->usage ? m->usage : m->peak;
	slot->binding.limit = limit;
	slot->binding.level = m->limit == HR_UNKNOWN ? HR_LEVEL_HOST : HR_LEVEL_OWN;
	slot->binding.cgroup_id = m->limit == HR_UNKNOWN ? 0 : slot->cgroup_id;
}

static inline void fixture_forecast(struct fixture *f, struct hr_slot *slot, int64_t drift)
{
	struct hr_forecast *o = &slot->forecast;
	uint64_t left = slot->memory.headroom;

	o->drift_bytes_per_second = drift;
	o->rss_drift_bytes_per_second = drift / 2;
	o->confidence_milli = 800;
	o->risk_centi = 120;
	o->leak_bytes_per_hour = drift > 0 ? drift * 3600 : 0;
	if (drift <= 0 || left / (uint64_t)drift > 86400)
		return;
	o->oom_in_p50_ms = left * 1000 / (uint64_t)drift;
	o->oom_in_p10_ms = o->oom_in_p50_ms / 2;
	o->oom_in_p90_ms = o->oom_in_p50_ms * 3;
	o->risk_centi = o->oom_in_p50_ms < 60000 ? 9400 : o->oom_in_p50_ms < 900000 ? 6100 : 900;
	o->alarm = o->risk_centi >= 8000   ? HR_ALARM_ACT
		   : o->risk_centi >= 5000 ? HR_ALARM_WARN
					   : HR_ALARM_NONE;
	o->leak = o->risk_centi >= 5000 ? HR_LEAK_CONFIRMED : HR_LEAK_NONE;
	o->leak_of = o->leak ? HR_LEAK_ANON : HR_LEAK_UNKNOWN;
	o->reason[0] = (struct hr_reason){
		.kind = HR_REASON_DRIFT,
		.weight_centi = 210,
		.arg = {drift, (int64_t)o->oom_in_p50_ms, (int64_t)slot->binding.limit}};
}

static inline void fixture_point(struct fixture *f, struct hr_slot *slot)
{
	struct hr_history *h = &slot->history;
	struct hr_point point = {fixture_centis(f), (uint32_t)(slot->memory.usage >> 10),
				 (uint32_t)(slot->memory.unreclaimable >> 10),
				 (uint32_t)(slot->memory.headroom >> 10)};

	h->fine[h->fine_count++ % HR_FINE] = point;
	if (h->fine_count % 60 == 1)
		h->coarse[h->coarse_count++ % HR_COARSE] = point;
	slot->sampled_ns = f->now_ns;
}

/* How this container moves: most hold still, some grow, some breathe. */
static inline int64_t fixture_drift(uint32_t i)
{
	static const int64_t kib[] = {0, 0, 4, 0, 900, 0, -2, 12, 0, 0, 90, 1};

	return kib[i % ARRAY_SIZE(kib)] * 1024;
}

static inline void fixture_fill(struct fixture *f, uint32_t i, uint32_t index)
{
	struct hr_slot *slot = board_slot_begin(f->board, index);
	struct board_text text;

	board_text_init(&text, slot, offsetof(struct hr_slot, text), sizeof(*slot));
	slot->state = i % 17 == 16 ? HR_SLOT_GONE : HR_SLOT_RUNNING;
	slot->cgroup_id = 1000 + i;
	slot->parent_id = 1;
	slot->started_ns = f->now_ns - fixture_between(f, 60, 900000) * FIXTURE_STEP_NS;
	slot->appeared_ns = slot->started_ns > FIXTURE_T0_NS ? slot->started_ns : FIXTURE_T0_NS;
	slot->gone_ns = slot->state == HR_SLOT_GONE ? f->now_ns : 0;
	slot->flags = HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	slot->pids = (uint32_t)fixture_between(f, 1, 40);
	fixture_identity(f, i, &text, &slot->id);
	slot->memory.limit = i % 5 == 4 ? HR_UNKNOWN : FIXTURE_MIB << fixture_between(f, 6, 11);
	slot->memory.usage =
		slot->memory.limit == HR_UNKNOWN
			? fixture_between(f, 5, 900) * FIXTURE_MIB
			: slot->memory.limit / 100 * fixture_between(f, 10, 95) & ~4095ULL;
	fixture_derive(f, slot);
	slot->binding.cgroup = slot->binding.level == HR_LEVEL_OWN
				       ? slot->id.cgroup
				       : board_text_add(&text, "/", false);
	fixture_forecast(f, slot, fixture_drift(i));
	slot->pressure =
		(struct hr_pressure){i % 7 == 3 ? 512 : 0, i % 7 == 3 ? 130 : 0, i * 1000, i * 300};
	slot->counts = (struct hr_counts){.max = i % 3, .refaults = i * 11};
	slot->stalls = (struct hr_stalls){
		.count = i % 4, .total_ns = (i % 4) * 90000ULL, .bucket = {0, i % 4}};
	slot->oom_kills_total = i % 9 == 8 ? 2 : 0;
	slot->counts.oom_kill = slot->oom_kills_total;
	slot->restarts = slot->oom_kills_total;
	for (uint32_t p = 0; p < 1 + i % HR_PROCESSES; p++) {
		slot->process[p] =
			(struct hr_process){.pid = 10000 + i * 10 + p,
					    .start_boottime_ns = 1000 + i,
					    .rss_bytes = slot->memory.rss >> (p + 1),
					    .growth_bytes_per_second = fixture_drift(i) >> (p + 1)};
		snprintf(slot->process[p].comm, sizeof(slot->process[p].comm), "%s",
			 f->hostile && i == 1 ? "\033]0;x\a"
					      : fixture_names[(i + p) % ARRAY_SIZE(fixture_names)]);
	}
	fixture_point(f, slot);
	slot->text_used = text.used;
	slot->flags |= text.cut ? HR_SLOT_CUT : 0;
	board_slot_end(f->board, index);
}

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
	struct board_config config = {.path = path, .capacity = capacity};
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
