// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Whom to take when the host itself runs short. The culprit is who made it short: of those whose end would help at all, first
 * who has more than was promised to him, then who grows (growth × risk), then who is largest. A container is one candidate,
 * and so is a job outside containers, however many small processes it has. Chooses; orders nothing.
 */
#include "private.h"

#include <string.h>

#define HORIZON_S 600 /* growth counts if by itself it would take what is left within this time … */
#define LARGE_MILLI 50 /* a twentieth of the host is worth taking in any case */

/* log2 of growth × risk: twice as much is more, a tenth more is noise. */
static uint8_t rank_growth(int64_t growth, uint64_t risk_centi, uint64_t available)
{
	uint64_t g = growth > 0 ? (uint64_t)growth : 0, score;

	if (!g || (available != HR_UNKNOWN && g < available / HORIZON_S))
		return 0;
	if (risk_centi == HR_UNKNOWN)
		risk_centi = 0;
	score = (g >> 10) * (risk_centi + 100) /
		100; /* who is at no risk by himself still eats the host */
	return score ? (uint8_t)(64 - __builtin_clzll(score)) : 1;
}

/* What would have to come free for the rule to be calm. */
static uint64_t shortage(const struct act *act, uint32_t policy)
{
	struct figures f = {0};
	struct rule rule;
	uint64_t threshold;

	figures_host(act, &f);
	rule_read_host(act_policy(act, policy), &rule);
	threshold = rule_threshold(&rule, F_HOST, &f);
	if (threshold == HR_UNKNOWN || f.at[F_HOST] == HR_UNKNOWN)
		return 0;
	threshold += threshold / 20;
	return threshold > f.at[F_HOST] ? threshold - f.at[F_HOST] : 0;
}

static bool enough(const struct act *act, uint64_t size, uint64_t lacking)
{
	const struct hr_host *host = act->world->host;

	return size >= lacking / 2 || (host && host->mem_total != HR_UNKNOWN &&
				       size >= host->mem_total / 1000 * LARGE_MILLI);
}

static uint64_t size_of(const struct hr_slot *slot)
{
	return slot->memory.unreclaimable != HR_UNKNOWN ? slot->memory.unreclaimable
	       : slot->memory.usage != HR_UNKNOWN	? slot->memory.usage
							: 0;
}

/* How fast it has grown over the last minutes, from its history: a trend that pauses for a second is still the trend. */
static int64_t growth_of(const struct hr_slot *slot)
{
	const struct hr_history *h = &slot->history;
	int64_t drift = slot->outlook.drift_bytes_per_second, past;
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

static int64_t job_growth(const struct act *act, const struct act_job *job, uint64_t key)
{
	int64_t growth = job->growth_bytes_per_second, past;

	for (size_t i = 0; i < JOB_NOTES; i++) {
		const struct job_note *note = &act->job_note[i];

		if (note->key != key || act->now_ns - note->first_ns < NS_PER_MS * 1000 ||
		    job->rss == HR_UNKNOWN)
			continue;
		past = ((int64_t)job->rss - (int64_t)note->first_rss) /
		       (int64_t)((act->now_ns - note->first_ns) / (NS_PER_MS * 1000));
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

static enum hr_why why_not(struct act *act, uint32_t policy, uint32_t slot, uint32_t job,
			   uint64_t key, uint64_t workload)
{
	const struct emergency *busy = emergency_of(act, slot, key);
	uint32_t step;
	enum hr_why why;

	if (slot == NONE32)
		why = match_job_allowed(act->set, act->world, act_policy(act, policy), job);
	else
		why = match_allowed(act->set, act->world, act_policy(act, policy), slot,
				    act->figures[slot].parent);
	if (why)
		return why;
	if (busy && busy->policy != policy && busy->killed)
		return HR_WHY_GONE; /* on its way already */
	if (slot != NONE32 && act->place[slot].hold_off_ns > act->now_ns)
		return HR_WHY_HOLD_OFF;
	return !busy && emergency_blocked(act, policy, key, workload, &step) ? HR_WHY_COOLDOWN
									     : HR_WHY_NONE;
}

static void add_slot(struct act *act, uint32_t policy, uint32_t slot, uint64_t lacking,
		     struct candidate *ret)
{
	const struct hr_slot *at = match_slot(act->world, slot);
	const struct figures *f = &act->figures[slot];
	uint64_t low = at->memory.low;
	/* As it stands on the board: figures.c tells a rule less of what is shared. */
	uint64_t risk = at->outlook.risk_centi == UINT16_MAX ? HR_UNKNOWN : at->outlook.risk_centi;

	*ret = (struct candidate){
		.slot = slot, .job = NONE32, .size = size_of(at), .growth = growth_of(at)};
	ret->why = (uint8_t)why_not(act, policy, slot, NONE32, f->key, at->id.workload);
	ret->rank[0] = enough(act, ret->size, lacking);
	ret->rank[1] = low == HR_UNKNOWN || !low || at->memory.usage == HR_UNKNOWN ||
		       at->memory.usage > low;
	ret->rank[2] = rank_growth(ret->growth, risk, f->at[F_HOST]);
}

static void add_job(struct act *act, uint32_t policy, uint32_t job, uint64_t lacking,
		    struct candidate *ret)
{
	const struct act_job *at = &act->world->job[job];
	const struct figures *f = figures_of_job(act, job);

	*ret = (struct candidate){
		.slot = NONE32, .job = job, .size = at->rss == HR_UNKNOWN ? 0 : at->rss};
	ret->growth = job_growth(act, at, f->key);
	ret->why = (uint8_t)why_not(act, policy, NONE32, job, f->key, 0);
	ret->rank[0] = enough(act, ret->size, lacking);
	ret->rank[1] = 1;
	ret->rank[2] = rank_growth(ret->growth, HR_UNKNOWN, f->at[F_HOST]);
}

bool victim_choose(struct act *act, uint32_t policy, struct candidate *ret_best, uint32_t *ret_n)
{
	const struct policy *p = act_policy(act, policy);
	uint64_t lacking = shortage(act, policy);
	const struct candidate *best = NULL;
	struct rule rule;
	uint32_t n = 0;

	rule_read(p, &rule);
	for (uint32_t i = 0; i < act->slots; i++)
		if (act->figures[i].key && rule_holds(&rule, &act->figures[i]) == HOLDS &&
		    match_policy(act->set, p, match_slot(act->world, i)))
			add_slot(act, policy, i, lacking, &act->candidate[n++]);
	for (uint32_t i = 0; i < act->world->jobs && i < ACT_JOBS; i++) {
		const struct act_job *job = &act->world->job[i];
		uint32_t in = figures_find(act, job->memcg_id);

		if (rule_holds(&rule, figures_of_job(act, i)) == HOLDS &&
		    match_job(act->set, p, job, in == NONE32 ? NULL : match_slot(act->world, in)))
			add_job(act, policy, i, lacking, &act->candidate[n++]);
	}
	for (uint32_t i = 0; i < n; i++)
		if (!act->candidate[i].why && (!best || before(&act->candidate[i], best) < 0))
			best = &act->candidate[i];
	*ret_n = n;
	if (best)
		*ret_best = *best;
	return best != NULL;
}

/* Against who was taken. */
static enum hr_why why_behind(const struct candidate *c, const struct candidate *best)
{
	if (c->why)
		return c->why;
	if (c->rank[0] != best->rank[0])
		return HR_WHY_SMALLER;
	if (c->rank[1] != best->rank[1])
		return HR_WHY_UNDER_REQUEST;
	return c->rank[2] != best->rank[2] ? HR_WHY_SLOWER : HR_WHY_SMALLER;
}

static void pass_over(const struct act *act, struct emergency *e, const struct candidate *c,
		      enum hr_why why)
{
	struct hr_passed_over *to = &e->passed_over[e->passed];
	const struct hr_slot *slot = c->slot == NONE32 ? NULL : match_slot(act->world, c->slot);

	*to = (struct hr_passed_over){
		.why = (uint8_t)why, .usage = c->size, .drift_bytes_per_second = c->growth};
	if (slot) {
		to->cgroup_id = slot->cgroup_id;
		to->usage = slot->memory.usage;
	} else {
		to->pid = act->world->job[c->job].pid;
	}
	e->passed_slot[e->passed++] = c->slot == NONE32 ? HR_UNKNOWN_U32 : c->slot;
}

/* Those who may be taken by this rule, were it not for `why`. */
static uint32_t look_for_protected(struct act *act, const struct emergency *e)
{
	const struct policy *p = act_policy(act, e->policy);
	struct rule rule;
	uint32_t n = 0;

	rule_read(p, &rule);
	for (uint32_t i = 0; i < act->slots; i++) {
		struct candidate c = {.slot = i, .job = NONE32};

		if (!act->figures[i].key || i == e->target.slot ||
		    rule_holds(&rule, &act->figures[i]) != HOLDS ||
		    !match_policy(act->set, p, match_slot(act->world, i)))
			continue;
		c.why = (uint8_t)match_allowed(act->set, act->world, p, i, act->figures[i].parent);
		c.size = size_of(match_slot(act->world, i));
		c.growth = match_slot(act->world, i)->outlook.drift_bytes_per_second;
		if (c.why && c.why != HR_WHY_GONE)
			act->candidate[n++] = c;
	}
	return n;
}

static bool is_target(const struct act *act, const struct emergency *e, const struct candidate *c)
{
	return c->slot != NONE32 ? c->slot == e->target.slot
				 : figures_of_job(act, c->job)->key == e->key;
}

/* The largest of them; what is larger than that needs no explanation of why it was left alone. */
void victim_passed_over(struct act *act, struct emergency *e, uint32_t n)
{
	struct candidate best = {0};

	if (!e->host)
		n = look_for_protected(act, e);
	for (uint32_t i = 0; i < n; i++)
		if (is_target(act, e, &act->candidate[i]))
			best = act->candidate[i];
	e->passed = 0;
	while (e->passed < HR_PASSED_OVER) {
		struct candidate *largest = NULL;

		for (uint32_t i = 0; i < n; i++) {
			struct candidate *c = &act->candidate[i];

			if (c->size != HR_UNKNOWN && !is_target(act, e, c) &&
			    (!largest || c->size > largest->size))
				largest = c;
		}
		if (!largest)
			break;
		pass_over(act, e, largest, why_behind(largest, &best));
		largest->size = HR_UNKNOWN; /* told */
	}
}
