/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The score: compares every live forecast with what happened. One watch per cgroup (and one of the host) stores the
 * predictions; the sum of all verdicts is one struct hr_score, which outlives the cgroups. Pure: time and forecasts in;
 * no clock, no board, no allocation. A watch of zeros has no sample yet. Caller: the loop.
 *
 * docs/explanation/forecast-risk.md defines what counts as right; the backtest uses the same rules.
 */
#ifndef HEADROOM_DAEMON_FORECAST_SCORE_H
#define HEADROOM_DAEMON_FORECAST_SCORE_H

#include <stdbool.h>
#include <stdint.h>
#include "forecast/forecast.h"

#define SCORE_NOTES    6 /* stored times to OOM; each about half or twice the one before */
#define SCORE_EPISODES 4 /* alarms without a verdict yet */

struct score_note { /* one prediction, and when it was made */
	uint64_t t_ns;
	uint32_t p10_ms, p50_ms, p90_ms; /* UINT32_MAX: not within a day */
};

struct score_episode {           /* an alarm */
	uint64_t from_ns, to_ns; /* to: 0 while it lasts */
	uint8_t alarm;           /* enum hr_alarm */
};

struct score_watch {
	struct score_note note[SCORE_NOTES];          /* oldest first */
	struct score_episode episode[SCORE_EPISODES]; /* the same */
	uint64_t named_ns;                            /* of the last predicted time */
	uint64_t failed_ns;                           /* of the last failure; 0 */
	uint64_t stalled_ns;         /* since when its tasks stall almost all of the time; 0 */
	uint64_t warned_ns, calm_ns; /* the displayed alarm: begin; end, 0 while it lasts */
	uint64_t limit;              /* of the level that binds, as last seen */
	uint64_t risk_ns;            /* when risk_centi was predicted; 0: none pending */
	uint16_t risk_centi;
	uint16_t checked, covered; /* forecast_accuracy(), as last seen */
	uint8_t notes, episodes;
	uint8_t alarm; /* as last seen; its own, not an inherited one */
	uint8_t level; /* enum hr_level, as last seen */
	bool stall_counted;
};

/* One forecast and its subject. Times are monotonic. */
struct score_sight {
	uint64_t t_ns;
	const struct hr_forecast
		*forecast; /* as displayed: includes what is inherited from above */
	struct forecast_accuracy record;
	uint64_t limit;            /* of the level that binds */
	uint8_t level;             /* enum hr_level; of the host: OWN */
	uint8_t alarm;             /* the level's own, which is posted as an event */
	uint32_t full_avg10_centi; /* PSI; HR_UNKNOWN_U32 */
	bool under_oom;
};

void score_look(struct score_watch *watch, const struct score_sight *sight, struct hr_score *score);

enum score_failure { SCORE_OOM_KILL, SCORE_STALL };
/* A failure at t_ns. `subject`: of this cgroup itself, which counts as warned or missed; else of one below it, which only
 * judges its forecasts. Further failures within ten seconds belong to the first. */
void score_failed(struct score_watch *watch, uint64_t t_ns, enum score_failure failure,
		  bool subject, struct hr_score *score);
/* Pending predictions cannot be judged: the cgroup ended by itself, or an action ended it. */
void score_cut(struct score_watch *watch, struct hr_score *score);

#endif
