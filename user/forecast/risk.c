// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Risk: the terms are summed in log-odds, calibrated, and put on a scale from 0 to 100; the
 * weightiest terms become the reasons. Alarms need a little patience to rise and more to fall
 * (hysteresis).
 */
#include "risk.h"

#include <string.h>

#include "risk.h"

#include <string.h>
#include <stdlib.h>
float tune[24] = {9,           2,          1,           0,        [5] = 0.75f,
		  [6] = 0.5f,  [7] = 0,    [8] = 0.05f, [9] = 2,  [10] = -0.9f,
		  [11] = 0.3f, [12] = 1,   [13] = 8,    [14] = 1, [15] = 1,
		  [16] = 0.3f, [17] = 1,   [18] = 1,    [19] = 1, [20] = 2,
		  [21] = 3,    [22] = 1e9, [23] = 0.9f};
__attribute__((constructor)) static void tu(void)
{
	char n[4] = "T0";
	for (int i = 0; i < 24; i++) {
		n[1] = (char)('a' + i);
		if (getenv(n))
			tune[i] = (float)atof(getenv(n));
	}
}

/* a container of which nothing is known dies within 15 minutes once in 400 such spells */
#define BASE_LOG_ODDS -6.0f
#define QUANTILE      1.2816f /* of the normal distribution at 90 % */
#define MOST_SPREAD   1.5f
#define LEAST_WEIGHT  0.05f /* log-odds below which a term is no reason worth telling */

#define PATIENCE      0.04f /* of the time that is left, before an alarm is raised … */
#define MOST_PATIENCE 20.0f /* … seconds; and two samples at least */

#define WARN_SECONDS 420.0f /* seven minutes' notice will do */
/* log-odds of stall-death, or of a full heap, beyond which the limit's distance does not matter … */
#define STALLS            -0.5f
#define STALL_PATIENCE    10.0f /* … and this is waited */
#define UNSURE_PATIENCE   3.0f  /* where no time is named */
#define SURER             4.0f  /* waiting shortens once the chance is beyond 1 - 1/this */
#define NEVER             1e9f
#define CALM_CENTI        300 /* below this an alarm ends at once … */
#define CALM_SECONDS      60  /* … else only when its chance has stayed low for so long */
#define QUARTER_NS        250000000u
#define CALM_SWINGS       2.0f
#define ACT_SECONDS       60.0f /* nobody needs longer to act … */
#define ACT_ODDS          40.0f /* … unless next to nothing is left */
#define ACT_SHARE         0.03f /* and within the last of the limit's way … */
#define LAST_SECONDS      1.2f  /* … unless this little time is left, or two samples, */
#define WARN_LAST_SECONDS 2.0f  /* `warn`: and three */
#define LAST_ODDS         3.0f  /* of a rise that has gone three quarters of its way */
#define WARN_ODDS         8.0f

/* INTERFACE: warn from an even chance, act from .8; each holds until the chance falls below its
 * `off`. */
static const struct {
	uint16_t on_centi, off_centi;
} alarms[] = {[HR_ALARM_WARN] = {5000, 3000}, [HR_ALARM_ACT] = {8000, 6000}};

void risk_begin(struct verdict *verdict)
{
	verdict->log_odds = BASE_LOG_ODDS;
	for (unsigned int cause = 0; cause < OTHER_CAUSES; cause++)
		verdict->other[cause] = BASE_LOG_ODDS;
}

/* Dying of anything: the causes taken as independent. */
static float chance_of_death(const struct verdict *verdict)
{
	float lives = 1 - calibrate(verdict->log_odds, verdict->horizon);

	for (unsigned int cause = 0; cause < OTHER_CAUSES; cause++)
		if (verdict->other[cause] > BASE_LOG_ODDS)
			lives *= 1 - logistic_f(verdict->other[cause]);
	return 1 - lives;
}

/* How far it has come against how far it has to go: the odds that a rise of unknown end gets there
 * (rise.c). */
static bool has_come(const struct verdict *verdict, const struct step *step, float odds)
{
	return verdict->come >= odds * step->distance;
}

/* Is it late enough? Most rises end by themselves, and what an alarm gains by patience is that it
 * need not be taken back: so each waits for odds of its own, or for the last moment in which a
 * second look is still possible. */
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

/* How long the chance must hold before the alarm is raised: a share of the time that is left, and
 * for `warn` what is left beyond WARN_SECONDS, the less the surer. */
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

/* Below its end an alarm falls after a minute; `warn` outlasts two swings, so that a sawtooth which
 * nears the limit is one warning and not one a tooth. At once, where nothing swings and all is well. */
static bool may_fall(const struct forecast_state *state, uint16_t risk)
{
	float calm = CALM_SECONDS;

	if (risk >= alarms[state->alarm].off_centi)
		return false;
	if (state->alarm == HR_ALARM_WARN && state->cycles)
		calm = max_f(calm, min_f(CALM_SWINGS * state->swing.period, RISK_SECONDS));
	return (risk < CALM_CENTI && !state->cycles) || (float)state->alarm_calm > 4 * calm;
}

static uint8_t alarm_now(struct forecast_state *state, const struct step *step, uint16_t risk,
			 const struct verdict *verdict)
{
	uint8_t up = state->alarm;
	float chance = (float)risk / 1e4f;
	uint64_t quarters;

	quarters = step->input->t_ns / QUARTER_NS -
		   (step->input->t_ns - (uint64_t)((double)step->dt * 1e9)) / QUARTER_NS;
	if (risk >= alarms[state->alarm].off_centi)
		state->alarm_calm = 0;
	else
		state->alarm_calm =
			(uint16_t)min_f((float)state->alarm_calm + (float)quarters, UINT16_MAX);
	while (state->alarm > HR_ALARM_NONE && may_fall(state, risk)) {
		state->alarm--;
		up = state->alarm;
	}
	for (uint8_t a = HR_ALARM_ACT; a > state->alarm && up == state->alarm; a--)
		if (risk >= alarms[a].on_centi && patience(state, a, step, verdict, chance) < NEVER)
			up = a;
	if (up <= state->alarm) {
		state->alarm_held = 0;
	} else if (!state->alarm_held) {
		state->alarm_held = 1;
	} else {
		state->alarm_held =
			(uint8_t)min_f((float)state->alarm_held + (float)quarters, UINT8_MAX);
		if (state->alarm_held - 1 >=
		    (int)(4 * min_f(patience(state, up, step, verdict, chance), 1e6f))) {
			state->alarm = up;
			state->alarm_held = 0;
		}
	}
	return state->alarm;
}

static void describe_reasons(const struct step *step, const struct verdict *verdict,
			     struct hr_forecast *forecast)
{
	bool emitted[TERMS] = {false};

	for (unsigned int r = 0; r < HR_REASONS; r++) {
		int best = -1;

		for (int i = 0; i < verdict->terms; i++)
			if (!emitted[i] && fabsf(verdict->term[i].weight) >= LEAST_WEIGHT &&
			    (best < 0 ||
			     fabsf(verdict->term[i].weight) > fabsf(verdict->term[best].weight)))
				best = i;
		if (best < 0)
			return;
		emitted[best] = true;
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

static void describe_time(float widen, const struct verdict *verdict, struct hr_forecast *forecast)
{
	float factor;

	if (verdict->seconds <= 0 || verdict->seconds > DAY_SECONDS)
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
	if (state->floor.window > 0)
		forecast->leak_bytes_per_hour = to_bytes(state->leak.rate * 3600);
	if (step->distance < 0 && verdict->terms == 0)
		return;
	chance = chance_of_death(verdict);
	forecast->risk_centi = (uint16_t)(10000 * clamp_f(chance, 0, 1) + 0.5f);
	forecast->confidence_milli =
		(uint16_t)(1000 * clamp_f(inputs, 0, 1) / (1 + min_f(verdict->spread, 4) / 4));
	forecast->alarm = alarm_now(state, step, forecast->risk_centi, verdict);
	describe_reasons(step, verdict, forecast);
	describe_time(state->score.widen, verdict, forecast);
}
