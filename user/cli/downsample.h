/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Usage of one container, or the host, over a whole recording: one point per snapshot, thinned out. */
#ifndef HEADROOM_CLI_DOWNSAMPLE_H
#define HEADROOM_CLI_DOWNSAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/reader.h>
#include "format/history.h"

#define DOWNSAMPLE_POINTS 480 /* several for each dot of the plot */

struct downsample {
	bool host;
	uint64_t cgroup_id; /* unless host */
	uint64_t instance;  /* of the board that the times of the points refer to */
	size_t n;
	uint64_t stride, seen; /* every stride-th snapshot is kept; 0: not begun */
	struct hr_point point[DOWNSAMPLE_POINTS + HISTORY_POINTS];
};

/* Adds the reader's present snapshot. */
void downsample_add(struct downsample *downsample, struct hr_reader *reader);
/* At the end: the slot's own history replaces the snapshots of that time. */
void downsample_end(struct downsample *downsample, const struct hr_history *history);

#endif
