/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Recommended limits from history, with the reasoning; or why there are none. Pure.
 */
#ifndef HEADROOM_REPORT_RECOMMENDATIONS_H
#define HEADROOM_REPORT_RECOMMENDATIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "demand.h"
#include "factors.h"

enum recommendation_kind {
	RECOMMEND_TOO_LITTLE, /* history */
	RECOMMEND_LEAK,       /* a limit does not help */
	RECOMMEND_GROWS,      /* so steadily that no bound is seen */
	RECOMMEND_FITS,       /* the present limit is large enough */
	RECOMMEND_RAISE,      /* or set one */
	RECOMMEND_ELSEWHERE,  /* another limit was reached */
	RECOMMEND_KINDS
};

#define RECOMMEND_TEXT 640
struct recommendation {
	enum recommendation_kind kind;
	uint64_t limit, request, low; /* bytes; HR_UNKNOWN: none */
	uint64_t peak, usual,
		median;   /* of non-reclaimable usage: highest, 95th and 50th percentile by time */
	uint64_t growth;  /* GROWS: of the peak; else 0 */
	uint64_t span_ms; /* of history used */
	uint64_t buys_ms; /* LEAK: time until twice the limit is full; HR_UNKNOWN */
	uint32_t samples, runs; /* runs: between restarts */
	char limit_text[RECOMMEND_TEXT], request_text[RECOMMEND_TEXT], basis[RECOMMEND_TEXT];
};

/* Of `facts` it reads: leak, leak_bytes_per_hour, killed, level and limit (of the kill), own_limit. */
void recommendations_make(struct recommendation *ret, const struct facts *facts,
			  const struct demand *demand);
/* The limit alone, rounded up; HR_UNKNOWN without a point. killed_at: the highest limit of its own at which it was
 * OOM-killed, or HR_UNKNOWN. */
uint64_t recommended_limit(const struct demand *demand, uint64_t killed_at);
const char *recommendation_text(unsigned int kind);

#endif
