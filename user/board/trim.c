// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Gives the memory of slots that are free back to the system, and takes it again. The file keeps its size and its layout: where a
 * page was given back it has a hole, which a reader sees as zeros, that is as free slots. A hole counts as taken, so that no slot in
 * one is ever written: the page fault could fail, and would be a SIGBUS. A reader of one in the map, instead of by pread(), takes its
 * memory again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>

#include "board_internal.h"

static bool bit(const uint64_t *bits, uint32_t i) { return bits[i / 64] >> (i % 64) & 1; }
static void flip(uint64_t *bits, uint32_t i) { bits[i / 64] ^= 1ULL << (i % 64); }

static off_t offset_of(const struct board *board, uint32_t slot)
{
	return (off_t)board->header->slots_offset + (off_t)slot * board->header->slot_bytes;
}

uint32_t board_slots(const struct board *board)
{
	return board->header->slot_capacity - board->holes;
}

/* One call for neighbours: slots from `first` to before `end`, all of them free. */
static void give_back(struct board *board, uint32_t first, uint32_t end)
{
	if (fallocate(board->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      offset_of(board, first), offset_of(board, end) - offset_of(board, first)))
		return; /* a file system without holes */
	for (uint32_t i = first; i < end; i++) {
		flip(board->taken, i);
		flip(board->hole, i);
	}
	board->holes += end - first;
}

void board_trim(struct board *board, uint32_t slots)
{
	uint32_t end = board->header->slot_capacity;

	while (end && board_slots(board) > slots) {
		uint32_t most = board_slots(board) - slots, first = end;

		while (first && end - first < most && !bit(board->taken, first - 1))
			first--;
		if (first < end)
			give_back(board, first, end);
		end = first < end ? first : end - 1;
	}
}

int board_untrim(struct board *board, uint32_t slots)
{
	const uint32_t bytes = board->header->slot_bytes;
	volatile unsigned char *page;
	int r = 0;

	for (uint32_t i = 0; board->holes && board_slots(board) < slots; i++) {
		if (!bit(board->hole, i))
			continue;
		r = -posix_fallocate(board->fd, offset_of(board, i), bytes);
		if (r)
			break;
		page = (volatile unsigned char *)slot_of(board, i);
		page[0] = page[0]; /* mapped, and can be written; a slot is on two pages at most */
		page[bytes - 1] = page[bytes - 1];
		flip(board->taken, i);
		flip(board->hole, i);
		board->holes--;
	}
	board->hint = 0;
	return r;
}
