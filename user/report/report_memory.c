// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a report owns: its strings and its arrays. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report_internal.h"

#define KEEP_TEXT 4096

/* Half a character at the end, where a buffer was too small. */
static void trim(char *text)
{
	size_t n = strlen(text), i = n;

	while (i && ((unsigned char)text[i - 1] & 0xc0) == 0x80)
		i--;
	if (i && (unsigned char)text[i - 1] >= 0xc0) {
		unsigned char lead = (unsigned char)text[i - 1];
		size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

		if (n - i + 1 < needs)
			text[i - 1] = 0;
	}
}

const char *report_keep(struct report *r, const char *format, ...)
{
	char text[KEEP_TEXT];
	struct report_text *kept;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	trim(text);
	kept = malloc(sizeof(*kept) + strlen(text) + 1);
	if (!kept)
		return NULL;
	strcpy(kept->text, text);
	kept->next = r->texts;
	r->texts = kept;
	return kept->text;
}

void *report_more(void *array, size_t *n, size_t bytes)
{
	void *more = reallocarray(*(void **)array, *n + 1, bytes);

	if (!more)
		return NULL;
	*(void **)array = more;
	return memset((char *)more + (*n)++ * bytes, 0, bytes);
}

void report_done(struct report *r)
{
	while (r->texts) {
		struct report_text *next = r->texts->next;

		free(r->texts);
		r->texts = next;
	}
	series_done(&r->series);
	for (size_t i = 0; i < r->co_tenants; i++)
		series_done(&r->co_tenant[i]);
	free(r->fact);
	free(r->moment);
	free(r->alarm);
	free(r->action);
	free(r->factor);
	free(r->incident.seqs);
	memset(r, 0, sizeof(*r));
}
