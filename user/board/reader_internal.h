/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The inside of a reader. reader.c opens a file, decides by its first bytes what it is, and hands
 * every call to one of two implementations: live_reader.c (with live_events.c) for a board,
 * recording_reader.c for a recording.
 *
 * Both read with pread, not mmap: a file that is truncated meanwhile is then a short read, not a
 * SIGBUS, and what was copied can no longer change.
 */
#ifndef HEADROOM_BOARD_READER_INTERNAL_H
#define HEADROOM_BOARD_READER_INTERNAL_H

#include <sys/types.h>
#include <headroom/reader.h>

#include "layout.h"

/* Results as include/headroom/reader.h states them. */
struct reader_ops {
	bool recording;
	/* Checks the content of r->fd; has called reader_fail() on failure. */
	int (*open)(struct hr_reader *r, uint64_t file_bytes);
	void (*close)(struct hr_reader *r); /* also after a failed open() */
	int (*health)(struct hr_reader *r, uint64_t *ret_age_ns);
	void (*header)(const struct hr_reader *r, struct hr_board_header *ret_header);
	int (*host)(struct hr_reader *r, struct hr_host *ret_host);
	int (*slot)(struct hr_reader *r, uint32_t *index, struct hr_slot *ret_slot);
	int (*next_event)(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes);
	int (*wait_event)(struct hr_reader *r, uint64_t timeout_ns);
	void (*seek_event)(struct hr_reader *r, uint64_t seq);
	int (*next_frame)(struct hr_reader *r);
	int (*seek_frame)(struct hr_reader *r, uint64_t time_ns);
	uint64_t (*frame_time)(const struct hr_reader *r);
};

extern const struct reader_ops live_reader_ops, recording_reader_ops;

struct cursor { /* in one ring */
	uint64_t pos;
	uint64_t seq; /* of the record at pos; 0: not read yet, or none */
	uint32_t bytes;
};

struct hr_reader {
	const struct reader_ops *ops;
	char *path;
	int fd;
	bool is_default; /* the path is a default one: the file's owner must be trusted */
	dev_t dev;
	ino_t ino;
	struct hr_board_header header; /* constants are sound; variable words as last read */
	uint64_t torn;
	uint64_t missed, missed_in[HR_RINGS];

	/* of a board */
	struct cursor cursor[HR_RINGS];
	uint64_t next_seq; /* of the event that comes next */
	uint64_t seen_seq; /* the header's last_seq when next_event had no more */
	void *futex_page; /* the first page of the file, mapped to wait by; never read. NULL: not yet */
	uint64_t count_from; /* a missing event with a lower seq was overwritten before we began */
	int early_ring;      /* the one that may have events below count_from */
	bool lapped;         /* in early_ring */
	unsigned int
		lapped_rings; /* a bit per ring that was lapped, until its next event is read */

	struct recording *recording; /* of a recording */
};

/* Sets the text of hr_reader_error(), and returns `error`. */
__attribute__((format(printf, 2, 3))) int reader_fail(int error, const char *format, ...);
/* All bytes or an error: -EIO where the file ends too early. */
int reader_pread(int fd, void *to, size_t bytes, uint64_t at);
/* Opens what has r's path now; leaves the text of hr_reader_error() as it is. */
int reader_open_again(const struct hr_reader *r, struct hr_reader **ret_reader);
/* Terminates every string of a slot. */
void reader_end_slot(struct hr_slot *slot);

/* live_reader.c, for live_events.c. Reads the header again into r->header. -EIO: it cannot be read
 * any more, or the file is another board. */
int live_update(struct hr_reader *r);
/* If another file has taken the board's name: opens it. True if it did. */
bool live_follow(struct hr_reader *r);
/* live_events.c, for live_reader.c */
int live_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes);
void live_seek_event(struct hr_reader *r, uint64_t seq);
int live_wait_event(struct hr_reader *r, uint64_t timeout_ns);
void live_wait_done(struct hr_reader *r);

/* recording_reader.c: where the last complete frame ends in the file. */
uint64_t recording_end(const struct hr_reader *r);

#endif
