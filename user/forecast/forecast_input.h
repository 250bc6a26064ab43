/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The input of a forecast: one sample of one container. */
#ifndef HEADROOM_FORECAST_FORECAST_INPUT_H
#define HEADROOM_FORECAST_FORECAST_INPUT_H

#include <stdint.h>

/* One sample of one container. Bytes; HR_UNKNOWN where not known (limit: none). t_ns is monotonic,
 * any zero point. */
struct forecast_input {
	uint64_t t_ns;
	uint64_t usage, unreclaimable,
		headroom;      /* headroom: the minimum along the path, accounting.h */
	uint64_t limit;        /* of the level that binds */
	uint8_t binding_level; /* enum hr_level */
	uint64_t high;         /* memory.high that applies, or HR_UNKNOWN */
	uint64_t anon, file, shmem, kernel, slab, swap, swap_free, rss;
	uint64_t refaults, stall_ns, psi_some_us, psi_full_us; /* counters */
	uint64_t events_max, events_oom_kill;                  /* counters */
	uint8_t under_oom;
	uint8_t restarted; /* the caller knows that the workload was restarted */
};

/* Accuracy of this container's forecasts: 80 % intervals that were checked, and those that held. */
struct forecast_accuracy {
	uint32_t checked, covered;
};

#endif
