/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A recording in memory under construction: pictures in, a reader out. */
#ifndef HEADROOM_RECORDER_RECORDING_H
#define HEADROOM_RECORDER_RECORDING_H

#include "board/frame_codec.h"

struct recording {
	int fd; /* of memory; -1: none yet */
	uint64_t bytes;
	uint32_t frames;
	struct frame last; /* what the last frame shows */
};

int recording_begin(struct recording *rec);
/* One frame more; its content moves into the recording, `picture` is left empty with the room of an older one. */
int recording_add(struct recording *rec, struct frame *picture, uint64_t time_ns);
/* A reader of all that was added, under a name for messages. The recording is then done with. */
int recording_open(struct recording *rec, const char *name, struct hr_reader **ret_reader);
void recording_done(struct recording *rec);

#endif
