// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Trend: median of pairwise slopes (Theil 1950, Sen 1968) with Sen's interval from the variance of Kendall's S (Mann 1945,
 * Kendall 1975): where its lower end is above zero, the series also passes the Mann–Kendall test at 2.5 % (one-sided).
 */
#include "theil_sen.h"

#include "fastmath.h"

/* The k-th smallest (Hoare's quickselect); reorders the array. */
static float select_kth(float *v, int n, int k)
{
	int low = 0, high = n - 1;

	while (low < high) {
		float pivot = v[(low + high) / 2];
		int i = low, j = high;

		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				float swap = v[i];

				v[i++] = v[j];
				v[j--] = swap;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			break;
	}
	return v[k];
}

static int slopes(const struct points *p, unsigned int from, const float *y, float *out)
{
	int m = 0;

	for (unsigned int i = from; i < p->n; i++)
		for (unsigned int j = i + 1; j < p->n; j++)
			out[m++] = (y[j] - y[i]) / (p->t[j] - p->t[i]);
	return m;
}

uint8_t theil_sen_straightness(const struct points *p, float slope)
{
	float squares = 0, off, growth = slope * (p->t[p->n - 1] - p->t[0]);

	for (unsigned int i = 1; i < p->n; i++) {
		off = p->low[i] - p->low[i - 1] - slope * (p->t[i] - p->t[i - 1]);
		squares += off * off;
	}
	return (uint8_t)clamp_f(4 * growth / (sqrtf(squares) + 1), 0, UINT8_MAX);
}

bool theil_sen(const struct points *p, unsigned int least, struct forecast_baseline *ret,
	       uint8_t *ret_late)
{
	float slope[MOST_POINTS * (MOST_POINTS - 1) / 2], n = (float)p->n, half, late;
	int m, low, high;

	if (p->n < least)
		return false;
	m = slopes(p, 0, p->high, slope);
	ret->max_slope = select_kth(slope, m, m / 2);
	m = slopes(p, 0, p->low, slope);
	half = SURE * sqrtf(n * (n - 1) * (2 * n + 5) / 18) / 2;
	low = (int)((float)m / 2 - half);
	high = (int)((float)m / 2 + half);
	ret->slope = select_kth(slope, m, m / 2);
	ret->slope_low = select_kth(slope, m, low < 0 ? 0 : low);
	ret->slope_high = select_kth(slope, m, high >= m ? m - 1 : high);
	ret->window = p->t[p->n - 1] - p->t[0];
	m = slopes(p, p->n / 2, p->low, slope);
	late = ret->slope > 0 ? 50 * select_kth(slope, m, m / 2) / ret->slope : 0;
	*ret_late = (uint8_t)clamp_f(late, 0, 100);
	return true;
}
