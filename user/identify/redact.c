// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Splits the arguments, has their secrets marked (redact_internal.h), prints what is left. */
#include "redact.h"

#include <string.h>

#include "redact_internal.h"

#define ARGS_MAX 512 /* at a time */

struct line {
	char *out;
	size_t out_bytes, used;
};

static void put(struct line *l, const char *text, size_t n)
{
	for (size_t i = 0; i < n && l->used + 1 < l->out_bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		l->out[l->used++] = c < ' ' || c == 127 ? ' ' : (char)c;
	}
}

static void put_arg(struct line *l, const char *arg, const uint8_t *hidden, size_t n)
{
	bool doubles = memchr(arg, '"', n) != NULL, singles = memchr(arg, '\'', n) != NULL;
	const char *quote = doubles && !singles ? "'" : "\"";
	bool blank = n == 0;

	for (size_t i = 0; i < n; i++)
		blank |= redact_is_blank(arg[i]);
	if (n && !memchr(hidden, 0, n))
		blank = false;
	if (blank)
		put(l, quote, 1);
	for (size_t i = 0; i < n; i++)
		if (!hidden[i])
			put(l, arg + i, 1);
		else if (!i || !hidden[i - 1])
			put(l, REDACTED, strlen(REDACTED));
	if (blank)
		put(l, quote, 1);
}

static void mark(const char *args, size_t n, bool cut, uint8_t *hidden)
{
	uint16_t from[REDACT_INPUT], to[REDACT_INPUT];
	struct redact_text words[ARGS_MAX];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		from[i] = (uint16_t)i;
		to[i] = (uint16_t)(i + 1);
	}
	for (size_t i = 0; i < n;) {
		size_t m = strnlen(args + i, n - i);

		if (used == ARGS_MAX) {
			redact_command(words, used, 0);
			used = 0;
		}
		words[used++] = (struct redact_text){
			.at = args + i,
			.from = from + i,
			.to = to + i,
			.n = m,
			.hidden = hidden,
			.open = cut && i + m == n,
		};
		i += m + 1;
	}
	if (used)
		redact_command(words, used, 0);
}

void redact_args(const char *args, size_t n, char *out, size_t out_bytes)
{
	struct line l = {.out = out, .out_bytes = out_bytes};
	uint8_t hidden[REDACT_INPUT] = {0};
	bool cut = n && args[n - 1];

	/* the last one's NUL, and processes that overwrote their title with blanks */
	while (n && !args[n - 1])
		n--;
	if (n > REDACT_INPUT) {
		n = REDACT_INPUT;
		cut = true;
	}
	mark(args, n, cut, hidden);
	for (size_t i = 0; i < n;) {
		size_t m = strnlen(args + i, n - i);

		if (i)
			put(&l, " ", 1);
		put_arg(&l, args + i, hidden + i, m);
		i += m + 1;
	}
	out[l.used] = 0;
}
