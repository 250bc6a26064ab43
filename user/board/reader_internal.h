/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The reader's inside, for this room only. A live board is read with pread, not mapped: a file that
 * somebody truncates is then a short read, not a SIGBUS, and what was copied can no longer change.
 */
#ifndef HEADROOM_BOARD_READER_INTERNAL_H
#define HEADROOM_BOARD_READER_INTERNAL_H

#include <sys/types.h>
#include <headroom/reader.h>

#include "layout.h"

struct frames; /* a recording's, frames.c */

struct cursor { /* in one ring */
	uint64_t pos;
	uint64_t seq; /* of the record at pos; 0: not looked at yet, or none */
	uint32_t bytes;
};

struct hr_reader {
	char *path;
	int fd;
	bool is_default; /* nobody named the path: the owner must be trusted */
	dev_t dev;
	ino_t ino;
	struct hr_board_header header; /* constants are sound; live words as last seen */
	uint64_t torn;

	struct cursor cursor[HR_RINGS];
	uint64_t next_seq;   /* of the event that comes next */
	uint64_t count_from; /* a missing event with a lower seq was gone before we began */
	int early_ring;      /* the one that may have events below count_from */
	uint64_t missed;
	bool lapped; /* there */

	struct frames *frames; /* NULL: a live board */
};

/* Sets what hr_reader_error() tells, and returns `error`. */
__attribute__((format(printf, 2, 3))) int reader_fail(int error, const char *format, ...);

/* Whole or not at all: -EIO where the file ends too early. */
int reader_pread(int fd, void *to, size_t bytes, uint64_t at);
/* A fresh look at the header into r->header. -EIO: it cannot be read any more, or is no longer what
 * it was. */
int reader_look(struct hr_reader *r);
/* If another file has taken the board's name: opens it. True if it did. */
bool reader_follow(struct hr_reader *r);
/* No string without its end, whatever the board holds. */
void reader_end_slot(struct hr_slot *slot);

int live_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes);
void live_seek_event(struct hr_reader *r, uint64_t seq);

/* Takes over nothing but r->fd's content; r->header is set by the first frame. */
int frames_open(struct hr_reader *r, uint64_t file_bytes);
void frames_free(struct frames *frames);
void frames_header(const struct frames *frames, struct hr_board_header *ret_header);
int frames_host(const struct frames *frames, struct hr_host *ret_host);
int frames_slot(const struct frames *frames, uint32_t *index, struct hr_slot *ret_slot);
int frames_next_event(struct hr_reader *r, struct hr_event *buf);
void frames_seek_event(struct frames *frames, uint64_t seq);
int frames_next(struct hr_reader *r);
int frames_seek(struct hr_reader *r, uint64_t time_ns);
/* Where the last whole frame ends in the file. */
uint64_t frames_end(const struct frames *frames);
uint64_t frames_time(const struct frames *frames);

#endif
