// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the daemon's loop writes: slots and host record under their seqlocks, events, the heartbeat.
 * Nothing here allocates or blocks. The free list is a bitmap in the daemon's own memory: the board
 * itself is never searched.
 */
#include "board_internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "barrier.h"
#include "layout.h"
#include "ring.h"

#define READERS_WOKEN 64 /* at an event; each costs the writer a microsecond or two */

struct hr_slot *board_slot_begin(struct board *board, uint32_t index)
{
	struct hr_slot *slot = slot_of(board, index);

	seq_begin(&slot->seq);
	return slot;
}

void board_slot_end(struct board *board, uint32_t index)
{
	struct hr_slot *slot = slot_of(board, index);
	uint32_t space = board->header->slot_bytes - LAYOUT_TEXT;

	if (slot->text_used < space)
		memset(slot->text + slot->text_used, 0, space - slot->text_used);
	seq_end(&slot->seq);
}

const struct hr_slot *board_slot(const struct board *board, uint32_t index)
{
	return slot_of(board, index);
}

struct hr_host *board_host_begin(struct board *board)
{
	seq_begin(&board->host->seq);
	return board->host;
}

void board_host_end(struct board *board) { seq_end(&board->host->seq); }

const struct hr_host *board_host(const struct board *board) { return board->host; }

size_t board_slot_bytes(const struct board *board) { return board->header->slot_bytes; }
bool board_text_short(const struct board *board) { return board->text_short; }

void board_text_cut(struct board *board)
{
	board->text_short = board->header->slot_bytes < HR_SLOT_BYTES;
}

static struct hr_slot *slot_clear(struct board *board, uint32_t index)
{
	struct hr_slot *slot = slot_of(board, index);

	seq_begin(&slot->seq);
	memset((char *)slot + sizeof(slot->seq), 0, board->header->slot_bytes - sizeof(slot->seq));
	return slot;
}

struct hr_forecast board_forecast_unknown(void)
{
	return (struct hr_forecast){
		.drift_bytes_per_second = HR_UNKNOWN_I64,
		.rss_drift_bytes_per_second = HR_UNKNOWN_I64,
		.oom_in_p10_ms = HR_UNKNOWN,
		.oom_in_p50_ms = HR_UNKNOWN,
		.oom_in_p90_ms = HR_UNKNOWN,
		.risk_centi = UINT16_MAX,
		.leak_bytes_per_hour = HR_UNKNOWN_I64,
	};
}

static void slot_unknown(struct hr_slot *slot)
{
	slot->started_ns = HR_UNKNOWN;
	slot->pids = HR_UNKNOWN_U32;
	/* all fields of these two are unsigned words, and all ones means unknown in each */
	memset(&slot->memory, 0xff, sizeof(slot->memory));
	memset(&slot->pressure, 0xff, sizeof(slot->pressure));
	memset(&slot->counts, 0xff, sizeof(slot->counts));
	slot->binding.level = HR_LEVEL_HOST;
	slot->binding.limit = HR_UNKNOWN;
	slot->binding.used = slot->binding.pending = slot->binding.unsorted = HR_UNKNOWN;
	slot->forecast = board_forecast_unknown();
}

int board_slot_take(struct board *board, uint32_t *ret_index)
{
	struct hr_board_header *header = board->header;

	for (; board->hint < board->words; board->hint++) {
		uint64_t *word = &board->taken[board->hint];
		struct hr_slot *slot;
		uint32_t index;

		if (!~*word)
			continue;
		index = board->hint * 64 + (uint32_t)__builtin_ctzll(~*word);
		if (index >= header->slot_capacity)
			break;
		*word |= 1ULL << (index % 64);
		if (index >= header->slots_high) /* first, so that no slot in use is above it */
			__atomic_store_n(&header->slots_high, index + 1, __ATOMIC_RELEASE);
		slot = slot_clear(board, index);
		slot_unknown(slot);
		seq_end(&slot->seq);
		*ret_index = index;
		return 0;
	}
	return -ENOSPC;
}

void board_slot_free(struct board *board, uint32_t index)
{
	seq_end(&slot_clear(board, index)->seq);
	board->taken[index / 64] &= ~(1ULL << (index % 64));
	if (index / 64 < board->hint)
		board->hint = index / 64;
}

uint64_t board_event_post(struct board *board, struct hr_event *event)
{
	struct hr_board_header *header = board->header;
	uint64_t seq = header->last_seq + 1;

	if (event->bytes % 8 || event->bytes < sizeof(*event) ||
	    event->bytes > HR_EVENT_MAX_BYTES || event->type == HR_EVENT_PAD)
		return 0;
	event->seq = seq;
	event->instance = header->instance;
	ring_put(header, board->map, event);
	/* last: a daemon that is killed before this leaves an event that is not counted yet;
	 * adoption counts it */
	__atomic_store_n(&header->last_seq, seq, __ATOMIC_RELEASE);
	/* A bound, so that no number of waiting readers delays the writer; the others look after 200 ms. Without one it is a call that
	 * finds an empty list. */
	syscall(SYS_futex, (char *)header + HR_BOARD_FUTEX, FUTEX_WAKE, READERS_WOKEN, NULL, NULL,
		0);
	return seq;
}

void board_ready(struct board *board)
{
	uint32_t starting = HR_BOARD_STARTING;

	__atomic_compare_exchange_n(&board->header->state, &starting, HR_BOARD_RUNNING, false,
				    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void board_heartbeat(struct board *board)
{
	__atomic_store_n(&board->header->heartbeat_ns, clock_mono_ns(), __ATOMIC_RELEASE);
	board_clock_check(board);
}
