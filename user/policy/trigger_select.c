// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Selects what is armed: the usage at which the daemon is notified at once (tripwire), or at which BPF kills by itself
 * (reflex). A reflex is armed only where everything but the usage is decided already, since BPF asks nothing. A cgroup that is
 * still empty is armed as well: its first process may reach the limit sooner than arming takes.
 */
#include "policy_internal.h"

#define YOUNG_NS (5000 * NS_PER_MS)

static bool has_reflex(const struct policy *p)
{
	for (uint32_t i = 0; i < p->actions; i++)
		if (p->action[i].kind == HR_ACTION_REFLEX)
			return true;
	return false;
}

static uint32_t reflex_step(const struct policy *p)
{
	uint32_t i = 0;

	while (i < p->actions && p->action[i].kind != HR_ACTION_REFLEX)
		i++;
	return i;
}

/* All conditions but the usage hold. */
static bool rest_holds(const struct policy *p, const struct inputs *f)
{
	struct policy rest = *p;
	struct condition_set rule;

	rest.conditions &= ~WHEN(USAGE);
	condition_set_read(&rest, &rule);
	return !rule.n || condition_set_holds(&rule, f) == HOLDS;
}

/* Its policy's kill was asked for, and has no result yet. */
static bool kills_now(const struct policy_engine *engine, const struct escalation *e)
{
	return e && e->awaited &&
	       engine_policy(engine, e->policy)->action[e->requested - 1].kind == HR_ACTION_KILL;
}

/* May BPF kill for this policy without asking? Until a kill that was asked for has its result, too: between the decision and the
 * signal a container can reach its limit, and the process that charges is to be killed anyway. */
static bool may_fire(struct policy_engine *engine, uint32_t policy, uint32_t slot)
{
	const struct policy *p = engine_policy(engine, policy);
	const struct place *place = &engine->place[slot];
	const struct escalation *e =
		place->escalation ? &engine->escalation[place->escalation - 1] : NULL;
	const struct hr_slot *at = selector_slot(engine->snapshot, slot);
	uint32_t step;

	if (!has_reflex(p) || p->for_ms || steps_engine_mode(engine, p) != MODE_ENFORCE ||
	    place->hold_off_ns > engine->now_ns)
		return false;
	if (kills_now(engine, e) && e->policy == policy && !e->gone)
		return true;
	if (rate_limits_wait(engine_limits(engine, MODE_ENFORCE), engine->set, engine->now_ns,
			     false))
		return false;
	if (e ? e->killed || (e->policy == policy && e->step > reflex_step(p))
	      : escalation_blocked(engine, policy, engine->inputs[slot].key, at->id.workload,
				   &step) ||
			    step > reflex_step(p))
		return false;
	return rest_holds(p, &engine->inputs[slot]);
}

struct armed {
	uint32_t policy; /* NONE32 */
	uint64_t threshold;
	bool reflex;
};

/* A reflex before a tripwire; then the next threshold above usage; one below usage only if there is no other. */
static bool better(const struct armed *a, const struct armed *b, uint64_t usage)
{
	bool a_behind = usage != HR_UNKNOWN && usage >= a->threshold;
	bool b_behind = usage != HR_UNKNOWN && usage >= b->threshold;

	if (b->policy == NONE32 || a->reflex != b->reflex)
		return b->policy == NONE32 || a->reflex;
	return a_behind != b_behind ? b_behind : a->threshold < b->threshold;
}

/* A new cgroup, and neither the resolver nor a sweep has said anything of it. */
static bool unseen(const struct hr_slot *at)
{
	return !at->id.workload && (!at->sampled_ns || at->sampled_ns == HR_UNKNOWN);
}

/* The resolver has not answered, and its name may be protected. */
static bool maybe_protected(const struct policy_set *set, const struct hr_slot *at)
{
	return !at->id.workload && policy_protects_names(set);
}

/* So young, by the clock of its slot: between its mkdir and the write of its limit a loaded host takes seconds. */
static bool is_young(const struct hr_slot *at)
{
	return at->started_ns != HR_UNKNOWN && at->started_ns &&
	       at->sampled_ns - at->started_ns < YOUNG_NS;
}

/* The limit of a new cgroup has not been read yet, or not been set: a share of it can be armed all the same, since BPF takes it of the
 * live limit. */
static bool limit_unknown(const struct hr_slot *at)
{
	return at->memory.limit == HR_UNKNOWN &&
	       (at->memory.headroom == HR_UNKNOWN || is_young(at));
}

static struct armed look(struct policy_engine *engine, uint32_t slot)
{
	struct armed best = {.policy = NONE32};
	const struct inputs *f = &engine->inputs[slot];
	const struct hr_slot *at = selector_slot(engine->snapshot, slot);

	if (!f->key || unseen(at))
		return best;
	for (uint32_t i = 0; i < engine->set->policies; i++) {
		const struct policy *p = engine_policy(engine, i);
		struct armed one = {.policy = i};
		struct condition_set rule;

		if (!(p->conditions & WHEN(USAGE)) || p->conditions & WHEN(HOST_AVAILABLE) ||
		    steps_engine_mode(engine, p) == MODE_OBSERVE)
			continue;
		condition_set_read(p, &rule);
		one.threshold = condition_set_threshold(&rule, CONDITION_USAGE, f);
		if ((one.threshold == HR_UNKNOWN && !limit_unknown(at)) ||
		    !selector_match(engine->set, p, at) ||
		    selector_exempt(engine->set, engine->snapshot, p, slot, f->parent))
			continue;
		one.reflex = !maybe_protected(engine->set, at) && may_fire(engine, i, slot);
		if (one.threshold == HR_UNKNOWN && !one.reflex)
			continue;
		if (better(&one, &best, f->at[CONDITION_USAGE]))
			best = one;
	}
	return best;
}

/* look() outside of a round; no callback is called. */
static struct armed look_at(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			    uint32_t slot)
{
	const struct policy_snapshot *before = engine->snapshot;
	struct armed armed = {.policy = NONE32};

	if (!engine->set || slot >= engine->slots || slot >= snapshot->slots)
		return armed;
	engine->snapshot = snapshot;
	inputs_read_slot(engine, slot);
	armed = look(engine, slot);
	engine->snapshot = before;
	return armed;
}

bool engine_trigger(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		    uint32_t slot, const struct policy **ret_policy, uint64_t *ret_threshold,
		    bool *ret_reflex)
{
	struct armed armed = look_at(engine, snapshot, slot);

	if (armed.policy == NONE32)
		return false;
	*ret_policy = engine_policy(engine, armed.policy);
	*ret_threshold = armed.threshold;
	*ret_reflex = armed.reflex;
	return true;
}

bool engine_kills_now(const struct policy_engine *engine, uint32_t slot)
{
	const struct place *place = slot < engine->slots ? &engine->place[slot] : NULL;

	return place && place->escalation &&
	       kills_now(engine, &engine->escalation[place->escalation - 1]);
}

uint64_t engine_kills_left(const struct policy_engine *engine, uint64_t now_ns)
{
	return engine->set ? rate_limit_left(&engine->limits[1].all, engine->set, now_ns) : 0;
}

/* The policy behind a reflex that fired: the one that is armed; or, if it was disarmed meanwhile, the first that could have
 * been armed. */
static uint32_t reflex_policy(struct policy_engine *engine, uint32_t slot)
{
	const struct hr_slot *at = selector_slot(engine->snapshot, slot);
	struct armed armed = look(engine, slot);

	if (armed.policy != NONE32 && armed.reflex)
		return armed.policy;
	for (uint32_t i = 0; engine->inputs[slot].key && i < engine->set->policies; i++) {
		const struct policy *p = engine_policy(engine, i);

		if (has_reflex(p) && !p->for_ms && steps_engine_mode(engine, p) == MODE_ENFORCE &&
		    selector_match(engine->set, p, at))
			return i;
	}
	return NONE32;
}

bool engine_reflex_fired(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			 uint32_t slot, struct action *ret_action)
{
	struct escalation *e;
	uint32_t policy, step;

	if (!engine->set || slot >= engine->slots || slot >= snapshot->slots)
		return false;
	engine->snapshot = snapshot;
	engine->now_ns = snapshot->now_ns > engine->now_ns ? snapshot->now_ns : engine->now_ns;
	inputs_read_slot(engine, slot);
	policy = reflex_policy(engine, slot);
	e = policy == NONE32 ? NULL : escalation_reflex(engine, policy, slot);
	if (e) {
		step = reflex_step(engine_policy(engine, policy));
		steps_action(engine, e, step, HR_ACTION_REFLEX, ret_action);
		if (!kills_now(engine, e)) /* else it goes on as it is */
			steps_started(engine, e, step);
		not_acted_reflex_fired(engine, policy, engine->inputs[slot].key);
	}
	engine->snapshot = NULL;
	return e != NULL;
}
