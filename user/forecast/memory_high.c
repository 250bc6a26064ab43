// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * memory.high as a limit of its own: reaching it throttles the tasks, but kills none. And swap that
 * runs full: the headroom counts it already, but it is worth a reason.
 */
#include "detector.h"

#define SOON_SECONDS RISK_SECONDS
#define HIGH_FIRST   -3.0f /* a container throttled at memory.high rarely reaches its limit */
#define MARGIN_SHARE 0.02f
/* log-odds: reported, barely counted; stall.c counts the stalls that throttling causes */
#define HINT      0.1f
#define SWAP_FULL (16u << 20)

static void memory_high_judge(const struct forecast_state *state, const struct step *step,
			      struct verdict *verdict)
{
	const struct forecast_input *in = step->input;
	float high, left, limit;

	if (in->high != HR_UNKNOWN && in->high && in->high < UINT64_MAX / 4) {
		high = (float)((double)in->high / 1024);
		left = in->usage != HR_UNKNOWN ? high - (float)((double)in->usage / 1024)
					       : high - step->used;
		limit = in->binding_level == HR_LEVEL_OWN ? step->limit : 0;
		if (limit - high > MARGIN_SHARE * limit && verdict->chance_risk > 0.01f)
			verdict_add(verdict, HR_REASON_HIGH_FIRST,
				    HIGH_FIRST * verdict->chance_risk, to_bytes(high), 0, 0);
		if (left <= step->grain)
			verdict_add(verdict, HR_REASON_THROTTLED, HINT, to_bytes(high), 0, 0);
		else if (verdict->drift > 0 && left < verdict->drift * SOON_SECONDS)
			verdict_add(verdict, HR_REASON_HIGH, HINT, to_ms(left / verdict->drift),
				    to_bytes(high), 0);
	}
	if (in->swap != HR_UNKNOWN && in->swap > 0 && in->swap_free != HR_UNKNOWN &&
	    in->swap_free < SWAP_FULL && verdict->chance_risk > 0.01f)
		verdict_add(verdict, HR_REASON_SWAP_FULL, HINT, (int64_t)in->swap,
			    (int64_t)in->swap_free, 0);
}

const struct forecast_detector detector_memory_high = {.name = "memory_high",
						       .judge = memory_high_judge};
