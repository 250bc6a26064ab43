/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Decides which snapshots to delete. Pure.
 *
 * Age is in seconds of recording (`at_s`), not in wall time: neither a clock jump nor a month of downtime ages a snapshot.
 * at_s never decreases from snapshot to snapshot.
 *
 * A slot's history has 64 points a second apart and 32 points a minute apart. So snapshots one minute apart cover every
 * second, and snapshots half an hour apart cover every minute: the tiers follow from that.
 */
#ifndef HEADROOM_RECORDER_RETENTION_H
#define HEADROOM_RECORDER_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retention_tier {
	uint64_t up_to_s; /* maximum age */
	uint64_t every_s; /* keep one in so many seconds; 0: all */
};

#define RETENTION_TIERS 3
extern const struct retention_tier
	retention_tiers[RETENTION_TIERS]; /* older snapshots are deleted */

struct retention_snapshot {
	uint64_t id, at_s;
	bool frozen; /* near an incident: kept at any age */
};

/* Call once for each snapshot, by rising id; `state` is zero-initialised. True: delete it. The newest is never deleted: it
 * is too young. */
struct retention_state {
	uint64_t kept_at_s;
	bool any;
};
bool retention_drops(struct retention_state *thin, const struct retention_snapshot *snapshot,
		     uint64_t now_s);

/* Chooses one to delete for the quota: the one with the least gap between its neighbours in proportion to its age. So the
 * remaining snapshots cover the whole time, more densely the nearer to now. Never chooses the newest or a frozen one, the
 * oldest only if there is no other. Call retention_choose for each, by rising id, then retention_chosen: 0 if there is none.
 * Zero-initialised. */
struct retention_choice {
	struct retention_snapshot before, candidate; /* id 0: none yet */
	uint64_t best_id;
	double best; /* gap after deletion / age */
	bool found;
	uint64_t oldest_id; /* has no predecessor */
};
void retention_choose(struct retention_choice *choice, const struct retention_snapshot *snapshot,
		      uint64_t now_s);
static inline uint64_t retention_chosen(const struct retention_choice *choice)
{
	return choice->found ? choice->best_id : choice->oldest_id;
}

#endif
