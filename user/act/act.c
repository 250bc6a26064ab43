// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The acting room's face: a round over what there is to see. First the emergencies under way (is it calm? is the next rung
 * due?), then the rules, in their order: numbers before names, since most rules hold for nobody.
 */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_LEAST 4096u

static int reserve(struct act *act, uint32_t slots)
{
	uint32_t buckets = 4;

	while (buckets < 2 * slots)
		buckets *= 2;
	act->place = calloc(slots ? slots : 1, sizeof(*act->place));
	act->figures = calloc((size_t)slots + ACT_JOBS, sizeof(*act->figures));
	act->candidate = calloc((size_t)slots + ACT_JOBS, sizeof(*act->candidate));
	act->index = calloc(buckets, sizeof(*act->index));
	if (!act->place || !act->figures || !act->candidate || !act->index)
		return -ENOMEM;
	memset(act->index, 0xff, buckets * sizeof(*act->index));
	act->index_mask = buckets - 1;
	act->slots = slots;
	for (uint32_t i = 0; i < slots; i++)
		act->place[i].next_policy = act->place[i].told_policy = UINT16_MAX;
	return 0;
}

static void release(struct act *act)
{
	free(act->place);
	free(act->figures);
	free(act->candidate);
	free(act->index);
}

int act_init(struct act **ret_act, uint32_t slots, const struct act_calls *calls)
{
	struct act *act = calloc(1, sizeof(*act));

	if (!act)
		return -ENOMEM;
	if (calls)
		act->calls = *calls;
	if (reserve(act, slots) ||
	    notes_init(&act->notes, slots * 4 > NOTES_LEAST ? slots * 4 : NOTES_LEAST)) {
		act_free(act);
		return -ENOMEM;
	}
	*ret_act = act;
	return 0;
}

void act_free(struct act *act)
{
	if (!act)
		return;
	release(act);
	notes_done(&act->notes);
	free(act);
}

int act_grow(struct act *act, uint32_t slots)
{
	struct act old = {.place = act->place,
			  .figures = act->figures,
			  .candidate = act->candidate,
			  .index = act->index};
	uint32_t n = act->slots, mask = act->index_mask;

	if (slots <= n)
		return 0;
	if (reserve(act, slots)) {
		release(act);
		act->place = old.place;
		act->figures = old.figures;
		act->candidate = old.candidate;
		act->index = old.index;
		act->index_mask = mask;
		return -ENOMEM;
	}
	memcpy(act->place, old.place, n * sizeof(*act->place));
	memcpy(act->figures, old.figures, n * sizeof(*act->figures));
	release(&old);
	return 0;
}

void act_counts(const struct act *act, struct act_counts *ret_counts)
{
	*ret_counts = (struct act_counts){act->turned_away, act->notes.lost, act->under_way};
}

/* Time for the rules never goes back; a clock that does stands still for them. */
static void enter(struct act *act, const struct act_world *world)
{
	act->world = world;
	act->busy = true;
	if (world->now_ns > act->now_ns)
		act->now_ns = world->now_ns;
}

static void leave(struct act *act)
{
	act->world = NULL;
	act->busy = false;
}

/* The rule's condition is not met by this target now. */
static void does_not_hold(struct act *act, uint32_t policy, const struct rule *rule,
			  const struct figures *f)
{
	struct note *note = notes_find(&act->notes, policy, f->key);

	if (!note)
		return;
	note->since_ns = 0;
	if (note->till_calm && !rule_calm(rule, f, NULL))
		note->seen = act->round;
}

/* Since when it has held; 0: that could not be noted, and so it does not count. */
static uint64_t since(struct act *act, uint32_t policy, uint64_t key)
{
	struct note *note;

	if (!act_policy(act, policy)->for_ms && !act->notes.of_policy[policy])
		return act->now_ns;
	note = act_policy(act, policy)->for_ms ? notes_make(&act->notes, policy, key)
					       : notes_find(&act->notes, policy, key);
	if (!note)
		return act_policy(act, policy)->for_ms ? 0 : act->now_ns;
	if (!note->since_ns)
		note->since_ns = act->now_ns ? act->now_ns : 1;
	note->seen = act->round;
	return note->since_ns;
}

static bool held_long_enough(const struct act *act, uint32_t policy, uint64_t since_ns)
{
	return since_ns && act->now_ns - since_ns >= act_policy(act, policy)->for_ms * NS_PER_MS;
}

static void note_next(struct act *act, uint32_t policy, uint32_t slot, uint64_t key,
		      uint64_t workload)
{
	const struct policy *p = act_policy(act, policy);
	struct place *place = &act->place[slot];
	uint32_t step;

	if (place->next_policy != UINT16_MAX || place->emergency ||
	    emergency_blocked(act, policy, key, workload, &step))
		return;
	/* In `observe` the reflex is what would be done next, too. */
	step = ladder_next(p, step, false, MODE_DRY_RUN);
	if (step >= p->rungs)
		return;
	place->next_policy = (uint16_t)policy;
	place->next_rung = (uint8_t)p->rung[step].rung;
}

static void consider_slot(struct act *act, uint32_t policy, const struct rule *rule, uint32_t slot)
{
	const struct figures *f = &act->figures[slot];
	const struct policy *p = act_policy(act, policy);
	enum holds holds = rule_holds(rule, f);
	const struct hr_slot *at;
	struct note *note;
	uint64_t since_ns;

	if (holds == HOLDS_NOT) {
		if (act->notes.of_policy[policy])
			does_not_hold(act, policy, rule, f);
		return;
	}
	if (holds == HOLDS_UNKNOWN) { /* a gap: what was known stays, but nothing fires on it */
		note = notes_find(&act->notes, policy, f->key);
		if (note)
			note->seen = act->round;
		return;
	}
	at = match_slot(act->world, slot);
	if (!match_policy(act->set, p, at) ||
	    match_allowed(act->set, act->world, p, slot, f->parent))
		return;
	since_ns = since(act, policy, f->key);
	note_next(act, policy, slot, f->key, at->id.workload);
	if (held_long_enough(act, policy, since_ns) && ladder_mode(act->set, p) > MODE_OBSERVE)
		emergency_begin(act, policy, slot, NONE32, since_ns, 0);
}

static void consider_job(struct act *act, uint32_t policy, const struct rule *rule, uint32_t job)
{
	const struct figures *f = figures_of_job(act, job);
	const struct policy *p = act_policy(act, policy);
	uint32_t in = figures_find(act, act->world->job[job].memcg_id);
	enum holds holds = rule_holds(rule, f);
	struct note *note = notes_find(&act->notes, policy, f->key);
	uint64_t since_ns;

	if (holds == HOLDS_NOT)
		does_not_hold(act, policy, rule, f);
	if (holds == HOLDS_UNKNOWN && note)
		note->seen = act->round;
	if (holds != HOLDS ||
	    !match_job(act->set, p, &act->world->job[job],
		       in == NONE32 ? NULL : match_slot(act->world, in)) ||
	    match_job_allowed(act->set, act->world, p, job))
		return;
	since_ns = since(act, policy, f->key);
	if (held_long_enough(act, policy, since_ns) && ladder_mode(act->set, p) > MODE_OBSERVE)
		emergency_begin(act, policy, NONE32, job, since_ns, 0);
}

/* Rehearsed once, a shortage of the host is not rehearsed on the next container: the first one's end would have ended it. */
static void consider_host(struct act *act, uint32_t policy)
{
	const struct policy *p = act_policy(act, policy);
	struct figures f = {.key = HOST_KEY};
	struct candidate best;
	enum holds holds;
	struct note *note;
	struct rule rule;
	uint64_t since_ns;
	uint32_t n, step;

	rule_read_host(p, &rule);
	figures_host(act, &f);
	holds = rule_holds(&rule, &f);
	if (holds == HOLDS_NOT) {
		does_not_hold(act, policy, &rule, &f);
		return;
	}
	if (holds == HOLDS_UNKNOWN) {
		note = notes_find(&act->notes, policy, HOST_KEY);
		if (note)
			note->seen = act->round;
		return;
	}
	since_ns = since(act, policy, HOST_KEY);
	if (!victim_choose(act, policy, &best, &n))
		return;
	if (best.slot != NONE32)
		note_next(act, policy, best.slot, act->figures[best.slot].key,
			  match_slot(act->world, best.slot)->id.workload);
	if (!held_long_enough(act, policy, since_ns) || ladder_mode(act->set, p) == MODE_OBSERVE ||
	    emergency_blocked(act, policy, HOST_KEY, 0, &step) || step >= p->rungs ||
	    emergency_host_busy(act, policy, 0))
		return;
	emergency_begin(act, policy, best.slot, best.job, since_ns, n);
}

static void tell_next(struct act *act, uint32_t slot)
{
	struct place *place = &act->place[slot];
	const struct emergency *e = place->emergency ? &act->emergency[place->emergency - 1] : NULL;
	uint32_t step;

	if (e) {
		const struct policy *p = act_policy(act, e->policy);

		step = ladder_next(p, e->step, e->killed, e->mode);
		place->next_policy = step < p->rungs ? e->policy : UINT16_MAX;
		place->next_rung = step < p->rungs ? (uint8_t)p->rung[step].rung : HR_RUNG_NONE;
	}
	if (place->next_policy == UINT16_MAX)
		place->next_rung = HR_RUNG_NONE;
	if (place->next_policy == place->told_policy && place->next_rung == place->told_rung)
		return;
	place->told_policy = place->next_policy;
	place->told_rung = place->next_rung;
	if (act->calls.next)
		act->calls.next(slot,
				place->next_policy == UINT16_MAX
					? NULL
					: act_policy(act, place->next_policy),
				place->next_rung, act->calls.arg);
}

static bool speaks_of_processes(const struct act *act, const struct policy *p)
{
	return act->world->jobs && (p->outside || p->matches);
}

static void consider(struct act *act, uint32_t policy)
{
	const struct policy *p = act_policy(act, policy);
	struct rule rule;

	if (p->conditions & WHEN_HOST) {
		consider_host(act, policy);
		return;
	}
	rule_read(p, &rule);
	for (uint32_t i = 0; i < act->slots; i++)
		if (act->figures[i].key)
			consider_slot(act, policy, &rule, i);
	for (uint32_t i = 0; speaks_of_processes(act, p) && i < act->world->jobs && i < ACT_JOBS;
	     i++)
		consider_job(act, policy, &rule, i);
}

void act_update(struct act *act, const struct act_world *world)
{
	enter(act, world);
	act->round++;
	figures_read(act);
	for (uint32_t i = 0; i < act->slots; i++)
		act->place[i].next_policy = UINT16_MAX;
	for (size_t i = 0; act->set && i < ACT_EMERGENCIES; i++)
		if (act->emergency[i].number)
			ladder_go(act, &act->emergency[i]);
	for (uint32_t i = 0; act->set && i < act->set->policies; i++)
		consider(act, i);
	if (act->set)
		notes_purge(&act->notes, act->set, act->round, act->now_ns);
	for (uint32_t i = 0; i < act->slots; i++)
		tell_next(act, i);
	leave(act);
}

void act_update_slot(struct act *act, const struct act_world *world, uint32_t slot)
{
	struct place *place;
	struct emergency *e;

	if (!act->set || slot >= act->slots || slot >= world->slots)
		return;
	enter(act, world);
	figures_read_slot(act, slot);
	place = &act->place[slot];
	place->next_policy = UINT16_MAX;
	/* What it would be taken for by a rule about the host is seen anew by the next round. */
	if (place->told_policy != UINT16_MAX &&
	    act_policy(act, place->told_policy)->conditions & WHEN_HOST) {
		place->next_policy = place->told_policy;
		place->next_rung = place->told_rung;
	}
	e = emergency_of(act, slot, 0);
	if (e)
		ladder_go(act, e);
	for (uint32_t i = 0; act->figures[slot].key && i < act->set->policies; i++) {
		const struct policy *p = act_policy(act, i);
		struct rule rule;

		if (p->conditions & WHEN_HOST)
			continue;
		rule_read(p, &rule);
		consider_slot(act, i, &rule, slot);
	}
	tell_next(act, slot);
	leave(act);
}

void act_done(struct act *act, const struct act_world *world, const struct act_result *result)
{
	struct emergency *e = emergency_find(act, result->emergency);

	if (!e)
		return;
	if (act->busy) { /* answered from within the order: whoever is on that ladder goes on with it */
		ladder_answer(act, e, result);
		return;
	}
	enter(act, world);
	if (e->target.slot != HR_UNKNOWN_U32 && e->target.slot < act->slots)
		figures_read_slot(act, e->target.slot);
	ladder_answer(act, e, result);
	ladder_go(act, e);
	if (e->target.slot != HR_UNKNOWN_U32 && e->target.slot < act->slots)
		tell_next(act, e->target.slot);
	leave(act);
}

#define HOLD_OFF_NS \
	(5000 *     \
	 NS_PER_MS) /* what a starved victim of the kernel may take to give its memory back */

void act_oom(struct act *act, uint32_t slot, uint64_t now_ns)
{
	uint64_t until = (now_ns > act->now_ns ? now_ns : act->now_ns) + HOLD_OFF_NS;

	if (slot == HR_UNKNOWN_U32) {
		act->host_hold_off_ns = until;
	} else if (slot < act->slots) {
		act->place[slot].hold_off_ns = until;
	}
	for (size_t i = 0; i < ACT_EMERGENCIES; i++) {
		struct emergency *e = &act->emergency[i];

		if (e->number &&
		    (slot == HR_UNKNOWN_U32 ? e->host : e->target.slot == slot && !e->gone))
			e->oomed = true;
	}
}

void act_born(struct act *act, uint32_t parent)
{
	if (parent < act->slots)
		act->figures[parent].parent = true;
}

void act_gone(struct act *act, uint32_t slot, uint64_t memcg_id, uint64_t now_ns)
{
	if (now_ns > act->now_ns)
		act->now_ns = now_ns;
	for (size_t i = 0; i < ACT_EMERGENCIES; i++) {
		struct emergency *e = &act->emergency[i];

		if (e->number && e->target.slot == slot && e->target.memcg_id == memcg_id)
			ladder_gone(act, e);
	}
	if (slot < act->slots && act->place[slot].memcg_id == memcg_id) {
		figures_forget(act, slot);
		act->figures[slot].key = 0;
	}
}

/* Only what the clock alone decides: rules hold by samples. */
uint64_t act_deadline(const struct act *act)
{
	uint64_t soonest = 0;

	for (size_t i = 0; act->under_way && i < ACT_EMERGENCIES; i++) {
		const struct emergency *e = &act->emergency[i];
		uint64_t at = e->until_ns;

		if (!e->number || at == UINT64_MAX)
			continue;
		if (e->gone && at <= act->now_ns)
			at = act->now_ns + 1;
		if (at > act->now_ns && (!soonest || at < soonest))
			soonest = at;
	}
	return soonest;
}
