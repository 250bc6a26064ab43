/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The flight recorder's store, for those who read it: pictures and events of the past, handed over as a recording in
 * memory, so that whatever reads a recording reads history with the same calls. Never writes to the store; a recorder
 * may be writing it meanwhile.
 *
 *	struct hr_reader *r;
 *	char error[STORE_ERROR];
 *	if (store_pictures(NULL, noon, noon + 300 * NS_PER_S, &r, error) == 0) {
 *		while (hr_reader_next_frame(r) == 0)
 *			…
 *		hr_reader_close(r);
 *	}
 *
 * Times are wall times in ns, both ends included; UINT64_MAX as `to`: up to the newest. `path` NULL: store_path().
 * The caller closes the reader. Failure leaves one line for a person in `error` (it says what to do), and returns
 *	-ENOENT	  no store there: nobody has recorded
 *	-ENODATA  nothing is kept of that time
 *	-EBADMSG  damaged, and nothing of that time can be read from it
 *	-EPROTONOSUPPORT another version's
 *	other -errno of opening and reading, such as -EACCES
 * What is damaged in part is read as far as it goes: the pictures that can't be read are missing.
 */
#ifndef HEADROOM_RECORDER_STORE_H
#define HEADROOM_RECORDER_STORE_H

#include <headroom/reader.h>

#define STORE_FOLDER "/var/lib/headroom"
#define STORE_PATH   STORE_FOLDER "/history.db"
#define STORE_ERROR  256

/* $HEADROOM_HISTORY, else $STATE_DIRECTORY/history.db (systemd sets it for its services), else STORE_PATH. Static
 * storage. */
const char *store_path(void);

/* The pictures that were taken in that time, and the last one before it (none after `to`): each a key frame of all
 * containers, under the wall time it was taken at. Its events are those since the picture before it; the first frame
 * has none from before `from`. Where only events of that time are kept, as store_events(). */
int store_pictures(const char *path, uint64_t from_ns, uint64_t to_ns,
		   struct hr_reader **ret_reader, char error[STORE_ERROR]);

/* The events of that time alone, oldest first: frames with header and host but without slots, one for each instance
 * of the board (seq counts within an instance). */
int store_events(const char *path, uint64_t from_ns, uint64_t to_ns, struct hr_reader **ret_reader,
		 char error[STORE_ERROR]);

#endif
