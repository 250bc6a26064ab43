/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A snapshot for the policy engine: slots that a test changes by hand, policies built without YAML, and a log of all actions,
 * line by line. Results may come at once, later, or never.
 */
#ifndef HEADROOM_FIXTURE_POLICY_H
#define HEADROOM_FIXTURE_POLICY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <headroom/reader.h>

#include "policy/engine.h"
#include "base/cleanup.h"

#define MIB         (1ULL << 20)
#define SEC         1000000000ULL
#define WALL0       1700000000000000000ULL
#define WORLD_SLOTS 1024
#define SET_BYTES   (8u << 20)

struct rule_spec { /* a policy, its globs as text */
	const char *name;
	struct policy p; /* name, matches and offsets are filled in */
	struct {
		uint32_t key; /* + 1; 0: end */
		const char *label, *glob;
	} selector[4];
	const char *on_exit;
};

struct snapshot {
	struct policy_engine *engine;
	struct policy_snapshot w;
	struct hr_slot slot[WORLD_SLOTS];
	bool used[WORLD_SLOTS];
	struct hr_host host;
	struct process_group pgroup[POLICY_PROCESS_GROUPS];
	struct policy_set *set;
	uint32_t globs, matches, text; /* of the set */
	char log[16384];
	bool quiet, terse; /* terse: only actions */
	enum { ANSWER_DONE, ANSWER_NEVER, ANSWER_FAILED, ANSWER_LATER } answer;
	uint64_t freed; /* of each result */
	struct action later, last, not_taken;
	struct outcome last_outcome;
	bool has_later;
	uint32_t actions, ends, kills, next_id;
	void (*on_order)(struct snapshot *w, const struct action *action);
};

static inline const struct hr_slot *world_slot(uint32_t i, void *arg)
{
	struct snapshot *w = arg;

	return i < WORLD_SLOTS && w->used[i] ? &w->slot[i] : NULL;
}

static inline void world_log(struct snapshot *w, const char *format, ...)
{
	size_t n = strlen(w->log);
	va_list args;

	if (w->quiet)
		return;
	va_start(args, format);
	vsnprintf(w->log + n, sizeof(w->log) - n, format, args);
	va_end(args);
}

static inline const char *world_name(const struct snapshot *w, const struct action_target *t)
{
	if (t->slot == HR_UNKNOWN_U32)
		return t->comm;
	return w->used[t->slot] ? hr_slot_text(&w->slot[t->slot], w->slot[t->slot].id.name)
				: "none";
}

static inline double world_s(const struct snapshot *w)
{
	return (double)(w->w.now_ns % (1000000 * SEC)) / 1e9;
}

static inline void world_answer(struct snapshot *w, const struct action *action,
				enum hr_action_status status)
{
	struct action_result result;

	action_result_init(&result, action, status);
	result.error = status == HR_STATUS_FAILED ? 1 : 0;
	result.freed = w->freed;
	engine_action_done(w->engine, &w->w, &result);
}

static inline void snapshot_action(const struct action *action, void *arg)
{
	struct snapshot *w = arg;
	static const char *const mode[] = {"observe", "dry-run", "do"};
	const char *policy = policy_text(w->set, action->policy->name);

	world_log(w, "%g %s %s %s %u/%u by %s\n", world_s(w), mode[action->mode],
		  hr_action_kind_name(action->kind), world_name(w, &action->target), action->step,
		  action->steps, policy);
	w->last = *action;
	w->actions++;
	w->kills += action->kind == HR_ACTION_KILL;
	if (w->on_order)
		w->on_order(w, action);
	if (w->answer == ANSWER_LATER) {
		w->later = *action;
		w->has_later = true;
	} else if (w->answer != ANSWER_NEVER && action->kind != HR_ACTION_ON_EXIT) {
		world_answer(w, action,
			     w->answer == ANSWER_FAILED ? HR_STATUS_FAILED : HR_STATUS_DONE);
	}
}

static inline void world_outcome(const struct outcome *outcome, void *arg)
{
	struct snapshot *w = arg;

	w->ends++;
	w->last_outcome = *outcome;
	if (!w->terse)
		world_log(w, "%g end %s\n", world_s(w),
			  outcome->averted == HR_UNKNOWN_U32 ? "?"
			  : outcome->averted                 ? "averted"
							     : "not averted");
}

static inline void world_not_taken(const struct action *action, enum hr_action_status status,
				   enum hr_skip_reason reason, void *arg)
{
	struct snapshot *w = arg;

	w->not_taken = *action;
	world_log(w, "%g %s %s %s%s%s\n", world_s(w), hr_action_status_name(status),
		  hr_action_kind_name(action->kind), world_name(w, &action->target),
		  reason ? ": " : "", reason ? hr_skip_reason_name(reason) : "");
}

static inline void world_next(uint32_t slot, const struct policy *policy, enum hr_action_kind kind,
			      void *arg)
{
	struct snapshot *w = arg;

	if (!w->terse)
		world_log(w, "%g next of %u: %s\n", world_s(w), slot,
			  policy ? hr_action_kind_name(kind) : "-");
}

/* A set without policies or rate limit. */
static inline struct policy_set *set_new(enum policy_mode mode)
{
	struct policy_set *set = calloc(1, SET_BYTES);

	set->magic = POLICY_MAGIC;
	set->bytes = SET_BYTES;
	set->mode = mode;
	set->policies_at = sizeof(*set);
	set->matches_at = SET_BYTES / 2;
	set->globs_at = set->matches_at + SET_BYTES / 8;
	return set;
}

static inline uint32_t set_text(struct snapshot *w, const char *text)
{
	uint32_t at = w->set->globs_at + SET_BYTES / 8 + w->text;

	memcpy((char *)w->set + at, text, strlen(text) + 1);
	w->text += (uint32_t)strlen(text) + 1;
	return at;
}

static inline void set_match(struct snapshot *w, uint32_t key, const char *label, const char *glob)
{
	struct policy_match *selector =
		(struct policy_match *)((char *)w->set + w->set->matches_at) + w->matches++;

	*selector = (struct policy_match){key, label ? set_text(w, label) : 0, w->globs, 1};
	((struct policy_glob *)((char *)w->set + w->set->globs_at))[w->globs++].text =
		set_text(w, glob);
}

/* Appends: the highest priority first. Sizes left 0 in the condition's amount are what the caller wrote. */
static inline struct policy *set_add(struct snapshot *w, const struct rule_spec *spec)
{
	struct policy *p =
		(struct policy *)((char *)w->set + w->set->policies_at) + w->set->policies++;

	*p = spec->p;
	p->name = set_text(w, spec->name);
	p->first_match = w->matches;
	for (size_t i = 0; i < ARRAY_SIZE(spec->selector) && spec->selector[i].key;
	     i++, p->matches++)
		set_match(w, spec->selector[i].key - 1, spec->selector[i].label,
			  spec->selector[i].glob);
	if (spec->on_exit) {
		p->on_exit.n = 1;
		p->on_exit.word[0] = set_text(w, spec->on_exit);
	}
	return p;
}

static inline void set_protect(struct snapshot *w, uint32_t key, const char *glob)
{
	if (!w->set->protects)
		w->set->protect_first = w->matches;
	set_match(w, key, NULL, glob);
	w->set->protects++;
}

static inline struct hr_str slot_text(struct hr_slot *s, const char *text)
{
	struct hr_str str = {(uint16_t)(offsetof(struct hr_slot, text) + s->text_used)};

	memcpy(s->text + s->text_used, text, strlen(text) + 1);
	s->text_used += (uint32_t)strlen(text) + 1;
	return str;
}

/* A running container of which only name and path are known. */
static inline struct hr_slot *world_add(struct snapshot *w, uint32_t i, const char *name,
					enum hr_kind kind, const char *path)
{
	struct hr_slot *s = &w->slot[i];

	memset(s, 0, sizeof(*s));
	memset(&s->memory, 0xff, sizeof(s->memory));
	memset(&s->pressure, 0xff, sizeof(s->pressure));
	memset(&s->counts, 0xff, sizeof(s->counts));
	s->state = HR_SLOT_RUNNING;
	s->flags = HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	s->cgroup_id = ++w->next_id;
	s->started_ns = s->appeared_ns = s->sampled_ns = WALL0;
	s->text_used = 1;
	s->id.kind = (uint8_t)kind;
	s->id.runtime = HR_RUNTIME_DOCKER;
	s->id.workload = 1000 + i;
	s->id.name = slot_text(s, name);
	s->id.cgroup = slot_text(s, path);
	if (kind == HR_KIND_UNIT)
		s->id.unit = slot_text(s, name);
	s->forecast.drift_bytes_per_second = HR_UNKNOWN_I64;
	s->forecast.oom_in_p10_ms = s->forecast.oom_in_p50_ms = s->forecast.oom_in_p90_ms =
		HR_UNKNOWN;
	s->forecast.risk_centi = UINT16_MAX;
	w->used[i] = true;
	return s;
}

static inline struct hr_slot *world_container(struct snapshot *w, uint32_t i, const char *name,
					      uint64_t mib)
{
	char path[128];
	struct hr_slot *s;

	snprintf(path, sizeof(path), "/docker/%s", name);
	s = world_add(w, i, name, HR_KIND_CONTAINER, path);
	s->memory.usage = mib * MIB;
	return s;
}

static inline struct snapshot *world_new(enum policy_mode mode)
{
	struct snapshot *w = calloc(1, sizeof(*w));
	struct engine_callbacks calls = {snapshot_action, world_outcome, world_not_taken,
					 world_next, w};

	w->set = set_new(mode);
	w->w = (struct policy_snapshot){.now_ns = 1000000 * SEC,
					.host = &w->host,
					.slots = WORLD_SLOTS,
					.slot = world_slot,
					.arg = w,
					.pgroup = w->pgroup};
	memset(&w->host.pressure, 0xff, sizeof(w->host.pressure));
	w->host.mem_total = 4096 * MIB;
	w->host.mem_available = 2048 * MIB;
	w->host.swap_total = w->host.swap_free = 0;
	w->freed = HR_UNKNOWN;
	w->terse = true;
	assert_int_equal(engine_init(&w->engine, WORLD_SLOTS, &calls), 0);
	return w;
}

static inline void world_free(struct snapshot *w)
{
	engine_free(w->engine);
	free(w->set);
	free(w);
}

static inline void world_rules(struct snapshot *w) { engine_set_policies(w->engine, w->set); }

/* A second (or whatever) later, everything sampled anew. */
static inline void world_step_ms(struct snapshot *w, uint64_t ms)
{
	w->w.now_ns += ms * 1000000;
	for (uint32_t i = 0; i < WORLD_SLOTS; i++)
		if (w->used[i])
			w->slot[i].sampled_ns += ms * 1000000;
	engine_update(w->engine, &w->w);
}

static inline void world_run(struct snapshot *w, unsigned int seconds)
{
	while (seconds--)
		world_step_ms(w, 1000);
}

static inline void world_ends(struct snapshot *w, uint32_t i)
{
	uint64_t id = w->slot[i].cgroup_id;

	w->used[i] = false;
	engine_slot_gone(w->engine, i, id, w->w.now_ns);
}

/* ---- common parts of policies ---- */
#define BY_NAME(glob_) .selector = {{POLICY_NAME + 1, NULL, glob_}}
#define USAGE_AT(mib)  .conditions = WHEN(USAGE), .threshold[CONDITION_USAGE] = {(mib)*MIB, 0, 0}
#define HOST_BELOW(milli)                   \
	.conditions = WHEN(HOST_AVAILABLE), \
	.threshold[CONDITION_HOST_AVAILABLE] = {HR_UNKNOWN, (milli), 0}
/* The empty one at the end is for a linter that takes a single one for an assignment. */
#define ACTIONS(...)                            \
	.action = {__VA_ARGS__, {.signal = 0}}, \
	.actions = sizeof((struct policy_action[]){__VA_ARGS__}) / sizeof(struct policy_action)
#define NOTIFY                           \
	{                                \
		.kind = HR_ACTION_NOTIFY \
	}
#define RECLAIM                           \
	{                                 \
		.kind = HR_ACTION_RECLAIM \
	}
#define THROTTLE(s)                                              \
	{                                                        \
		.kind = HR_ACTION_THROTTLE, .grace_ms = (s)*1000 \
	}
#define TERM(s)                                                            \
	{                                                                  \
		.kind = HR_ACTION_TERM, .signal = 15, .grace_ms = (s)*1000 \
	}
#define KILL                           \
	{                              \
		.kind = HR_ACTION_KILL \
	}
#define REFLEX                           \
	{                                \
		.kind = HR_ACTION_REFLEX \
	}

static const struct rule_spec host_low = {
	"low",
	{.mode = MODE_ENFORCE, HOST_BELOW(50), .cooldown_ms = 60000, ACTIONS(KILL)},
	{{0}},
	NULL};

#endif
