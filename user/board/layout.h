/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What writer, reader and checker share: the geometry of a board, and which records are sound.
 * Pure; everything here may be handed hostile bytes.
 */
#ifndef HEADROOM_BOARD_LAYOUT_H
#define HEADROOM_BOARD_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/board.h>
#include <headroom/event.h>

#define BOARD_MAX_CAPACITY (1u << 18) /* 1 GiB of whole slots */
#define BOARD_MIN_RING     (2 * (uint64_t)HR_EVENT_MAX_BYTES)
#define BOARD_MAX_RING     (64ULL << 20)
#define BOARD_PAD_BYTES    8u /* the least record: a pad's bytes, type, severity */

/* Ring bytes where the caller asks for none: 128 for each slot, within these bounds. 256 KiB keep
 * some 300 OOM kills with their history; 128 KiB of chatter some 500 container life cycles. */
#define BOARD_RING_PER_SLOT 128u
#define BOARD_KEEP_LEAST    (256u << 10)
#define BOARD_CHATTER_LEAST (128u << 10)
#define BOARD_RING_MOST     (1u << 20)

/* Where a slot's text begins. */
#define LAYOUT_TEXT offsetof(struct hr_slot, text)

/* Fills every constant field but instance and created_ns; the rest is 0. slot_bytes 0: whole slots. 0 for a ring: by capacity.
 * -EINVAL. */
int layout_make(uint32_t capacity, uint32_t slot_bytes, uint64_t keep_bytes, uint64_t chatter_bytes,
		struct hr_board_header *ret_header);

/* A header's constant fields against a file of file_bytes. 0; -EPROTO: not a board;
 * -EPROTONOSUPPORT: another version; -EBADMSG: damaged or truncated. *ret_what names the problem in
 * a few words. */
int layout_check(const struct hr_board_header *header, uint64_t file_bytes, const char **ret_what);

/* Whether head and tail of a ring of `bytes` bytes are possible. */
bool layout_ring_sound(uint64_t head, uint64_t tail, uint64_t bytes);

/* Whether a record of this length and type fits where `space` bytes (above 0) are left before the
 * ring's end. */
bool layout_record_sound(uint32_t bytes, unsigned int type, uint64_t space);

/* A string of a record: it begins at or after `start` and ends before `end`, offsets from base. */
const char *layout_text(const void *base, size_t start, size_t end, struct hr_str s);

/* Strings end inside its slot_bytes bytes, enums and counts are within their tables. */
bool layout_slot_sound(const struct hr_slot *slot, size_t slot_bytes);
/* For a record in event->bytes bytes. */
bool layout_event_sound(const struct hr_event *event);

#endif
