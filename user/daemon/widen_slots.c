// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Slots of the board begin with room for few texts. Where one was cut, a board of larger slots takes its place. */
#include "daemon.h"

#include <string.h>

#include "base/log.h"

/* At once, also while memory is short: until then no policy looks at a container with a cut text, and a user may choose a long path for a hog.
 * Where there is no memory for it, policies look at what is there. */
void daemon_widen_slots(struct daemon *daemon, uint64_t now)
{
	struct growth *growth = &daemon->growth;
	uint32_t slots = board_slots(daemon->board);
	int err;

	if (!board_text_short(daemon->board) ||
	    (growth->failed_ns && now - growth->failed_ns < GROW_WAIT_NS))
		return;
	err = board_grow(daemon->board, board_capacity(daemon->board));
	daemon->containers.texts_stay_cut = err;
	if (err) {
		growth->failed_ns = now;
		log_error("no memory for longer names and paths of cgroups: %s", strerror(-err));
		return;
	}
	board_trim(daemon->board, slots);
	containers_ask_cut(&daemon->containers);
}
