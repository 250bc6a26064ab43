// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table of emergencies: who may begin one, who takes over from whom, what an ended one leaves behind. Never two for one
 * target; a rule that kills is served before one that only tells.
 */
#include "private.h"

#define COOLDOWN_LEAST_MS 1000 /* nothing is told or tried twenty times a second */

struct emergency *emergency_find(struct act *act, uint32_t number)
{
	for (size_t i = 0; number && i < ACT_EMERGENCIES; i++)
		if (act->emergency[i].number == number)
			return &act->emergency[i];
	return NULL;
}

struct emergency *emergency_of(struct act *act, uint32_t slot, uint64_t key)
{
	if (slot != NONE32)
		return act->place[slot].emergency ? &act->emergency[act->place[slot].emergency - 1]
						  : NULL;
	for (size_t i = 0; i < ACT_EMERGENCIES; i++)
		if (act->emergency[i].number && act->emergency[i].key == key)
			return &act->emergency[i];
	return NULL;
}

bool emergency_blocked(struct act *act, uint32_t policy, uint64_t key, uint64_t workload,
		       uint32_t *ret_step)
{
	struct note *note = notes_find(&act->notes, policy, key);
	const struct note *other;

	*ret_step = 0;
	if (note && (note->till_calm || note->until_ns > act->now_ns)) {
		*ret_step = note->step;
		return note->step >= POLICY_RUNGS;
	}
	/* When the host is short somebody is taken: sparing a culprit because it was restarted would cost an innocent. */
	if (act_policy(act, policy)->conditions & WHEN_HOST)
		return false;
	if (!act_policy(act, policy)->cooldown_ms) /* nor does its rule wait for it */
		return false;
	/* The same workload in another cgroup: it was restarted, and is to be left alone for that time. */
	other = notes_cooling(&act->notes, policy, workload, act->now_ns);
	return other && other->key != key;
}

static void leave_note(struct act *act, const struct emergency *e, uint64_t key, bool calm)
{
	const struct policy *p = act_policy(act, e->policy);
	bool relapse =
		calm && !e->gone && ladder_next(p, e->step, e->killed, e->mode) < POLICY_RUNGS;
	struct note *note = notes_make(&act->notes, e->policy, key);

	if (!note)
		return;
	notes_cool(&act->notes, note, e->workload,
		   act->now_ns + (p->cooldown_ms ? p->cooldown_ms : COOLDOWN_LEAST_MS) * NS_PER_MS,
		   relapse ? e->step : POLICY_RUNGS);
	note->seen = act->round;
	note->till_calm = !calm && !e->gone && (e->mode == MODE_DRY_RUN || ladder_only_tells(p));
}

void emergency_finish(struct act *act, struct emergency *e, uint32_t averted, bool calm)
{
	struct act_end end = {
		.emergency = e->number,
		.target = e->target,
		.mode = e->mode,
		.averted = averted,
		.freed = e->mode == MODE_ENFORCE ? e->freed : HR_UNKNOWN,
		.freed_after_ms = e->freed_ms,
	};
	uint32_t slot = e->target.slot, mine = (uint32_t)(e - act->emergency) + 1;

	leave_note(act, e, e->key, calm);
	if (e->host && e->mode == MODE_DRY_RUN && !calm)
		leave_note(act, e, HOST_KEY, calm);
	if (slot != HR_UNKNOWN_U32 && slot < act->slots && act->place[slot].emergency == mine)
		act->place[slot].emergency = 0;
	e->number = 0;
	act->under_way--;
	if (act->calls.end && e->heard)
		act->calls.end(&end, act->calls.arg);
}

/* May this rule take the target over from the other? Never from a kill; a rehearsal never from a deed. */
static bool takes_over(const struct act *act, const struct policy *p, uint32_t first,
		       enum act_mode mode, const struct emergency *other)
{
	const struct policy *theirs = act_policy(act, other->policy);

	if (other->killed || other->gone || mode < other->mode)
		return false;
	return mode > other->mode || ladder_hardest(p, first) > ladder_hardest(theirs, 0) ||
	       ladder_harshness(p->rung[first].rung) > other->hardest;
}

/* Room, if need be by ending one that can do less. */
static struct emergency *take_room(struct act *act, const struct policy *p, uint32_t first)
{
	struct emergency *gentlest = NULL;
	unsigned int least = ladder_hardest(p, first), hardest;

	for (size_t i = 0; i < ACT_EMERGENCIES; i++) {
		struct emergency *e = &act->emergency[i];

		if (!e->number)
			return e;
		hardest = ladder_hardest(act_policy(act, e->policy), 0);
		if (hardest < least) {
			least = hardest;
			gentlest = e;
		}
	}
	act->turned_away++;
	if (gentlest)
		emergency_finish(act, gentlest, HR_UNKNOWN_U32, false);
	return gentlest;
}

static void fill_target(const struct act *act, uint32_t slot, uint32_t job, struct emergency *e)
{
	const struct policy *p = act_policy(act, e->policy);
	const struct act_job *at = job == NONE32 ? NULL : &act->world->job[job];
	bool whole = p->conditions & WHEN_HOST;

	e->target = (struct act_target){.slot = slot == NONE32 ? HR_UNKNOWN_U32 : slot};
	if (!at) {
		e->target.memcg_id = match_slot(act->world, slot)->cgroup_id;
		e->workload = match_slot(act->world, slot)->id.workload;
		return;
	}
	/* A rule on processes means the process; one on the host's memory its whole job. */
	e->target.memcg_id = at->memcg_id;
	e->target.pgid = whole ? at->pgid : 0;
	e->target.pid = at->pid;
	e->target.start_boottime_ns = at->start_boottime_ns;
	e->target.leader_start_ns = at->leader_start_ns;
	__builtin_memcpy(e->target.comm, at->comm, sizeof(e->target.comm));
}

/* What had to go: all that is above the threshold's calm side, else all that it uses. */
static uint64_t over(const struct act *act, const struct emergency *e, const struct figures *f)
{
	struct rule rule;
	uint64_t threshold, usage = f->at[F_USAGE];

	rule_read(act_policy(act, e->policy), &rule);
	threshold = rule_threshold(&rule, F_USAGE, f);
	if (usage == HR_UNKNOWN || threshold == HR_UNKNOWN)
		return usage == HR_UNKNOWN ? 0 : usage;
	threshold -= threshold / 20;
	return usage > threshold ? usage - threshold : 0;
}

static void set_up(struct act *act, struct emergency *e, uint32_t slot, uint32_t job,
		   uint64_t held_ns, uint32_t n)
{
	const struct figures *f = slot != NONE32 ? &act->figures[slot] : figures_of_job(act, job);

	e->number = ++act->last_number;
	act->under_way++;
	e->key = f->key;
	e->host = act_policy(act, e->policy)->conditions & WHEN_HOST;
	e->held_ns = held_ns;
	e->until_ns = act->now_ns;
	e->usage_at = f->at[F_USAGE];
	e->freed = e->freed_ms = HR_UNKNOWN;
	fill_target(act, slot, job, e);
	e->over = over(act, e, f);
	evidence_read(act, f, &e->target, &e->evidence);
	e->evidence.held_ms = (act->now_ns - held_ns) / NS_PER_MS;
	if (slot != NONE32 && !ladder_only_tells(act_policy(act, e->policy)))
		act->place[slot].emergency = (uint32_t)(e - act->emergency) + 1;
	victim_passed_over(act, e, n);
}

/* It has taken over: the shortage is one, and so is what is done about it. */
static void host_clear(struct act *act, const struct emergency *mine)
{
	for (size_t i = 0; i < ACT_EMERGENCIES; i++) {
		struct emergency *e = &act->emergency[i];

		if (e->number && e != mine && e->host && !e->gone && e->mode <= mine->mode)
			emergency_finish(act, e, HR_UNKNOWN_U32, false);
	}
}

void emergency_begin(struct act *act, uint32_t policy, uint32_t slot, uint32_t job,
		     uint64_t held_ns, uint32_t n)
{
	const struct policy *p = act_policy(act, policy);
	const struct hr_slot *at = slot == NONE32 ? NULL : match_slot(act->world, slot);
	uint64_t key = at ? act->figures[slot].key : figures_of_job(act, job)->key;
	enum act_mode mode = ladder_mode(act->set, p);
	/* Who only tells stands in nobody's way, and nobody in his. */
	struct emergency *e = ladder_only_tells(p) ? NULL : emergency_of(act, slot, key);
	struct note *note;
	uint32_t step;

	if ((e && e->policy == policy) ||
	    emergency_blocked(act, policy, key, at ? at->id.workload : 0, &step))
		return;
	step = ladder_next(p, step, false, mode);
	if (step >= p->rungs || (e && !takes_over(act, p, step, mode, e)))
		return;
	/* Room for the cooldown afterwards: without it nothing begins that would begin again and again. */
	note = notes_make(&act->notes, policy, key);
	if (!note)
		return;
	if (e)
		emergency_finish(act, e, HR_UNKNOWN_U32, false);
	else
		e = take_room(act, p, step);
	if (!e)
		return;
	notes_cool(&act->notes, note, at ? at->id.workload : 0, UINT64_MAX,
		   POLICY_RUNGS); /* under way */
	*e = (struct emergency){.policy = (uint16_t)policy, .mode = mode, .step = (uint8_t)step};
	set_up(act, e, slot, job, held_ns, n);
	if (e->host)
		host_clear(act, e);
	ladder_go(act, e);
}

struct emergency *emergency_struck(struct act *act, uint32_t policy, uint32_t slot)
{
	struct emergency *e = emergency_of(act, slot, 0);
	struct note *note;

	if (e && e->policy == policy)
		return e;
	if (e)
		emergency_finish(act, e, HR_UNKNOWN_U32, false);
	else
		e = take_room(act, act_policy(act, policy), 0);
	note = e ? notes_make(&act->notes, policy, act->figures[slot].key) : NULL;
	if (!note)
		return NULL;
	notes_cool(&act->notes, note, match_slot(act->world, slot)->id.workload, UINT64_MAX,
		   POLICY_RUNGS);
	*e = (struct emergency){.policy = (uint16_t)policy, .mode = MODE_ENFORCE};
	set_up(act, e, slot, NONE32, act->now_ns, 0);
	return e;
}

bool emergency_host_busy(struct act *act, uint32_t policy, uint32_t first)
{
	const struct policy *p = act_policy(act, policy);
	enum act_mode mode = ladder_mode(act->set, p);

	for (size_t i = 0; i < ACT_EMERGENCIES; i++) {
		struct emergency *e = &act->emergency[i];

		if (!e->number || !e->host ||
		    (e->gone && act->now_ns - e->gone_ns >= 1000 * NS_PER_MS))
			continue;
		if (e->policy == policy || (e->mode >= mode && !takes_over(act, p, first, mode, e)))
			return true;
	}
	return false;
}
