// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is remembered of each emergency from its first action to its `outcome`: who it was, the events' numbers, and
 * whether the workload came back. Judges nothing: act says how it ended.
 */
#include <string.h>

#include "acting_state.h"
#include "base/clock.h"

#define RESTART_NS	(30 * NS_PER_SEC)	/* a restart within this is told with the outcome */

/* A free one; else the told one that was untouched for longest; else any: what was not told then never is, and is counted. */
static struct dossier *place(struct acting *acting)
{
	struct dossier *oldest = NULL;

	for (size_t i = 0; i < DOSSIERS; i++) {
		struct dossier *here = &acting->dossier[i];

		if (!here->emergency)
			return here;
		if (!oldest || here->told > oldest->told ||
		    (here->told == oldest->told && here->touched_ns < oldest->touched_ns))
			oldest = here;
	}
	return oldest;
}

static struct dossier *find(struct acting *acting, uint32_t emergency)
{
	for (size_t i = 0; i < DOSSIERS; i++)
		if (acting->dossier[i].emergency == emergency)
			return &acting->dossier[i];
	return NULL;
}

static void copy_identity(struct guard *guard, struct dossier *dossier, const struct act_target *target)
{
	struct board_text text;
	uint32_t slot;

	board_text_init(&text, dossier, offsetof(struct dossier, text), sizeof(*dossier));
	if (flight_slot(guard, target, &slot)) {
		const struct hr_slot *from = board_slot(guard->board, slot);

		board_text_identity(&text, from, sizeof(*from), &from->id, &dossier->id);
		/* Of any other group nobody would say that it was restarted. */
		if (from->id.kind == HR_KIND_CONTAINER || from->id.kind == HR_KIND_UNIT)
			dossier->workload = from->id.workload;
		dossier->cut = text.cut || (from->flags & HR_SLOT_CUT);
	}
}

struct dossier *dossier_of(struct guard *guard, uint32_t emergency, const struct act_target *target)
{
	struct acting *acting = guard->acting;
	struct dossier *dossier = emergency ? find(acting, emergency) : NULL;

	if (!emergency)
		return NULL;
	if (!dossier) {
		dossier = place(acting);
		if (dossier->emergency && dossier->ended && !dossier->told)
			outcome_post(guard, dossier);
		else if (dossier->emergency && !dossier->told)
			acting->lost_outcomes++;
		memset(dossier, 0, sizeof(*dossier));
		dossier->emergency = emergency;
		dossier->cgroup_id = target->memcg_id;
		copy_identity(guard, dossier, target);
	}
	dossier->touched_ns = clock_mono_ns();
	return dossier;
}

static void tell(struct guard *guard, struct dossier *dossier)
{
	dossier->told = true;
	if (dossier->last_seq)		/* a ladder that only notified has brought nothing that could be judged */
		outcome_post(guard, dossier);
}

static void settle(struct guard *guard, struct dossier *dossier)
{
	if (dossier->throttled)
		enforce_lift(guard->acting->enforce, dossier->end.target.memcg_id);
	/* Told when nothing is on its way any more; at once where nobody was ended, or nobody would know him again. */
	if (!dossier->out && (!dossier->fatal || !dossier->workload || dossier->restarted_ns))
		tell(guard, dossier);
}

/* Act may close an emergency, a taken-over one or one whose target has gone, before the last rung's answer is here. */
void ends_on_answer(struct guard *guard, struct dossier *dossier)
{
	dossier->out -= dossier->out > 0;
	if (dossier->ended && !dossier->told)
		settle(guard, dossier);
}

void ends_on_end(struct guard *guard, const struct act_end *end)
{
	struct acting *acting = guard->acting;
	struct dossier *dossier = find(acting, end->emergency);

	if (!dossier || dossier->ended)
		return;
	dossier->ended = true;
	dossier->end = *end;
	dossier->touched_ns = clock_mono_ns();
	settle(guard, dossier);
}

void ends_settle(struct guard *guard, uint64_t now_ns)
{
	struct acting *acting = guard->acting;

	for (size_t i = 0; i < DOSSIERS; i++) {
		struct dossier *dossier = &acting->dossier[i];

		if (dossier->emergency && dossier->ended && !dossier->told && !dossier->out &&
		    now_ns - dossier->deed_ns > RESTART_NS)
			tell(guard, dossier);
	}
}

void acting_restarted(struct guard *guard, uint32_t slot, uint64_t workload)
{
	struct acting *acting = guard->acting;
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; acting && i < DOSSIERS; i++) {
		struct dossier *dossier = &acting->dossier[i];

		if (!dossier->emergency || dossier->told || !dossier->fatal || dossier->restarted_ns ||
		    dossier->workload != workload ||
		    dossier->cgroup_id == guard->tracks.track[slot].memcg_id)
			continue;
		dossier->restarted_ns = now;
		if (dossier->ended && !dossier->out)
			tell(guard, dossier);
	}
}
