/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A memory series from a CSV file, one row at a time, so that a million rows cost no more memory
 * than one.
 *
 * The first line names the columns. t_seconds, used_bytes and limit_bytes must be there; any
 * counter may be added under its JSON name (the table in csv_series.c); other columns are skipped.
 * A cell holds:
 *	a number >= 0, whole or not, "1e9" too; surrounding spaces and "quotes" are removed
 *	(bytes and counts are cut to whole ones; counters in seconds become nanoseconds)
 *	nothing: unknown (in t_seconds and used_bytes an error; in limit_bytes: no limit)
 *	limit_bytes of 0, or of 2^62 and more (cgroup v1 writes "none" as 2^63 rounded to pages):
 *	no limit
 * Text, NaN, infinity, negative numbers, what does not fit into 64 bits, a missing or double
 * column,
 * a row with too few or too many cells, a line beyond 64 KiB, a NUL byte: -EINVAL, and
 * series_error() says line and column (in bytes, from 1). A time may repeat or go back, as clocks
 * do: the row is returned as it is, and series_backwards() counts it.
 */
#ifndef HEADROOM_CLI_CSV_SERIES_H
#define HEADROOM_CLI_CSV_SERIES_H

#include <stdint.h>

#include <headroom/board.h>

struct series_row { /* a uint64_t of all ones: unknown */
	double t_seconds;
	uint64_t t_ns;
	uint64_t used;
	struct hr_memory memory;
	struct hr_counts counts;
	uint64_t slab, swap_free;
	uint64_t stall_ns; /* reclaim_stall_seconds_total */
	uint64_t psi_some_us, psi_full_us;
	uint64_t under_oom, restarts;
	unsigned long line;
};

struct series;

/* 0, or -errno; on failure series_open_error() has one line for a person (thread-local, never
 * NULL).
 */
int series_open(const char *path, struct series **ret_series);
/* The same from an open descriptor, from its current position; errors call it `name`. Closes it in
 * the end, also on failure. */
int series_open_fd(int fd, const char *name, struct series **ret_series);
const char *series_open_error(void);
void series_close(struct series *series); /* takes NULL */
/* 0; -ENODATA at the end; -EINVAL with series_error(); -EIO. */
int series_next(struct series *series, struct series_row *ret_row);
const char *series_error(const struct series *series); /* "FILE:LINE:COLUMN: what is wrong" */
unsigned long series_backwards(const struct series *series);

#endif
