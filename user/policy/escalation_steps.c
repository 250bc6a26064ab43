// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One escalation's steps: which is due, whether it helped, when the escalation is over. A step is followed by the next one
 * only when its time is up and the policy still holds on fresh inputs; a step that failed or was skipped is followed at once.
 * One escalation kills at most once. Asks for actions; carries none out.
 */
#include "policy_internal.h"

#include <stdio.h>
#include <string.h>

#define MISSES_MOST 8 /* in a row without a cooldown */
#define RECLAIM_PATIENCE_MS \
	5000 /* it may block for minutes; the escalation does not wait that long */
#define RECLAIM_SETTLE_MS  1000 /* after it: the next sweep's inputs are fresh by then */
#define KILL_PATIENCE_MS   10000
#define KILL_SETTLE_MS     3000
#define REFLEX_PATIENCE_MS 1000
#define RESIZE_SETTLE_MS   3000  /* until the figures show the new limit */
#define THROTTLE_MS        30000 /* where the policy gives no time */
#define TERM_MS            10000
#define BAND_NS            (60000 * NS_PER_MS) /* neither holding nor calm for this long counts as calm */
#define ON_EXIT_NS \
	(3000 * NS_PER_MS) /* a runtime or systemd that restarts it has done so by then */
#define ON_EXIT_WAIT_NS (30000 * NS_PER_MS) /* for the end of what was signalled */
#define HOST_SETTLE_NS \
	(1000 * NS_PER_MS) /* after a victim's end: MemAvailable includes its memory by then */
#define UNRECLAIMABLE_MILLI \
	900 /* of usage: above it a throttle only stalls the container (livelock without swap) */

enum policy_mode steps_mode(const struct policy_set *set, const struct policy *policy)
{
	return policy->mode < set->mode ? policy->mode : set->mode;
}

enum policy_mode steps_engine_mode(const struct policy_engine *engine, const struct policy *policy)
{
	enum policy_mode mode = steps_mode(engine->set, policy);

	return mode < engine->mode_most ? mode : engine->mode_most;
}

unsigned int steps_hardest(const struct policy *p, uint32_t from)
{
	unsigned int most = 0;

	for (uint32_t i = from; i < p->actions; i++)
		if (action_severity(p->action[i].kind) > most)
			most = action_severity(p->action[i].kind);
	return most;
}

bool steps_only_notify(const struct policy *p)
{
	return steps_hardest(p, 0) <= action_severity(HR_ACTION_NOTIFY);
}

/* In `enforce` BPF runs the reflex by itself: the escalation steps over it. */
uint32_t steps_next(const struct policy *p, uint32_t step, bool killed, enum policy_mode mode)
{
	for (; step < p->actions; step++) {
		unsigned int kind = p->action[step].kind;

		if (!(kind == HR_ACTION_REFLEX && mode == MODE_ENFORCE) &&
		    !(kind == HR_ACTION_KILL && killed))
			return step;
	}
	return POLICY_ACTIONS;
}

uint64_t steps_patience_ms(const struct policy_action *spec, enum policy_mode mode)
{
	switch (spec->kind) {
	case HR_ACTION_RECLAIM:
		return mode == MODE_ENFORCE ? RECLAIM_PATIENCE_MS : RECLAIM_SETTLE_MS;
	case HR_ACTION_THROTTLE:
		return spec->grace_ms ? spec->grace_ms : THROTTLE_MS;
	case HR_ACTION_TERM:
		return spec->grace_ms ? spec->grace_ms : TERM_MS;
	case HR_ACTION_RESIZE:
		return RESIZE_SETTLE_MS;
	case HR_ACTION_KILL:
		return mode == MODE_ENFORCE ? KILL_PATIENCE_MS : 0;
	case HR_ACTION_REFLEX:
		return REFLEX_PATIENCE_MS;
	default:
		return 0;
	}
}

static const struct hr_slot *target_slot(const struct policy_engine *engine,
					 const struct escalation *e)
{
	const struct hr_slot *slot = selector_slot(engine->snapshot, e->target.slot);

	return slot && slot->state == HR_SLOT_RUNNING && slot->cgroup_id == e->target.memcg_id
		       ? slot
		       : NULL;
}

const struct inputs *steps_inputs(const struct policy_engine *engine, const struct escalation *e)
{
	if (e->target.slot != HR_UNKNOWN_U32)
		return target_slot(engine, e) ? &engine->inputs[e->target.slot] : NULL;
	for (uint32_t i = 0; i < engine->snapshot->pgroups && i < POLICY_PROCESS_GROUPS; i++)
		if (inputs_of_process_group(engine, i)->key == e->key)
			return inputs_of_process_group(engine, i);
	return NULL;
}

void steps_action(const struct policy_engine *engine, const struct escalation *e, uint32_t step,
		  enum hr_action_kind kind, struct action *ret_action)
{
	const struct policy *p = engine_policy(engine, e->policy);
	const struct inputs *f = steps_inputs(engine, e);
	struct action action = {
		.escalation = e->number,
		.step = step + 1,
		.steps = p->actions,
		.policy = p,
		.spec = kind == HR_ACTION_ON_EXIT ? NULL : &p->action[step],
		.kind = kind,
		.mode = e->mode,
		.target = e->target,
		.inputs = e->inputs,
		.skipped_count = e->skipped_count,
		.bytes = HR_UNKNOWN,
		.for_ms = HR_UNKNOWN,
		.decided_ns = engine->snapshot->now_ns,
	};
	struct condition_set rule;

	if (f) {
		condition_set_read(p, &rule);
		inputs_record(engine, f, &e->target, &action.inputs);
		action.inputs.held_ms = (engine->now_ns - e->held_ns) / NS_PER_MS;
		action.inputs.threshold = condition_set_threshold(&rule, CONDITION_USAGE, f);
		action.inputs.used_threshold = condition_set_threshold(&rule, CONDITION_USED, f);
	}
	memcpy(action.skipped, e->skipped, sizeof(action.skipped));
	snprintf(action.policy_name, sizeof(action.policy_name), "%s",
		 policy_text(engine->set, p->name));
	*ret_action = action;
}

static void not_taken(const struct policy_engine *engine, struct escalation *e,
		      enum hr_action_status status, enum hr_skip_reason reason)
{
	struct action action;

	if (!engine->calls.not_taken)
		return;
	e->notified = true;
	steps_action(engine, e, e->step, engine_policy(engine, e->policy)->action[e->step].kind,
		     &action);
	engine->calls.not_taken(&action, status, reason, engine->calls.arg);
}

/* The usage is mostly non-reclaimable, and there is no swap for it. */
static bool nothing_to_reclaim(const struct policy_engine *engine, const struct escalation *e)
{
	const struct hr_slot *slot = target_slot(engine, e);
	const struct hr_host *host = engine->snapshot->host;
	bool no_swap = host && host->swap_free != HR_UNKNOWN && !host->swap_free;

	if (!slot)
		return true;
	if (slot->memory.usage == HR_UNKNOWN || slot->memory.unreclaimable == HR_UNKNOWN)
		return false;
	if (slot->memory.swap_limit != HR_UNKNOWN && slot->memory.swap != HR_UNKNOWN &&
	    slot->memory.swap >= slot->memory.swap_limit)
		no_swap = true;
	return no_swap &&
	       slot->memory.unreclaimable >= slot->memory.usage / 1000 * UNRECLAIMABLE_MILLI;
}

/* Hold-off and rate limit. A refusal is reported once, and the step is tried again when its time comes. */
static bool may_end(struct policy_engine *engine, struct escalation *e)
{
	uint64_t hold_off = e->host ? engine->host_hold_off_ns : 0, wait;
	enum hr_skip_reason reason = HR_SKIP_HOLD_OFF;

	if (e->target.slot != HR_UNKNOWN_U32 &&
	    engine->place[e->target.slot].hold_off_ns > hold_off)
		hold_off = engine->place[e->target.slot].hold_off_ns;
	wait = hold_off > engine->now_ns ? hold_off : 0;
	if (!wait && !e->ending) {
		wait = rate_limits_wait(engine_limits(engine, e->mode), engine->set, engine->now_ns,
					e->host);
		reason = HR_SKIP_RATE_LIMIT;
	}
	if (!wait)
		return true;
	e->until_ns = wait;
	if (e->refused != reason)
		not_taken(engine, e, HR_STATUS_REFUSED, reason);
	e->refused = (uint8_t)reason;
	return false;
}

static void start_action(struct policy_engine *engine, struct escalation *e,
			 const struct policy_action *spec)
{
	struct action action;

	steps_action(engine, e, e->step, spec->kind, &action);
	action_plan(&action, target_slot(engine, e));
	steps_started(engine, e, e->step);
	action.reserve = e->reserve && e->charged_step == action.step;
	if (engine->calls.action)
		engine->calls.action(&action, engine->calls.arg);
}

void steps_started(struct policy_engine *engine, struct escalation *e, uint32_t step)
{
	const struct policy_action *spec = &engine_policy(engine, e->policy)->action[step];

	if (rate_limit_ends(spec) && !e->ending) {
		e->ending = true;
		e->charged_step = (uint8_t)(step + 1);
		e->reserve = rate_limits_spend(engine_limits(engine, e->mode), engine->set,
					       engine->now_ns, e->host, e->number);
	}
	e->killed |= spec->kind == HR_ACTION_KILL;
	e->notified = e->awaited = true;
	e->step = (uint8_t)(step + 1);
	e->requested = (uint8_t)(step + 1);
	e->refused = e->without = HR_SKIP_NONE;
	if (action_severity(spec->kind) > e->hardest)
		e->hardest = (uint8_t)action_severity(spec->kind);
	if (!e->acted_ns && spec->kind != HR_ACTION_NOTIFY)
		e->acted_ns = engine->now_ns;
	e->requested_ns = engine->now_ns;
	e->until_ns = engine->now_ns + steps_patience_ms(spec, e->mode) * NS_PER_MS;
}

static bool wants_on_exit(const struct policy_engine *engine, const struct escalation *e)
{
	return engine_policy(engine, e->policy)->on_exit.n && e->ending && !e->on_exit_requested;
}

static void request_on_exit(struct policy_engine *engine, struct escalation *e)
{
	struct action action;

	e->on_exit_requested = true;
	steps_action(engine, e, e->requested ? e->requested - 1u : 0, HR_ACTION_ON_EXIT, &action);
	if (engine->calls.action)
		engine->calls.action(&action, engine->calls.arg);
}

static void after_last_step(struct policy_engine *engine, struct escalation *e)
{
	bool only_notifies = steps_only_notify(engine_policy(engine, e->policy));

	if (e->mode == MODE_DRY_RUN && wants_on_exit(engine, e))
		request_on_exit(engine, e);
	escalation_finish(engine, e, e->mode == MODE_DRY_RUN || only_notifies ? HR_UNKNOWN_U32 : 0,
			  false);
}

/* Is it protected by now, or, by its name, another program than the one that was chosen? Of a group that is not in the
 * snapshot nothing newer is known. */
static bool process_group_exempt(const struct policy_engine *engine, const struct escalation *e)
{
	const struct policy *p = engine_policy(engine, e->policy);

	for (uint32_t i = 0; i < engine->snapshot->pgroups && i < POLICY_PROCESS_GROUPS; i++) {
		const struct process_group *pgroup = &engine->snapshot->pgroup[i];
		uint32_t in = inputs_find(engine, pgroup->memcg_id);

		if (inputs_of_process_group(engine, i)->key != e->key)
			continue;
		return selector_process_group_allowed(engine->set, engine->snapshot, p, i) ||
		       (e->target.pgid && pgroup->flags & PGROUP_HOLDS_OTHERS) ||
		       (pgroup->pid == e->target.pid &&
			!selector_match_process_group(
				engine->set, p, engine->snapshot, pgroup,
				in == NONE32 ? NULL : selector_slot(engine->snapshot, in)));
	}
	return false;
}

/* Names may have been resolved or changed, or `protect` may have changed, since the escalation began. */
static enum hr_skip_reason slot_exempt(const struct policy_engine *engine,
				       const struct policy_snapshot *snapshot,
				       const struct escalation *e)
{
	const struct policy *p = engine_policy(engine, e->policy);
	const struct hr_slot *slot = selector_slot(snapshot, e->target.slot);
	enum hr_skip_reason reason = selector_allowed(engine->set, snapshot, p, e->target.slot,
						      engine->inputs[e->target.slot].parent);

	return reason || selector_match(engine->set, p, slot) ? reason : HR_SKIP_RENAMED;
}

enum hr_skip_reason engine_recheck(struct policy_engine *engine,
				   const struct policy_snapshot *snapshot, uint32_t escalation)
{
	struct escalation *e = escalation_find(engine, escalation);
	enum hr_skip_reason reason;

	if (!e || e->target.slot >= engine->slots || e->target.slot >= snapshot->slots)
		return HR_SKIP_NONE;
	reason = slot_exempt(engine, snapshot, e);
	e->refused = (uint8_t)reason; /* the caller says so */
	return reason;
}

/* False: no more steps now. */
static bool next_action(struct policy_engine *engine, struct escalation *e)
{
	const struct policy *p = engine_policy(engine, e->policy);
	uint32_t step = steps_next(p, e->step, e->killed, e->mode);
	enum hr_skip_reason reason = HR_SKIP_NONE;
	bool pgroup = e->target.slot == HR_UNKNOWN_U32;

	if (step >= p->actions) {
		after_last_step(engine, e);
		return false;
	}
	e->step = (uint8_t)step;
	if (p->action[step].kind == HR_ACTION_THROTTLE && nothing_to_reclaim(engine, e)) {
		not_taken(engine, e, HR_STATUS_SKIPPED, HR_SKIP_NONE);
		e->step++;
		return true;
	}
	if (p->action[step].kind == HR_ACTION_RESIZE && target_slot(engine, e) &&
	    (reason = action_resize_refusal(target_slot(engine, e)))) {
		not_taken(engine, e, HR_STATUS_REFUSED, reason);
		e->step++;
		return true;
	}
	if (!pgroup)
		reason = slot_exempt(engine, engine->snapshot, e);
	if (reason && reason != HR_SKIP_GONE && e->notified && e->refused != reason)
		not_taken(engine, e, HR_STATUS_SKIPPED, reason);
	if (reason || (pgroup && process_group_exempt(engine, e))) {
		escalation_finish(engine, e, HR_UNKNOWN_U32, false);
		return false;
	}
	if (rate_limit_ends(&p->action[step]) && !may_end(engine, e))
		return false;
	start_action(engine, e, &p->action[step]);
	return true;
}

static void note_freed(const struct policy_engine *engine, struct escalation *e, uint64_t usage)
{
	uint64_t freed = usage < e->usage_at ? e->usage_at - usage : 0;

	if (!e->acted_ns || usage == HR_UNKNOWN || e->usage_at == HR_UNKNOWN ||
	    e->mode != MODE_ENFORCE)
		return;
	e->freed = freed;
	if (e->freed_ms == HR_UNKNOWN && freed && freed >= e->over / 2)
		e->freed_ms = (engine->now_ns - e->acted_ns) / NS_PER_MS;
}

static bool is_calm(const struct policy_engine *engine, struct escalation *e,
		    const struct condition_set *rule, const struct inputs *f, enum holds holds)
{
	uint32_t calm_ms = 0;

	if (holds == HOLDS) {
		e->calm_ns = e->band_ns = 0;
		return false;
	}
	if (holds == HOLDS_UNKNOWN && !condition_set_calm(rule, f, NULL))
		return false;
	if (!e->band_ns)
		e->band_ns = engine->now_ns;
	if (!condition_set_calm(rule, f, &calm_ms)) {
		e->calm_ns = 0;
		return engine->now_ns - e->band_ns >= BAND_NS;
	}
	if (!e->calm_ns)
		e->calm_ns = engine->now_ns;
	return engine->now_ns - e->calm_ns >= calm_ms * NS_PER_MS;
}

/* A new cgroup of the same workload counts at once. New processes in the same cgroup may only clean up (systemd runs
 * ExecStopPost= in the unit's cgroup): they count when the wait is over. */
static bool restarted(const struct policy_engine *engine, const struct escalation *e, bool waited)
{
	bool pgroup = e->target.slot == HR_UNKNOWN_U32;

	for (uint32_t i = 0; !pgroup && i < engine->snapshot->slots; i++) {
		const struct hr_slot *slot = engine->snapshot->slot(i, engine->snapshot->arg);

		if (!slot || slot->state != HR_SLOT_RUNNING || !(slot->flags & HR_SLOT_POPULATED))
			continue;
		if (slot->cgroup_id == e->target.memcg_id
			    ? waited
			    : e->workload && slot->id.workload == e->workload)
			return true;
	}
	return false;
}

static bool host_calm(const struct policy_engine *engine, const struct escalation *e)
{
	struct inputs f = {0};
	struct condition_set rule;

	inputs_host(engine, &f);
	condition_set_read_host(engine_policy(engine, e->policy), &rule);
	return condition_set_calm(&rule, &f, NULL);
}

static void after_target_end(struct policy_engine *engine, struct escalation *e)
{
	uint64_t since = engine->now_ns - e->gone_ns;
	bool calm = !e->host || host_calm(engine, e);

	if (e->mode == MODE_ENFORCE && wants_on_exit(engine, e) &&
	    !restarted(engine, e, since >= ON_EXIT_NS)) {
		if (since < ON_EXIT_NS) {
			e->until_ns = e->gone_ns + ON_EXIT_NS;
			return;
		}
		request_on_exit(engine, e);
	}
	if (e->number && !calm && since < HOST_SETTLE_NS) {
		e->until_ns = e->gone_ns + HOST_SETTLE_NS;
		return;
	}
	if (e->number)
		escalation_finish(engine, e,
				  e->mode == MODE_DRY_RUN ? HR_UNKNOWN_U32 : calm && !e->oom_killed,
				  false);
}

/* The removal of a cgroup frees nothing: cache and tmpfs stay, charged to a cgroup that has no files any more. */
void steps_gone(struct policy_engine *engine, struct escalation *e)
{
	if (e->gone)
		return;
	e->gone = true;
	e->gone_ns = engine->now_ns;
	note_freed(engine, e, e->target.slot == HR_UNKNOWN_U32 ? 0 : e->outlives);
}

/* Calm, but on_exit waits for the end of what was signalled. */
static bool awaits_end(const struct policy_engine *engine, const struct escalation *e)
{
	uint64_t until = e->until_ns > e->requested_ns + ON_EXIT_WAIT_NS
				 ? e->until_ns
				 : e->requested_ns + ON_EXIT_WAIT_NS;

	return e->mode == MODE_ENFORCE && wants_on_exit(engine, e) && engine->now_ns < until;
}

void steps_advance(struct policy_engine *engine, struct escalation *e)
{
	const struct hr_slot *slot = target_slot(engine, e);
	const struct inputs *f = steps_inputs(engine, e);
	uint32_t number = e->number;
	struct condition_set rule;
	enum holds holds;

	if (!f || (slot && !(slot->flags & HR_SLOT_POPULATED)))
		steps_gone(engine, e);
	if (e->gone) {
		after_target_end(engine, e);
		return;
	}
	condition_set_read(engine_policy(engine, e->policy), &rule);
	if (e->host)
		condition_set_read_host(engine_policy(engine, e->policy), &rule);
	note_freed(engine, e, f->at[CONDITION_USAGE]);
	e->outlives = slot ? slot->memory.file : HR_UNKNOWN;
	holds = condition_set_holds(&rule, f);
	if (is_calm(engine, e, &rule, f, holds)) {
		if (!awaits_end(engine, e))
			escalation_finish(engine, e,
					  e->mode == MODE_DRY_RUN || !e->acted_ns ? HR_UNKNOWN_U32
										  : !e->oom_killed,
					  true);
		return;
	}
	while (holds == HOLDS && e->number == number && !e->gone && engine->now_ns >= e->until_ns)
		if (!next_action(engine, e))
			break;
}

void steps_refunded(struct policy_engine *engine, uint64_t now_ns)
{
	for (size_t i = 0; i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (e->number && e->refused == HR_SKIP_RATE_LIMIT && e->until_ns > now_ns)
			e->until_ns = now_ns;
	}
}

/* For the next victim of this shortage: see victim_choose(). Its timer says how long that lasts. */
static void note_host_ended(struct policy_engine *engine, const struct escalation *e)
{
	struct timer *timer = hold_timers_make(&engine->timers, e->policy, HOST_KEY);

	engine->host_ended_ns = engine->now_ns;
	engine->host_ended_bytes = e->freed;
	if (!timer)
		return;
	timer->seen = engine->round;
	if (!timer->since_ns)
		timer->since_ns = e->held_ns;
}

void steps_result(struct policy_engine *engine, struct escalation *e,
		  const struct action_result *result)
{
	uint64_t settle = HR_UNKNOWN, until;

	if (result->freed != HR_UNKNOWN && (e->freed == HR_UNKNOWN || result->freed > e->freed))
		e->freed = result->freed;
	if (result->step != e->requested || e->mode != MODE_ENFORCE || e->gone)
		return; /* a result of an earlier step */
	e->awaited = false;
	e->missed = result->status == HR_STATUS_SKIPPED && e->host &&
		    e->target.slot == HR_UNKNOWN_U32 && ++engine->misses <= MISSES_MOST;
	if (result->status == HR_STATUS_DONE)
		engine->misses = 0;
	if (result->status != HR_STATUS_DONE) {
		e->until_ns = engine->now_ns;
		e->without = result->status == HR_STATUS_FAILED ? HR_SKIP_FAILED
			     : result->reason                   ? (uint8_t)result->reason
								: HR_SKIP_NO_EFFECT;
		/* A signal that was not sent has ended nothing; a failed action may have. */
		if (e->ending && e->charged_step == result->step &&
		    result->status != HR_STATUS_FAILED) {
			e->ending = false;
			rate_limits_refund(engine_limits(engine, MODE_ENFORCE), e->number);
			steps_refunded(engine, engine->now_ns);
		}
		return;
	}
	if (e->host && e->ending)
		note_host_ended(engine, e);
	switch (engine_policy(engine, e->policy)->action[e->requested - 1].kind) {
	case HR_ACTION_RECLAIM:
		settle = RECLAIM_SETTLE_MS;
		break;
	case HR_ACTION_KILL:
		settle = KILL_SETTLE_MS;
		break;
	default:
		return;
	}
	until = engine->now_ns + settle * NS_PER_MS;
	if (until < e->until_ns)
		e->until_ns = until;
}
