// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Secrets by what stands around or in them, wherever in a text: key=value in its many forms, URLs,
 * data source names, tokens. One pass; each step consumes what it has read or looks ahead to the
 * end of its own word only, and the input is bounded (REDACT_INPUT).
 */
#include "redact_internal.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

bool redact_is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool is_quote(char c) { return c == '"' || c == '\''; }

static bool is_key(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || (c & 0x80);
}

static char at(const struct redact_text *t, size_t i) { return i < t->n ? t->at[i] : 0; }

static size_t find_any(const struct redact_text *t, size_t from, const char *stops, bool blanks)
{
	while (from < t->n && !(blanks && redact_is_blank(t->at[from])) &&
	       !(t->at[from] && strchr(stops, t->at[from])))
		from++;
	return from;
}

static size_t word_end(const struct redact_text *t, size_t from)
{
	return find_any(t, from, "", true);
}

static size_t skip_blanks(const struct redact_text *t, size_t from)
{
	while (from < t->n && redact_is_blank(t->at[from]))
		from++;
	return from;
}

static bool is_variable(const struct redact_text *t, size_t i)
{
	char next = at(t, i + 1);

	return at(t, i) == REDACT_VARIABLE ||
	       (t->script && at(t, i) == '$' &&
		(isalpha((unsigned char)next) || (next && strchr("_{(", next))));
}

/* Past "Bearer " and the like. */
static size_t skip_scheme(const struct redact_text *t, size_t from, size_t to)
{
	static const char *const schemes[] = {"bearer", "basic", "token", "apikey", "digest"};
	size_t end = word_end(t, from);

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (end < to && redact_is(t->at + from, end - from, schemes[i]))
			return skip_blanks(t, end);
	return from;
}

bool redact_hide(const struct redact_text *t, size_t from, size_t to, enum redact_key_class key)
{
	size_t value = skip_scheme(t, from, to);

	if (from >= to || redact_harmless(t->at + value, to - value) || is_variable(t, value))
		return false;
	if (key == KEY_WEAK && ((!redact_random(t->at + value, to - value) &&
				 !redact_base64(t->at + value, to - value)) ||
				redact_is_key_id(t->at + value, to - value)))
		return false;
	memset(t->hidden + t->from[from], 1, (size_t)(t->to[to - 1] - t->from[from]));
	return true;
}

/* Services with a URL that is the secret: its last part. */
static void hide_webhook(const struct redact_text *t, size_t from, size_t end)
{
	static const char *const hosts[] = {
		"hooks.slack.com/",  "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
		"hooks.zapier.com/", "maker.ifttt.com/",          "webhook.office.com/",
	};
	size_t last = end;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		if (!memmem(t->at + from, end - from, hosts[i], strlen(hosts[i])))
			continue;
		while (last > from && t->at[last - 1] != '/')
			last--;
		redact_hide(t, last, end, KEY_STRONG);
	}
}

/* A user that is no name, beside no password or one that says so. */
static void hide_user(const struct redact_text *t, size_t from, size_t to)
{
	redact_hide(t, from, to, to - from >= 20 ? KEY_STRONG : KEY_WEAK);
}

/* scheme://user:password@host, at the character after "://". Returns where to continue. */
static size_t url(const struct redact_text *t, size_t from)
{
	size_t end = find_any(t, from, "/?#\"'", true), colon, host = end, digits;

	hide_webhook(t, from, find_any(t, from, "?#\"'", true));
	while (host > from && t->at[host - 1] != '@')
		host--;
	colon = find_any(t, from, ":", false);
	if (host > from) { /* a user part: its last '@' is at host - 1 */
		size_t password = colon + 1, n = host - 1 > password ? host - 1 - password : 0;

		if (colon >= host) {
			hide_user(t, from, host - 1);
			return from;
		}
		if (!n || redact_is(t->at + password, n, "x-oauth-basic") ||
		    redact_is(t->at + password, n, "x") ||
		    redact_is(t->at + password, n, "api_token"))
			redact_hide(t, from, colon, KEY_STRONG);
		else
			redact_hide(t, password, host - 1, KEY_STRONG);
		return host;
	}
	if (colon >= end)
		return from;
	digits = colon + 1;
	while (digits < end && isdigit((unsigned char)t->at[digits]))
		digits++;
	host = word_end(t, from);
	while (host > end && t->at[host - 1] != '@')
		host--;
	/* a password with a '/' in it, or without its '@', which was cut off; but not a port */
	if ((host > end && digits < end) || (t->open && end == t->n && t->at[from] != '[')) {
		redact_hide(t, colon + 1, host > end ? host - 1 : end, KEY_STRONG);
		return host > end ? host : end;
	}
	return from;
}

/* The end of a {…} or […] that begins at `from`. */
static size_t balanced(const struct redact_text *t, size_t from)
{
	size_t depth = 0;

	for (size_t i = from; i < t->n; i++) {
		if (strchr("{[", t->at[i]) && t->at[i])
			depth++;
		else if (t->at[i] && strchr("}]", t->at[i]) && !--depth)
			return i + 1;
	}
	return t->n;
}

/* Where an unquoted value ends that began at `from`, given the character before its key. */
static size_t value_end(const struct redact_text *t, size_t key, size_t from, bool json)
{
	char before = key ? t->at[key - 1] : 0;

	if (json || before == '{')
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
	if (before == '<')
		return find_any(t, from, "<", false);
	return find_any(t, from, "\"'", true);
}

/* A value that begins with a quote, perhaps an escaped one, ends at the next of its kind. */
static size_t quoted(const struct redact_text *t, size_t from, enum redact_key_class key)
{
	bool escaped = t->at[from] == '\\';
	size_t begin = from + 1 + escaped, end = begin;
	char quote = t->at[from + escaped];

	while (end < t->n) {
		if (t->at[end] == '\\' && !(escaped && at(t, end + 1) == quote))
			end++;
		else if (t->at[end] == quote || (escaped && t->at[end] == '\\'))
			break;
		end++;
	}
	if (end > t->n)
		end = t->n;
	return redact_hide(t, begin, end, key) ? end : begin;
}

/* What stands between a key that ends at `end` and its value. */
struct separator {
	size_t value; /* where the value begins; 0: this is no assignment */
	bool json;    /* the key was quoted */
	bool loose;   /* prose or code: a name is no secret */
	bool weak;    /* it may be something else, such as an image's tag */
};

static struct separator find_separator(const struct redact_text *t, size_t key, size_t end)
{
	char before = key ? t->at[key - 1] : 0;
	size_t i = end + (at(t, end) == '\\' && is_quote(before));
	struct separator s = {0};
	bool blanks;

	if (is_quote(before) && at(t, i) == before) {
		s.json = true;
		i++;
		i += at(t, i) == ']'; /* environ['KEY'] = */
	}
	blanks = i < t->n && redact_is_blank(t->at[i]);
	i = s.json || !t->script ? skip_blanks(t, i) : i;
	if (at(t, i) == '%' && at(t, i + 1) == '3' && (at(t, i + 2) | 0x20) == 'd') {
		s.value = i + 3;
	} else if (at(t, i) == '=') {
		i += 1 + (at(t, i + 1) == '>' || at(t, i + 1) == '=');
		s.loose = blanks && !s.json;
		s.value = s.loose || s.json ? skip_blanks(t, i) : i;
	} else if (at(t, i) == ':' && !blanks) {
		char first = at(t, key);
		bool tight = first == '-' || (before == '/' && key == 1 && at(t, i + 1) != '/') ||
			     before == '{' || before == ',';

		if (at(t, i + 1) == ':')
			return s;
		i += 1 + (at(t, i + 1) == '=');
		blanks = redact_is_blank(at(t, i));
		s.weak = !s.json && !tight && !t->header &&
			 (blanks ? redact_is(t->at + key, end - key, "auth")
				 : !isupper((unsigned char)first));
		s.loose = !blanks && isupper((unsigned char)first);
		s.loose |= before == ' ';
		s.loose &= !t->header && !s.json;
		s.value = skip_blanks(t, i);
	} else if (at(t, i) == '>' && before == '<') {
		s.value = i + 1;
	} else if (at(t, i) == '(' && is_quote(at(t, i + 1))) {
		s.value = i + 1;
	}
	return s;
}

/* key=value, Key: value, "key": "value", key = 'value', <key>value</key>, key('value'). Where to
 * continue: `end` if this is no assignment or its key names no secret. */
static size_t assignment(const struct redact_text *t, size_t key, size_t end)
{
	struct separator s = find_separator(t, key, end);
	enum redact_key_class class;
	size_t to;

	if (!s.value || s.value >= t->n)
		return end;
	to = find_any(t, s.value, "=", true);
	if (t->at[end] == ':' && to < t->n && redact_about(t->at + s.value, to - s.value))
		return end; /* Credentials:service_key_file=PATH */
	class = redact_key(t->at + key, end - key);
	if (end - key == 3 && key && t->at[key - 1] == ';' && !memcmp(t->at + key, "PWD", 3))
		class = KEY_STRONG; /* ODBC; elsewhere it is a shell's folder */
	if (class == KEY_NONE)
		return end;
	if (s.weak)
		class = KEY_WEAK;
	if (is_quote(t->at[s.value]) || (t->at[s.value] == '\\' && is_quote(at(t, s.value + 1))))
		return quoted(t, s.value, class);
	if (t->at[s.value] == '{' || t->at[s.value] == '[') {
		if (at(t, s.value + 1) == '{')
			return end; /* a template */
		to = balanced(t, s.value);
	} else {
		to = value_end(t, key, s.value, s.json);
	}
	for (size_t i = s.value; i + 2 < to; i++) /* the next part of an encoded query */
		if (!memcmp(t->at + i, "%26", 3))
			to = i;
	if (s.loose && (redact_is_name(t->at + s.value, to - s.value) ||
			find_any(t, s.value, "([", false) < to))
		return end;
	return redact_hide(t, s.value, to, class) ? to : end;
}

/* user:password@tcp(host:3306)/base, user:password@host: data source names without a scheme. */
static void data_source(const struct redact_text *t, size_t from)
{
	size_t end = word_end(t, from), colon = find_any(t, from, ":", true), host = end;

	while (host > colon && t->at[host - 1] != '@')
		host--;
	if (host <= colon + 2 || colon == from)
		return;
	if (at(t, host) == 't' || at(t, host) == 'u') {
		static const char *const nets[] = {"tcp(", "unix(", "tcp6("};

		for (size_t i = 0; i < ARRAY_SIZE(nets); i++)
			if (end - host > strlen(nets[i]) &&
			    !memcmp(t->at + host, nets[i], strlen(nets[i])))
				redact_hide(t, colon + 1, host - 1, KEY_STRONG);
	}
	redact_hide(t, colon + 1, host - 1, KEY_WEAK);
}

/* jdbc:oracle:thin:user/password@host */
static void oracle(const struct redact_text *t, size_t from)
{
	static const char begin[] = "jdbc:oracle:";
	size_t slash, host;

	if (t->n - from <= strlen(begin) || memcmp(t->at + from, begin, strlen(begin)))
		return;
	slash = find_any(t, from, "/", true);
	host = find_any(t, from, "@", true);
	if (slash < host && host < t->n)
		redact_hide(t, slash + 1, host, KEY_STRONG);
}

/* 123456789:WORD: the token of a Telegram bot. Its number is the end of the key [from, end). */
static void telegram(const struct redact_text *t, size_t from, size_t end)
{
	size_t digits = end, to = end + 1;

	while (digits > from && isdigit((unsigned char)t->at[digits - 1]))
		digits--;
	while (to < t->n && (isalnum((unsigned char)t->at[to]) || strchr("_-", t->at[to])) &&
	       t->at[to])
		to++;
	if (at(t, end) == ':' && end - digits >= 6 && to - end - 1 >= 28)
		redact_hide(t, end + 1, to, KEY_STRONG);
}

static size_t base64_run(const struct redact_text *t, size_t from)
{
	/* below a '/' the parts of a path are told apart */
	const char *others = from && t->at[from - 1] == '/' ? "+_-" : "+/_-";
	size_t to = from;

	while (to < t->n &&
	       (isalnum((unsigned char)t->at[to]) || (t->at[to] && strchr(others, t->at[to]))))
		to++;
	while (at(t, to) == '=') /* at its end only; else it is an assignment */
		to++;
	return to;
}

/* Hides a token that begins at `from`. Its length; 0: there is none. */
static size_t hide_token(const struct redact_text *t, size_t from)
{
	size_t m = redact_token(t->at + from, t->n - from, t->open);

	if (m)
		memset(t->hidden + t->from[from], 1, (size_t)(t->to[from + m - 1] - t->from[from]));
	return m;
}

/* The longest key at `from`, its token, its URL or its assignment. Always makes progress. */
static size_t key(const struct redact_text *t, size_t from)
{
	size_t end = from, run, m = hide_token(t, from);

	if (m)
		return from + m;
	while (end < t->n && is_key(t->at[end]))
		end++;
	if (end + 3 <= t->n && !memcmp(t->at + end, "://", 3))
		return url(t, end + 3);
	oracle(t, from);
	telegram(t, from, end);
	run = base64_run(t, from);
	if (run >= end && redact_base64(t->at + from, run - from))
		redact_hide(t, from, run, KEY_STRONG);
	return assignment(t, from, end);
}

void redact_scan(const struct redact_text *t)
{
	static const char begin[] = "-----BEGIN ";
	size_t i = 0;

	while (i < t->n) {
		char before = i ? t->at[i - 1] : 0;

		if (t->n - i > strlen(begin) && !memcmp(t->at + i, begin, strlen(begin)) &&
		    memmem(t->at + i, t->n - i, "PRIVATE KEY", 11)) {
			redact_hide(t, i, t->n, KEY_STRONG);
			return;
		}
		if (!before || redact_is_blank(before) || before == '=' || is_quote(before))
			data_source(t, i);
		if (t->at[i] == '$') {
			i += hide_token(t, i) ?: 1;
		} else if (is_key(t->at[i])) {
			i = key(t, i);
		} else {
			i++;
		}
	}
}
