/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What counts as used. Pure: samples in, headroom out (docs/accounting.md derives the formulas).
 *
 *   C = active_file + inactive_file - file_dirty - file_writeback, not below 0     clean cache
 *   U = usage - C - slab_reclaimable / 2, not below 0                              unreclaimable
 *   D = limit - U + usable swap, not below 0                                       headroom of one level
 *   host: D = MemAvailable + free swap
 * A memcg's headroom is the least D on its path to the root, the host included; that level binds.
 * Usable swap of a level: min(swap_limit - swap, the host's free swap); 0 where either is 0; the tighter one of the
 * levels above counts too. A group without SAMPLE_STAT has U = usage (the careful reading).
 */
#ifndef HEADROOM_ACCOUNT_H
#define HEADROOM_ACCOUNT_H

#include <stddef.h>
#include <headroom/board.h>
#include "sense.h"

struct account {
	__u64 clean_cache, unreclaimable, working_set, headroom;	/* RECORD_UNKNOWN where not known */
	__u64 usable_swap;
	enum hr_level level;		/* which binds, seen from this memcg */
	__u64 binding_id;		/* memcg id of that level; 0: the host */
	__u64 binding_limit;		/* bytes; for the host MemTotal + SwapTotal */
};

__u64 account_unreclaimable(const struct memcg_sample *sample, __u64 *ret_clean_cache);
/* accounts[i] for rows[i]; rows parents-first as sense_sweep gives them. parent[i] is the index of rows[i]'s parent or -1
 * (scratch filled by the call). O(n) given ids in parents-first order. */
void account_path(const struct memcg_sample *rows, size_t n, const struct host_sample *host, int *parent,
		  struct account *accounts);

#endif
