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

/* log2 of growth × risk: twice as much is more, a tenth more is noise. 0 where the growth is not known (HR_UNKNOWN_I64 is negative). */
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
				       size >= hr_host_usable(host) / 1000 * LARGE_MILLI);
}

/* Of a shortage that outlasted a kill the next victim must be a part: it grows now, or holds a tenth of what is lacking, or half of what that
 * kill freed. Else one innocent after the other would go for what none of them has taken. */
static bool helps(const struct policy_engine *engine, const struct candidate *c, uint64_t lacking)
{
	return c->rank[0] || c->grows || c->growth == HR_UNKNOWN_I64 || c->size >= lacking / 10 ||
	       (engine->host_ended_bytes && c->size >= engine->host_ended_bytes / 2);
}

static uint64_t most_of(const struct hr_slot *slot)
{
	return slot->memory.unreclaimable != HR_UNKNOWN ? slot->memory.unreclaimable
	       : slot->memory.usage != HR_UNKNOWN       ? slot->memory.usage
							: 0;
}

/* What its end frees for sure. Shared memory and tmpfs may outlive it: a volume, a segment, another container's mount. */
static uint64_t size_of(const struct hr_slot *slot)
{
	uint64_t most = most_of(slot), shmem = slot->memory.shmem;

	if (shmem == HR_UNKNOWN)
		return most;
	return most > shmem ? most - shmem : 0;
}

/* What may be freed counts fully of a container that still grows: its end stops that, whatever remains. */
static uint8_t rank_size(const struct policy_engine *engine, const struct hr_slot *slot, bool grows,
			 uint64_t lacking)
{
	if (enough(engine, size_of(slot), lacking))
		return 2;
	return enough(engine, most_of(slot), lacking) ? 1 + grows : 0;
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
	uint64_t most = pgroup->recent > pgroup->rss ? pgroup->recent : pgroup->rss;

	for (size_t i = 0; i < PGROUP_NOTES; i++) {
		const struct pgroup_note *note = &engine->pgroup_note[i];

		if (note->key != key || engine->now_ns - note->first_ns < NS_PER_MS * 1000 ||
		    pgroup->rss == HR_UNKNOWN)
			continue;
		past = ((int64_t)most - (int64_t)note->first_rss) /
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
	ret->grows = rank_growth(at->forecast.drift_bytes_per_second, risk,
				 f->at[CONDITION_HOST_AVAILABLE]);
	ret->rank[0] = rank_size(engine, at, ret->grows, lacking);
	ret->rank[1] = low == HR_UNKNOWN || !low || at->memory.usage == HR_UNKNOWN ||
		       at->memory.usage > low;
	ret->rank[2] = rank_growth(ret->growth, risk, f->at[CONDITION_HOST_AVAILABLE]);
}

static void add_process_group(struct policy_engine *engine, uint32_t policy, uint32_t pgroup,
			      uint64_t lacking, struct candidate *ret)
{
	const struct process_group *at = &engine->snapshot->pgroup[pgroup];
	const struct inputs *f = inputs_of_process_group(engine, pgroup);
	struct process_members members;

	*ret = (struct candidate){.slot = NONE32, .pgroup = pgroup};
	if (at->rss != HR_UNKNOWN)
		ret->size = selector_members(engine->set, engine_policy(engine, policy),
					     engine->snapshot, at, &members);
	/* One that gave back its memory a moment ago takes it again the next. */
	if (at->rss != HR_UNKNOWN && ret->size == at->rss && at->recent > at->rss)
		ret->size = at->recent;
	ret->growth = process_group_growth(engine, at, f->key);
	ret->reason = (uint8_t)reason_not(engine, policy, NONE32, pgroup, f->key, 0);
	ret->rank[0] = enough(engine, ret->size, lacking) ? 2 : 0;
	ret->rank[1] = 1;
	ret->rank[2] = rank_growth(ret->growth, HR_UNKNOWN, f->at[CONDITION_HOST_AVAILABLE]);
	ret->grows = rank_growth(at->growth_bytes_per_second, HR_UNKNOWN,
				 f->at[CONDITION_HOST_AVAILABLE]);
}

static const struct hr_slot *slot_of(const struct policy_engine *engine, const struct candidate *c)
{
	return c->slot == NONE32 ? NULL : selector_slot(engine->snapshot, c->slot);
}

static const struct process_group *pgroup_of(const struct policy_engine *engine,
					     const struct candidate *c)
{
	return c->slot == NONE32 ? &engine->snapshot->pgroup[c->pgroup] : NULL;
}

/* Of a user's processes a name that `protect` lists is a wish, too. */
static bool wishes(const struct policy_engine *engine, const struct candidate *c)
{
	const struct hr_slot *slot = slot_of(engine, c);
	const struct process_group *pgroup = pgroup_of(engine, c);

	return slot ? slot->id.chosen & HR_CHOSEN_WISH
		    : pgroup && pgroup->flags & PGROUP_OWN_NAMES &&
			       policy_protects_name(engine->set, pgroup->comm);
}

/* Both below the same cgroup, in which one user chooses the names; or both processes of one user. */
static bool same_owner(const struct policy_engine *engine, const struct candidate *x,
		       const struct candidate *y)
{
	const struct process_group *p = pgroup_of(engine, x), *q = pgroup_of(engine, y);
	const struct hr_slot *a = slot_of(engine, x), *b = slot_of(engine, y);
	const char *one, *two;
	size_t n;

	if (p && q)
		return p->user == q->user && q->flags & PGROUP_OWN_NAMES;
	if (!a || !b)
		return false;
	one = hr_slot_text(a, a->id.cgroup);
	two = hr_slot_text(b, b->id.cgroup);
	n = a->id.root_path;
	return one && two && n && n == b->id.root_path &&
	       (a->id.chosen & b->id.chosen & HR_CHOSEN_PATH) && strnlen(one, n) == n &&
	       !strncmp(one, two, n);
}

/* user.headroom=protect of a user puts a cgroup behind what helps as well and is that user's, too. It spares nothing of another. */
static const struct candidate *grant_wish(const struct policy_engine *engine, uint32_t n,
					  const struct candidate *best)
{
	const struct candidate *instead = NULL;

	if (!wishes(engine, best))
		return best;
	for (uint32_t i = 0; i < n; i++) {
		const struct candidate *c = &engine->candidate[i];

		if (!c->reason && c->rank[0] && c->rank[0] >= best->rank[0] && !wishes(engine, c) &&
		    same_owner(engine, best, c) && (!instead || before(c, instead) < 0))
			instead = c;
	}
	return instead ? instead : best;
}

/* What grows is the culprit, not all that its user runs: of several process groups together, one that by itself helps, and that has
 * about half of the growth. */
static const struct candidate *find_growing_part(const struct policy_engine *engine, uint32_t n,
						 const struct candidate *best)
{
	const struct process_group *all = pgroup_of(engine, best), *part;
	const struct candidate *instead = NULL;

	if (!all || all->members.of == PROCESSES_OF_GROUP || !best->rank[2] || !best->rank[0])
		return best;
	for (uint32_t i = 0; i < n; i++) {
		const struct candidate *c = &engine->candidate[i];

		part = pgroup_of(engine, c);
		if (part && part->members.of == PROCESSES_OF_GROUP && !c->reason &&
		    part->user == all->user && part->unit == all->unit &&
		    (all->user || part->memcg_id == all->memcg_id) && c->rank[0] == best->rank[0] &&
		    c->rank[2] && c->rank[2] + 1 >= best->rank[2] &&
		    (!instead || before(c, instead) < 0))
			instead = c;
	}
	return instead ? instead : best;
}

#define WATCH_NS   (2500 * NS_PER_MS)
#define WATCHED_NS (10000 * NS_PER_MS) /* not again so soon after */
#define LIST_NS \
	(1500 * \
	 NS_PER_MS) /* a pass is due each second: a list as old as this is of a pass that hangs */

/* What processes hold at one moment may not be what they held before, and a wrong choice is final: one that is not plainly the cause (large
 * enough, and growing now) waits until they have been listed often enough, and each for a list that is not old. And no list serves for two
 * choices: the first one's target may have ended itself, and what took its place is not on it. */
bool victim_watch(struct policy_engine *engine, const struct candidate *best, uint32_t n)
{
	const struct policy_snapshot *snapshot = engine->snapshot;
	bool processes = false, old;

	for (uint32_t i = 0; i < n; i++)
		processes |= engine->candidate[i].slot == NONE32;
	if (!processes)
		return false;
	if (snapshot->pgroups_ns && engine->chosen_ns >= snapshot->pgroups_ns &&
	    engine->now_ns - engine->chosen_ns < WATCH_NS)
		return true;
	old = snapshot->pgroups_ns && engine->now_ns > snapshot->pgroups_ns + LIST_NS;
	if (!old && (!snapshot->pgroups_new || (best->rank[0] && best->grows)))
		return false;
	if (!engine->watch_ns || engine->now_ns - engine->watch_ns > WATCHED_NS)
		engine->watch_ns = engine->now_ns;
	return engine->now_ns - engine->watch_ns < WATCH_NS;
}

bool victim_choose(struct policy_engine *engine, uint32_t policy, uint64_t since_ns,
		   struct candidate *ret_best, uint32_t *ret_n)
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
			    engine->set, p, engine->snapshot, pgroup,
			    in == NONE32 ? NULL : selector_slot(engine->snapshot, in)))
			add_process_group(engine, policy, i, lacking, &engine->candidate[n++]);
	}
	for (uint32_t i = 0; i < n && engine->host_ended_ns >= since_ns; i++)
		if (!engine->candidate[i].reason && !helps(engine, &engine->candidate[i], lacking))
			engine->candidate[i].reason = HR_SKIP_NO_HELP;
	for (uint32_t i = 0; i < n; i++)
		if (!engine->candidate[i].reason &&
		    (!best || before(&engine->candidate[i], best) < 0))
			best = &engine->candidate[i];
	*ret_n = n;
	if (best)
		*ret_best = *grant_wish(engine, n, find_growing_part(engine, n, best));
	return best != NULL;
}

/* Why this candidate comes behind the chosen one. */
static enum hr_skip_reason reason_behind(const struct policy_engine *engine,
					 const struct candidate *c, const struct candidate *best)
{
	if (c->reason)
		return c->reason;
	if (before(c, best) < 0)
		return wishes(engine, c) ? HR_SKIP_OWNER : HR_SKIP_SLOWER; /* all but the part */
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
		add_skipped(engine, e, largest, reason_behind(engine, largest, &best));
		largest->size = HR_UNKNOWN; /* done */
	}
}
