// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See secret_text.h. */
#include "secret_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "read_full.h"

#define PART_MAX 1024
#define SCHEME \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-" /* RFC 3986, 3.1 */

/* The parts of one URL: authority and rest; false: it is none. */
struct parts {
	const char *user, *host, *rest; /* where each begins; user NULL: none */
	size_t n;                       /* of the whole */
};

static bool split(const char *url, struct parts *ret_parts)
{
	const char *after = url + strspn(url, SCHEME);
	struct parts p = {.n = strlen(url)};
	const char *at;

	if (after == url || strncmp(after, "://", 3))
		return false;
	p.host = after + 3;
	p.rest = p.host + strcspn(p.host, "/?#");
	/* A password may contain an @, and, written carelessly, a slash. */
	at = memrchr(p.host, '@', (size_t)(url + p.n - p.host));
	if (at && at > p.rest && !memchr(p.host, '@', (size_t)(p.rest - p.host)) &&
	    (size_t)(p.rest - p.host) > strcspn(p.host, ":"))
		p.rest = at + 1 + strcspn(at + 1, "/?#");
	at = memrchr(p.host, '@', (size_t)(p.rest - p.host));
	if (at) {
		p.user = p.host;
		p.host = at + 1;
	}
	*ret_parts = p;
	return true;
}

static void show_one(const char *url, char *to, size_t bytes)
{
	struct parts p;

	*to = '\0';
	if (!split(url, &p))
		return;
	snprintf(to, bytes, "%.*s://%.*s%s", (int)strspn(url, SCHEME), url, (int)(p.rest - p.host),
		 p.host, p.rest[0] && p.rest[1] ? "/" SECRET_HIDDEN : p.rest);
}

/* The end of the first URL of a list: a comma before another scheme. */
static size_t first_of(const char *url)
{
	const char *comma = strchr(url, ',');

	return comma && strstr(comma, "://") ? (size_t)(comma - url) : strlen(url);
}

char *secret_url(const char *url, char *to, size_t bytes)
{
	char one[PART_MAX];
	size_t n, used = 0;

	*to = '\0';
	for (; *url && used < bytes - 1; url += n + (url[n] == ',')) {
		n = first_of(url);
		snprintf(one, sizeof(one), "%.*s", (int)n, url);
		if (used)
			to[used++] = ',';
		show_one(one, to + used, bytes - used);
		used += strlen(to + used);
	}
	return to;
}

static void hide(char *text, const char *secret, size_t n)
{
	char *at = text;

	if (n < SECRET_LEAST)
		return;
	while ((at = memmem(at, strlen(at), secret, n))) {
		memcpy(at, SECRET_HIDDEN, strlen(SECRET_HIDDEN));
		memmove(at + strlen(SECRET_HIDDEN), at + n, strlen(at + n) + 1);
		at += strlen(SECRET_HIDDEN);
	}
}

static int hex(char c)
{
	return c >= '0' && c <= '9'                 ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

static size_t decode(const char *from, size_t n, char to[PART_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < PART_MAX - 1; i++) {
		bool coded = from[i] == '%' && i + 2 < n && hex(from[i + 1]) >= 0 &&
			     hex(from[i + 2]) >= 0;

		to[used++] = coded ? (char)(hex(from[i + 1]) << 4 | hex(from[i + 2])) : from[i];
		i += coded ? 2 : 0;
	}
	to[used] = '\0';
	return used;
}

static size_t encode(const char *from, size_t n, char to[PART_MAX])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t used = 0;

	for (size_t i = 0; i < n && used + 3 < PART_MAX; i++) {
		unsigned char c = (unsigned char)from[i];

		if ((c | 32) >= 'a' && (c | 32) <= 'z'
			    ? c < 128
			    : (c >= '0' && c <= '9') || strchr("-._~", c)) {
			to[used++] = (char)c;
			continue;
		}
		to[used++] = '%';
		to[used++] = digits[c >> 4];
		to[used++] = digits[c & 15];
	}
	to[used] = '\0';
	return used;
}

/* As it is, decoded and encoded. */
static void hide_part(char *text, const char *part, size_t n)
{
	char other[PART_MAX];
	size_t m;

	hide(text, part, n);
	m = encode(part, n, other);
	if (m != n)
		hide(text, other, m);
	m = decode(part, n, other);
	if (m != n)
		hide(text, other, m);
}

void secret_hide(char *text, const char *secret) { hide_part(text, secret, strlen(secret)); }

static void hide_split(char *text, const char *part, size_t n, const char *separators)
{
	hide_part(text, part, n);
	for (size_t at = 0; at < n;) {
		size_t m = strcspn(part + at, separators);

		m = m < n - at ? m : n - at;
		hide_part(text, part + at, m);
		at += m + 1;
	}
}

static void hide_one(char *text, const char *url)
{
	struct parts p;

	if (!split(url, &p))
		return;
	hide_part(text, url, p.n);
	if (p.user)
		hide_split(text, p.user, (size_t)(p.host - 1 - p.user), ":");
	if (p.rest[0] && p.rest[1])
		hide_split(text, p.rest, p.n - (size_t)(p.rest - url), "/?#&=;");
}

void secret_hide_url(char *text, const char *url)
{
	char one[PART_MAX];
	size_t n;

	for (; *url; url += n + (url[n] == ',')) {
		n = first_of(url);
		snprintf(one, sizeof(one), "%.*s", (int)n, url);
		hide_one(text, one);
	}
}

int secret_read_all(const char *path, char *text, size_t bytes)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : whole_read(fd, text, bytes - 1);

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return (size_t)n == bytes - 1 ? -EFBIG : 0;
}

int secret_read(const char *path, char *text, size_t bytes)
{
	int err = secret_read_all(path, text, bytes);

	if (!err)
		text[strcspn(text, "\r\n")] = '\0';
	return err;
}
