/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Shared memory and tmpfs that outlived the containers that filled them: of the limit's owner, what none of the cgroups
 * below it has. The charge stays with a removed cgroup (v1, and v2 before 7.0) or moves to its parent; either way it is in
 * the shmem of every cgroup above, and in none that runs.
 */
#ifndef HEADROOM_FORMAT_OUTLIVED_H
#define HEADROOM_FORMAT_OUTLIVED_H

#include <stdbool.h>
#include <headroom/board.h>
#include "base/strbuf.h"

struct outlived {      /* all bytes; zeroed with left = HR_UNKNOWN at the start */
	uint64_t left; /* shmem of the owner that no running cgroup below it has; HR_UNKNOWN */
	uint64_t owner, children;
	uint64_t filled;  /* that much … */
	char filler[160]; /* … had this ended cgroup, the one with most, at its end; "" */
};

/* Each slot of one picture, in any order; then the end. `owner`: the id of the cgroup with the limit, not 0. */
void outlived_see(struct outlived *o, uint64_t owner, const struct hr_slot *slot);
void outlived_end(struct outlived *o);

/* Whether that is worth a word: at least a tenth of the limit; both known. */
bool outlived_notable(uint64_t left, uint64_t limit);
/* "50 MiB of shared memory or tmpfs … remain from containers that have ended; NAME had …" */
void outlived_text(struct line *to, uint64_t left, const char *filler, uint64_t filled);

#endif
