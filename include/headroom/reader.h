/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * libheadroom: read the board, or a recording of it, from any program. Nothing here writes, and
 * nothing but hr_reader_wait_event() blocks.
 *
 *	struct hr_reader *r;
 *	if (hr_reader_open(NULL, &r) == 0) {
 *		struct hr_slot slot;
 *		for (uint32_t i = 0; hr_reader_slot(r, &i, &slot) == 0; )
 *			printf("%s %" PRIu64 "\n", hr_slot_text(&slot, slot.id.name), slot.memory.headroom);
 *		hr_reader_close(r);
 *	}
 *
 * int functions return 0 or -errno; ret_ parameters stay untouched on failure:
 *	-ENOENT	  no such file: no daemon has run here
 *	-EACCES	  not permitted
 *	-EPROTO	  not a board or recording at all
 *	-EPROTONOSUPPORT another version; hr_reader_error() says which
 *	-EBADMSG  truncated or damaged (from next_event and next_frame: skipped; go on calling)
 *	-EIO	  the file cannot be read any more (it was truncated): open it again
 *	-ESTALE	  the daemon is dead (heartbeat older than HR_HEARTBEAT_DEAD_NS) or has stopped; the board can still be read
 *	-EINPROGRESS a daemon is starting: it has not swept yet, and what is on the board is an earlier daemon's, or nothing
 *	-EAGAIN	  the writer was changing the record in all retries (or nothing new); try again later
 *	-EOVERFLOW the reader was lapped; hr_reader_missed() counts the missed events; go on calling
 *	-ENODATA  no more
 * Thread safety: one reader, one thread.
 */
#ifndef HEADROOM_READER_H
#define HEADROOM_READER_H

#include <stdbool.h>
#include <stddef.h>
#include "board.h"
#include "event.h"

struct hr_reader;

/* Opens the board (path NULL: $HEADROOM_BOARD, /run/headroom/board, else /dev/shm/headroom/board),
 * or a recording: decided by the file's content. The caller closes. A dead daemon is no failure
 * here: see hr_reader_health(). */
int hr_reader_open(const char *path, struct hr_reader **ret_reader);
void hr_reader_close(struct hr_reader *r); /* takes NULL */

/* One line for a person about the last failure of open (static or thread-local storage, never
 * NULL): what, where, what to do. */
const char *hr_reader_error(void);

bool hr_reader_is_recording(const struct hr_reader *r);
const char *hr_reader_path(const struct hr_reader *r);

/* 0 if the daemon is alive (always 0 for a recording); -EINPROGRESS while it starts, for two minutes
 * at most; -ESTALE otherwise. With its last heartbeat's age in ret_age_ns (may be NULL). When the file was replaced by a grown one it is opened again
 * first. */
int hr_reader_health(struct hr_reader *r, uint64_t *ret_age_ns);

/* Copies the header's constant part and its variable words. */
void hr_reader_header(const struct hr_reader *r, struct hr_board_header *ret_header);
int hr_reader_host(struct hr_reader *r, struct hr_host *ret_host);

/* The next slot in use (running or gone) at or after *index; *index is moved past it. -ENODATA at
 * the end. A slot that stays torn for all retries is skipped (and counted: hr_reader_torn()). */
int hr_reader_slot(struct hr_reader *r, uint32_t *index, struct hr_slot *ret_slot);
uint64_t hr_reader_torn(const struct hr_reader *r);

/* Events in order of seq, merged from both rings. `buf` takes at least HR_EVENT_MAX_BYTES. Starts
 * with the oldest that the board still holds; hr_reader_seek_event() moves to the first with seq >=
 * seq (0: oldest; UINT64_MAX: after the newest). -ENODATA when there is none yet; -EOVERFLOW once
 * after being lapped. */
int hr_reader_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes);
/* Waits until there may be an event that next_event had not when it last returned -ENODATA, at most for timeout_ns: 0; -ETIMEDOUT;
 * -EINTR by a signal; any other error at once, then the caller waits by itself. -EINVAL for a recording. Call next_event in any case: a
 * daemon does not wake each of very many readers, and none of a file that it has replaced. */
int hr_reader_wait_event(struct hr_reader *r, uint64_t timeout_ns);
void hr_reader_seek_event(struct hr_reader *r, uint64_t seq);
uint64_t hr_reader_missed(const struct hr_reader *r);
/* Those that may have been of types of this ring (hr_event_ring()): where it is unknown which ring
 * lost them, they count for both. */
uint64_t hr_reader_missed_in(const struct hr_reader *r, enum hr_ring ring);

/* Recordings only: frames are complete snapshots of the board. Open positions before the first
 * frame: call next. Slots, host and header are the frame's; events are those since the frame before
 * it. -ENODATA at the end (call again: a recording may grow), -EBADMSG if this frame is damaged
 * (the next call continues at the next key frame, within a minute) or if the bytes after the last
 * complete frame are no frame; hr_reader_error() says where. -EINVAL for a live board. */
int hr_reader_next_frame(struct hr_reader *r);
int hr_reader_seek_frame(struct hr_reader *r,
			 uint64_t time_ns); /* the last frame at or before it, else the first */
uint64_t hr_reader_frame_time(const struct hr_reader *r); /* wall time; for a live board: now */

/* Text of a record; NULL if unknown. Bounds-checked: a damaged record cannot lead outside. */
const char *hr_slot_text(const struct hr_slot *slot, struct hr_str s);
const char *hr_event_text(const struct hr_event *event, struct hr_str s);

/* The contract's words for numbers; NULL outside the table. hr_event_type_parse: -EINVAL for an
 * unknown word. */
const char *hr_runtime_name(unsigned int runtime);
const char *hr_event_type_name(unsigned int type);
int hr_event_type_parse(const char *word, unsigned int *ret_type);
const char *hr_severity_name(unsigned int severity);
const char *hr_level_name(unsigned int level);
const char *hr_constraint_name(unsigned int constraint);
const char *hr_action_kind_name(unsigned int kind);
const char *hr_action_status_name(unsigned int status);
const char *hr_skip_reason_name(unsigned int reason);
const char *hr_map_kind_name(unsigned int kind);
const char *hr_mode_name(unsigned int mode);

#endif
