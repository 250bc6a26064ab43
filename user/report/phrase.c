// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Text into a fixed buffer. Never writes past it, never leaves half a character at its end. */
#include "phrase.h"

#include <stdarg.h>
#include <stdio.h>
#include <headroom/board.h>

#include "base/text.h"
#include "base/units.h"

struct phrase phrase_in(char *text, size_t bytes)
{
	text[0] = 0;
	return (struct phrase){text, bytes, 0};
}

/* Back to the beginning of the character that was cut. */
static size_t whole(const char *text, size_t n)
{
	size_t i = n;

	while (i && ((unsigned char)text[i - 1] & 0xc0) == 0x80)
		i--;
	if (!i || !((unsigned char)text[i - 1] & 0x80))
		return n; /* ASCII at the end */
	return i - 1;
}

void phrase_add(struct phrase *p, const char *format, ...)
{
	size_t room = p->bytes - p->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->text + p->used, room, format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n < room) {
		p->used += (size_t)n;
		return;
	}
	p->used = whole(p->text, p->bytes - 1);
	p->text[p->used] = 0;
}

void phrase_bytes(struct phrase *p, const char *before, uint64_t bytes, const char *after)
{
	char text[UNITS_TEXT];

	if (bytes != HR_UNKNOWN)
		phrase_add(p, "%s%s%s", before, units_bytes(bytes, text), after);
}

void phrase_ms(struct phrase *p, const char *before, uint64_t ms, const char *after)
{
	char text[UNITS_TEXT];

	if (ms != HR_UNKNOWN)
		phrase_add(p, "%s%s%s", before, units_duration_ms(ms, text), after);
}

void phrase_task(struct phrase *p, const char comm[16], uint32_t pid)
{
	char clean[80];

	if (pid)
		phrase_add(p, "%s[%u]", text_clean(comm, 16, clean, sizeof(clean)), pid);
	else
		phrase_add(p, "a process");
}
