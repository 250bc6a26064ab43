/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A line of text that is appended to, in a buffer of fixed size: what does not fit is cut, and it
 * is always NUL-terminated. */
#ifndef HEADROOM_BASE_STRBUF_H
#define HEADROOM_BASE_STRBUF_H

#include <stddef.h>
#include <stdint.h>

struct line {
	char *text; /* the caller's; must be terminated (text[used] == 0) before the first append */
	size_t bytes, used;
};

__attribute__((format(printf, 2, 3))) void line_add(struct line *line, const char *format, ...);
/* Appends nothing if the value is HR_UNKNOWN. */
void line_add_bytes(struct line *line, const char *before, uint64_t bytes, const char *after);
/* The same; 0 is "under 1 ms": in a sentence nothing takes no time. */
void line_add_ms(struct line *line, const char *before, uint64_t ms, const char *after);

#endif
