/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the daemon remembers of each memory cgroup: one struct track for each slot of the board (same index), found by
 * memcg id; and the ledger, which carries the counters of a workload from one cgroup to the next. tracks_init()
 * allocates everything; nothing else here does. Knows neither the kernel nor the board. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_TRACK_TABLE_H
#define HEADROOM_DAEMON_TRACK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forecast/forecast.h"
#include "forecast_score.h"

#define TRACK_NONE    UINT32_MAX
#define TRACK_ADOPTED 1 /* as born_ns: long ago, from the board of the previous daemon */

enum resolve_state { RESOLVE_WANTED, RESOLVE_ASKED, RESOLVE_DONE };

/* The growth of a counter per second, between its last two readings. All zero: not read yet. */
struct rate {
	uint64_t total, at_ns, per_second;
};

/* `total` HR_UNKNOWN: not read this time, the last figure holds. HR_UNKNOWN before two readings, and where it fell. */
static inline uint64_t rate_update(struct rate *rate, uint64_t total, uint64_t now_ns)
{
	if (total == HR_UNKNOWN || (rate->at_ns && now_ns <= rate->at_ns))
		return rate->at_ns ? rate->per_second : HR_UNKNOWN;
	rate->per_second = rate->at_ns && total >= rate->total
				   ? (uint64_t)((double)(total - rate->total) * 1e9 /
						(double)(now_ns - rate->at_ns))
				   : HR_UNKNOWN;
	rate->total = total;
	rate->at_ns = now_ns;
	return rate->per_second;
}

struct track {
	uint64_t memcg_id; /* 0: unused */
	uint64_t parent_id;
	uint32_t slot;       /* on the board, and in the table */
	uint64_t born_ns;    /* monotonic; when the daemon first saw it */
	uint64_t seen_sweep; /* number of the last sweep that had it */
	uint64_t sampled_ns; /* monotonic; 0: never */
	uint64_t coarse_ns;  /* monotonic; when the last coarse point was written */
	uint64_t gone_ns;    /* monotonic; 0 while running */
	/* OOM kills of this cgroup: the larger of the kernel's counter and the daemon's records counts */
	uint64_t
		kills_counter; /* last value of memory.events oom_kill, HR_UNKNOWN before the first */
	uint64_t kills_first;      /* kills known when this track began */
	uint64_t counter_first;    /* the counter when first seen, HR_UNKNOWN before */
	uint64_t counter_base;     /* the counter that kills_first includes */
	uint64_t kills_recorded;   /* OOM records and messages that named it */
	uint64_t kills_emitted;    /* how many have an event */
	uint64_t kills_doubled;    /* group kills: the kernel counts the chosen victim twice */
	uint64_t kills_missing_ns; /* since when the counter is ahead of the events; 0 */
	uint64_t ledger_kills, ledger_restarts; /* of the workload, before this cgroup */
	uint64_t kills_entered; /* of this cgroup's kills, how many the ledger has */
	uint64_t warned_ns;     /* monotonic; since when the alarm is raised; 0 */
	struct stall_base {
		uint64_t count, total_ns;
	} stall_base;
	struct rate refaults;
	/* its identity */
	uint64_t ask_ns;            /* monotonic; when the resolver was asked, or is to be */
	uint8_t resolve;            /* enum resolve_state */
	uint8_t asked;              /* how many incomplete answers came */
	uint8_t adj_emitted;        /* events of oom_score_adj in the second below */
	uint32_t adj_second;        /* monotonic */
	uint8_t late;               /* how many questions got no answer */
	uint8_t alarm, leak;        /* as in the last event */
	uint8_t own_alarm;          /* its own; without what it inherits from levels above */
	uint8_t stalled, under_oom; /* as in the last event */
	uint8_t polled;             /* index + 1 in the fast-poll list; 0: not on it */
	uint8_t emitted;            /* its container event was posted */
	uint8_t carried;            /* its workload is known, and the ledger has it */
	/* the next action, and index + 1 of its policy; dirty: not yet on the board */
	uint8_t next_action, next_dirty;
	uint32_t next_policy;
	/* scratch of the process pass */
	uint32_t pass;
	uint32_t pass_count;
	uint16_t pass_top[HR_PROCESSES];
	struct forecast_state forecast;
	struct hr_forecast
		path; /* its own, or a limit's above it where that is worse; never the host's */
	struct score_watch score;
};

struct ledger_entry {
	uint64_t workload; /* 0: free */
	uint64_t oom_kills, restarts;
	uint64_t touched_ns; /* monotonic; the oldest entry is replaced first */
	uint64_t memcg_id;   /* the last cgroup of this workload */
};

struct tracks {
	struct track *track; /* [capacity], index = slot */
	uint32_t capacity;
	uint32_t running, gone; /* tracks in use; gone: tombstones */
	uint64_t *key;          /* open addressing: memcg id → slot */
	uint32_t *value;
	uint32_t mask;
	struct ledger_entry *ledger; /* open addressing by workload */
	uint32_t ledger_mask;
};

int tracks_init(struct tracks *tracks, uint32_t capacity); /* 0 or -ENOMEM */
/* Moves everything into `larger` (fresh from tracks_init(), and larger), which then is `tracks`. Can't fail. Pointers
 * to tracks are invalid afterwards. */
void tracks_move(struct tracks *tracks, struct tracks *larger);
void tracks_done(struct tracks *tracks);

uint32_t tracks_find(const struct tracks *tracks, uint64_t memcg_id); /* slot or TRACK_NONE */
struct track *tracks_get(struct tracks *tracks, uint64_t memcg_id);   /* or NULL */
struct track *tracks_put(struct tracks *tracks, uint32_t slot, uint64_t memcg_id);
void tracks_drop(struct tracks *tracks, struct track *track);
/* From now on it is a tombstone. */
void tracks_bury(struct tracks *tracks, struct track *track, uint64_t gone_ns);

/* The kernel's count of OOM kills, corrected for group kills; HR_UNKNOWN before the first sample. oom_kill_process()
 * counts the chosen victim, and counts it again when it walks the group (kernel/mm/oom_kill.c, 5.10 to 7.x), but marks it
 * only once. */
uint64_t track_counter(const struct track *track);
/* OOM kills of this cgroup so far. */
uint64_t track_kills(const struct track *track);

/* The workload's entry, made if there is none (in place of the one within reach not used for longest). Never NULL. */
struct ledger_entry *ledger_entry(struct tracks *tracks, uint64_t workload, uint64_t now_ns);

#endif
