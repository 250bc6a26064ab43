/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Seqlock sections, and the fences of seqlocks and rings (Boehm, "Can seqlocks get along with
 * programming language memory models?", 2012: a release fence after the odd store, an acquire fence
 * before the second read). gcc warns that its thread sanitizer does not model fences. It need not:
 * all words that both sides access are atomic, or the other side is another process.
 */
#ifndef HEADROOM_BOARD_BARRIER_H
#define HEADROOM_BOARD_BARRIER_H

#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

static inline void fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic pop
#endif

/* Opens a seqlock section: seq becomes odd. The fence keeps later stores from being seen before
 * it. */
static inline void seq_begin(uint32_t *seq)
{
	uint32_t now = __atomic_load_n(seq, __ATOMIC_RELAXED);

	__atomic_store_n(seq, now + 1, __ATOMIC_RELAXED);
	fence_release();
}

static inline void seq_end(uint32_t *seq)
{
	uint32_t now = __atomic_load_n(seq, __ATOMIC_RELAXED);

	__atomic_store_n(seq, now + 1, __ATOMIC_RELEASE);
}

#endif
