/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A made-up world for the acting room: slots that a test moves by hand, rules built without YAML, and a log of all that was
 * ordered, line by line. Orders may be answered at once, later, or never.
 */
#ifndef HEADROOM_FIXTURE_ACT_H
#define HEADROOM_FIXTURE_ACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <headroom/reader.h>
#include <headroom/reader.h>

#include "act/act.h"
#include "base/cleanup.h"

#define MIB (1ULL << 20)
#define SEC 1000000000ULL
#define WALL0 1700000000000000000ULL
#define WORLD_SLOTS 1024
#define SET_BYTES (8u << 20)

struct rule_spec { /* a policy, its globs as text */
	const char *name;
	struct policy p; /* name, matches and offsets are filled in */
	struct {
		uint32_t key; /* + 1; 0: end */
		const char *label, *glob;
	} match[4];
	const char *then;
};

struct world {
	struct act *act;
	struct act_world w;
	struct hr_slot slot[WORLD_SLOTS];
	bool used[WORLD_SLOTS];
	struct hr_host host;
	struct act_job job[ACT_JOBS];
	struct policy_set *set;
	uint32_t globs, matches, text; /* of the set */
	char log[16384];
	bool quiet, terse; /* terse: only orders */
	enum { ANSWER_DONE, ANSWER_NEVER, ANSWER_FAILED, ANSWER_LATER } answer;
	struct act_order later, last;
	struct act_end last_end;
	bool has_later;
	uint32_t orders, ends, kills, next_id;
	void (*on_order)(struct world *w, const struct act_order *order);
};

static inline const struct hr_slot *world_slot(uint32_t i, void *arg)
{
	struct world *w = arg;

	return i < WORLD_SLOTS && w->used[i] ? &w->slot[i] : NULL;
}

static inline void world_log(struct world *w, const char *format, ...)
{
	size_t n = strlen(w->log);
	va_list args;

	if (w->quiet)
		return;
	va_start(args, format);
	vsnprintf(w->log + n, sizeof(w->log) - n, format, args);
	va_end(args);
}

static inline const char *world_name(const struct world *w, const struct act_target *t)
{
	if (t->slot == HR_UNKNOWN_U32)
		return t->comm;
	return w->used[t->slot] ? hr_slot_text(&w->slot[t->slot], w->slot[t->slot].id.name)
				: "nobody";
}

static inline double world_s(const struct world *w)
{
	return (double)(w->w.now_ns % (1000000 * SEC)) / 1e9;
}

static inline void world_answer(struct world *w, const struct act_order *order, enum hr_deed deed)
{
	struct act_result result = {order->emergency, order->step, deed,
				    deed == HR_DEED_FAILED ? 1 : 0, HR_UNKNOWN};

	act_done(w->act, &w->w, &result);
}

static inline void world_order(const struct act_order *order, void *arg)
{
	struct world *w = arg;
	static const char *const mode[] = {"observe", "rehearse", "do"};
	const char *policy = policy_text(w->set, order->policy->name);

	world_log(w, "%g %s %s %s %u/%u by %s\n", world_s(w), mode[order->mode],
		  hr_rung_word(order->kind), world_name(w, &order->target), order->step,
		  order->steps, policy);
	w->last = *order;
	w->orders++;
	w->kills += order->kind == HR_RUNG_KILL;
	if (w->on_order)
		w->on_order(w, order);
	if (w->answer == ANSWER_LATER) {
		w->later = *order;
		w->has_later = true;
	} else if (w->answer != ANSWER_NEVER && order->kind != HR_RUNG_THEN) {
		world_answer(w, order, w->answer == ANSWER_FAILED ? HR_DEED_FAILED : HR_DEED_DONE);
	}
}

static inline void world_end(const struct act_end *end, void *arg)
{
	struct world *w = arg;

	w->ends++;
	w->last_end = *end;
	if (!w->terse)
		world_log(w, "%g end %s\n", world_s(w),
			  end->averted == HR_UNKNOWN_U32 ? "?"
			  : end->averted		 ? "averted"
							 : "not averted");
}

static inline void world_not_taken(const struct act_order *order, enum hr_deed deed,
				   enum hr_why why, void *arg)
{
	struct world *w = arg;

	world_log(w, "%g %s %s %s%s%s\n", world_s(w), hr_deed_word(deed),
		  hr_rung_word(order->kind), world_name(w, &order->target), why ? ": " : "",
		  why ? hr_why_word(why) : "");
}

static inline void world_next(uint32_t slot, const struct policy *policy, enum hr_rung rung,
			      void *arg)
{
	struct world *w = arg;

	if (!w->terse)
		world_log(w, "%g next of %u: %s\n", world_s(w), slot,
			  policy ? hr_rung_word(rung) : "-");
}

/* A set without policies; budget without limit. */
static inline struct policy_set *set_new(enum act_mode mode)
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

static inline uint32_t set_text(struct world *w, const char *text)
{
	uint32_t at = w->set->globs_at + SET_BYTES / 8 + w->text;

	memcpy((char *)w->set + at, text, strlen(text) + 1);
	w->text += (uint32_t)strlen(text) + 1;
	return at;
}

static inline void set_match(struct world *w, uint32_t key, const char *label, const char *glob)
{
	struct policy_match *match =
		(struct policy_match *)((char *)w->set + w->set->matches_at) + w->matches++;

	*match = (struct policy_match){key, label ? set_text(w, label) : 0, w->globs, 1};
	((struct policy_glob *)((char *)w->set + w->set->globs_at))[w->globs++].text =
		set_text(w, glob);
}

/* Appends: the highest priority first. Sizes left 0 in the condition's amount are what the caller wrote. */
static inline struct policy *set_add(struct world *w, const struct rule_spec *spec)
{
	struct policy *p =
		(struct policy *)((char *)w->set + w->set->policies_at) + w->set->policies++;

	*p = spec->p;
	p->name = set_text(w, spec->name);
	p->first_match = w->matches;
	for (size_t i = 0; i < ARRAY_SIZE(spec->match) && spec->match[i].key; i++, p->matches++)
		set_match(w, spec->match[i].key - 1, spec->match[i].label, spec->match[i].glob);
	if (spec->then) {
		p->then.n = 1;
		p->then.word[0] = set_text(w, spec->then);
	}
	return p;
}

static inline void set_protect(struct world *w, uint32_t key, const char *glob)
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

/* A running container with nothing known of it but its name, path and that it lives. */
static inline struct hr_slot *world_add(struct world *w, uint32_t i, const char *name,
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
	s->outlook.drift_bytes_per_second = HR_UNKNOWN_I64;
	s->outlook.oom_in_p10_ms = s->outlook.oom_in_p50_ms = s->outlook.oom_in_p90_ms = HR_UNKNOWN;
	s->outlook.risk_centi = UINT16_MAX;
	w->used[i] = true;
	return s;
}

static inline struct hr_slot *world_container(struct world *w, uint32_t i, const char *name,
					      uint64_t mib)
{
	char path[128];
	struct hr_slot *s;

	snprintf(path, sizeof(path), "/docker/%s", name);
	s = world_add(w, i, name, HR_KIND_CONTAINER, path);
	s->memory.usage = mib * MIB;
	return s;
}

static inline struct world *world_new(enum act_mode mode)
{
	struct world *w = calloc(1, sizeof(*w));
	struct act_calls calls = {world_order, world_end, world_not_taken, world_next, w};

	w->set = set_new(mode);
	w->w = (struct act_world){.now_ns = 1000000 * SEC,
				  .host = &w->host,
				  .slots = WORLD_SLOTS,
				  .slot = world_slot,
				  .arg = w,
				  .job = w->job};
	memset(&w->host.pressure, 0xff, sizeof(w->host.pressure));
	w->host.mem_total = 4096 * MIB;
	w->host.mem_available = 2048 * MIB;
	w->host.swap_total = w->host.swap_free = 0;
	w->terse = true;
	assert_int_equal(act_init(&w->act, WORLD_SLOTS, &calls), 0);
	return w;
}

static inline void world_free(struct world *w)
{
	act_free(w->act);
	free(w->set);
	free(w);
}

static inline void world_rules(struct world *w) { act_policies(w->act, w->set); }

/* A second (or whatever) later, everything sampled anew. */
static inline void world_step_ms(struct world *w, uint64_t ms)
{
	w->w.now_ns += ms * 1000000;
	for (uint32_t i = 0; i < WORLD_SLOTS; i++)
		if (w->used[i])
			w->slot[i].sampled_ns += ms * 1000000;
	act_update(w->act, &w->w);
}

static inline void world_run(struct world *w, unsigned int seconds)
{
	while (seconds--)
		world_step_ms(w, 1000);
}

static inline void world_ends(struct world *w, uint32_t i)
{
	uint64_t id = w->slot[i].cgroup_id;

	w->used[i] = false;
	act_gone(w->act, i, id, w->w.now_ns);
}

/* ---- common pieces of rules ---- */
#define BY_NAME(glob_) .match = {{POLICY_NAME + 1, NULL, glob_}}
#define USAGE_AT(mib) .conditions = WHEN_USAGE, .usage = {(mib)*MIB, 0, 0}
/* The empty one at the end is for a linter that takes a single one for an assignment. */
#define RUNGS(...)                            \
	.rung = {__VA_ARGS__, {.signal = 0}}, \
	.rungs = sizeof((struct policy_rung[]){__VA_ARGS__}) / sizeof(struct policy_rung)
#define NOTIFY                         \
	{                              \
		.rung = HR_RUNG_NOTIFY \
	}
#define RECLAIM                         \
	{                               \
		.rung = HR_RUNG_RECLAIM \
	}
#define THROTTLE(s)                                            \
	{                                                      \
		.rung = HR_RUNG_THROTTLE, .grace_ms = (s)*1000 \
	}
#define TERM(s)                                                          \
	{                                                                \
		.rung = HR_RUNG_TERM, .signal = 15, .grace_ms = (s)*1000 \
	}
#define KILL                         \
	{                            \
		.rung = HR_RUNG_KILL \
	}
#define REFLEX                         \
	{                              \
		.rung = HR_RUNG_REFLEX \
	}

#endif
