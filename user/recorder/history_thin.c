// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "history_thin.h"

#include <stdbool.h>
#include <stddef.h>

#define SHARE      1024 /* of the limit: what a value may be off */
#define RISK_LEAST 2000 /* hundredths of a per cent: from here every point stays as it is */

static bool near(uint32_t a, uint32_t b, uint32_t most)
{
	if (a == HR_UNKNOWN_U32 || b == HR_UNKNOWN_U32)
		return a == b;
	return (a > b ? a - b : b - a) <= most;
}

/* From the newest on: a point that is near the last one kept becomes as that one was. */
static void thin(struct hr_point *ring, uint32_t size, uint32_t count, uint32_t most)
{
	const struct hr_point *kept = NULL;

	for (uint32_t k = 0; k < size && k < count; k++) {
		struct hr_point *p = &ring[(count - 1 - k) % size];

		if (!kept || !near(p->usage_kib, kept->usage_kib, most) ||
		    !near(p->unreclaimable_kib, kept->unreclaimable_kib, most) ||
		    !near(p->headroom_kib, kept->headroom_kib, most)) {
			kept = p;
			continue;
		}
		p->usage_kib = kept->usage_kib;
		p->unreclaimable_kib = kept->unreclaimable_kib;
		p->headroom_kib = kept->headroom_kib;
	}
}

void history_thin(struct hr_slot *slot)
{
	uint64_t whole = slot->binding.limit, usage = slot->memory.usage;
	const struct hr_forecast *forecast = &slot->forecast;

	if (forecast->alarm ||
	    (forecast->risk_centi >= RISK_LEAST && forecast->risk_centi != UINT16_MAX))
		return;
	if (slot->binding.level != HR_LEVEL_OWN || whole == HR_UNKNOWN)
		whole = usage == HR_UNKNOWN ? 0 : usage;
	whole = (whole >> 10) / SHARE;
	whole = whole < UINT32_MAX ? whole : UINT32_MAX - 1;
	thin(slot->history.fine, HR_FINE, slot->history.fine_count, (uint32_t)whole);
	thin(slot->history.coarse, HR_COARSE, slot->history.coarse_count, (uint32_t)whole);
}
