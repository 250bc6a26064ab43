// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One pass over the arguments, word by word, with little state: which program's options these are,
 * and whether a secret follows the previous word. The tables of redact_rules.c decide what is
 * hidden.
 */
#include "redact.h"

#include <ctype.h>
#include <string.h>

#include "redact_rules.h"

struct redactor {
	char *out;
	size_t out_bytes, used;
	const char *program; /* in the table of options; NULL */
	bool expect;         /* the next word is a secret … */
	char expect_after;   /* … after this character; 0: all of it */
	bool expect_flag;    /* … unless it looks like an option itself */
	bool script;         /* the next argument is a shell's script */
	bool header;         /* the next argument is an HTTP header: Key:value without a blank */
};

/* The current argument. */
struct text {
	const char *at;
	size_t n;
	bool script, header;
	bool open; /* may have been cut at its end */
};

static void put(struct redactor *r, const char *text, size_t n)
{
	for (size_t i = 0; i < n && r->used + 1 < r->out_bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		r->out[r->used++] = c < ' ' || c == 127 ? ' ' : (char)c;
	}
}

static void put_redacted(struct redactor *r) { put(r, REDACTED, strlen(REDACTED)); }

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool is_quote(char c) { return c == '"' || c == '\''; }

static bool is_key(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-'; }

static size_t find_any(const struct text *t, size_t from, const char *stops, bool blanks)
{
	while (from < t->n && !(blanks && is_blank(t->at[from])) &&
	       !(t->at[from] && strchr(stops, t->at[from])))
		from++;
	return from;
}

static size_t word_end(const struct text *t, size_t from) { return find_any(t, from, "", true); }

/* Hides [from, to), unless it is empty. A script's own variables are no secrets. */
static size_t hide(struct redactor *r, const struct text *t, size_t from, size_t to)
{
	size_t n = to - from;
	bool variable = t->script && n > 1 && t->at[from] == '$' &&
			(isalpha((unsigned char)t->at[from + 1]) || strchr("_{(", t->at[from + 1]));

	if (redact_harmless(t->at + from, n) || variable)
		put(r, t->at + from, n);
	else
		put_redacted(r);
	return to;
}

/* A value that begins with a quote ends at the next one of its kind. */
static size_t hide_quoted(struct redactor *r, const struct text *t, size_t from)
{
	char quote[2] = {t->at[from], 0};

	put(r, quote, 1);
	return hide(r, t, from + 1, find_any(t, from + 1, quote, false));
}

/* scheme://user:password@host, at the character after "://". The caller handles what is no
 * password. */
static size_t url(struct redactor *r, const struct text *t, size_t from)
{
	size_t end = find_any(t, from, "/?#\"'", true), colon, at = end, digits;

	while (at > from && t->at[at - 1] != '@')
		at--;
	colon = find_any(t, from, ":", false);
	if (at > from) { /* a user part: its last '@' is at - 1 */
		if (colon < at) {
			put(r, t->at + from, colon + 1 - from);
			return hide(r, t, colon + 1, at - 1);
		}
		if (at - 1 - from >= 20) /* no password, but a name that is a token */
			return hide(r, t, from, at - 1);
		return from;
	}
	if (colon >= end)
		return from;
	digits = colon + 1;
	while (digits < end && isdigit((unsigned char)t->at[digits]))
		digits++;
	at = word_end(t, from);
	while (at > end && t->at[at - 1] != '@')
		at--;
	/* a password with a '/' in it, or without its '@', which was cut off; but not a port */
	if ((at > end && digits < end) || (t->open && end == t->n)) {
		put(r, t->at + from, colon + 1 - from);
		return hide(r, t, colon + 1, at > end ? at - 1 : end);
	}
	return from;
}

/* Where a value that began at `from` ends, given the character before its key. */
static size_t value_end(const struct text *t, size_t key, size_t from, bool json)
{
	char before = key ? t->at[key - 1] : 0;

	if (json)
		return find_any(t, from, ",}]", true);
	if (is_quote(before))
		return find_any(t, from, (char[]){before, 0}, false);
	if (!key && !t->script)
		return t->n;
	if (before == '?' || before == '&')
		return find_any(t, from, "&#\"'", true);
	if (before == ';' || before == ',')
		return find_any(t, from, (char[]){before, '"', '\'', 0}, false);
	if (before == '=' && !t->script)
		return t->n;
	return find_any(t, from, "\"'", true);
}

/* key=value, Key: value, "key": "value". Where the value ends, or `end` if there is no key or it
 * names no secret. */
static size_t assignment(struct redactor *r, const struct text *t, size_t key, size_t end)
{
	size_t at = end;
	bool json = at < t->n && is_quote(t->at[at]) && key && t->at[key - 1] == t->at[at];

	if (json)
		at = find_any(t, at + 1, ":=,}", false);
	if (at >= t->n || (t->at[at] != '=' && t->at[at] != ':'))
		return end;
	if (t->at[at] == ':' && !json && !(t->header && !key) &&
	    (at + 1 >= t->n || !is_blank(t->at[at + 1])))
		return end; /* an image's tag, a port */
	if (!redact_smells(t->at + key, end - key))
		return end;
	at++;
	while (at < t->n && is_blank(t->at[at]) && (json || t->at[at - 1] != '='))
		at++;
	put(r, t->at + end, at - end);
	if (at < t->n && is_quote(t->at[at]))
		return hide_quoted(r, t, at);
	return hide(r, t, at, value_end(t, key, at, json));
}

/* A word that follows a flag or an option with a secret. Returns its end. */
static size_t expected(struct redactor *r, const struct text *t, size_t from)
{
	size_t end = from == 0 && !t->script ? t->n : word_end(t, from), at;
	char after = r->expect_after;

	r->expect = false;
	if (r->expect_flag && t->at[from] == '-' && end > from + 1)
		return from;
	if (is_quote(t->at[from]))
		return hide_quoted(r, t, from);
	if (!after)
		return hide(r, t, from, end);
	at = find_any(t, from, (char[]){after, 0}, false);
	if (at >= end) {
		put(r, t->at + from, end - from);
		return end;
	}
	put(r, t->at + from, at + 1 - from);
	return hide(r, t, at + 1, end);
}

static void expect(struct redactor *r, char after, bool flag)
{
	r->expect = true;
	r->expect_after = after;
	r->expect_flag = flag;
}

/* user:password@tcp(host:3306)/base: a data source name without a scheme. */
static size_t data_source(struct redactor *r, const struct text *t, size_t from, size_t end)
{
	static const char *const nets[] = {"@tcp(", "@unix(", "@tcp6("};
	size_t colon = find_any(t, from, ":", true);

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		const char *net = memmem(t->at + from, end - from, nets[i], strlen(nets[i]));

		if (!net || colon >= (size_t)(net - t->at))
			continue;
		put(r, t->at + from, colon + 1 - from);
		return hide(r, t, colon + 1, (size_t)(net - t->at));
	}
	return from;
}

/* Rules for a whole word: a program, an option with a secret in it or after it. Returns where to
 * continue: `from` itself if nothing was written. */
static size_t word(struct redactor *r, const struct text *t, size_t from)
{
	size_t end = word_end(t, from), n = end - from;
	const struct secret_option *option = redact_option(r->program, t->at + from, n);
	const char *program = redact_program(t->at + from, n);

	if (option && n == strlen(option->option)) {
		put(r, t->at + from, n);
		expect(r, option->after, false);
		return end;
	}
	if (option) {
		size_t at = from + strlen(option->option);

		put(r, t->at + from, at - from);
		expect(r, option->after, false);
		return expected(r, t, at);
	}
	if (program)
		r->program = program;
	if (redact_announces(t->at + from, n) ||
	    (t->at[from] == '-' && find_any(t, from, "=:", false) >= end &&
	     redact_smells(t->at + from, n))) {
		put(r, t->at + from, n);
		expect(r, 0, true);
		return end;
	}
	return data_source(r, t, from, end);
}

/* The longest key at `from`, its token, its URL or its assignment. Always makes progress. */
static size_t key(struct redactor *r, const struct text *t, size_t from)
{
	size_t end = from, m = redact_token(t->at + from, t->n - from, t->open);

	if (m) {
		put_redacted(r);
		return from + m;
	}
	while (end < t->n && is_key(t->at[end]))
		end++;
	put(r, t->at + from, end - from);
	if (end + 3 <= t->n && !memcmp(t->at + end, "://", 3)) {
		put(r, "://", 3);
		return url(r, t, end + 3);
	}
	return assignment(r, t, from, end);
}

static void redact_text(struct redactor *r, const struct text *t)
{
	static const char begin[] = "-----BEGIN ";
	size_t i = 0;

	while (i < t->n) {
		bool start =
			i == 0 || is_blank(t->at[i - 1]) || (t->script && is_quote(t->at[i - 1]));
		size_t at = i;

		if (start && !is_blank(t->at[i]))
			at = r->expect ? expected(r, t, i) : word(r, t, i);
		if (at > i) {
			i = at;
			continue;
		}
		if (t->n - i > strlen(begin) && !memcmp(t->at + i, begin, strlen(begin)) &&
		    memmem(t->at + i, t->n - i, "PRIVATE KEY", 11)) {
			put_redacted(r);
			return;
		}
		if (is_key(t->at[i])) {
			i = key(r, t, i);
		} else {
			put(r, t->at + i, 1);
			i++;
		}
	}
}

static bool is_arg(const char *arg, size_t n, const char *what)
{
	return strlen(what) == n && !memcmp(arg, what, n);
}

/* sh -c SCRIPT, bash -lc SCRIPT */
static bool takes_script(const char *arg, size_t n)
{
	return n >= 2 && n <= 5 && arg[0] == '-' && arg[1] != '-' && arg[n - 1] == 'c';
}

static void redact_arg(struct redactor *r, const char *arg, size_t n, bool open)
{
	struct text t = {.at = arg, .n = n, .script = r->script, .header = r->header, .open = open};
	bool blank = n == 0, doubles = memchr(arg, '"', n) != NULL,
	     singles = memchr(arg, '\'', n) != NULL;
	const char *quote = doubles && !singles ? "'" : "\"";

	for (size_t i = 0; i < n; i++)
		blank |= is_blank(arg[i]);
	if (r->expect && !r->expect_after && !(r->expect_flag && n && arg[0] == '-'))
		blank = n == 0; /* hidden as a whole */
	r->script = takes_script(arg, n);
	r->header = is_arg(arg, n, "-H") || is_arg(arg, n, "--header");
	if (blank)
		put(r, quote, 1);
	redact_text(r, &t);
	if (!n)
		r->expect = false;
	if (blank)
		put(r, quote, 1);
}

void redact_args(const char *args, size_t n, char *out, size_t out_bytes)
{
	struct redactor r = {.out = out, .out_bytes = out_bytes};
	bool cut = n && args[n - 1];

	while (n &&
	       !args[n -
		     1]) /* the last one's NUL, and processes that overwrote their title with blanks */
		n--;
	for (size_t i = 0; i < n;) {
		size_t m = strnlen(args + i, n - i);

		if (i)
			put(&r, " ", 1);
		redact_arg(&r, args + i, m, cut && i + m == n);
		i += m + 1;
	}
	out[r.used] = 0;
}
