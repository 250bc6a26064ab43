/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Reads the recorder's store: returns snapshots and events of a time range as a recording in memory, so that programs
 * read history with the same calls as a recording. Never writes to the store; a recorder may write it concurrently.
 *
 *	struct hr_reader *r;
 *	char error[STORE_ERROR];
 *	if (store_snapshots(NULL, noon, noon + 300 * NS_PER_S, &r, error) == 0) {
 *		while (hr_reader_next_frame(r) == 0)
 *			…
 *		hr_reader_close(r);
 *	}
 *
 * Times are wall times in ns, both ends included; UINT64_MAX as `to`: up to the newest. `path` NULL: store_path().
 * The caller closes the reader. A failure puts one line into `error`, with what to do, and returns
 *	-ENOENT	  no store: no recorder has run
 *	-ENODATA  no data for this time range
 *	-EBADMSG  damaged, and no data of this time range is readable
 *	-EPROTONOSUPPORT made by another version
 *	other -errno of opening and reading, such as -EACCES
 * Of a damaged store, returns the readable part; unreadable snapshots are missing.
 */
#ifndef HEADROOM_RECORDER_STORE_H
#define HEADROOM_RECORDER_STORE_H

#include <headroom/reader.h>

#define STORE_DIR   "/var/lib/headroom"
#define STORE_PATH  STORE_DIR "/history.db"
#define STORE_ERROR 256

/* $HEADROOM_HISTORY, else $STATE_DIRECTORY/history.db (systemd sets it for its services), else STORE_PATH. Static
 * storage. */
const char *store_path(void);

/* The snapshots of the time range, and the last one before it: each a key frame of all containers, with the wall time at
 * which it was taken. A frame's events are those since the snapshot before it; the first frame has none from before `from`.
 * If the store has only events of this range, as store_events(). */
int store_snapshots(const char *path, uint64_t from_ns, uint64_t to_ns,
		    struct hr_reader **ret_reader, char error[STORE_ERROR]);

/* Only the events of the time range, oldest first: frames with header and host but without slots, one for each instance of
 * the board (seq counts within an instance). */
int store_events(const char *path, uint64_t from_ns, uint64_t to_ns, struct hr_reader **ret_reader,
		 char error[STORE_ERROR]);

#endif
