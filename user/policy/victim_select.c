// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which victim to choose when the host runs short. The culprit is what made the host short: of the candidates large
 * enough to help, first the one above its memory.low, then the one that grows (growth × risk), then the largest. A
 * container is one candidate, and so is a process group outside containers, however many small processes it has. Chooses;
 * asks for no action.
 */
#include "policy_internal.h"

#include <string.h>

#define HORIZON_S \
	600 /* growth counts if it alone would use up what is available within this time … */
#define LARGE_MILLI 50 /* … and a twentieth of the host is large enough in any case */

/* log2 of growth × risk: twice as much is more, a tenth more is noise. */
static uint8_t rank_growth(int64_t growth, uint64_t risk_centi, uint64_t available)
{
	uint64_t g = growth > 0 ? (uint64_t)growth : 0, score;

	if (!g || (available != HR_UNKNOWN && g < available / HORIZON_S))
		return 0;
	if (risk_centi == HR_UNKNOWN)
		risk_centi = 0;
	score = (g >> 10) * (risk_centi + 100) /
		100; /* a container without a risk of its own still uses up the host */
	return score ? (uint8_t)(64 - __builtin_clzll(score)) : 1;
}

/* Bytes that must be freed for the policy to be calm. */
static uint64_t shortage(const struct policy_engine *engine, uint32_t policy)
{
	struct inputs f = {0};
	struct condition_set rule;
	uint64_t threshold;

	inputs_host(engine, &f);
	condition_set_read_host(engine_policy(engine, policy), &rule);
	threshold = condition_set_threshold(&rule, CONDITION_HOST_AVAILABLE, &f);
	if (threshold == HR_UNKNOWN || f.at[CONDITION_HOST_AVAILABLE] == HR_UNKNOWN)
		return 0;
	threshold += threshold / 20;
	return threshold > f.at[CONDITION_HOST_AVAILABLE]
		       ? threshold - f.at[CONDITION_HOST_AVAILABLE]
		       : 0;
}

static bool enough(const struct policy_engine *engine, uint64_t size, uint64_t lacking)
{
	const struct hr_host *host = engine->snapshot->host;

	return size >= lacking / 2 || (host && host->mem_total != HR_UNKNOWN &&
				       size >= host->mem_total / 1000 * LARGE_MILLI);
}

static uint64_t size_of(const struct hr_slot *slot)
{
	return slot->memory.unreclaimable != HR_UNKNOWN ? slot->memory.unreclaimable
	       : slot->memory.usage != HR_UNKNOWN       ? slot->memory.usage
							: 0;
}

/* Growth over the last minutes, from its history: a trend that pauses for a second is still the trend. */
static int64_t growth_of(const struct hr_slot *slot)
{
	const struct hr_history *h = &slot->history;
	int64_t drift = slot->forecast.drift_bytes_per_second, past;
	const struct hr_point *first, *last;
	uint32_t n = h->coarse_count < 5 ? h->coarse_count : 5;

	if (!n || !h->fine_count)
		return drift;
	first = &h->coarse[(h->coarse_count - n) % HR_COARSE];
	last = &h->fine[(h->fine_count - 1) % HR_FINE];
	if (first->usage_kib == HR_UNKNOWN_U32 || last->usage_kib == HR_UNKNOWN_U32 ||
	    last->t_centis < first->t_centis + 100)
		return drift;
	past = ((int64_t)last->usage_kib - first->usage_kib) * 1024 * 100 /
	       (last->t_centis - first->t_centis);
	return drift == HR_UNKNOWN_I64 || past > drift ? past : drift;
}

static int64_t process_group_growth(const struct policy_engine *engine,
				    const struct process_group *pgroup, uint64_t key)
{
	int64_t growth = pgroup->growth_bytes_per_second, past;

	for (size_t i = 0; i < PGROUP_NOTES; i++) {
		const struct pgroup_note *note = &engine->pgroup_note[i];

		if (note->key != key || engine->now_ns - note->first_ns < NS_PER_MS * 1000 ||
		    pgroup->rss == HR_UNKNOWN)
			continue;
		past = ((int64_t)pgroup->rss - (int64_t)note->first_rss) /
		       (int64_t)((engine->now_ns - note->first_ns) / (NS_PER_MS * 1000));
		if (growth == HR_UNKNOWN_I64 || past > growth)
			growth = past;
	}
	return growth;
}

/* Below 0: a goes before b. */
static int before(const struct candidate *a, const struct candidate *b)
{
	for (size_t i = 0; i < sizeof(a->rank); i++)
		if (a->rank[i] != b->rank[i])
			return a->rank[i] > b->rank[i] ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return (a->slot != NONE32) != (b->slot != NONE32) ? (a->slot != NONE32 ? -1 : 1) : 0;
}

static enum hr_skip_reason reason_not(struct policy_engine *engine, uint32_t policy, uint32_t slot,
				      uint32_t pgroup, uint64_t key, uint64_t workload)
{
	const struct escalation *busy = escalation_of(engine, slot, key);
	uint32_t step;
	enum hr_skip_reason reason;

	if (slot == NONE32)
		reason = selector_process_group_allowed(engine->set, engine->snapshot,
							engine_policy(engine, policy), pgroup);
	else
		reason = selector_allowed(engine->set, engine->snapshot,
					  engine_policy(engine, policy), slot,
					  engine->inputs[slot].parent);
	if (reason)
		return reason;
	if (busy && busy->policy != policy && busy->killed)
		return HR_SKIP_GONE; /* it was killed already */
	if (slot != NONE32 && engine->place[slot].hold_off_ns > engine->now_ns)
		return HR_SKIP_HOLD_OFF;
	return !busy && escalation_blocked(engine, policy, key, workload, &step) ? HR_SKIP_COOLDOWN
										 : HR_SKIP_NONE;
}

static void add_slot(struct policy_engine *engine, uint32_t policy, uint32_t slot, uint64_t lacking,
		     struct candidate *ret)
{
	const struct hr_slot *at = selector_slot(engine->snapshot, slot);
	const struct inputs *f = &engine->inputs[slot];
	uint64_t low = at->memory.low;
	/* As on the board: inputs.c hides the risk of a shared bound. */
	uint64_t risk =
		at->forecast.risk_centi == UINT16_MAX ? HR_UNKNOWN : at->forecast.risk_centi;

	*ret = (struct candidate){
		.slot = slot, .pgroup = NONE32, .size = size_of(at), .growth = growth_of(at)};
	ret->reason = (uint8_t)reason_not(engine, policy, slot, NONE32, f->key, at->id.workload);
	ret->rank[0] = enough(engine, ret->size, lacking);
	ret->rank[1] = low == HR_UNKNOWN || !low || at->memory.usage == HR_UNKNOWN ||
		       at->memory.usage > low;
	ret->rank[2] = rank_growth(ret->growth, risk, f->at[CONDITION_HOST_AVAILABLE]);
}

static void add_process_group(struct policy_engine *engine, uint32_t policy, uint32_t pgroup,
			      uint64_t lacking, struct candidate *ret)
{
	const struct process_group *at = &engine->snapshot->pgroup[pgroup];
	const struct inputs *f = inputs_of_process_group(engine, pgroup);

	*ret = (struct candidate){
		.slot = NONE32, .pgroup = pgroup, .size = at->rss == HR_UNKNOWN ? 0 : at->rss};
	ret->growth = process_group_growth(engine, at, f->key);
	ret->reason = (uint8_t)reason_not(engine, policy, NONE32, pgroup, f->key, 0);
	ret->rank[0] = enough(engine, ret->size, lacking);
	ret->rank[1] = 1;
	ret->rank[2] = rank_growth(ret->growth, HR_UNKNOWN, f->at[CONDITION_HOST_AVAILABLE]);
}

bool victim_choose(struct policy_engine *engine, uint32_t policy, struct candidate *ret_best,
		   uint32_t *ret_n)
{
	const struct policy *p = engine_policy(engine, policy);
	uint64_t lacking = shortage(engine, policy);
	const struct candidate *best = NULL;
	struct condition_set rule;
	uint32_t n = 0;

	condition_set_read(p, &rule);
	for (uint32_t i = 0; i < engine->slots; i++)
		if (engine->inputs[i].key &&
		    condition_set_holds(&rule, &engine->inputs[i]) == HOLDS &&
		    selector_match(engine->set, p, selector_slot(engine->snapshot, i)))
			add_slot(engine, policy, i, lacking, &engine->candidate[n++]);
	for (uint32_t i = 0; i < engine->snapshot->pgroups && i < POLICY_PROCESS_GROUPS; i++) {
		const struct process_group *pgroup = &engine->snapshot->pgroup[i];
		uint32_t in = inputs_find(engine, pgroup->memcg_id);

		if (condition_set_holds(&rule, inputs_of_process_group(engine, i)) == HOLDS &&
		    selector_match_process_group(
			    engine->set, p, pgroup,
			    in == NONE32 ? NULL : selector_slot(engine->snapshot, in)))
			add_process_group(engine, policy, i, lacking, &engine->candidate[n++]);
	}
	for (uint32_t i = 0; i < n; i++)
		if (!engine->candidate[i].reason &&
		    (!best || before(&engine->candidate[i], best) < 0))
			best = &engine->candidate[i];
	*ret_n = n;
	if (best)
		*ret_best = *best;
	return best != NULL;
}

/* Why this candidate comes behind the chosen one. */
static enum hr_skip_reason reason_behind(const struct candidate *c, const struct candidate *best)
{
	if (c->reason)
		return c->reason;
	if (c->rank[0] != best->rank[0])
		return HR_SKIP_SMALLER;
	if (c->rank[1] != best->rank[1])
		return HR_SKIP_UNDER_REQUEST;
	return c->rank[2] != best->rank[2] ? HR_SKIP_SLOWER : HR_SKIP_SMALLER;
}

static void add_skipped(const struct policy_engine *engine, struct escalation *e,
			const struct candidate *c, enum hr_skip_reason reason)
{
	const struct hr_slot *slot =
		c->slot == NONE32 ? NULL : selector_slot(engine->snapshot, c->slot);
	struct action_skipped *to = &e->skipped[e->skipped_count++];

	*to = (struct action_skipped){.record = {.reason = (uint8_t)reason,
						 .usage = slot ? slot->memory.usage : c->size,
						 .drift_bytes_per_second = c->growth},
				      .slot = c->slot == NONE32 ? HR_UNKNOWN_U32 : c->slot};
	if (slot) {
		to->record.cgroup_id = slot->cgroup_id;
	} else {
		const struct process_group *pgroup = &engine->snapshot->pgroup[c->pgroup];

		to->record.pid = pgroup->pid;
		memcpy(to->comm, pgroup->comm, sizeof(to->comm) - 1);
	}
}

/* The containers for which this policy holds, and which it may not act on; c.reason says why. */
static uint32_t find_protected(struct policy_engine *engine, const struct escalation *e)
{
	const struct policy *p = engine_policy(engine, e->policy);
	struct condition_set rule;
	uint32_t n = 0;

	condition_set_read(p, &rule);
	for (uint32_t i = 0; i < engine->slots; i++) {
		struct candidate c = {.slot = i, .pgroup = NONE32};

		if (!engine->inputs[i].key || i == e->target.slot ||
		    condition_set_holds(&rule, &engine->inputs[i]) != HOLDS ||
		    !selector_match(engine->set, p, selector_slot(engine->snapshot, i)))
			continue;
		c.reason = (uint8_t)selector_allowed(engine->set, engine->snapshot, p, i,
						     engine->inputs[i].parent);
		c.size = size_of(selector_slot(engine->snapshot, i));
		c.growth = selector_slot(engine->snapshot, i)->forecast.drift_bytes_per_second;
		if (c.reason && c.reason != HR_SKIP_GONE)
			engine->candidate[n++] = c;
	}
	return n;
}

static bool is_target(const struct policy_engine *engine, const struct escalation *e,
		      const struct candidate *c)
{
	return c->slot != NONE32 ? c->slot == e->target.slot
				 : inputs_of_process_group(engine, c->pgroup)->key == e->key;
}

/* The largest candidates: a small one needs no explanation. */
void victim_fill_skipped(struct policy_engine *engine, struct escalation *e, uint32_t n)
{
	struct candidate best = {0};

	if (!e->host)
		n = find_protected(engine, e);
	for (uint32_t i = 0; i < n; i++)
		if (is_target(engine, e, &engine->candidate[i]))
			best = engine->candidate[i];
	e->skipped_count = 0;
	while (e->skipped_count < HR_SKIPPED) {
		struct candidate *largest = NULL;

		for (uint32_t i = 0; i < n; i++) {
			struct candidate *c = &engine->candidate[i];

			if (c->size != HR_UNKNOWN && !is_target(engine, e, c) &&
			    (!largest || c->size > largest->size))
				largest = c;
		}
		if (!largest)
			break;
		add_skipped(engine, e, largest, reason_behind(largest, &best));
		largest->size = HR_UNKNOWN; /* done */
	}
}
