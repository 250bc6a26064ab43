// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A shell's words: quotes, escapes and operators as POSIX has them (Shell Command Language, 2.2
 * Quoting), and bash's $'…'. Expansions are not made: their '$' becomes REDACT_VARIABLE.
 */
#include "redact_internal.h"

#include <ctype.h>
#include <string.h>

#define WORDS_MAX 512 /* at a time; a longer script is read in pieces */

struct splitter {
	const struct redact_text *t;
	size_t i; /* in t */
	char text[REDACT_INPUT];
	uint16_t from[REDACT_INPUT], to[REDACT_INPUT];
	size_t used;
	struct redact_text words[WORDS_MAX];
	size_t n;
};

static char at(const struct splitter *s, size_t i) { return i < s->t->n ? s->t->at[i] : 0; }

/* Takes the next `bytes` of the source as the character c. */
static void take(struct splitter *s, char c, size_t bytes)
{
	if (s->i + bytes > s->t->n)
		bytes = s->t->n - s->i;
	s->text[s->used] = c;
	s->from[s->used] = s->t->from[s->i];
	s->to[s->used] = s->t->to[s->i + bytes - 1];
	s->used++;
	s->i += bytes;
}

static void take_dollar(struct splitter *s)
{
	char next = at(s, s->i + 1);
	bool variable = at(s, s->i) == '`' || isalnum((unsigned char)next) ||
			(next && strchr("_{(@*#?!", next));

	take(s, variable ? REDACT_VARIABLE : '$', 1);
}

static void single(struct splitter *s)
{
	for (s->i++; s->i < s->t->n && at(s, s->i) != '\'';)
		take(s, at(s, s->i), 1);
	s->i++;
}

static void dollar_single(struct splitter *s)
{
	for (s->i += 2; s->i < s->t->n && at(s, s->i) != '\'';) {
		bool escape = at(s, s->i) == '\\' && s->i + 1 < s->t->n;

		take(s, at(s, s->i + escape), 1 + escape);
	}
	s->i++;
}

static void twice(struct splitter *s)
{
	for (s->i++; s->i < s->t->n && at(s, s->i) != '"';) {
		char c = at(s, s->i), next = at(s, s->i + 1);

		if (c == '\\' && next && strchr("\"\\$`", next))
			take(s, next, 2);
		else if (c == '$' || c == '`')
			take_dollar(s);
		else
			take(s, c, 1);
	}
	s->i++;
}

static bool is_operator(char c) { return c && strchr("|;&()<\n", c); }

static void add(struct splitter *s, size_t from, bool quoted, bool operator)
{
	s->words[s->n++] = (struct redact_text){
		.at = s->text + from,
		.from = s->from + from,
		.to = s->to + from,
		.n = s->used - from,
		.hidden = s->t->hidden,
		.header = s->t->header,
		.open = s->t->open && s->i >= s->t->n,
		.quoted = quoted,
		.operator= operator,
		.outer = s->t->outer,
	};
}

static void one_word(struct splitter *s)
{
	size_t from = s->used;
	bool quoted = at(s, s->i) == '"' || at(s, s->i) == '\'';

	while (s->i < s->t->n && !redact_is_blank(at(s, s->i)) && !is_operator(at(s, s->i))) {
		char c = at(s, s->i);

		if (c == '\'')
			single(s);
		else if (c == '"')
			twice(s);
		else if (c == '$' && at(s, s->i + 1) == '\'')
			dollar_single(s);
		else if (c == '$' || c == '`')
			take_dollar(s);
		else if (c == '\\' && s->i + 1 < s->t->n)
			take(s, at(s, s->i + 1), 2);
		else
			take(s, c, 1);
	}
	add(s, from, quoted, false);
}

void redact_script(const struct redact_text *t, int depth)
{
	struct splitter s;

	s.t = t;
	s.i = s.used = s.n = 0;
	while (s.i < t->n) {
		size_t from = s.used;

		if (s.n == WORDS_MAX) {
			redact_command(s.words, s.n, depth);
			s.n = 0;
		}
		if (is_operator(at(&s, s.i))) {
			while (is_operator(at(&s, s.i)))
				take(&s, at(&s, s.i), 1);
			add(&s, from, false, true);
		} else if (redact_is_blank(at(&s, s.i))) {
			s.i++;
		} else {
			one_word(&s);
		}
	}
	redact_command(s.words, s.n, depth);
}
