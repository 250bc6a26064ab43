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
#include "kill_count.h"

#define TRACK_NONE    UINT32_MAX
#define TRACK_ADOPTED 1 /* as born_ns: long ago, from the board of the previous daemon */

#define SHARED_PACES 2

static inline uint64_t known_or_0(uint64_t value) { return value == HR_UNKNOWN ? 0 : value; }

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

/* Of a cgroup, or of the host: its growth, and what of its limit other cgroups claim (shared_limits.h). */
struct shared_limit {
	uint64_t used;             /* at the last sweep, with swap; HR_UNKNOWN */
	uint64_t at_ns;            /* monotonic; of the last sweep; 0: none yet */
	double pace[SHARED_PACES]; /* growth, bytes per second */
	double below;        /* scratch: growth of the cgroups below this limit that do not claim */
	double left;         /* scratch: headroom for them */
	uint64_t claimed;    /* of this limit's headroom, as in struct forecast_input */
	uint64_t shared_id;  /* of the limit that is reached together with its own; 0 */
	uint64_t subject_id; /* raises this cgroup's alarm in its place; 0: none */
	bool had_subject;    /* a container of this pod did; kept after its end */
	uint32_t claims;     /* hash of the cgroups that claim */
	uint32_t claims_seen; /* the same, of the binding limit at the last forecast */
	bool fast;            /* scratch: a cgroup below grows by the first pace */
	/* reaches its own limit before the one above is full; the same at the last sweep */
	bool claims_first, claimed_first;
};

struct track {
	uint64_t memcg_id; /* 0: unused */
	uint64_t parent_id;
	uint32_t slot;       /* on the board, and in the table */
	uint64_t born_ns;    /* monotonic; when the daemon first saw it */
	uint64_t seen_sweep; /* number of the last sweep that had it */
	uint64_t sampled_ns; /* monotonic; 0: never */
	uint64_t coarse_ns;  /* monotonic; when the last coarse point was written */
	uint64_t gone_ns;    /* monotonic; 0 while running */
	/* OOM kills of this cgroup, each incident once: the larger of what the kernel's counters and its records count */
	struct kill_count counted; /* by the counters; of an adopted one since then */
	uint64_t counted_first;  /* of these, how many came before the daemon: they have no event */
	uint64_t kills_first;    /* kills known when this track began */
	uint64_t kills_recorded; /* by OOM records and messages that named it */
	uint64_t kills_emitted;  /* how many have an event */
	uint64_t kills_missing_ns; /* since when the counters are ahead of the events; 0 */
	uint64_t incident;         /* struct oom_events: the last one that it was counted for … */
	uint64_t incident_posted;  /* … and the last one that has an event of it */
	uint64_t own_kills, own_groups; /* memory.events.local, as last read; HR_UNKNOWN */
	uint64_t groups_path;           /* own_groups of it and of all above it */
	bool group, group_path;         /* memory.oom.group is set: here; here or above */
	bool kills_read;                /* the counters were read */
	bool final;                     /* … and for the last time, when the kernel removed it */
	bool summed; /* the cgroup above has its counts among those of its own (kills_below.c) */
	/* Kills below it of cgroups that are gone; kills_below.c */
	struct kills_below {
		uint64_t kills, groups;           /* of those that were removed */
		uint64_t live_kills, live_groups; /* scratch: of those that are there */
		uint64_t complete_ns; /* monotonic; when all was accounted for; 0: never yet */
		uint64_t missing_ns;  /* since when some are not; 0 */
		uint64_t missing_sweep;
		bool stale; /* scratch: one that is there was not read since then */
	} below;
	uint64_t ledger_kills, ledger_restarts; /* of the workload, before this cgroup */
	uint64_t kills_entered; /* of this cgroup's kills, how many the ledger has */
	uint64_t warned_ns;     /* monotonic; since when the alarm is raised; 0 */
	struct stall_base {
		uint64_t count, total_ns;
	} stall_base;
	struct rate refaults;
	struct shared_limit shared;
	/* its identity */
	uint64_t ask_ns;     /* monotonic; when the resolver was asked, or is to be */
	uint8_t resolve;     /* enum resolve_state */
	uint8_t asked;       /* how many incomplete answers came */
	uint8_t adj_emitted; /* events of oom_score_adj in the second below */
	uint32_t adj_second; /* monotonic */
	uint8_t late;        /* how many questions got no answer */
	uint8_t named;   /* a state file named it: an answer that knows only the path is no news */
	uint8_t changed; /* … and that file changed while a question was out */
	uint8_t alarm, leak;        /* as in the last event */
	uint8_t own_alarm;          /* its own; without what it inherits from levels above */
	uint8_t level_alarm;        /* of its forecast, also where another cgroup raises it */
	uint8_t stalled, under_oom; /* as in the last event */
	uint8_t limit_changed;      /* its limit was read, and is another one than before */
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
/* Gives memory of unused tracks back to the system: whole pages of them, which are taken again when they are used. */
void tracks_trim(struct tracks *tracks);

uint32_t tracks_find(const struct tracks *tracks, uint64_t memcg_id); /* slot or TRACK_NONE */
struct track *tracks_get(struct tracks *tracks, uint64_t memcg_id);   /* or NULL */
struct track *tracks_put(struct tracks *tracks, uint32_t slot, uint64_t memcg_id);
void tracks_drop(struct tracks *tracks, struct track *track);
/* From now on it is a tombstone. */
void tracks_bury(struct tracks *tracks, struct track *track, uint64_t gone_ns);

/* OOM kills of this cgroup so far. */
uint64_t track_kills(const struct track *track);

/* The workload's entry, made if there is none (in place of the one within reach not used for longest). Never NULL. */
struct ledger_entry *ledger_entry(struct tracks *tracks, uint64_t workload, uint64_t now_ns);

#endif
