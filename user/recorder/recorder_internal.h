/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the writer's files share. */
#ifndef HEADROOM_RECORDER_RECORDER_INTERNAL_H
#define HEADROOM_RECORDER_RECORDER_INTERNAL_H

#include <limits.h>

#include "board/frame_codec.h"
#include "db.h"
#include "writer.h"

#define PART_SLOTS      64u /* what the recorder holds of a picture at a time: 256 KiB, twice */
#define EVENTS_ROW      (128u << 10) /* raw bytes of one ring's records in a row, at most */
#define FREEZE_BEFORE_S (10 * 60)
#define FREEZE_AFTER_S  (5 * 60)

struct recorder_writer {
	char *path;
	int lock_fd;
	sqlite3 *db;
	uint64_t most_bytes;
	int64_t at_base; /* seconds of recording when we opened */
	uint64_t mono_base_ns;
	int64_t frozen_until;          /* at_s */
	uint64_t instance, next_seq;   /* the event that comes next; next_seq 0: the oldest */
	bool seek;                     /* the reader's cursor does not stand there */
	uint64_t picture_bytes;        /* of the last one */
	uint64_t ring_bytes[HR_RINGS]; /* kept of each ring */
	struct frame part;
	unsigned char *scratch;           /* PART_SLOTS slots */
	unsigned char *records[HR_RINGS]; /* EVENTS_ROW each */
};

int64_t writer_now(const struct recorder_writer *k); /* at_s */
int writer_begin(struct recorder_writer *k);
int writer_end(struct recorder_writer *k,
	       int r); /* commits where r is 0, else takes all back; r, or the commit's failure */

/* space.c. Room for about so many bytes more: the bound, the disk, the log. */
int space_make(struct recorder_writer *k, uint64_t bytes);
int space_bound_events(struct recorder_writer *k);
/* After the file was opened: down to its bound, which may have become smaller. */
int space_fit(struct recorder_writer *k);
/* Gives unused pages back to the disk where they are many. */
int space_shrink(struct recorder_writer *k);
int space_drop_picture(struct recorder_writer *k, int64_t id);
/* The log into the file, so that it stays small; nothing where somebody reads. */
void space_empty_log(struct recorder_writer *k);

#define WORD_DAMAGED "damaged"
#define WORD_OLD     "old"
/* aside.c. Moves a file that can't be written any more to PATH.WORD-TIME, log and all. */
int aside_move(const char *path, const char *word, char ret_aside[PATH_MAX]);
/* What can be read of it into a store. Counts, for a line. */
struct salvaged {
	uint32_t pictures, events, incidents, damaged; /* events: rows */
};
int aside_salvage(struct recorder_writer *k, const char *aside, struct salvaged *ret_salvaged);
/* What was moved aside counts for the bound: its bytes; and giving up the oldest of it (false: there is none). */
uint64_t aside_bytes(const char *path);
bool aside_give_up(const char *path);

#endif
