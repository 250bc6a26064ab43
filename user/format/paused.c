// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* In a file of its own: what links the rest of the snapshot does not read cgroups. */
#include <errno.h>

#include "base/cleanup.h"
#include "cgroup/frozen.h"
#include "snapshot.h"

void snapshot_paused(const struct snapshot *s, struct hr_slot *slots, size_t n)
{
	_cleanup_(frozen_close) struct frozen_look look = {-1, -1, -1, -1, false};

	if (s->recording || s->health || snapshot_is_fleet(s) || frozen_open("", &look))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *path = hr_slot_text(&slots[i], slots[i].id.cgroup);
		int r = path && !slot_gone(&slots[i])
				? frozen_cgroup(&look, path, slots[i].cgroup_id)
				: -ENOENT;

		if (r >= 0)
			slots[i].flags |= HR_SLOT_PAUSED_KNOWN | (r ? HR_SLOT_PAUSED : 0);
	}
}
