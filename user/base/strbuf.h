/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A line of text put together piece by piece in a buffer of fixed size: what does not fit is cut, and it always ends. */
#ifndef HEADROOM_BASE_STRBUF_H
#define HEADROOM_BASE_STRBUF_H

#include <stddef.h>
#include <stdint.h>

struct line {
	char *text; /* the caller's; must end (text[used] == 0) before the first piece */
	size_t bytes, used;
};

__attribute__((format(printf, 2, 3))) void line_add(struct line *line, const char *format, ...);
/* Nothing at all where the figure is HR_UNKNOWN. */
void line_add_bytes(struct line *line, const char *before, uint64_t bytes, const char *after);
void line_add_ms(struct line *line, const char *before, uint64_t ms, const char *after);

#endif
