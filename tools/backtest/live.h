/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Shapes that really ran, in cgroups of a real kernel under a real daemon (tools/backtest-live): what the daemon said at the
 * time, and what every rule makes of the samples that it took. The recording of the board is the only source.
 */
#ifndef BACKTEST_LIVE_H
#define BACKTEST_LIVE_H

/* `folder` holds `recording` (headroom record) and `runs`: a line for each shape,
 *	NAME CATEGORY BEGUN AVERTED GROUP CONTAINER
 * category as in world.h (quiet, smooth, sawtooth, burst, stall, sudden); begun: wall time in seconds; averted: seconds
 * after that when an action ended it, or -; group: the cgroup path; alarms and kills there and below belong to this shape
 * it; container: its samples are taken. Prints tables. 0, 1 if fewer were forecast than a smoke test asks, -errno after a
 * message. */
int live_play(const char *folder);

#endif
