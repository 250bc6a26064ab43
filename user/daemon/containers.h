/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The guard's memory of every memcg: one struct track beside each slot of the board (same index), found by memcg id,
 * and the ledger, which carries a workload's counters over the death of its cgroup. Everything is reserved at start and
 * in track_grow(); nothing else here allocates. Caller: the guard's loop thread.
 */
#ifndef HEADROOM_DAEMON_CONTAINERS_H
#define HEADROOM_DAEMON_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forecast/forecast.h"
#include "forecast_score.h"

#define TRACK_NONE    UINT32_MAX
#define TRACK_ADOPTED 1 /* as born_ns: long ago, from the board of a guard before us */

enum resolve_state { RESOLVE_WANTED, RESOLVE_ASKED, RESOLVE_DONE };

struct track {
	uint64_t memcg_id; /* 0: unused */
	uint64_t parent_id;
	uint64_t born_ns;    /* monotonic; when we first knew of it */
	uint64_t seen_sweep; /* number of the last sweep that had it */
	uint64_t sampled_ns; /* monotonic; 0: never */
	uint64_t coarse_ns;  /* monotonic; when the last coarse point was written */
	uint64_t gone_ns;    /* monotonic; 0 while running */
	/* OOM kills of this cgroup: the kernel's counter and our own records, whichever knows more */
	uint64_t
		kills_counter; /* last value of memory.events oom_kill, HR_UNKNOWN before the first */
	uint64_t kills_first;      /* kills known when this track began */
	uint64_t counter_first;    /* the counter when first seen, HR_UNKNOWN before */
	uint64_t counter_base;     /* the counter that kills_first includes */
	uint64_t kills_recorded;   /* OOM records and messages that named it */
	uint64_t kills_emitted;    /* how many have had their event */
	uint64_t kills_doubled;    /* group kills: the kernel's counter has the chosen one twice */
	uint64_t kills_missing_ns; /* since when the counter is ahead of what was told; 0 */
	uint64_t ledger_kills, ledger_restarts; /* of the workload, before this cgroup */
	uint64_t kills_entered; /* of this cgroup's kills, how many the ledger has */
	uint64_t warned_ns;     /* monotonic; since when the alarm stands; 0 */
	struct stall_base {
		uint64_t count, total_ns;
	} stall_base;
	/* whom it belongs to */
	uint64_t ask_ns;            /* monotonic; when it was asked, or shall be */
	uint8_t resolve;            /* enum resolve_state */
	uint8_t asked;              /* how often it was answered, but not completely */
	uint8_t adj_emitted;        /* changes of oom_score_adj told in the second below */
	uint32_t adj_second;        /* monotonic */
	uint8_t late;               /* how often it got no answer */
	uint8_t alarm, leak;        /* as last told */
	uint8_t own_alarm;          /* what is to be told: not what those above lend */
	uint8_t stalled, under_oom; /* as last told */
	uint8_t close;              /* index + 1 in the close-watch list; 0: not on it */
	uint8_t emitted;            /* its container event was posted */
	uint8_t carried;            /* its workload is known, and the ledger has it */
	/* what the policies would do next: index + 1 of the policy in force; dirty: not yet on the board */
	uint8_t next_action, next_dirty;
	uint32_t next_policy;
	/* scratch of the process pass */
	uint32_t pass;
	uint32_t pass_count;
	uint16_t pass_top[HR_PROCESSES];
	struct forecast_state forecast;
	struct hr_forecast
		path; /* its own or, where that is worse, of a limit above it; never the host's */
	struct score_watch score;
};

struct ledger_entry {
	uint64_t workload; /* 0: free */
	uint64_t oom_kills, restarts;
	uint64_t touched_ns; /* monotonic; the oldest gives way */
	uint64_t memcg_id;   /* the last cgroup of this workload */
};

struct tracks {
	struct track *track; /* [capacity], index = slot */
	uint32_t capacity;
	uint32_t running, gone; /* of those with a track; gone: tombstones */
	uint64_t *key;          /* open addressing: memcg id → slot */
	uint32_t *value;
	uint32_t mask;
	struct ledger_entry *ledger; /* open addressing by workload */
	uint32_t ledger_mask;
};

int tracks_init(struct tracks *tracks, uint32_t capacity); /* 0 or -ENOMEM */
/* All of `tracks` into `larger` (fresh from tracks_init, and larger), which then takes its place. Can't fail. */
void tracks_move(struct tracks *tracks, struct tracks *larger);
void tracks_done(struct tracks *tracks);

uint32_t tracks_find(const struct tracks *tracks, uint64_t memcg_id); /* slot or TRACK_NONE */
struct track *tracks_get(struct tracks *tracks, uint64_t memcg_id);   /* or NULL */
struct track *tracks_put(struct tracks *tracks, uint32_t slot, uint64_t memcg_id);
void tracks_drop(struct tracks *tracks, uint32_t slot);
void tracks_bury(struct tracks *tracks, uint32_t slot,
		 uint64_t gone_ns); /* from now on a tombstone */

/* The kernel's count of OOM kills, mended for group kills; HR_UNKNOWN before the first sample. oom_kill_process() counts
 * the chosen one, and once more when it walks the group (kernel/mm/oom_kill.c, 5.10 to 7.x), but marks it only once. */
uint64_t track_counter(const struct track *track);
/* OOM kills of this cgroup so far. */
uint64_t track_kills(const struct track *track);

/* The workload's entry, made if need be (the one untouched for longest within reach gives way). Never NULL. */
struct ledger_entry *ledger_entry(struct tracks *tracks, uint64_t workload, uint64_t now_ns);

#endif
