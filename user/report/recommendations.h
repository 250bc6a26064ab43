/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Recommended limits from history, with the reasoning; or why there are none. Pure.
 */
#ifndef HEADROOM_REPORT_RECOMMENDATIONS_H
#define HEADROOM_REPORT_RECOMMENDATIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "factors.h"
#include "usage_series.h"

enum recommendation_kind {
	RECOMMEND_TOO_LITTLE, /* history */
	RECOMMEND_LEAK,       /* a limit does not help */
	RECOMMEND_FITS,       /* the present limit is large enough */
	RECOMMEND_RAISE,      /* or set one */
	RECOMMEND_ELSEWHERE,  /* another limit was reached */
	RECOMMEND_KINDS
};

#define RECOMMEND_TEXT 640
struct recommendation {
	enum recommendation_kind kind;
	uint64_t limit, request; /* bytes; HR_UNKNOWN: none */
	uint64_t peak, usual;    /* highest and 95th percentile of non-reclaimable usage, by time */
	uint64_t span_ms;        /* of history used */
	uint64_t buys_ms;        /* LEAK: time until twice the limit is full; HR_UNKNOWN */
	uint32_t samples, runs;  /* runs: between restarts */
	char limit_text[RECOMMEND_TEXT], request_text[RECOMMEND_TEXT], basis[RECOMMEND_TEXT];
};

/* `past`: history of the workload up to the incident. */
void recommendations_make(struct recommendation *ret, const struct facts *facts,
			  const struct series *past, uint64_t until_ns);
const char *recommendation_text(unsigned int kind);

#endif
