/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Recommended limits against the demand that came later. A history is a first part of a series, as the recorder keeps it
 * (a point a minute); the rest is what a limit has to hold. Shapes, recordings of a folder, and courses of real.h over them.
 */
#ifndef BACKTEST_LIMITS_H
#define BACKTEST_LIMITS_H

/* folder NULL: shapes alone. half: 0 the tuning half (even seeds, every second recording), 1 held out. Prints tables; 0, 1. */
int limits_play(const char *folder, unsigned int half, unsigned int variants, unsigned int skip);

#endif
