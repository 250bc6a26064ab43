/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What counts as used. Pure: samples in, headroom out (docs/reference/accounting.md derives the formulas).
 *
 *   C = active_file + inactive_file - file_dirty - file_writeback, not below 0 clean cache
 *   U = usage - C - slab_reclaimable / 2, not below 0                         unreclaimable
 *   D = limit - U + usable swap, not below 0                                  headroom of one level
 *   host: D = MemAvailable + free swap - what filling it would take of memory (swap_devices.h)
 * A memcg's headroom is the least D on its path to the root, the host included; that level binds,
 * the nearest one where several are equal. Equal is also an ancestor that has less left by no more than a 32nd of the own limit, 1 MiB
 * at most, and no lower limit: a pod's limit is the sum of those of its containers, and its pause process needs some 200 KiB, too.
 * Usable swap of a level: min(swap_limit - swap, the same
 * of the levels above, the host's free swap); 0 where one of them is 0, and 0 as long as the host's
 * is not known. On v1 swap_limit - swap may be negative, for what is limited there is memory +
 * swap: D = min(limit - U + usable swap, limit + swap_limit - U - swap). A group without
 * SAMPLE_STAT, or with an unknown in C, has C = 0 (the careful reading). memory.high is no limit:
 * it slows down, it does not kill; forecast/ looks at it. All arithmetic saturates: nothing wraps,
 * and what is known never becomes RECORD_UNKNOWN.
 */
#ifndef HEADROOM_COLLECT_ACCOUNTING_H
#define HEADROOM_COLLECT_ACCOUNTING_H

#include <stddef.h>
#include <headroom/board.h>
#include "collect.h"

struct account {
	__u64 clean_cache, unreclaimable; /* RECORD_UNKNOWN where not known */
	__u64 working_set, headroom;      /* the same */
	__u64 usable_swap;                /* of this memcg's own level; never unknown */
	enum hr_level level;              /* which binds, seen from this memcg */
	__u64 binding_id;                 /* memcg id of that level; 0: the host */
	/* for the host MemTotal without huge pages + SwapTotal without its cost; RECORD_UNKNOWN */
	__u64 binding_limit;
	int binding_row; /* the row of that level; -1: the host */
	__u64 shared_id; /* of the ancestor with a limit that is reached together with its own; 0: none */
};

/* U, or RECORD_UNKNOWN without usage. *ret_clean_cache (may be NULL): C, RECORD_UNKNOWN without
 * a complete stat block. */
__u64 account_unreclaimable(const struct memcg_sample *sample, __u64 *ret_clean_cache);
/* As cAdvisor has it; RECORD_UNKNOWN without a stat block. */
__u64 account_working_set(const struct memcg_sample *sample);
/* accounts[i] for rows[i]; rows parents-first as collect_sweep gives them. parent[n] is filled by
 * the call: the index of rows[i]'s parent, or -1. O(n), fastest in preorder. A row without its parent among the
 * rows is a child of the host. host may be NULL: nothing known. */
void account_path(const struct memcg_sample *rows, size_t n, const struct host_sample *host,
		  int *parent, struct account *accounts);

#endif
