/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which pictures go when. Pure: a table of times in, verdicts out.
 *
 * Age is counted in seconds of recording (`at_s`), not by the wall clock: a clock that jumps ages nothing, and neither
 * does a machine that was switched off for a month. at_s never goes back from picture to picture.
 *
 * A slot remembers 64 seconds one by one and 32 minutes. So pictures a minute apart miss no second, and pictures half an
 * hour apart miss no minute: that is what the tiers are made of.
 */
#ifndef HEADROOM_RECORDER_RETENTION_H
#define HEADROOM_RECORDER_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention_tier {
	uint64_t up_to_s; /* of this age and younger */
	uint64_t every_s; /* one in so many seconds is kept; 0: all */
};

#define RETENTION_TIERS 3
extern const struct retention_tier
	retention_tiers[RETENTION_TIERS]; /* what is older than the last goes */

struct retention_picture {
	uint64_t id, at_s;
	bool frozen; /* around an incident: kept, whatever its age */
};

/* The pictures by rising id, one call each; `thin` zero-initialised before the first. True: this one goes. The newest
 * is always kept by its age. */
struct thin {
	uint64_t kept_at_s;
	bool any;
};
bool retention_drops(struct thin *thin, const struct retention_picture *picture, uint64_t now_s);

/* The bound forces one out: the one that is missed least, whose neighbours stand closest together for its age. So what
 * little room there is spreads over the whole time, finer the nearer to now. The newest and the frozen ones are never
 * chosen, the oldest only where there is no other. Call retention_choose for each, by rising id, then retention_chosen: 0 where there is none. Zero-initialised. */
struct retention_choice {
	struct retention_picture before, candidate; /* id 0: none yet */
	uint64_t best_id;
	double best; /* gap left over / age */
	bool found;
	uint64_t oldest_id; /* has nobody before it */
};
void retention_choose(struct retention_choice *choice, const struct retention_picture *picture,
		      uint64_t now_s);
static inline uint64_t retention_chosen(const struct retention_choice *choice)
{
	return choice->found ? choice->best_id : choice->oldest_id;
}

#endif
