/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The fences of the seqlocks and rings (Boehm, "Can seqlocks get along with programming language
 * memory models?", 2012: a release fence behind the odd store, an acquire fence before the second
 * look). gcc warns that its thread sanitizer does not model fences. It need not: all words that
 * both sides touch are atomic, or the other side is another process.
 */
#ifndef HEADROOM_BOARD_BARRIER_H
#define HEADROOM_BOARD_BARRIER_H

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

static inline void fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic pop
#endif

#endif
