/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The mathematics of the forecasts in plain float arithmetic: forecasts must be bit-identical on
 * every C library, so no libm call with a last digit that differs between them, and none that sets errno
 * or returns NaN for finite arguments. Accuracy is that of float, about 1e-6, far finer than any forecast.
 *	Φ: Hastings' approximation, Abramowitz & Stegun (1964) 26.2.17, |error| < 7.5e-8.
 *	First passage of x(t) = μt + σW(t) to D: Cox & Miller (1965), section 5.7; the inverse
 *	Gaussian of Schrödinger (1915):
 *	P(T ≤ h) = Φ((μh − D)/σ√h) + exp(2μD/σ²) Φ((−μh − D)/σ√h).
 */
#ifndef HEADROOM_FORECAST_FASTMATH_H
#define HEADROOM_FORECAST_FASTMATH_H

#include <math.h>
#include <stdint.h>

static inline float min_f(float a, float b) { return a < b ? a : b; }
static inline float max_f(float a, float b) { return a > b ? a : b; }
static inline float clamp_f(float x, float low, float high) { return min_f(max_f(x, low), high); }

/* e^x; 0 below -80, e^80 above 80. Cody–Waite reduction, Taylor to the sixth order on ±ln2/2. */
static inline float exp_f(float x)
{
	union {
		uint32_t bits;
		float value;
	} power;
	float r, p;
	int n;

	if (x < -80)
		return 0;
	x = min_f(x, 80);
	n = (int)(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
	r = (x - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;
	p = 1 +
	    r * (1 + r * (0.5f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r / 720)))));
	power.bits = (uint32_t)(n + 127) << 23;
	return p * power.value;
}

/* ln x for normal x > 0; ln of the least normal float below that. Series of artanh on √½…√2. */
static inline float log_f(float x)
{
	union {
		float value;
		uint32_t bits;
	} u = {.value = max_f(x, 1.17549435e-38f)};
	int e = (int)(u.bits >> 23) - 127;
	float s, s2;

	u.bits = (u.bits & 0x7fffff) | 0x3f800000;
	if (u.value > 1.41421356f) {
		u.value *= 0.5f;
		e++;
	}
	s = (u.value - 1) / (u.value + 1);
	s2 = s * s;
	return (float)e * 0.69314718f +
	       2 * s * (1 + s2 * (1 / 3.0f + s2 * (0.2f + s2 * (1 / 7.0f + s2 / 9))));
}

/* The upper tail of the normal distribution without its factor e^(-z²/2): (1 - Φ(z)) / e^(-z²/2), z
 * >= 0. */
static inline float tail_f(float z)
{
	float t = 1 / (1 + 0.2316419f * z);

	return t * (0.1274147959f +
		    t * (-0.142248368f +
			 t * (0.7107068705f + t * (-0.7265760135f + t * 0.5307027145f))));
}

static inline float normal_f(float z)
{
	float tail = exp_f(-0.5f * z * z) * tail_f(z < 0 ? -z : z);

	return z < 0 ? tail : 1 - tail;
}

/* Chance that a Brownian motion which expects to go `rise` over the horizon, with standard
 * deviation sd > 0 at its end, touches `distance` >= 0 before that. */
static inline float first_passage(float distance, float rise, float sd)
{
	float z = (rise - distance) / sd, back = (distance + rise) / sd, common, p;

	if (distance <= 0)
		return 1;
	if (z < -6)
		return 0;
	if (z > 4)
		return 1;
	if (back < 0) { /* falls fast: the two exponents don't cancel */
		p = normal_f(z) + exp_f(2 * rise / sd * (distance / sd)) * normal_f(-back);
		return min_f(p, 1);
	}
	common = exp_f(-0.5f * z * z);
	p = z < 0 ? common * tail_f(-z) : 1 - common * tail_f(z);
	return min_f(p + common * tail_f(back), 1);
}

static inline float logit_f(float p)
{
	p = clamp_f(p, 1e-6f, 1 - 1e-6f);
	return log_f(p / (1 - p));
}

static inline float logistic_f(float z) { return 1 / (1 + exp_f(-z)); }

/* ln(1 + e^x) */
static inline float softplus_f(float x) { return x > 20 ? x : log_f(1 + exp_f(x)); }

#endif
