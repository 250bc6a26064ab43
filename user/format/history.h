/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A slot's two ring buffers of samples as one series. */
#ifndef HEADROOM_FORMAT_HISTORY_H
#define HEADROOM_FORMAT_HISTORY_H

#include <stddef.h>
#include <headroom/board.h>

#define HISTORY_POINTS (HR_FINE + HR_COARSE)

/* Oldest first, times never decreasing: the coarse points older than the fine ones, then those. Returns how many. */
size_t history_points(const struct hr_history *history, struct hr_point out[HISTORY_POINTS]);

/* Wall time of a point; `created_ns` is the board's. */
static inline uint64_t history_time_ns(const struct hr_point *point, uint64_t created_ns)
{
	return created_ns + (uint64_t)point->t_centis * 10000000u;
}

static inline uint64_t history_bytes(uint32_t kib)
{
	return kib == HR_UNKNOWN_U32 ? HR_UNKNOWN : (uint64_t)kib << 10;
}

#endif
