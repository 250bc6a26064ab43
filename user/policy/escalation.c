// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table of escalations: which policy may begin one, which takes over from another, what a finished one leaves behind.
 * One target never has two; a policy that kills takes precedence over one that only notifies.
 */
#include "policy_internal.h"

#define COOLDOWN_LEAST_MS 1000 /* nothing is reported or tried twenty times a second */

struct escalation *escalation_find(struct policy_engine *engine, uint32_t number)
{
	for (size_t i = 0; number && i < POLICY_ESCALATIONS; i++)
		if (engine->escalation[i].number == number)
			return &engine->escalation[i];
	return NULL;
}

struct escalation *escalation_of(struct policy_engine *engine, uint32_t slot, uint64_t key)
{
	if (slot != NONE32)
		return engine->place[slot].escalation
			       ? &engine->escalation[engine->place[slot].escalation - 1]
			       : NULL;
	for (size_t i = 0; i < POLICY_ESCALATIONS; i++)
		if (engine->escalation[i].number && engine->escalation[i].key == key)
			return &engine->escalation[i];
	return NULL;
}

bool escalation_blocked(struct policy_engine *engine, uint32_t policy, uint64_t key,
			uint64_t workload, uint32_t *ret_step)
{
	struct timer *timer = hold_timers_find(&engine->timers, policy, key);
	const struct timer *other;

	*ret_step = 0;
	if (timer && (timer->till_calm || timer->until_ns > engine->now_ns)) {
		*ret_step = timer->step;
		return timer->step >= POLICY_ACTIONS;
	}
	/* When the host is short one container is killed: sparing a culprit because it was restarted would kill another. */
	if (engine_policy(engine, policy)->conditions & WHEN(HOST_AVAILABLE))
		return false;
	if (!engine_policy(engine, policy)->cooldown_ms)
		return false;
	/* The same workload in another cgroup was restarted: the cooldown covers it, too. */
	other = hold_timers_cooling(&engine->timers, policy, workload, engine->now_ns);
	return other && other->key != key;
}

/* It has asked for an action that nothing carried out: what ended it would have ended the condition. An escalation with every
 * step skipped is none: it begins again after its cooldown, as an enforced one does. */
static bool only_logged(const struct escalation *e)
{
	return e->mode == MODE_DRY_RUN && e->requested;
}

static void start_cooldown(struct policy_engine *engine, const struct escalation *e, uint64_t key,
			   bool calm)
{
	const struct policy *p = engine_policy(engine, e->policy);
	bool relapse =
		calm && !e->gone && steps_next(p, e->step, e->killed, e->mode) < POLICY_ACTIONS;
	struct timer *timer = hold_timers_make(&engine->timers, e->policy, key);

	if (!timer)
		return;
	if (e->missed) { /* the next list of processes shows where it is: sparing it would take another */
		hold_timers_cool(&engine->timers, timer, e->workload, engine->now_ns, 0);
		return;
	}
	hold_timers_cool(&engine->timers, timer, e->workload,
			 engine->now_ns +
				 (p->cooldown_ms ? p->cooldown_ms : COOLDOWN_LEAST_MS) * NS_PER_MS,
			 relapse ? e->step : POLICY_ACTIONS);
	timer->seen = engine->round;
	timer->without = e->without;
	timer->till_calm = !calm && !e->gone && (only_logged(e) || steps_only_notify(p));
}

void escalation_finish(struct policy_engine *engine, struct escalation *e, uint32_t averted,
		       bool calm)
{
	struct outcome outcome = {
		.escalation = e->number,
		.target = e->target,
		.mode = e->mode,
		.averted = averted,
		.freed = e->mode == MODE_ENFORCE ? e->freed : HR_UNKNOWN,
		.freed_after_ms = e->freed_ms,
	};
	uint32_t slot = e->target.slot, mine = (uint32_t)(e - engine->escalation) + 1;

	start_cooldown(engine, e, e->key, calm);
	if (e->host && only_logged(e) && !calm)
		start_cooldown(engine, e, HOST_KEY, calm);
	if (slot != HR_UNKNOWN_U32 && slot < engine->slots &&
	    engine->place[slot].escalation == mine)
		engine->place[slot].escalation = 0;
	e->number = 0;
	engine->under_way--;
	if (engine->calls.outcome && e->notified)
		engine->calls.outcome(&outcome, engine->calls.arg);
}

/* May this policy take the target over from the other? Never after a kill; a dry run never from an enforced escalation. */
static bool takes_over(const struct policy_engine *engine, const struct policy *p, uint32_t first,
		       enum policy_mode mode, const struct escalation *other)
{
	const struct policy *theirs = engine_policy(engine, other->policy);

	if (other->killed || other->gone || mode < other->mode)
		return false;
	return mode > other->mode || steps_hardest(p, first) > steps_hardest(theirs, 0) ||
	       action_severity(p->action[first].kind) > other->hardest;
}

/* A free place, if need be by ending an escalation that can do less. */
static struct escalation *take_space(struct policy_engine *engine, const struct policy *p,
				     uint32_t first)
{
	struct escalation *gentlest = NULL;
	unsigned int least = steps_hardest(p, first), hardest;

	for (size_t i = 0; i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (!e->number)
			return e;
		hardest = steps_hardest(engine_policy(engine, e->policy), 0);
		if (hardest < least) {
			least = hardest;
			gentlest = e;
		}
	}
	engine->turned_away++;
	if (gentlest)
		escalation_finish(engine, gentlest, HR_UNKNOWN_U32, false);
	return gentlest;
}

static void fill_target(const struct policy_engine *engine, uint32_t slot, uint32_t pgroup,
			struct escalation *e)
{
	const struct process_group *at =
		pgroup == NONE32 ? NULL : &engine->snapshot->pgroup[pgroup];
	bool whole = at && !(at->flags & PGROUP_HOLDS_OTHERS);

	e->target = (struct action_target){.slot = slot == NONE32 ? HR_UNKNOWN_U32 : slot};
	if (!at) {
		e->target.guest = action_guest(selector_slot(engine->snapshot, slot));
		e->target.memcg_id = selector_slot(engine->snapshot, slot)->cgroup_id;
		e->workload = selector_slot(engine->snapshot, slot)->id.workload;
		return;
	}
	/* The whole process group; of one that holds others, which only a policy on processes may take, its largest process. */
	e->target.memcg_id = at->memcg_id;
	e->target.pgid = whole ? at->pgid : 0;
	e->target.pid = at->pid;
	e->target.start_boottime_ns = at->start_boottime_ns;
	e->target.leader_start_ns = at->leader_start_ns;
	selector_members(engine->set, engine_policy(engine, e->policy), engine->snapshot, at,
			 &e->target.members);
	__builtin_memcpy(e->target.comm, at->comm, sizeof(e->target.comm));
}

/* The excess: what is above the threshold less its hysteresis, else the whole usage. */
static uint64_t over(const struct policy_engine *engine, const struct escalation *e,
		     const struct inputs *f)
{
	const struct policy *p = engine_policy(engine, e->policy);
	bool used = p->conditions & WHEN(USED) && !(p->conditions & WHEN(USAGE));
	enum condition_id id = used ? CONDITION_USED : CONDITION_USAGE;
	struct condition_set rule;
	uint64_t threshold, usage = f->at[id];

	condition_set_read(p, &rule);
	threshold = condition_set_threshold(&rule, id, f);
	if (usage == HR_UNKNOWN || threshold == HR_UNKNOWN)
		return usage == HR_UNKNOWN ? 0 : usage;
	threshold -= threshold / 20;
	return usage > threshold ? usage - threshold : 0;
}

static void set_up(struct policy_engine *engine, struct escalation *e, uint32_t slot,
		   uint32_t pgroup, uint64_t held_ns, uint32_t n)
{
	const struct inputs *f =
		slot != NONE32 ? &engine->inputs[slot] : inputs_of_process_group(engine, pgroup);

	e->number = ++engine->last_number;
	engine->under_way++;
	e->key = f->key;
	e->host = engine_policy(engine, e->policy)->conditions & WHEN(HOST_AVAILABLE);
	e->held_ns = held_ns;
	e->until_ns = engine->now_ns;
	e->usage_at = f->at[CONDITION_USAGE];
	e->outlives =
		slot != NONE32 ? selector_slot(engine->snapshot, slot)->memory.file : HR_UNKNOWN;
	e->freed = e->freed_ms = HR_UNKNOWN;
	fill_target(engine, slot, pgroup, e);
	e->over = over(engine, e, f);
	inputs_record(engine, f, &e->target, &e->inputs);
	e->inputs.held_ms = (engine->now_ns - held_ns) / NS_PER_MS;
	if (slot != NONE32 && !steps_only_notify(engine_policy(engine, e->policy)))
		engine->place[slot].escalation = (uint32_t)(e - engine->escalation) + 1;
	victim_fill_skipped(engine, e, n);
}

/* One shortage has one escalation: the others about the host end. */
static void finish_other_host_escalations(struct policy_engine *engine,
					  const struct escalation *mine)
{
	for (size_t i = 0; i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (e->number && e != mine && e->host && !e->gone && e->mode <= mine->mode)
			escalation_finish(engine, e, HR_UNKNOWN_U32, false);
	}
}

void escalation_begin(struct policy_engine *engine, uint32_t policy, uint32_t slot, uint32_t pgroup,
		      uint64_t held_ns, uint32_t n)
{
	const struct policy *p = engine_policy(engine, policy);
	const struct hr_slot *at = slot == NONE32 ? NULL : selector_slot(engine->snapshot, slot);
	uint64_t key = at ? engine->inputs[slot].key : inputs_of_process_group(engine, pgroup)->key;
	enum policy_mode mode = steps_engine_mode(engine, p);
	/* A policy that only notifies runs beside any other. */
	struct escalation *e = steps_only_notify(p) ? NULL : escalation_of(engine, slot, key);
	struct timer *timer;
	uint32_t step;

	if ((e && e->policy == policy) ||
	    escalation_blocked(engine, policy, key, at ? at->id.workload : 0, &step))
		return;
	step = steps_next(p, step, false, mode);
	if (step >= p->actions || (e && !takes_over(engine, p, step, mode, e)))
		return;
	/* Reserve the cooldown's timer: without it the escalation would begin again and again. */
	timer = hold_timers_make(&engine->timers, policy, key);
	if (!timer)
		return;
	if (e)
		escalation_finish(engine, e, HR_UNKNOWN_U32, false);
	else
		e = take_space(engine, p, step);
	if (!e)
		return;
	hold_timers_cool(&engine->timers, timer, at ? at->id.workload : 0, UINT64_MAX,
			 POLICY_ACTIONS); /* under way */
	*e = (struct escalation){.policy = (uint16_t)policy, .mode = mode, .step = (uint8_t)step};
	set_up(engine, e, slot, pgroup, held_ns, n);
	if (e->host)
		finish_other_host_escalations(engine, e);
	steps_advance(engine, e);
}

struct escalation *escalation_reflex(struct policy_engine *engine, uint32_t policy, uint32_t slot)
{
	struct escalation *e = escalation_of(engine, slot, 0);
	struct timer *timer;

	if (e && e->policy == policy)
		return e;
	if (e)
		escalation_finish(engine, e, HR_UNKNOWN_U32, false);
	else
		e = take_space(engine, engine_policy(engine, policy), 0);
	timer = e ? hold_timers_make(&engine->timers, policy, engine->inputs[slot].key) : NULL;
	if (!timer)
		return NULL;
	hold_timers_cool(&engine->timers, timer, selector_slot(engine->snapshot, slot)->id.workload,
			 UINT64_MAX, POLICY_ACTIONS);
	*e = (struct escalation){.policy = (uint16_t)policy, .mode = MODE_ENFORCE};
	set_up(engine, e, slot, NONE32, engine->now_ns, 0);
	return e;
}

bool escalation_host_busy(struct policy_engine *engine, uint32_t policy, uint32_t first)
{
	const struct policy *p = engine_policy(engine, policy);
	enum policy_mode mode = steps_engine_mode(engine, p);

	for (size_t i = 0; i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (!e->number || !e->host ||
		    (e->gone && engine->now_ns - e->gone_ns >= 1000 * NS_PER_MS))
			continue;
		if (e->policy == policy ||
		    (e->mode >= mode && !takes_over(engine, p, first, mode, e)))
			return true;
	}
	return false;
}
