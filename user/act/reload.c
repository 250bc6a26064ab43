// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * New rules while emergencies are under way. A rule is the same rule by its name; it keeps its emergencies while its ladder
 * and its mode are the same, and since when it holds while its conditions are. Reads the old set for the last time.
 */
#include "private.h"

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
	if (x->n != y->n)
		return false;
	for (uint32_t i = 0; i < x->n && i < POLICY_ARGS; i++)
		if (strcmp(policy_text(a, x->word[i]), policy_text(b, y->word[i])) != 0)
			return false;
	return true;
}

static bool same_ladder(const struct policy_set *a, const struct policy *x,
			const struct policy_set *b, const struct policy *y)
{
	if (x->rungs != y->rungs || ladder_mode(a, x) != ladder_mode(b, y) ||
	    !same_command(a, &x->then, b, &y->then))
		return false;
	for (uint32_t i = 0; i < x->rungs; i++) {
		const struct policy_rung *r = &x->rung[i], *s = &y->rung[i];

		if (r->rung != s->rung || r->signal != s->signal || r->grace_ms != s->grace_ms ||
		    r->largest != s->largest || r->amount.bytes != s->amount.bytes ||
		    r->amount.milli != s->amount.milli ||
		    !same_command(a, &r->command, b, &s->command))
			return false;
	}
	return true;
}

static bool same_conditions(const struct policy *x, const struct policy *y)
{
	return x->conditions == y->conditions && x->usage.bytes == y->usage.bytes &&
	       x->usage.milli == y->usage.milli &&
	       x->host_available.bytes == y->host_available.bytes &&
	       x->host_available.milli == y->host_available.milli && x->rss == y->rss &&
	       x->headroom == y->headroom && x->oom_in_ms == y->oom_in_ms &&
	       x->age_ms == y->age_ms && x->for_ms == y->for_ms &&
	       x->growth_bytes_per_hour == y->growth_bytes_per_hour &&
	       x->risk_centi == y->risk_centi && x->some_centi == y->some_centi &&
	       x->full_centi == y->full_centi && x->leak == y->leak;
}

/* A rehearsal's cooldown is no reason to spare anybody once it is in earnest. */
static enum notes_keep keep_of(const struct act *act, uint32_t i, const struct policy_set *new)
{
	const struct policy *to, *from = policy_at(act->set, i);

	if (act->reload.map[i] == UINT16_MAX)
		return NOTES_NONE;
	to = policy_at(new, act->reload.map[i]);
	if (ladder_mode(act->set, from) != ladder_mode(new, to))
		return NOTES_NONE;
	return same_conditions(from, to) ? NOTES_ALL : NOTES_COOLDOWN;
}

/* The new index of each old rule. */
static void map_names(struct act *act, const struct policy_set *new)
{
	const struct policy_set *old = act->set;
	uint16_t *bucket = act->reload.bucket;

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

		act->reload.map[i] = UINT16_MAX;
		for (; bucket[b] != UINT16_MAX; b = (b + 1) & (NAMES - 1))
			if (!strcmp(policy_text(new, policy_at(new, bucket[b])->name), name)) {
				act->reload.map[i] = bucket[b];
				break;
			}
		act->reload.keep[i] = (uint8_t)keep_of(act, i, new);
	}
}

static bool goes_on(const struct act *act, const struct emergency *e, const struct policy_set *new)
{
	uint16_t to = act->reload.map[e->policy];

	return to != UINT16_MAX &&
	       same_ladder(act->set, policy_at(act->set, e->policy), new, policy_at(new, to));
}

void act_policies(struct act *act, const struct policy_set *set)
{
	if (act->set && set)
		map_names(act, set);
	for (size_t i = 0; act->set && i < ACT_EMERGENCIES; i++) {
		struct emergency *e = &act->emergency[i];

		if (e->number && (!set || !goes_on(act, e, set)))
			emergency_finish(act, e, HR_UNKNOWN_U32, false);
	}
	for (size_t i = 0; act->set && set && i < ACT_EMERGENCIES; i++)
		if (act->emergency[i].number)
			act->emergency[i].policy = act->reload.map[act->emergency[i].policy];
	if (act->set && set)
		notes_remap(&act->notes, act->reload.map, act->reload.keep);
	else
		notes_clear(&act->notes);
	act->set = set;
	/* Whatever was told is told anew, or taken back. */
	for (uint32_t i = 0; i < act->slots; i++) {
		act->place[i].next_policy = UINT16_MAX;
		act->place[i].told_policy = UINT16_MAX;
		if (act->place[i].told_rung != HR_RUNG_NONE)
			act->place[i].told_rung = HR_RUNG_COUNT;
	}
}
