/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The containers of fixture_board.h: names, identities, figures, history. By fixture_board.h only. */
#ifndef HEADROOM_FIXTURE_SLOT_H
#define HEADROOM_FIXTURE_SLOT_H

#include <stdio.h>
#include <string.h>

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
	bool maps;    /* of the first container's largest process */
	bool packed;  /* the host has reserved huge pages, and swap on zram */
	bool young;   /* made and left just now by the clock: may be adopted; not deterministic */
	uint32_t capacity; /* 0: as many as needed, at least 256 */
	uint32_t text;     /* bytes of text in a slot; 0: all */
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

	board_text_init(&text, slot, offsetof(struct hr_slot, text), board_slot_bytes(f->board));
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

#endif
