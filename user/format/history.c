// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Two rings into one series. A counter larger than its ring is not trusted. */
#include "history.h"

/* The points of a ring that are older than `before`, oldest first. */
static size_t unroll(const struct hr_point *ring, uint32_t size, uint32_t count, uint32_t before,
		     struct hr_point *out)
{
	uint32_t first = count > size ? count - size : 0;
	size_t n = 0;

	for (uint32_t i = first; i < count; i++)
		if (ring[i % size].t_centis < before &&
		    (!n || ring[i % size].t_centis >= out[n - 1].t_centis))
			out[n++] = ring[i % size];
	return n;
}

size_t history_points(const struct hr_history *h, struct hr_point out[HISTORY_POINTS])
{
	uint32_t oldest = h->fine_count > HR_FINE ? h->fine_count % HR_FINE : 0;
	uint32_t since = h->fine_count ? h->fine[oldest].t_centis : UINT32_MAX;
	size_t n = unroll(h->coarse, HR_COARSE, h->coarse_count, since, out);

	return n + unroll(h->fine, HR_FINE, h->fine_count, UINT32_MAX, out + n);
}
