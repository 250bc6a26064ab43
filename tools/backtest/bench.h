/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What one forecast costs: nanoseconds and bytes. */
#ifndef BACKTEST_BENCH_H
#define BACKTEST_BENCH_H

int bench_run(void);

#endif
