// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Drift on six time scales, each with the size of its own errors, and the probability that the drift
 * reaches the limit.
 *
 * Drift of a scale: exponentially weighted mean of the headroom consumed per second; the weight of old
 * evidence falls by tau / (tau + dt) per sample, which approximates e^(-dt/tau) for close samples and
 * stays bounded for distant ones. A single increment counts at most WINSOR of the scale's own deviations
 * (winsorised: Tukey 1962). Noise: each scale makes a forecast, waits half its tau, and measures
 * the error: noise is the exponentially weighted squared error per second ahead. This covers
 * correlated noise, sawtooths and bursts without a model of them. A forecast over h then
 * has variance noise·(h + h²/b), b the time over which the noise was measured: diffusion at
 * short range, uncertainty of the drift itself at long range. Fusion: per horizon the mean of the three scales
 * of matching length, never the maximum over scales; since P(T ≤ h) grows with h, the risk's
 * horizon inherits the greatest of the shorter ones.
 */
#include "detector.h"

#define WINSOR 3.0f
/* cap on a single error: one step must not raise the noise of a scale for minutes */
#define SURPRISE 4.0f
/* before the first check of a scale: errors of 0.2 % of the limit in a minute */
#define PRIOR_SHARE 0.002f
#define MOST_CHANCE 0.97f /* no growth model knows whether the growth is meant to stop */
#define FORGET      0.2f  /* minimum weight of a new error in the noise */
/* KiB²/s: far below a page a second; only keeps zero from meaning "not started" */
#define LEAST_NOISE  1.0f
#define NEVER        1e9f
#define BENT         0.4f  /* share of the bend's effect on the time that counts as uncertainty */
#define BEND_DOUBT   0.5f  /* the same of the bend's error */
#define WIDTH        0.75f /* scale of both, for growth that continues as before */
#define LEAST_SPREAD 0.02f
/* share of the scales' noise that a bend must exceed: acceleration is noise to a linear forecast */
#define BEND_NOISE   0.3f
#define BEND_LAG     0.05f /* least lag between two scales, of their difference in age */
#define STOPPED      0.9f  /* a rise has lost at most this share of its speed since its evidence */
#define NEAR         8.0f /* times a horizon: a limit further away than that is left to a longer horizon */
#define TELLABLE     (2 * DAY_SECONDS) /* a limit further away is not examined in detail */
#define SLOWING      2.0f /* log-odds per factor e by which a decelerating rise stops before the limit */
#define MOST_SLOWING 5.0f
#define FAR          3.5f /* deviations: beyond this the probability is below 1 in 2000 */
/* relative uncertainty of the drift (1/1.28) beyond which no time to OOM is given */
#define UNSURE 0.78f

const float drift_tau[FORECAST_SCALES] = {2, 8, 30, 120, 600, 2700};
/* Each horizon (s) and the first of its three scales. */
static const struct {
	float seconds;
	unsigned int first;
} horizon[HORIZONS] = {{15, 0}, {60, 1}, {240, 2}, {RISK_SECONDS, 3}};

static float block(unsigned int k) { return drift_tau[k] / 2; }

static void check_forecast(struct forecast_scale *scale, uint8_t *blocks, unsigned int k,
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

static void drift_update(struct forecast_state *state, const struct step *step)
{
	float dt = step->dt, prior = PRIOR_SHARE * step->limit;

	if (!state->scale[0].noise)
		for (unsigned int k = 0; k < FORECAST_SCALES; k++)
			state->scale[k].noise = prior * prior / 60;
	if (dt <= 0)
		return;
	for (unsigned int k = 0; k < FORECAST_SCALES; k++) {
		struct forecast_scale *s = &state->scale[k];
		float whole = drift_tau[k] + dt,
		      inverse = 1 / (whole * (s->seconds + dt)); /* one division */
		float keep = drift_tau[k] * (s->seconds + dt) * inverse, eaten = step->eaten,
		      expected, bound;

		if (step->gap) { /* a gap lowers the weight of old evidence and adds none */
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

/* What the functions below need of every scale, computed once. */
struct view {
	const struct forecast_state *state;
	const struct step *step;
	float drift[FORECAST_SCALES], noise[FORECAST_SCALES];
	float fading[FORECAST_SCALES]; /* 1 / seconds over which the noise was measured */
	float distance, grain2;
	float come; /* KiB that the current rise has covered; < 0: not computed yet */
};

static void take_view(const struct forecast_state *state, const struct step *step,
		      struct view *view)
{
	view->state = state;
	view->step = step;
	for (unsigned int k = 0; k < FORECAST_SCALES; k++) {
		const struct forecast_scale *s = &state->scale[k];

		view->drift[k] = s->drift;
		view->noise[k] = s->noise;
		view->fading[k] = 1 / (min_f(s->seconds, block(k)) + 1e-3f);
	}
	view->distance = step->distance;
	view->come = -1;
	view->grain2 = step->grain * step->grain;
}

static inline float forecast_variance(const struct view *view, unsigned int k, float h)
{
	return view->noise[k] * h * (1 + h * view->fading[k]) + view->grain2;
}

/* Probability of reaching the limit within horizon j: the mean of three scales, weighted by their
 * precision. Most containers are far from it, and return after three comparisons. */
static float fused_chance(const struct view *view, unsigned int j)
{
	float h = horizon[j].seconds, sum = 0, weights = 0, variance[3], left[3], weight;
	bool near = false;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int k = horizon[j].first + i;

		variance[i] = forecast_variance(view, k, h);
		left[i] = view->distance - view->drift[k] * h;
		near |= left[i] < 0 || left[i] * left[i] < FAR * FAR * variance[i];
	}
	if (!near)
		return 0;
	for (unsigned int i = 0; i < 3; i++) {
		weight = 1 / sqrtf(variance[i]);
		weights += weight;
		if (left[i] < 0 || left[i] * left[i] < FAR * FAR * variance[i])
			sum += weight * first_passage(view->distance, view->distance - left[i],
						      variance[i] * weight);
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

/* Mean age of a scale's evidence: half of its length while it fills, tau afterwards. */
static float mean_age(const struct forecast_scale *s, unsigned int k)
{
	return s->seconds * (0.5f + 0.5f * s->seconds / drift_tau[k]);
}

/* How fast the drift itself grows, per second: for growth that accelerates by a constant share,
 * a scale with evidence of mean age m measures the current speed / (1 + k m); two scales give k.
 * ret_sure is the share of it that exceeds the scales' own noise, ret_error the error that the
 * noise causes. */
static float bend(const struct view *view, unsigned int k, unsigned int longer, float *ret_sure,
		  float *ret_error)
{
	const struct forecast_scale *s = &view->state->scale[k], *l = &view->state->scale[longer];
	float change = s->drift - l->drift, m = mean_age(s, k), n = mean_age(l, longer);
	float noise = s->noise * view->fading[k] + l->noise * view->fading[longer], lag;

	*ret_sure = *ret_error = 0;
	if (n - m < 0.25f * s->seconds || s->drift <= 0)
		return 0;
	lag = s->drift * (n - m);
	*ret_sure = change * change / (change * change + BEND_NOISE * noise + 1e-9f);
	*ret_error = sqrtf(noise) / lag;
	return change / (change < 0 ? lag : max_f(l->drift * n - s->drift * m, BEND_LAG * lag));
}

/* Seconds for the remaining distance at speed v > 0 that changes by the share k per second. A
 * decelerating rise loses a constant share of its speed (0: never arrives). An accelerating one is
 * a power p of the time since it began, given by the distance covered: k come / v = (p - 1) / p; at
 * most an exponential. */
static float time_with_bend(float distance, float v, float k, float come)
{
	float way = k * distance / v, steady = distance / v, q, grown;

	if (fabsf(way) < 1e-3f)
		return steady;
	if (way < 0)
		return way > -1 ? steady * log_f(1 + way) / way : 0;
	q = k * come / v;
	if (q >= 0.99f)
		return steady * log_f(1 + way) / way;
	grown = log_f(1 + distance / max_f(come, 1));
	return come / v * (exp_f((1 - q) * grown) - 1) / (1 - q);
}

static inline float fastest(const struct view *view, unsigned int first)
{
	return max_f(max_f(view->drift[first], view->drift[first + 1]), view->drift[first + 2]);
}

/* Piecewise extrapolation towards the limit: position and speed of the current piece. */
struct walk {
	float left, from;  /* KiB still to go after `from` seconds */
	float drift;       /* speed from there on */
	float variance;    /* of the drift */
	float bent, doubt; /* effect of the bend, and of its error, on the logarithm of the time */
};

/* Seconds to the limit at the speed of horizon j, with the acceleration that its scales or the change
 * points measure; NEVER if the rise stops before. */
static float walk_end(struct walk *walk, struct view *view, unsigned int j)
{
	unsigned int first = horizon[j].first;
	const struct forecast_scale *s = &view->state->scale[first];
	float sure, error, k = bend(view, first, first + 2, &sure, &error), way, t;

	/* A scale measures the speed at the mean age of its evidence: extrapolate it to now. */
	if (k != 0)
		walk->drift += sure * (s->drift * (1 + max_f(k * mean_age(s, first), -STOPPED)) -
				       walk->drift);
	if (walk->drift <= 0)
		return NEVER;
	k *= sure;
	if (view->state->acceleration > k) { /* the scales restarted and show no acceleration yet */
		k = view->state->acceleration;
		walk->drift *= 1 + min_f(k * mean_age(s, first), 1);
	}
	if (view->come < 0)
		view->come = rise_so_far(view->state, view->step);
	t = time_with_bend(walk->left, walk->drift, k, view->come);
	if (t <= 0)
		return NEVER;
	if (fabsf(t * walk->drift - walk->left) > 1e-3f * walk->left)
		walk->bent = fabsf(log_f(t * walk->drift / max_f(walk->left, 1e-3f)));
	walk->doubt = BEND_DOUBT * error * walk->left / walk->drift;
	way = walk->left / max_f(view->come, 1);
	if (walk->doubt > way / (1 + way)) /* bound on the logarithm */
		walk->doubt = min_f(walk->doubt, log_f(1 + way));
	return walk->from + t;
}

/* The time to OOM. Short scales predict the near future: extrapolates the remaining distance at the
 * speed of each horizon in turn, until the limit is reached. */
static void time_to_limit(const struct step *step, struct view *view, struct verdict *verdict)
{
	struct walk walk = {.left = step->distance};
	float t = NEVER, part;

	for (unsigned int j = 0; j < HORIZONS; j++) {
		float until = 2 * horizon[j].seconds;
		bool last = j == HORIZONS - 1;

		/* At this speed the limit is beyond this horizon: continue with a longer one. */
		if (!last && walk.left > NEAR * until * fastest(view, horizon[j].first))
			continue;
		walk.drift = fused_drift(view, j, &walk.variance);
		walk.bent = walk.doubt = 0;
		t = NEVER;
		/* Far from the limit at this speed: a longer horizon applies the acceleration. */
		if (walk.drift > 0 && walk.left < (last ? TELLABLE : NEAR * until) * walk.drift)
			t = walk_end(&walk, view, j);
		if (t <= until || last)
			break;
		walk.left = clamp_f(walk.left - walk.drift * (until - walk.from), 0, step->limit);
		walk.from = until;
	}
	verdict->drift = walk.drift;
	verdict->spread = 9;
	if (walk.drift <= 0 || t >= NEVER)
		return;
	part = sqrtf(walk.variance + walk.doubt * walk.doubt * walk.drift * walk.drift) /
	       walk.drift;
	verdict->spread = WIDTH * (part + BENT * walk.bent) + LEAST_SPREAD;
	verdict->rough = t;
	verdict->seconds = verdict->spread < UNSURE ? t : 0;
}

/* A rise that levels off: if its speed keeps falling at this rate, it ends before the limit. */
static void describe_bend(const struct step *step, const struct view *view, struct verdict *verdict)
{
	unsigned int first = horizon[verdict->horizon].first;
	float sure, error, k = bend(view, first, first + 1, &sure, &error);
	float v = view->drift[first], reach;

	if (k >= 0 || sure < 0.3f)
		return;
	reach = v / -k;
	if (reach < step->distance)
		verdict_add(verdict, HR_REASON_SLOWING,
			    -min_f(MOST_SLOWING, SLOWING * sure *
							 log_f((step->distance + step->grain) /
							       (reach + step->grain))),
			    to_bytes(v), to_bytes(reach), 0);
}

static void drift_judge(const struct forecast_state *state, const struct step *step,
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
	time_to_limit(step, &view, verdict);
	if (verdict->chance_risk <= 1e-4f)
		return;
	verdict_add(verdict, HR_REASON_DRIFT, logit_f(verdict->chance_risk) - verdict->log_odds,
		    to_bytes(verdict->drift), verdict->seconds > 0 ? to_ms(verdict->seconds) : -1,
		    to_bytes(step->limit));
	if (verdict->chance_risk > 0.01f)
		describe_bend(step, &view, verdict);
}

const struct forecast_detector detector_drift = {
	.name = "drift", .update = drift_update, .judge = drift_judge};
