// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Compares forecasts with what happened: the predicted growth (which forecast/ checks itself), the time to OOM, alarms,
 * and the risk. Judges each once, when it is over; does not know how a forecast is made.
 */
#include "forecast_score.h"

#include <string.h>

#include "base/clock.h"

#define HORIZON_NS      (900 * NS_PER_SEC) /* of a risk and an alarm: the next 15 minutes */
#define GRACE_NS        (60 * NS_PER_SEC)  /* an alarm that ended so shortly before still counts */
#define SAME_FAILURE_NS (10 * NS_PER_SEC)  /* the kernel may kill several until enough is free */
#define STALLED_CENTI   6000               /* PSI full avg10 that counts as a failure … */
#define STALLED_NS      (180 * NS_PER_SEC) /* … when it lasts so long (systemd-oomd kills at 60 %) */
#define LEAST_MS        1000u              /* a shorter time is within the sampling error */
#define DAY_MS          86400000u

static uint32_t whole_ms(uint64_t ms) { return ms <= DAY_MS ? (uint32_t)ms : UINT32_MAX; }

/* ---- the time to OOM ---- */

/* Stored: the first, and one of half or twice the last one, after a quarter of the shorter time. */
static bool noteworthy(const struct score_watch *w, uint64_t t_ns, uint32_t p50_ms)
{
	const struct score_note *last = &w->note[w->notes - 1];
	uint32_t shorter = p50_ms < last->p50_ms ? p50_ms : last->p50_ms;

	return t_ns - last->t_ns >= shorter / 4 * NS_PER_MS &&
	       (p50_ms <= last->p50_ms / 2 || p50_ms / 2 >= last->p50_ms);
}

static void note_time(struct score_watch *w, uint64_t t_ns, const struct hr_forecast *o)
{
	uint32_t p50_ms = whole_ms(o->oom_in_p50_ms);

	if (p50_ms == UINT32_MAX) {
		if (t_ns - w->named_ns > GRACE_NS)
			w->notes = 0; /* withdrawn: it does not predict what comes later */
		return;
	}
	w->named_ns = t_ns;
	if (p50_ms < LEAST_MS || (w->notes && !noteworthy(w, t_ns, p50_ms)))
		return;
	if (w->notes == SCORE_NOTES)
		memmove(w->note, w->note + 1, --w->notes * sizeof(*w->note));
	w->note[w->notes++] = (struct score_note){.t_ns = t_ns,
						  .p10_ms = whole_ms(o->oom_in_p10_ms),
						  .p50_ms = p50_ms,
						  .p90_ms = whole_ms(o->oom_in_p90_ms)};
}

static void judge_times(struct score_watch *w, uint64_t t_ns, struct hr_score *s)
{
	for (unsigned int i = 0; i < w->notes; i++) {
		const struct score_note *note = &w->note[i];
		uint64_t took = t_ns > note->t_ns ? (t_ns - note->t_ns) / NS_PER_MS : 0, error;
		unsigned int bucket = 0;

		if (took < LEAST_MS)
			continue;
		error = (note->p50_ms > took ? note->p50_ms - took : took - note->p50_ms) * 1000 /
			took;
		while (bucket + 1 < HR_SCORE_ERRORS && error >= HR_SCORE_ERROR_MILLI << bucket)
			bucket++;
		s->times++;
		s->times_covered += took >= note->p10_ms &&
				    (took <= note->p90_ms || note->p90_ms == UINT32_MAX);
		s->time_error[bucket]++;
		s->time_error_sum_milli += error;
	}
	w->notes = 0;
}

/* ---- alarms ---- */

static struct hr_alarm_stats *verdicts(struct hr_score *s, uint8_t alarm)
{
	return alarm == HR_ALARM_ACT ? &s->act : &s->warn;
}

static void drop_episode(struct score_watch *w, unsigned int i)
{
	memmove(w->episode + i, w->episode + i + 1, (--w->episodes - i) * sizeof(*w->episode));
}

static void begin_alarm(struct score_watch *w, uint64_t t_ns, uint8_t alarm, struct hr_score *s)
{
	if (w->episodes ==
	    SCORE_EPISODES) { /* the alarm flaps: the oldest cannot come true any more */
		verdicts(s, w->episode[0].alarm)->wrong++;
		drop_episode(w, 0);
	}
	w->episode[w->episodes++] = (struct score_episode){.from_ns = t_ns, .alarm = alarm};
}

static void follow_alarms(struct score_watch *w, uint64_t t_ns, uint8_t alarm, struct hr_score *s)
{
	for (unsigned int i = 0; i < w->episodes; i++)
		if (!w->episode[i].to_ns && w->episode[i].alarm > alarm)
			w->episode[i].to_ns = t_ns;
	for (uint8_t a = HR_ALARM_WARN; a <= alarm && a <= HR_ALARM_ACT; a++)
		if (a > w->alarm)
			begin_alarm(w, t_ns, a, s);
	w->alarm = alarm;
}

/* When no later failure can make it right. */
static uint64_t due_ns(const struct score_episode *e)
{
	uint64_t horizon = e->from_ns + HORIZON_NS, grace = e->to_ns + GRACE_NS;

	return horizon > grace ? horizon : grace;
}

static void settle_alarms(struct score_watch *w, uint64_t t_ns, struct hr_score *s)
{
	for (unsigned int i = w->episodes; i-- > 0;)
		if (w->episode[i].to_ns && t_ns > due_ns(&w->episode[i])) {
			verdicts(s, w->episode[i].alarm)->wrong++;
			drop_episode(w, i);
		}
}

static void judge_alarms(struct score_watch *w, uint64_t t_ns, struct hr_score *s)
{
	settle_alarms(w, t_ns, s);
	for (unsigned int i = w->episodes; i-- > 0;)
		if (w->episode[i].from_ns <= t_ns) {
			verdicts(s, w->episode[i].alarm)->right++;
			drop_episode(w, i);
		}
}

/* Whether the displayed alarm, its own or inherited, warned of the failure. A notice does not. */
static void follow_spell(struct score_watch *w, uint64_t t_ns, bool shown)
{
	bool stands = w->warned_ns && !w->calm_ns;

	if (shown && !stands) {
		if (!w->warned_ns || t_ns - w->calm_ns > GRACE_NS)
			w->warned_ns = t_ns;
		w->calm_ns = 0;
	} else if (!shown && stands) {
		w->calm_ns = t_ns;
	}
}

static void count_failure(struct score_watch *w, uint64_t t_ns, enum score_failure failure,
			  struct hr_score *s)
{
	struct hr_oom_stats *predicted = failure == SCORE_STALL ? &s->stalls : &s->oom_kills;
	uint64_t from = w->warned_ns > w->failed_ns ? w->warned_ns : w->failed_ns, lead_ms,
		 most = HR_SCORE_LEAD_MS;
	unsigned int bucket = 0;

	if (!w->warned_ns || w->warned_ns > t_ns || (w->calm_ns && t_ns > w->calm_ns + GRACE_NS)) {
		predicted->missed++;
		return;
	}
	predicted->warned++;
	if (failure == SCORE_STALL)
		return;
	lead_ms = (t_ns - from) / NS_PER_MS;
	for (; bucket + 1 < HR_SCORE_LEADS && lead_ms >= most; most *= 10)
		bucket++;
	s->lead[bucket]++;
	s->lead_sum_ms += lead_ms;
}

/* ---- the risk ---- */

static void judge_risk(struct score_watch *w, bool has_failed, struct hr_score *s)
{
	uint64_t error = has_failed ? 10000u - w->risk_centi : w->risk_centi; /* of 10000 */

	if (!w->risk_ns)
		return;
	w->risk_ns = 0;
	s->risks++;
	s->risks_observed += has_failed;
	s->risk_sum_milli += w->risk_centi / 10;
	s->brier_sum_micro += error * error / 100;
}

/* Only where its own limit binds (or it is the host): a level above has its own watch. */
static void note_risk(struct score_watch *w, const struct score_sight *sight, struct hr_score *s)
{
	uint16_t risk = sight->forecast->risk_centi;

	if (w->risk_ns && sight->t_ns - w->risk_ns >= HORIZON_NS)
		judge_risk(w, false, s);
	if (!w->risk_ns && sight->level == HR_LEVEL_OWN && risk <= 10000) {
		w->risk_ns = sight->t_ns;
		w->risk_centi = risk;
	}
}

/* ---- all of them ---- */

/* The counters of forecast/ restart with each run of the workload. */
static void add_intervals(struct score_watch *w, const struct forecast_accuracy *now,
			  struct hr_score *s)
{
	bool anew = now->checked < w->checked || now->covered < w->covered;

	s->intervals += now->checked - (anew ? 0 : w->checked);
	s->intervals_covered += now->covered - (anew ? 0 : w->covered);
	w->checked = (uint16_t)now->checked;
	w->covered = (uint16_t)now->covered;
}

/* v1 hangs at once; on v2 all its tasks have stalled for minutes. */
static bool stalled(struct score_watch *w, const struct score_sight *sight)
{
	bool lost = sight->full_avg10_centi != HR_UNKNOWN_U32 &&
		    sight->full_avg10_centi >= STALLED_CENTI;

	if (!lost && !sight->under_oom) {
		w->stalled_ns = 0;
		w->stall_counted = false;
		return false;
	}
	if (!w->stalled_ns)
		w->stalled_ns = sight->t_ns;
	if (w->stall_counted || (!sight->under_oom && sight->t_ns - w->stalled_ns < STALLED_NS))
		return false;
	w->stall_counted = true;
	return true;
}

void score_look(struct score_watch *w, const struct score_sight *sight, struct hr_score *s)
{
	bool same = sight->level == w->level && sight->limit == w->limit;

	if (w->limit && !same && sight->level == w->level) {
		if (sight->limit > w->limit)
			score_cut(w, s);
		w->notes = 0;
	}
	w->limit = sight->limit;
	w->level = sight->level;
	if (stalled(w, sight))
		score_failed(w, sight->t_ns, SCORE_STALL, true, s);
	add_intervals(w, &sight->record, s);
	note_time(w, sight->t_ns, sight->forecast);
	follow_alarms(w, sight->t_ns, sight->alarm, s);
	settle_alarms(w, sight->t_ns, s);
	follow_spell(w, sight->t_ns, sight->forecast->alarm >= HR_ALARM_WARN);
	note_risk(w, sight, s);
}

void score_failed(struct score_watch *w, uint64_t t_ns, enum score_failure failure, bool subject,
		  struct hr_score *s)
{
	bool same = w->failed_ns && t_ns - w->failed_ns < SAME_FAILURE_NS;

	if (same)
		return;
	if (subject)
		count_failure(w, t_ns, failure, s);
	if (failure == SCORE_OOM_KILL)
		judge_times(w, t_ns, s);
	judge_alarms(w, t_ns, s);
	judge_risk(w, true, s);
	w->notes = 0;
	w->failed_ns = t_ns;
}

void score_cut(struct score_watch *w, struct hr_score *s)
{
	for (; w->episodes; w->episodes--)
		verdicts(s, w->episode[w->episodes - 1].alarm)->undecided++;
	w->notes = 0;
	w->risk_ns = 0;
}
