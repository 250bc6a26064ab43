// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Appends to a line of text: see strbuf.h. */
#include "strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <headroom/board.h>

#include "human_units.h"

void line_add(struct line *line, const char *format, ...)
{
	size_t space = line->bytes - line->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->used, space, format, args);
	va_end(args);
	if (n > 0)
		line->used += (size_t)n < space ? (size_t)n : space - 1;
}

void line_add_bytes(struct line *line, const char *before, uint64_t bytes, const char *after)
{
	char text[UNITS_TEXT];

	if (bytes != HR_UNKNOWN)
		line_add(line, "%s%s%s", before, units_bytes(bytes, text), after);
}

void line_add_ms(struct line *line, const char *before, uint64_t ms, const char *after)
{
	char text[UNITS_TEXT];

	if (ms != HR_UNKNOWN)
		line_add(line, "%s%s%s", before, ms ? units_duration_ms(ms, text) : "under 1 ms",
			 after);
}
