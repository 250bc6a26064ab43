/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The score: every live forecast held against what happened. One watch per cgroup (and one of the host's) remembers what
 * was foreseen; the sum of all verdicts is one struct hr_score, which outlives the cgroups. Pure: time and outlooks in;
 * no clock, no board, no allocation. A watch that is all zero has seen nothing. Caller: the loop.
 *
 * What counts as what is docs/explanation/forecast.md's ("The score"); the backtest judges by the same rules.
 */
#ifndef HEADROOM_DAEMON_FORECAST_SCORE_H
#define HEADROOM_DAEMON_FORECAST_SCORE_H

#include <stdbool.h>
#include <stdint.h>
#include "forecast/forecast.h"

#define SCORE_NOTES \
	6 /* times to OOM that are remembered; each about half or twice the one before */
#define SCORE_EPISODES 4 /* alarms that are not judged yet */

struct score_note { /* what was foreseen, and when */
	uint64_t t_ns;
	uint32_t p10_ms, p50_ms, p90_ms; /* UINT32_MAX: not within a day */
};

struct score_episode {           /* an alarm */
	uint64_t from_ns, to_ns; /* to: 0 while it stands */
	uint8_t alarm;           /* enum hr_alarm */
};

struct score_watch {
	struct score_note note[SCORE_NOTES];          /* oldest first */
	struct score_episode episode[SCORE_EPISODES]; /* the same */
	uint64_t named_ns;                            /* when a time was last named */
	uint64_t died_ns;                             /* the last death; 0 */
	uint64_t stalled_ns; /* since when as good as all its time is lost; 0 */
	uint64_t warned_ns,
		calm_ns;  /* the spell of the alarm that was shown: begin; end, 0 while it stands */
	uint64_t limit;   /* of the level that binds, as last seen */
	uint64_t risk_ns; /* when risk_centi was foreseen; 0: none waits */
	uint16_t risk_centi;
	uint16_t checked, covered; /* forecast_accuracy(), as last seen */
	uint8_t notes, episodes;
	uint8_t alarm; /* as last seen; its own, not what was lent to it */
	uint8_t level; /* enum hr_level, as last seen */
	bool stall_counted;
};

/* One look: what was foreseen, and of whom. Times are monotonic. */
struct score_sight {
	uint64_t t_ns;
	const struct hr_forecast *forecast; /* as shown: what is lent by those above is in it */
	struct forecast_accuracy record;
	uint64_t limit;            /* of the level that binds */
	uint8_t level;             /* enum hr_level; of the host: OWN */
	uint8_t alarm;             /* the level's own, that is told as an event */
	uint32_t full_avg10_centi; /* PSI; HR_UNKNOWN_U32 */
	bool under_oom;
};

void score_look(struct score_watch *watch, const struct score_sight *sight, struct hr_score *score);

enum score_death { SCORE_OOM_KILL, SCORE_STALL };
/* A death at t_ns. `subject`: it was this one's, and is counted as warned or missed; otherwise only its forecasts of a
 * death somewhere below it are judged. Further deaths within ten seconds belong to the first. */
void score_died(struct score_watch *watch, uint64_t t_ns, enum score_death death, bool subject,
		struct hr_score *score);
/* What stands can't be judged any more: it ended by itself, or somebody acted. */
void score_cut(struct score_watch *watch, struct hr_score *score);

#endif
