/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where the live view's pictures come from: the board now, or a picture of the past. `top` asks for a time by setting
 * at_ns and top->reload; who loads is the loop in cmd_top.c. Zero-initialise, set the board.
 */
#ifndef HEADROOM_SOURCE_H
#define HEADROOM_SOURCE_H

#include <stdint.h>
#include "snapshot.h"

struct source {
	struct hr_reader *board; /* the caller's: a live board or a recording */
	uint64_t at_ns; /* wall time that is looked at; 0: now */
};

/* The picture of that time. As snapshot_load(). */
int source_load(struct source *source, struct snapshot *s);

#endif
