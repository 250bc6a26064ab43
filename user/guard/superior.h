/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The guard's end of the wire to its supervisor. Caller: the loop. */
#ifndef HEADROOM_SUPERIOR_H
#define HEADROOM_SUPERIOR_H

#include "state.h"

int superior_watch(struct guard *guard);	/* 0 or -errno */
/* Starts a new one where there is none; not more often than every few seconds. */
void superior_respawn(struct guard *guard, uint64_t now);

#endif
