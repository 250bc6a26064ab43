// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Risk: the terms are summed in log-odds, calibrated, and scaled to 0–100; the terms with the largest
 * weights become the reasons. `notice` rises at once, the other alarms after a short delay; all fall after a longer one
 * (hysteresis).
 */
#include "risk.h"

#include <string.h>

/* prior: one in 400 periods of 15 minutes ends with a failure */
#define BASE_LOG_ODDS -6.0f
#define QUANTILE      1.2816f /* of the normal distribution at 90 % */
#define MOST_SPREAD   1.5f
#define LEAST_WEIGHT  0.05f /* log-odds below which a term is no reason */

#define PATIENCE      0.04f /* share of the remaining time before an alarm is raised … */
#define MOST_PATIENCE 20.0f /* … seconds at most; and two samples at least */

#define GOES_ON 0.25f /* of the pace that the time to OOM assumes: the least of the newest sample */

#define WARN_SECONDS 420.0f /* a warning is wanted at least this long before */
/* log-odds of a stall, or of a full heap, beyond which the distance to the limit does not matter … */
#define STALLS            -0.5f
#define STALL_PATIENCE    10.0f /* … and the delay is this */
#define UNSURE_PATIENCE   3.0f  /* where no time to OOM is known */
#define SURER             4.0f  /* the delay shortens once the probability exceeds 1 - 1/this */
#define NEVER             1e9f
#define CALM_CENTI        300 /* below this an alarm ends at once … */
#define CALM_SECONDS      60  /* … else after the probability has stayed low for so long */
#define QUARTER_NS        250000000u
#define CALM_CYCLES       2.0f
#define ACT_SECONDS       60.0f /* an action needs at most this long … */
#define ACT_ODDS          40.0f /* … unless almost nothing is left */
#define ACT_SHARE         0.03f /* and within the last share of the limit … */
#define LAST_SECONDS      1.2f  /* … unless at most this time is left, or two samples, */
#define WARN_LAST_SECONDS 2.0f  /* `warn`: and three */
#define LAST_ODDS         3.0f  /* of a rise that has covered three quarters of its distance */
#define WARN_ODDS         8.0f
#define LEAST_CHANCE      0.5f /* of a failure, for a time of which little is left */

/* notice and warn from a probability of .5, act from .8; each ends when the probability falls below `off`. */
static const struct {
	uint16_t on_centi, off_centi;
} alarms[] = {[HR_ALARM_NOTICE] = {5000, 3000},
	      [HR_ALARM_WARN] = {5000, 3000},
	      [HR_ALARM_ACT] = {8000, 6000}};

void risk_begin(struct verdict *verdict)
{
	verdict->log_odds = BASE_LOG_ODDS;
	for (unsigned int cause = 0; cause < OTHER_CAUSES; cause++)
		verdict->other[cause] = BASE_LOG_ODDS;
}

/* Failure by any cause; the causes are taken as independent. log_odds: of an OOM kill. */
static float chance_of_failure(const struct verdict *verdict, float log_odds)
{
	float runs = 1 - calibrate(log_odds, verdict->horizon);

	for (unsigned int cause = 0; cause < OTHER_CAUSES; cause++)
		if (verdict->other[cause] > BASE_LOG_ODDS)
			runs *= 1 - logistic_f(verdict->other[cause]);
	return 1 - runs;
}

/* The odds that a rise of unknown end reaches the limit (rise_odds.c). */
static bool has_come(const struct verdict *verdict, const struct step *step, float odds)
{
	return verdict->come >= odds * step->distance;
}

/* Whether the alarm is due. Most rises end by themselves, so each alarm waits for odds of its own,
 * which lowers false alarms, or for the last moment in which another sample is still possible. */
static bool is_time(uint8_t alarm, float dt, const struct step *step, const struct verdict *verdict)
{
	float seconds = verdict->rough;
	float moment = alarm == HR_ALARM_WARN ? max_f(WARN_LAST_SECONDS, 3 * dt)
					      : max_f(LAST_SECONDS, 2 * dt);
	bool last = seconds > 0 && seconds <= moment && has_come(verdict, step, LAST_ODDS);

	if (alarm == HR_ALARM_WARN)
		return last || has_come(verdict, step, WARN_ODDS);
	if (seconds > max_f(ACT_SECONDS, 4 * dt) && !has_come(verdict, step, ACT_ODDS))
		return false;
	return last || step->distance <= ACT_SHARE * step->limit;
}

/* Whether the newest sample has still grown: an alarm is raised by growth, not by the memory of it. Close to the limit both are. */
static bool goes_on(const struct step *step, const struct verdict *verdict)
{
	return verdict->rough <= 0 || step->distance <= ACT_SHARE * step->limit ||
	       step->eaten * verdict->rough >= GOES_ON * step->distance * step->dt;
}

/* Seconds for which the probability must hold before the alarm is raised: a share of the remaining
 * time, and for `warn` the time beyond WARN_SECONDS, shortened by a high probability. */
static float patience(const struct forecast_state *state, uint8_t alarm, const struct step *step,
		      const struct verdict *verdict, float chance)
{
	float seconds = verdict->rough, wait;

	if (verdict->other[CAUSE_STALL] > STALLS ||
	    (alarm == HR_ALARM_WARN && verdict->other[CAUSE_HEAP] > 0))
		return STALL_PATIENCE;
	if (!is_time(alarm, state->typical_dt, step, verdict))
		return NEVER;
	wait = seconds > 0 ? min_f(PATIENCE * seconds, MOST_PATIENCE) : UNSURE_PATIENCE;
	if (alarm == HR_ALARM_WARN)
		wait += max_f(seconds - WARN_SECONDS, 0) * min_f(SURER * (1 - chance), 1);
	return wait;
}

/* An alarm falls after a minute below its `off`; `notice` and `warn` last for two cycles of a sawtooth, so that a
 * sawtooth near the limit raises one warning and not one per cycle. It falls at once where there is
 * no sawtooth and the risk is near zero. */
static bool may_fall(const struct forecast_state *state, uint16_t risk)
{
	float calm = CALM_SECONDS;

	if (risk >= alarms[state->alarm].off_centi)
		return false;
	if (state->alarm <= HR_ALARM_WARN && state->cycles)
		calm = max_f(calm, min_f(CALM_CYCLES * state->sawtooth.period, RISK_SECONDS));
	return (risk < CALM_CENTI && !state->cycles) || (float)state->alarm_calm > 4 * calm;
}

/* Where the next sample comes later than the delay ends, a rise of many increments warns without it: patience is a matter of information,
 * not of samples. A sawtooth's next peak is no information, unless it is higher than the others. */
static bool warns_at_once(const struct forecast_state *state, const struct step *step,
			  const struct verdict *verdict, float chance)
{
	return (!state->cycles || baseline_new_high(state, step, state->sawtooth.peak_error)) &&
	       rise_informs(state, step, verdict) && goes_on(step, verdict) &&
	       patience(state, HR_ALARM_WARN, step, verdict, chance) <= step->dt;
}

/* A notice waits for nothing. What has come down and returns to a level that it had before tells nothing new. */
static bool notices(const struct forecast_state *state, const struct step *step, uint16_t risk,
		    const struct verdict *verdict)
{
	return state->alarm < HR_ALARM_NOTICE && risk >= alarms[HR_ALARM_NOTICE].on_centi &&
	       (verdict->rough <= 0 || step->input->binding_level != HR_LEVEL_OWN ||
		baseline_new_high(state, step, 0));
}

static uint8_t alarm_now(struct forecast_state *state, const struct step *step, uint16_t risk,
			 const struct verdict *verdict)
{
	float chance = (float)risk / 1e4f;
	uint64_t quarters;
	uint8_t up;

	quarters = step->input->t_ns / QUARTER_NS -
		   (step->input->t_ns - (uint64_t)((double)step->dt * 1e9)) / QUARTER_NS;
	if (risk >= alarms[state->alarm].off_centi)
		state->alarm_calm = 0;
	else
		state->alarm_calm =
			(uint16_t)min_f((float)state->alarm_calm + (float)quarters, UINT16_MAX);
	while (state->alarm > HR_ALARM_NONE && may_fall(state, risk))
		state->alarm--;
	if (notices(state, step, risk, verdict))
		state->alarm = HR_ALARM_NOTICE;
	up = state->alarm;
	for (uint8_t a = HR_ALARM_ACT; a > state->alarm && a >= HR_ALARM_WARN && up == state->alarm;
	     a--)
		if (risk >= alarms[a].on_centi && patience(state, a, step, verdict, chance) < NEVER)
			up = a;
	if (up <= state->alarm) {
		/* The probability for `act` may have held before its moment comes. */
		if (state->alarm != HR_ALARM_WARN || risk < alarms[HR_ALARM_ACT].on_centi)
			state->alarm_held = 0;
		return state->alarm;
	}
	if (!state->alarm_held) {
		state->alarm_held = 1;
		if (state->alarm < HR_ALARM_WARN && warns_at_once(state, step, verdict, chance))
			state->alarm = HR_ALARM_WARN;
		return state->alarm;
	}
	state->alarm_held = (uint8_t)min_f((float)state->alarm_held + (float)quarters, UINT8_MAX);
	if (goes_on(step, verdict) &&
	    state->alarm_held - 1 >=
		    (int)(4 * min_f(patience(state, up, step, verdict, chance), 1e6f))) {
		state->alarm = up;
		state->alarm_held = 0;
	}
	return state->alarm;
}

static void fill_reasons(const struct step *step, const struct verdict *verdict,
			 struct hr_forecast *forecast)
{
	bool taken[TERMS] = {false};

	for (unsigned int r = 0; r < HR_REASONS; r++) {
		int best = -1;

		for (int i = 0; i < verdict->terms; i++)
			if (!taken[i] && fabsf(verdict->term[i].weight) >= LEAST_WEIGHT &&
			    (best < 0 ||
			     fabsf(verdict->term[i].weight) > fabsf(verdict->term[best].weight)))
				best = i;
		if (best < 0)
			return;
		taken[best] = true;
		forecast->reason[r].kind = verdict->term[best].kind;
		forecast->reason[r].weight_centi =
			(int16_t)(100 * clamp_f(verdict->term[best].weight, -300, 300));
		forecast->reason[r].reserved = step->input->binding_level;
		memcpy(forecast->reason[r].arg, verdict->term[best].arg,
		       sizeof(forecast->reason[r].arg));
	}
}

static uint64_t within_a_day(float seconds)
{
	return seconds <= DAY_SECONDS ? (uint64_t)to_ms(seconds) : HR_UNKNOWN;
}

/* A median time within RISK_SECONDS, and a failure within them that is hardly probable, exclude each other: a process that
 * starts grows by megabytes in milliseconds, and stops. The nearer the time, the surer it must be. */
static bool believable(float seconds, float chance)
{
	return chance >= LEAST_CHANCE * (1 - seconds / RISK_SECONDS);
}

static void fill_times(float widen, const struct verdict *verdict, float chance,
		       struct hr_forecast *forecast)
{
	float factor;

	if (verdict->seconds <= 0 || verdict->seconds > DAY_SECONDS || verdict->unsure ||
	    !believable(verdict->seconds, chance))
		return;
	factor = exp_f(QUANTILE * min_f(verdict->spread * exp_f(widen), MOST_SPREAD));
	forecast->oom_in_p10_ms = within_a_day(verdict->seconds / factor);
	forecast->oom_in_p50_ms = within_a_day(verdict->seconds);
	forecast->oom_in_p90_ms = within_a_day(verdict->seconds * factor);
}

void risk_conclude(struct forecast_state *state, const struct step *step,
		   const struct verdict *verdict, struct hr_forecast *forecast)
{
	float inputs = state->scale[3].seconds / drift_tau[3];
	float chance;

	calibrate_spread(state, step, verdict);
	forecast->leak = state->leak_state;
	forecast->leak_of = state->leak_state ? state->leak_of : HR_LEAK_UNKNOWN;
	if (state->baseline.window > 0)
		forecast->leak_bytes_per_hour = to_bytes(state->leak.rate * 3600);
	if (step->distance < 0 && verdict->terms == 0)
		return;
	chance = chance_of_failure(verdict, verdict->log_odds);
	forecast->risk_centi = (uint16_t)(10000 * clamp_f(chance, 0, 1) + 0.5f);
	forecast->confidence_milli =
		(uint16_t)(1000 * clamp_f(inputs, 0, 1) / (1 + min_f(verdict->spread, 4) / 4));
	forecast->alarm = alarm_now(state, step, forecast->risk_centi, verdict);
	fill_reasons(step, verdict, forecast);
	/* A rise may be a step; a time says how long it would take if it is none. */
	if (verdict->step < 0)
		chance = chance_of_failure(verdict, verdict->log_odds - verdict->step);
	fill_times(state->score.widen, verdict, chance, forecast);
}
