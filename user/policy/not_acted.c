// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What no action says: a shortage for which no target may be chosen, a reflex that the rate limit keeps from firing, and why no
 * policy acted before the kernel did. Each is reported once, until the policy's conditions no longer hold.
 */
#include "policy_internal.h"

#include <string.h>

/* A shortage without a target is reported after this time: processes and names are known some seconds late, above all to a daemon
 * that has just started (a process pass each second while memory is short, each fifth second else). */
#define NO_TARGET_NS (5000 * NS_PER_MS)

/* Reported already, of this target and episode? Then, or without room for the note, it is not reported again. */
static bool first_time(struct policy_engine *engine, uint32_t policy, uint64_t key)
{
	struct timer *timer = hold_timers_make(&engine->timers, policy, key);
	bool first = timer && !timer->reported;

	if (timer) {
		timer->reported = true;
		timer->seen = engine->round;
	}
	return first;
}

/* Without `for` only this timer knows since when the condition has held. */
static bool has_lasted(struct policy_engine *engine, uint32_t policy, uint64_t key)
{
	struct timer *timer = hold_timers_make(&engine->timers, policy, key);

	if (!timer)
		return false;
	timer->seen = engine->round;
	if (!timer->since_ns)
		timer->since_ns = engine->now_ns ? engine->now_ns : 1;
	return engine->now_ns - timer->since_ns >= NO_TARGET_NS;
}

/* The first of its actions that is more than a notice, from a step on; POLICY_ACTIONS: none. */
static uint32_t real_step(const struct policy *p, uint32_t step)
{
	while (step < p->actions && p->action[step].kind == HR_ACTION_NOTIFY)
		step++;
	return step < p->actions ? step : POLICY_ACTIONS;
}

static void report(struct policy_engine *engine, uint32_t policy, struct escalation *e,
		   const struct inputs *f, uint32_t candidates, enum hr_action_status status,
		   enum hr_skip_reason reason)
{
	struct action action;

	e->number = ++engine->last_number;
	e->policy = (uint16_t)policy;
	e->mode = steps_engine_mode(engine, engine_policy(engine, policy));
	inputs_record(engine, f, &e->target, &e->inputs);
	e->inputs.held_ms = (engine->now_ns - e->held_ns) / NS_PER_MS;
	victim_fill_skipped(engine, e, candidates);
	steps_action(engine, e, e->step, engine_policy(engine, policy)->action[e->step].kind,
		     &action);
	if (engine->calls.not_taken)
		engine->calls.not_taken(&action, status, reason, engine->calls.arg);
}

/* Between two victims there may be none for a moment. */
static bool passes(const struct candidate *c)
{
	return c->reason == HR_SKIP_GONE || c->reason == HR_SKIP_HOLD_OFF;
}

void not_acted_no_candidate(struct policy_engine *engine, uint32_t policy, uint64_t since_ns,
			    uint32_t n)
{
	const struct policy *p = engine_policy(engine, policy);
	uint32_t step = real_step(p, 0);
	struct inputs f = {.key = HOST_KEY};
	struct escalation e = {.key = HOST_KEY,
			       .host = true,
			       .step = (uint8_t)step,
			       .held_ns = since_ns,
			       .target = {.slot = HR_UNKNOWN_U32}};

	for (uint32_t i = 0; i < n; i++)
		if (passes(&engine->candidate[i]))
			return;
	if (step == POLICY_ACTIONS || escalation_host_busy(engine, policy, step) ||
	    !has_lasted(engine, policy, HOST_KEY) || !first_time(engine, policy, HOST_KEY))
		return;
	memset(f.at, 0xff, sizeof(f.at)); /* HR_UNKNOWN: they are a target's */
	inputs_host(engine, &f);
	report(engine, policy, &e, &f, n, HR_STATUS_SKIPPED,
	       n ? HR_SKIP_NO_CANDIDATE : HR_SKIP_NO_MATCH);
}

void not_acted_reflex_fired(struct policy_engine *engine, uint32_t policy, uint64_t key)
{
	first_time(engine, policy, key);
}

void not_acted_reflex(struct policy_engine *engine, uint32_t policy, uint32_t slot,
		      uint64_t since_ns)
{
	const struct policy *p = engine_policy(engine, policy);
	const struct inputs *f = &engine->inputs[slot];
	uint32_t step = real_step(p, 0);
	struct escalation e;

	/* Another action that would end it reports a refusal itself. */
	for (uint32_t i = step; i < p->actions; i++)
		if (p->action[i].kind != HR_ACTION_REFLEX && p->action[i].kind != HR_ACTION_NOTIFY)
			return;
	if (step == POLICY_ACTIONS || steps_engine_mode(engine, p) != MODE_ENFORCE ||
	    !rate_limits_wait(engine_limits(engine, MODE_ENFORCE), engine->set, engine->now_ns,
			      false) ||
	    !first_time(engine, policy, f->key))
		return;
	e = (struct escalation){
		.key = f->key,
		.step = (uint8_t)step,
		.held_ns = since_ns,
		.target = {.slot = slot,
			   .memcg_id = selector_slot(engine->snapshot, slot)->cgroup_id}};
	report(engine, policy, &e, f, 0, HR_STATUS_REFUSED, HR_SKIP_RATE_LIMIT);
}

/* ---- why no policy acted before the kernel ---- */

/* The last step that was asked for ends the target. */
static bool asked_to_end(const struct policy_engine *engine, const struct escalation *e)
{
	const struct policy *p = engine_policy(engine, e->policy);

	return e->requested && (p->action[e->requested - 1].kind == HR_ACTION_KILL ||
				p->action[e->requested - 1].kind == HR_ACTION_TERM);
}

/* Its own escalation, or another policy's, was under way. */
static enum hr_skip_reason under_way(struct policy_engine *engine, const struct escalation *e,
				     uint32_t policy)
{
	if (e->policy != policy)
		return HR_SKIP_OTHER_POLICY;
	if (e->mode < MODE_ENFORCE)
		return HR_SKIP_MODE;
	if (e->refused)
		return (enum hr_skip_reason)e->refused;
	if (e->without)
		return (enum hr_skip_reason)e->without;
	/* A kill that was not asked for yet would be refused. */
	return !asked_to_end(engine, e) && rate_limits_wait(engine_limits(engine, MODE_ENFORCE),
							    engine->set, engine->now_ns, e->host)
		       ? HR_SKIP_RATE_LIMIT
		       : HR_SKIP_UNDER_WAY;
}

static enum hr_skip_reason of_slot(struct policy_engine *engine, uint32_t policy, uint32_t slot)
{
	const struct policy *p = engine_policy(engine, policy);
	const struct inputs *f = &engine->inputs[slot];
	const struct hr_slot *at = selector_slot(engine->snapshot, slot);
	const struct escalation *e = escalation_of(engine, slot, f->key);
	const struct timer *timer = hold_timers_find(&engine->timers, policy, f->key);
	struct condition_set rule;
	enum hr_skip_reason reason;
	uint32_t step;

	reason = selector_allowed(engine->set, engine->snapshot, p, slot, f->parent);
	if (reason)
		return reason;
	if (steps_engine_mode(engine, p) < MODE_ENFORCE)
		return HR_SKIP_MODE;
	if (e)
		return under_way(engine, e, policy);
	if (escalation_blocked(engine, policy, f->key, at->id.workload, &step))
		return timer && timer->without ? (enum hr_skip_reason)timer->without
					       : HR_SKIP_COOLDOWN;
	if (rate_limits_wait(engine_limits(engine, MODE_ENFORCE), engine->set, engine->now_ns,
			     p->conditions & WHEN(HOST_AVAILABLE)))
		return HR_SKIP_RATE_LIMIT;
	if (at->flags & HR_SLOT_REFLEX && p->conditions & WHEN(USAGE))
		return HR_SKIP_REFLEX_NOT_HIT;
	condition_set_read(p, &rule);
	if (condition_set_holds(&rule, f) == HOLDS && p->for_ms && timer && timer->since_ns)
		return HR_SKIP_FOR;
	return HR_SKIP_NOT_REACHED;
}

/* One that is about the host's memory, for an OOM kill of the host or of one of the containers that it could choose. */
static enum hr_skip_reason of_host(struct policy_engine *engine, uint32_t policy, uint32_t slot)
{
	const struct policy *p = engine_policy(engine, policy);
	struct inputs f = {.key = HOST_KEY};
	struct condition_set rule;

	if (steps_engine_mode(engine, p) < MODE_ENFORCE)
		return HR_SKIP_MODE;
	for (size_t i = 0; i < POLICY_ESCALATIONS; i++)
		if (engine->escalation[i].number && engine->escalation[i].host)
			return under_way(engine, &engine->escalation[i], policy);
	if (rate_limits_wait(engine_limits(engine, MODE_ENFORCE), engine->set, engine->now_ns,
			     true))
		return HR_SKIP_RATE_LIMIT;
	inputs_host(engine, &f);
	condition_set_read_host(p, &rule);
	if (condition_set_holds(&rule, &f) != HOLDS)
		return HR_SKIP_NOT_REACHED;
	return slot == NONE32 ? HR_SKIP_NO_CANDIDATE : of_slot(engine, policy, slot);
}

bool engine_not_acted(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		      uint32_t slot, bool host, const struct policy **ret_policy,
		      enum hr_skip_reason *ret_reason)
{
	const struct policy_snapshot *before = engine->snapshot;
	bool found = false;

	if (!engine->set)
		return false;
	engine->snapshot = snapshot;
	if (slot >= engine->slots || slot >= snapshot->slots || !engine->inputs[slot].key)
		slot = NONE32;
	for (uint32_t i = 0; i < engine->set->policies; i++) {
		const struct policy *p = engine_policy(engine, i);
		bool of_the_host = p->conditions & WHEN(HOST_AVAILABLE);
		const struct hr_slot *at = slot == NONE32 ? NULL : selector_slot(snapshot, slot);
		enum hr_skip_reason reason;

		if (steps_only_notify(p) || of_the_host != host ||
		    (at ? !selector_match(engine->set, p, at) : !host))
			continue;
		reason = host ? of_host(engine, i, slot) : of_slot(engine, i, slot);
		/* Of several the first that came near to it. */
		if (found && reason == HR_SKIP_NOT_REACHED)
			continue;
		if (!found || *ret_reason == HR_SKIP_NOT_REACHED) {
			*ret_policy = p;
			*ret_reason = reason;
		}
		found = true;
	}
	engine->snapshot = before;
	return found;
}
