/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The room's memory of one container. Only foresee/ looks inside. */
#ifndef HEADROOM_FORESEE_STATE_H
#define HEADROOM_FORESEE_STATE_H

#include <stdint.h>

struct foresee_state {
	uint64_t last_t_ns;		/* 0: no sample yet */
	uint64_t last_unreclaimable, last_rss;
	double drift, rss_drift;	/* exponentially weighted, bytes per second */
	double weight;			/* of the evidence so far, 0-1 */
};

#endif
