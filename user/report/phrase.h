/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Sentences put together piece by piece in a buffer of fixed size. What does not fit is cut at a character; it always ends. */
#ifndef HEADROOM_PHRASE_H
#define HEADROOM_PHRASE_H

#include <stddef.h>
#include <stdint.h>

struct phrase {
	char *text; /* the caller's */
	size_t bytes, used;
};

/* Empty. */
struct phrase phrase_in(char *text, size_t bytes);

__attribute__((format(printf, 2, 3))) void phrase_add(struct phrase *p, const char *format, ...);
/* Nothing at all where the figure is HR_UNKNOWN. */
void phrase_bytes(struct phrase *p, const char *before, uint64_t bytes, const char *after);
void phrase_ms(struct phrase *p, const char *before, uint64_t ms, const char *after);
/* "tail[4711]"; "a process" for pid 0. */
void phrase_task(struct phrase *p, const char comm[16], uint32_t pid);

#endif
