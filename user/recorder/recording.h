/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Builds a recording in memory: takes frames, returns a reader. */
#ifndef HEADROOM_RECORDER_RECORDING_H
#define HEADROOM_RECORDER_RECORDING_H

#include "board/frame_codec.h"

struct recording {
	int fd; /* memfd; -1: none yet */
	uint64_t bytes;
	uint32_t frames;
	struct frame last; /* content of the last frame */
};

int recording_begin(struct recording *rec);
/* Appends a frame and takes its content; leaves `frame` empty, with the buffers of an older one. */
int recording_add(struct recording *rec, struct frame *frame, uint64_t time_ns);
/* A reader of all frames, under a name for messages. Takes ownership of the memory. */
int recording_open(struct recording *rec, const char *name, struct hr_reader **ret_reader);
void recording_done(struct recording *rec);

#endif
