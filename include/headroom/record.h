/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Recordings: the board, frame by frame, in a file that only grows. Read one with reader.h, with
 * the same calls.
 *
 *   struct hr_record_header | frame | frame | …
 *   frame: struct hr_frame_header | zlib stream of `packed_bytes` bytes, `raw_bytes` unpacked:
 *          struct hr_frame_body | uint32_t index[slot_count] | zeros up to 8 bytes
 *          | struct hr_slot[slot_count] | events (struct hr_event, those since the previous frame)
 *
 * The first and every HR_FRAMES_PER_KEYth frame is a key frame. In the others header, host and each
 * slot are XORed with the previous frame (a slot that it did not have counts as zeros); index and
 * events never are. Times in a frame are as its reader returned them (clock_step_ns is 0); where
 * created_ns of the same instance differs between frames, the wall clock was set in between, and the
 * reader moves the times of the earlier frames by the difference. A frame is written by one write: a truncated last one is detected by its
 * length, other damage by the CRC.
 */
#ifndef HEADROOM_RECORD_H
#define HEADROOM_RECORD_H

#include <stdbool.h>
#include "board.h"
#include "reader.h"

#define HR_RECORD_MAGIC   "HRREC\0\0" /* with its own NUL: 8 bytes */
#define HR_RECORD_VERSION 2u
#define HR_FRAME_MAGIC    0x4d415246u /* "FRAM", little endian */
#define HR_FRAMES_PER_KEY 60u

struct hr_record_header {
	char magic[8];
	uint32_t version;       /* HR_RECORD_VERSION */
	uint32_t board_version; /* HR_BOARD_VERSION of what the frames hold */
	uint32_t header_bytes;  /* of this struct: offset of the first frame */
	uint32_t board_header_bytes, host_bytes, slot_bytes;
	uint64_t created_ns; /* wall time */
	uint64_t reserved[2];
};

enum hr_frame_kind { HR_FRAME_KEY = 1, HR_FRAME_DELTA };

struct hr_frame_header {
	uint32_t magic;   /* HR_FRAME_MAGIC */
	uint32_t kind;    /* enum hr_frame_kind */
	uint64_t time_ns; /* wall time of the snapshot */
	uint32_t raw_bytes, packed_bytes;
	uint32_t crc;      /* zlib's crc32 of this header with crc = 0, then of the packed bytes */
	uint32_t reserved; /* 0; the recorder's store has a use for it */
	uint64_t instance, created_ns; /* of the board, as in the body */
};

struct hr_frame_body {
	struct hr_board_header header;
	struct hr_host host;
	uint32_t slot_count;
	uint32_t events_bytes;
	uint64_t events_missed; /* events since the previous frame that were not recorded */
};

struct hr_recorder;

/* Begins a recording, or with `append` continues one (truncates an incomplete last frame first). 0
 * or -errno: -EEXIST without `append` if there is such a file; -EBUSY: another recorder holds it;
 * -EPROTO, -EPROTONOSUPPORT: `append`, but it is no recording or another version's. */
int hr_recorder_new(const char *path, bool append, struct hr_recorder **ret_recorder);

/* One frame of what the reader shows now. Uses the reader's event cursor: give the recorder a
 * reader of its own. -ENOSPC (or another -errno of write): the file is as before, with complete
 * frames; call again later, and only this snapshot is missing. -EAGAIN: the board could not be read
 * at the moment. */
int hr_recorder_frame(struct hr_recorder *recorder, struct hr_reader *reader);

/* The same with a given time instead of now (of a recording's reader: of the frame's own). */
int hr_recorder_frame_at(struct hr_recorder *recorder, struct hr_reader *reader, uint64_t time_ns);

uint64_t hr_recorder_bytes(const struct hr_recorder *recorder); /* of the file so far */
void hr_recorder_close(struct hr_recorder *recorder);           /* takes NULL */

#endif
