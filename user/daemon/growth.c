// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "growth.h"

#define SHRINK_AFTER_NS (60 * NS_PER_SEC)
#define TIGHT           32u  /* slots left, and a 64th: time to grow */
#define GROWTH_LEAST    256u /* or by half */
#define AGAIN_NS        (60 * NS_PER_SEC)

/* For some time much less would have done. Each change loads BPF again, so not for less than half. */
static bool is_roomy(struct growth *growth, const struct growth_sight *sight)
{
	if (sight->needed > sight->slots / 2) {
		growth->roomy_ns = 0;
		return false;
	}
	growth->roomy_ns = growth->roomy_ns ?: sight->now_ns;
	return sight->now_ns - growth->roomy_ns > SHRINK_AFTER_NS;
}

void growth_consider(struct growth *growth, const struct growth_sight *sight)
{
	uint32_t slots = sight->slots, more;
	bool roomy = is_roomy(growth, sight);
	bool tight = sight->refused || sight->running > slots - slots / 64 - TIGHT;

	/* One that failed is tried again, but not at once. */
	if ((!tight && !roomy) || (growth->want_capacity && !(tight && growth->smaller)) ||
	    (tight && slots >= sight->most) ||
	    (growth->failed_ns && sight->now_ns - growth->failed_ns < AGAIN_NS))
		return;
	more = slots + (slots / 2 > GROWTH_LEAST ? slots / 2 : GROWTH_LEAST);
	growth->smaller = !tight;
	growth->want_capacity = !tight ? sight->needed : more < sight->most ? more : sight->most;
	growth->want_ns = sight->now_ns;
	growth->roomy_ns = 0;
}
