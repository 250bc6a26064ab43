// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One round over a snapshot: first the escalations under way (is it calm? is the next step due?), then the policies, in their
 * order. Numbers are compared before names, since most policies hold for no target.
 */
#include "policy_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_TIMERS_LEAST 4096u

static int reserve(struct policy_engine *engine, uint32_t slots)
{
	uint32_t buckets = 4;

	while (buckets < 2 * slots)
		buckets *= 2;
	engine->place = calloc(slots ? slots : 1, sizeof(*engine->place));
	engine->inputs = calloc((size_t)slots + POLICY_PROCESS_GROUPS, sizeof(*engine->inputs));
	engine->candidate =
		calloc((size_t)slots + POLICY_PROCESS_GROUPS, sizeof(*engine->candidate));
	engine->index = calloc(buckets, sizeof(*engine->index));
	if (!engine->place || !engine->inputs || !engine->candidate || !engine->index)
		return -ENOMEM;
	memset(engine->index, 0xff, buckets * sizeof(*engine->index));
	engine->index_mask = buckets - 1;
	engine->slots = slots;
	for (uint32_t i = 0; i < slots; i++)
		engine->place[i].next_policy = engine->place[i].emitted_policy = UINT16_MAX;
	return 0;
}

static void release(struct policy_engine *engine)
{
	free(engine->place);
	free(engine->inputs);
	free(engine->candidate);
	free(engine->index);
}

int engine_init(struct policy_engine **ret_engine, uint32_t slots,
		const struct engine_callbacks *calls)
{
	struct policy_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;
	engine->mode_most = MODE_ENFORCE;
	if (calls)
		engine->calls = *calls;
	if (reserve(engine, slots) ||
	    hold_timers_init(&engine->timers,
			     slots * 4 > HOLD_TIMERS_LEAST ? slots * 4 : HOLD_TIMERS_LEAST)) {
		engine_free(engine);
		return -ENOMEM;
	}
	*ret_engine = engine;
	return 0;
}

void engine_free(struct policy_engine *engine)
{
	if (!engine)
		return;
	release(engine);
	hold_timers_done(&engine->timers);
	free(engine);
}

int engine_grow(struct policy_engine *engine, uint32_t slots)
{
	struct policy_engine old = {.place = engine->place,
				    .inputs = engine->inputs,
				    .candidate = engine->candidate,
				    .index = engine->index};
	uint32_t n = engine->slots, mask = engine->index_mask;

	if (slots <= n)
		return 0;
	if (reserve(engine, slots)) {
		release(engine);
		engine->place = old.place;
		engine->inputs = old.inputs;
		engine->candidate = old.candidate;
		engine->index = old.index;
		engine->index_mask = mask;
		return -ENOMEM;
	}
	memcpy(engine->place, old.place, n * sizeof(*engine->place));
	memcpy(engine->inputs, old.inputs, n * sizeof(*engine->inputs));
	release(&old);
	return 0;
}

void engine_counts(const struct policy_engine *engine, struct engine_counts *ret_counts)
{
	*ret_counts =
		(struct engine_counts){engine->turned_away, engine->timers.lost, engine->under_way};
}

uint64_t engine_chosen_ns(const struct policy_engine *engine) { return engine->chosen_ns; }

/* Time never goes back for the policies: if the clock does, it stands still for them. */
static void enter(struct policy_engine *engine, const struct policy_snapshot *snapshot)
{
	engine->snapshot = snapshot;
	engine->busy = true;
	if (snapshot->now_ns > engine->now_ns)
		engine->now_ns = snapshot->now_ns;
}

static void leave(struct policy_engine *engine)
{
	engine->snapshot = NULL;
	engine->busy = false;
}

/* The policy's conditions do not hold for this target now. */
static void does_not_hold(struct policy_engine *engine, uint32_t policy,
			  const struct condition_set *rule, const struct inputs *f)
{
	struct timer *timer = hold_timers_find(&engine->timers, policy, f->key);

	if (!timer)
		return;
	timer->since_ns = 0;
	if ((timer->till_calm || timer->reported) && !condition_set_calm(rule, f, NULL))
		timer->seen = engine->round;
}

/* Since when it has held; 0: no timer was free, so it does not count. */
static uint64_t since(struct policy_engine *engine, uint32_t policy, uint64_t key)
{
	struct timer *timer;

	if (!engine_policy(engine, policy)->for_ms && !engine->timers.of_policy[policy])
		return engine->now_ns;
	timer = engine_policy(engine, policy)->for_ms
			? hold_timers_make(&engine->timers, policy, key)
			: hold_timers_find(&engine->timers, policy, key);
	if (!timer)
		return engine_policy(engine, policy)->for_ms ? 0 : engine->now_ns;
	if (!timer->since_ns)
		timer->since_ns = engine->now_ns ? engine->now_ns : 1;
	timer->seen = engine->round;
	return timer->since_ns;
}

static bool held_long_enough(const struct policy_engine *engine, uint32_t policy, uint64_t since_ns)
{
	return since_ns &&
	       engine->now_ns - since_ns >= engine_policy(engine, policy)->for_ms * NS_PER_MS;
}

static void note_next(struct policy_engine *engine, uint32_t policy, uint32_t slot, uint64_t key,
		      uint64_t workload)
{
	const struct policy *p = engine_policy(engine, policy);
	struct place *place = &engine->place[slot];
	uint32_t step;

	if (place->next_policy != UINT16_MAX || place->escalation ||
	    escalation_blocked(engine, policy, key, workload, &step))
		return;
	/* In `observe` the reflex counts as a next action, too. */
	step = steps_next(p, step, false, MODE_DRY_RUN);
	if (step >= p->actions)
		return;
	place->next_policy = (uint16_t)policy;
	place->next_action = (uint8_t)p->action[step].kind;
}

static void consider_slot(struct policy_engine *engine, uint32_t policy,
			  const struct condition_set *rule, uint32_t slot)
{
	const struct inputs *f = &engine->inputs[slot];
	const struct policy *p = engine_policy(engine, policy);
	enum holds holds = condition_set_holds(rule, f);
	const struct hr_slot *at;
	struct timer *timer;
	uint64_t since_ns;

	if (holds == HOLDS_NOT) {
		if (engine->timers.of_policy[policy])
			does_not_hold(engine, policy, rule, f);
		return;
	}
	if (holds == HOLDS_UNKNOWN) { /* a gap keeps the timer, but starts nothing */
		timer = hold_timers_find(&engine->timers, policy, f->key);
		if (timer)
			timer->seen = engine->round;
		return;
	}
	at = selector_slot(engine->snapshot, slot);
	if (!selector_match(engine->set, p, at) ||
	    selector_allowed(engine->set, engine->snapshot, p, slot, f->parent))
		return;
	since_ns = since(engine, policy, f->key);
	note_next(engine, policy, slot, f->key, at->id.workload);
	not_acted_reflex(engine, policy, slot, since_ns);
	if (held_long_enough(engine, policy, since_ns) &&
	    steps_engine_mode(engine, p) > MODE_OBSERVE)
		escalation_begin(engine, policy, slot, NONE32, since_ns, 0);
}

static void consider_process_group(struct policy_engine *engine, uint32_t policy,
				   const struct condition_set *rule, uint32_t pgroup)
{
	const struct inputs *f = inputs_of_process_group(engine, pgroup);
	const struct policy *p = engine_policy(engine, policy);
	uint32_t in = inputs_find(engine, engine->snapshot->pgroup[pgroup].memcg_id);
	enum holds holds = condition_set_holds(rule, f);
	struct timer *timer = hold_timers_find(&engine->timers, policy, f->key);
	uint64_t since_ns;

	if (holds == HOLDS_NOT)
		does_not_hold(engine, policy, rule, f);
	if (holds == HOLDS_UNKNOWN && timer)
		timer->seen = engine->round;
	if (holds != HOLDS ||
	    !selector_match_process_group(
		    engine->set, p, engine->snapshot, &engine->snapshot->pgroup[pgroup],
		    in == NONE32 ? NULL : selector_slot(engine->snapshot, in)) ||
	    selector_process_group_allowed(engine->set, engine->snapshot, p, pgroup))
		return;
	since_ns = since(engine, policy, f->key);
	if (held_long_enough(engine, policy, since_ns) &&
	    steps_engine_mode(engine, p) > MODE_OBSERVE)
		escalation_begin(engine, policy, NONE32, pgroup, since_ns, 0);
}

/* After a dry run, a shortage of the host gets no second one on the next container: the first one's end would have ended it. */
static void consider_host(struct policy_engine *engine, uint32_t policy)
{
	const struct policy *p = engine_policy(engine, policy);
	struct inputs f = {.key = HOST_KEY};
	struct candidate best;
	enum holds holds;
	struct timer *timer;
	struct condition_set rule;
	uint64_t since_ns;
	uint32_t n, step;

	condition_set_read_host(p, &rule);
	inputs_host(engine, &f);
	holds = condition_set_holds(&rule, &f);
	if (holds == HOLDS_NOT) {
		does_not_hold(engine, policy, &rule, &f);
		return;
	}
	if (holds == HOLDS_UNKNOWN) {
		timer = hold_timers_find(&engine->timers, policy, HOST_KEY);
		if (timer)
			timer->seen = engine->round;
		return;
	}
	since_ns = since(engine, policy, HOST_KEY);
	if (!victim_choose(engine, policy, since_ns, &best, &n)) {
		if (held_long_enough(engine, policy, since_ns) &&
		    steps_engine_mode(engine, p) > MODE_OBSERVE)
			not_acted_no_candidate(engine, policy, since_ns, n);
		return;
	}
	if (best.slot != NONE32)
		note_next(engine, policy, best.slot, engine->inputs[best.slot].key,
			  selector_slot(engine->snapshot, best.slot)->id.workload);
	if (!held_long_enough(engine, policy, since_ns) ||
	    steps_engine_mode(engine, p) == MODE_OBSERVE ||
	    escalation_blocked(engine, policy, HOST_KEY, 0, &step) || step >= p->actions ||
	    escalation_host_busy(engine, policy, 0) || victim_watch(engine, &best, n))
		return;
	if (best.slot == NONE32)
		engine->chosen_ns = engine->now_ns;
	escalation_begin(engine, policy, best.slot, best.pgroup, since_ns, n);
}

static void report_next(struct policy_engine *engine, uint32_t slot)
{
	struct place *place = &engine->place[slot];
	const struct escalation *e =
		place->escalation ? &engine->escalation[place->escalation - 1] : NULL;
	uint32_t step;

	if (e) {
		const struct policy *p = engine_policy(engine, e->policy);

		step = steps_next(p, e->step, e->killed, e->mode);
		place->next_policy = step < p->actions ? e->policy : UINT16_MAX;
		place->next_action =
			step < p->actions ? (uint8_t)p->action[step].kind : HR_ACTION_NONE;
	}
	if (place->next_policy == UINT16_MAX)
		place->next_action = HR_ACTION_NONE;
	if (place->next_policy == place->emitted_policy &&
	    place->next_action == place->emitted_action)
		return;
	place->emitted_policy = place->next_policy;
	place->emitted_action = place->next_action;
	if (engine->calls.next)
		engine->calls.next(slot,
				   place->next_policy == UINT16_MAX
					   ? NULL
					   : engine_policy(engine, place->next_policy),
				   place->next_action, engine->calls.arg);
}

static bool concerns_processes(const struct policy_engine *engine, const struct policy *p)
{
	return engine->snapshot->pgroups && (p->host_processes || p->matches);
}

static void consider(struct policy_engine *engine, uint32_t policy)
{
	const struct policy *p = engine_policy(engine, policy);
	struct condition_set rule;

	if (p->conditions & WHEN(HOST_AVAILABLE)) {
		consider_host(engine, policy);
		return;
	}
	condition_set_read(p, &rule);
	for (uint32_t i = 0; i < engine->slots; i++)
		if (engine->inputs[i].key)
			consider_slot(engine, policy, &rule, i);
	for (uint32_t i = 0; concerns_processes(engine, p) && i < engine->snapshot->pgroups &&
			     i < POLICY_PROCESS_GROUPS;
	     i++)
		consider_process_group(engine, policy, &rule, i);
}

void engine_update(struct policy_engine *engine, const struct policy_snapshot *snapshot)
{
	enter(engine, snapshot);
	engine->round++;
	inputs_read(engine);
	for (uint32_t i = 0; i < engine->slots; i++)
		engine->place[i].next_policy = UINT16_MAX;
	for (size_t i = 0; engine->set && i < POLICY_ESCALATIONS; i++)
		if (engine->escalation[i].number)
			steps_advance(engine, &engine->escalation[i]);
	for (uint32_t i = 0; engine->set && i < engine->set->policies; i++)
		consider(engine, i);
	if (engine->set)
		hold_timers_purge(&engine->timers, engine->set, engine->round, engine->now_ns);
	for (uint32_t i = 0; i < engine->slots; i++)
		report_next(engine, i);
	leave(engine);
}

void engine_update_slot(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			uint32_t slot)
{
	struct place *place;
	struct escalation *e;

	if (!engine->set || slot >= engine->slots || slot >= snapshot->slots)
		return;
	enter(engine, snapshot);
	inputs_read_slot(engine, slot);
	place = &engine->place[slot];
	place->next_policy = UINT16_MAX;
	/* Only the next round decides anew whether a policy about the host would choose it. */
	if (place->emitted_policy != UINT16_MAX &&
	    engine_policy(engine, place->emitted_policy)->conditions & WHEN(HOST_AVAILABLE)) {
		place->next_policy = place->emitted_policy;
		place->next_action = place->emitted_action;
	}
	e = escalation_of(engine, slot, 0);
	if (e)
		steps_advance(engine, e);
	for (uint32_t i = 0; engine->inputs[slot].key && i < engine->set->policies; i++) {
		const struct policy *p = engine_policy(engine, i);
		struct condition_set rule;

		if (p->conditions & WHEN(HOST_AVAILABLE))
			continue;
		condition_set_read(p, &rule);
		consider_slot(engine, i, &rule, slot);
	}
	report_next(engine, slot);
	leave(engine);
}

void engine_action_done(struct policy_engine *engine, const struct policy_snapshot *snapshot,
			const struct action_result *result)
{
	struct escalation *e = escalation_find(engine, result->escalation);

	if (!e)
		return;
	if (engine->busy) { /* from within the action callback: the caller continues this escalation */
		steps_result(engine, e, result);
		return;
	}
	enter(engine, snapshot);
	if (e->target.slot != HR_UNKNOWN_U32 && e->target.slot < engine->slots)
		inputs_read_slot(engine, e->target.slot);
	steps_result(engine, e, result);
	steps_advance(engine, e);
	if (e->target.slot != HR_UNKNOWN_U32 && e->target.slot < engine->slots)
		report_next(engine, e->target.slot);
	leave(engine);
}

#define USELESS_SHARE 16 /* less of what the target used, or, where that is unknown, … */
#define USELESS_BYTES (1u << 20)

bool engine_refund(struct policy_engine *engine, const struct policy_snapshot *snapshot,
		   const struct action_result *result)
{
	struct escalation *e = escalation_find(engine, result->escalation);
	uint64_t least = result->usage_before == HR_UNKNOWN ? USELESS_BYTES
							    : result->usage_before / USELESS_SHARE;

	if (!engine->set || !result->escalation || result->status != HR_STATUS_DONE ||
	    !result->signal || result->freed == HR_UNKNOWN || result->freed > least ||
	    (e && (!e->ending || e->mode != MODE_ENFORCE || e->charged_step != result->step)) ||
	    !rate_limits_refund_useless(engine_limits(engine, MODE_ENFORCE), engine->set,
					snapshot->now_ns, result->escalation))
		return false;
	if (e)
		e->ending = false;
	steps_refunded(engine, snapshot->now_ns);
	return true;
}

#define HOLD_OFF_NS \
	(5000 * NS_PER_MS) /* what a victim without CPU time may take to free its memory */

void engine_oom_kill(struct policy_engine *engine, uint32_t slot, uint64_t now_ns)
{
	uint64_t until = (now_ns > engine->now_ns ? now_ns : engine->now_ns) + HOLD_OFF_NS;

	if (slot == HR_UNKNOWN_U32) {
		engine->host_hold_off_ns = until;
	} else if (slot < engine->slots) {
		engine->place[slot].hold_off_ns = until;
	}
	for (size_t i = 0; i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (e->number &&
		    (slot == HR_UNKNOWN_U32 ? e->host : e->target.slot == slot && !e->gone))
			e->oom_killed = true;
	}
}

void engine_child_created(struct policy_engine *engine, uint32_t parent)
{
	if (parent < engine->slots)
		engine->inputs[parent].parent = true;
}

void engine_slot_gone(struct policy_engine *engine, uint32_t slot, uint64_t memcg_id,
		      uint64_t now_ns)
{
	if (now_ns > engine->now_ns)
		engine->now_ns = now_ns;
	for (size_t i = 0; i < POLICY_ESCALATIONS; i++) {
		struct escalation *e = &engine->escalation[i];

		if (e->number && e->target.slot == slot && e->target.memcg_id == memcg_id)
			steps_gone(engine, e);
	}
	if (slot < engine->slots && engine->place[slot].memcg_id == memcg_id) {
		inputs_forget(engine, slot);
		engine->inputs[slot].key = 0;
	}
}

/* Only what the clock alone decides: conditions need samples. */
uint64_t engine_deadline(const struct policy_engine *engine)
{
	uint64_t soonest = 0;

	for (size_t i = 0; engine->under_way && i < POLICY_ESCALATIONS; i++) {
		const struct escalation *e = &engine->escalation[i];
		uint64_t at = e->until_ns;

		if (!e->number || at == UINT64_MAX)
			continue;
		if (e->gone && at <= engine->now_ns)
			at = engine->now_ns + 1;
		if (at > engine->now_ns && (!soonest || at < soonest))
			soonest = at;
	}
	return soonest;
}
