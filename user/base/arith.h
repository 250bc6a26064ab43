/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Arithmetic on unsigned figures. */
#ifndef HEADROOM_BASE_ARITH_H
#define HEADROOM_BASE_ARITH_H

#include <stdint.h>

static inline uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* 0 where b is more. */
static inline uint64_t minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

#endif
