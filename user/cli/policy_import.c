// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Helpers of the importers: reading files, quoting YAML, regular expressions as globs. */
#include "policy_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"

#define WIDTH 78 /* of a comment without its "# " */

FILE *import_open(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	FILE *file;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (file)
		fd = -1;
	return file;
}

void import_quoted(FILE *out, const char *before, const char *text)
{
	char clean[512];

	fprintf(out, "'%s", before);
	for (const char *at = text_clean(text, SIZE_MAX, clean, sizeof(clean)); *at; at++)
		fprintf(out, *at == '\'' ? "''" : "%c", *at);
	fputc('\'', out);
}

void import_note(FILE *out, const char *format, ...)
{
	char text[1024], clean[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(text, SIZE_MAX, clean, sizeof(clean));
	for (const char *at = clean; *at; at += strspn(at, " ")) {
		size_t n = strlen(at);

		for (size_t end = n > WIDTH ? WIDTH : 0; end; end--)
			if (at[end] == ' ') {
				n = end;
				break;
			}
		fprintf(out, "# %.*s\n", (int)n, at);
		at += n;
	}
}

/* One name of the list; false: it is more than a name. */
static bool one_glob(const char *at, size_t n, bool from_start, bool to_end, char glob[IMPORT_GLOB])
{
	size_t used = 0;

	if (!from_start)
		glob[used++] = '*';
	for (size_t i = 0; i < n; i++) {
		bool any = at[i] == '.' && i + 1 < n && at[i + 1] == '*';

		if (used + 2 >= IMPORT_GLOB)
			return false;
		if (any)
			i++;
		else if (at[i] == '\\' && i + 1 < n && strchr(".+-*()[]{}|^$/", at[i + 1]))
			i++;
		else if (strchr("\\*+?()[]{}|^$", at[i]))
			return false;
		if (!any && strchr("*?[", at[i]))
			return false; /* escaped, and a glob's own letter */
		if (any && used && glob[used - 1] == '*')
			continue;
		glob[used++] = any ? '*' : at[i] == '.' && (!i || at[i - 1] != '\\') ? '?' : at[i];
	}
	if (!to_end && (!used || glob[used - 1] != '*'))
		glob[used++] = '*';
	glob[used] = 0;
	return used > strspn(glob, "*");
}

size_t import_globs(const char *regex, char globs[IMPORT_GLOBS][IMPORT_GLOB])
{
	static const char *const starts[] = {"(^|/)", "^"};
	size_t n = strlen(regex), found = 0, part;
	bool from_start = false, to_end = false;

	for (size_t i = 0; i < ARRAY_SIZE(starts) && !from_start; i++) {
		from_start = !strncmp(regex, starts[i], strlen(starts[i]));
		regex += from_start ? strlen(starts[i]) : 0;
	}
	n = strlen(regex);
	to_end = n && regex[n - 1] == '$' && (n < 2 || regex[n - 2] != '\\');
	n -= to_end;
	if (n >= 2 && *regex == '(' && regex[n - 1] == ')') {
		regex++;
		n -= 2;
	} else if (memchr(regex, '|', n) && (from_start || to_end)) {
		return 0; /* ^a|b$: each end binds one name only */
	}
	for (; found < IMPORT_GLOBS; regex += part + 1, n -= part + 1) {
		const char *bar = memchr(regex, '|', n);

		part = bar ? (size_t)(bar - regex) : n;
		if (!one_glob(regex, part, from_start, to_end, globs[found]))
			return 0;
		found++;
		if (!bar)
			return found;
	}
	return 0;
}
