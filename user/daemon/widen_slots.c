// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Slots of the board begin with room for few texts. Where one was cut, a board of larger slots takes its place. */
#include "daemon.h"

#include <string.h>

#include "base/log.h"

void daemon_widen_slots(struct daemon *daemon, uint64_t now)
{
	struct growth *growth = &daemon->growth;
	uint32_t slots = board_slots(daemon->board);
	bool danger = fast_poll_count(&daemon->sampling.fast_poll) > 0;
	int err;

	if (!board_text_short(daemon->board))
		return;
	growth->text_ns = growth->text_ns ?: now;
	if ((danger && now - growth->text_ns < GROW_WAIT_NS) ||
	    (growth->failed_ns && now - growth->failed_ns < GROW_WAIT_NS))
		return;
	growth->text_ns = 0;
	err = board_grow(daemon->board, board_capacity(daemon->board));
	if (err) {
		growth->failed_ns = now;
		log_error("no memory for longer names and paths of cgroups: %s", strerror(-err));
		return;
	}
	board_trim(daemon->board, slots);
	containers_ask_cut(&daemon->containers);
}
