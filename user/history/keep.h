/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The store's one writer: takes pictures and events off a board, thins what is old, and holds the bound. Each call is one
 * transaction or several whole ones; killed at any moment, what was committed is there. Never prints; the guard never
 * notices it, since it reads the board as everybody does.
 *
 * Life: keeper_open, then keeper_events and keeper_picture as it comes, keeper_tidy now and then, keeper_close. After
 * -EBADMSG the file is damaged: keeper_renew. After any other failure nothing of that call is kept, and it may be tried
 * again.
 */
#ifndef HEADROOM_HISTORY_KEEP_H
#define HEADROOM_HISTORY_KEEP_H

#include <headroom/reader.h>
#include "store.h"

#define KEEP_LEAST_BYTES (4ULL << 20)
#define KEEP_MOST_BYTES (256ULL << 20) /* by default */
#define KEEP_NOTE 512

enum keep_why { KEEP_MINUTE, KEEP_INCIDENT }; /* why a picture was taken */

struct keeper;

/* 0, or -errno with a line in `note`: -EBUSY another recorder writes there, -EPROTO it is somebody else's file,
 * -EPROTONOSUPPORT a newer headroom's. `note` may also say on success that a damaged file was moved aside; else it is
 * empty. path NULL: store_path(). */
int keeper_open(const char *path, uint64_t most_bytes, struct keeper **ret_keeper,
		char note[KEEP_NOTE]);
/* Moves the damaged file aside, begins anew, and saves over what can be read. 0, or -errno: all calls then say
 * -EBADMSG until another keeper_renew succeeds. A line in `note` either way. */
int keeper_renew(struct keeper *k, char note[KEEP_NOTE]);
void keeper_close(struct keeper *k); /* takes NULL */
const char *keeper_path(const struct keeper *k);

struct keep_news { /* what a look at the events brought */
	uint32_t events;
	uint64_t missed; /* went by unseen, as far as it can be counted */
	bool incident; /* one of them makes what is around it worth keeping */
};

/* The events that came since the last call, or since another recorder's last. */
void keeper_new_board(struct keeper *k); /* the reader was opened again */
int keeper_events(struct keeper *k, struct hr_reader *board, struct keep_news *ret_news);

/* Everything on the board, as it is now. Near an incident it is frozen at once. -EAGAIN: the board
 * can't be read at the moment. -EBUSY: somebody has been reading the
 * store for so long that its log can't be emptied. */
int keeper_picture(struct keeper *k, struct hr_reader *board, enum keep_why why);

/* Seconds since the newest picture that is kept, by the wall clock; UINT64_MAX: none, or it is in the future. */
uint64_t keeper_picture_age_s(struct keeper *k);

/* Thins by age; a bounded amount of work. */
int keeper_tidy(struct keeper *k);

#endif
