/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A picture's slots made small before zlib sees them, and back again: what a slot remembers of its past is written as
 * differences, and the slots' fixed parts are turned so that the same byte of all of them stands together. Memory only;
 * a bijection on any bytes, damaged ones included.
 */
#ifndef HEADROOM_RECORDER_DELTA_CODEC_H
#define HEADROOM_RECORDER_DELTA_CODEC_H

#include <headroom/board.h>

/* In place. scratch: n * sizeof(struct hr_slot) bytes. */
void fold_slots(struct hr_slot *slot, uint32_t n, unsigned char *scratch);
void unfold_slots(struct hr_slot *slot, uint32_t n, unsigned char *scratch);

#endif
