/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One picture of a board in memory, and its way into a recording's frame and back
 * (include/headroom/record.h). */
#ifndef HEADROOM_BOARD_FRAME_CODEC_H
#define HEADROOM_BOARD_FRAME_CODEC_H

#include <stddef.h>
#include <headroom/record.h>

#define FRAME_MAX_RAW (1u << 31) /* the largest board with full rings stays below */

/* `body` counts what the arrays hold. Slots by rising index. Zero-initialised is empty. */
struct picture {
	struct hr_frame_body body;
	uint32_t *index;
	struct hr_slot *slot;
	unsigned char *events;
	uint32_t slot_space, events_space; /* allocated */
};

void picture_done(struct picture *p);
/* Room for this much; what is there stays. 0 or -ENOMEM. */
int picture_reserve(struct picture *p, uint32_t slots, uint32_t events_bytes);

/* A whole frame, header included, ready for one write. `before` NULL: a key frame. The caller frees
 * *ret_frame. */
int frame_pack(const struct picture *p, const struct picture *before, uint64_t time_ns,
	       unsigned char **ret_frame, size_t *ret_bytes);

/* The same in a third of the time, half as large again: for a recording that stays in memory. */
int frame_pack_quick(const struct picture *p, const struct picture *before, uint64_t time_ns,
		     unsigned char **ret_frame, size_t *ret_bytes);

/* A recording that is in memory (memfd), under a name for messages. The descriptor is the reader's
 * from then on, or closed. As hr_reader_open(). */
int reader_open_fd(int fd, const char *name, struct hr_reader **ret_reader);

/* What a recording that is begun now begins with. */
struct hr_record_header frame_file_header(void);
/* Header alone: can such a frame be? */
bool frame_header_sound(const struct hr_frame_header *header);
/* The packed bytes of a frame → p, given the picture before it. -EBADMSG: damaged; p is then
 * undefined but freeable. */
int frame_unpack(const struct hr_frame_header *header, const unsigned char *packed,
		 const struct picture *before, struct picture *p);

#endif
