// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The values of all targets that a policy can test, read once a round into a small table: a thousand policies then walk over
 * 128 bytes a container, not over a page. Guesses nothing: what a slot does not know stays HR_UNKNOWN.
 */
#include "policy_internal.h"

#include <string.h>

#include "forecast/forecast_input.h"

static uint32_t hash(uint64_t key, uint32_t mask)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & mask;
}

static void index_add(struct policy_engine *engine, uint64_t memcg_id, uint32_t slot)
{
	uint32_t i = hash(memcg_id, engine->index_mask);

	while (engine->index[i] != NONE32)
		i = (i + 1) & engine->index_mask;
	engine->index[i] = slot;
}

uint32_t inputs_find(const struct policy_engine *engine, uint64_t memcg_id)
{
	uint32_t i = hash(memcg_id, engine->index_mask);

	for (; memcg_id && engine->index[i] != NONE32; i = (i + 1) & engine->index_mask)
		if (engine->place[engine->index[i]].memcg_id == memcg_id)
			return engine->index[i];
	return NONE32;
}

void inputs_host(const struct policy_engine *engine, struct inputs *f)
{
	const struct hr_host *host = engine->snapshot->host;
	const struct input_source from = {.host = host};

	for (size_t i = 0; i < CONDITIONS; i++)
		if (condition_table[i].scope & OF_HOST)
			f->at[i] = condition_table[i].read(&from);
	f->at[INPUT_HOST_TOTAL] = host && host->mem_total ? hr_host_usable(host) : HR_UNKNOWN;
}

void inputs_forget(struct policy_engine *engine, uint32_t slot)
{
	struct place *place = &engine->place[slot];
	bool emitted = place->emitted_action != HR_ACTION_NONE;

	*place = (struct place){.next_policy = UINT16_MAX,
				.emitted_policy = UINT16_MAX,
				.emitted_action = HR_ACTION_NONE};
	if (emitted && engine->calls.next)
		engine->calls.next(slot, NULL, HR_ACTION_NONE, engine->calls.arg);
}

static void read_nothing(struct inputs *f)
{
	for (size_t i = 0; i < INPUTS; i++)
		f->at[i] = HR_UNKNOWN;
}

#define SHARED_HORIZON_S 900u /* the horizon of risk */
#define INHERITED_HORIZON_S \
	60u /* at least: what is as near is its own affair, whichever comes first */

/* The forecast of a shared bound (an ancestor's limit, the host's memory) stands in every slot below it. A policy about one
 * container means the one that causes it: its own growth alone would use up the headroom within the horizon. Without this, a
 * host that runs short would end every container that a policy on `risk` matches; host_available is for that. */
static bool causes_it(const struct hr_slot *slot, uint64_t headroom, uint64_t within_s)
{
	int64_t drift = slot->forecast.drift_bytes_per_second;

	return drift != HR_UNKNOWN_I64 && drift > 0 && headroom / (uint64_t)drift <= within_s;
}

static bool causes_bound(const struct hr_slot *slot, uint64_t headroom)
{
	return slot->binding.level == HR_LEVEL_OWN || causes_it(slot, headroom, SHARED_HORIZON_S);
}

/* The worse forecast from above stands here, too, where the nearest limit is another one (forecast_inherit()). Then it is this
 * container's affair only if its growth uses up what that limit leaves before the time that is predicted, and is more than its start:
 * a program that has just begun grows by all that it has. */
static bool causes_forecast(const struct hr_slot *slot, uint64_t headroom)
{
	const struct hr_forecast *forecast = &slot->forecast;
	uint64_t within_s =
		forecast->oom_in_p50_ms == HR_UNKNOWN ? 0 : forecast->oom_in_p50_ms / 1000;

	if (!forecast->reason[0].kind || forecast->reason[0].reserved == slot->binding.level)
		return causes_bound(slot, headroom);
	if (slot->memory.unreclaimable != HR_UNKNOWN && slot->memory.unreclaimable < headroom / 8)
		return false;
	return causes_it(slot, headroom,
			 within_s > INHERITED_HORIZON_S ? within_s : INHERITED_HORIZON_S);
}

static void hide_what_others_cause(const struct hr_slot *slot, struct inputs *f)
{
	uint64_t headroom = f->at[CONDITION_HEADROOM];
	const bool hidden[] = {[OF_ANY] = false,
			       [OF_OWN_LIMIT] = !causes_bound(slot, headroom),
			       [OF_OWN_FORECAST] = !causes_forecast(slot, headroom)};

	for (size_t c = 0; c < CONDITIONS; c++)
		if (hidden[condition_table[c].own_only] && f->at[c] != HR_UNKNOWN)
			f->at[c] = condition_table[c].shared;
}

static void read_slot(struct policy_engine *engine, uint32_t i)
{
	const struct hr_slot *slot = selector_slot(engine->snapshot, i);
	struct inputs *f = &engine->inputs[i];
	struct place *place = &engine->place[i];
	const struct input_source from = {.host = engine->snapshot->host, .slot = slot};
	uint64_t id = slot && slot->state == HR_SLOT_RUNNING ? slot->cgroup_id : 0;

	if (place->memcg_id != id) {
		uint32_t escalation = place->escalation;

		/* The slot is another cgroup's now: an escalation for the one before has lost its target. */
		inputs_forget(engine, i);
		place->memcg_id = id;
		if (escalation)
			steps_gone(engine, &engine->escalation[escalation - 1]);
	}
	f->key = id;
	if (!id)
		return;
	read_nothing(f);
	inputs_host(engine, f);
	if (!slot->sampled_ns || slot->sampled_ns == HR_UNKNOWN)
		return; /* not sampled yet: its zeros are no values */
	condition_inputs(&from, f->at);
	hide_what_others_cause(slot, f);
	f->at[INPUT_LIMIT] = slot->memory.limit;
	f->at[INPUT_EFFECTIVE] = slot->binding.level == HR_LEVEL_HOST ? f->at[INPUT_HOST_TOTAL]
								      : slot->binding.limit;
}

/* A share is one of its own limit, else of its nearest ancestor's. */
static void read_limit_above(struct policy_engine *engine, uint32_t i)
{
	const struct hr_slot *slot = engine->snapshot->slot(i, engine->snapshot->arg);
	uint64_t parent = slot->parent_id;

	for (int depth = 0; parent && depth < POLICY_DEPTH; depth++) {
		uint32_t above = inputs_find(engine, parent);
		const struct hr_slot *at =
			above == NONE32 ? NULL
					: engine->snapshot->slot(above, engine->snapshot->arg);

		if (!at)
			break;
		if (at->memory.limit != HR_UNKNOWN) {
			engine->inputs[i].at[INPUT_LIMIT] = at->memory.limit;
			return;
		}
		parent = at->parent_id;
	}
	if (slot->binding.level == HR_LEVEL_ANCESTOR)
		engine->inputs[i].at[INPUT_LIMIT] = slot->binding.limit;
}

static void read_limits(struct policy_engine *engine, uint32_t i)
{
	struct inputs *f = &engine->inputs[i];
	uint64_t *at = f->at;

	if (at[INPUT_LIMIT] == HR_UNKNOWN)
		read_limit_above(engine, i);
	at[INPUT_LEAST] =
		at[INPUT_LIMIT] < at[INPUT_EFFECTIVE] ? at[INPUT_LIMIT] : at[INPUT_EFFECTIVE];
}

void inputs_read_slot(struct policy_engine *engine, uint32_t i)
{
	read_slot(engine, i);
	if (engine->inputs[i].key)
		read_limits(engine, i);
}

uint64_t inputs_process_group_key(const struct process_group *pgroup)
{
	uint64_t key = pgroup->key
			       ? pgroup->key
			       : ((uint64_t)pgroup->pgid << 32) ^ pgroup->memcg_id ^
					 (pgroup->leader_start_ns != HR_UNKNOWN
						  ? pgroup->leader_start_ns * 0x9e3779b97f4a7c15ULL
						  : 0);

	return key | 1ULL << 63;
}

struct inputs *inputs_of_process_group(const struct policy_engine *engine, uint32_t pgroup)
{
	return &engine->inputs[engine->slots + pgroup];
}

#define YOUNG_MS (300 * 1000) /* as far back as the growth of containers is looked at */

/* All that a young one holds has come since it began: else one that was listed while it was small would count as growing, and one that was large on
 * its first list would not. */
static void remember_process_group(struct policy_engine *engine, uint64_t key,
				   const struct process_group *pgroup)
{
	struct pgroup_note *oldest = &engine->pgroup_note[0];
	uint64_t rss = pgroup->rss, now = engine->now_ns;

	for (size_t i = 0; i < PGROUP_NOTES; i++) {
		struct pgroup_note *note = &engine->pgroup_note[i];

		if (note->key == key) {
			note->seen_ns = engine->now_ns;
			if (rss < note->first_rss)
				note->first_rss = rss;
			return;
		}
		if (note->seen_ns < oldest->seen_ns)
			oldest = note;
	}
	*oldest = (struct pgroup_note){key, now, rss, now};
	if (pgroup->age_ms < YOUNG_MS && pgroup->age_ms * NS_PER_MS < now) {
		oldest->first_ns = now - pgroup->age_ms * NS_PER_MS;
		oldest->first_rss = 0;
	}
}

static void read_process_group(struct policy_engine *engine, uint32_t i)
{
	const struct process_group *pgroup = &engine->snapshot->pgroup[i];
	const struct input_source from = {.host = engine->snapshot->host, .pgroup = pgroup};
	struct inputs *f = inputs_of_process_group(engine, i);

	read_nothing(f);
	f->key = inputs_process_group_key(pgroup);
	f->parent = false;
	inputs_host(engine, f);
	condition_inputs(&from, f->at);
	remember_process_group(engine, f->key, pgroup);
}

void inputs_read(struct policy_engine *engine)
{
	uint32_t n =
		engine->snapshot->slots < engine->slots ? engine->snapshot->slots : engine->slots;

	memset(engine->index, 0xff, ((size_t)engine->index_mask + 1) * sizeof(*engine->index));
	for (uint32_t i = 0; i < engine->slots; i++) {
		if (i < n)
			read_slot(engine, i);
		else
			engine->inputs[i].key = 0;
		engine->inputs[i].parent = false;
		if (engine->inputs[i].key)
			index_add(engine, engine->inputs[i].key, i);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct hr_slot *slot;
		uint32_t above;

		if (!engine->inputs[i].key)
			continue;
		slot = engine->snapshot->slot(i, engine->snapshot->arg);
		above = inputs_find(engine, slot->parent_id);
		if (above != NONE32)
			engine->inputs[above].parent = true;
		read_limits(engine, i);
	}
	for (uint32_t i = 0; i < engine->snapshot->pgroups && i < POLICY_PROCESS_GROUPS; i++)
		read_process_group(engine, i);
}

void inputs_record(const struct policy_engine *engine, const struct inputs *f,
		   const struct action_target *target, struct hr_inputs *ret_inputs)
{
	const struct hr_slot *slot = target->slot == HR_UNKNOWN_U32
					     ? NULL
					     : selector_slot(engine->snapshot, target->slot);
	const struct hr_host *host = engine->snapshot->host;
	struct hr_inputs e = {
		.limit = f->at[INPUT_LIMIT],
		.effective_limit = f->at[INPUT_EFFECTIVE],
		.unreclaimable = HR_UNKNOWN,
		.growth_bytes_per_second = HR_UNKNOWN_I64,
		.host_total = host ? hr_host_usable(host) : HR_UNKNOWN,
		.level = HR_LEVEL_COUNT,
		.threshold = HR_UNKNOWN,
		.used_threshold = HR_UNKNOWN,
	};

	condition_record(f->at, &e);
	if (slot && slot->cgroup_id == target->memcg_id) {
		e.unreclaimable = slot->memory.unreclaimable;
		e.growth_bytes_per_second = slot->forecast.drift_bytes_per_second;
		e.level = slot->binding.level;
	} else if (f->at[CONDITION_GROWTH] != HR_UNKNOWN) {
		e.growth_bytes_per_second = (int64_t)(f->at[CONDITION_GROWTH] / 3600);
	}
	*ret_inputs = e;
}
