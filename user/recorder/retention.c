// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Deletion of snapshots: by tier, and for the quota. Pure. */
#include "retention.h"

#define MINUTE 60u
#define HOUR   (60u * MINUTE)
#define DAY    (24u * HOUR)

const struct retention_tier retention_tiers[RETENTION_TIERS] = {
	{6 * HOUR, 0},
	{3 * DAY, 10 * MINUTE},
	{35 * DAY, 30 * MINUTE},
};

static const struct retention_tier *tier_of(uint64_t age_s)
{
	for (int i = 0; i < RETENTION_TIERS; i++)
		if (age_s <= retention_tiers[i].up_to_s)
			return &retention_tiers[i];
	return NULL;
}

bool retention_drops(struct retention_state *thin, const struct retention_snapshot *snapshot,
		     uint64_t now_s)
{
	uint64_t age = now_s > snapshot->at_s ? now_s - snapshot->at_s : 0;
	const struct retention_tier *tier = tier_of(age);

	if (snapshot->frozen)
		return false; /* and does not represent its time slot: it may be deleted before the others */
	if (!tier)
		return true;
	/* Fixed time slots, not distances: the first of a half hour is also the first of its ten minutes. */
	if (tier->every_s && thin->any &&
	    snapshot->at_s / tier->every_s == thin->kept_at_s / tier->every_s)
		return true;
	thin->kept_at_s = snapshot->at_s;
	thin->any = true;
	return false;
}

void retention_choose(struct retention_choice *choice, const struct retention_snapshot *snapshot,
		      uint64_t now_s)
{
	const struct retention_snapshot *c = &choice->candidate;

	if (c->id && !c->frozen && !choice->before.id) {
		choice->oldest_id = c->id;
	} else if (c->id && !c->frozen) {
		uint64_t age = now_s > c->at_s ? now_s - c->at_s : 0;
		double missed =
			(double)(snapshot->at_s - choice->before.at_s + 1) / (double)(age + 1);

		if (!choice->found || missed < choice->best) {
			choice->found = true;
			choice->best = missed;
			choice->best_id = c->id;
		}
	}
	if (c->id)
		choice->before = *c;
	choice->candidate = *snapshot;
}
