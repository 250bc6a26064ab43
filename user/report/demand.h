/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the history of one workload says about the memory it needs, point by point, in a fixed size: peaks, percentiles
 * over time, and the highest usage of equal periods. Pure.
 */
#ifndef HEADROOM_REPORT_DEMAND_H
#define HEADROOM_REPORT_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_PERIODS 64  /* when all are used, two become one */
#define DEMAND_BUCKETS 928 /* 32 for each power of two from 64 KiB to 32 TiB */

struct demand { /* bytes of non-reclaimable usage; HR_UNKNOWN */
	uint64_t first_ns, last_ns;
	uint64_t seen_ns; /* that the points stand for: gaps are left out */
	uint64_t peak, last;
	uint64_t peak_ns;       /* 0 while the peak is unknown */
	uint32_t samples, runs; /* runs: between restarts */
	uint32_t periods;
	uint64_t period_ns;
	uint64_t period_peak[DEMAND_PERIODS];   /* HR_UNKNOWN: no point */
	uint32_t bucket_centis[DEMAND_BUCKETS]; /* time at that usage */
};

void demand_init(struct demand *d);
/* A later point; bytes HR_UNKNOWN: counts as one, has no figure. `begins`: the first after a restart. */
void demand_add(struct demand *d, uint64_t time_ns, uint64_t bytes, bool begins);
/* The last point stands until then. */
void demand_until(struct demand *d, uint64_t time_ns);

/* Usage was at most that for `percent` of the time, to 3 % above; HR_UNKNOWN. */
uint64_t demand_percentile(const struct demand *d, unsigned int percent);
/* The highest usage of each of `parts` equal parts of the time, at most DEMAND_PARTS; false: one has no point. */
#define DEMAND_PARTS 4
bool demand_parts(const struct demand *d, unsigned int parts, uint64_t ret_peak[DEMAND_PARTS]);

#endif
