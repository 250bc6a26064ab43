// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Assignments and words: see shell_words.h. */
#include "shell_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"

struct reader {
	const char *at;
	FILE *value; /* what is being read */
	struct assignments *all;
	bool runs;
};

void shell_free(struct assignments *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->of[i].name);
		free(all->of[i].value);
	}
	free(all->of);
	*all = (struct assignments){0};
}

static const struct assignment *find_last(const struct assignments *all, const char *name,
					  size_t bytes)
{
	for (size_t i = all->n; i; i--)
		if (strlen(all->of[i - 1].name) == bytes &&
		    !memcmp(all->of[i - 1].name, name, bytes))
			return &all->of[i - 1];
	return NULL;
}

const struct assignment *shell_last(const struct assignments *all, const char *name)
{
	return find_last(all, name, strlen(name));
}

static size_t name_bytes(const char *at)
{
	return isdigit((unsigned char)*at) ? 0 : strspn(at, NAME_LETTERS);
}

/* ---- the shell ---- */

static const char *value_of(const struct reader *r, const char *name, size_t bytes)
{
	const struct assignment *a = find_last(r->all, name, bytes);

	return a ? a->value : NULL;
}

/* At a $: puts the value of $NAME, ${NAME} and ${NAME:-default}. What runs a command stays as it is. */
static void dollar(struct reader *r)
{
	const char *at = r->at + 1, *name = at + (*at == '{'), *value, *end;
	size_t n = name_bytes(name);

	if (*at == '(' || (*at == '{' && !n)) {
		r->runs = true;
		fputc(*r->at++, r->value);
		return;
	}
	if (!n) {
		fputc(*r->at++, r->value);
		return;
	}
	value = value_of(r, name, n);
	if (*at != '{') {
		r->runs |= !value; /* set elsewhere, or not at all */
		fputs(value ? value : "", r->value);
		r->at = name + n;
		return;
	}
	end = strchr(name + n, '}');
	if (!end || (end != name + n && strncmp(name + n, ":-", 2) && name[n] != '-') ||
	    memchr(name + n, '$', (size_t)(end - name) - n)) {
		r->runs = true;
		fputc(*r->at++, r->value);
		return;
	}
	r->runs |= !value && end == name + n;
	if (value && *value)
		fputs(value, r->value);
	else if (end != name + n)
		fwrite(name + n + 1 + (name[n] == ':'), 1,
		       (size_t)(end - name) - n - 1 - (name[n] == ':'), r->value);
	r->at = end + 1;
}

/* Up to the closing quote; false: it has none. */
static bool quoted(struct reader *r, bool expand)
{
	char quote = *r->at++;

	while (*r->at && *r->at != quote) {
		if (quote == '"' && *r->at == '\\' && r->at[1]) {
			if (r->at[1] == '\n') {
				r->at += 2;
				continue;
			}
			if (!strchr("\"\\$`", r->at[1]))
				fputc('\\', r->value);
			r->at++;
			fputc(*r->at++, r->value);
		} else if (quote == '"' && *r->at == '$' && expand) {
			dollar(r);
		} else {
			r->runs |= quote == '"' && *r->at == '`' && expand;
			fputc(*r->at++, r->value);
		}
	}
	if (!*r->at)
		return false;
	r->at++;
	return true;
}

/* One word of the shell. */
static bool word(struct reader *r)
{
	while (*r->at && !strchr(" \t\n;&|", *r->at)) {
		if (*r->at == '"' || *r->at == '\'') {
			if (!quoted(r, true))
				return false;
		} else if (*r->at == '\\' && r->at[1]) {
			r->at++;
			if (*r->at != '\n')
				fputc(*r->at, r->value);
			r->at++;
		} else if (*r->at == '$') {
			dollar(r);
		} else {
			r->runs |= *r->at == '`';
			fputc(*r->at++, r->value);
		}
	}
	return true;
}

static int add(struct reader *r, const struct import_source *s, const char *begin, size_t name,
	       bool append, char *value)
{
	struct assignment *more = reallocarray(r->all->of, r->all->n + 1, sizeof(*more));
	const char *before;
	struct assignment a = {.first = source_line_at(s, begin), .runs = r->runs};

	if (!more)
		return -ENOMEM;
	r->all->of = more;
	before = append ? value_of(r, begin, name) : NULL;
	a.name = strndup(begin, name);
	if (asprintf(&a.value, "%s%s", before ? before : "", value) < 0)
		a.value = NULL;
	a.last = source_line_at(s, r->at > begin && r->at[-1] == '\n' ? r->at - 1 : r->at);
	if (!a.name || !a.value) {
		free(a.name);
		free(a.value);
		return -ENOMEM;
	}
	r->all->of[r->all->n++] = a;
	return 0;
}

static int read_value(struct reader *r, bool (*read)(struct reader *), char **ret_value)
{
	size_t bytes;
	bool whole;

	r->value = open_memstream(ret_value, &bytes);
	if (!r->value)
		return -ENOMEM;
	r->runs = false;
	whole = read(r);
	fclose(r->value);
	return whole ? 0 : -EINVAL;
}

static void to_line_end(struct reader *r)
{
	while (*r->at && *r->at != '\n')
		r->at += r->at[0] == '\\' && r->at[1] ? 2 : 1;
}

/* A simple command up to its end: assignments, or a command, which is not run. */
static int command(struct reader *r, struct import_source *s)
{
	size_t first = r->all->n;
	const char *begin = r->at;
	bool declares = false;

	for (;;) {
		size_t name;
		bool append;
		_cleanup_free_ char *value = NULL;
		int e;

		while (*r->at == ' ' || *r->at == '\t' || !strncmp(r->at, "\\\n", 2))
			r->at += 1 + (*r->at == '\\');
		if (!*r->at || strchr("\n;#", *r->at))
			return 0;
		name = name_bytes(r->at);
		append = name && !strncmp(r->at + name, "+=", 2);
		if (name && (r->at[name] == '=' || append)) {
			const char *at = r->at;

			r->at += name + 1 + append;
			e = read_value(r, word, &value);
			if (!e)
				e = add(r, s, at, name, append, value);
			if (e)
				return e;
			continue;
		}
		if (name && (r->at == begin || declares)) {
			static const char *const words[] = {"export", "readonly", "declare",
							    "typeset"};
			bool is = false;

			for (size_t i = 0; i < ARRAY_SIZE(words); i++)
				is |= strlen(words[i]) == name && !memcmp(words[i], r->at, name);
			if ((is || declares) && (!r->at[name] || strchr(" \t\n;", r->at[name]))) {
				line_taken(s, source_line_at(s, r->at), "export");
				declares = true;
				r->at += name;
				continue;
			}
		}
		if (declares && *r->at == '-') { /* its options */
			r->at += strcspn(r->at, " \t\n");
			continue;
		}
		for (size_t i = first; i < r->all->n; i++)
			r->all->of[i].command = true;
		if (first == r->all->n)
			line_left(s, source_line_at(s, r->at), "a command of the shell: not run");
		to_line_end(r);
		return 0;
	}
}

static int read_sh(struct reader *r, struct import_source *s)
{
	while (*r->at) {
		int e;

		r->at += strspn(r->at, " \t\n;");
		if (*r->at == '#') {
			r->at += strcspn(r->at, "\n");
			continue;
		}
		e = command(r, s);
		if (e)
			return e;
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		else if (*r->at && !strchr("\n; \t", *r->at))
			r->at++;
	}
	return 0;
}

/* ---- systemd ---- */

/* The rest of the line, with quotes in it. */
static bool rest(struct reader *r)
{
	size_t blanks = 0; /* kept only if something follows */

	while (*r->at && *r->at != '\n') {
		if (*r->at == ' ' || *r->at == '\t') {
			blanks++;
			r->at++;
			continue;
		}
		for (; blanks; blanks--)
			fputc(' ', r->value);
		if (*r->at == '"' || *r->at == '\'') {
			if (!quoted(r, false))
				return false;
		} else if (*r->at == '\\' && r->at[1]) {
			r->at++;
			if (*r->at != '\n')
				fputc(*r->at, r->value);
			r->at++;
		} else {
			fputc(*r->at++, r->value);
		}
	}
	return true;
}

static int read_systemd(struct reader *r, struct import_source *s)
{
	while (*r->at) {
		_cleanup_free_ char *value = NULL;
		const char *begin, *equals;
		size_t n;
		int e;

		r->at += strspn(r->at, " \t\n\r");
		if (*r->at == '#' || *r->at == ';') {
			r->at += strcspn(r->at, "\n");
			continue;
		}
		n = strcspn(r->at, "=\n");
		begin = r->at;
		equals = r->at + n;
		if (*equals != '=') {
			r->at = equals;
			continue;
		}
		while (n && strchr(" \t", begin[n - 1]))
			n--;
		r->at = equals + 1 + strspn(equals + 1, " \t");
		e = read_value(r, rest, &value);
		if (!e && n && name_bytes(begin) == n)
			e = add(r, s, begin, n, false, value);
		if (e)
			return e;
	}
	return 0;
}

int shell_assignments(struct import_source *s, enum shell_dialect dialect, struct assignments *ret,
		      size_t *ret_line)
{
	struct assignments all = {0};
	struct reader r = {.at = source_text(s), .all = &all};
	int e = dialect == SHELL_SH ? read_sh(&r, s) : read_systemd(&r, s);

	*ret_line = 0;
	if (e) {
		*ret_line = all.n ? all.of[all.n - 1].last + 1 : 1;
		shell_free(&all);
		return e;
	}
	*ret = all;
	return 0;
}

/* ---- words ---- */

int words_add(struct words *words, const char *text)
{
	char **more = reallocarray(words->word, words->n + 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	words->word = more;
	words->word[words->n] = strdup(text);
	words->word[words->n + 1] = NULL;
	return words->word[words->n] ? (words->n++, 0) : -ENOMEM;
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->word[i]);
	free(words->word);
	*words = (struct words){0};
}

char *text_trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		text[--n] = 0;
	return text;
}

/* A word in which nothing is expanded. */
static bool plain_word(struct reader *r)
{
	while (*r->at && !isspace((unsigned char)*r->at)) {
		if (*r->at == '"' || *r->at == '\'') {
			if (!quoted(r, false))
				return false;
		} else if (*r->at == '\\' && r->at[1]) {
			if (*++r->at != '\n')
				fputc(*r->at, r->value);
			r->at++;
		} else {
			fputc(*r->at++, r->value);
		}
	}
	return true;
}

int shell_split(const char *text, struct words *ret_words)
{
	struct words words = {0};
	struct reader r = {.at = text};
	int e = 0;

	for (;;) {
		_cleanup_free_ char *value = NULL;

		while (isspace((unsigned char)*r.at) || !strncmp(r.at, "\\\n", 2))
			r.at += 1 + (*r.at == '\\');
		if (!*r.at || e)
			break;
		e = read_value(&r, plain_word, &value);
		if (!e)
			e = words_add(&words, value);
		if (e)
			break;
	}
	if (e) {
		words_free(&words);
		return e;
	}
	*ret_words = words;
	return 0;
}
