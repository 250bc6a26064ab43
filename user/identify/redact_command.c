// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Secrets by their place in a command line: options and operands of the programs that it names
 * (redact_tools.c), options with a name that shows a secret, words that announce one. A command line may
 * name several programs (sudo, docker exec, xargs …): the rules of the last ACTIVE hold together.
 */
#include "redact_internal.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "redact_tools.h"

#define ACTIVE   3
#define PATTERNS 6

struct active {
	const struct redact_tool *tool;
	uint8_t at[PATTERNS]; /* elements of each pattern that have matched */
};

/* What is known of the next word. */
struct expected {
	enum redact_key_class key; /* KEY_NONE: nothing */
	char after;                /* only what follows this character is secret; 0: all of it */
	bool not_option;           /* unless it looks like an option */
	bool not_name;             /* unless it is a name: prose */
	bool visible;              /* no secret, whatever its key */
};

struct command {
	const struct redact_text *words;
	size_t n;
	struct active active[ACTIVE + 1]; /* the first is redact_any_tool */
	size_t used;
	struct expected next;
	bool visible; /* the current word holds no secret */
	size_t echo;  /* the word after the echo or printf of this pipeline; 0: none */
};

static bool is(const struct redact_text *w, const char *what)
{
	return redact_is(w->at, w->n, what);
}

static bool is_option(const struct redact_text *w) { return w->n > 1 && w->at[0] == '-'; }

static bool is_small(const struct redact_text *w)
{
	return w->n < 4 && redact_only(w->at, w->n, "0123456789");
}

static struct redact_text part(const struct redact_text *w, size_t from)
{
	struct redact_text p = *w;

	p.at += from;
	p.from += from;
	p.to += from;
	p.n -= from;
	return p;
}

static size_t find(const struct redact_text *w, char c)
{
	const char *at = memchr(w->at, c, w->n);

	return at ? (size_t)(at - w->at) : w->n;
}

/* A value of an option or an operand: all of it, or what follows a character. */
static void value(const struct redact_text *w, char after, enum redact_key_class key)
{
	size_t at = after ? find(w, after) : 0, end = w->n;

	if (!after) {
		redact_hide(w, 0, w->n, key);
		return;
	}
	if (after == '/' && find(w, '@') > at)
		end = find(w, '@');
	if (at + 1 < end)
		redact_hide(w, at + 1, end, key);
	else if (after != '=') /* no password, or none beside it: the name may be a token */
		redact_hide(w, 0, at, KEY_WEAK);
}

static void expect(struct command *c, enum redact_key_class key, char after, bool not_option)
{
	c->next = (struct expected){.key = key, .after = after, .not_option = not_option};
}

/* An entry of a tool's options, without its form and its separator. */
struct entry {
	const char *name;
	size_t n;
	bool attached, separate, harmless;
	char after;
};

static struct entry parse_entry(const char *text, size_t n)
{
	struct entry e = {.name = text, .n = n, .separate = true};

	if (n > 2 && strchr(":%,/=", text[n - 1]))
		e.after = text[--e.n];
	if (text[e.n - 1] == '~') {
		e.harmless = true;
		e.n--;
	}
	if (text[e.n - 1] == '_')
		e.separate = false;
	if (text[e.n - 1] == '+' || text[e.n - 1] == '_') {
		e.attached = true;
		e.n--;
	}
	return e;
}

/* Where the option's value begins in w: w->n if it is the next word; 0: this is another option. */
static size_t match_entry(const struct entry *e, const char *flags, const struct redact_text *w)
{
	bool letter = e->n == 2 && e->name[0] == '-' && isalnum((unsigned char)e->name[1]);
	size_t i = 1;

	if (letter && w->n > 1 && w->at[0] == '-') {
		while (i < w->n && w->at[i] != e->name[1] && w->at[i] && strchr(flags, w->at[i]))
			i++;
		if (i >= w->n || w->at[i] != e->name[1])
			return 0;
		i++;
		return i == w->n ? (e->separate ? i : 0) : (e->attached ? i : 0);
	}
	if (w->n < e->n || strncasecmp(w->at, e->name, e->n))
		return 0;
	if (w->n == e->n)
		return e->separate ? w->n : 0;
	if (e->attached)
		return e->n;
	return w->at[e->n] == '=' ? e->n + 1 : 0;
}

/* True if the word is an option in the tool's table. */
static bool tool_option(struct command *c, const struct redact_tool *tool,
			const struct redact_text *w)
{
	for (const char *at = tool->options; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " "), from;
		struct entry e = parse_entry(at, n);
		struct redact_text v;

		at += n;
		from = match_entry(&e, tool->flags, w);
		if (!from)
			continue;
		v = part(w, from);
		if (e.harmless)
			*(from < w->n ? &c->visible : &c->next.visible) = true;
		else if (from < w->n)
			value(&v, e.after, KEY_STRONG);
		else
			expect(c, KEY_STRONG, e.after, false);
		return true;
	}
	return false;
}

/* Whether w is one of a|b. Of an option the value may be attached: *ret_value is where. */
static bool alternative(const char *list, size_t n, const struct redact_text *w, size_t *ret_value)
{
	for (size_t i = 0; i < n;) {
		size_t m = strcspn(list + i, "| ;");
		const char *name = list + i;
		bool cluster = m == 2 && name[0] == '-' && w->n > 2 && w->at[0] == '-' &&
			       w->at[1] != '-' && memchr(w->at, name[1], w->n);

		*ret_value = w->n;
		if (w->n == m && !strncasecmp(name, w->at, m))
			return true;
		if (name[0] == '-' && w->n > m && !strncasecmp(name, w->at, m) && w->at[m] == '=') {
			*ret_value = m + 1;
			return true;
		}
		if (cluster) {
			*ret_value = w->at[1] == name[1] ? 2 : w->n;
			return true;
		}
		i += m + 1;
	}
	return false;
}

/* The element that a pattern waits for. NULL: none. */
static const char *element(const char *pattern, size_t index, size_t *ret_n)
{
	const char *at = pattern;

	for (;;) {
		at += strspn(at, " ");
		*ret_n = strcspn(at, " ;");
		if (!*ret_n)
			return NULL;
		if (!index--)
			return at;
		at += *ret_n;
	}
}

/* One pattern of operands sees the word. */
static void operand(struct command *c, const char *pattern, uint8_t *matched,
		    const struct redact_text *w)
{
	size_t n, m, from;
	const char *e = element(pattern, *matched, &n), *next;
	struct redact_text v = *w;

	if (!e)
		return;
	if (n == 1 && strchr("_*?!/", *e)) {
		if (is_option(w) && *e != '/')
			return;
		if (*e == '*')
			value(w, 0, KEY_STRONG);
		else if (*e == '?' && !redact_is_name(w->at, w->n) && !is_small(w))
			value(w, 0, KEY_STRONG);
		else if (*e == '!' && find(w, ':') == w->n && find(w, '\\') == w->n)
			value(w, 0, KEY_STRONG);
		else if (*e == '/' && find(w, '/') > 0 && find(w, '/') < w->n)
			value(w, '/', KEY_STRONG);
		if (*e == '_' || *e == '*')
			++*matched;
		return;
	}
	if (*e == '=' && n <= 2) {
		if (is_option(w))
			return;
		size_t at = find(w, '=');

		if (n == 2 && at < w->n && redact_about(w->at, at) &&
		    redact_is_figure(w->at + at + 1, w->n - at - 1))
			return; /* token_ttl=20m */
		if (n == 2)
			value(w, '=', KEY_STRONG);
		else if (find(w, '=') == w->n && redact_key(w->at, w->n))
			expect(c, KEY_STRONG, 0, true);
		return;
	}
	if (!alternative(e, n, w, &from)) {
		if (*e != '-' && !is_option(w) && *matched)
			*matched = 0;
		return;
	}
	++*matched;
	next = *e == '-' ? element(pattern, *matched, &m) : NULL;
	if (!next || (*next != '*' && *next != '='))
		return;
	--*matched; /* an option's value; the option may come again */
	if (from < w->n) {
		v = part(w, from);
		value(&v, *next == '=' ? '=' : 0, KEY_STRONG);
	} else {
		expect(c, KEY_STRONG, *next == '=' ? '=' : 0, false);
	}
}

static const char *next_pattern(const char *pattern)
{
	pattern += strcspn(pattern, ";");
	return pattern + (*pattern == ';');
}

static void operands(struct command *c, struct active *a, const struct redact_text *w)
{
	const char *pattern = a->tool->operands;

	for (size_t i = 0; i < PATTERNS && *pattern; i++) {
		operand(c, pattern, &a->at[i], w);
		pattern = next_pattern(pattern);
	}
}

/* The secret that a pattern waits for was announced by its name as well. */
static void past_secret(struct command *c)
{
	for (size_t i = 0; i < c->used; i++) {
		const char *pattern = c->active[i].tool->operands;

		for (size_t k = 0; k < PATTERNS && *pattern; k++) {
			size_t n;
			const char *e = element(pattern, c->active[i].at[k], &n);

			if (c->active[i].at[k] && e && n == 1 && *e == '*')
				c->active[i].at[k]++;
			pattern = next_pattern(pattern);
		}
	}
}

/* The tool that the word names; NULL. */
static const struct redact_tool *activate(struct command *c, const struct redact_text *w)
{
	const struct redact_tool *tool;

	if (is_option(w) || find(w, ':') < w->n)
		return NULL;
	tool = redact_tool(w->at, w->n);
	for (size_t i = 0; tool && i < c->used; i++)
		if (c->active[i].tool == tool)
			return tool;
	if (!tool)
		return NULL;
	if (c->used == ACTIVE + 1) {
		memmove(&c->active[1], &c->active[2], (ACTIVE - 1) * sizeof(c->active[0]));
		c->used--;
	}
	c->active[c->used++] = (struct active){.tool = tool};
	return tool;
}

/* --key VALUE, --key=VALUE, --key:VALUE, /key:VALUE */
static bool generic_option(struct command *c, const struct redact_text *w)
{
	size_t end = 0, begin = w->at[0] == '/';
	enum redact_key_class key;
	struct redact_text v;

	if (!is_option(w) && !(begin && w->n > 1))
		return false;
	while (end < w->n && (end < 2 || !strchr("=:", w->at[end])) && w->at[end])
		end++;
	if (begin && (end == w->n || memchr(w->at + 1, '/', w->n - 1)))
		return false;
	key = redact_key(w->at + begin, end - begin);
	if (key == KEY_NONE)
		return false;
	if (end == w->n) {
		expect(c, key, 0, true);
		return true;
	}
	v = part(w, end + 1);
	value(&v, 0, key);
	/* "--password= SECRET", "--password=true SECRET" */
	if (key == KEY_STRONG && (!v.n || is(&v, "true")))
		expect(c, KEY_STRONG, 0, true);
	return true;
}

/* The word that has been announced. */
static void announced(struct command *c, const struct redact_text *w)
{
	struct expected x = c->next;

	c->next = (struct expected){0};
	if (x.not_option && w->n > 1 && w->at[0] == '-') {
		if (w->n == 2 && w->at[1] == '-')
			c->next = x;
		return;
	}
	if (is(w, "--") || is(w, "bearer") || is(w, "basic")) { /* send -- TEXT */
		c->next = x;
		return;
	}
	if (x.not_name && !w->quoted &&
	    (redact_is_name(w->at, w->n) || find(w, '(') < w->n || find(w, '[') < w->n))
		return;
	/* a PIN is digits */
	if (x.key == KEY_WEAK && w->n >= 4 && w->n <= 8 && redact_only(w->at, w->n, "0123456789"))
		return;
	value(w, x.after, x.key);
}

/* "echo SECRET | chpasswd": programs and options that read a secret from their standard input. */
static bool reads_secret(const struct redact_text *w)
{
	static const char *const list[] = {
		"chpasswd",          "--password-stdin", "--stdin",      "-S",
		"--passwd-on-stdin", "--passphrase-fd",  "--with-token", "stdin"};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if (w->n == strlen(list[i]) && !memcmp(w->at, list[i], w->n))
			return true;
	return false;
}

/* What git reads are names of commits and files. */
static bool of_git(const struct command *c, size_t i)
{
	while (i && !c->words[i - 1].operator)
		i--;
	return is(&c->words[i], "git");
}

static void hide_echoed(struct command *c, size_t before)
{
	for (size_t i = c->echo; c->echo && i < before && !c->words[i].operator; i++)
		if (!is_option(&c->words[i]))
			value(&c->words[i], find(&c->words[i], ':') < c->words[i].n ? ':' : 0,
			      KEY_STRONG);
	c->echo = 0;
}

static void on_operator(struct command *c, const struct redact_text *w)
{
	if (w->n == 3 && w->at[0] == '<') { /* <<< TEXT */
		for (size_t i = 0; i < c->n && &c->words[i] < w; i++)
			if (reads_secret(&c->words[i]))
				expect(c, KEY_STRONG, 0, false);
		return;
	}
	if (w->at[0] == '<' || w->at[0] == '(')
		return;
	c->used = 1 + (w->outer && w->outer != &redact_any_tool);
	c->next = (struct expected){0};
	memset(c->active[0].at, 0, sizeof(c->active[0].at));
	if (w->n != 1 || w->at[0] != '|')
		c->echo = 0;
}

/* sh -c SCRIPT, bash -lc SCRIPT */
static bool takes_script(const struct redact_text *w)
{
	return w->n >= 2 && w->n <= 5 && w->at[0] == '-' && w->at[1] != '-' &&
	       w->at[w->n - 1] == 'c';
}

/* Everything that is known of a word without the words before it. */
static void inside(const struct redact_text *words, size_t i, int depth,
		   const struct redact_tool *outer)
{
	struct redact_text w = words[i];
	bool blank = false;

	if (i) {
		w.script = takes_script(&words[i - 1]);
		w.header |= is(&words[i - 1], "-H") || is(&words[i - 1], "--header");
	}
	for (size_t k = 0; k < w.n; k++)
		blank |= redact_is_blank(w.at[k]);
	redact_scan(&w);
	w.outer = outer;
	if (blank && depth < REDACT_DEPTH)
		redact_script(&w, depth + 1);
}

static void one_word(struct command *c, size_t i)
{
	const struct redact_text *w = &c->words[i];
	struct expected before = c->next;
	const struct redact_tool *tool;
	bool option = false;
	size_t used;

	if (before.visible) {
		c->next = (struct expected){0};
		return;
	}
	if (before.key != KEY_NONE) {
		announced(c, w);
		past_secret(c);
		if (!(before.not_option && is_option(w)))
			return;
	}
	if (!w->n)
		return;
	if (reads_secret(w) && !(is(w, "--stdin") && of_git(c, i)))
		hide_echoed(c, i);
	if (is(w, "echo") || is(w, "printf"))
		c->echo = i + 1;
	tool = activate(c, w);
	used = c->used;
	for (size_t k = 0; k < used && !option; k++)
		option = tool_option(c, c->active[k].tool, w);
	for (size_t k = 0; k < used; k++)
		if (tool != c->active[k].tool)
			operands(c, &c->active[k], w);
	if (option || c->next.key != KEY_NONE)
		return;
	if (generic_option(c, w))
		return;
	if (redact_announces(w->at, w->n) || (w->header && redact_key(w->at, w->n))) {
		expect(c, KEY_STRONG, 0, true);
		c->next.not_name = !is(w, "bearer") && !is(w, "requirepass");
	} else if (i + 1 < c->n && is(&c->words[i + 1], "=") && redact_key(w->at, w->n)) {
		expect(c, redact_key(w->at, w->n), 0, true);
		c->next.not_name = true;
	}
}

void redact_command(const struct redact_text *words, size_t n, int depth)
{
	struct command c = {.words = words, .n = n, .used = 1};

	c.active[0].tool = &redact_any_tool;
	if (n && words[0].outer && words[0].outer != &redact_any_tool)
		c.active[c.used++].tool = words[0].outer;
	for (size_t i = 0; i < n; i++) {
		if (words[i].operator) {
			on_operator(&c, &words[i]);
			continue;
		}
		if (is(&words[i], "=") && c.next.key != KEY_NONE)
			continue;
		c.visible = c.next.visible;
		one_word(&c, i);
		if (!c.visible)
			inside(words, i, depth, c.active[c.used - 1].tool);
	}
}
