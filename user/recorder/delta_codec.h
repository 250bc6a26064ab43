/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Transforms the slots of a snapshot before zlib compresses them, and back: stores the history of a slot as differences, and
 * transposes the fixed parts so that the same byte of all slots is adjacent. Memory only; a bijection on any bytes, also
 * damaged ones.
 */
#ifndef HEADROOM_RECORDER_DELTA_CODEC_H
#define HEADROOM_RECORDER_DELTA_CODEC_H

#include <headroom/board.h>

/* In place. scratch: n * sizeof(struct hr_slot) bytes. */
void delta_encode_slots(struct hr_slot *slot, uint32_t n, unsigned char *scratch);
void delta_decode_slots(struct hr_slot *slot, uint32_t n, unsigned char *scratch);

#endif
