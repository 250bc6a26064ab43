// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What a rule can see of its targets, read once a round into a small table: a thousand rules then walk over 128 bytes a
 * container and not over a page. Guesses nothing: what a slot does not know stays HR_UNKNOWN.
 */
#include "private.h"

#include <string.h>

static uint32_t hash(uint64_t key, uint32_t mask)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & mask;
}

static void index_add(struct act *act, uint64_t memcg_id, uint32_t slot)
{
	uint32_t i = hash(memcg_id, act->index_mask);

	while (act->index[i] != NONE32)
		i = (i + 1) & act->index_mask;
	act->index[i] = slot;
}

uint32_t figures_find(const struct act *act, uint64_t memcg_id)
{
	uint32_t i = hash(memcg_id, act->index_mask);

	for (; memcg_id && act->index[i] != NONE32; i = (i + 1) & act->index_mask)
		if (act->place[act->index[i]].memcg_id == memcg_id)
			return act->index[i];
	return NONE32;
}

/* An hour's growth from a second's; what shrinks does not grow. */
static uint64_t per_hour(int64_t per_second)
{
	if (per_second == HR_UNKNOWN_I64)
		return HR_UNKNOWN;
	if (per_second <= 0)
		return 0;
	return per_second > INT64_MAX / 3600 ? INT64_MAX : (uint64_t)per_second * 3600;
}

/* Both are wall times of the same slot: no clock is asked. Whose beginning is not known is at least as old as its first
 * sighting. */
static uint64_t age_ms(const struct hr_slot *slot)
{
	uint64_t from = slot->started_ns != HR_UNKNOWN && slot->started_ns ? slot->started_ns
									   : slot->appeared_ns;

	if (!from || from == HR_UNKNOWN || !slot->sampled_ns || slot->sampled_ns == HR_UNKNOWN ||
	    slot->sampled_ns < from)
		return HR_UNKNOWN;
	return (slot->sampled_ns - from) / NS_PER_MS;
}

static uint64_t small(uint32_t value) { return value == HR_UNKNOWN_U32 ? HR_UNKNOWN : value; }

void figures_host(const struct act *act, struct figures *f)
{
	const struct hr_host *host = act->world->host;

	/* A host that was not looked at yet has 0 of 0 left, and that is no reason to kill anybody. */
	bool seen = host && host->mem_total && host->mem_total != HR_UNKNOWN;

	f->at[F_HOST] = seen ? host->mem_available : HR_UNKNOWN;
	f->at[F_HOST_TOTAL] = seen ? host->mem_total : HR_UNKNOWN;
}

void figures_forget(struct act *act, uint32_t slot)
{
	struct place *place = &act->place[slot];
	bool told = place->told_rung != HR_RUNG_NONE;

	*place = (struct place){
		.next_policy = UINT16_MAX, .told_policy = UINT16_MAX, .told_rung = HR_RUNG_NONE};
	if (told && act->calls.next)
		act->calls.next(slot, NULL, HR_RUNG_NONE, act->calls.arg);
}

static void read_nothing(struct figures *f)
{
	for (size_t i = 0; i < FIGURES; i++)
		f->at[i] = HR_UNKNOWN;
}

#define SHARED_HORIZON_S 900u /* as far as risk looks */

/* A danger that is shared (an ancestor's limit, the host's memory) is lent to everybody below. A rule about one container means
 * the one that makes it: who by its own growth alone would use up what is left within the horizon. Without this, a host
 * that runs short would end every container that a rule on `risk` matches; who to take then is what host_available is for. */
static bool makes_it(const struct hr_slot *slot)
{
	int64_t drift = slot->outlook.drift_bytes_per_second;

	if (slot->binding.level == HR_LEVEL_OWN)
		return true;
	return drift != HR_UNKNOWN_I64 && drift > 0 && slot->memory.headroom / (uint64_t)drift <= SHARED_HORIZON_S;
}

static void read_slot(struct act *act, uint32_t i)
{
	const struct hr_slot *slot = match_slot(act->world, i);
	struct figures *f = &act->figures[i];
	struct place *place = &act->place[i];
	const struct hr_outlook *outlook;
	uint64_t id = slot && slot->state == HR_SLOT_RUNNING ? slot->cgroup_id : 0;

	if (place->memcg_id != id) {
		uint32_t emergency = place->emergency;

		/* Another one lives here now. Its emergency finds out by itself that its target is gone. */
		figures_forget(act, i);
		place->memcg_id = id;
		if (emergency)
			ladder_gone(act, &act->emergency[emergency - 1]);
	}
	f->key = id;
	if (!id)
		return;
	read_nothing(f);
	figures_host(act, f);
	if (!slot->sampled_ns || slot->sampled_ns == HR_UNKNOWN)
		return; /* a newborn: its zeros are no figures */
	outlook = &slot->outlook;
	f->at[F_USAGE] = slot->memory.usage;
	f->at[F_RSS] = slot->memory.rss;
	f->at[F_HEADROOM] = slot->memory.headroom;
	f->at[F_RISK] = outlook->risk_centi == UINT16_MAX ? HR_UNKNOWN : outlook->risk_centi;
	f->at[F_OOM_IN] = outlook->oom_in_p50_ms != HR_UNKNOWN ? outlook->oom_in_p50_ms
			  : outlook->risk_centi == UINT16_MAX  ? HR_UNKNOWN
							       : NOT_FORESEEN;
	if (!makes_it(slot)) {
		f->at[F_HEADROOM] = HR_UNKNOWN;
		f->at[F_RISK] = f->at[F_RISK] == HR_UNKNOWN ? HR_UNKNOWN : 0;
		f->at[F_OOM_IN] = f->at[F_OOM_IN] == HR_UNKNOWN ? HR_UNKNOWN : NOT_FORESEEN;
	}
	f->at[F_LEAK] = outlook->risk_centi == UINT16_MAX ? HR_UNKNOWN : outlook->leak;
	f->at[F_GROWTH] = per_hour(outlook->drift_bytes_per_second);
	f->at[F_SOME] = small(slot->pressure.some_avg10_centi);
	f->at[F_FULL] = small(slot->pressure.full_avg10_centi);
	f->at[F_AGE] = age_ms(slot);
	f->at[F_LIMIT] = slot->memory.limit;
}

/* A share of a limit is one of its own limit, else of the nearest that stands above it. */
static void read_limit_above(struct act *act, uint32_t i)
{
	const struct hr_slot *slot = act->world->slot(i, act->world->arg);
	uint64_t parent = slot->parent_id;

	for (int depth = 0; parent && depth < ACT_DEPTH; depth++) {
		uint32_t above = figures_find(act, parent);
		const struct hr_slot *at =
			above == NONE32 ? NULL : act->world->slot(above, act->world->arg);

		if (!at)
			break;
		if (at->memory.limit != HR_UNKNOWN) {
			act->figures[i].at[F_LIMIT] = at->memory.limit;
			return;
		}
		parent = at->parent_id;
	}
	if (slot->binding.level == HR_LEVEL_ANCESTOR)
		act->figures[i].at[F_LIMIT] = slot->binding.limit;
}

void figures_read_slot(struct act *act, uint32_t i)
{
	read_slot(act, i);
	if (act->figures[i].key && act->figures[i].at[F_LIMIT] == HR_UNKNOWN)
		read_limit_above(act, i);
}

uint64_t figures_job_key(const struct act_job *job)
{
	uint64_t key =
		((uint64_t)job->pgid << 32) ^ job->memcg_id ^
		(job->leader_start_ns != HR_UNKNOWN ? job->leader_start_ns * 0x9e3779b97f4a7c15ULL
						    : 0);

	return key | 1ULL << 63;
}

struct figures *figures_of_job(const struct act *act, uint32_t job)
{
	return &act->figures[act->slots + job];
}

static void remember_job(struct act *act, uint64_t key, uint64_t rss)
{
	struct job_note *oldest = &act->job_note[0];

	for (size_t i = 0; i < JOB_NOTES; i++) {
		struct job_note *note = &act->job_note[i];

		if (note->key == key) {
			note->seen_ns = act->now_ns;
			if (rss < note->first_rss)
				note->first_rss = rss;
			return;
		}
		if (note->seen_ns < oldest->seen_ns)
			oldest = note;
	}
	*oldest = (struct job_note){key, act->now_ns, rss, act->now_ns};
}

/* `rss` of a job is that of its largest process: a rule on single processes means a process. */
static void read_job(struct act *act, uint32_t i)
{
	const struct act_job *job = &act->world->job[i];
	struct figures *f = figures_of_job(act, i);

	read_nothing(f);
	f->key = figures_job_key(job);
	f->parent = false;
	f->at[F_USAGE] = job->rss;
	f->at[F_RSS] = job->largest_rss;
	f->at[F_GROWTH] = per_hour(job->growth_bytes_per_second);
	figures_host(act, f);
	remember_job(act, f->key, job->rss);
}

void figures_read(struct act *act)
{
	uint32_t n = act->world->slots < act->slots ? act->world->slots : act->slots;

	memset(act->index, 0xff, ((size_t)act->index_mask + 1) * sizeof(*act->index));
	for (uint32_t i = 0; i < act->slots; i++) {
		if (i < n)
			read_slot(act, i);
		else
			act->figures[i].key = 0;
		act->figures[i].parent = false;
		if (act->figures[i].key)
			index_add(act, act->figures[i].key, i);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct hr_slot *slot;
		uint32_t above;

		if (!act->figures[i].key)
			continue;
		slot = act->world->slot(i, act->world->arg);
		above = figures_find(act, slot->parent_id);
		if (above != NONE32)
			act->figures[above].parent = true;
		if (slot->memory.limit == HR_UNKNOWN)
			read_limit_above(act, i);
	}
	for (uint32_t i = 0; i < act->world->jobs && i < ACT_JOBS; i++)
		read_job(act, i);
}

void evidence_read(const struct act *act, const struct figures *f, const struct act_target *target,
		   struct hr_evidence *ret_evidence)
{
	const struct hr_slot *slot =
		target->slot == HR_UNKNOWN_U32 ? NULL : match_slot(act->world, target->slot);
	const struct hr_host *host = act->world->host;
	struct hr_evidence e = {
		.usage = f->at[F_USAGE],
		.limit = f->at[F_LIMIT],
		.unreclaimable = HR_UNKNOWN,
		.headroom = f->at[F_HEADROOM],
		.rss = f->at[F_RSS],
		.oom_in_p50_ms = f->at[F_OOM_IN] == NOT_FORESEEN ? HR_UNKNOWN : f->at[F_OOM_IN],
		.growth_bytes_per_second = HR_UNKNOWN_I64,
		.host_available = host ? host->mem_available : HR_UNKNOWN,
		.host_total = host ? host->mem_total : HR_UNKNOWN,
		.risk_centi = f->at[F_RISK] == HR_UNKNOWN ? UINT16_MAX : (uint16_t)f->at[F_RISK],
		.leak = f->at[F_LEAK] == HR_UNKNOWN ? HR_LEAK_NONE : (uint8_t)f->at[F_LEAK],
		.level = HR_LEVEL_COUNT,
		.some_avg10_centi =
			f->at[F_SOME] == HR_UNKNOWN ? HR_UNKNOWN_U32 : (uint32_t)f->at[F_SOME],
		.full_avg10_centi =
			f->at[F_FULL] == HR_UNKNOWN ? HR_UNKNOWN_U32 : (uint32_t)f->at[F_FULL],
		.held_ms = 0,
		.threshold = HR_UNKNOWN,
	};

	if (slot && slot->cgroup_id == target->memcg_id) {
		e.unreclaimable = slot->memory.unreclaimable;
		e.growth_bytes_per_second = slot->outlook.drift_bytes_per_second;
		e.level = slot->binding.level;
	} else if (f->at[F_GROWTH] != HR_UNKNOWN) {
		e.growth_bytes_per_second = (int64_t)(f->at[F_GROWTH] / 3600);
	}
	*ret_evidence = e;
}
