// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Thinning: the tiers, and who is missed least. Pure. */
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

bool retention_drops(struct thin *thin, const struct retention_picture *picture, uint64_t now_s)
{
	uint64_t age = now_s > picture->at_s ? now_s - picture->at_s : 0;
	const struct retention_tier *tier = tier_of(age);

	if (picture->frozen)
		return false; /* and it is no stand-in for the others of its time, which may outlive it */
	if (!tier)
		return true;
	/* Fixed slots of time, not distances: the first of a half hour is also the first of its ten minutes. */
	if (tier->every_s && thin->any &&
	    picture->at_s / tier->every_s == thin->kept_at_s / tier->every_s)
		return true;
	thin->kept_at_s = picture->at_s;
	thin->any = true;
	return false;
}

void retention_choose(struct retention_choice *choice, const struct retention_picture *picture,
		      uint64_t now_s)
{
	const struct retention_picture *c = &choice->candidate;

	if (c->id && !c->frozen && !choice->before.id) {
		choice->oldest_id = c->id;
	} else if (c->id && !c->frozen) {
		uint64_t age = now_s > c->at_s ? now_s - c->at_s : 0;
		double missed =
			(double)(picture->at_s - choice->before.at_s + 1) / (double)(age + 1);

		if (!choice->found || missed < choice->best) {
			choice->found = true;
			choice->best = missed;
			choice->best_id = c->id;
		}
	}
	if (c->id)
		choice->before = *c;
	choice->candidate = *picture;
}
