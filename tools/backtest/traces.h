/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Recorded series, played through the same module; they stay where they are. */
#ifndef BACKTEST_TRACES_H
#define BACKTEST_TRACES_H

/* Every *.csv in the folder, in order of name; one paragraph each. 0, or -errno after a message. */
int traces_play(const char *folder);

#endif
