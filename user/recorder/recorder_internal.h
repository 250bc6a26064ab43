/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shared by the files of the writer. */
#ifndef HEADROOM_RECORDER_RECORDER_INTERNAL_H
#define HEADROOM_RECORDER_RECORDER_INTERNAL_H

#include <limits.h>

#include "board/frame_codec.h"
#include "db.h"
#include "key_parts.h"
#include "writer.h"

#define EVENTS_ROW      (128u << 10) /* maximum raw bytes of one ring's records in a row */
#define FREEZE_BEFORE_S (10 * 60)
#define FREEZE_AFTER_S  (5 * 60)

struct recorder_writer {
	char *path;
	int lock_fd;
	sqlite3 *db;
	uint64_t most_bytes;
	int64_t at_base; /* seconds of recording at writer_open() */
	uint64_t mono_base_ns;
	int64_t frozen_until;        /* at_s */
	uint64_t instance, next_seq; /* of the next event to read; next_seq 0: the oldest */
	bool seek;                   /* the reader is not at next_seq: seek first */
	uint64_t clock_instance,
		clock_created_ns;      /* by which clock the rows are; 0: not known yet */
	uint64_t snapshot_bytes;       /* of the last snapshot */
	uint64_t ring_bytes[HR_RINGS]; /* stored of each ring */
	uint64_t board_instance;       /* the row of this board is stored … */
	int64_t board_at_s;            /* … since then */
	struct frame part;
	struct part_keys keys;
	unsigned char *scratch;           /* PART_SLOTS slots */
	unsigned char *records[HR_RINGS]; /* EVENTS_ROW each */
};

int64_t writer_now(const struct recorder_writer *w); /* at_s */
int writer_begin(struct recorder_writer *w);
/* Commits if r is 0, else rolls back. Returns r, or the error of the commit. */
int writer_end(struct recorder_writer *w, int r);

/* Before anything of a board is stored: moves its rows if the wall clock was set. */
int writer_follow_clock(struct recorder_writer *w, const struct hr_board_header *header);

/* quota.c. Frees space for about so many bytes: in the quota, on the disk, in the write-ahead log. */
int quota_make_space(struct recorder_writer *w, uint64_t bytes);
int quota_limit_events(struct recorder_writer *w);
/* After opening the file: applies the quota, which may be smaller than before. */
int quota_apply(struct recorder_writer *w);
/* Returns unused pages to the file system if they are many. */
int quota_shrink_file(struct recorder_writer *w);
int quota_drop_snapshot(struct recorder_writer *w, int64_t id);
/* Moves the write-ahead log into the file; skips pages that a reader still needs. */
void quota_checkpoint(struct recorder_writer *w);

#define QUARANTINE_DAMAGED "damaged"
#define QUARANTINE_OLD     "old"
/* quarantine.c. Moves a file that cannot be written, with its log, to PATH.WORD-TIME. */
int quarantine_move(const char *path, const char *word, char ret_path[PATH_MAX]);
/* Copies the readable rows into the new store. Counts for the message. */
struct recovered {
	uint32_t snapshots, events, incidents, damaged; /* events: rows */
};
int quarantine_recover(struct recorder_writer *w, const char *aside,
		       struct recovered *ret_recovered);
/* Bytes of quarantined damaged files, which count for the quota; and deletion of the oldest (false: there is none). */
uint64_t quarantine_bytes(const char *path);
bool quarantine_drop_oldest(const char *path);

#endif
