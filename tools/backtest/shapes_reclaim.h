/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shapes of shapes_reclaim.c, for the list in shapes.c. */
#ifndef BACKTEST_SHAPES_RECLAIM_H
#define BACKTEST_SHAPES_RECLAIM_H

#include "world.h"

void cache_fill_begin(struct world *w);
void cache_fill_advance(struct world *w);
void mmap_thrash_begin(struct world *w);
void mmap_thrash_advance(struct world *w);
void writeback_begin(struct world *w);
void writeback_advance(struct world *w);
void throttled_begin(struct world *w);
void throttled_advance(struct world *w);
void throttled_swap_begin(struct world *w);
void throttled_swap_advance(struct world *w);
void swap_thrash_begin(struct world *w);
void swap_thrash_advance(struct world *w);

#endif
