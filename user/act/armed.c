// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is armed: the size at which a container must be noticed at once (tripwire), or at which BPF may strike by itself
 * (reflex). A reflex is armed only where everything but the size is decided already, since nobody asks again up there. One that
 * is empty yet is armed as well: between the first process and the limit there may be less time than arming takes.
 */
#include "private.h"

static bool has_reflex(const struct policy *p)
{
	for (uint32_t i = 0; i < p->rungs; i++)
		if (p->rung[i].rung == HR_RUNG_REFLEX)
			return true;
	return false;
}

static uint32_t reflex_step(const struct policy *p)
{
	uint32_t i = 0;

	while (i < p->rungs && p->rung[i].rung != HR_RUNG_REFLEX)
		i++;
	return i;
}

/* All of it holds but the size. */
static bool rest_holds(const struct policy *p, const struct figures *f)
{
	struct policy rest = *p;
	struct rule rule;

	rest.conditions &= ~(uint32_t)WHEN_USAGE;
	rule_read(&rest, &rule);
	return !rule.n || rule_holds(&rule, f) == HOLDS;
}

/* May the kernel strike for this rule, without a further question? */
static bool may_strike(struct act *act, uint32_t policy, uint32_t slot)
{
	const struct policy *p = act_policy(act, policy);
	const struct place *place = &act->place[slot];
	const struct emergency *e = place->emergency ? &act->emergency[place->emergency - 1] : NULL;
	const struct hr_slot *at = match_slot(act->world, slot);
	uint32_t step;

	if (!has_reflex(p) || p->for_ms || ladder_mode(act->set, p) != MODE_ENFORCE ||
	    place->hold_off_ns > act->now_ns || budget_wait(&act->spent, act->set, act->now_ns))
		return false;
	if (e ? e->killed || (e->policy == policy && e->step > reflex_step(p))
	      : emergency_blocked(act, policy, act->figures[slot].key, at->id.workload, &step) ||
			    step > reflex_step(p))
		return false;
	return rest_holds(p, &act->figures[slot]);
}

struct armed {
	uint32_t policy; /* NONE32 */
	uint64_t threshold;
	bool reflex;
};

/* Of several sizes the next one counts; one that was passed already only if nobody but it is left. A reflex first. */
static bool better(const struct armed *a, const struct armed *b, uint64_t usage)
{
	bool a_passed = usage != HR_UNKNOWN && usage >= a->threshold;
	bool b_passed = usage != HR_UNKNOWN && usage >= b->threshold;

	if (b->policy == NONE32 || a->reflex != b->reflex)
		return b->policy == NONE32 || a->reflex;
	return a_passed != b_passed ? b_passed : a->threshold < b->threshold;
}

static struct armed look(struct act *act, uint32_t slot)
{
	struct armed best = {.policy = NONE32};
	const struct figures *f = &act->figures[slot];
	const struct hr_slot *at = match_slot(act->world, slot);

	for (uint32_t i = 0; f->key && i < act->set->policies; i++) {
		const struct policy *p = act_policy(act, i);
		struct armed one = {.policy = i};
		struct rule rule;

		if (!(p->conditions & WHEN_USAGE) || p->conditions & WHEN_HOST ||
		    ladder_mode(act->set, p) == MODE_OBSERVE)
			continue;
		rule_read(p, &rule);
		one.threshold = rule_threshold(&rule, F_USAGE, f);
		if (one.threshold == HR_UNKNOWN || !match_policy(act->set, p, at) ||
		    match_spared(act->set, act->world, p, slot, f->parent))
			continue;
		one.reflex = may_strike(act, i, slot);
		if (better(&one, &best, f->at[F_USAGE]))
			best = one;
	}
	return best;
}

/* Outside of a round: as during one, and nobody is told anything. */
static struct armed look_at(struct act *act, const struct act_world *world, uint32_t slot)
{
	const struct act_world *before = act->world;
	struct armed armed = {.policy = NONE32};

	if (!act->set || slot >= act->slots || slot >= world->slots)
		return armed;
	act->world = world;
	figures_read_slot(act, slot);
	armed = look(act, slot);
	act->world = before;
	return armed;
}

bool act_armed(struct act *act, const struct act_world *world, uint32_t slot,
	       const struct policy **ret_policy, uint64_t *ret_threshold, bool *ret_reflex)
{
	struct armed armed = look_at(act, world, slot);

	if (armed.policy == NONE32)
		return false;
	*ret_policy = act_policy(act, armed.policy);
	*ret_threshold = armed.threshold;
	*ret_reflex = armed.reflex;
	return true;
}

uint64_t act_budget_left(const struct act *act, uint64_t now_ns)
{
	return act->set ? budget_left(&act->spent, act->set, now_ns) : 0;
}

/* Whose reflex it was: the one that is armed; or the latest that could have been, should it have been disarmed meanwhile. */
static uint32_t whose(struct act *act, uint32_t slot)
{
	const struct hr_slot *at = match_slot(act->world, slot);
	struct armed armed = look(act, slot);

	if (armed.policy != NONE32 && armed.reflex)
		return armed.policy;
	for (uint32_t i = 0; act->figures[slot].key && i < act->set->policies; i++) {
		const struct policy *p = act_policy(act, i);

		if (has_reflex(p) && !p->for_ms && ladder_mode(act->set, p) == MODE_ENFORCE &&
		    match_policy(act->set, p, at))
			return i;
	}
	return NONE32;
}

bool act_reflexed(struct act *act, const struct act_world *world, uint32_t slot,
		  struct act_order *ret_order)
{
	struct emergency *e;
	uint32_t policy, step;

	if (!act->set || slot >= act->slots || slot >= world->slots)
		return false;
	act->world = world;
	act->now_ns = world->now_ns > act->now_ns ? world->now_ns : act->now_ns;
	figures_read_slot(act, slot);
	policy = whose(act, slot);
	e = policy == NONE32 ? NULL : emergency_struck(act, policy, slot);
	if (e) {
		step = reflex_step(act_policy(act, policy));
		ladder_order(act, e, step, HR_RUNG_REFLEX, ret_order);
		ladder_taken(act, e, step);
	}
	act->world = NULL;
	return e != NULL;
}
