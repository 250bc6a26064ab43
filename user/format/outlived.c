// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* outlived.h: what explain and reports say of it, found and worded once. */
#include "outlived.h"

#include "display_name.h"

#define SHARE 10 /* a part in so many of the limit */

static bool known(uint64_t x) { return x != HR_UNKNOWN; }

void outlived_see(struct outlived *o, uint64_t owner, const struct hr_slot *slot)
{
	uint64_t shmem = slot->memory.shmem;
	struct record_text from = record_text_slot(slot);

	if (!owner || !known(shmem))
		return;
	/* an owner that runs processes may hold it itself */
	if (slot->cgroup_id == owner && slot->state == HR_SLOT_RUNNING &&
	    !(slot->flags & HR_SLOT_HAS_TASKS)) {
		o->owner = shmem;
		o->left = 0;
	} else if (slot->parent_id == owner && slot->state == HR_SLOT_RUNNING) {
		o->children += shmem;
	} else if (slot->parent_id == owner && slot->state == HR_SLOT_GONE && shmem > o->filled) {
		o->filled = shmem;
		identity_label(&from, &slot->id, slot->cgroup_id, o->filler, sizeof(o->filler));
	}
}

void outlived_end(struct outlived *o)
{
	if (known(o->left))
		o->left = o->owner > o->children ? o->owner - o->children : 0;
}

bool outlived_notable(uint64_t left, uint64_t limit)
{
	return known(left) && known(limit) && left && left >= limit / SHARE;
}

void outlived_text(struct line *to, uint64_t left, const char *filler, uint64_t filled)
{
	line_add_bytes(to, "", left,
		       " of shared memory or tmpfs (an emptyDir, /dev/shm, System V) remain from "
		       "containers that have ended");
	if (*filler) {
		line_add(to, "; %s", filler);
		line_add_bytes(to, " had ", filled, " of it at its end");
	}
	line_add(to, ". No container below this limit holds it, and killing one does not free it: "
		     "remove the files, or the volume.");
}
