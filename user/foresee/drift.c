// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Drift on six time scales, each with the size of its own errors, and the chance that the drift
 * reaches the limit.
 *
 * Drift of a scale: exponentially weighted mean of what was eaten per second; the weight of old
 * evidence falls by tau / (tau + dt) per sample, which is e^(-dt/tau) for close samples and stays
 * sane for distant ones. A single increment counts at most WINSOR of the scale's own deviations
 * (winsorised: Tukey 1962). Noise: each scale makes a forecast, waits half its tau, and looks how
 * wrong it was: noise is the exponentially weighted squared error per second ahead. So correlated
 * noise, sawtooths and bursts are priced in as they are, without a model. A forecast over h then
 * has variance noise·(h + h²/b), b the time over which the noise was measured: diffusion near by,
 * uncertainty of the drift itself further out. Fusion: per horizon the mean of the three scales
 * whose memory suits it, never the maximum over scales; since P(T ≤ h) grows with h, the risk's
 * horizon inherits the greatest of the shorter ones.
 */
#include "detector.h"

#define WINSOR 3.0f
/* no single error counts for more: one step must not make a scale blind for minutes */
#define SURPRISE 4.0f
/* before a scale has checked itself: errors of 0.2 % of the limit in a minute */
#define PRIOR_SHARE 0.002f
#define MOST_CHANCE 0.97f /* what no model of growth can know: whether it is meant to stop */
#define FORGET 0.2f /* least weight of a new error in the noise */
/* KiB²/s: far below a page a second; only keeps zero from meaning "not started" */
#define LEAST_NOISE 1.0f
#define NEVER 1e9f
#define BENT 0.4f /* of what the bend makes of the time is its own uncertainty */
#define LEAST_SPREAD 0.02f
#define BEND_NOISE 4.0f
#define SLOWING 2.0f /* log-odds per factor e by which a rise that slows down falls short */
#define MOST_SLOWING 5.0f
#define FAR 4.0f /* deviations: beyond this the chance is below 1 in 10,000 */
/* relative uncertainty of the drift (1/1.28) beyond which no time to OOM is named */
#define UNSURE 0.78f

const float drift_tau[FORESEE_SCALES] = {2, 8, 30, 120, 600, 2700};
/* Looks ahead (s) and the first of the three scales that may speak about it. */
static const struct {
	float seconds;
	unsigned int first;
} horizon[HORIZONS] = {{15, 0}, {60, 1}, {240, 2}, {RISK_SECONDS, 3}};

static float block(unsigned int k) { return drift_tau[k] / 2; }

static void check_forecast(struct foresee_scale *scale, uint8_t *blocks, unsigned int k,
			   float grain)
{
	float error, share;

	if (scale->anchor_age < block(k))
		return;
	error = fabsf(scale->anchor_rise - scale->anchor_drift * scale->anchor_age);
	error = min_f(error, SURPRISE * sqrtf(scale->noise * scale->anchor_age) + grain);
	share = *blocks < 3 ? 1 / (float)(*blocks + 2) : FORGET;
	scale->noise += share * (error * error / scale->anchor_age - scale->noise);
	scale->noise = max_f(scale->noise, LEAST_NOISE);
	if (*blocks < UINT8_MAX)
		++*blocks;
	scale->anchor_age = scale->anchor_rise = 0;
	scale->anchor_drift = scale->drift;
}

static void drift_update(struct foresee_state *state, const struct step *step)
{
	float dt = step->dt, prior = PRIOR_SHARE * step->limit;

	if (!state->scale[0].noise)
		for (unsigned int k = 0; k < FORESEE_SCALES; k++)
			state->scale[k].noise = prior * prior / 60;
	if (dt <= 0)
		return;
	for (unsigned int k = 0; k < FORESEE_SCALES; k++) {
		struct foresee_scale *s = &state->scale[k];
		float whole = drift_tau[k] + dt,
		      inverse = 1 / (whole * (s->seconds + dt)); /* one division */
		float keep = drift_tau[k] * (s->seconds + dt) * inverse, eaten = step->eaten,
		      expected, bound;

		if (step->gap) { /* what was is less certain now; the gap itself teaches nothing */
			s->seconds *= keep;
			s->anchor_age = s->anchor_rise = 0;
			s->anchor_drift = s->drift;
			continue;
		}
		expected = s->seconds > 0 ? s->drift * dt : 0;
		bound = WINSOR * WINSOR * (s->noise * (dt + block(k)) + step->grain * step->grain);
		s->anchor_age += dt;
		s->anchor_rise += eaten;
		if ((eaten - expected) * (eaten - expected) > bound)
			eaten = eaten > expected ? expected + sqrtf(bound)
						 : expected - sqrtf(bound);
		s->drift = (s->drift * s->seconds + eaten) * whole * inverse;
		s->seconds = (s->seconds + dt) * keep;
		check_forecast(s, &state->blocks[k], k, step->grain);
	}
}

/* What the judgements below need of every scale, computed once. */
struct view {
	float drift[FORESEE_SCALES], noise[FORESEE_SCALES];
	float fading[FORESEE_SCALES]; /* 1 / seconds over which the noise was measured */
	float distance, grain2;
};

static void take_view(const struct foresee_state *state, const struct step *step, struct view *view)
{
	for (unsigned int k = 0; k < FORESEE_SCALES; k++) {
		const struct foresee_scale *s = &state->scale[k];

		view->drift[k] = s->drift;
		view->noise[k] = s->noise;
		view->fading[k] = 1 / (min_f(s->seconds, block(k)) + 1e-3f);
	}
	view->distance = step->distance;
	view->grain2 = step->grain * step->grain;
}

static inline float forecast_variance(const struct view *view, unsigned int k, float h)
{
	return view->noise[k] * h * (1 + h * view->fading[k]) + view->grain2;
}

/* Chance of touching the limit within horizon j: the mean of three scales, those that are surer of
 * themselves counting for more. Most containers are nowhere near, and leave after three
 * comparisons. */
static float fused_chance(const struct view *view, unsigned int j)
{
	float h = horizon[j].seconds, sum = 0, weights = 0, variance[3], sd, left;
	bool near = false;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int k = horizon[j].first + i;

		variance[i] = forecast_variance(view, k, h);
		left = view->distance - view->drift[k] * h;
		near |= left < 0 || left * left < FAR * FAR * variance[i];
	}
	if (!near)
		return 0;
	for (unsigned int i = 0; i < 3; i++) {
		sd = sqrtf(variance[i]);
		weights += 1 / sd;
		sum += first_passage(view->distance, view->drift[horizon[j].first + i] * h, sd) /
		       sd;
	}
	return sum / weights;
}

/* Drift fused with weights of inverse variance over the three scales of horizon j; and the fusion's
 * own variance. */
static float fused_drift(const struct view *view, unsigned int j, float *ret_variance)
{
	float h = horizon[j].seconds, per = 1 / (h * h), weights = 0, sum = 0, squares = 0;

	for (unsigned int k = horizon[j].first; k < horizon[j].first + 3; k++) {
		float d = view->drift[k];
		float w = 1 / (forecast_variance(view, k, h) * per + 1e-4f * d * d);

		weights += w;
		sum += w * d;
		squares += w * d * d;
	}
	weights = 1 / weights;
	sum *= weights;
	*ret_variance = max_f(squares * weights - sum * sum, 0) + weights;
	return sum;
}

/* Mean age of a scale's evidence: half of it while it gathers, tau once it forgets. */
static float mean_age(const struct foresee_scale *s, unsigned int k)
{
	return s->seconds * (0.5f + 0.5f * s->seconds / drift_tau[k]);
}

/* How the drift itself changes: the difference of a short and a longer scale over the difference of
 * their ages; ret_sure is the share of it that stands out of the scales' own noise. */
static float bend(const struct foresee_state *state, const struct view *view, unsigned int k,
		  unsigned int longer, float *ret_sure)
{
	const struct foresee_scale *s = &state->scale[k], *l = &state->scale[longer];
	float change = s->drift - l->drift, lag = mean_age(l, longer) - mean_age(s, k);
	float noise = s->noise * view->fading[k] + l->noise * view->fading[longer];

	*ret_sure = 0;
	if (lag < 0.25f * s->seconds)
		return 0;
	*ret_sure = change * change / (change * change + BEND_NOISE * noise + 1e-9f);
	return change / lag;
}

/* The way that is left, at speed v > 0 that changes by `a` a second. Slowing down it loses a
 * constant share of its speed; 0: never gets there. Quickening it may gain a constant amount or a
 * constant share: the geometric mean of both times. */
static float time_with_bend(float distance, float v, float a)
{
	float way = a * distance / (v * v), steady = distance / v;

	if (fabsf(way) < 1e-3f)
		return steady;
	if (way < 0)
		return way > -1 ? steady * log_f(1 + way) / way : 0;
	return steady * sqrtf(2 / (1 + sqrtf(1 + 2 * way)) * log_f(1 + way) / way);
}

static inline float fastest(const struct view *view, unsigned int first)
{
	return max_f(max_f(view->drift[first], view->drift[first + 1]), view->drift[first + 2]);
}

/* The time to OOM. The near future belongs to the short scales: the way that is left is gone at the
 * pace of each horizon in turn, until it ends. */
static void time_to_limit(const struct foresee_state *state, const struct step *step,
			  const struct view *view, struct verdict *verdict)
{
	float left = step->distance, from = 0, drift = 0, variance = 0, t = 0, sure, a, bent = 0;

	for (unsigned int j = 0; j < HORIZONS; j++) {
		float until = 2 * horizon[j].seconds;
		unsigned int first = horizon[j].first;
		const struct foresee_scale *s = &state->scale[first];

		/* At this pace it stays far off for this long: nothing to see before a longer
		 * horizon. */
		if (j < HORIZONS - 1 && left > 8 * until * fastest(view, first))
			continue;
		drift = fused_drift(view, j, &variance);
		t = NEVER;
		bent = 0;
		/* Far off at this pace, the bend is for a longer horizon to see. */
		if (drift > 0 && (left < 8 * until * drift || j == HORIZONS - 1)) {
			a = bend(state, view, first, first + 2, &sure);
			/* What a scale knows is as old as its evidence: bring it up to now. */
			drift += sure * (s->drift + a * mean_age(s, first) - drift);
			t = drift > 0 ? time_with_bend(left, drift, sure * a) : 0;
			bent = t > 0 ? fabsf(log_f(t * drift / max_f(left, 1e-3f))) : 0;
			t = t > 0 ? from + t : NEVER;
		}
		if (t <= until || j == HORIZONS - 1)
			break;
		left = clamp_f(left - drift * (until - from), 0, step->limit);
		from = until;
	}
	verdict->drift = drift;
	verdict->spread = drift > 0 ? sqrtf(variance) / drift + BENT * bent + LEAST_SPREAD : 9;
	verdict->rough = drift > 0 && t < NEVER ? t : 0;
	verdict->seconds = drift > 0 && t < NEVER && verdict->spread < UNSURE ? t : 0;
}

/* A rise that levels off: if its speed goes on falling as it does, it ends this much short of the
 * limit. */
static void tell_bend(const struct foresee_state *state, const struct step *step,
		      const struct view *view, struct verdict *verdict)
{
	unsigned int first = horizon[verdict->horizon].first;
	float sure, a = bend(state, view, first, first + 1, &sure), v = state->scale[first].drift,
		    reach;

	if (a >= 0 || sure < 0.3f)
		return;
	reach = v > 0 ? v * v / -a : 0;
	if (reach < step->distance)
		verdict_add(verdict, HR_REASON_SLOWING,
			    -min_f(MOST_SLOWING, SLOWING * sure *
							 log_f((step->distance + step->grain) /
							       (reach + step->grain))),
			    to_bytes(v), to_bytes(reach), 0);
}

static void drift_judge(const struct foresee_state *state, const struct step *step,
			struct verdict *verdict)
{
	struct view view;

	if (!state->scale[0].seconds || step->distance < 0)
		return;
	take_view(state, step, &view);
	for (unsigned int j = 0; j < HORIZONS; j++) {
		verdict->chance[j] = min_f(fused_chance(&view, j), MOST_CHANCE);
		if (verdict->chance[j] > verdict->chance_risk) {
			verdict->chance_risk = verdict->chance[j];
			verdict->horizon = (uint8_t)j;
		}
		if (verdict->chance_risk >= MOST_CHANCE)
			break;
	}
	time_to_limit(state, step, &view, verdict);
	if (verdict->chance_risk <= 1e-4f)
		return;
	verdict_add(verdict, HR_REASON_DRIFT, logit_f(verdict->chance_risk) - verdict->log_odds,
		    to_bytes(verdict->drift), verdict->seconds > 0 ? to_ms(verdict->seconds) : -1,
		    to_bytes(step->limit));
	if (verdict->chance_risk > 0.01f)
		tell_bend(state, step, &view, verdict);
}

const struct foresee_detector detector_drift = {
	.name = "drift", .update = drift_update, .judge = drift_judge};
