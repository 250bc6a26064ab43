/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The store's one writer: takes pictures and events off a board, thins what is old, and holds the bound. Each call is one
 * transaction or several whole ones; killed at any moment, what was committed is there. Never prints; the guard never
 * notices it, since it reads the board as everybody does.
 *
 * Life: writer_open, then writer_events and writer_picture as it comes, writer_tidy now and then, writer_close. After
 * -EBADMSG the file is damaged: writer_renew. After any other failure nothing of that call is kept, and it may be tried
 * again.
 */
#ifndef HEADROOM_RECORDER_WRITER_H
#define HEADROOM_RECORDER_WRITER_H

#include <headroom/reader.h>
#include "store.h"

#define KEEP_LEAST_BYTES (4ULL << 20)
#define KEEP_MOST_BYTES  (256ULL << 20) /* by default */
#define KEEP_NOTE        512

enum keep_reason { KEEP_MINUTE, KEEP_INCIDENT }; /* why a picture was taken */

struct recorder_writer;

/* 0, or -errno with a line in `note`: -EBUSY another recorder writes there, -EPROTO it is somebody else's file,
 * -EPROTONOSUPPORT a newer headroom's. `note` may also say on success that a damaged file was moved aside; else it is
 * empty. path NULL: store_path(). */
int writer_open(const char *path, uint64_t most_bytes, struct recorder_writer **ret_writer,
		char note[KEEP_NOTE]);
/* Moves the damaged file aside, begins anew, and saves over what can be read. 0, or -errno: all calls then say
 * -EBADMSG until another writer_renew succeeds. A line in `note` either way. */
int writer_renew(struct recorder_writer *k, char note[KEEP_NOTE]);
void writer_close(struct recorder_writer *k); /* takes NULL */
const char *writer_path(const struct recorder_writer *k);

struct keep_news { /* what a look at the events brought */
	uint32_t events;
	uint64_t missed; /* went by unseen, as far as it can be counted */
	bool incident;   /* one of them makes what is around it worth keeping */
};

/* The events that came since the last call, or since another recorder's last. */
void writer_new_board(struct recorder_writer *k); /* the reader was opened again */
int writer_events(struct recorder_writer *k, struct hr_reader *board, struct keep_news *ret_news);

/* Everything on the board, as it is now. Near an incident it is frozen at once. -EAGAIN: the board
 * can't be read at the moment. -EBUSY: somebody has been reading the
 * store for so long that its log can't be emptied. */
int writer_picture(struct recorder_writer *k, struct hr_reader *board, enum keep_reason reason);

/* Seconds since the newest picture that is kept, by the wall clock; UINT64_MAX: none, or it is in the future. */
uint64_t writer_picture_age_s(struct recorder_writer *k);

/* Thins by age; a bounded amount of work. */
int writer_tidy(struct recorder_writer *k);

#endif
