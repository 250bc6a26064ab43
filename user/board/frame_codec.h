/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One snapshot of a board in memory, and the codec to and from a recording's frame
 * (include/headroom/record.h). */
#ifndef HEADROOM_BOARD_FRAME_CODEC_H
#define HEADROOM_BOARD_FRAME_CODEC_H

#include <stddef.h>
#include <headroom/record.h>

#define FRAME_MAX_RAW (1u << 31) /* the largest board with full rings stays below */

/* Events of one frame beyond what both rings hold: written while they were read, or gathered from
 * the recorder's store (FRAME_EVENTS there). */
#define FRAME_MORE_EVENTS (32u << 20)

/* `body` counts what the arrays hold. Slots by rising index. Zero-initialised is empty. */
struct frame {
	struct hr_frame_body body;
	uint32_t *index;
	struct hr_slot *slot;
	unsigned char *events;
	uint32_t index_space, slot_space, events_space; /* allocated */
};

void frame_done(struct frame *p);
/* Room for this much; keeps the content. 0 or -ENOMEM. */
int frame_reserve(struct frame *p, uint32_t slots, uint32_t events_bytes);

/* A complete frame, header included, ready for one write. `before` NULL: a key frame. The caller
 * frees *ret_frame. */
int frame_pack(const struct frame *p, const struct frame *before, uint64_t time_ns,
	       unsigned char **ret_frame, size_t *ret_bytes);

/* The same in a third of the time, and half as large again: for a recording that stays in
 * memory. */
int frame_pack_quick(const struct frame *p, const struct frame *before, uint64_t time_ns,
		     unsigned char **ret_frame, size_t *ret_bytes);

/* Sets `reserved` of the header of a packed frame. */
void frame_set_base(unsigned char *frame, uint32_t base);

/* A recording that is in memory (memfd), under a name for messages. Takes ownership of the
 * descriptor. As hr_reader_open(). */
int reader_open_fd(int fd, const char *name, struct hr_reader **ret_reader);

/* The file header of a new recording. */
struct hr_record_header frame_file_header(void);
/* Checks the header alone. */
bool frame_header_sound(const struct hr_frame_header *header);
/* The packed bytes of a frame → p, given the snapshot before it. -EBADMSG: damaged; p is then
 * undefined but freeable. Memory: what the board in the frame's own header can hold, at most, and
 * only as slots arrive. */
int frame_unpack(const struct hr_frame_header *header, const unsigned char *packed,
		 const struct frame *before, struct frame *p);

#endif
