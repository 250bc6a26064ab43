// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One emergency on its ladder: which rung is due, what it brought, when it is over. A rung is followed by the next one only
 * when its time is up and the rule still holds by fresh figures; a rung that failed or cannot be taken is followed at once.
 * Kills once at most. Orders; does nothing itself.
 */
#include "private.h"

#include <string.h>

#define RECLAIM_PATIENCE_MS \
	5000 /* it may block for minutes; the emergency does not wait that long */
#define RECLAIM_SETTLE_MS 1000 /* after it: a calm sweep later the figures are new */
#define KILL_PATIENCE_MS 10000
#define KILL_SETTLE_MS 3000
#define REFLEX_PATIENCE_MS 1000
#define THROTTLE_MS 30000 /* where the rule gives no time */
#define TERM_MS 10000
#define BAND_NS (60000 * NS_PER_MS) /* neither holding nor calm for so long: calm */
#define THEN_NS (3000 * NS_PER_MS) /* a supervisor that restarts has done so by then */
#define THEN_WAIT_NS (30000 * NS_PER_MS) /* for the end of what was told to end */
#define HOST_SETTLE_NS \
	(1000 * NS_PER_MS) /* after a victim's end: its memory shows in the host's figures */
#define UNRECLAIMABLE_MILLI \
	900 /* of usage: more than that, and a throttle only strangles (livelock without swap) */

enum act_mode ladder_mode(const struct policy_set *set, const struct policy *policy)
{
	return policy->mode < set->mode ? policy->mode : set->mode;
}

unsigned int ladder_harshness(unsigned int rung)
{
	static const uint8_t harshness[HR_RUNG_COUNT] = {
		[HR_RUNG_NOTIFY] = 1, [HR_RUNG_RECLAIM] = 2, [HR_RUNG_THROTTLE] = 3,
		[HR_RUNG_TERM] = 4,   [HR_RUNG_KILL] = 5,    [HR_RUNG_REFLEX] = 5,
	};

	return rung < HR_RUNG_COUNT ? harshness[rung] : 0;
}

unsigned int ladder_hardest(const struct policy *p, uint32_t from)
{
	unsigned int most = 0;

	for (uint32_t i = from; i < p->rungs; i++)
		if (ladder_harshness(p->rung[i].rung) > most)
			most = ladder_harshness(p->rung[i].rung);
	return most;
}

bool ladder_only_tells(const struct policy *p)
{
	return ladder_hardest(p, 0) <= ladder_harshness(HR_RUNG_NOTIFY);
}

/* In `enforce` the reflex strikes by itself, in the kernel: the ladder steps over it. */
uint32_t ladder_next(const struct policy *p, uint32_t step, bool killed, enum act_mode mode)
{
	for (; step < p->rungs; step++) {
		unsigned int rung = p->rung[step].rung;

		if (!(rung == HR_RUNG_REFLEX && mode == MODE_ENFORCE) &&
		    !(rung == HR_RUNG_KILL && killed))
			return step;
	}
	return POLICY_RUNGS;
}

uint64_t ladder_patience_ms(const struct policy_rung *rung, enum act_mode mode)
{
	switch (rung->rung) {
	case HR_RUNG_RECLAIM:
		return mode == MODE_ENFORCE ? RECLAIM_PATIENCE_MS : RECLAIM_SETTLE_MS;
	case HR_RUNG_THROTTLE:
		return rung->grace_ms ? rung->grace_ms : THROTTLE_MS;
	case HR_RUNG_TERM:
		return rung->grace_ms ? rung->grace_ms : TERM_MS;
	case HR_RUNG_KILL:
		return mode == MODE_ENFORCE ? KILL_PATIENCE_MS : 0;
	case HR_RUNG_REFLEX:
		return REFLEX_PATIENCE_MS;
	default:
		return 0;
	}
}

static const struct hr_slot *target_slot(const struct act *act, const struct emergency *e)
{
	const struct hr_slot *slot = match_slot(act->world, e->target.slot);

	return slot && slot->state == HR_SLOT_RUNNING && slot->cgroup_id == e->target.memcg_id
		       ? slot
		       : NULL;
}

const struct figures *ladder_figures(const struct act *act, const struct emergency *e)
{
	if (e->target.slot != HR_UNKNOWN_U32)
		return target_slot(act, e) ? &act->figures[e->target.slot] : NULL;
	for (uint32_t i = 0; i < act->world->jobs && i < ACT_JOBS; i++)
		if (figures_of_job(act, i)->key == e->key)
			return figures_of_job(act, i);
	return NULL;
}

void ladder_order(const struct act *act, const struct emergency *e, uint32_t step,
		  enum hr_rung kind, struct act_order *ret_order)
{
	const struct policy *p = act_policy(act, e->policy);
	const struct figures *f = ladder_figures(act, e);
	struct act_order order = {
		.emergency = e->number,
		.step = step + 1,
		.steps = p->rungs,
		.policy = p,
		.rung = kind == HR_RUNG_THEN ? NULL : &p->rung[step],
		.kind = kind,
		.mode = e->mode,
		.target = e->target,
		.evidence = e->evidence,
		.passed_over_count = e->passed,
		.decided_ns = act->world->now_ns,
	};
	struct rule rule;

	if (f) {
		rule_read(p, &rule);
		evidence_read(act, f, &e->target, &order.evidence);
		order.evidence.held_ms = (act->now_ns - e->held_ns) / NS_PER_MS;
		order.evidence.threshold = rule_threshold(&rule, F_USAGE, f);
	}
	memcpy(order.passed_over, e->passed_over, sizeof(order.passed_over));
	memcpy(order.passed_slot, e->passed_slot, sizeof(order.passed_slot));
	*ret_order = order;
}

static void not_taken(const struct act *act, struct emergency *e, enum hr_deed deed,
		      enum hr_why why)
{
	struct act_order order;

	if (!act->calls.not_taken)
		return;
	e->heard = true;
	ladder_order(act, e, e->step, act_policy(act, e->policy)->rung[e->step].rung, &order);
	act->calls.not_taken(&order, deed, why, act->calls.arg);
}

/* What would be squeezed is mostly what cannot be given back, and there is nowhere to swap it. */
static bool nothing_to_reclaim(const struct act *act, const struct emergency *e)
{
	const struct hr_slot *slot = target_slot(act, e);
	const struct hr_host *host = act->world->host;
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

/* Hold-off and budget. What is refused is told once, and tried again when its time comes. */
static bool may_end(struct act *act, struct emergency *e)
{
	struct budget *budget = e->mode == MODE_ENFORCE ? &act->spent : &act->rehearsed;
	uint64_t hold_off = e->host ? act->host_hold_off_ns : 0, wait;
	enum hr_why why = HR_WHY_HOLD_OFF;

	if (e->target.slot != HR_UNKNOWN_U32 && act->place[e->target.slot].hold_off_ns > hold_off)
		hold_off = act->place[e->target.slot].hold_off_ns;
	wait = hold_off > act->now_ns ? hold_off : 0;
	if (!wait && !e->ending) {
		wait = budget_wait(budget, act->set, act->now_ns);
		why = HR_WHY_BUDGET;
	}
	if (!wait)
		return true;
	e->until_ns = wait;
	if (e->told != why)
		not_taken(act, e, HR_DEED_REFUSED, why);
	e->told = (uint8_t)why;
	return false;
}

static void give_order(struct act *act, struct emergency *e, const struct policy_rung *rung)
{
	struct act_order order;

	ladder_order(act, e, e->step, rung->rung, &order);
	ladder_taken(act, e, e->step);
	if (act->calls.order)
		act->calls.order(&order, act->calls.arg);
}

/* Rung `step` is ordered, or the reflex took it by itself. */
void ladder_taken(struct act *act, struct emergency *e, uint32_t step)
{
	const struct policy_rung *rung = &act_policy(act, e->policy)->rung[step];

	if (budget_ends(rung) && !e->ending) {
		e->ending = true;
		e->paid_ns = act->now_ns;
		e->paid_step = (uint8_t)(step + 1);
		budget_spend(e->mode == MODE_ENFORCE ? &act->spent : &act->rehearsed, act->now_ns);
	}
	e->killed |= rung->rung == HR_RUNG_KILL;
	e->heard = true;
	e->step = (uint8_t)(step + 1);
	e->ordered = (uint8_t)(step + 1);
	e->told = HR_WHY_NONE;
	if (ladder_harshness(rung->rung) > e->hardest)
		e->hardest = (uint8_t)ladder_harshness(rung->rung);
	if (!e->acted_ns && rung->rung != HR_RUNG_NOTIFY)
		e->acted_ns = act->now_ns;
	e->ordered_ns = act->now_ns;
	e->until_ns = act->now_ns + ladder_patience_ms(rung, e->mode) * NS_PER_MS;
}

static bool wants_then(const struct act *act, const struct emergency *e)
{
	return act_policy(act, e->policy)->then.n && e->ending && !e->then_told;
}

static void order_then(struct act *act, struct emergency *e)
{
	struct act_order order;

	e->then_told = true;
	ladder_order(act, e, e->ordered ? e->ordered - 1u : 0, HR_RUNG_THEN, &order);
	if (act->calls.order)
		act->calls.order(&order, act->calls.arg);
}

static void at_the_end(struct act *act, struct emergency *e)
{
	bool only_told = ladder_only_tells(act_policy(act, e->policy));

	if (e->mode == MODE_DRY_RUN && wants_then(act, e))
		order_then(act, e);
	emergency_finish(act, e, e->mode == MODE_DRY_RUN || only_told ? HR_UNKNOWN_U32 : 0, false);
}

/* Protected by now, or, by its name, another program than the one that was meant? Who is not among the listed is not known better. */
static bool job_spared(const struct act *act, const struct emergency *e)
{
	const struct policy *p = act_policy(act, e->policy);

	for (uint32_t i = 0; i < act->world->jobs && i < ACT_JOBS; i++) {
		const struct act_job *job = &act->world->job[i];
		uint32_t in = figures_find(act, job->memcg_id);

		if (figures_of_job(act, i)->key != e->key)
			continue;
		return match_job_allowed(act->set, act->world, p, i) ||
		       (job->pid == e->target.pid &&
			!match_job(act->set, p, job, in == NONE32 ? NULL : match_slot(act->world, in)));
	}
	return false;
}

/* False: nothing more to be done now. */
static bool next_rung(struct act *act, struct emergency *e)
{
	const struct policy *p = act_policy(act, e->policy);
	uint32_t step = ladder_next(p, e->step, e->killed, e->mode);
	bool job = e->target.slot == HR_UNKNOWN_U32;

	if (step >= p->rungs) {
		at_the_end(act, e);
		return false;
	}
	e->step = (uint8_t)step;
	if (p->rung[step].rung == HR_RUNG_THROTTLE && nothing_to_reclaim(act, e)) {
		not_taken(act, e, HR_DEED_SKIPPED, HR_WHY_NONE);
		e->step++;
		return true;
	}
	/* Names may have come, or the list may have changed since it began. */
	if (job ? job_spared(act, e)
		: match_allowed(act->set, act->world, p, e->target.slot,
				act->figures[e->target.slot].parent) != HR_WHY_NONE) {
		emergency_finish(act, e, HR_UNKNOWN_U32, false);
		return false;
	}
	if (budget_ends(&p->rung[step]) && !may_end(act, e))
		return false;
	give_order(act, e, &p->rung[step]);
	return true;
}

static void note_freed(const struct act *act, struct emergency *e, uint64_t usage)
{
	uint64_t freed = usage < e->usage_at ? e->usage_at - usage : 0;

	if (!e->acted_ns || usage == HR_UNKNOWN || e->usage_at == HR_UNKNOWN ||
	    e->mode != MODE_ENFORCE)
		return;
	e->freed = freed;
	if (e->freed_ms == HR_UNKNOWN && freed && freed >= e->over / 2)
		e->freed_ms = (act->now_ns - e->acted_ns) / NS_PER_MS;
}

static bool is_calm(const struct act *act, struct emergency *e, const struct rule *rule,
		    const struct figures *f, enum holds holds)
{
	uint32_t calm_ms = 0;

	if (holds == HOLDS) {
		e->calm_ns = e->band_ns = 0;
		return false;
	}
	if (holds == HOLDS_UNKNOWN && !rule_calm(rule, f, NULL))
		return false;
	if (!e->band_ns)
		e->band_ns = act->now_ns;
	if (!rule_calm(rule, f, &calm_ms)) {
		e->calm_ns = 0;
		return act->now_ns - e->band_ns >= BAND_NS;
	}
	if (!e->calm_ns)
		e->calm_ns = act->now_ns;
	return act->now_ns - e->calm_ns >= calm_ms * NS_PER_MS;
}

/* A new cgroup of the same workload tells it at once. Processes in the same one again may be there to tidy up (systemd runs
 * ExecStopPost= in the unit's): these count when the wait is over. */
static bool restarted(const struct act *act, const struct emergency *e, bool waited)
{
	bool job = e->target.slot == HR_UNKNOWN_U32;

	for (uint32_t i = 0; !job && i < act->world->slots; i++) {
		const struct hr_slot *slot = act->world->slot(i, act->world->arg);

		if (!slot || slot->state != HR_SLOT_RUNNING || !(slot->flags & HR_SLOT_POPULATED))
			continue;
		if (slot->cgroup_id == e->target.memcg_id
			    ? waited
			    : e->workload && slot->id.workload == e->workload)
			return true;
	}
	return false;
}

static bool host_calm(const struct act *act, const struct emergency *e)
{
	struct figures f = {0};
	struct rule rule;

	figures_host(act, &f);
	rule_read_host(act_policy(act, e->policy), &rule);
	return rule_calm(&rule, &f, NULL);
}

static void after_the_end(struct act *act, struct emergency *e)
{
	uint64_t since = act->now_ns - e->gone_ns;
	bool calm = !e->host || host_calm(act, e);

	if (e->mode == MODE_ENFORCE && wants_then(act, e) && !restarted(act, e, since >= THEN_NS)) {
		if (since < THEN_NS) {
			e->until_ns = e->gone_ns + THEN_NS;
			return;
		}
		order_then(act, e);
	}
	if (e->number && !calm && since < HOST_SETTLE_NS) {
		e->until_ns = e->gone_ns + HOST_SETTLE_NS;
		return;
	}
	if (e->number)
		emergency_finish(act, e,
				 e->mode == MODE_DRY_RUN ? HR_UNKNOWN_U32 : calm && !e->oomed,
				 false);
}

void ladder_gone(struct act *act, struct emergency *e)
{
	if (e->gone)
		return;
	e->gone = true;
	e->gone_ns = act->now_ns;
	note_freed(act, e, 0);
}

/* Calm, but what comes afterwards waits for the end of what was told to end. */
static bool awaits_end(const struct act *act, const struct emergency *e)
{
	uint64_t until = e->until_ns > e->ordered_ns + THEN_WAIT_NS ? e->until_ns
								    : e->ordered_ns + THEN_WAIT_NS;

	return e->mode == MODE_ENFORCE && wants_then(act, e) && act->now_ns < until;
}

void ladder_go(struct act *act, struct emergency *e)
{
	const struct hr_slot *slot = target_slot(act, e);
	const struct figures *f = ladder_figures(act, e);
	uint32_t number = e->number;
	struct rule rule;
	enum holds holds;

	if (!f || (slot && !(slot->flags & HR_SLOT_POPULATED)))
		ladder_gone(act, e);
	if (e->gone) {
		after_the_end(act, e);
		return;
	}
	rule_read(act_policy(act, e->policy), &rule);
	if (e->host)
		rule_read_host(act_policy(act, e->policy), &rule);
	note_freed(act, e, f->at[F_USAGE]);
	holds = rule_holds(&rule, f);
	if (is_calm(act, e, &rule, f, holds)) {
		if (!awaits_end(act, e))
			emergency_finish(act, e,
					 e->mode == MODE_DRY_RUN || !e->acted_ns ? HR_UNKNOWN_U32
										 : !e->oomed,
					 true);
		return;
	}
	while (holds == HOLDS && e->number == number && !e->gone && act->now_ns >= e->until_ns)
		if (!next_rung(act, e))
			break;
}

void ladder_answer(struct act *act, struct emergency *e, const struct act_result *result)
{
	uint64_t settle = HR_UNKNOWN, until;

	if (result->freed != HR_UNKNOWN && (e->freed == HR_UNKNOWN || result->freed > e->freed))
		e->freed = result->freed;
	if (result->step != e->ordered || e->mode != MODE_ENFORCE || e->gone)
		return; /* an answer from further down: its rung is past */
	if (result->deed != HR_DEED_DONE) {
		e->until_ns = act->now_ns;
		/* A signal that was not sent has ended nobody; one that failed may have. */
		if (e->ending && e->paid_step == result->step && result->deed != HR_DEED_FAILED) {
			e->ending = false;
			budget_refund(&act->spent, e->paid_ns);
		}
		return;
	}
	switch (act_policy(act, e->policy)->rung[e->ordered - 1].rung) {
	case HR_RUNG_RECLAIM:
		settle = RECLAIM_SETTLE_MS;
		break;
	case HR_RUNG_KILL:
		settle = KILL_SETTLE_MS;
		break;
	default:
		return;
	}
	until = act->now_ns + settle * NS_PER_MS;
	if (until < e->until_ns)
		e->until_ns = until;
}
