/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The only writer of a store: copies snapshots and events from a board, deletes old snapshots, and keeps the quota. Each call
 * is one or more complete transactions: a kill at any moment loses nothing that was committed. Never prints. An ordinary
 * reader of the board: it cannot delay the daemon.
 *
 * Use: writer_open, then writer_events and writer_snapshot when due, writer_prune periodically, writer_close. After -EBADMSG the
 * file is damaged: call writer_renew. After any other failure nothing of the call is stored, and it may be retried.
 */
#ifndef HEADROOM_RECORDER_WRITER_H
#define HEADROOM_RECORDER_WRITER_H

#include <headroom/reader.h>
#include "store.h"

#define STORE_MIN_BYTES     (4ULL << 20)
#define STORE_DEFAULT_BYTES (256ULL << 20) /* the default quota */
#define WRITER_NOTE         512

enum snapshot_reason { SNAPSHOT_MINUTE, SNAPSHOT_INCIDENT }; /* why a snapshot was taken */

struct recorder_writer;

/* 0, or -errno with a line in `note`: -EBUSY another recorder has the store, -EPROTO not a store, -EPROTONOSUPPORT made by a
 * newer version. On success `note` is empty, or says that an unusable file was moved aside. path NULL: store_path(). */
int writer_open(const char *path, uint64_t most_bytes, struct recorder_writer **ret_writer,
		char note[WRITER_NOTE]);
/* Moves the damaged file aside, creates a new store, and copies the readable rows. 0, or -errno: all calls then return
 * -EBADMSG until writer_renew succeeds. A line in `note` either way. */
int writer_renew(struct recorder_writer *w, char note[WRITER_NOTE]);
void writer_close(struct recorder_writer *w); /* takes NULL */
const char *writer_path(const struct recorder_writer *w);

struct events_stored { /* result of writer_events() */
	uint32_t events;
	uint64_t missed; /* overwritten before they were read, as far as known */
	bool incident;   /* one is an incident: the snapshots around it are kept */
};

/* Stores the events since the last call, or since the last event of an earlier recorder. */
void writer_new_board(struct recorder_writer *w); /* call after reopening the reader */
int writer_events(struct recorder_writer *w, struct hr_reader *board,
		  struct events_stored *ret_stored);

/* Stores a snapshot of the board; near an incident it is frozen. -EAGAIN: the board cannot be read at the moment. -EBUSY: a
 * reader of the store blocks the checkpoint of its full log. */
int writer_snapshot(struct recorder_writer *w, struct hr_reader *board,
		    enum snapshot_reason reason);

/* Seconds since the newest stored snapshot, by the wall clock; UINT64_MAX: none, or in the future. */
uint64_t writer_snapshot_age_s(struct recorder_writer *w);

/* Deletes snapshots by age; a bounded amount of work. */
int writer_prune(struct recorder_writer *w);

#endif
