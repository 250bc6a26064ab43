// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * New policies while escalations are under way. A policy is the same one by its name; it keeps its escalations while its steps
 * and its mode are the same, and its hold timers while its conditions are. Reads the old set for the last time.
 */
#include "policy_internal.h"

#include <string.h>

#define NAMES (2 * POLICY_MOST) /* buckets; a power of two */

static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a, 32 bits */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return hash & (NAMES - 1);
}

static bool same_command(const struct policy_set *a, const struct policy_command *x,
			 const struct policy_set *b, const struct policy_command *y)
{
	if (x->n != y->n || strcmp(policy_text(a, x->run_as), policy_text(b, y->run_as)) != 0)
		return false;
	for (uint32_t i = 0; i < x->n && i < POLICY_ARGS; i++)
		if (strcmp(policy_text(a, x->word[i]), policy_text(b, y->word[i])) != 0)
			return false;
	return true;
}

static bool same_steps(const struct policy_set *a, const struct policy *x,
		       const struct policy_set *b, const struct policy *y)
{
	if (x->actions != y->actions || steps_mode(a, x) != steps_mode(b, y) ||
	    !same_command(a, &x->on_exit, b, &y->on_exit))
		return false;
	for (uint32_t i = 0; i < x->actions; i++) {
		const struct policy_action *r = &x->action[i], *s = &y->action[i];

		if (r->kind != s->kind || r->signal != s->signal || r->grace_ms != s->grace_ms ||
		    r->largest != s->largest || r->amount.bytes != s->amount.bytes ||
		    r->amount.milli != s->amount.milli ||
		    !same_command(a, &r->command, b, &s->command))
			return false;
	}
	return true;
}

static bool same_conditions(const struct policy *x, const struct policy *y)
{
	if (x->conditions != y->conditions || x->for_ms != y->for_ms)
		return false;
	for (size_t i = 0; i < CONDITIONS; i++)
		if (x->conditions & 1u << i && (x->threshold[i].value != y->threshold[i].value ||
						x->threshold[i].milli != y->threshold[i].milli))
			return false;
	return true;
}

/* The cooldown of a dry run spares no target once the mode is enforce. */
static enum hold_timers_keep keep_of(const struct policy_engine *engine, uint32_t i,
				     const struct policy_set *new)
{
	const struct policy *to, *from = policy_at(engine->set, i);

	if (engine->reload.map[i] == UINT16_MAX)
		return HOLD_TIMERS_NONE;
	to = policy_at(new, engine->reload.map[i]);
	if (steps_mode(engine->set, from) != steps_mode(new, to))
		return HOLD_TIMERS_NONE;
	return same_conditions(from, to) ? HOLD_TIMERS_ALL : HOLD_TIMERS_COOLDOWN;
}

/* The new index of each old policy. */
static void map_names(struct policy_engine *engine, const struct policy_set *new)
{
	const struct policy_set *old = engine->set;
	uint16_t *bucket = engine->reload.bucket;

	memset(bucket, 0xff, NAMES * sizeof(*bucket));
	for (uint32_t i = 0; i < new->policies; i++) {
		uint32_t b = name_hash(policy_text(new, policy_at(new, i)->name));

		while (bucket[b] != UINT16_MAX)
			b = (b + 1) & (NAMES - 1);
		bucket[b] = (uint16_t)i;
	}
	for (uint32_t i = 0; i < old->policies; i++) {
		const char *name = policy_text(old, policy_at(old, i)->name);
		uint32_t b = name_hash(name);

		engine->reload.map[i] = UINT16_MAX;
		for (; bucket[b] != UINT16_MAX; b = (b + 1) & (NAMES - 1))
			if (!strcmp(policy_text(new, policy_at(new, bucket[b])->name), name)) {
				engine->reload.map[i] = bucket[b];
				break;
			}
		engine->reload.keep[i] = (uint8_t)keep_of(engine, i, new);
	}
}

static bool continues(const struct policy_engine *engine, const struct escalation *e,
		      const struct policy_set *new)
{
	uint16_t to = engine->reload.map[e->policy];

	return to != UINT16_MAX &&
	       same_steps(engine->set, policy_at(engine->set, e->policy), new, policy_at(new, to));
}

/* Every next action is reported again, or withdrawn. */
static void report_all_next(struct policy_engine *engine)
{
	for (uint32_t i = 0; i < engine->slots; i++) {
		engine->place[i].next_policy = UINT16_MAX;
		engine->place[i].emitted_policy = UINT16_MAX;
		if (engine->place[i].emitted_action != HR_ACTION_NONE)
			engine->place[i].emitted_action = HR_ACTION_COUNT;
	}
}

void engine_limit_mode(struct policy_engine *engine, enum policy_mode most)
{
	if (most == engine->mode_most)
		return;
	for (size_t i = 0; engine->set && i < POLICY_ESCALATIONS; i++)
		if (engine->escalation[i].number)
			escalation_finish(engine, &engine->escalation[i], HR_UNKNOWN_U32, false);
	hold_timers_clear(&engine->timers);
	engine->mode_most = most;
	report_all_next(engine);
}

void engine_set_policies(struct policy_engine *engine, const struct policy_set *set)
{
	if (engine->set && set)
		map_names(engine, set);
	for (size_t i = 0; engine->set && i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (e->number && (!set || !continues(engine, e, set)))
			escalation_finish(engine, e, HR_UNKNOWN_U32, false);
	}
	for (size_t i = 0; engine->set && set && i < POLICY_ESCALATIONS; i++)
		if (engine->escalation[i].number)
			engine->escalation[i].policy =
				engine->reload.map[engine->escalation[i].policy];
	if (engine->set && set)
		hold_timers_remap(&engine->timers, engine->reload.map, engine->reload.keep);
	else
		hold_timers_clear(&engine->timers);
	engine->set = set;
	report_all_next(engine);
}
