/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Boards and recordings with a whole incident in them: the usage of every container at every moment, and what
 * the guard said and did. Deterministic. For tests, for the documentation (tools/make-incident) and
 * for eyes (tools/check-report-html).
 *
 *	struct play play = {.explanation = explanation_find("leak")};
 *	play_run(&play, board_path, recording_path);
 */
#ifndef HEADROOM_FIXTURE_INCIDENT_H
#define HEADROOM_FIXTURE_INCIDENT_H

#include "fixture_board.h"

#define PLAY_STEP_S 5u
#define PLAY_ACTORS 6
#define PLAY_CUES   16

struct actor {
	const char *name, *namespace, *pod; /* pod NULL: a Docker container */
	uint64_t parent_id;
	uint32_t limit_mib; /* 0: none of its own */
	uint32_t file_mib;
	/* anonymous memory: from, to, over which seconds; after a kill it begins anew */
	uint32_t from_mib, to_mib, begin_s, end_s;
	uint32_t swing_mib; /* what it rises and falls by */
	uint32_t pids;
};

enum cue_what {
	CUE_END,
	CUE_LEAK,
	CUE_WARN,
	CUE_ACT,
	CUE_CALM,
	CUE_STALL,
	CUE_NOTICE,
	CUE_TRY,
	CUE_ACTION,
	CUE_KILL,
	CUE_OUTCOME,
	CUE_AVERTED,
	CUE_GONE,
	CUE_BACK
};
struct cue {
	uint32_t second;
	enum cue_what what;
	uint32_t p50_s;
};

struct explanation {
	const char *word;
	bool host; /* the alarm is the host's */
	bool shared; /* the limit of the parent is what ends it, and a neighbour asked for the memory */
	uint32_t seconds, ends_s; /* in all; when the first actor ends */
	uint32_t parent_limit_mib;
	uint32_t mode;
	struct actor actor[PLAY_ACTORS]; /* the first is the subject */
	struct cue cue[PLAY_CUES];
};

static const struct explanation explanations[] = {
	{.word = "leak",
	 .seconds = 2580,
	 .ends_s = 2400,
	 .mode = 1,
	 .actor = {{"api", "shop", "checkout-7c9f6d5b8-x2x9q", 11, 512, 40, 150, 492, 300, 2400, 6,
		    14},
		   {"log-shipper", "shop", "checkout-7c9f6d5b8-x2x9q", 11, 128, 12, 31, 52, 600,
		    2400, 2, 3},
		   {"reports-batch", NULL, NULL, 1, 2048, 200, 300, 1100, 1200, 2300, 20, 9},
		   {"postgres", NULL, NULL, 1, 4096, 700, 900, 905, 0, 2580, 8, 31},
		   {"session-cache", NULL, NULL, 1, 1024, 30, 260, 240, 0, 2580, 10, 4},
		   {"web", "shop", "frontend-5d8c7b9f4-8kq2v", 12, 256, 30, 90, 96, 0, 2580, 12,
		    8}},
	 .cue = {{1500, CUE_LEAK, 0},
		 {2190, CUE_WARN, 236},
		 {2330, CUE_ACT, 66},
		 {2331, CUE_NOTICE, 0},
		 {2345, CUE_TRY, 0},
		 {2385, CUE_STALL, 0},
		 {2400, CUE_KILL, 3},
		 {2400, CUE_OUTCOME, 0},
		 {2400, CUE_GONE, 0},
		 {2401, CUE_CALM, 0},
		 {2404, CUE_BACK, 0}}},
	{.word = "averted",
	 .seconds = 900,
	 .ends_s = 760,
	 .mode = 2,
	 .actor = {{"image-resizer", NULL, NULL, 1, 300, 20, 60, 290, 500, 765, 3, 5},
		   {"postgres", NULL, NULL, 1, 4096, 700, 900, 905, 0, 900, 8, 31},
		   {"nginx", NULL, NULL, 1, 128, 20, 24, 26, 0, 900, 2, 5}},
	 .cue = {{690, CUE_WARN, 71},
		 {725, CUE_ACT, 36},
		 {726, CUE_NOTICE, 0},
		 {760, CUE_ACTION, 0},
		 {760, CUE_AVERTED, 0},
		 {760, CUE_GONE, 0},
		 {761, CUE_CALM, 0},
		 {766, CUE_BACK, 0}}},
	{.word = "shared",
	 .shared = true,
	 .seconds = 700,
	 .ends_s = 600,
	 .parent_limit_mib = 1024,
	 .actor = {{"search", "catalog", "catalog-6f7d9c-2b8xk", 21, 0, 60, 420, 430, 0, 700, 4,
		    22},
		   {"indexer", "catalog", "catalog-6f7d9c-2b8xk", 21, 0, 30, 60, 515, 480, 600, 2,
		    60},
		   {"metrics", "catalog", "catalog-6f7d9c-2b8xk", 21, 64, 4, 18, 18, 0, 700, 1, 2},
		   {"postgres", NULL, NULL, 1, 4096, 700, 900, 905, 0, 700, 8, 31}},
	 .cue = {{600, CUE_KILL, 0}, {600, CUE_OUTCOME, 0}, {604, CUE_BACK, 0}}},
	{.word = "host",
	 .host = true,
	 .seconds = 600,
	 .ends_s = 5000,
	 .actor = {{"nightly-backup", NULL, NULL, 1, 0, 60, 90, 9372, 200, 400, 3, 4},
		   {"postgres", NULL, NULL, 1, 4096, 700, 900, 905, 0, 600, 8, 31}},
	 .cue = {{340, CUE_WARN, 80}, {380, CUE_ACT, 40}, {430, CUE_CALM, 0}}},
	{.word = "near",
	 .seconds = 600,
	 .ends_s = 5000,
	 .mode = 0,
	 .actor = {{"nightly-backup", NULL, NULL, 1, 400, 60, 90, 372, 200, 400, 3, 4},
		   {"postgres", NULL, NULL, 1, 4096, 700, 900, 905, 0, 600, 8, 31}},
	 .cue = {{340, CUE_WARN, 80}, {380, CUE_ACT, 40}, {430, CUE_CALM, 0}}},
};

static inline const struct explanation *explanation_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(explanations); i++)
		if (!strcmp(explanations[i].word, word))
			return &explanations[i];
	return NULL;
}

struct play {
	const struct explanation *explanation;
	bool hostile; /* names that try everything */
	struct fixture f;
	uint64_t kill_seq, action_seq;
};

static inline uint32_t play_second(const struct play *p)
{
	return (uint32_t)((p->f.now_ns - FIXTURE_T0_NS) / FIXTURE_STEP_NS);
}

/* After its restart the subject has another cgroup. */
static inline bool play_again(const struct play *p, uint32_t i)
{
	return !i && !p->explanation->shared && play_second(p) > p->explanation->ends_s;
}

static inline const char *play_name(const struct play *p, uint32_t i)
{
	static const char *const nasty[] = {
		"</title><script>alert(1)</script>",
		("rtl\xe2\x80\xae"
		 "cod.exe"),
		"**bold** [x](http://evil.example) `code` | a <b>b</b> &amp; # _it_",
		"esc\033[2J\033[31mred\xff",
		"日本語のコンテナ",
		"new\nline \"quoted\" 'too' --> ]]>"};

	return p->hostile ? nasty[i % ARRAY_SIZE(nasty)] : p->explanation->actor[i].name;
}

static inline uint64_t play_anon(const struct play *p, const struct actor *a, uint32_t i)
{
	uint32_t t = play_second(p);
	uint64_t anon, span = a->end_s > a->begin_s ? a->end_s - a->begin_s : 1;

	if (play_again(p, i)) /* after its restart */
		return (a->from_mib / 2 + (t - p->explanation->ends_s) / 8) * FIXTURE_MIB;
	anon = t <= a->begin_s ? a->from_mib * FIXTURE_MIB
	       : t >= a->end_s ? a->to_mib * FIXTURE_MIB
			       : ((uint64_t)a->from_mib * (a->end_s - t) +
				  (uint64_t)a->to_mib * (t - a->begin_s)) *
					 FIXTURE_MIB / span;
	if (p->explanation->ends_s > p->explanation->seconds && t > a->end_s &&
	    !i) /* it recovers by itself */
		anon -= (uint64_t)(t - a->end_s < 60 ? t - a->end_s : 60) * FIXTURE_MIB * 4;
	return anon + a->swing_mib * FIXTURE_MIB * ((t / PLAY_STEP_S) % 7) / 14;
}

static inline void play_memory(const struct play *p, uint32_t i, struct hr_slot *s)
{
	const struct actor *a = &p->explanation->actor[i];
	struct hr_memory *m = &s->memory;
	uint64_t limit = a->limit_mib ? a->limit_mib * FIXTURE_MIB : HR_UNKNOWN, clean;

	m->limit = limit;
	m->anon = play_anon(p, a, i);
	m->kernel = m->anon / 40 & ~4095ULL;
	if (limit != HR_UNKNOWN && m->anon + m->kernel > limit)
		m->anon = limit - m->kernel;
	m->file = a->file_mib * FIXTURE_MIB;
	if (limit != HR_UNKNOWN && m->anon + m->kernel + m->file > limit)
		m->file = limit - m->anon - m->kernel;
	m->usage = m->anon + m->kernel + m->file;
	m->shmem = 0;
	m->slab_reclaimable = m->kernel / 4;
	m->active_file = m->file / 4;
	m->inactive_file = m->file / 2;
	m->file_dirty = m->file_writeback = m->swap = m->low = m->min = 0;
	m->swap_limit = 0;
	m->high = HR_UNKNOWN;
	m->rss = m->anon + m->file / 4;
	m->working_set = m->usage - m->inactive_file;
	clean = m->active_file + m->inactive_file;
	m->unreclaimable = m->usage - clean - m->slab_reclaimable / 2;
	m->peak = m->peak == HR_UNKNOWN || m->peak < m->usage ? m->usage : m->peak;
	s->binding.level = limit == HR_UNKNOWN ? HR_LEVEL_HOST : HR_LEVEL_OWN;
	s->binding.limit = limit == HR_UNKNOWN ? FIXTURE_HOST_BYTES : limit;
	s->binding.cgroup_id = limit == HR_UNKNOWN ? 0 : s->cgroup_id;
	m->headroom = s->binding.limit - m->unreclaimable;
}

/* The containers without a limit below a parent that has one: all of its children together. */
static inline void play_bind(const struct play *p, uint32_t i, struct hr_slot *s)
{
	const struct actor *a = &p->explanation->actor[i];
	uint64_t used = 0, limit = p->explanation->parent_limit_mib * FIXTURE_MIB;

	if (!p->explanation->shared || a->limit_mib ||
	    a->parent_id != p->explanation->actor[0].parent_id)
		return;
	for (uint32_t j = 0; j < PLAY_ACTORS && p->explanation->actor[j].name; j++)
		if (p->explanation->actor[j].parent_id == a->parent_id)
			used += play_anon(p, &p->explanation->actor[j], j) * 41 / 40 +
				12 * FIXTURE_MIB;
	s->binding.level = HR_LEVEL_ANCESTOR;
	s->binding.limit = limit;
	s->binding.cgroup_id = a->parent_id;
	s->memory.headroom = used < limit ? limit - used : 0;
}

static inline void play_fill(struct play *p, uint32_t i)
{
	const struct actor *a = &p->explanation->actor[i];
	bool fresh = play_again(p, i) && board_slot(p->f.board, i)->cgroup_id == 1000 + i;
	struct hr_slot *s = board_slot_begin(p->f.board, i);
	struct board_text text;
	char path[160];

	if (fresh)
		s->history = (struct hr_history){0};
	board_text_init(&text, s, offsetof(struct hr_slot, text), sizeof(*s));
	s->state = HR_SLOT_RUNNING;
	s->cgroup_id = play_again(p, i) ? 2000 + i : 1000 + i;
	s->parent_id = a->parent_id;
	s->started_ns = play_again(p, i)
				? FIXTURE_T0_NS + (p->explanation->ends_s + 4) * FIXTURE_STEP_NS
				: FIXTURE_T0_NS - 7 * 3600 * FIXTURE_STEP_NS;
	s->appeared_ns = FIXTURE_T0_NS;
	s->gone_ns = 0;
	s->flags = HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	s->pids = a->pids;
	s->id = (struct hr_identity){.runtime = a->pod ? HR_RUNTIME_CONTAINERD : HR_RUNTIME_DOCKER,
				     .kind = HR_KIND_CONTAINER,
				     .workload = 77 + i};
	s->id.name = board_text_add(&text, play_name(p, i), false);
	snprintf(path, sizeof(path), "registry.example/%s:1.4", a->name);
	s->id.image = board_text_add(&text, path, false);
	if (a->pod) {
		s->id.container = s->id.name;
		s->id.pod = board_text_add(&text, a->pod, false);
		s->id.namespace = board_text_add(&text, a->namespace, false);
		snprintf(path, sizeof(path), "/kubepods/burstable/pod%llu/%s-%llu",
			 (unsigned long long)a->parent_id, a->name,
			 (unsigned long long)s->cgroup_id);
	} else {
		snprintf(path, sizeof(path), "/docker/%s-%llu", a->name,
			 (unsigned long long)s->cgroup_id);
	}
	s->id.cgroup = board_text_add(&text, path, true);
	play_memory(p, i, s);
	play_bind(p, i, s);
	s->binding.cgroup = s->binding.level == HR_LEVEL_OWN
				    ? s->id.cgroup
				    : board_text_add(&text,
						     s->binding.level == HR_LEVEL_HOST
							     ? "/"
							     : "/kubepods/burstable/pod21",
						     false);
	s->forecast.risk_centi = 100;
	s->forecast.oom_in_p10_ms = s->forecast.oom_in_p50_ms = s->forecast.oom_in_p90_ms =
		HR_UNKNOWN;
	s->pressure = (struct hr_pressure){0, 0, 0, 0};
	s->counts = (struct hr_counts){.high = 0};
	s->stalls = (struct hr_stalls){0};
	s->process[0] = (struct hr_process){
		.pid = 4711 + i * 10, .rss_bytes = s->memory.rss, .start_boottime_ns = 1000 + i};
	snprintf(s->process[0].comm, sizeof(s->process[0].comm), "%s",
		 p->hostile ? "<i>]\x1b[0m"
		 : i        ? a->name
			    : "java");
	fixture_point(&p->f, s);
	s->text_used = text.used;
	board_slot_end(p->f.board, i);
}

static inline void play_host(struct play *p)
{
	struct hr_host *host;

	fixture_host(&p->f);
	host = board_host_begin(p->f.board);
	host->mode = p->explanation->mode;
	host->swap_total = host->swap_free = 0;
	if (p->hostile)
		snprintf(host->node, sizeof(host->node), "<node>\033[5m");
	board_host_end(p->f.board);
}

union play_event {
	union fixture_event e;
	struct hr_event_action action;
};

static inline void play_forecast(struct play *p, union play_event *e, const struct hr_slot *s,
				 const struct cue *cue)
{
	struct hr_event_forecast *o = &e->e.forecast;
	static const uint32_t level[] = {[CUE_LEAK] = HR_LEAK_CONFIRMED,
					 [CUE_WARN] = HR_ALARM_WARN,
					 [CUE_ACT] = HR_ALARM_ACT,
					 [CUE_CALM] = HR_ALARM_NONE};

	o->to = level[cue->what];
	o->from = cue->what == CUE_ACT ? HR_ALARM_WARN : cue->what == CUE_CALM ? HR_ALARM_ACT : 0;
	o->usage = s->memory.usage;
	o->headroom = s->memory.headroom;
	o->forecast = (struct hr_forecast){
		.drift_bytes_per_second = 170 << 10,
		.rss_drift_bytes_per_second = 165 << 10,
		.oom_in_p10_ms = cue->p50_s ? cue->p50_s * 700 : HR_UNKNOWN,
		.oom_in_p50_ms = cue->p50_s ? cue->p50_s * 1000 : HR_UNKNOWN,
		.oom_in_p90_ms = cue->p50_s ? cue->p50_s * 1900 : HR_UNKNOWN,
		.risk_centi = cue->what == CUE_WARN  ? 6200
			      : cue->what == CUE_ACT ? 9300
						     : 300,
		.leak = p->explanation->cue[0].what == CUE_LEAK ? HR_LEAK_CONFIRMED : 0,
		.leak_of = HR_LEAK_ANON,
		.leak_bytes_per_hour = 600 << 20,
		.alarm = (uint8_t)o->to};
	if (cue->p50_s)
		o->forecast.reason[0] = (struct hr_reason){
			.kind = HR_REASON_DRIFT,
			.weight_centi = 210,
			.arg = {170 << 10, cue->p50_s * 1000, (int64_t)s->binding.limit}};
}

static inline void play_action(struct play *p, union play_event *e, struct board_text *text,
			       const struct hr_slot *s, const struct cue *cue)
{
	struct hr_event_action *a = &e->action;

	a->policy = board_text_add(text, "oom-soon", false);
	a->kind = cue->what == CUE_NOTICE ? HR_ACTION_NOTIFY : HR_ACTION_KILL;
	a->mode = (uint8_t)p->explanation->mode;
	a->status = cue->what == CUE_TRY ? HR_STATUS_DRY_RUN : HR_STATUS_DONE;
	a->whole = 1;
	a->signal = 9;
	a->pid = s->process[0].pid;
	a->processes = cue->what == CUE_ACTION ? s->pids : 0;
	a->escalation = p->action_seq ? p->action_seq : board_header(p->f.board)->last_seq + 1;
	p->action_seq = a->escalation;
	a->by_uid = HR_UNKNOWN_U32;
	a->step = cue->what == CUE_NOTICE ? 1 : 2;
	a->steps = 2;
	a->size = a->until_ms = HR_UNKNOWN;
	a->took_ns = 21000000;
	a->freed = cue->what == CUE_ACTION ? s->memory.anon : HR_UNKNOWN;
	a->inputs = (struct hr_inputs){.usage = s->memory.usage,
				       .limit = s->memory.limit,
				       .unreclaimable = s->memory.unreclaimable,
				       .headroom = s->memory.headroom,
				       .rss = s->memory.rss,
				       .oom_in_p50_ms = 55000,
				       .growth_bytes_per_second = 170 << 10,
				       .host_available = HR_UNKNOWN,
				       .host_total = HR_UNKNOWN,
				       .risk_centi = 9300,
				       .some_avg10_centi = 0,
				       .full_avg10_centi = 0,
				       .held_ms = 10000,
				       .threshold = HR_UNKNOWN,
				       .used_threshold = HR_UNKNOWN};
	if (cue->what == CUE_NOTICE)
		return;
	a->skipped_count = 1;
	a->skipped[0] = (struct hr_skipped){.cgroup_id = 1003,
					    .reason = HR_SKIP_PROTECTED,
					    .name = board_text_add(text, "postgres", false),
					    .usage = 1600 * FIXTURE_MIB,
					    .drift_bytes_per_second = 0};
}

static inline void play_kill(struct play *p, union play_event *e, struct board_text *text,
			     const struct hr_slot *s, const struct cue *cue)
{
	struct hr_event_oom_kill *oom = &e->e.oom;
	const struct hr_slot *asker = p->explanation->shared ? board_slot(p->f.board, 1) : s;
	uint32_t first = 0;

	oom->event.severity = HR_CRITICAL;
	fixture_oom_process(&p->f, text, asker, &oom->trigger, "indexer --all");
	fixture_oom_process(&p->f, text, s, &oom->victim, "java -Xmx800m -jar /srv/api.jar");
	oom->level = p->explanation->shared ? HR_LEVEL_ANCESTOR : HR_LEVEL_OWN;
	oom->constraint = HR_CONSTRAINT_MEMCG;
	oom->gfp = 0xcc0;
	oom->limit_cgroup_id = s->binding.cgroup_id;
	oom->limit_usage = oom->limit_max = s->binding.limit;
	oom->limit_cgroup = board_text_add(text, hr_slot_text(s, s->binding.cgroup), true);
	oom->risk_centi = cue->p50_s ? 9800 : 900;
	oom->oom_in_p50_ms = cue->p50_s ? cue->p50_s * 1000 : HR_UNKNOWN;
	for (const struct cue *c = p->explanation->cue; c->what && !first; c++)
		first = c->what == CUE_WARN ? c->second : 0;
	oom->warned_before_ms = first ? (cue->second - first) * 1000 : HR_UNKNOWN;
	oom->created_ns = FIXTURE_T0_NS;
	oom->history_count = HR_OOM_HISTORY;
	for (uint32_t i = 0; i < HR_OOM_HISTORY; i++)
		oom->history[i] =
			s->history.fine[(s->history.fine_count - HR_OOM_HISTORY + i) % HR_FINE];
}

static inline void play_cue(struct play *p, const struct cue *cue)
{
	static const struct {
		uint16_t type;
		size_t bytes;
	} how[] = {
		[CUE_LEAK] = {HR_EVENT_LEAK, sizeof(struct hr_event_forecast)},
		[CUE_WARN] = {HR_EVENT_RISK, sizeof(struct hr_event_forecast)},
		[CUE_ACT] = {HR_EVENT_RISK, sizeof(struct hr_event_forecast)},
		[CUE_CALM] = {HR_EVENT_RISK, sizeof(struct hr_event_forecast)},
		[CUE_STALL] = {HR_EVENT_PRESSURE, sizeof(struct hr_event_pressure)},
		[CUE_NOTICE] = {HR_EVENT_ACTION, sizeof(struct hr_event_action)},
		[CUE_TRY] = {HR_EVENT_ACTION, sizeof(struct hr_event_action)},
		[CUE_ACTION] = {HR_EVENT_ACTION, sizeof(struct hr_event_action)},
		[CUE_KILL] = {HR_EVENT_OOM_KILL, sizeof(struct hr_event_oom_kill)},
		[CUE_OUTCOME] = {HR_EVENT_OUTCOME, sizeof(struct hr_event_outcome)},
		[CUE_AVERTED] = {HR_EVENT_OUTCOME, sizeof(struct hr_event_outcome)},
		[CUE_GONE] = {HR_EVENT_CONTAINER, sizeof(struct hr_event_container)},
		[CUE_BACK] = {HR_EVENT_CONTAINER, sizeof(struct hr_event_container)},
	};
	const struct hr_slot *s = board_slot(p->f.board, 0);
	uint64_t now = p->f.now_ns, seq;
	struct board_text text;
	union play_event e;

	p->f.now_ns = FIXTURE_T0_NS + cue->second * FIXTURE_STEP_NS +
		      (uint64_t)(cue - p->explanation->cue) * 70000000;
	fixture_event_begin(&p->f, &e.e, &text, how[cue->what].type, how[cue->what].bytes,
			    p->explanation->host ? NULL : s);
	e.e.event.severity = cue->what == CUE_ACT ? HR_CRITICAL : HR_WARNING;
	if (how[cue->what].bytes == sizeof(struct hr_event_forecast)) {
		play_forecast(p, &e, s, cue);
	} else if (how[cue->what].type == HR_EVENT_ACTION) {
		play_action(p, &e, &text, s, cue);
	} else if (cue->what == CUE_KILL) {
		play_kill(p, &e, &text, s, cue);
	} else if (how[cue->what].type == HR_EVENT_OUTCOME) {
		e.e.outcome.ref = p->kill_seq;
		e.e.outcome.freed = s->memory.anon;
		e.e.outcome.freed_after_ms = 24;
		e.e.outcome.restarted_after_ms = 4100;
		e.e.outcome.averted = cue->what == CUE_AVERTED ? 1 : HR_UNKNOWN_U32;
	} else if (how[cue->what].type == HR_EVENT_CONTAINER) {
		e.e.container.what =
			cue->what == CUE_GONE ? HR_CONTAINER_GONE : HR_CONTAINER_RESTARTED;
		e.e.container.uptime_ms = cue->what == CUE_GONE ? 27600000 : HR_UNKNOWN;
		e.e.container.peak = cue->what == CUE_GONE ? s->memory.peak : HR_UNKNOWN;
		e.e.container.restarts = cue->what == CUE_BACK;
	} else {
		e.e.pressure.what = HR_PRESSURE_ENTERED;
		e.e.pressure.pressure = (struct hr_pressure){6100, 3400, 100, 50};
		e.e.pressure.usage = s->memory.usage;
		e.e.pressure.limit = s->memory.limit;
	}
	seq = fixture_event_post(&p->f, &e.e, &text);
	if (cue->what == CUE_KILL || cue->what == CUE_ACTION || cue->what == CUE_TRY)
		p->kill_seq = seq;
	p->f.now_ns = now;
}

static inline int play_open(struct play *p, const char *board)
{
	struct board_config config = {.path = board, .capacity = 256};
	struct hr_board_header *header;
	int r = board_open(&config, &p->f.board, NULL);

	if (r)
		return r;
	p->f.now_ns = FIXTURE_T0_NS;
	header = board_header(p->f.board);
	header->instance = 0x2a;
	header->created_ns = FIXTURE_T0_NS;
	header->created_boot_ns = 0;
	memset(header->boot_id, 0, sizeof(header->boot_id));
	header->daemon_pid = 4242;
	header->heartbeat_ns = HR_UNKNOWN - 1;
	play_host(p);
	for (uint32_t i = 0; i < PLAY_ACTORS && p->explanation->actor[i].name; i++) {
		uint32_t index;

		r = board_slot_take(p->f.board, &index);
		if (r)
			return r;
		play_fill(p, i);
	}
	return 0;
}

/* One step on: every actor moves, and what is due happens. */
static inline void play_step(struct play *p)
{
	uint32_t last = play_second(p), now = last + PLAY_STEP_S;

	p->f.now_ns += PLAY_STEP_S * FIXTURE_STEP_NS;
	for (const struct cue *c = p->explanation->cue; c->what; c++)
		if (c->second > last && c->second <= now && c->second <= p->explanation->ends_s)
			play_cue(p, c);
	play_host(p);
	for (uint32_t i = 0; i < PLAY_ACTORS && p->explanation->actor[i].name; i++)
		play_fill(p, i);
	for (const struct cue *c = p->explanation->cue; c->what; c++)
		if (c->second > last && c->second <= now && c->second > p->explanation->ends_s)
			play_cue(p, c);
}

/* The whole incident; `recording` NULL: on the board alone, which stays open. */
static inline int play_run(struct play *p, const char *board, const char *recording)
{
	struct hr_recorder *recorder = NULL;
	struct hr_reader *reader = NULL;
	int r = play_open(p, board);

	if (!r && recording)
		r = hr_reader_open(board, &reader);
	if (!r && recording)
		r = hr_recorder_new(recording, false, &recorder);
	for (uint32_t t = 0; !r && t < p->explanation->seconds; t += PLAY_STEP_S) {
		play_step(p);
		if (recording)
			r = hr_recorder_frame_at(recorder, reader, p->f.now_ns);
	}
	hr_recorder_close(recorder);
	hr_reader_close(reader);
	return r;
}

#endif
