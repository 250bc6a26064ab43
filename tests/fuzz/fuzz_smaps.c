// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Memory maps, in two pieces that are cut anywhere: regions add up to the total, and names end. */
#include "fuzz.h"

#include "identify/smaps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct smaps smaps;
	struct smaps_region region[HR_MAP_REGIONS], total;
	uint64_t resident = 0, swap = 0;
	size_t cut = n ? data[0] % n : 0, regions;

	smaps_begin(&smaps);
	smaps_add(&smaps, (const char *)data, cut);
	smaps_add(&smaps, (const char *)data + cut, n - cut);
	regions = smaps_end(&smaps, region, &total);
	if (regions > HR_MAP_REGIONS)
		abort();
	for (size_t i = 0; i < regions; i++) {
		resident += region[i].resident;
		swap += region[i].swap;
		if (region[i].kind >= HR_MAP_KINDS || strlen(region[i].name) >= SMAPS_NAME)
			abort();
	}
	if (resident != total.resident || swap != total.swap)
		abort();
	return 0;
}
