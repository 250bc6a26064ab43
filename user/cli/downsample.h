/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How full one container, or the host, was over a whole recording: a point a picture, thinned out as they become many. */
#ifndef HEADROOM_CLI_DOWNSAMPLE_H
#define HEADROOM_CLI_DOWNSAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/reader.h>
#include "format/history.h"

#define DOWNSAMPLE_POINTS 480 /* several for each dot of the plot */

struct downsample {
	bool host;
	uint64_t cgroup_id; /* where it is not the host */
	uint64_t
		instance; /* of the board whose clock the points are of: another one's begin anew */
	size_t n;
	uint64_t stride, seen; /* every stride-th picture is kept; 0: not begun */
	struct hr_point point[DOWNSAMPLE_POINTS + HISTORY_POINTS];
};

/* Adds what the picture that the reader stands at says. */
void downsample_add(struct downsample *downsample, struct hr_reader *reader);
/* In the end: what a slot itself remembers takes the place of the pictures of that time. */
void downsample_end(struct downsample *downsample, const struct hr_history *history);

#endif
