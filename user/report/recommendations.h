/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Limits to suggest, from what was seen, with the reasoning; or why none can be. Pure.
 */
#ifndef HEADROOM_REPORT_RECOMMENDATIONS_H
#define HEADROOM_REPORT_RECOMMENDATIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "factors.h"
#include "usage_series.h"

enum recommendation_kind {
	RECOMMEND_TOO_LITTLE, /* history: nothing is suggested */
	RECOMMEND_LEAK,       /* no limit is large enough */
	RECOMMEND_FITS,       /* the present limit is as large as it should be */
	RECOMMEND_RAISE,      /* or set one */
	RECOMMEND_ELSEWHERE,  /* not its own limit is what ended it */
	RECOMMEND_KINDS
};

#define RECOMMEND_TEXT 640
struct recommendation {
	enum recommendation_kind kind;
	uint64_t limit, request; /* bytes; HR_UNKNOWN: none is suggested */
	uint64_t peak, usual;    /* highest use; the 95th percentile of what it held, by time */
	uint64_t span_ms;        /* of history that this rests on */
	uint64_t buys_ms;        /* LEAK: what twice the limit would buy; HR_UNKNOWN */
	uint32_t samples, lives;
	char limit_text[RECOMMEND_TEXT], request_text[RECOMMEND_TEXT], basis[RECOMMEND_TEXT];
};

/* `past`: all that is known of the workload up to the incident. */
void recommendations_make(struct recommendation *ret, const struct facts *facts,
			  const struct series *past, uint64_t until_ns);
const char *recommendation_text(unsigned int kind);

#endif
