/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* struct board, for board.c (start, growth) and slots.c (the loop). */
#ifndef HEADROOM_BOARD_BOARD_INTERNAL_H
#define HEADROOM_BOARD_BOARD_INTERNAL_H

#include "board.h"
#include "board_path.h"

struct board {
	struct board_path at;
	int lock_fd;
	unsigned char *map;
	size_t bytes;
	struct hr_board_header *header;
	struct hr_host *host;
	unsigned char *slots;
	int fd;          /* of the file */
	uint64_t *taken; /* a bit for each slot: in use, or without memory */
	uint64_t *hole;  /* the same: without memory (trim.c) */
	uint32_t holes;
	uint32_t words;  /* of taken and of hole */
	uint32_t hint;   /* no word below has a free bit */
	bool text_short; /* a larger slot would have had room for a text that was cut */
};

static inline struct hr_slot *slot_of(const struct board *board, uint32_t index)
{
	return (void *)(board->slots + (size_t)index * board->header->slot_bytes);
}

#endif
