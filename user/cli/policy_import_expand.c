// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Regular expressions as globs. The expression is expanded into its alternatives, each a glob: `^(a|b.*)$` is `a` and `b*`. What a glob
 * cannot repeat exactly, such as x+, becomes a glob that matches more, if enough plain letters are left in it; otherwise the
 * expression is tried on known names.
 */
#include "policy_import_expand.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define GLOB_BYTES 250
#define DEPTH_MOST 40

struct parser {
	const char *at;
	int depth;
	bool wider, failed; /* a glob matches more than it should; it can't be said */
};

void expansion_free(struct expansion *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->text[i]);
	set->n = 0;
}

/* Takes over `text`. */
static void set_add(struct parser *p, struct expansion *set, char *text)
{
	if (!text || set->n == GLOBS_MOST || strlen(text) > GLOB_BYTES) {
		p->failed = true;
		free(text);
		return;
	}
	set->text[set->n++] = text;
}

static void set_one(struct parser *p, struct expansion *set, const char *text)
{
	set_add(p, set, strdup(text));
}

/* to = to × from */
static void set_append(struct parser *p, struct expansion *to, const struct expansion *from)
{
	struct expansion both = {.n = 0};

	for (size_t i = 0; i < to->n && !p->failed; i++)
		for (size_t k = 0; k < from->n && !p->failed; k++) {
			char *text = NULL;

			if (asprintf(&text, "%s%s", to->text[i], from->text[k]) < 0)
				text = NULL;
			set_add(p, &both, text);
		}
	expansion_free(to);
	*to = both;
}

static void alternatives(struct parser *p, struct expansion *ret);

/* [abc], [^a-z], [[:alpha:]]: nearly the same in a glob. */
static void bracket(struct parser *p, struct expansion *ret)
{
	char text[GLOB_BYTES];
	size_t n = 0;
	const char *begin;

	text[n++] = *p->at++;
	if (*p->at == '^') {
		text[n++] = '!';
		p->at++;
	}
	for (begin = p->at; *p->at && (*p->at != ']' || p->at == begin) && n < sizeof(text) - 4;) {
		if (p->at[0] == '[' && p->at[1] && strchr(":.=", p->at[1])) {
			const char mark[] = {p->at[1], ']', 0}, *end = strstr(p->at + 2, mark);

			if (!end || (size_t)(end + 2 - p->at) > sizeof(text) - n - 4)
				break;
			memcpy(text + n, p->at, (size_t)(end + 2 - p->at));
			n += (size_t)(end + 2 - p->at);
			p->at = end + 2;
			continue;
		}
		if (*p->at == '\\' ||
		    (*p->at == '!' && n == 1)) /* itself here; in a glob it escapes or negates */
			text[n++] = '\\';
		text[n++] = *p->at++;
	}
	if (*p->at != ']') {
		p->failed = true;
		return;
	}
	p->at++;
	text[n++] = ']';
	text[n] = 0;
	set_one(p, ret, text);
}

static void escape(struct parser *p, struct expansion *ret)
{
	static const struct {
		char letter;
		const char *glob;
	} classes[] = {{'w', "[[:alnum:]_]"},
		       {'W', "[![:alnum:]_]"},
		       {'s', "[[:space:]]"},
		       {'S', "[![:space:]]"},
		       {'d', "[0-9]"},
		       {'D', "[!0-9]"},
		       {'b', ""},
		       {'<', ""},
		       {'>', ""}};
	char text[3] = {'\\', 0, 0}, c = *++p->at;

	if (!c) {
		p->failed = true;
		return;
	}
	p->at++;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].letter == c) {
			p->wider |= !*classes[i].glob; /* a word's end: anything may follow */
			set_one(p, ret, classes[i].glob);
			return;
		}
	if (isalnum((unsigned char)c)) { /* a reference to a group, or unknown */
		p->failed = true;
		return;
	}
	if (strchr("*?[\\", c))
		text[1] = c;
	else
		text[0] = c;
	set_one(p, ret, text);
}

static void atom(struct parser *p, struct expansion *ret)
{
	char text[2] = {*p->at, 0};

	switch (*p->at) {
	case '(':
		p->at++;
		if (p->at[0] == '?' && p->at[1] == ':')
			p->at += 2;
		else if (*p->at == '?')
			p->failed = true; /* Python's flags and assertions */
		if (++p->depth > DEPTH_MOST || p->failed) {
			p->failed = true;
			return;
		}
		alternatives(p, ret);
		p->depth--;
		if (*p->at == ')')
			p->at++;
		else
			p->failed = true;
		return;
	case '[':
		bracket(p, ret);
		return;
	case '\\':
		escape(p, ret);
		return;
	case '.':
		text[0] = '?';
		break;
	case '^':
		text[0] = AT_START;
		break;
	case '$':
		text[0] = AT_END;
		break;
	case '*':
	case '+':
	case '?':
		p->failed = true; /* repeats nothing */
		return;
	default:
		break;
	}
	p->at++;
	set_one(p, ret, text);
}

/* {n}, {n,} and {n,m}. */
static bool bounds(struct parser *p, unsigned long *low, unsigned long *high)
{
	char *end;

	*low = strtoul(p->at + 1, &end, 10);
	*high = *low;
	if (*end == ',')
		*high = end[1] == '}' ? (unsigned long)-1 : strtoul(end + 1, &end, 10);
	if (*end == ',')
		end++;
	if (*end != '}' || end == p->at + 1 || *low > *high || *low > 32)
		return false;
	p->at = end + 1;
	return true;
}

static void repeat(struct parser *p, struct expansion *set, unsigned long low, unsigned long high)
{
	struct expansion all = {.n = 0}, star = {.n = 0}, times = {.n = 0};
	bool any = set->n == 1 && !strcmp(set->text[0], "?");

	set_one(p, &times, "");
	for (unsigned long i = 0; i < low && !p->failed; i++)
		set_append(p, &times, set);
	if (high > 8 && high > low) { /* more of it: by *, which also takes other letters */
		p->wider |= !any;
		set_one(p, &star, "*");
		set_append(p, &times, &star);
		expansion_free(&star);
		high = low;
	}
	for (unsigned long i = low;; i++) {
		for (size_t k = 0; k < times.n && !p->failed; k++)
			set_one(p, &all, times.text[k]);
		if (i >= high || p->failed)
			break;
		set_append(p, &times, set);
	}
	expansion_free(&times);
	expansion_free(set);
	*set = all;
}

static void branch(struct parser *p, struct expansion *ret)
{
	set_one(p, ret, "");
	while (*p->at && *p->at != '|' && *p->at != ')' && !p->failed) {
		struct expansion one = {.n = 0};
		unsigned long low = 1, high = 1;

		atom(p, &one);
		while (!p->failed && *p->at && strchr("*+?{", *p->at)) {
			if (*p->at == '{') {
				if (!bounds(p, &low, &high)) {
					p->failed = true;
					break;
				}
			} else {
				low = *p->at == '+';
				high = *p->at == '?' ? 1 : (unsigned long)-1;
				p->at++;
			}
			repeat(p, &one, low, high);
		}
		if (!p->failed)
			set_append(p, ret, &one);
		expansion_free(&one);
	}
}

static void alternatives(struct parser *p, struct expansion *ret)
{
	for (;;) {
		struct expansion one = {.n = 0};

		branch(p, &one);
		for (size_t i = 0; i < one.n; i++) {
			set_add(p, ret, one.text[i]);
			one.text[i] = NULL;
		}
		expansion_free(&one);
		if (*p->at != '|' || p->failed)
			return;
		p->at++;
	}
}

bool regex_expand(const char *regex, struct expansion *ret)
{
	struct parser p = {.at = regex};
	struct expansion all = {.n = 0};

	alternatives(&p, &all);
	if (p.failed || *p.at) {
		expansion_free(&all);
		return false;
	}
	all.wider = p.wider;
	*ret = all;
	return true;
}
